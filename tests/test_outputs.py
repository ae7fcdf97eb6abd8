"""Outputs that happened: what claims count is what the page shows, in colours that can be read."""

from __future__ import annotations

import html
import os
import random
import re
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.data.capture import Output, Result, visible
from kshare_docs.data.escapes import plain, settled
from kshare_docs.run.redact import Redaction
from kshare_docs.site.figure import output_html

from .conftest import ROOT, Workshop
from .sites import CONFIGURATION

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "outputs.yml").read_text(encoding="utf-8")
)
STYLES = (ROOT / "overrides/assets/stylesheets/extra.css").read_text(encoding="utf-8")


def printed(output: str) -> Result:
    return Result("x", hidden=False, output=output, code=0, seconds=0.0)


def page_lines(output: str) -> list[str]:
    """The lines that a reader sees, without markup."""
    return html.unescape(re.sub("<[^>]*>", "", output_html(output))).split("\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_page_shows(case: dict[str, str]) -> None:
    output = case["output"]
    assert output_html(output) == case.get("html", output)
    assert page_lines(output) == [visible(plain(line)) for line in printed(output).lines]


def test_nothing_printed_is_no_line() -> None:
    assert printed("").lines == []


def test_every_character_stands_on_its_line() -> None:
    """No control and no separator ends one: `splitlines` knows eleven that would."""
    controls = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]
    text = "\n".join(f"a{char}b" for char in controls if char not in "\n\x1b")
    assert page_lines(text) == [visible(line) for line in printed(text).lines]
    assert len(printed(text).lines) == len(controls) - 2


def test_bytes_that_are_no_text() -> None:
    output = Output()
    output.write(b"a\xff\xfe\r\nb\xc3\r\r\n\xed\xa0\x80\0c\n")
    assert output.text() == "a\ufffd\ufffd\nb\ufffd\n\ufffd\ufffd\ufffd\0c"
    assert page_lines(output.text()) == ["a��", "b�", "���␀c"]


def test_colours_of_a_flood_take_no_time() -> None:
    """64 KiB is the most that is kept of an output."""
    for flood in ("\x1b[31m\x1b[32mx", "\x1b[", "\x1b]", "\x1b", "\x1b[;", "\x1b[38;5;", "\x1b(0"):
        assert output_html((flood * 65536)[:65536])


def test_whatever_is_printed_a_secret_is_on_no_page() -> None:
    """Pieces of escapes, names and controls in any order; what is stored is shown as it is."""
    parts = ["\x1b", "[", "K", "31", "m", "\x1b[1m", "\x1b[K", "\x1b]0;", "\a", "\x1b\\", "\x1b("]
    parts += ["al", "ice", "alice", "desk", "-7f3", " ", "\n", "\r", "\b", "@", ";", ":", "\x1bP"]
    chance = random.Random(11)  # noqa: S311  (the same texts in every run)
    redact = Redaction({"alice": "user", "desk-7f3": "host"})
    secret = re.compile(r"(?<![\w.-])(alice(?![\w-]|\.\w)|desk-7f3(?![\w-]))")
    hidden = 0
    for _ in range(5000):
        text = "".join(chance.choices(parts, k=12))
        shown = redact(text)
        assert settled(shown) == shown, ascii(text)
        assert redact(shown) == shown, ascii(text)
        assert not any(secret.search(line) for line in page_lines(shown)), ascii(text)
        assert len(page_lines(shown)) == text.count("\n") + 1, ascii(text)
        hidden += shown != settled(text)
    assert hidden > 500


@cache
def classes() -> set[str]:
    """All that an output can carry: every code, alone and in every reach of its arguments."""
    codes = [str(code) for code in range(120)]
    codes += [f"{which};5;{n}" for which in (38, 48) for n in range(256)]
    steps = range(0, 256, 15)
    codes += [f"38;2;{r};{g};{b}" for r, g, b in product(steps, steps, steps)]
    shown = "".join(output_html(f"\x1b[0;{code}mx\x1b[7my") for code in codes)
    return {name for names in re.findall('class="([^"]*)"', shown) for name in names.split()}


def declared(name: str) -> dict[str, str]:
    """What the style sheet says of a class that stands alone in its selector."""
    rules = re.findall(rf"^\.{re.escape(name)}\s*\{{([^}}]*)\}}", STYLES, re.MULTILINE)
    pairs = (line.partition(":") for rule in rules for line in rule.split(";") if line.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}


def scheme(name: str) -> dict[str, str]:
    """The variables of one scheme."""
    start = STYLES.index("[data-md-color-scheme] {" if name == "light" else '="slate"]')
    block = STYLES[start : STYLES.index("}", start)]
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]+);", block))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000", "#ffffff") == 21
    assert round(contrast("#777", "#fff"), 2) == 4.48


def test_every_class_is_styled() -> None:
    found = classes()
    assert found == {
        *(f"kshare-text-{number}" for number in range(16)),
        *(f"kshare-ground-{number}" for number in range(8)),
        *(f"kshare-{name}" for name in ["bold", "dim", "italic", "underline", "strike", "reverse"]),
    }
    assert [name for name in found if not declared(name)] == []


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_text_can_be_read_on_every_ground(name: str) -> None:
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3 AA)."""
    values = scheme(name)

    def value(of: str, what: str) -> str:
        return values[declared(of)[what].removeprefix("var(").removesuffix(")")]

    texts = {item: value(item, "color") for item in classes() if "color" in declared(item)}
    grounds = {n: value(n, "background") for n in classes() if "background" in declared(n)}
    code = values["--md-code-bg-color"]
    assert contrast(texts.pop("kshare-reverse"), grounds.pop("kshare-reverse")) >= 4.5
    texts |= {"usual": values["--md-code-fg-color"], "output": values["--md-code-hl-generic-color"]}
    pairs = product(texts.items(), [("code", code), *grounds.items()])
    found = {(a, b): contrast(text, ground) for (a, text), (b, ground) in pairs}
    assert len(found) == (16 + 1 + 2) * (8 + 1)
    assert {pair: ratio for pair, ratio in found.items() if ratio < 4.5} == {}


PLANTED = "planted-7f3"


@pytest.mark.live
def test_nothing_that_leaves_a_run_names_the_account(workshop: Workshop, tmp_path: Path) -> None:
    """Terminal, JSON, pytest, pages and provenance; the local cache alone has what was printed."""
    environment = {**os.environ, "LOGNAME": PLANTED, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    say = r"$ docker run --rm alpine printf '\033[1mplanted-%s\033[0m\033[K %s' 7f3"
    workshop.example("holds", f"{say} 1\n#? len(out[1]) == 24  # as long as it was printed")
    workshop.example("fails", f"{say} 2\n#? lines[1] == []  # no\n#? float(out[1]) == 1  # no")
    workshop.example("hidden", '#$ docker run alpine sh -c "printf planted-%s 7f3; exit 3"')
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    (workshop.root / "conftest.py").touch()
    said = ""
    for command in (["kshare_docs.cli", "check"], ["kshare_docs.cli", "check", "--json"]):
        said += run_module(workshop, environment, *command)
    said += run_module(workshop, environment, "pytest", "-q", "docs")
    said += run_module(workshop, environment, "kshare_docs.cli", "build")
    site = [path for path in (workshop.root / "site").rglob("*") if path.is_file()]
    said += "".join(path.read_text(encoding="utf-8", errors="replace") for path in site)
    assert "‹user›" in said
    assert said.count("holds") > 4
    assert PLANTED not in said
    kept = list((tmp_path / "cache").rglob("*.json"))
    assert PLANTED in "".join(path.read_text(encoding="utf-8") for path in kept)
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def run_module(workshop: Workshop, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=workshop.root,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr
