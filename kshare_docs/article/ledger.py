"""The ledger: what became of each claim of the article."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..data.example import Finding
from ..data.project import Entry
from ..data.report import Counter, Judged, Status

UNDECIDED = "undecided"

_Decision: TypeAlias = tuple[Status, Finding, Counter, Judged]

_WEAKEST = (Counter.HELD, Counter.SKIPPED, Counter.NONE, Counter.REFUTED)
"""What a row says of its counter-runs: the first of these that one of its claims has."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What became of one claim of the article.

    Attributes:
        id: Key of the claim.
        entry: The claim.
        status: verified, corrected or refuted by a claim of an example that holds; failed where
            one does not; skipped where no example that decides it could run; undecided where
            there is none.
        counter: What counter-runs say of the claims that decide it: the weakest of it.
        deciders: The examples that decide it, in the order of the pages.
    """

    id: str
    entry: Entry
    status: str
    counter: Counter
    deciders: tuple[Judged, ...]


def ledger_rows(entries: Mapping[str, Entry], examples: Iterable[Judged]) -> list[LedgerRow]:
    """A row for each claim of the article.

    Args:
        entries: The article's claims.
        examples: The judged examples of one language.
    """
    found: dict[str, list[_Decision]] = defaultdict(list)
    for judged in examples:
        for claim, verdict, counter in zip(
            judged.example.claims, judged.verdicts, judged.counters, strict=True
        ):
            for bearing in claim.bearings:
                found[bearing.entry].append((verdict.status, bearing.finding, counter, judged))
    return [
        LedgerRow(name, entry, _status(found[name]), _counter(found[name]), _deciders(found[name]))
        for name, entry in entries.items()
    ]


def _status(decisions: list[_Decision]) -> str:
    """The gravest finding of those claims that hold."""
    if not decisions:
        return UNDECIDED
    statuses = {judged.status if s is Status.SKIPPED else s for s, _, _, judged in decisions}
    if Status.FAILED in statuses:
        return Status.FAILED
    findings = [finding for status, finding, *_ in decisions if status is Status.VERIFIED]
    return max(findings, key=list(Finding).index) if findings else Status.SKIPPED


def _counter(decisions: list[_Decision]) -> Counter:
    found = {counter for status, _, counter, _ in decisions if status is Status.VERIFIED}
    return next((counter for counter in _WEAKEST if counter in found), Counter.NONE)


def _deciders(decisions: list[_Decision]) -> tuple[Judged, ...]:
    return tuple({judged.example.id: judged for *_, judged in decisions}.values())
