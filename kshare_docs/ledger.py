"""The ledger: what became of each claim of the article."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .article import Entry
from .example import OUTCOMES
from .runner import FAILED, SKIPPED, VERIFIED, Judged

UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one claim of the article.

    Attributes:
        id: Key of the claim.
        entry: The claim.
        status: verified, corrected or refuted by a claim of an example that holds; failed where
            one does not; skipped where no example that decides it could run; undecided where
            there is none.
        deciders: The examples that decide it, in the order of the pages.
    """

    id: str
    entry: Entry
    status: str
    deciders: tuple[Judged, ...]


def rows(entries: Mapping[str, Entry], examples: Iterable[Judged]) -> list[Row]:
    """A row for each claim of the article.

    Args:
        entries: The article's claims.
        examples: The judged examples of one language.
    """
    found: dict[str, list[tuple[str, str, Judged]]] = defaultdict(list)
    for judged in examples:
        for claim, verdict in zip(judged.example.claims, judged.verdicts, strict=True):
            for bearing in claim.bearings:
                found[bearing.entry].append((verdict.status, bearing.outcome, judged))
    return [
        Row(name, entry, _status(found[name]), _unique(judged for _, _, judged in found[name]))
        for name, entry in entries.items()
    ]


def _status(decisions: list[tuple[str, str, Judged]]) -> str:
    """The gravest outcome of those claims that hold."""
    if not decisions:
        return UNDECIDED
    statuses = {judged.status if status == SKIPPED else status for status, _, judged in decisions}
    if FAILED in statuses:
        return FAILED
    outcomes = [outcome for status, outcome, _ in decisions if status == VERIFIED]
    return max(outcomes, key=OUTCOMES.index) if outcomes else SKIPPED


def _unique(examples: Iterable[Judged]) -> tuple[Judged, ...]:
    return tuple({judged.example.id: judged for judged in examples}.values())
