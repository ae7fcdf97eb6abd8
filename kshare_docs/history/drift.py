"""Drift: what differs between two capture sets once volatile parts are masked.

What varies between two rounds on one kernel is volatile, and measured to be so: sets have at least
two rounds of every example. What varies only from boot to boot is told by its form.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..data.capture import Capture, Result
from .capture_set import CaptureSet


class Drift(StrEnum):
    """What became of an example from one set to another."""

    SAME = "same"
    CHANGED = "changed"
    LOST = "lost"
    """Only the first set has it."""
    NEW = "new"
    """Only the second set has it."""


_HEX = r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]"
_VARIES = "‹varies›"
_MASKS: tuple[tuple[str, str], ...] = (
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "‹uuid›"),
    (r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b", "‹mac›"),
    (r"\b(?:sha256:)?[0-9a-f]{64}\b", "‹id›"),
    (rf"\b{_HEX}{{12}}\b", "‹id›"),
    (r"\boverlay2/l/[A-Z0-9]{8,26}\b", "overlay2/l/‹id›"),
    (r"\bsnapshots/\d+\b", "snapshots/‹id›"),
    (r"\b([a-z_]+):\[\d+\]", r"\1:[‹inode›]"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?=[/:\s]|$)", "‹ipv4›"),
    (
        r"(?<![\w:.])(?=[0-9a-f]*:[0-9a-f:]*(?:::|(?::[0-9a-f]+){6})|[0-9a-f]+::)[0-9a-f:]{4,39}\b",
        "‹ipv6›",
    ),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d{4})?", "‹time›"),
    (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", "‹time›"),
    (r"(?m)^\[ *\d+\.\d+\]", "[‹time›]"),
    (r"(?m)^(btime|processes|ctxt) \d+$", r"\1 ‹count›"),
    (r"(?m)^(N[Ss]?pid|Pid|PPid|Tgid):.*$", r"\1: ‹pid›"),
    (r"\b\d+(?:\.\d+)? ?(?:ms|s|seconds|secs)\b", "‹duration›"),
    (r"(?m)^\d+\.\d+$", "‹measured›"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one example between two sets.

    Attributes:
        id: The example's.
        state: What became of it.
        lines: A readable diff where it changed; why it is missing where that is known.
    """

    id: str
    state: Drift
    lines: tuple[str, ...] = ()


def compare(before: CaptureSet, after: CaptureSet) -> list[Difference]:
    """Every example of two sets, in the order of their ids."""
    names = sorted(before.captures.keys() | after.captures.keys())
    return [_compare(name, before, after) for name in names]


def mask(text: str) -> str:
    """A text without what another run on the same kernel changes: ids, inodes, times, addresses."""
    for pattern, mark in _MASKS:
        text = re.sub(pattern, mark, text)
    return text


def _compare(name: str, before: CaptureSet, after: CaptureSet) -> Difference:
    old, new = before.captures.get(name), after.captures.get(name)
    if new is None:
        return Difference(name, Drift.LOST, _why(name, after.manifest.skipped))
    if old is None:
        return Difference(name, Drift.NEW, _why(name, before.manifest.skipped))
    lines = _diff(old, new)
    return Difference(name, Drift.CHANGED if lines else Drift.SAME, lines)


def _why(name: str, skipped: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    needs = skipped.get(name, ())
    return (f"needs {' '.join(needs)}",) if needs else ()


def _diff(old: Capture, new: Capture) -> tuple[str, ...]:
    sources = [[result.source for result in capture.results] for capture in (old, new)]
    if sources[0] != sources[1]:
        return ("the example itself changed: its steps differ", *_unified(*sources))
    lines: list[str] = []
    for number, result in enumerate(old.results):
        before, after = _step_lines(old, number), _step_lines(new, number)
        if _settled(before) == _settled(after):
            continue  # the same lines, in whatever order; how many vary, varies too
        if len(before) == len(after):
            both = list(zip(before, after, strict=True))
            before = [_VARIES if _VARIES in pair else pair[0] for pair in both]
            after = [_VARIES if _VARIES in pair else pair[1] for pair in both]
        if changed := _unified(before, after):
            lines += [f"$ {result.source}", *changed]
    return tuple(lines)


def _step_lines(capture: Capture, number: int) -> list[str]:
    """The lines of a step; those in which the rounds of one set differ vary."""
    rounds = [_lines(results[number]) for results in capture.rounds if number < len(results)]
    first = rounds[0]
    if any(len(lines) != len(first) for lines in rounds):
        kept = set(first).intersection(*rounds)
        return [line if line in kept else _VARIES for line in first]
    return [same[0] if len(set(same)) == 1 else _VARIES for same in zip(*rounds, strict=True)]


def _settled(lines: list[str]) -> list[str]:
    return sorted(line for line in lines if line != _VARIES)


def _lines(result: Result) -> list[str]:
    code = [f"exit {result.code}"] if result.code else []
    return [*map(mask, result.lines), *code]


def _unified(before: list[str], after: list[str]) -> list[str]:
    """The lines of a diff, without the two that would name files."""
    return list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]
