"""Kernels: the examples as the stored sets have them, judged anew by what the pages say now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .drift import compare
from .example import Example
from .runner import SKIPPED, Judged, judge_example
from .sets import CaptureSet

ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Cell:
    """One example on one kernel.

    Attributes:
        status: verified, failed or skipped; absent where the set lacks it, or where the example
            has other steps by now.
        drift: What became of it since the next older set: same, changed or new; empty where there
            is nothing to compare.
    """

    status: str
    drift: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One example on all kernels, the newest first."""

    example: Example
    cells: tuple[Cell, ...]


def shown(sets: Iterable[CaptureSet], *, publication: bool) -> list[CaptureSet]:
    """The sets that may appear: on a publication, those of genuine WSL2 hosts only."""
    return [item for item in sets if item.genuine or not publication]


def stored(example: Example, sets: Iterable[CaptureSet]) -> list[Judged]:
    """An example as stored sets have it, in their order; those with other steps are left out."""
    found = (recorded(example, item) for item in sets)
    return [judged for judged in found if judged is not None]


def recorded(example: Example, captured: CaptureSet) -> Judged | None:
    """An example as one set has it."""
    capture = captured.captures.get(example.id)
    if capture is None:
        return None
    commands = tuple((result.source, result.hidden) for result in capture.results)
    if commands != example.commands:
        return None
    return judge_example(example, capture, captured.manifest.host)


def table(examples: Iterable[Example], sets: Sequence[CaptureSet]) -> list[Row]:
    """Every example by every set; sets come newest first."""
    drifts: list[dict[str, str]] = [
        {item.id: item.state for item in compare(older, newer)} for newer, older in pairwise(sets)
    ]
    drifts.append({})
    return [
        Row(
            example,
            tuple(
                _cell(example, captured, states.get(example.id, ""))
                for captured, states in zip(sets, drifts, strict=True)
            ),
        )
        for example in examples
    ]


def _cell(example: Example, captured: CaptureSet, drift: str) -> Cell:
    if example.id in captured.manifest.skipped:
        return Cell(SKIPPED)
    judged = recorded(example, captured)
    return Cell(judged.status, drift) if judged else Cell(ABSENT)
