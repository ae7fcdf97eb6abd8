"""Stored sets on pages: judged anew, holes visible, and never a marked one on a publication."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest

from kshare_docs.data.capture import Capture, Provenance, Result
from kshare_docs.data.example import Claim, Example, Options, Step
from kshare_docs.data.report import ClaimVerdict, Judged, Status
from kshare_docs.history.capture_set import CaptureSet, Manifest
from kshare_docs.history.drift import Drift
from kshare_docs.history.kernels import Cell, judge_sets
from kshare_docs.machine.host import read_host
from kshare_docs.site.figure import render_figure

EXAMPLE = Example(
    "kernel",
    "docs/en/p.md",
    "en",
    2,
    (Step("uname -r", 3),),
    (Claim('out[1].startswith("6.") and host["cgroup_version"] == "2"', "it is six", 4),),
    Options(),
)
HOST = msgspec.structs.replace(read_host().public, cgroup_version="2")


def captured(
    kernel: str, output: str, verdict: str = "wsl2", command: str = "uname -r"
) -> CaptureSet:
    provenance = Provenance("t", kernel, "v", "x86_64", "Debian", verdict, "28", "overlay2", "2")
    result = Result(command, hidden=False, output=output, code=0, seconds=1.0)
    capture = Capture("kernel", (result,), (), provenance)
    manifest = Manifest(kernel, HOST, verdict, "2026-01-01T00:00:00Z", "", {}, {})
    return CaptureSet(manifest, {"kernel": capture})


def stored(example: Example, sets: list[CaptureSet]) -> list[Judged]:
    return judge_sets(sets, [example]).records(example)


def skipped(kernel: str) -> CaptureSet:
    found = captured(kernel, "")
    manifest = msgspec.structs.replace(found.manifest, skipped={"kernel": ("wslc",)})
    return CaptureSet(manifest, {})


def test_the_table() -> None:
    sets = [
        captured("6.18", "6.18.1"),
        captured("6.6", "6.6.1"),
        captured("6.5", "6.6.1"),
        captured("5.15", "5.15.1"),
        skipped("5.10"),
        CaptureSet(captured("5.4", "").manifest, {}),
        captured("4.19", "4.19", command="uname -a"),
    ]
    (row,) = judge_sets(sets, [EXAMPLE]).table([EXAMPLE])
    assert row.cells == (
        Cell("verified", Drift.CHANGED),
        Cell("verified", Drift.SAME),
        Cell("verified", Drift.CHANGED),
        Cell("failed", Drift.NEW),
        Cell("skipped"),
        Cell("absent"),
        Cell("absent"),
    )
    assert [item.status for item in stored(EXAMPLE, sets)] == [
        "verified",
        "verified",
        "verified",
        "failed",
    ]


def test_only_genuine_sets_are_published() -> None:
    sets = [captured("6.18", "6.18", verdict="other"), captured("6.6", "6.6.1")]
    assert judge_sets(sets, [], publication=False).sets == tuple(sets)
    assert judge_sets(sets, [], publication=True).sets == tuple(sets[1:])


def test_tabs() -> None:
    sets = [captured("6.18", "6.18.1<b>"), captured("6.6", "6.6", verdict="other")]
    (here,) = stored(EXAMPLE, [captured("6.12", "6.12", verdict="other")])
    html = str(render_figure(here, "en", stored=stored(EXAMPLE, sets)))
    labels = re.findall(r'<label for="__kernel_kernel_\d">(.*?)</label>', html)
    assert labels == ["this host", "6.18 (not attested)", "6.6 (preview) (not attested)"]
    assert html.count('checked="checked"') == 1
    assert re.search(r'checked="checked" id="__kernel_kernel_1"', html)
    assert "6.18.1&lt;b&gt;" in html
    assert html.count("· WSL2</summary>") == 1
    assert html.count("· preview</summary>") == 2


def test_one_kernel_needs_no_tabs() -> None:
    (here,) = stored(EXAMPLE, [captured("6.18", "6.18.1")])
    for others in ([], [captured("6.18", "6.18.1")]):
        assert "tabbed" not in str(render_figure(here, "en", stored=stored(EXAMPLE, others)))


@pytest.mark.parametrize(("others", "first"), [([captured("6.18", "6.18.1")], "2"), ([], "")])
def test_a_skipped_example_shows_what_a_host_that_had_it_gave(
    others: list[CaptureSet], first: str
) -> None:
    example = replace(EXAMPLE, options=Options(needs=("wslc",)))
    here = Judged(
        example, Status.SKIPPED, verdicts=(ClaimVerdict(Status.SKIPPED),), missing={"wslc": ""}
    )
    html = str(render_figure(here, "en", stored=stored(example, others)))
    assert "there is no wslc here" in html
    found = re.search(r'checked="checked" id="__kernel_kernel_(\d)"', html)
    assert (found[1] if found else "") == first
