"""The ledger: what became of each claim of the article."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..data.example import Finding
from ..data.project import Entry
from ..data.report import Judged, Status

UNDECIDED = "undecided"

_Decision: TypeAlias = tuple[Status, Finding, Judged]


@dataclass(frozen=True, slots=True)
class LedgerRow:
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


def ledger_rows(entries: Mapping[str, Entry], examples: Iterable[Judged]) -> list[LedgerRow]:
    """A row for each claim of the article.

    Args:
        entries: The article's claims.
        examples: The judged examples of one language.
    """
    found: dict[str, list[_Decision]] = defaultdict(list)
    for judged in examples:
        for claim, verdict in zip(judged.example.claims, judged.verdicts, strict=True):
            for bearing in claim.bearings:
                found[bearing.entry].append((verdict.status, bearing.finding, judged))
    return [
        LedgerRow(name, entry, _status(found[name]), _deciders(found[name]))
        for name, entry in entries.items()
    ]


def _status(decisions: list[_Decision]) -> str:
    """The gravest finding of those claims that hold."""
    if not decisions:
        return UNDECIDED
    statuses = {judged.status if s is Status.SKIPPED else s for s, _, judged in decisions}
    if Status.FAILED in statuses:
        return Status.FAILED
    findings = [finding for status, finding, _ in decisions if status is Status.VERIFIED]
    return max(findings, key=list(Finding).index) if findings else Status.SKIPPED


def _deciders(decisions: list[_Decision]) -> tuple[Judged, ...]:
    return tuple({judged.example.id: judged for _, _, judged in decisions}.values())
