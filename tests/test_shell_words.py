"""A plain line reaches docker as bash hands it over: the same words, to the same file."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from kshare_docs.pages.docker_run import SCRATCH, plain_words

COUNT = 600

FAKE = """#!/bin/sh
# A docker that notes its arguments.
printf '%s\\0' "$@" > "$NOTES"
echo printed
"""

TEXTS = [
    *("alpine", "--rm", "-it", "-v", "data:/data", "./f:/f", "uname -r", "a  b", "a\tb", "", "#x"),
    *(
        "it's",
        'say "x"',
        "$HOME",
        "`id`",
        "$(id)",
        "a\\b",
        "\\",
        "*",
        "?",
        "[a]",
        "{a,b}",
        "~",
        "!",
    ),
    *("a;b", "a|b", "a&b", "a>b", "<", "x=y", "-e", "A=$PWD", "ÄÖ 中文", "\u00a0", "--", "%s\\n"),
    *("a#b", "for i in 1 2; do echo $i; done", "'", '"', "''", "a\nb", "-m64m", "2", "1.5g"),
]
"""What words may say, whatever it takes to write them."""

WILD = [
    *("$HOME", "$PWDx", "${PWD}", "$(id)", "`id`", "*", "/e*", "?", "[a-z]", "{a,b}", "~", "~root"),
    *(
        ";id",
        "|cat",
        "&",
        "&& id",
        ">> f",
        "2> f",
        "2>&1",
        "< f",
        "<<x",
        "(id)",
        '"$HOME"',
        '"`id`"',
    ),
    *("$'a'", '$"a"', "$1", "$$", "$((1))", "!!", '"!a"', "'", '"', "\\\n\n", "> f g", "> $PWD/f"),
]
"""What is not plain, or is when something else stands beside it."""


def spelled(text: str, chance: random.Random) -> str:
    """One of the ways to write a word in a shell, each part of it by itself."""
    parts = re.findall(".{1,6}", text, re.DOTALL) or [""]
    joints = ["\\\n"] + [""] * 19
    return "".join(chance.choice(list(ways(part))) + chance.choice(joints) for part in parts)


def ways(part: str) -> Iterator[str]:
    if "'" not in part:
        yield f"'{part}'"
    if "!" not in part:
        yield '"' + re.sub(r'([$`"\\])', r"\\\1", part) + '"'
    if part and "\n" not in part:
        yield re.sub(r"(\W)", r"\\\1", part)
    if re.fullmatch("[a-z0-9=:/.,-]+", part):
        yield part


def drawn(chance: random.Random) -> str:
    """A line of `docker run`, most often a plain one."""
    words = [spelled(chance.choice(TEXTS), chance) for _ in range(chance.randint(1, 6))]
    words += ['"$PWD"/x', "$PWD", 'a"$PWD"b\\$PWD'][: chance.choice((0, 0, 0, 1, 2, 3))]
    if chance.random() < 0.3:
        words.insert(chance.randint(0, len(words)), chance.choice(WILD))
    line = "docker run"
    for word in words:
        line += chance.choice((" ", " ", " ", "\t", "  ", " \\\n  ", " \\\n\t")) + word
    line += chance.choice(("", "", "", " > out.txt", "  >\tout.txt ", " >out.txt # $(id)"))
    return line + chance.choice(("", "", "", " ", "\t", " # a comment", " #", " # it's $HOME > x"))


def test_bash_gives_docker_these_words(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(FAKE, encoding="utf-8")
    (tmp_path / "bin" / "docker").chmod(0o755)
    work, notes = tmp_path / "work", tmp_path / "notes"
    work.mkdir()
    environment = {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "NOTES": str(notes),
        "HOME": "/home",
    }
    chance = random.Random(11)  # noqa: S311
    lines = list(dict.fromkeys(drawn(chance) for _ in range(COUNT)))
    found = {line: plain for line in lines if (plain := plain_words(line))}
    for line, (words, output) in found.items():
        done = subprocess.run(
            ["bash", "-c", line], cwd=work, env=environment, capture_output=True, check=False
        )
        said = notes.read_bytes().decode().split("\0")[:-1]
        assert ["docker", *said] == [word.replace(SCRATCH, str(work)) for word in words], line
        assert done.stderr == b"", line
        printed = (work / output).read_bytes() if output else done.stdout
        assert printed == b"printed\n", line
        assert [path.name for path in work.iterdir()] == ([output] if output else []), line
        for path in (notes, *work.iterdir()):
            path.unlink()
    record_testsuite_property("plain", len(found))
    record_testsuite_property("not plain", len(lines) - len(found))
    assert len(found) >= 400
    assert len(lines) - len(found) >= 100
