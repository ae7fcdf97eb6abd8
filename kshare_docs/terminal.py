"""The terminal: what the command line prints of reports, verdicts, drift and progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .drift import CHANGED, LOST, NEW, SAME, Difference
from .example import Problem
from .gate import Refusal
from .runner import (
    FAILED,
    SKIPPED,
    VERIFIED,
    Judged,
    Listener,
    Report,
    failure_lines,
    why_skipped,
)
from .sets import CaptureSet

_MARKS = {VERIFIED: "✓", FAILED: "✗", SKIPPED: "–"}


class ProgressLine(Listener):
    """One line of progress on a terminal; plain lines elsewhere."""

    def __init__(self, console: Console, *, silent: bool = False) -> None:
        self._console = console
        self._silent = silent
        self._running: dict[str, None] = {}
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[running]}"),
            console=console,
            transient=True,
            disable=silent or not console.is_terminal,
        )
        self._task = self._bar.add_task("examples", total=None, running="", visible=False)

    def __enter__(self) -> ProgressLine:
        self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """A line above the progress."""
        if not self._silent:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def planned(self, total: int) -> None:
        """The bar appears, if there is anything to do."""
        self._bar.update(self._task, total=total, visible=total > 0)

    def started(self, example: str) -> None:
        """The example's name appears beside the bar."""
        self._running[example] = None
        self._show()

    def ended(self, example: str, status: str, seconds: float) -> None:
        """The bar moves on; elsewhere than on a terminal, a line is printed."""
        self._running.pop(example, None)
        self._bar.advance(self._task)
        self._show()
        if not self._console.is_terminal:
            self.say(f"{_MARKS[status]} {example} {seconds:.2f} s")

    def _show(self) -> None:
        self._bar.update(self._task, running=", ".join(tuple(self._running)[:3]))


def print_report(report: Report) -> None:
    """A table of all examples, and below it what was refused, failed or skipped."""
    console = terminal(stderr=False)
    table = Table(box=None, pad_edge=False)
    for title in ("", "example", "page", "claims", "seconds"):
        table.add_column(title, overflow="fold")
    for _, judged in sorted(report.judged.items()):
        example = judged.example
        held = sum(verdict.status == VERIFIED for verdict in judged.verdicts)
        seconds = f"{judged.capture.seconds:.2f}" if judged.capture else ""
        table.add_row(
            _MARKS[judged.status],
            example.id,
            f"{example.page}:{example.line}",
            f"{held}/{len(judged.verdicts)}",
            seconds,
        )
    if report.judged:
        console.print(table, markup=False)
    print_problems(console, report.problems)
    print_failures(console, report)
    for judged in report.judged.values():
        if judged.status == SKIPPED:
            console.print(
                f"{_where(judged)}: skipped: {why_skipped(judged)}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    counts = ", ".join(f"{report.count(s)} {s}" for s in (VERIFIED, FAILED, SKIPPED))
    console.print(f"{counts}, {len(report.problems)} refused", highlight=False)


def print_problems(console: Console, problems: tuple[Problem, ...]) -> None:
    """What was wrong before anything ran."""
    for problem in problems:
        console.print(str(problem), markup=False, highlight=False, soft_wrap=True)


def print_failures(console: Console, report: Report) -> None:
    """What failed, with file and line."""
    for judged in report.judged.values():
        if judged.status == FAILED:
            for line in failure_lines(judged):
                console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_doctor(found: dict[str, Any]) -> None:
    """What this machine offers, and what is missing."""
    console = terminal(stderr=False)
    host, engine = found["host"], found["engine"]
    print_verdict(console, found)
    rows = [
        ("kernel", host["release"]),
        ("distribution", host["distribution"]),
        ("CPUs, memory", f"{host['cpus']}, {host['memory'] / 2**30:.1f} GiB"),
        ("cgroup version", host["cgroup_version"]),
        ("Docker Engine", f"{engine['version']} at {engine['endpoint']}" if engine else "none"),
        ("shares the kernel", found["apart"] or "yes" if engine else ""),
        ("storage driver", engine["storage_driver"] if engine else ""),
        ("runtimes", ", ".join(found["runtimes"])),
    ]
    rows += [(f"image {i['name']}", f"{i['reference']}: {i['state']}") for i in found["images"]]
    for name, value in rows:
        console.print(f"{name:30} {value}", markup=False, highlight=False, soft_wrap=True)
    for item in found["missing"]:
        line = f"{'missing':30} {item['what']}\n{'':30} → {item['remedy']}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for error in found["errors"]:
        console.print(f"{'error':30} {error}", markup=False, highlight=False, soft_wrap=True)


def print_verdict(console: Console, found: dict[str, Any]) -> None:
    """The verdict over a machine, with its evidence."""
    kernels = {True: "Microsoft's build", False: "not Microsoft's build", None: "by its name"}
    rows = [("WSL2", found["verdict"])]
    if found["kernel_family"] != "other":
        rows.append(("kernel family", f"{found['kernel_family']}, {kernels[found['stock']]}"))
    for item in found["evidence"]:
        speaks = f"  → {item['speaks_for']}" if item["speaks_for"] else ""
        rows.append((f"  {item['signal']}", f"{item['value'] or 'none'}{speaks}"))
    for name, value in rows:
        console.print(f"{name:30} {value}", markup=False, highlight=False, soft_wrap=True)


def print_drift(
    console: Console, differences: list[Difference], before: CaptureSet, after: CaptureSet
) -> None:
    """What differs between two sets, and what does not."""
    kernels = [item.manifest.kernel for item in (before, after)]
    words = {CHANGED: "changed", LOST: f"only {kernels[0]}", NEW: f"only {kernels[1]}"}
    console.print(f"--- {kernels[0]} ({before.manifest.verdict})", markup=False, highlight=False)
    console.print(f"+++ {kernels[1]} ({after.manifest.verdict})", markup=False, highlight=False)
    for item in differences:
        if item.state != SAME:
            console.print(f"\n{item.id}: {words[item.state]}", markup=False, highlight=False)
            for line in item.lines:
                console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    same = [item.id for item in differences if item.state == SAME]
    console.print(f"\nthe same: {len(same)} of {len(differences)}", highlight=False)
    if same:
        console.print(f"  {', '.join(same)}", markup=False, highlight=False, soft_wrap=True)


def print_refusals(console: Console, refusals: Sequence[Refusal]) -> None:
    """Why there is no publication, each reason once, with its remedy."""
    once = tuple(dict.fromkeys(refusals))
    console.print(f"kshare: no publication, for {len(once)} reasons:", highlight=False)
    for refusal in once:
        text = f"- {refusal.reason}\n  → {refusal.remedy}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _where(judged: Judged) -> str:
    return f"{judged.example.page}:{judged.example.line}: {judged.example.id}"


def shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def terminal(*, stderr: bool = True) -> Console:
    """A console on standard error, or on standard output."""
    return Console(stderr=stderr)
