"""Measurements: every round counts, and the scale holds every run."""

from __future__ import annotations

from typing import Any

import pytest

from kshare_docs.article.measurements import Sample, Scale
from kshare_docs.article.views import RunContext
from kshare_docs.data.capture import Capture, Provenance, Result
from kshare_docs.data.example import Example, Options, View
from kshare_docs.data.report import Judged, Report, Status
from kshare_docs.history.kernels import Kernels
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.lookup import ViewError

from .conftest import ROOT, Workshop


def context(*outputs: str) -> RunContext:
    """What a view may ask of a run of one example, whose step printed this in its rounds."""
    rounds = tuple(
        (
            Result("set-up", hidden=True, output="", code=0, seconds=9.0),
            Result("measure", hidden=False, output=output, code=0, seconds=float(number)),
        )
        for number, output in enumerate(outputs, 1)
    )
    made = Capture("m", rounds[0], (), Provenance(*[""] * 9), rounds[1:]) if rounds else None
    example = Example("m", "docs/en/p.md", "en", 1, (), (), Options())
    judged = {("en", "m"): Judged(example, Status.VERIFIED, made)}
    report = Report(read_project(ROOT), read_host(), judged)
    return RunContext(report, View("v", "docs/en/p.md", "en", 9), Kernels())


def test_every_round_counts() -> None:
    run = context("4.0", "2", "3", "1e3")
    assert run.numbers("m", 1) == (4.0, 2.0, 3.0, 1000.0)
    assert run.output("m", 1) == "4.0"
    assert context("start 2 s, loop 3 s", "start 4 s").numbers("m", 1, 2) == (2.0, 4.0)
    with pytest.raises(ValueError, match="'about'"):
        context("about 3").numbers("m", 1)
    with pytest.raises(IndexError):
        context("start 2 s", "").numbers("m", 1, 2)


def test_what_did_not_run_has_no_rounds() -> None:
    run = context()
    assert not run.numbers("m", 1)
    assert run.output("m", 1) == ""
    with pytest.raises(ViewError, match="there is no example 'n'"):
        run.output("n", 1)


def test_median_and_quartiles() -> None:
    sample = Sample((1.0, 2.0, 3.0, 4.0, 100.0))
    assert (sample.median, sample.quartiles) == (3.0, (2.0, 4.0))
    assert Sample((7.0,)).quartiles == (7.0, 7.0)


def test_scale() -> None:
    scale = Scale.around([Sample((0.002, 0.03)), Sample((5.0,))])
    assert (scale.low, scale.high) == (0.001, 10.0)
    assert scale.ticks == pytest.approx([0.001, 0.01, 0.1, 1.0, 10.0])
    assert scale.place(0.1) == pytest.approx(0.5)
    assert Scale.around([Sample((1.0,))]).high == 10.0
    for wrong in ([Sample((0.0,))], []):
        with pytest.raises(ValueError, match=r"domain|empty|positive"):
            Scale.around(wrong)


@pytest.mark.live
def test_rounds_run_one_after_the_other_and_alone(workshop: Workshop) -> None:
    clock = "$ docker run --rm alpine cut -d ' ' -f 1 /proc/uptime"
    workshop.example("noise", "$ docker run --rm alpine sleep 2")
    workshop.example(
        "rounds",
        f"{clock}\n{clock}\n#? runs[1][0] != runs[1][1] != runs[1][2]  # each round is a run\n"
        "#? len(times[2]) == 3 and median(times[2]) > 0  # all are timed",
        'alone="1" repeat="3"',
    )
    report: dict[str, Any] = workshop.check(code=0)
    assert report["summary"] == {"verified": 2, "failed": 0, "skipped": 0}
