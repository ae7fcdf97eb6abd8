"""Kernels: the examples as the stored sets have them, judged by what the pages say now.

Verdicts that were reached stand. A claim that is newer than a set is judged by its record, unless
something was replaced there that could decide it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from ..data.example import Example
from ..data.report import ClaimVerdict, Judged, Status
from ..run.judge import judge_capture
from ..run.redact import PLACEHOLDER
from .capture_set import CaptureSet
from .drift import Drift, compare

ABSENT = "absent"

_UNKNOWN = ClaimVerdict(Status.SKIPPED, "newer than this capture, in which names were replaced")


@dataclass(frozen=True, slots=True)
class Cell:
    """One example on one kernel.

    Attributes:
        status: verified, failed or skipped; absent where the set lacks it, or where the example
            has other steps by now.
        drift: What became of it since the next older set; None where there is nothing to compare.
    """

    status: str
    drift: Drift | None = None


@dataclass(frozen=True, slots=True)
class KernelRow:
    """One example on all kernels, the newest first."""

    example: Example
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Kernels:
    """The sets that may appear, and the examples on each; see `judge_sets`.

    Attributes:
        sets: The newest first.
        judged: For each set its examples by id, those with other steps by now left out.
    """

    sets: tuple[CaptureSet, ...] = ()
    judged: tuple[dict[str, Judged], ...] = ()

    def records(self, example: Example) -> list[Judged]:
        """An example as the sets have it, in their order."""
        found = (judged.get(example.id) for judged in self.judged)
        return [item.on_page_of(example) for item in found if item]

    def table(self, examples: Iterable[Example]) -> list[KernelRow]:
        """Every example by every set."""
        drifts: list[dict[str, Drift]] = [
            {item.id: item.state for item in compare(older, newer)}
            for newer, older in pairwise(self.sets)
        ]
        columns = list(zip(self.sets, self.judged, [*drifts, {}], strict=False))
        return [
            KernelRow(example, tuple(_cell(example.id, *column) for column in columns))
            for example in examples
        ]


def judge_sets(
    sets: Iterable[CaptureSet], examples: Iterable[Example], *, publication: bool = False
) -> Kernels:
    """Judge the examples of all sets, each once.

    Args:
        sets: The newest first.
        examples: As pages have them; of several of one id, one counts.
        publication: Only sets of genuine WSL2 hosts may appear.
    """
    kept = tuple(item for item in sets if item.genuine or not publication)
    once = {example.id: example for example in examples}.values()
    judged = tuple({e.id: item for e in once if (item := _judge(e, captured))} for captured in kept)
    return Kernels(kept, judged)


def _judge(example: Example, captured: CaptureSet) -> Judged | None:
    capture = captured.captures.get(example.id)
    if capture is None:
        return None
    commands = tuple((result.source, result.hidden) for result in capture.results)
    if commands != example.commands:
        return None
    hidden = any(PLACEHOLDER.search(r.output) for results in capture.rounds for r in results)
    reached = {claim.expression: _UNKNOWN for claim in example.claims} if hidden else {}
    stored = captured.manifest.verdicts.get(example.id, {})
    reached |= {expression: ClaimVerdict(status) for expression, status in stored.items()}
    judged = judge_capture(example, capture, captured.manifest.host, reached)
    return replace(judged, attested=captured.attested)


def _cell(
    name: str, captured: CaptureSet, judged: dict[str, Judged], drifts: dict[str, Drift]
) -> Cell:
    if name in captured.manifest.skipped:
        return Cell(Status.SKIPPED)
    return Cell(judged[name].status, drifts.get(name)) if name in judged else Cell(ABSENT)
