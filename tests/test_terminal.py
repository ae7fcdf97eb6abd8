"""Any account, any folder, any terminal: a result, or one clear line, and never a traceback."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Workshop


@pytest.fixture
def refused(workshop: Workshop) -> Workshop:
    """A project whose only example is refused: no engine is asked."""
    workshop.example("no", "$ echo 好 → ✓")
    return workshop


def shell(
    workshop: Workshop, line: str, folder: Path | None = None, **variables: str | None
) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash, in which `kshare` is the command."""
    environment = {**os.environ, **variables}
    command = shlex.join([sys.executable, "-m", "kshare_docs.cli"])
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; kshare() {{ {command} "$@"; }}; {line}'],
        cwd=folder or workshop.root,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        check=False,
        timeout=120,
    )


def clean(done: subprocess.CompletedProcess[bytes]) -> None:
    for text in (done.stdout, done.stderr):
        assert b"Traceback" not in text
        assert b"rror ignored" not in text


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "好 → ✓".encode()),
        ("gbk", "好 → ".encode("gbk") + b"v"),
        ("latin-1", rb"\u597d -> v"),
        ("ascii:strict", rb"\u597d -> v"),
        ("cp1252:replace", rb"\u597d -> v"),
    ],
)
def test_signs_that_an_encoding_lacks(refused: Workshop, encoding: str, expected: bytes) -> None:
    done = shell(refused, "kshare check", PYTHONIOENCODING=encoding)
    clean(done)
    assert done.returncode == 1
    assert expected in done.stdout
    done = shell(refused, "kshare check --json", PYTHONIOENCODING=encoding)
    clean(done)
    message = json.loads(done.stdout.decode(encoding.partition(":")[0]))["errors"][0]["message"]
    assert "好 → ✓" in message


@pytest.mark.parametrize(
    "line",
    [
        "kshare check >&-",
        "kshare check 2>&-",
        "kshare check <&-",
        "kshare check <&- >&- 2>&-",
        "kshare check | true",
        "kshare check 2>&1 | true",
        "kshare check | head -1",
        "kshare check 2> /dev/full",
    ],
)
def test_streams_that_take_nothing(refused: Workshop, line: str) -> None:
    done = shell(refused, line)
    clean(done)
    assert done.returncode == 1  # as everywhere


@pytest.mark.parametrize("command", ["check", "check --json", "--help", "--version"])
def test_a_full_disk_is_said(refused: Workshop, command: str) -> None:
    done = shell(refused, f"kshare {command} > /dev/full")
    clean(done)
    assert done.returncode == 2
    assert done.stderr == b"kshare: standard output: No space left on device\n"


def test_no_file_takes_the_place_of_a_closed_stream(refused: Workshop) -> None:
    line = (
        f"{shlex.quote(sys.executable)} -c 'import os; from kshare_docs import terminal\n"
        "with terminal.standard_streams():\n"
        '    os._exit(os.open("images.toml", os.O_RDONLY))\' <&- >&- 2>&-'
    )
    assert shell(refused, line).returncode >= 3


@pytest.mark.parametrize("command", ["check", "build", "doctor", "clean", "serve", "capture"])
def test_a_folder_that_was_removed(workshop: Workshop, command: str) -> None:
    done = shell(workshop, f"mkdir gone; cd gone; rmdir ../gone; kshare {command}")
    clean(done)
    assert done.returncode == 2
    assert done.stderr == b"kshare: this folder was removed: change into the project's\n"


@pytest.mark.live
@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": None},
        {"HOME": "/nonexistent"},
        {"HOME": "relative"},
        {"HOME": None, "XDG_CACHE_HOME": "/proc/x"},
        {"XDG_CACHE_HOME": "relative", "HOME": "/nonexistent"},
        {"TMPDIR": "/no/such/folder"},
        {"TMPDIR": "a b:c"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LANG": "xx_YY.GBK", "LC_ALL": None},
        {"COLUMNS": "1"},
        {"COLUMNS": "0"},
        {"COLUMNS": "many", "TERM": "dumb", "NO_COLOR": "1"},
    ],
    ids=str,
)
def test_any_environment(workshop: Workshop, variables: dict[str, str | None]) -> None:
    (workshop.root / "a b:c").mkdir()
    workshop.allow("pwd")
    workshop.example("one", '$ docker run --rm alpine echo 好\n$ pwd\n#? out[1] == "好"  # 好')
    done = shell(workshop, "kshare check", **variables)
    clean(done)
    assert done.returncode == 0, done.stderr
    assert b" one " in done.stdout
    assert not Path("/nonexistent").exists()
