"""Spellings: a line is what a shell would make of it, or it is refused; nothing is dropped."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.article.verify_script import write_script
from kshare_docs.data.container import Container, RefusedError
from kshare_docs.data.example import Step
from kshare_docs.data.project import Project
from kshare_docs.machine.engine import connected
from kshare_docs.machine.images import ImageProvider
from kshare_docs.machine.programs.docker_wrapper import Docker
from kshare_docs.pages.blocks import Vocabulary
from kshare_docs.pages.contents import read_page
from kshare_docs.pages.docker_run import SCRATCH, parse_run, plain_words
from kshare_docs.pages.project import read_project

from .conftest import ROOT, Workshop

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "docker-run.yml").read_text(encoding="utf-8")
)
SHELLS = ("bash", "dash")


def tried(*values: object, what: str, outcome: str, kind: str = "spellings") -> Any:
    mark = pytest.mark.attack(kind=kind, tried=what, outcome=outcome)
    return pytest.param(*values, marks=mark, id=what)


def read(root: Path, *lines: str, options: str = "", allow: str = "") -> Project:
    """A project of one page with one example of these lines."""
    (root / "docs").mkdir(parents=True)
    shutil.copy(ROOT / "images.toml", root)
    shutil.copytree(ROOT / "scripts" / "images", root / "scripts" / "images")
    (root / "host-commands.txt").write_text(allow, encoding="utf-8")
    text = "\n".join((f'```console exec="1" id="x"{options}', *lines, "```", ""))
    (root / "docs" / "x.md").write_bytes(text.encode())
    return read_project(root)


def container(line: str) -> Container:
    found = parse_run(line)
    assert found is not None, line
    return found


# What a shell makes of the same words


def lines_of_the_site() -> list[str]:
    examples = read_project(ROOT).examples
    return [step.source for example in examples for step in example.steps]


SPELLINGS = [
    r'''docker run alpine echo a"b"'c'\d e\ f "" '' "\$x \`y\` \"z\" \\ \n"''',
    "docker run alpine ec\\\nho \"a\\\nb\" 'c\\\nd' e\\\n f",
    'docker run -v $PWD/a:/a -v "$PWD":/b -v $PWD"/c d":/c alpine echo \'$PWD\' \\$PWD "\\$PWD"',
    "docker run alpine printf %s 'ÄÖ 中文 \t…' ÄÖ\u00a0中 \u3000 \u200b\x01\x1b",
    "docker  run\talpine\techo a#b 'a # b' a=b %1 ^x @ - -- +",
    "\"docker\" r\\un 'alpine' e'ch'o",
    "docker run alpine echo \"a\nb\" 'c\n\nd'",
    "docker run alpine echo a > f.txt",
    "docker run alpine echo 2 >f.txt  ",
    "docker run alpine echo '\x0b' \x0b \x0c \r \x85 \u2028 \ufeff",
    "docker run alpine echo a # --privileged",
    r"docker run alpine echo \  # b",
    "docker run alpine echo a#b 'c' ''#d \t# e 'f\" $(id) > g",
    "docker run alpine echo a > f.txt # g > h",
    "docker run alpine echo a\t>\tf.txt\t#",
    "docker run alpine echo \"a\tb\" 'c\td' e\\\tf",
]


def split_by(shell: str, line: str, folder: Path) -> list[str]:
    """The words that a shell makes of a line."""
    _, output = plain_words(line) or ([], "")
    done = subprocess.run(
        [shell, "-c", f"printf '%s\\0' {line}"], cwd=folder, capture_output=True, check=True
    )
    assert done.stderr == b""
    data = (folder / output).read_bytes() if output else done.stdout
    return data.decode().split("\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_words_are_those_of_a_shell(shell: str, tmp_path: Path) -> None:
    compared = 0
    for line in [*(case["line"] for case in CASES), *lines_of_the_site(), *SPELLINGS]:
        with contextlib.suppress(RefusedError):
            if plain := plain_words(line):
                words = [word.replace(SCRATCH, str(tmp_path)) for word in plain[0]]
                assert words == split_by(shell, line, tmp_path), line
                compared += 1
    assert compared > 150


@pytest.mark.parametrize("line", SPELLINGS)
def test_a_plain_line_is_found(line: str) -> None:
    assert plain_words(line) is not None


PIECES = [
    *"      aaaabbbb'\"\\$;>#!~{},*?[]()&|`\n\t-=",
    "$PWD",
    "\\\n",
    "''",
    "\\ ",
    "ä",
    "\u00a0",
    "\r",
]


@pytest.mark.attack(
    kind="spellings",
    tried="200,000 lines are put together at random of all that a shell knows",
    outcome="each is split as bash and dash split it, or not at all",
)
@pytest.mark.parametrize("shell", [SHELLS])
def test_random_lines(shell: tuple[str, ...], tmp_path: Path) -> None:
    chance = random.Random(10)  # noqa: S311
    drawn = ("".join(chance.choices(PIECES, k=chance.randint(1, 9))) for _ in range(200_000))
    plain = {line: found for line in drawn if (found := plain_words(line)) and not found[1]}
    assert len(plain) > 5_000
    script = "".join(f"printf '<%s>\\0' {line}\nprintf '\\0'\n" for line in plain)
    (tmp_path / "lines").write_text(script, encoding="utf-8", newline="")
    for name in shell:
        done = subprocess.run([name, "lines"], cwd=tmp_path, capture_output=True, check=True)
        assert done.stderr == b""
        found = iter(done.stdout.decode().split("\0"))
        for line, (words, _) in plain.items():
            said = [word.replace(SCRATCH, str(tmp_path)) for word in words or [""]]
            assert [next(found) for _ in said] == [f"<{word}>" for word in said], (name, line)
            assert next(found) == "", (name, line)
    assert [path.name for path in tmp_path.iterdir()] == ["lines"], "a line did something"


# What is refused

RUN = "docker run --rm"
SPACES = {
    "a no-break space": "\u00a0",
    "an ideographic space": "\u3000",
    "an Ogham space": "\u1680",
    "an em space": "\u2003",
    "a thin space": "\u2009",
    "a narrow no-break space": "\u202f",
    "a mathematical space": "\u205f",
}
CONTROLS = {
    "a vertical tab": "\x0b",
    "a form feed": "\x0c",
    "a NUL": "\x00",
    "an escape": "\x1b",
    "a backspace": "\x08",
    "a next line": "\x85",
    "a line separator": "\u2028",
    "a right-to-left override": "\u202e",
    "a left-to-right isolate": "\u2066",
    "a byte order mark": "\ufeff",
}
BEFORE = {**SPACES, "a zero-width space": "\u200b", "a soft hyphen": "\u00ad", **CONTROLS}

REFUSED = [
    *(
        tried(f"docker{c}run --privileged alpine id", "", what=f"{name} after `docker`", outcome=o)
        for o in ("refused, with file and line",)
        for name, c in BEFORE.items()
    ),
    *(
        pytest.param(f"docker run{c}--privileged alpine id", "", id=f"{name} after `run`")
        for name, c in BEFORE.items()
    ),
    *(
        pytest.param(
            f"{RUN} {c}--privileged alpine id", f"U+{ord(c):04X}", id=f"{name} before `--`"
        )
        for name, c in BEFORE.items()
        if c != "\x00"
    ),
    *(
        tried(f"{RUN} {dash * 2}privileged alpine id", f"U+{ord(dash):04X}", what=w, outcome=o)
        for o in ("refused, with the code point",)
        for name, dash in (
            ("em dashes", "—"),
            ("en dashes", "–"),
            ("no-break hyphens", "‑"),
            ("minus signs", "−"),
            ("full-width hyphens", "－"),
        )
        for w in (f"an option with {name}",)
    ),
    *(
        tried(f"{RUN} {text} alpine id", part, what=what, outcome="refused")
        for what, text, part in (
            ("an option in capitals", "--PRIVILEGED", "unknown"),
            ("an option shortened", "--priv", "unknown"),
            ("an option with one dash", "-privileged", "publishes a port"),
            ("an option with three dashes", "---privileged", "unknown"),
            ("an option with a Greek letter", "--\u03c1rivileged", "U+03C1"),
            ("a short option that is none", "-itz", "-z"),
            ("a short option in the other case", "-V x:/x", "-V"),
            ("a mount in the long form", "--mount type=bind,source=/,target=/h", "--mount"),
            ("a mount without a space", "--mount=type=bind,src=/,dst=/h", "--mount"),
            ("a switch that says yes", "--privileged=yes", "neither true nor false"),
            ("a switch in odd capitals", "--rm=tRUE", "neither true nor false"),
            ("a switch with an empty value", "--privileged=", "neither true nor false"),
            ("a switch within short ones", "-it=yes", "neither true nor false"),
            ("volumes of another container", "--volumes-from other", "--volumes-from"),
            ("an entry of the host's groups", "--group-add docker", "--group-add"),
            ("rules for devices", "--device-cgroup-rule 'a *:* rwm'", "--device-cgroup-rule"),
            ("a link to a container", "--link other", "--link"),
            ("a parent cgroup", "--cgroup-parent /", "--cgroup-parent"),
            ("a file for the id on the host", "--cidfile /etc/cron.d/x", "--cidfile"),
            ("a port of the host", "-p 80:80", "-p"),
            ("labels from a file of the host", "--label-file /etc/passwd", "--label-file"),
            ("all CPUs and no end", "--cpus inf", "is not a number of CPUs"),
            ("no number of CPUs", "--cpus nan", "is not a number of CPUs"),
            ("CPUs with an exponent", "--cpus 1e9", "is not a number of CPUs"),
            ("CPUs in hexadecimal", "--cpus 0x1", "is not a number of CPUs"),
            ("CPUs with an underscore", "--cpus 1_0", "is not a number of CPUs"),
            ("CPUs as a fraction", "--cpus 1/2", "is not a number of CPUs"),
            ("CPUs in full-width digits", "--cpus １", "U+FF11"),
            ("CPUs in Arabic digits", "--cpus ٣", "U+0663"),
            ("a size in full-width digits", "-m ６４m", "U+FF16"),
            ("a size with the Kelvin sign", "-m 64\u212a", "U+212A"),
            ("a size with a dotless i", "-m 64k\u0131b", "U+0131"),
            ("a size of two units", "-m 64km", "is not a size"),
            ("a size with a space", "-m '64 m'", "is not a size"),
            ("a size below nothing", "-m -1", "is not a size"),
            ("a size with an exponent", "-m 1e3", "is not a size"),
            ("a size without end", f"-m {'9' * 5000}", "is not a size"),
            ("a whole number with a sign too many", "--pids-limit --1", "whole number"),
            ("a whole number in Arabic digits", "--pids-limit ٣", "U+0663"),
            ("a whole number of 5,000 digits", f"--pids-limit {'9' * 5000}", "whole number"),
            ("a time in superscript", "--stop-timeout ²", "U+00B2"),
            ("a limit in full-width digits", "--ulimit nofile=６４", "U+FF16"),
            ("a variable of the builder", "-e HOME", "builder's environment"),
            ("a variable without a name", "-e =x", "no form that is known"),
            ("a variable with a space in its name", "-e 'A B=x'", "no form that is known"),
            ("a variable with an accent in its name", "-e Ä=x", "U+00C4"),
            ("a label with a no-break space in its name", "-l a\u00a0b=x", "U+00A0"),
            ("a name with an accent", "--name wéb", "U+00E9"),
            ("a user with a space", "-u '0 0'", "no form that is known"),
            ("a host name with a shell's words", "-h '$(id)'", "no form that is known"),
            ("a volume with three parts too many", "-v a:/b:ro:/c", "mode"),
            ("a volume's mode of SELinux", "-v a:/b:Z", "mode"),
            ("a volume with no-break spaces", "-v a:/b\u00a0c", "U+00A0"),
            ("a volume beside the scratch folder", "-v $PWD/../x:/x", "leaves"),
            ("a volume of a name that begins like $PWD", "-v $PWD'x':/x", "no volume"),
            ("a volume of a literal $PWD", "-v '$PWD':/x", "no volume"),
            ("an environment file of the host", "--env-file=/proc/self/environ", "leaves"),
            ("an image's name in full-width letters", "-- ａlpine", "U+FF41"),
            ("an image after two dashes that is an option", "-- --privileged", "not in images"),
            ("an image by a path", "../../etc/x", "not in images"),
            ("an image with another tag", "alpine:edge", "not in images"),
            ("an image with another digest", f"alpine@sha256:{'0' * 64}", "not in images"),
            ("an image's name with a zero-width joiner", "al\u200dpine", "U+200D"),
            ("an empty image", "''", "not in images"),
        )
    ),
    *(
        tried(f"{RUN} alpine echo {text}", "host-commands.txt", what=what, outcome="refused")
        for what, text in (
            ("a second command after a semicolon", "a; touch x"),
            ("a second command behind an even quote", '"$PWD\'"; touch x; echo "\'$PWD"'),
            ("a quote split by $PWD", "'$PWD; touch x; echo \"$PWD'\"$(touch x)"),
            ("a command in the background", "a & touch x"),
            ("a command after an `and`", "a&&touch x"),
            ("a pipe without spaces", "a|sh"),
            ("a command's output", "$(touch x)"),
            ("a command's output in quotes", '"$(touch x)"'),
            ("a command's output in backticks", '"`touch x`"'),
            ("a variable in braces", "${PWD}"),
            ("a variable whose name goes on", "$PWDx"),
            ("a variable in quotes whose name goes on", '"$PWD_"'),
            ("a positional parameter", "$1"),
            ("an arithmetic expansion", "$((1))"),
            ("an ANSI-C quote", r"$'\x41'"),
            ("a translated quote", '$"a"'),
            ("history in an interactive bash", "!!"),
            ("history in double quotes", '"a!b"'),
            ("a home folder", "~root"),
            ("a home folder after an equals sign", "x=~/y"),
            ("a glob with a star", "/e*"),
            ("a glob with a set", "/[e]tc"),
            ("a glob with a question mark", "/et?"),
            ("braces with a list", "{a,b}"),
            ("braces with a range", "{1..9}"),
            ("a process substitution", "<(touch x)"),
            ("a here-document", "<<x"),
            ("a here-string", "<<<x"),
            ("a second line after a comment", "a # b \\\ntouch x"),
            ("a comment behind a redirection to two files", "a > f g # b"),
            ("a redirection of errors", "a 2> f"),
            ("a redirection of a number", "a 2>f"),
            ("a redirection that appends", "a >> f"),
            ("a redirection to a device", "a > /dev/null"),
            ("a redirection with a no-break space", "a >\u00a0f"),
            ("a redirection to a full-width name", "a > ｆ"),
            ("a redirection beside the scratch folder", "a > ../f"),
            ("a redirection to two files", "a > f g"),
            ("a subshell", "a (touch x)"),
            ("an open single quote", "'a"),
            ("an open double quote", '"a'),
        )
    ),
    *(
        tried(line, part, what=what, outcome="refused")
        for what, line, part in (
            ("a setting before the command", "DOCKER_HOST=x docker run alpine id", "host"),
            ("an option before `run`", "docker --debug run alpine id", "host"),
            ("another way to say `run`", "docker container run --privileged alpine id", "host"),
            ("`docker` in full-width letters", "ｄocker run alpine id", "U+FF44"),
            ("`docker` with a Cyrillic letter", "d\u043ecker run alpine id", "U+043E"),
            ("`docker` by its path", "/usr/bin/docker run alpine id", "host"),
            ("two lines behind a doubled backslash", "docker run alpine a\\\\\ntouch x", "typed"),
            ("a joint in the middle of a listed command", "true\\\n-x", "'true-x'"),
            ("a joint that makes a word of two", "docker run alpine\\\ncat", "'alpinecat'"),
            ("a joint in an option", "docker run --privi\\\nleged alpine id", "--privileged"),
            ("a listed line with a no-break space", "uname\u00a0-r", "U+00A0"),
            ("a listed line with a no-break space at its end", "uname -r\u00a0", "U+00A0"),
            ("a listed line with a zero-width space", "una\u200bme -r", "U+200B"),
            ("a listed line and a comment", "uname -r # x", "host"),
            ("a literal $PWD as an argument", "docker run alpine echo $PWD", "$PWD is understood"),
        )
    ),
]


@pytest.mark.parametrize(("line", "part"), REFUSED)
def test_refused(line: str, part: str, tmp_path: Path) -> None:
    project = read(tmp_path / "p", f"$ {line}", allow="uname -r\ntrue\ntrue -x\n")
    assert project.runnables == {}
    assert project.examples == ()
    assert {problem.line for problem in project.problems} <= {2, 3}
    assert any(part in problem.message for problem in project.problems), project.problems


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        tried(lines, part, what=what, outcome="refused, with the code point")
        for what, lines, part in (
            ("a step that begins with a no-break space", "\u00a0$ true", "U+00A0"),
            ("a step behind a full-width dollar", "＄ true", "U+FF04"),
            ("a step behind a small dollar", "﹩ true", "U+FE69"),
            ("a no-break space after the dollar", "$\u00a0true", "U+00A0"),
            ("a hidden step behind a full-width sharp", "＃$ true", "U+FF03"),
            ("a line of one no-break space", "$ true\n\u00a0", "U+00A0"),
            ("a comment that runs from right to left", "# a \u202eb\n$ true", "U+202E"),
            ("a claim's text that is turned", "$ true\n#? code[1] == 0  # a \u2067b", "U+2067"),
            ("a claim's string that is turned", '$ true\n#? out[1] == "\u202d"  # a', "U+202D"),
            ("a control in a comment", "# \x1b[2J\n$ true", "U+001B"),
            ("a start of text, which Markdown drops", "$ tr\x02ue", "U+0002"),
        )
    ],
)
def test_refused_in_a_block(lines: str, part: str, tmp_path: Path) -> None:
    project = read(tmp_path / "p", lines, allow="true\n")
    assert project.examples == ()
    found = [problem.line for problem in project.problems if part in problem.message]
    assert found, project.problems
    assert min(found) > 1


@pytest.mark.attack(
    kind="spellings",
    tried="a fence that is one only when Markdown has dropped a control character",
    outcome="refused, with file and line",
)
def test_a_hidden_fence_is_seen() -> None:
    text = '``\x03`console exec="1" id="x"\n$ true\n```\n'
    problems = read_page(text, "docs/p.md", words=Vocabulary(())).problems
    assert [problem.line for problem in problems] == [1]


@pytest.mark.parametrize(
    "options",
    [
        tried(options, what=what, outcome="refused, with file and line")
        for what, options in (
            ("a title that runs from right to left", ' title="a \u202eb"'),
            ("a title with an escape", ' title="\x1b[2J"'),
            ("repetitions in Arabic digits", ' repeat="٣"'),
            ("repetitions of 5,000 digits", f' repeat="{"9" * 5000}"'),
            ("a time limit in full-width digits", ' timeout="１０"'),
            ("a time limit without end", ' timeout="inf"'),
            ("a time limit that is no number", ' timeout="nan"'),
            ("a time limit with an exponent", ' timeout="1e2"'),
            ("a switch of the fence that says perhaps", ' script="perhaps"'),
            ("needs with an ideographic space between", ' needs="runsc\u3000modules"'),
            ("an option in curly quotes", " alone=“1”"),
            ("an option after a no-break space", '\u00a0alone="1"'),
        )
    ],
)
def test_refused_in_a_header(options: str, tmp_path: Path) -> None:
    project = read(tmp_path / "p", "$ true", options=options, allow="true\n")
    assert project.examples == ()
    assert {problem.line for problem in project.problems} == {1}


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        tried(entry, part, what=what, outcome="refused, with file and line", kind="host lines")
        for what, entry, part in (
            ("an image's tag with a command in it", '[x]\ntag = "$(id):1"', "not a reference"),
            ("an image's tag with a brace", '[x]\ntag = "a}; id; :1"', "not a reference"),
            ("an image's name with a command in it", '["a;id"]\ntag = "a:1"', "is no name"),
            ("an image's name that is a pattern", '["*"]\ntag = "a:1"', "is no name"),
        )
    ],
)
def test_an_entry_that_a_script_would_execute(entry: str, part: str, tmp_path: Path) -> None:
    text = f'{entry}\ndigest = "sha256:{"0" * 64}"\n'
    (tmp_path / "images.toml").write_text(text, encoding="utf-8")
    (problem,) = read_project(tmp_path).problems
    assert part in problem.message
    assert (problem.file, problem.line > 0) == ("images.toml", True)


@pytest.mark.attack(
    kind="spellings",
    tried="a list of images that is nested 100,000 deep",
    outcome="refused, with its file",
)
def test_a_deep_catalogue(tmp_path: Path) -> None:
    (tmp_path / "images.toml").write_text(f"x = {'[' * 100_000}", encoding="utf-8")
    (problem,) = read_project(tmp_path).problems
    assert problem.file == "images.toml"


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\udfff"])
def test_what_no_process_can_be_given(text: str) -> None:
    with pytest.raises(RefusedError, match=r"U\+(0000|D800|DFFF)"):
        parse_run(f"docker run alpine echo {text}")


# What counts


@pytest.mark.parametrize(
    ("options", "body", "reach"),
    [
        ("--privileged --privileged=false", {}, []),
        ("--privileged=false --privileged", {"HostConfig": {"Privileged": True}}, ["--privileged"]),
        ("--pid host --pid=", {}, []),
        ("--read-only --read-only=F --init", {"HostConfig": {"Init": True}}, []),
        ("--init --init=false", {"HostConfig": {"Init": False}}, []),
        ("-tt=false", {}, []),
        ("-m 1g --memory 64m", {"HostConfig": {"Memory": 64 * 1024**2}}, []),
        ("--entrypoint a --entrypoint b", {"Entrypoint": ["b"]}, []),
        ("-e A=1 -e B=2 -e A=3", {"Env": ["B=2", "A=3"]}, []),
        ("-e A=1 -e A=2 -e A=1", {"Env": ["A=1"]}, []),
        ("-l a=1 -l b -l a=2", {"Labels": {"a": "2", "b": ""}}, []),
        ("-e A= -e 'B=Ä\u00a0中\n=x'", {"Env": ["A=", "B=Ä\u00a0中\n=x"]}, []),
        (
            "--ulimit core=1 --ulimit core=2",
            {"HostConfig": {"Ulimits": [{"Name": "core", "Soft": 2, "Hard": 2}]}},
            [],
        ),
        (
            "--add-host a:host-gateway",
            {"HostConfig": {"ExtraHosts": ["a:host-gateway"]}},
            ["--add-host a:host-gateway"],
        ),
    ],
)
def test_what_counts(options: str, body: dict[str, Any], reach: list[str]) -> None:
    found = container(f"docker run {options} alpine id")
    assert (found.body, list(found.host_reach)) == (body, reach)


def test_remove_can_be_taken_back() -> None:
    assert container("docker run --rm alpine id").remove
    assert not container("docker run --rm --rm=false alpine id").remove
    assert container("docker run --rm=false --rm alpine id").remove


def test_after_the_image_all_are_arguments() -> None:
    found = container("docker run -- alpine --privileged -v /:/h -- --pid=host")
    assert found.command == ("--privileged", "-v", "/:/h", "--", "--pid=host")
    assert (found.body, found.host_reach) == ({}, ())


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("a \\\n  b", "a b"),
        ("a\\\n  b", "a b"),
        ("a \\\nb", "a b"),
        ("a\\\nb", "ab"),
        ("a \\\n  \\\n b", "a b"),
        ("a\u00a0\\\nb", "a\u00a0b"),
        (" a ", " a "),
        ("a\t\\\n\tb", "a b"),
        ("'a \\\n  b'", "'a \\\n  b'"),
        ('"a \\\n  b"', '"a   b"'),
    ],
)
def test_lines_are_joined_as_a_shell_joins_them(source: str, command: str) -> None:
    assert Step(source, 1).command == command


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("lines", "listed"),
    [
        (["echo a \\", "\t  b"], "echo a b"),
        (["echo a\\", "b"], "echo ab"),
        (['echo "a \\', '  b" c\\', "  'd'"], "echo \"a   b\" c 'd'"),
        (['echo "a\\\\" \\', "  b"], 'echo "a\\\\" b'),
        (["echo \\# a# \\", " b"], "echo \\# a# b"),
    ],
)
def test_a_reviewed_line_is_what_a_shell_makes_of_the_shown_one(
    shell: str, lines: list[str], listed: str, tmp_path: Path
) -> None:
    project = read(tmp_path / "p", f"$ {lines[0]}", *lines[1:], allow=f"{listed}\n")
    (step,) = project.runnables["x"].example.steps
    assert step.command == listed
    said = [
        subprocess.run([shell, "-c", line], capture_output=True, check=True).stdout
        for line in ("\n".join(lines), listed)
    ]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    "lines",
    [
        tried(lines, what=what, outcome="refused: a shell would not join its lines")
        for what, lines in (
            ("a listed line broken within single quotes", ["echo 'a; \\", "b'"]),
            ("a listed line broken within double quotes", ['echo "a; \\', '  b"']),
            ("a listed line broken within a comment", ["echo # a; \\", "b"]),
        )
    ],
)
def test_a_line_that_a_shell_joins_otherwise(lines: list[str], tmp_path: Path) -> None:
    allow = "echo 'a; b'\necho \"a; b\"\necho # a; b\n"
    project = read(tmp_path / "p", f"$ {lines[0]}", *lines[1:], allow=allow)
    assert project.runnables == {}


def test_an_argument_keeps_its_joints(tmp_path: Path) -> None:
    project = read(tmp_path / "p", "$ docker run alpine sh -c 'a; \\", "  b'")
    (found,) = project.runnables["x"].containers
    assert found is not None
    assert found.command == ("sh", "-c", "a; \\\n  b")


# The script on a reader's machine

MARK = "touched-by-the-page"
TOUCH = f"touch {MARK}"
HOSTILE = [
    tried(lines, what=what, outcome="nothing but docker is executed on the reader's machine")
    for what, lines in (
        ("an argument with a command's output in it", f"$ {RUN} alpine echo '$({TOUCH})'"),
        ("an argument with backticks", f"$ {RUN} alpine echo '`{TOUCH}`'"),
        ("an argument that closes the script's quote", f"$ {RUN} alpine echo \"'; {TOUCH}; '\""),
        (
            "an argument with escapes in double quotes",
            f'$ {RUN} alpine echo "\\$({TOUCH}) \\`id\\`"',
        ),
        ("an argument that ends the substitution", f"$ {RUN} alpine echo ')' '}}' '; {TOUCH} #'"),
        ("an argument of several lines", f"$ {RUN} alpine echo 'a; \\\n{TOUCH}; \\\n'"),
        ("a variable with a command's output in it", f"$ {RUN} -e 'A=$({TOUCH})' alpine env"),
        ("a label with a command's output in it", f"$ {RUN} -l 'a=$({TOUCH})' alpine id"),
        ("an entry point with a command in it", f"$ {RUN} --entrypoint '`{TOUCH}`' alpine id"),
        ("a comment with a quote and a command", f"# '; {TOUCH}; '\n$ {RUN} alpine id"),
        ("a comment that is a format", f"# %s $({TOUCH}) \\n\n$ {RUN} alpine id"),
        ("a hidden step's argument with a command", f"#$ {RUN} alpine '$({TOUCH})'\n$ uname -r"),
        (
            "a claim's text with a command",
            f"$ {RUN} alpine id\n#? code[1] == 0  # '; {TOUCH}; '\n#! no",
        ),
        (
            "what a difference means, with a command",
            f"$ {RUN} alpine id\n#? code[1] == 9  # no\n#! '; {TOUCH}; '$({TOUCH})",
        ),
        (
            "a claim's string with a command",
            f"$ {RUN} alpine id\n#? out[1] != \"'; {TOUCH}; '$({TOUCH})\"  # yes\n#! no",
        ),
        (
            "a claim's pattern that is an option",
            f"$ {RUN} alpine id\n#? not matches('-f{MARK}', out[1])  # yes\n#! no",
        ),
        ("the original: $PWD between quotes", f'$ {RUN} alpine echo "$PWD\'"; {TOUCH}; echo "\'"'),
        ("$PWD and a command's output", f"$ {RUN} alpine echo $PWD$({TOUCH})"),
        ("a volume of $PWD and a command", f'$ {RUN} -v "$PWD/$({TOUCH})":/x alpine id'),
        ("a line of the list with one more command", f"$ uname -r; {TOUCH}"),
        ("a line of the list with a joint and a comment", f"$ uname -r # \\\n{TOUCH}"),
        ("a second line behind a doubled backslash", f"$ {RUN} alpine echo a\\\\\n{TOUCH}"),
        ("a container that is privileged", f"$ {RUN} --privileged alpine {TOUCH}"),
    )
]

FAKE = """#!/bin/sh
# A docker that only notes its arguments.
[ "$1" = run ] || exit 0
printf '%s\\0' "$@" '' >> "$NOTES"
echo '$(touch touched)'
"""


def script_of(project: Project, path: Path) -> Path:
    chosen = [replace(e, parts=e.parts) for e in project.examples if e.options.script]
    path.write_text(write_script(chosen, project, "en"), encoding="utf-8")
    return path


@pytest.mark.parametrize("shell", ["dash"])
@pytest.mark.parametrize("lines", HOSTILE)
def test_the_script_executes_docker_and_nothing_else(
    lines: str, shell: str, tmp_path: Path
) -> None:
    options = f' script="1" title="\'; {TOUCH}; $({TOUCH})"'
    project = read(tmp_path / "p", lines, options=options, allow="uname -r\n")
    for folder in ("bin", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin" / "docker").write_text(FAKE, encoding="utf-8")
    (tmp_path / "bin" / "docker").chmod(0o755)
    script = script_of(project, tmp_path / "verify.sh")
    trap = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "TMPDIR": str(tmp_path / "tmp")}
    notes = tmp_path / "notes"
    # The trap for what would be executed: the scratch folder is left as it is.
    script.write_text(script.read_text(encoding="utf-8").replace('rm -rf "$scratch"', ":"))
    subprocess.run(
        [shell, script],
        cwd=tmp_path,
        env={**trap, "NOTES": str(notes)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert list(tmp_path.rglob("*touched*")) == []
    noted = notes.read_bytes().decode().split("\0\0")[:-1] if notes.exists() else []
    runs = [plain_words(step.source) for example in project.examples for step in example.steps]
    expected = [found[0][1:] for found in runs if found and found[0][0] == "docker"]
    reference = project.images["alpine"].reference
    assert [run.split("\0") for run in noted] == [
        [reference if word == "alpine" else word for word in words] for words in expected
    ]


@pytest.mark.parametrize(
    ("line", "real"),
    [
        ("run --name debian alpine debian alpine", "run --name debian L A debian alpine"),
        ("create --entrypoint alpine debian alpine", "create --entrypoint alpine L D alpine"),
        ("run -m 64m alpine sh -c alpine", "run -m 64m L A sh -c alpine"),
        ("image inspect -f alpine debian", "image inspect -f alpine -- D"),
        ("history --format debian alpine", "history --format debian -- A"),
    ],
)
def test_only_the_image_is_replaced(line: str, real: str) -> None:
    docker = Docker("docker", {"alpine": "A", "debian": "D"}, {"x": "y"})
    said = " ".join(docker.translate(line.split()))
    assert said == real.replace("L", "--label=x=y")


# On a real engine


@pytest.fixture(scope="module")
def alpine() -> str:
    with connected() as engine:
        images = ImageProvider(ROOT, read_project(ROOT).images, engine, lambda _text: None)
        (made,) = images.provide_all(("alpine",))
    assert not isinstance(made, str), made
    return made.used


BYTES = {
    "accents, Chinese and an ellipsis": "ÄÖ 中文 \\t…",
    "spaces of other scripts": "a\u00a0b\u3000c\u2003d",
    "what joins without a width": "a\u200bb\u200dc\u00adx",
    "an emoji of several": "👩\u200d💻",
    "Hebrew and Arabic": "שלום مرحبا",
    "all marks of a shell": '$PWD $(id) `id` ; & | > < * ? [a] {b,c} ~ # ! \\ "',
    "the look of an option": "--privileged -v /:/h",
    "typographic quotes and dashes": "“a” ‘b’ — –",
}


@pytest.mark.live
@pytest.mark.attack(
    kind="spellings",
    tried="arguments, variables and labels with all kinds of characters",
    outcome="each arrives byte for byte in a real container",
)
def test_bytes_arrive(workshop: Workshop) -> None:
    lines = []
    for text in BYTES.values():
        quoted = shlex.quote(text)
        lines += [
            f'$ {RUN} alpine sh -c \'printf %s "$1" | od -An -tx1 | tr -d " \\n"\' x {quoted}',
            f'$ {RUN} -e T={quoted} alpine sh -c \'printf %s "$T" | od -An -tx1 | tr -d " \\n"\'',
        ]
    for number, text in enumerate(BYTES.values()):
        for step in (2 * number + 1, 2 * number + 2):
            lines.append(f'#? out[{step}] == "{text.encode().hex()}"  # byte for byte')
    workshop.example("bytes", "\n".join(lines))
    row = workshop.one(code=0)
    assert {claim["status"] for claim in row["claims"]} == {"verified"}


@pytest.mark.live
@pytest.mark.attack(
    kind="spellings",
    tried="the script is run with a real docker, its arguments full of commands",
    outcome="the container gets them as they are",
)
def test_the_script_on_a_real_engine(tmp_path: Path, alpine: str) -> None:
    word = f"'$({TOUCH}) `{TOUCH}` ; {TOUCH}'"
    lines = f"$ {RUN} alpine printf %s {word}\n#? out[1] == {word}  # it came so\n#! executed"
    project = read(tmp_path / "p", lines, options=' script="1"')
    assert project.problems == ()
    script = script_of(project, tmp_path / "verify.sh")
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "KSHARE_ALPINE": alpine}
    done = subprocess.run(
        ["dash", script], env=environment, cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.rglob("*touched*")) == []


@pytest.mark.live
def test_the_order_of_variables_is_dockers(workshop: Workshop, alpine: str) -> None:
    """What `-e` says comes after what a file says, in the container of the docker command too."""
    workshop.allow("printf 'A=file\\nB=file\\n' > env.txt")
    body = """
$ printf 'A=file\\nB=file\\n' > env.txt
$ docker run --rm -e A=option --env-file env.txt alpine sh -c 'echo $A $B'
#? out[2] == "option file"  # as docker has it
"""
    workshop.example("order", body)
    assert workshop.one(code=0)["status"] == "verified"
    (workshop.root / "env.txt").write_text("A=file\nB=file\n", encoding="utf-8")
    command = ["docker", "run", "--rm", "-e", "A=option", "--env-file", "env.txt", alpine]
    done = subprocess.run(
        [*command, "sh", "-c", "echo $A $B"], cwd=workshop.root, capture_output=True, check=True
    )
    assert done.stdout == b"option file\n"


@pytest.mark.live
def test_the_shown_line_does_what_a_shell_does(workshop: Workshop) -> None:
    workshop.allow("wc -c < id.txt", "printf 'a\tb' | od -An -c")
    body = """
$ docker run -d alpine sleep 5 > id.txt   # its id, 64 digits
$ wc -c < id.txt
$ docker run --rm alpine printf "a\tb\\
c" # \t$(id) > x
$ printf 'a\tb' | od -An -c
$ docker run --rm -a stderr alpine sh -c 'echo out; echo error >&2'
$ docker run --rm -v /data --mount type=tmpfs,dst=/t alpine grep -cE ' (/data|/t) ' /proc/mounts
#? out[1] == "" and out[2] == "65"  # the file has what would be printed
#? out[3] == "a\tbc"  # tabs stay, lines are joined
#? out[4].split() == ["a", "\\\\t", "b"]  # on the host too
#? out[5] == "error"  # only what is attached
#? out[6] == "2"  # both are mounts
"""
    workshop.example("shown", body)
    row = workshop.one(code=0)
    assert {claim["status"] for claim in row["claims"]} == {"verified"}, row


@pytest.mark.live
def test_proxies_reach_containers_of_both_kinds_and_no_page(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"httpProxy": "http://me:secret@proxy.example:3128"}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": {"default": given}}), "utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    workshop.allow("docker run --rm alpine env | grep -i _proxy | sort")
    body = """
$ docker run --rm alpine sh -c 'env | grep -i _proxy | sort'
$ docker run --rm alpine env | grep -i _proxy | sort
#? out[1] == out[2] and len(lines[1]) == 2  # as the docker command sets them
"""
    workshop.example("proxies", body)
    row = workshop.one(code=0)
    assert {claim["status"] for claim in row["claims"]} == {"verified"}, row
    assert "secret" not in json.dumps(row)
