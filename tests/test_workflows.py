"""The workflows, which cannot run here: schema, pins and permissions; and the script they call."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.history.capture_set import write_set

from .conftest import ROOT
from .test_sets import capture, manifest

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PIN = re.compile(
    r"uses: (?:\./\.github/workflows/[\w-]+\.yml|actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$"
)


def test_the_schema_holds() -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    command = [checker, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_pins_and_permissions(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow: dict[Any, Any] = yaml.safe_load(text)
    uses = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    assert uses
    assert [line for line in uses if not PIN.match(line)] == [], "pin by commit, with its version"
    assert workflow["permissions"] in ({}, {"contents": "read"}), "jobs ask for more, each its own"
    triggers = workflow[True]  # YAML reads the key `on` so
    assert "pull_request_target" not in triggers
    if "pull_request" in triggers:
        assert "secrets." not in text
        assert "write" not in text
    for job in workflow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= 90
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            # An expression in a script would be a way in for whoever names a branch.
            assert "${{" not in step.get("run", "")


def test_what_they_call_is_there() -> None:
    for path in WORKFLOWS:
        for script in re.findall(
            r"run: (scripts[/\\][\w./\\-]+)", path.read_text(encoding="utf-8")
        ):
            assert (ROOT / script.replace("\\", "/")).is_file(), f"{path.name}: {script}"


def test_new_kernels_are_reported_with_their_drift(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    root.mkdir()
    for name in ("images.toml", "kshare_docs"):
        (root / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "scripts", root / "scripts")
    (root / ".venv" / "bin").mkdir(parents=True)
    kshare = root / ".venv" / "bin" / "kshare"
    kshare.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m kshare_docs.cli "$@"\n', encoding="utf-8"
    )
    kshare.chmod(0o755)

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)

    def report() -> str:
        done = subprocess.run(
            ["scripts/ci/propose-kernels", "--report"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    git("init")
    write_set(root, manifest("6.6.87.2"), [capture("a", "overlay", kernel="6.6.87.2")])
    git("add", "captures")
    git("commit", "-m", "m")
    assert "there is no new set" in report()
    write_set(root, manifest("6.18.40.1"), [capture("a", "overlay\nbridge", kernel="6.18.40.1")])
    write_set(root, manifest("5.15.1"), [capture("a", "overlay", kernel="5.15.1")])
    said = report()
    assert "## 6.18.40.1, against 6.6.87.2" in said
    assert "+bridge" in said
    assert "## 5.15.1\n\nThe first set" in said
    assert "## 6.6.87.2" not in said
