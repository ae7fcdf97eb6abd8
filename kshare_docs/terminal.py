"""The terminal: what the command line prints of reports, verdicts, drift and progress.

Longer than most modules: every form of output, and where it goes, stand together.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .data.capture import CONTROL, visible
from .data.needs import why_skipped
from .data.problem import Problem, once_a_cause
from .data.report import Judged, Report, Status
from .history.capture_set import CaptureSet
from .history.drift import Difference, Drift
from .run.runner import Listener
from .site.gate import Refusal

_PLAIN = {"✓": "v", "✗": "x", "–": "-", "→": "->", "…": "...", "‹": "<", "›": ">"}
"""Signs, as an encoding without them has them."""

_LEAST_WIDTH = 60

_MARKS = {Status.VERIFIED: "✓", Status.FAILED: "✗", Status.SKIPPED: "–"}


class Output(io.TextIOWrapper):
    """A standard stream that takes everything: what it cannot write ends no run.

    Attributes:
        fault: Why nothing more arrives; None as long as it does.
    """

    fault: OSError | None = None

    def write(self, text: str) -> int:
        """Write what the encoding has, and something like it for the rest."""
        with self._forgiving():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is still held back."""
        with self._forgiving():
            super().flush()

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.fault = self.fault or error
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
                os.dup2(nowhere.fileno(), self.fileno())


@contextlib.contextmanager
def standard_streams() -> Iterator[Output]:
    """Let standard output and error take everything meanwhile, and give the former.

    They may be closed, full, without a reader, or of an encoding that lacks what is written.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        pass  # else the next file that is opened would be taken for the one that is closed
    os.close(number)
    codecs.register_error("kshare", _replace_unknown)
    before = sys.stdout, sys.stderr
    streams = []
    for number, stream in enumerate(before, 1):
        buffer = stream.buffer if stream else open(number, "wb", closefd=False)  # noqa: SIM115
        encoding = stream.encoding if stream else "utf-8"
        streams.append(Output(buffer, encoding, "kshare", line_buffering=True))
    sys.stdout, sys.stderr = streams
    try:
        yield streams[0]
    finally:
        for output in streams:
            output.flush()
        sys.stdout, sys.stderr = before
        for output in streams:
            output.detach()


def _replace_unknown(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks; within JSON, it means the same."""
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101
    unknown = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c) or json.dumps(c)[1:-1] for c in unknown), error.end


class ProgressLine(progress.Progress, Listener):
    """One line of progress on a terminal; plain lines elsewhere. All on standard error."""

    def __init__(self, *, silent: bool = False) -> None:
        console = _console(stderr=True)
        super().__init__(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(20),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TextColumn("{task.fields[running]}"),
            console=console,
            transient=True,
            disable=silent or not console.is_terminal,
        )
        self._silent = silent
        self._running: dict[str, None] = {}
        self._bar = self.add_task("examples", total=None, running="", visible=False)

    def say(self, text: str) -> None:
        """A line above the progress."""
        if not self._silent:
            with contextlib.suppress(OSError):  # a full disk under the log fails no example
                self.console.out(visible(text), highlight=False)

    def planned(self, total: int) -> None:
        """The bar appears, if there is anything to do."""
        self.update(self._bar, total=total, visible=total > 0)

    def started(self, example: str) -> None:
        """The example's name appears beside the bar."""
        self._running[example] = None
        self._show()

    def ended(self, judged: Judged) -> None:
        """The bar moves on; elsewhere than on a terminal, a line is printed."""
        self._running.pop(judged.example.id, None)
        self.advance(self._bar)
        self._show()
        if not self.console.is_terminal:
            self.say(f"{_MARKS[judged.status]} {judged.example.id} {judged.seconds:.2f} s")

    def _show(self) -> None:
        self.update(self._bar, running=", ".join(tuple(self._running)[:3]))


def _console(*, stderr: bool = False) -> Console:
    """A console on which something can be read, whatever COLUMNS says."""
    console = Console(stderr=stderr)
    console.width = max(console.width, _LEAST_WIDTH)
    return console


def print_lines(lines: Iterable[object], *, err: bool = True) -> None:
    """Lines on standard error, or on standard output."""
    for line in lines:
        print_line(line, err=err)


def print_problems(problems: Iterable[Problem], root: Path, *, err: bool = True) -> None:
    """Problems with their codes and the lines that are meant; where it can be, in colours."""
    console = _console(stderr=err)
    kinds: dict[str, None] = {}
    for problem in problems:
        kinds |= {problem.kind: None} if problem.kind else {}
        text = problem.describe(root)
        if not console.is_terminal:
            print_line(text, err=err)
            continue
        styled = Text(visible(text))
        styled.highlight_regex(r"^\S+?:(?=\s)", "bold")
        styled.highlight_regex(r"\[KS\d+\]", "cyan")
        styled.highlight_regex(r"(?m)^ +\^+$", "red")
        console.print(styled, soft_wrap=True, highlight=False)
    if kinds and console.is_terminal:
        print_line(f"more about a code: kshare explain {next(iter(kinds))}", err=err)


def print_line(line: object, *, err: bool = False) -> None:
    """A line on standard output, or on standard error.

    What a terminal would obey is made visible. Click's own function would write UTF-8 where
    standard output is ASCII.
    """
    (sys.stderr if err else sys.stdout).write(f"{visible(str(line))}\n")


def print_json(data: object) -> None:
    """Data for other programs."""
    plain = codecs.lookup(sys.stdout.encoding).name != "utf-8"
    text = json.dumps(data, ensure_ascii=plain, indent=1)
    sys.stdout.write(CONTROL.sub(lambda match: json.dumps(match[0])[1:-1], text) + "\n")


def print_report(report: Report) -> None:
    """A table of all examples, and below it what was refused, failed or skipped."""
    table = Table(box=None, pad_edge=False)
    for title in ("", "example", "page", "claims", "seconds"):
        table.add_column(title, overflow="fold")
    for _, judged in sorted(report.judged.items()):
        example = judged.example
        held = sum(verdict.status is Status.VERIFIED for verdict in judged.verdicts)
        table.add_row(
            _MARKS[judged.status],
            example.id,
            visible(f"{example.page}:{example.line}"),
            f"{held}/{len(judged.verdicts)}",
            f"{judged.seconds:.2f}" if judged.capture else "",
        )
    if report.judged:
        _console().print(table, markup=False)
    print_faults(report, err=False)
    skipped = (
        judged.example.problem(f"skipped: {why_skipped(judged.missing)}")
        for judged in report.judged.values()
        if judged.status is Status.SKIPPED
    )
    print_lines(once_a_cause(skipped), err=False)
    print_line(f"{describe_counts(report)}, {len(report.problems)} refused")


def describe_counts(report: Report) -> str:
    """How many examples were verified, failed and skipped."""
    return ", ".join(f"{number} {status}" for status, number in report.counts.items())


def print_faults(report: Report, *, err: bool = True) -> None:
    """What was refused, and what failed, with file and line."""
    root = report.project.root
    print_problems(report.problems, root, err=err)
    failed = [judged for judged in report.judged.values() if judged.failures]
    refused = (problem for judged in failed if not judged.capture for problem in judged.failures)
    print_problems(once_a_cause(refused), root, err=err)
    for judged in failed:
        if judged.capture:
            print_problems(judged.failures, root, err=err)


def print_doctor(found: dict[str, Any]) -> None:
    """The verdict over a machine with its evidence; of this one, what it offers and what not."""
    kernels = {True: "Microsoft's build", False: "not Microsoft's build", None: "by its name"}
    rows = [("WSL2", found["verdict"])]
    if found["kernel_family"] != "other":
        rows.append(("kernel family", f"{found['kernel_family']}, {kernels[found['stock']]}"))
    for item in found["evidence"]:
        speaks = f"  → {item['speaks_for']}" if item["speaks_for"] else ""
        rows.append((f"  {item['signal']}", f"{item['value'] or 'none'}{speaks}"))
    if "host" in found:
        rows += _offers(found)
    print_lines((f"{name:30} {value}" for name, value in rows), err=False)


def _offers(found: dict[str, Any]) -> list[tuple[str, str]]:
    host, engine = found["host"], found["engine"]
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
    return rows + [("error", error) for error in found["errors"]]


def print_drift(differences: list[Difference], before: CaptureSet, after: CaptureSet) -> None:
    """What differs between two sets, and what does not."""
    old, new = before.manifest, after.manifest
    words = {
        Drift.CHANGED: "changed",
        Drift.LOST: f"only {old.kernel}",
        Drift.NEW: f"only {new.kernel}",
    }
    heads = (f"--- {old.kernel} ({old.verdict})", f"+++ {new.kernel} ({new.verdict})")
    print_lines(heads, err=False)
    for item in differences:
        if item.state is not Drift.SAME:
            lines = (f"\n{item.id}: {words[item.state]}", *(f"  {line}" for line in item.lines))
            print_lines(lines, err=False)
    same = [item.id for item in differences if item.state is Drift.SAME]
    print_line(f"\nthe same: {len(same)} of {len(differences)}")
    if same:
        print_lines([f"  {', '.join(same)}"], err=False)


def print_refusals(refusals: Sequence[Refusal]) -> None:
    """Why there is no publication, each reason once, with its remedy."""
    once = tuple(dict.fromkeys(refusals))
    print_line(f"kshare: no publication, for {len(once)} reasons:", err=True)
    print_lines(f"- {refusal.reason}\n  → {refusal.remedy}" for refusal in once)


def short_path(path: Path) -> str:
    """A path as short as it can be said from here."""
    path, here = path.resolve(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
