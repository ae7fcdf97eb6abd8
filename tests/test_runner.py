"""A run within this process: what is asked, judged and kept, and how often."""

from __future__ import annotations

import time
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from kshare_docs.data.capture import Capture, Ending
from kshare_docs.data.report import Report, Status
from kshare_docs.machine import runs
from kshare_docs.machine.engine import EXAMPLE_LABEL, LABEL, connected
from kshare_docs.machine.probes import PROBES
from kshare_docs.pages.project import read_project
from kshare_docs.run import runner
from kshare_docs.run.judge import judge_capture
from kshare_docs.run.redact import Redaction
from kshare_docs.run.runner import run

from .conftest import Workshop

pytestmark = pytest.mark.live


def capture_of(report: Report, identifier: str) -> Capture:
    capture = report.judged["zh", identifier].capture
    assert capture is not None
    return capture


def test_what_leaves_a_run_is_redacted(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also errors and the provenance; what is kept is not, so that it is judged the same again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    release = read_release()
    secrets = {"planted-secret": "host", release: "address"}
    monkeypatch.setattr(runner, "host_secrets", lambda: secrets)
    claim = '#? out[1] == "planted-" + "secret"  # as it was printed'
    workshop.example("inside", f"$ docker run --rm alpine echo planted-secret\n{claim}")
    workshop.allow("echo planted-secret")
    workshop.example("outside", f"$ echo planted-secret\n{claim}")
    workshop.example("volume", "$ docker run --rm -v planted-secret:/x alpine true", 'timeout="30"')
    with connected() as engine:
        volume = engine.client.volumes.create("planted-secret")
        try:
            reports = [run(read_project(workshop.root)) for _ in ("run", "reused")]
        finally:
            volume.remove()
    for report, name in product(reports, ("inside", "outside")):
        assert report.judged["zh", name].status is Status.VERIFIED
        assert capture_of(report, name).results[0].output == "‹host›"
        assert "‹address›" in capture_of(report, name).provenance.kernel_version
        refused = capture_of(report, "volume").results[0]
        assert refused.ending is Ending.REFUSED
        assert "the volume ‹host› exists" in refused.error
        assert "the volume ‹host› exists" in report.judged["zh", "volume"].error
    kept = list((tmp_path / "cache").rglob("*.json"))
    assert any('"output": "planted-secret"' in path.read_text(encoding="utf-8") for path in kept)
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def read_release() -> str:
    with open("/proc/sys/kernel/osrelease", encoding="ascii") as file:  # noqa: PTH123
        return file.read().strip()


def test_seconds_are_those_of_the_step(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Redaction):
        def __call__(self, text: str) -> str:
            time.sleep(2)
            return super().__call__(text)

    monkeypatch.setattr(runner, "Redaction", Slow)
    workshop.allow("true")
    workshop.example("quick", "$ true")
    assert capture_of(run(read_project(workshop.root)), "quick").results[0].seconds < 1


def test_each_thing_is_asked_and_judged_once(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()

    def counted(name: str, function: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            counts[name] += 1
            return function(*arguments, **options)

        return call

    monkeypatch.setitem(PROBES, "modules", counted("probe", lambda _probes: True))
    monkeypatch.setattr(runner, "judge_capture", counted("judge", judge_capture))
    for name in ("one", "two"):
        text = f'```console exec="1" id="{name}" needs="modules"\n$ docker run alpine true\n```\n'
        workshop.page(f"zh/{name}.md", text)
        workshop.page(f"en/{name}.md", text)
    for _ in ("run", "reused"):
        counts.clear()
        report = run(read_project(workshop.root))
        assert [item.status for item in report.judged.values()] == [Status.VERIFIED] * 4
        assert counts == {"probe": 1, "judge": 2}


@pytest.mark.parametrize(
    ("command", "options", "ending", "code"),
    [
        ("docker run --rm alpine false", "", Ending.ENDED, 1),
        ("docker run --rm alpine sleep 60", 'timeout="1"', Ending.TIMED_OUT, None),
        ("docker run --rm alpine no-such-command", "", Ending.REFUSED, 127),
        ("docker run --rm alpine /etc", "", Ending.REFUSED, 126),
        ("docker run --rm --runtime no-such alpine true", "", Ending.REFUSED, 125),
        ("sleep 60", 'timeout="1"', Ending.TIMED_OUT, None),
        ("no-such-command", "", Ending.ENDED, 127),
    ],
)
def test_each_outcome_has_its_kind(
    workshop: Workshop, command: str, options: str, ending: Ending, code: int | None
) -> None:
    workshop.allow(command)
    workshop.example("ends", f"$ {command}", options)
    result = capture_of(run(read_project(workshop.root)), "ends").results[0]
    assert (result.ending, result.code) == (ending, code), result


def test_a_step_after_its_shell_was_left_is_cut(workshop: Workshop) -> None:
    workshop.allow("exit 0", "true")
    workshop.example("left", "$ exit 0\n$ true")
    last = capture_of(run(read_project(workshop.root)), "left").results[-1]
    assert (last.ending, last.code) == (Ending.CUT, None)


def test_what_runs_of_another_boot_left_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three kinds of things, though the engine dates each in its own way."""
    labels = {LABEL: "another-boot/pid:[1]/1/1.0", EXAMPLE_LABEL: "x"}
    with connected() as engine:
        api = engine.client.api

        def left() -> list[int]:
            filters = {"label": [f"{LABEL}={labels[LABEL]}"]}
            return [
                len(api.containers(all=True, filters=filters)),
                len(api.networks(filters=filters)),
                len(api.volumes(filters=filters)["Volumes"] or []),
            ]

        (image, *_) = engine.client.images.list()
        api.create_container(image.id, ["true"], labels=labels)
        engine.client.networks.create("kshare-test-swept", labels=labels)
        engine.client.volumes.create("kshare-test-swept", labels=labels)
        assert left() == [1, 1, 1]
        engine.sweep()
        assert left() == [1, 1, 1], "another machine may still be at work"
        time.sleep(1.1)
        monkeypatch.setattr(runs, "STALE_SECONDS", 1)
        assert engine.sweep() >= 3
        assert left() == [0, 0, 0]
