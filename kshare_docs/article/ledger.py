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

AMISS = (Status.FAILED, Finding.REFUTED, Finding.CORRECTED)
"""What readers must know first of a row: it failed here, or the article is not right as it says."""

_Decision: TypeAlias = tuple[Status, Finding, Counter, Judged, str]

_WEAKEST = (Counter.HELD, Counter.SKIPPED, Counter.NONE, Counter.REFUTED)
"""What a row says of its counter-runs: the first of these that one of its claims has."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one claim of an example says of the article's.

    Attributes:
        status: verified, corrected or refuted where it holds, else failed.
        text: What it says.
    """

    status: str
    text: str


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
        parts: What their claims say of it, those that did not hold here and the gravest first:
            a verdict on one half must not hide that on the other.
    """

    id: str
    entry: Entry
    status: str
    counter: Counter
    deciders: tuple[Judged, ...]
    parts: tuple[Part, ...] = ()

    @property
    def amiss(self) -> bool:
        """The article's claim is not right as it stands, or a check of it failed here."""
        return self.status in AMISS

    @property
    def why(self) -> str:
        """Why it is amiss, in the words of the claim that says so; else empty."""
        said = (part.text for part in self.parts if self.amiss and part.status == self.status)
        return next(said, "")


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
                decision = (verdict.status, bearing.finding, counter, judged, claim.text)
                found[bearing.entry].append(decision)
    return [_row(name, entry, found[name]) for name, entry in entries.items()]


def _row(name: str, entry: Entry, decisions: list[_Decision]) -> LedgerRow:
    status, counter = _status(decisions), _counter(decisions)
    return LedgerRow(name, entry, status, counter, _deciders(decisions), _parts(decisions))


def _status(decisions: list[_Decision]) -> str:
    """The gravest finding of those claims that hold."""
    if not decisions:
        return UNDECIDED
    statuses = {judged.status if s is Status.SKIPPED else s for s, _, _, judged, _ in decisions}
    if Status.FAILED in statuses:
        return Status.FAILED
    findings = [finding for status, finding, *_ in decisions if status is Status.VERIFIED]
    return max(findings, key=list(Finding).index) if findings else Status.SKIPPED


def _counter(decisions: list[_Decision]) -> Counter:
    found = {counter for status, _, counter, *_ in decisions if status is Status.VERIFIED}
    return next((counter for counter in _WEAKEST if counter in found), Counter.NONE)


def _deciders(decisions: list[_Decision]) -> tuple[Judged, ...]:
    return tuple({judged.example.id: judged for *_, judged, _ in decisions}.values())


def _parts(decisions: list[_Decision]) -> tuple[Part, ...]:
    parts = [
        Part(Status.FAILED if status is Status.FAILED else finding, text)
        for status, finding, _, _, text in decisions
        if status in (Status.VERIFIED, Status.FAILED)
    ]
    order: list[str] = [*AMISS, Finding.VERIFIED]
    return tuple(sorted(parts, key=lambda part: order.index(part.status)))
