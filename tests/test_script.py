"""The script for readers: how claims are said in a shell, and what it does on a real engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kshare_docs.article.verify_script import write_script
from kshare_docs.data.example import Claim
from kshare_docs.machine.engine import connected
from kshare_docs.machine.images import ImageProvider
from kshare_docs.pages.project import read_project
from kshare_docs.pages.shell_script import UntranslatableError, condition

from .conftest import ROOT, Workshop


@pytest.mark.parametrize(
    ("expression", "holds", "fails"),
    [
        ("out[1] == out[2]", ("a b", "a b"), ("a", "b")),
        ('out[1] == out[2] == "it\'s"', ("it's", "it's"), ("it's", "its")),
        ("out[1] != out[2]", ("a", "b"), ("a", "a")),
        ("'x*' in out[1]", ("ax*b", ""), ("axb", "")),
        ("'x' not in out[1]", ("ab", ""), ("axb", "")),
        ("len(out[1]) > 0", ("a", ""), ("", "")),
        ("len(lines[1]) == 2", ("a\nb", ""), ("a", "")),
        ("int(out[1]) >= 5", ("5", ""), ("4", "")),
        ("int(out[1]) < int(out[2])", ("9", "10"), ("10", "9")),
        ("code[1] == 0", ("", ""), None),
        ('matches("^[0-9]+$", out[1])', ("12", ""), ("1a", "")),
        ("out[1] == 'a' and out[2] == 'b'", ("a", "b"), ("a", "a")),
        ("out[1] == 'a' or not out[2] == 'b'", ("x", "y"), ("x", "b")),
    ],
)
def test_condition(expression: str, holds: tuple[str, str], fails: tuple[str, str] | None) -> None:
    line = condition(Claim(expression, "", 1))
    setting = (
        'out_1=$1 out_2=$2 code_1=0; contains() { case $1 in *"$2"*) ;; *) return 1 ;; esac; }'
    )
    for values, code in ((holds, 0), (fails, 1)):
        if values is not None:
            program = f"{setting}\nif {line}; then exit 0; else exit 1; fi"
            done = subprocess.run(["dash", "-c", program, "sh", *values], check=False)
            assert done.returncode == code, (line, values)


@pytest.mark.parametrize(
    "expression",
    ["out[1].split()[0] == 'a'", "sorted(lines[1]) == lines[2]", r'matches("\\d", out[1])', "True"],
)
def test_no_condition(expression: str) -> None:
    with pytest.raises(UntranslatableError):
        condition(Claim(expression, "", 1))


def test_what_cannot_be_in_it(workshop: Workshop) -> None:
    workshop.example(
        "no-script",
        """
        $ docker run -d alpine true
        $ docker run --rm vm uname -r
        $ docker run --rm --runtime runsc alpine uname -r
        #? out[1].split()[0] == "a"  # not in a shell
        """.replace("        ", ""),
        'script="1" needs="runsc"',
    )
    report = workshop.check(code=1)
    found = {(error["line"], error["message"].split(":")[0]) for error in report["errors"]}
    assert found == {
        (1, "a script's example has no needs"),
        (2, "the script leaves nothing"),
        (3, "the image vm is not in a registry"),
        (4, "the script takes the engine's own runtime"),
        (5, "the claim cannot be said in a shell"),
        (5, "the script says what a difference means"),
    }


@pytest.fixture(scope="module")
def references() -> dict[str, str]:
    """The images that stand for the script's names on this engine."""
    with connected() as engine:
        images = ImageProvider(ROOT, read_project(ROOT).images, engine, lambda _text: None)
        made = images.provide_all(("alpine", "debian", "vm"))
    assert not isinstance(made, str), made
    return {use.name: use.used for use in made}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = written(tmp_path)
    assert path.read_text(encoding="utf-8").count("Counter-run") > 2
    return path


def written(folder: Path, *ids: str) -> Path:
    """The script, or that of some examples only."""
    project = read_project(ROOT)
    chosen = [e for e in project.examples if e.lang == "en" and e.options.script]
    assert len(chosen) > 3
    path = folder / "verify.sh"
    some = [e for e in chosen if e.id in ids] or chosen
    path.write_text(write_script(some, project, "en"), encoding="utf-8")
    return path


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["dash", script, *arguments],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(script.parent), **environment},
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )


@pytest.mark.live
def test_script_holds_here(script: Path, references: dict[str, str]) -> None:
    done = run(script, KSHARE_ALPINE=references["alpine"], KSHARE_DEBIAN=references["debian"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ boot_id is the same in all three places" in done.stdout
    assert "0 differ" in done.stdout
    assert list(script.parent.iterdir()) == [script], "it left something"


@pytest.mark.live
def test_script_finds_another_kernel(tmp_path: Path, references: dict[str, str]) -> None:
    """The image of a virtual machine in Alpine's place: its kernel is another one."""
    script = written(tmp_path, "boot-id")
    done = run(script, KSHARE_ALPINE=references["vm"], KSHARE_DEBIAN=references["debian"])
    assert done.returncode == 1
    assert "✗ boot_id is the same in all three places" in done.stdout
    assert "This means: container and host are on two kernels" in done.stdout


def test_script_without_docker(script: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for tool in ("sed", "dash"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        ["dash", script],
        env={"PATH": str(tmp_path / "bin")},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no docker command: install Docker" in done.stderr
    assert run(script, DOCKER_HOST="unix:///nowhere").returncode == 2
    assert run(script, "--help").stdout.startswith("Checks that containers")


def test_script_is_clean(script: Path) -> None:
    done = subprocess.run(["shellcheck", script], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
