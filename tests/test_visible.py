"""What nobody would see, and what a terminal would obey, is shown as a sign."""

from __future__ import annotations

import html as html_module
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from markupsafe import Markup

from kshare_docs.data.capture import visible
from kshare_docs.data.example import Step
from kshare_docs.site.figure import output_html, render_figure

from .conftest import Workshop
from .sites import BLOCK, attack, judged

SEEN = "shown as a sign, on the page and on the terminal"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\x9b31mb", "a‹U+009B›31mb", marks=attack("a control of eight bits", SEEN)),
        pytest.param("a\u202eb", "a‹U+202E›b", marks=attack("an override of the direction", SEEN)),
        pytest.param("a\u2066b", "a‹U+2066›b", marks=attack("an isolate of the direction", SEEN)),
        pytest.param("a\u200bb", "a‹U+200B›b", marks=attack("a space without width", SEEN)),
        pytest.param("a\ufeffb", "a‹U+FEFF›b", marks=attack("a byte order mark", SEEN)),
        pytest.param("a\xadb", "a‹U+00AD›b", marks=attack("a soft hyphen", SEEN)),
        pytest.param("a\u2028b", "a‹U+2028›b", marks=attack("a line separator", SEEN)),
        pytest.param("a\U000e0041b", "a‹U+E0041›b", marks=attack("a letter of tags", SEEN)),
        pytest.param("a\u3164b", "a‹U+3164›b", marks=attack("a letter that nobody sees", SEEN)),
        pytest.param("a\x08b", "a␈b", marks=attack("a backspace over what was printed", SEEN)),
        pytest.param("a\x7fb", "a␡b", marks=attack("a delete", SEEN)),
        pytest.param("a\rb", "a␍b", marks=attack("a carriage return over a line", SEEN)),
    ],
)
def test_what_nobody_would_see_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert str(output_html(text)) == shown
    assert "\x1b" not in str(output_html(f"{text}\x1b[31mx"))
    assert shown in re.sub("<[^>]*>", "", str(output_html(f"{text}\x1b[31mx\x1b[0m")))
    example = replace(judged(BLOCK).example, parts=(Step(f"echo '{text}'", 3),))
    html = str(render_figure(replace(judged(BLOCK, output=text), example=example), "en"))
    command = Markup('<span class="kshare-command">{}</span>').format(f"echo '{shown}'")
    assert command in html
    copied = re.search(r'data-copy="([^"]*)"', html)
    assert copied
    assert html_module.unescape(copied[1]) == f"echo '{text}'"


@pytest.mark.live
@attack(
    "commands of the terminal in a container's output",
    "shown as signs: title, colours, screen",
    "results",
)
def test_a_terminal_obeys_no_container(workshop: Workshop) -> None:
    evil = r"printf '\033]0;owned\007\033[2J\302\233 31m\342\200\256x\n'"
    workshop.example(
        "evil", f'$ docker run --rm alpine sh -c "{evil}; exit 3"\n#? out[1] == ""  # no'
    )
    (workshop.root / "conftest.py").touch()
    plain = workshop.kshare("check")
    data = workshop.kshare("check", "--json")
    pytest_run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "docs"],
        cwd=workshop.root,
        capture_output=True,
        text=True,
        check=False,
    )
    for said in (plain.stdout + plain.stderr, data.stdout + data.stderr, pytest_run.stdout):
        assert "evil" in said
        assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202e]", said), said
    assert json.loads(data.stdout)["examples"][0]["status"] == "failed"
