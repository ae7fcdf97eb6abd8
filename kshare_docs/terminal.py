"""The terminal: what the command line prints of reports, verdicts, drift and progress."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .data.needs import why_skipped
from .data.problem import Problem
from .data.report import Judged, Report, Status
from .history.capture_set import CaptureSet
from .history.drift import Difference, Drift
from .run.progress import Listener
from .site.gate import Refusal

_MARKS = {Status.VERIFIED: "✓", Status.FAILED: "✗", Status.SKIPPED: "–"}


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
            print_line(self._console, text)

    def planned(self, total: int) -> None:
        """The bar appears, if there is anything to do."""
        self._bar.update(self._task, total=total, visible=total > 0)

    def started(self, example: str) -> None:
        """The example's name appears beside the bar."""
        self._running[example] = None
        self._show()

    def ended(self, judged: Judged) -> None:
        """The bar moves on; elsewhere than on a terminal, a line is printed."""
        self._running.pop(judged.example.id, None)
        self._bar.advance(self._task)
        self._show()
        if not self._console.is_terminal:
            self.say(f"{_MARKS[judged.status]} {judged.example.id} {judged.seconds:.2f} s")

    def _show(self) -> None:
        self._bar.update(self._task, running=", ".join(tuple(self._running)[:3]))


def console(*, stderr: bool = True) -> Console:
    """A console on standard error, or on standard output."""
    return Console(stderr=stderr)


def print_line(console: Console, text: object) -> None:
    """A line as it is: no markup, no colours, not wrapped."""
    console.print(str(text), markup=False, highlight=False, soft_wrap=True)


def print_report(report: Report) -> None:
    """A table of all examples, and below it what was refused, failed or skipped."""
    out = console(stderr=False)
    table = Table(box=None, pad_edge=False)
    for title in ("", "example", "page", "claims", "seconds"):
        table.add_column(title, overflow="fold")
    for _, judged in sorted(report.judged.items()):
        example = judged.example
        held = sum(verdict.status is Status.VERIFIED for verdict in judged.verdicts)
        table.add_row(
            _MARKS[judged.status],
            example.id,
            f"{example.page}:{example.line}",
            f"{held}/{len(judged.verdicts)}",
            f"{judged.seconds:.2f}" if judged.capture else "",
        )
    if report.judged:
        out.print(table, markup=False)
    print_problems(out, report.problems)
    print_failures(out, report)
    for judged in report.judged.values():
        if judged.status is Status.SKIPPED:
            what = f"skipped: {why_skipped(judged.missing)}"
            print_line(out, judged.example.problem(what))
    print_line(out, f"{describe_counts(report)}, {len(report.problems)} refused")


def describe_counts(report: Report) -> str:
    """How many examples were verified, failed and skipped."""
    return ", ".join(f"{number} {status}" for status, number in report.counts.items())


def print_problems(console: Console, problems: Iterable[Problem]) -> None:
    """What is wrong, a line each."""
    for problem in problems:
        print_line(console, problem)


def print_failures(console: Console, report: Report) -> None:
    """What failed, with file and line."""
    for judged in report.judged.values():
        print_problems(console, judged.failures)


def print_doctor(found: dict[str, Any]) -> None:
    """What this machine offers, and what is missing."""
    out = console(stderr=False)
    host, engine = found["host"], found["engine"]
    print_verdict(out, found)
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
    for item in found["missing"]:
        rows += [("missing", item["what"]), ("", f"→ {item['remedy']}")]
    rows += [("error", error) for error in found["errors"]]
    _print_rows(out, rows)


def print_verdict(console: Console, found: dict[str, Any]) -> None:
    """The verdict over a machine, with its evidence."""
    kernels = {True: "Microsoft's build", False: "not Microsoft's build", None: "by its name"}
    rows = [("WSL2", found["verdict"])]
    if found["kernel_family"] != "other":
        rows.append(("kernel family", f"{found['kernel_family']}, {kernels[found['stock']]}"))
    for item in found["evidence"]:
        speaks = f"  → {item['speaks_for']}" if item["speaks_for"] else ""
        rows.append((f"  {item['signal']}", f"{item['value'] or 'none'}{speaks}"))
    _print_rows(console, rows)


def _print_rows(console: Console, rows: Iterable[tuple[str, str]]) -> None:
    for name, value in rows:
        print_line(console, f"{name:30} {value}")


def print_drift(
    console: Console, differences: list[Difference], before: CaptureSet, after: CaptureSet
) -> None:
    """What differs between two sets, and what does not."""
    kernels = [item.manifest.kernel for item in (before, after)]
    words = {
        Drift.CHANGED: "changed",
        Drift.LOST: f"only {kernels[0]}",
        Drift.NEW: f"only {kernels[1]}",
    }
    print_line(console, f"--- {kernels[0]} ({before.manifest.verdict})")
    print_line(console, f"+++ {kernels[1]} ({after.manifest.verdict})")
    for item in differences:
        if item.state is not Drift.SAME:
            print_line(console, f"\n{item.id}: {words[item.state]}")
            for line in item.lines:
                print_line(console, f"  {line}")
    same = [item.id for item in differences if item.state is Drift.SAME]
    print_line(console, f"\nthe same: {len(same)} of {len(differences)}")
    if same:
        print_line(console, f"  {', '.join(same)}")


def print_refusals(console: Console, refusals: Sequence[Refusal]) -> None:
    """Why there is no publication, each reason once, with its remedy."""
    once = tuple(dict.fromkeys(refusals))
    print_line(console, f"kshare: no publication, for {len(once)} reasons:")
    for refusal in once:
        print_line(console, f"- {refusal.reason}\n  → {refusal.remedy}")


def short_path(path: Path) -> str:
    """A path as short as it can be said from here."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
