"""The soak: all examples fresh, many times, half of them on busy CPUs; what was not the same.

The first two runs have two rounds each: what differs within them is volatile, as in a capture set.
Every later run is compared with them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

import msgspec
from rich.console import Console
from rich.table import Table

from kshare_docs.data.report import Report
from kshare_docs.history.capture_set import CaptureSet, make_manifest
from kshare_docs.history.drift import Drift, compare
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.run.runner import run

from .conftest import ROOT

LEARNING = 2


def main(times: int) -> int:
    """Run everything so often, and print what was not the same each time: 1 if anything was not."""
    console = Console(width=160, highlight=False, markup=False)
    project = read_project(ROOT)
    twice = {name: item.repeated(2) for name, item in project.runnables.items()}
    learning = replace(project, runnables=twice)
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    found = Table("example", "run", "what was not the same", title="The soak")
    known = CaptureSet(make_manifest(Report(project, read_host()), ""), {})
    for number in range(1, times + 1):
        learns, began = number <= LEARNING, time.monotonic()
        with contextlib.nullcontext() if number % 2 else busy():
            report = run(learning if learns else project, fresh=True)
        seconds, load = time.monotonic() - began, "idle" if number % 2 else "busy"
        console.print(f"run {number} of {times}, {load}: {seconds:.0f} s, {dict(report.counts)}")
        this = captured(report)
        known = joined(known, this) if learns else known
        for item in [] if learns else compare(known, this):
            if item.state is not Drift.SAME:
                found.add_row(item.id, str(number), "\n".join(item.lines))
        for judged in report.once:
            verdicts[judged.example.id][judged.status] += 1
            if judged.failures:
                why = "\n".join(map(str, judged.failures))
                found.add_row(judged.example.id, str(number), why)
    console.print(found)
    changing = [name for name, counts in verdicts.items() if len(counts) > 1]
    console.print(f"{times} runs of {len(verdicts)} examples; verdicts that change: {changing}")
    return 1 if found.row_count else 0


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Every CPU has something else to do."""
    load = [multiprocessing.Process(target=spin, daemon=True) for _ in os.sched_getaffinity(0)]
    for process in load:
        process.start()
    try:
        yield
    finally:
        for process in load:
            process.kill()
            process.join()


def spin() -> None:
    while True:
        pass


def captured(report: Report) -> CaptureSet:
    """What a run gave, as a set."""
    captures = {item.example.id: item.capture for item in report.once if item.capture}
    return CaptureSet(make_manifest(report, ""), captures)


def joined(first: CaptureSet, second: CaptureSet) -> CaptureSet:
    """Two sets as one, of which each capture has the rounds of both."""
    captures = dict(first.captures)
    for name, capture in second.captures.items():
        before = captures.get(name)
        more = (*before.repeats, *capture.rounds) if before else capture.repeats
        captures[name] = msgspec.structs.replace(before or capture, repeats=more)
    return CaptureSet(first.manifest, captures)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
