"""Measurements: every round counts, and the scale holds every run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kshare_docs.article.measurements import Sample, Scale, significant
from kshare_docs.article.views import RunContext, render_view
from kshare_docs.data.capture import Capture, Provenance, Result
from kshare_docs.data.example import Example, Options, View
from kshare_docs.data.report import ClaimVerdict, Judged, Report, Status
from kshare_docs.history.kernels import Kernels
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.run.judge import judge_refused, judge_skipped
from kshare_docs.site.lookup import ViewError
from kshare_docs.words import load_words

from .conftest import ROOT, Workshop


def context(*outputs: str, status: Status = Status.VERIFIED, code: int = 0) -> RunContext:
    """What a view may ask of a run of one example, whose step printed this in its rounds."""
    rounds = tuple(
        (
            Result("set-up", hidden=True, output="", code=0, seconds=9.0),
            Result("measure", hidden=False, output=output, code=code, seconds=float(number)),
        )
        for number, output in enumerate(outputs, 1)
    )
    made = Capture("m", rounds[0], (), Provenance(*[""] * 9), rounds[1:]) if rounds else None
    example = Example("m", "docs/en/p.md", "en", 1, (), (), Options())
    judged = {("en", "m"): Judged(example, status, made)}
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


def test_what_failed_is_no_measurement() -> None:
    failed = context("Error: No such object", status=Status.FAILED)
    assert (failed.runs("m", 1), failed.numbers("m", 1)) == ((), ())
    assert failed.output("m", 1) == ""
    assert failed.why_missing("m") == "the example failed, and says why on its page"
    claimed = context("Error: No such object", code=1)
    assert claimed.numbers("m", 1) == ()
    assert claimed.output("m", 1) == "Error: No such object"
    assert claimed.why_missing("m") == ""


def test_a_view_gets_what_the_page_shows() -> None:
    run = context("\x1b[1m4.5\x1b[0m\x1b[K")
    assert run.output("m", 1) == "4.5"
    assert run.numbers("m", 1) == (4.5,)


OUTPUT = "Error: No such object: x"


def _failed(example: Example, code: int) -> Judged:
    result = Result("x", hidden=False, output=OUTPUT, code=code, seconds=1.0)
    results = (result,) * len(example.steps)
    return Judged(example, Status.FAILED, Capture(example.id, results, (), Provenance(*[""] * 9)))


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (lambda example: judge_refused(example, "no room"), "the example failed"),
        (
            lambda example: judge_skipped(example, {"runsc": ""}),
            "no container runs here with the runtime runsc",
        ),
        (lambda example: _failed(example, 0), "the example failed"),
        (lambda example: _failed(example, 1), "the example failed"),
        (lambda example: replace(_failed(example, 1), status=Status.VERIFIED), "not measured"),
    ],
    ids=["did not run", "was skipped", "failed", "failed with a code", "holds, with a code"],
)
def test_every_view_says_what_it_lacks(what: Callable[[Example], Judged], says: str) -> None:
    """The project's own views, of a run that gave nothing."""
    project = read_project(ROOT)
    claimed = {(e.lang, e.id): what(e) for e in project.examples}
    judged = {
        key: replace(item, verdicts=(ClaimVerdict(item.status),) * len(item.example.claims))
        for key, item in claimed.items()
    }
    report = Report(project, read_host(), judged)
    views = {
        (view.lang, view.name): str(render_view(ROOT, view, report, Kernels()))
        for view in project.views
    }
    comparison = views["en", "comparison"]
    assert comparison.count("<table>") == 3
    assert comparison.count(says) >= 12
    assert "<svg" not in comparison or says == "not measured"
    assert views["en", "summary"].count(says) == 3
    if says != "not measured":
        assert says in views["en", "drawing"]
        assert says in views["en", "namespaces"]
    assert OUTPUT not in comparison + views["zh", "comparison"]


MEASURED = {
    ("measure-host", 1): 0.5,
    ("measure-host", 2): 1.0,
    ("measure", 3): 1.0,
    ("measure", 4): 1234.0,
    ("measure-gvisor", 2): 3.0,
    ("measure-gvisor", 3): 2.0,
}
"""What visible steps of the measurements gave: the same for start, loop and memory."""


def _measured(example: Example) -> Judged:
    """One round of a measurement; what is none was skipped."""
    if example.id not in {name for name, _ in MEASURED}:
        return judge_skipped(example, {"runsc": ""})
    results, number = [], 0
    for step in example.steps:
        number += not step.hidden
        value = MEASURED.get((example.id, number), 0.0)
        output = f"start {value} s, loop {value} s, memory {value} MiB"
        results.append(Result(step.source, step.hidden, output, code=0, seconds=1.0))
    made = Capture(example.id, tuple(results), (), Provenance(*[""] * 9))
    return Judged(example, Status.VERIFIED, made)


def shown(name: str, lang: str, verdict: str = "other", **skipped: str) -> str:
    """A view of this project, of a run in which only the measurements ran."""
    project = read_project(ROOT)
    judged = {
        (e.lang, e.id): judge_skipped(e, {skipped[e.id.replace("-", "_")]: ""})
        if e.id.replace("-", "_") in skipped
        else _measured(e)
        for e in project.examples
    }
    host = msgspec.structs.replace(read_host(), verdict=verdict)
    (view,) = (v for v in project.views if (v.name, v.lang) == (name, lang))
    return str(render_view(ROOT, view, Report(project, host, judged), Kernels()))


def test_the_summary_compares_with_the_container_of_the_same_rounds() -> None:
    rows = re.findall(r"<tr><th.*?</tr>", shown("summary", "en"), re.DOTALL)
    ratios = [re.findall(r"×([\d.,]+)", row) for row in rows[-3:]]
    assert ratios == [["1"] * 3, ["1.5"] * 3, ["1,200"] * 3]
    assert all("kshare-amount" in row for row in rows[-3:])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_summary_says_why_a_runtime_is_absent(lang: str) -> None:
    summary = shown("summary", lang, measure_gvisor="runsc")
    assert len(re.findall("×", summary)) == 2 * 3 + 1
    assert str(load_words(lang)["needs"]["runsc"]) in summary
    assert str(load_words(lang)["needs"]["runsc"]) in shown(
        "comparison", lang, measure_gvisor="runsc"
    )


def test_charts_say_their_scale_and_tables_are_folded() -> None:
    comparison = shown("comparison", "en")
    assert comparison.count(">logarithmic: each mark is 10 times the one before</text>") == 2 * 3
    folded = re.findall(r"<details.*?</details>", comparison, re.DOTALL)
    assert len(folded) == comparison.count("<table>") == 3
    assert all("<table>" in part for part in folded)


def test_a_host_that_is_not_wsl2_is_drawn_as_it_is() -> None:
    elsewhere, wsl2 = shown("drawing", "en"), shown("drawing", "en", verdict="wsl2")
    for drawing in re.findall(r"<svg.*?</svg>", elsewhere, re.DOTALL):
        solid, _, dashed = drawing.partition('<g class="sketch">')
        assert "The host that built this site" in solid
        assert "boot_id" in solid.partition("</desc>")[2]
        assert "Windows" not in solid.partition("</desc>")[2]
        assert "Windows kernel" in dashed
        assert "boot_id" not in dashed, "WSL2 was not there: it has no value"
    assert elsewhere.count('<g class="sketch">') == 2
    assert "sketch" not in wsl2
    assert wsl2.count("Windows kernel</text>") == 2


def test_significant() -> None:
    given = (0.00123, 0.8, 0.996, 1.04, 9.96, 14.2, 148.6, 1234.0)
    says = ["0.0012", "0.80", "1.0", "1.0", "10", "14", "150", "1,200"]
    assert [significant(value) for value in given] == says


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
