"""Judging: an example gets its verdict by the claims of its page, over a capture.

What was printed is judged, and what may be shown is told: redaction changes no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from ..data.capture import Capture, Ending, Result
from ..data.example import Claim, Example
from ..data.host import Host
from ..data.report import ClaimVerdict, Fault, Judged, Report, Status
from ..pages.expressions import speaks_of_code
from .evaluator import Request, evaluate
from .redact import Redaction

_FLIPPED = "does not hold of what was printed; what is shown is redacted"

NOT_BEGUN = (126, 127)
"""Exit codes of a command that cannot be run, or that there is not (POSIX, 2.8.2)."""


def judge_capture(
    example: Example,
    capture: Capture,
    host: Host,
    reached: Mapping[str, ClaimVerdict] | None = None,
) -> Judged:
    """The verdict over an example that ran: of each claim, and of every step that none speaks of.

    Of a counter-run only that it came to its end: its claims are there to be refuted.

    Args:
        example: The example.
        capture: What its run gave.
        host: The facts that the name `host` holds.
        reached: By expression, verdicts that were reached before; they stand.
    """
    fault = _fault(example, capture)
    if capture.unfinished:
        skipped = ClaimVerdict(Status.SKIPPED, "a step did not come to its end")
        return Judged(example, Status.FAILED, capture, (skipped,) * len(example.claims), {}, fault)
    known = dict(reached or {})
    new = tuple(c.expression for c in example.claims if c.expression not in known)
    found = evaluate(Request(new, capture, msgspec.to_builtins(host)))
    known |= zip(new, found, strict=True)
    verdicts = tuple(known[claim.expression] for claim in example.claims)
    if example.is_counter_run:
        return Judged(example, Status.VERIFIED, capture, verdicts)
    failed = fault or any(verdict.status is Status.FAILED for verdict in verdicts)
    status = Status.FAILED if failed else Status.VERIFIED
    return Judged(example, status, capture, verdicts, fault=fault)


def judge_counter_runs(judged: Judged, counter_runs: Iterable[Judged]) -> Judged:
    """The verdict over an example with its counter-runs: they may find that it cannot fail."""
    sound = tuple(_sound(judged, run) for run in counter_runs)
    whole = replace(judged, counter_runs=sound)
    failed = judged.status is Status.VERIFIED and whole.failures
    return replace(whole, status=Status.FAILED) if failed else whole


def _sound(judged: Judged, run: Judged) -> Judged:
    """A counter-run; one in which something could not even begin has refuted nothing."""
    if judged.capture is None or run.capture is None:
        return run
    pairs = zip(judged.capture.results, run.capture.results, strict=False)
    for place, (before, result) in enumerate(pairs):
        refused = result.ending is Ending.REFUSED and before.ending is not Ending.REFUSED
        if refused or (result.code in NOT_BEGUN and before.code not in NOT_BEGUN):
            said = "".join(result.lines[-1:])  # whole, so that no name in it is cut in two
            fault = Fault(f" could not begin: {said}", place)
            return replace(run, status=Status.FAILED, fault=fault)
    return run


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


def redacted(report: Report, redact: Redaction) -> Report:
    """The report as it may leave the machine: the verdicts stay, every text is redacted."""
    made = report.host
    version, distribution = redact(made.version), redact(made.distribution)
    host = msgspec.structs.replace(made, version=version, distribution=distribution)
    once = {item.example.id: _shown(item, made, host, redact) for item in report.once}
    judged = {at: once[j.example.id].on_page_of(j.example) for at, j in report.judged.items()}
    return replace(report, host=host, judged=judged, fatal=redact(report.fatal))


def judge_claim(claim: Claim, capture: Capture, host: Mapping[str, Any]) -> ClaimVerdict:
    """Evaluate a claim over a capture.

    Args:
        claim: The claim.
        capture: Results of a run of its example.
        host: The facts that the name `host` holds.
    """
    return evaluate(Request((claim.expression,), capture, dict(host)))[0]


def _shown(judged: Judged, made: Host, host: Host, redact: Redaction) -> Judged:
    """An example with its counter-runs as they may be shown; what cannot be redacted is not."""
    try:
        runs = tuple(_redacted(run, made, host, redact) for run in judged.counter_runs)
        return replace(_redacted(judged, made, host, redact), counter_runs=runs)
    except (Exception, SystemExit) as error:
        why = f"what it printed cannot be redacted: {type(error).__name__}"
        return judge_refused(judged.example, why)


def _redacted(judged: Judged, made: Host, host: Host, redact: Redaction) -> Judged:
    fault = judged.fault and replace(judged.fault, message=redact(judged.fault.message))
    if judged.capture is None:
        missing = {name: redact(said) for name, said in judged.missing.items()}
        return replace(judged, fault=fault, missing=missing)
    capture = redact.capture(judged.capture)
    if judged.status is not Status.FAILED or (capture, host) == (judged.capture, made):
        return replace(judged, capture=capture, fault=fault)
    # The words of a verdict are made of values, whole or in parts: of those that may be shown.
    words = judge_capture(judged.example, capture, host)
    pairs = zip(judged.verdicts, words.verdicts, strict=True)
    verdicts = tuple(
        replace(own, detail=shown.detail if shown.status is own.status else _FLIPPED)
        if own.status is Status.FAILED
        else own
        for own, shown in pairs
    )
    return replace(judged, capture=capture, verdicts=verdicts, fault=words.fault or fault)


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
