"""What the tests share: a small project to write pages into."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from kshare_docs.machine.engine import LABEL, connected

pytest_plugins = ["pytester", "tests.attacks"]

ROOT = Path(__file__).parent.parent

Ours: TypeAlias = Callable[[], list[str]]

CACHE = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
USERS_CACHE = pytest.StashKey[str]()

ADDRESS = "http://one-kernel.localhost/"
"""Where the site of the tests says that it is: without an address it has no canonical links, and
no instant navigation. A browser takes what is below `localhost` for secure."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--site",
        type=lambda name: Path(name).resolve(),
        help="a finished site for the browser tests, instead of one that is built for them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """A cache of the session's own: nothing that is reported comes from an earlier run."""
    config.stash[USERS_CACHE] = os.environ.get("XDG_CACHE_HOME", "")
    config.stash[CACHE] = tempfile.TemporaryDirectory(prefix="kshare-test-cache-")
    os.environ["XDG_CACHE_HOME"] = config.stash[CACHE].name


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[CACHE].cleanup()


@dataclass(frozen=True)
class Workshop:
    """A project in a temporary folder, with this project's images."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Workshop:
        (root / "docs" / "zh").mkdir(parents=True)
        shutil.copy(ROOT / "images.toml", root)
        shutil.copytree(ROOT / "scripts", root / "scripts")
        (root / "host-commands.txt").touch()
        return cls(root)

    def page(self, name: str, text: str) -> Path:
        path = self.root / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def example(self, identifier: str, body: str, options: str = "") -> Path:
        """A page of one example, named like it."""
        text = f'```console exec="1" id="{identifier}" {options}\n{body.strip()}\n```\n'
        return self.page(f"zh/{identifier}.md", text)

    def allow(self, *commands: str) -> None:
        with (self.root / "host-commands.txt").open("a", encoding="utf-8") as file:
            file.writelines(f"{command}\n" for command in commands)

    def kshare(
        self, *arguments: str, seconds: float = 300, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kshare_docs.cli", *arguments],
            cwd=self.root,
            text=True,
            capture_output=True,
            check=False,
            timeout=seconds,
            **options,
        )

    def check(self, *pages: str, code: int | None = None) -> dict[str, Any]:
        done = self.kshare("check", "--json", *pages)
        assert done.stdout, done.stderr
        assert code is None or done.returncode == code, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def one(self, code: int | None = None) -> dict[str, Any]:
        """The report's only example."""
        (row,) = self.check(code=code)["examples"]
        found: dict[str, Any] = row
        return found


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this project's own pages: built once, or the one that is named."""
    if given := pytestconfig.getoption("--site", None):
        assert (given / "provenance.json").is_file(), f"{given} is no site: scripts/build makes one"
        return Path(given)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "kshare_docs.cli", "build", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "KSHARE_SITE_URL": ADDRESS, "KSHARE_SITE_URL_EN": f"{ADDRESS}en/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout.splitlines()[-1]
    assert "preview" in done.stdout.splitlines()[-1]
    return folder


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop.create(tmp_path / "project")


@pytest.fixture
def ours() -> Ours:
    """Ids of all containers that any run of ours made; the engine must be free of them."""

    def left() -> list[str]:
        with connected() as engine:
            found = engine.client.api.containers(all=True, filters={"label": [LABEL]})
            return [str(item["Id"]) for item in found]

    return left
