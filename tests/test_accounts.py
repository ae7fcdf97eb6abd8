"""What the scripts tell an account that lacks root's rights: one line, with the command to run."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="another account is taken on as root")

NEEDS = "source lib.sh; need_packages kshare-no-such-package"
COMMAND = "apt-get install --no-install-recommends kshare-no-such-package"


def told(folder: Path, sudo: str | None, *, terminal: bool = False) -> subprocess.CompletedProcess:
    """What an account is told, with a made-up sudo or none, and a terminal of its own or none."""
    tools = folder / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "readlink", "dpkg-query", "apt-get", "id", "mktemp"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    if sudo is not None:
        (tools / "sudo").write_text(f"#!/bin/bash\n{sudo}\n")
        (tools / "sudo").chmod(0o755)
    shutil.copy(ROOT / "scripts/lib.sh", folder)
    lead, follow = pty.openpty()
    begin = "import os, sys; os.setsid(); "
    begin += f"os.close(os.open({os.ttyname(follow)!r}, os.O_RDWR)); " if terminal else ""
    begin += (
        "os.setgid(65534); os.setuid(65534); os.execv('/bin/bash', ['bash', '-c', sys.argv[1]])"
    )
    try:
        os.fchmod(follow, 0o666)
        return subprocess.run(
            ["/usr/bin/python3", "-c", begin, NEEDS],
            env={"PATH": str(tools)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    finally:
        os.close(lead)
        os.close(follow)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter."""
    with tempfile.TemporaryDirectory(prefix="kshare-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize(
    ("sudo", "terminal", "why"),
    [
        (None, False, "this user has none"),
        (None, True, "this user has none"),
        ("exit 1", False, "sudo asks for a password, for which there is no terminal"),
        ("exit 1", True, "this user has none"),
    ],
)
def test_without_rights(open_folder: Path, sudo: str | None, terminal: bool, why: str) -> None:
    done = told(open_folder, sudo, terminal=terminal)
    about, last = done.stderr.splitlines()
    assert done.returncode == 2
    assert "about to install" in about
    assert last == (
        f"kshare: root's rights are needed, and {why}. Run this as root, then try again: {COMMAND}"
    )


def test_sudo_that_asks_on_the_terminal(open_folder: Path) -> None:
    """It refuses `-n`, and asks by `-v`; then the work begins."""
    sudo = "case $1 in -v) echo asked >&2 ;; -n) exit 1 ;; *) shift; echo run $1 >&2 ;; esac"
    done = told(open_folder, sudo, terminal=True)
    assert done.stderr.splitlines()[1:3] == ["asked", "run true"]
    assert "root's rights" not in done.stderr
