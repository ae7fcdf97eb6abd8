"""Judging: an example gets its verdict by the claims of its page, over a capture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..data.capture import Capture, Result
from ..data.example import Claim, Example
from ..data.host import Host
from ..data.report import ClaimVerdict, Fault, Judged, Status
from ..pages.expressions import speaks_of_code
from .evaluator import Request, evaluate


def judge_capture(example: Example, capture: Capture, host: Host) -> Judged:
    """The verdict over an example that ran: of each claim, and of every step that none speaks of.

    Args:
        example: The example.
        capture: What its run gave.
        host: The facts that the name `host` holds.
    """
    fault = _fault(example, capture)
    if capture.unfinished:
        skipped = ClaimVerdict(Status.SKIPPED, "a step did not come to its end")
        return Judged(example, Status.FAILED, capture, (skipped,) * len(example.claims), {}, fault)
    facts = msgspec.to_builtins(host)
    expressions = tuple(claim.expression for claim in example.claims)
    verdicts = evaluate(Request(expressions, capture, facts))
    failed = fault or any(verdict.status is Status.FAILED for verdict in verdicts)
    status = Status.FAILED if failed else Status.VERIFIED
    return Judged(example, status, capture, verdicts, fault=fault)


def judge_skipped(example: Example, missing: Mapping[str, str]) -> Judged:
    """The verdict over an example whose needs the host does not meet."""
    skipped = ClaimVerdict(Status.SKIPPED)
    return Judged(
        example, Status.SKIPPED, verdicts=(skipped,) * len(example.claims), missing=missing
    )


def judge_refused(example: Example, reason: str) -> Judged:
    """The verdict over an example that could not run."""
    skipped = ClaimVerdict(Status.SKIPPED, "it did not run")
    verdicts = (skipped,) * len(example.claims)
    return Judged(example, Status.FAILED, verdicts=verdicts, fault=Fault(reason))


def judge_claim(claim: Claim, capture: Capture, host: Mapping[str, Any]) -> ClaimVerdict:
    """Evaluate a claim over a capture.

    Args:
        claim: The claim.
        capture: Results of a run of its example.
        host: The facts that the name `host` holds.
    """
    return evaluate(Request((claim.expression,), capture, dict(host)))[0]


def _fault(example: Example, capture: Capture) -> Fault | None:
    """Why a run failed beside its claims: a step cut short, or one that failed unclaimed."""
    excused = speaks_of_code(example.claims)
    faults = (_fault_of(example, results, excused) for results in capture.rounds)
    return next((fault for fault in faults if fault), None)


def _fault_of(example: Example, results: tuple[Result, ...], excused: set[int]) -> Fault | None:
    number = 0
    for place, (step, result) in enumerate(zip(example.steps, results, strict=False)):
        number += not step.hidden
        if result.error:
            return Fault(f": {result.error}", place)
        if result.code and (step.hidden or number not in excused):
            tail = f": {result.output[-300:]}" if step.hidden else ""
            what = f" exited with {result.code}, and no claim speaks of its code{tail}"
            return Fault(what, place)
    return None
