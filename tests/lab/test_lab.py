"""A second, real kernel: the rebuilder's path, from a checkout to a set that can be compared.

The lab's machine differs from most hosts in all that matters here: its own kernel, with modules,
cgroup version 2, Docker Engine 26, Python 3.13, and neither systemd nor a network.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kshare_docs.history.capture_set import CaptureSet, read_set
from kshare_docs.machine.engine import connected
from kshare_docs.machine.images import ImageProvider
from kshare_docs.pages.catalogues import read_images
from kshare_docs.pages.project import read_project

from ..conftest import ROOT, Workshop
from .machine import provide, run

SECONDS = 1500
READY_SECONDS = 120.0
PAGES = {"index.md", "essence.md", "namespaces.md", "cgroups.md", "verify.md", "how-we-know.md"}
"""What takes part: the pages that ask most of a kernel. In emulation all would take half an hour,
and virtual machines within it still longer."""

COMMAND = """\
mkdir /root/kshare-docs && cd /root/kshare-docs && tar -xf /exchange/project.tar || exit
ln -s /opt/venv .venv
export PYTHONPATH=.
exec scripts/with-engine -- sh -c '
  cut -d " " -f 1 /proc/uptime >/exchange/ready
  docker load --quiet --input /exchange/images.tar &&
  .venv/bin/python -m kshare_docs.cli doctor --json >/exchange/doctor.json &&
  .venv/bin/python -m kshare_docs.cli capture &&
  cp -r captures /exchange'
"""

pytestmark = [pytest.mark.lab, pytest.mark.live]


@dataclass(frozen=True)
class Lab:
    """Both sets, and what else the machine handed over."""

    project: Workshop
    here: CaptureSet
    there: CaptureSet
    exchange: Path
    said: str


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = provide()
    project = Workshop(tmp_path_factory.mktemp("lab") / "project")
    exchange = tmp_path_factory.mktemp("exchange")
    copy_project(project.root)
    try:
        hand_over(project.root, exchange)
        said = run(folder, exchange, COMMAND, SECONDS)
        there = only_set(exchange / "captures")
        done = project.kshare("capture", seconds=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        here = only_set(project.root / "captures")
        shutil.copytree(exchange / "captures", project.root / "captures", dirs_exist_ok=True)
        yield Lab(project, here, there, exchange, said)
    finally:
        shutil.rmtree(exchange)


def copy_project(target: Path) -> None:
    """The checkout as it is, without what git ignores, the sets, and the pages left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for name in listed.stdout.rstrip("\0").split("\0"):
        source = ROOT / name
        left_out = source.suffix == ".md" and name.startswith("docs/") and source.name not in PAGES
        if name.startswith("captures/") or left_out or not source.exists():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target / name)
    # The claims that only pages left out decide go with them.
    examples = read_project(target).examples
    decided = {b.entry for e in examples for claim in e.claims for b in claim.bearings}
    path = target / "docs" / "claims.toml"
    sections = re.split(r"(?m)^(?=\[\w+\]$)", path.read_text(encoding="utf-8"))
    kept = [s for s in sections if s.partition("]")[0].lstrip("[") in decided]
    path.write_text("".join(kept), encoding="utf-8")


def hand_over(project: Path, exchange: Path) -> None:
    """The project and the images, as archives: thousands of files are slow over 9p.

    The machine reaches no registry, so it gets stand-ins, whatever this machine has.
    """
    subprocess.run(["tar", "-cf", exchange / "project.tar", "-C", project, "."], check=True)
    images, problems = read_images(project)
    assert not problems
    unreachable = {
        name: msgspec.structs.replace(image, tag="localhost:9/none:1") if image.tag else image
        for name, image in images.items()
    }
    with connected() as engine:
        made = ImageProvider(project, unreachable, engine, print).provide_all(images)
    assert not isinstance(made, str), made
    references = [use.used for use in made]
    subprocess.run(["docker", "save", "-o", exchange / "images.tar", *references], check=True)


def only_set(folder: Path) -> CaptureSet:
    (path,) = folder.glob("*/")
    found, problems = read_set(path)
    assert found is not None
    assert not problems
    return found


def releases(found: CaptureSet) -> set[str]:
    """What `uname -r` printed in this set, on the host and in containers that share its kernel."""
    return {
        result.output.strip()
        for capture in found.captures.values()
        for results in capture.rounds
        for result in results
        if re.fullmatch(r"(docker run --rm \w+ )?uname -r", result.source)
    }


def test_each_set_knows_one_kernel_and_they_are_two(lab: Lab) -> None:
    assert releases(lab.here) == {lab.here.manifest.kernel}
    assert releases(lab.there) == {lab.there.manifest.kernel}
    assert lab.here.manifest.kernel != lab.there.manifest.kernel
    assert "deb13" in lab.there.manifest.kernel


def test_the_other_kernel_offers_what_pages_ask_for(lab: Lab) -> None:
    host = lab.there.manifest.host
    assert host.modules
    assert host.cgroup_version == "2"
    assert "modules" in lab.there.captures


def test_the_engine_is_ready_in_time(lab: Lab) -> None:
    seconds = float((lab.exchange / "ready").read_text(encoding="ascii"))
    assert seconds < READY_SECONDS


def test_nothing_complains_on_the_newer_python(lab: Lab) -> None:
    assert "Exception ignored" not in lab.said
    assert "Warning" not in lab.said


def test_no_set_of_a_machine_like_this_counts_as_genuine(lab: Lab) -> None:
    doctor: dict[str, Any] = json.loads((lab.exchange / "doctor.json").read_bytes())
    assert doctor["kernel_family"] == "other"
    assert doctor["publishable"] is False
    assert doctor["apart"] == "", "the engine shares the machine's kernel"
    assert not lab.there.genuine


def test_drift_says_what_the_kernel_changed_and_what_it_did_not(lab: Lab) -> None:
    before, after = lab.here.manifest.kernel, lab.there.manifest.kernel
    done = lab.project.kshare("drift", before, after)
    assert done.returncode == 1, done.stderr
    assert f"-{before}" in done.stdout
    assert f"+{after}" in done.stdout
    found = json.loads(lab.project.kshare("drift", "--json", before, after).stdout)
    states = {item["id"]: item["state"] for item in found}
    # What namespaces do is the same on every kernel; what a kernel is called is not.
    assert states["ns-uts"] == "same", states
    assert states["uname"] == "changed", states
