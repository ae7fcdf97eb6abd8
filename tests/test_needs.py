"""Needs: each is tried by its effect, and what was said where one is not met."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kshare_docs.data.needs import why_skipped
from kshare_docs.data.problem import Problem, once_a_cause
from kshare_docs.data.project import Image
from kshare_docs.machine import probes as machine
from kshare_docs.machine.engine import connected
from kshare_docs.machine.host import read_host
from kshare_docs.machine.images import ImageProvider
from kshare_docs.machine.probes import PROBES, LackError, Probes
from kshare_docs.pages.project import read_project

from .builders import things_of
from .conftest import ROOT, Workshop

OF_CONTAINERS = (
    *("native-engine", "identity-users", "graphdriver", "limits", "disk-limits", "disk-options"),
)


@pytest.fixture
def probes() -> Iterator[Probes]:
    with connected() as engine:
        images = ImageProvider(ROOT, read_project(ROOT).images, engine, print)
        yield Probes(read_host(), engine, images)


@pytest.mark.live
def test_what_cannot_run_is_not_offered(probes: Probes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is listed; the engine's own words say why."""
    monkeypatch.setitem(PROBES, "lost", machine._runs_in("no-such-runtime"))
    assert "no-such-runtime" in probes.missing(["lost"])["lost"]
    assert "\n" not in probes.missing(["lost"])["lost"]


@pytest.mark.live
def test_limits_that_an_engine_does_not_set(
    probes: Probes, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a rootless engine without a cgroup driver; whoever asks for a limit needs it."""
    assert probes.missing(["limits"]) == {}
    for option in ("--memory 64m", "--cpus 0.5", "--pids-limit 9"):
        workshop.example("asks", f"$ docker run --rm {option} alpine true")
        assert read_project(workshop.root).runnables["asks"].needs == ("limits",)
    output = Probes.output

    def unlimited(self: Probes, *words: str, **settings: Any) -> str:
        return output(self, *words, **{**settings, "Memory": 0})

    monkeypatch.setattr(Probes, "output", unlimited)
    again = Probes(probes.host, probes.engine, probes.images)
    assert again.missing(["limits"]) == {"limits": ""}


@pytest.mark.live
def test_nothing_of_a_trial_is_left(probes: Probes) -> None:
    probes.missing(OF_CONTAINERS)
    assert things_of(os.getpid()) == []


@pytest.mark.live
def test_without_an_image_no_container_is_offered(probes: Probes) -> None:
    lost = {"lost": Image("localhost:1/lost:1", f"sha256:{'1' * 64}")}
    images = ImageProvider(ROOT, lost, probes.engine, print)
    said = Probes(probes.host, probes.engine, images).missing(OF_CONTAINERS)
    assert said.keys() == set(OF_CONTAINERS)
    assert all("the image lost cannot be pulled" in why for why in said.values())
    none = Probes(probes.host, probes.engine, ImageProvider(ROOT, {}, probes.engine, print))
    assert none.missing(["runsc"]) == {"runsc": "there is no image"}


@pytest.mark.live
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("echo 'the daemon is not mine' >&2; exit 1", "the daemon is not mine"),
        ("exit 3", "docker ends with 3"),
        ("echo another-engine", ""),
        ("sleep 30", "docker takes longer than 1 s"),
        (None, "docker: No such file or directory"),
    ],
)
def test_a_docker_command_that_reaches_another_engine_or_none(
    probes: Probes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, says: str
) -> None:
    if text is not None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "docker").chmod(0o755)
    sleep = "" if text is None else ":/usr/bin:/bin"
    monkeypatch.setattr(machine, "PATH", f"{tmp_path}{sleep}")
    monkeypatch.setattr(machine, "_ask", _hurried(machine._ask))
    assert probes.missing(["docker-cli"]) == {"docker-cli": says}


def _hurried(ask: Any) -> Any:
    return lambda *command, **options: ask(*command, **{**options, "seconds": 1.0})


@pytest.mark.live
@pytest.mark.parametrize("dropped", [False, True])
def test_a_command_that_drops_disk_options(
    probes: Probes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dropped: bool
) -> None:
    """A made-up command does what Docker 25.0 to 27.1.1 do (docker/cli#5321)."""
    if dropped:
        drop = (
            'for a; do shift; case $a in --device-write-bps*) ;; *) set -- "$@" "$a";; esac; done'
        )
        (tmp_path / "docker").write_text(f'#!/bin/sh\n{drop}\nPATH=${{PATH#*:}} exec docker "$@"\n')
        (tmp_path / "docker").chmod(0o755)
        monkeypatch.setattr(machine, "PATH", f"{tmp_path}:{machine.PATH}")
    assert (probes.missing(["disk-options"]) == {"disk-options": ""}) is dropped


def test_each_is_tried_once_and_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def lacks(_probes: Probes) -> bool:
        tried.append("lacks")
        raise LackError("two\nlines")

    monkeypatch.setitem(PROBES, "lacks", lacks)
    monkeypatch.setitem(PROBES, "unreadable", lambda _probes: Path("/nowhere").read_text() == "")
    nothing: Any = None
    probes = Probes(read_host(), nothing, nothing)
    for _ in range(2):
        said = probes.missing(["lacks", "x86-64", "unreadable", "lacks"])
        assert said.pop("x86-64", "") == ""
        assert said == {"lacks": "two lines", "unreadable": "No such file or directory"}
    assert tried == ["lacks"]


def test_the_reason_has_what_was_said_and_the_remedy() -> None:
    why = why_skipped({"runsc": "it crashed", "root": ""})
    assert "runsc (gVisor): it crashed (scripts/build --with-gvisor); the build did not" in why


def test_one_cause_is_told_once() -> None:
    problems = [
        Problem("en/a.md", 1, "a", "lost"),
        Problem("en/a.md", 9, "b", "other"),
        Problem("en/b.md", 2, "c", "lost"),
        Problem("zh/a.md", 1, "a", "lost"),
        Problem("zh/b.md", 2, "c", "lost"),
    ]
    assert [str(problem) for problem in once_a_cause(problems)] == [
        "en/a.md:1: a: lost\n    the same holds for: c",
        "en/a.md:9: b: other",
    ]
