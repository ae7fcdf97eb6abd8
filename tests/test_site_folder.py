"""The folder that becomes a site: a new one, or one of ours; and disks that are full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kshare_docs.site.attestation import (
    BUILDING,
    PROVENANCE,
    begin_site,
    refuse_site,
)

from .conftest import Workshop
from .sites import CONFIGURATION, attack, mounted


def _foreign(site: Path) -> None:
    site.mkdir()
    (site / "thesis.txt").write_text("years of work", encoding="utf-8")


def _home(site: Path) -> None:
    site.mkdir()
    (site / ".profile").touch()


def _to_foreign(site: Path) -> None:
    _foreign(site.with_name("elsewhere"))
    site.symlink_to("elsewhere")


def _to_empty(site: Path) -> None:
    site.with_name("elsewhere").mkdir()
    site.symlink_to("elsewhere")


def _dangling(site: Path) -> None:
    site.symlink_to("nowhere")


def _other_statement(site: Path) -> None:
    _foreign(site)
    said = {"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicate": {}}
    (site / PROVENANCE).write_text(json.dumps(said), encoding="utf-8")


def _linked_statement(site: Path) -> None:
    _foreign(site)
    (site / PROVENANCE).symlink_to("/etc/passwd")


def _pipe(site: Path) -> None:
    os.mkfifo(site)


KEPT = "refused with the way out; nothing in it is touched"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_foreign, marks=attack("a folder of somebody's work as the site", KEPT)),
        pytest.param(_home, marks=attack("a folder of hidden files as the site", KEPT)),
        pytest.param(Path.touch, marks=attack("a file as the site", KEPT)),
        pytest.param(_to_foreign, marks=attack("a link to somebody's folder as the site", KEPT)),
        pytest.param(_to_empty, marks=attack("a link to an empty folder as the site", KEPT)),
        pytest.param(_dangling, marks=attack("a link to nowhere as the site", KEPT)),
        pytest.param(_other_statement, marks=attack("a folder with another statement", KEPT)),
        pytest.param(_linked_statement, marks=attack("a folder whose statement is a link", KEPT)),
        pytest.param(_pipe, marks=attack("a FIFO as the site", KEPT)),
    ],
)
def test_a_folder_that_is_no_site_of_ours(workshop: Workshop, make: Callable[[Path], None]) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    site = workshop.root / "site"
    make(site)
    before = sorted(str(path) for path in workshop.root.rglob("*"))
    option = ("--site-dir", "site") if make in (_foreign, _to_empty) else ()
    done = workshop.kshare("build", *option)
    assert done.returncode == 2
    assert "site" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(str(path) for path in workshop.root.rglob("*")) == before
    assert refuse_site(site)


def test_a_folder_that_may_become_a_site(workshop: Workshop) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    (root / "empty").mkdir()
    for name in ("new", "empty", "deep/er"):
        assert workshop.kshare("build", "--site-dir", name).returncode == 0
        assert (root / name / "index.html").exists()
        assert not (root / name / BUILDING).exists()
    (root / "new" / "stale.html").touch()
    assert workshop.kshare("build", "--site-dir", "new").returncode == 0
    assert not (root / "new" / "stale.html").exists()


@pytest.mark.attack(
    kind="endings",
    tried="a build that is killed while it writes the site",
    outcome="the next build replaces what is half built",
)
def test_a_site_that_was_half_built(workshop: Workshop) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    begin_site(workshop.root / "site")
    (workshop.root / "site" / "half.html").touch()
    assert workshop.kshare("build").returncode == 0
    assert not (workshop.root / "site" / "half.html").exists()


@attack("links planted in an earlier site", "taken away; what they lead to is untouched")
def test_links_in_a_site_are_not_followed(workshop: Workshop) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    workshop.page("zh/sub/two.md", "x")
    assert workshop.kshare("build").returncode == 0
    _foreign(root / "precious")
    begin_site(root / "site")
    (root / "site" / "sub").symlink_to(root / "precious")
    (root / "site" / "index.html").symlink_to(root / "precious" / "thesis.txt")
    (root / "site" / ".git").symlink_to(root / "precious")
    assert workshop.kshare("build").returncode == 0
    assert [path.name for path in (root / "precious").iterdir()] == ["thesis.txt"]
    assert (root / "precious" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert not (root / "site" / "sub").is_symlink()


ONE_LINE = "one line says so; the results are reported"


@pytest.mark.live
@pytest.mark.parametrize(
    "options",
    [
        pytest.param("size=16k", marks=attack("a full disk under the site", ONE_LINE, "limits")),
        pytest.param(
            "ro", marks=attack("a disk under the site that is read-only", ONE_LINE, "limits")
        ),
    ],
)
def test_a_site_that_cannot_be_written(workshop: Workshop, options: str) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.example("index", "$ docker run --rm alpine true")
    with mounted(workshop.root / "site", options):
        done = workshop.kshare("build")
    assert done.returncode == 1
    assert done.stderr.count("cannot be written") == 1
    assert "Traceback" not in done.stderr
    assert "1 verified, 0 failed" in done.stdout


@pytest.mark.live
@attack("a full disk under the scratch folders", ONE_LINE, "limits")
def test_no_room_for_scratch_files(workshop: Workshop) -> None:
    workshop.example("large", "$ docker run --rm alpine seq 100000 > all.txt")
    workshop.example("small", "$ docker run --rm alpine echo one")
    with mounted(workshop.root / "tmp", "size=64k") as folder:
        done = workshop.kshare("check", env={**os.environ, "TMPDIR": str(folder)})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout.count("No space left on device") == 1
    assert "1 verified, 1 failed" in done.stdout


@pytest.mark.live
@attack("a scratch disk that is read-only", "another one is used", "limits")
def test_no_right_to_scratch_files(workshop: Workshop) -> None:
    workshop.example("small", "$ docker run --rm alpine echo one > one.txt")
    with mounted(workshop.root / "tmp", "ro") as folder:
        done = workshop.kshare("check", env={**os.environ, "TMPDIR": str(folder)})
    assert done.returncode == 0, done.stderr
    assert "1 verified, 0 failed" in done.stdout


@pytest.mark.live
@pytest.mark.parametrize(
    ("stream", "code"),
    [
        pytest.param(name, code, id=name, marks=attack(f"a full disk under {name}", said, "limits"))
        for name, code, said in (
            ("stdout", 2, ONE_LINE),
            ("stderr", 0, "the results are reported"),
        )
    ],
)
def test_no_room_for_what_is_printed(workshop: Workshop, stream: str, code: int) -> None:
    workshop.example("small", "$ docker run --rm alpine echo one")
    command = [sys.executable, "-m", "kshare_docs.cli", "check"]
    with open("/dev/full", "w", encoding="ascii") as full:  # noqa: PTH123
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: full}
        done = subprocess.run(command, cwd=workshop.root, text=True, check=False, **streams)
    assert done.returncode == code
    if stream == "stdout":
        assert done.stderr.count("No space left on device") == 1
        assert "Traceback" not in done.stderr
    else:
        assert "1 verified, 0 failed" in done.stdout


@attack("the working directory is removed", "one line says so", "limits")
def test_no_working_directory(tmp_path: Path) -> None:
    command = f"mkdir gone; cd gone; rmdir ../gone; {sys.executable} -m kshare_docs.cli check"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


NOWHERE = """
kshare check > first
for folder in /tmp /var/tmp /usr/tmp; do
  test ! -d $folder || mount -t tmpfs -o ro tmpfs $folder
done
mount --bind . . && mount -o remount,ro,bind . && cd "$PWD"
kshare check
kshare check --fresh
kshare clean
"""


@pytest.mark.live
@pytest.mark.skipif(os.geteuid() != 0, reason="file systems cannot be mounted here")
@attack("no folder for temporary files, and a cache, that can be written", ONE_LINE, "limits")
def test_nothing_can_be_written() -> None:
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:  # no place for temporary files
        workshop = Workshop.create(Path(folder, "project"))
        workshop.example("one", "$ docker run --rm alpine true")
        program = f"kshare() {{ {sys.executable} -m kshare_docs.cli $@; }}; {NOWHERE}"
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", program],
            cwd=workshop.root,
            env={**os.environ, "XDG_CACHE_HOME": str(workshop.root)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert "1 verified, 0 failed" in done.stdout, "what was known is known still"
    assert "1 verified" not in done.stdout.partition("1 verified")[2]
    assert done.stdout.count("No usable temporary directory") == 1
    assert "removed: " in done.stdout
