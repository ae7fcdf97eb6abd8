"""Judging: claims are evaluated over a capture, without `eval`, and an example gets its verdict."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import msgspec
from simpleeval import EvalWithCompoundTypes

from ..data.capture import Capture, Result
from ..data.example import Claim, Example
from ..data.host import Host
from ..data.report import ClaimVerdict, Fault, Judged, Status
from ..pages.expressions import FUNCTIONS, TEXT_METHODS, speaks_of_code, step_number

_DETAIL_LENGTH = 120


class Numbered(tuple[Any, ...]):
    """Values of steps, counted from 1 as the reader counts them."""

    __slots__ = ()

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            raise IndexError("steps are taken one by one")
        if not 1 <= number <= len(self):
            raise IndexError(f"there is no step {number}: steps are counted from 1 to {len(self)}")
        return super().__getitem__(number - 1)


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
        return Judged(example, Status.FAILED, capture, (skipped,) * len(example.claims), (), fault)
    facts = msgspec.to_builtins(host)
    verdicts = tuple(judge_claim(claim, capture, facts) for claim in example.claims)
    failed = fault or any(verdict.status is Status.FAILED for verdict in verdicts)
    status = Status.FAILED if failed else Status.VERIFIED
    return Judged(example, status, capture, verdicts, fault=fault)


def judge_skipped(example: Example, missing: tuple[str, ...]) -> Judged:
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
    names = _names(capture, host)
    evaluator = EvalWithCompoundTypes(
        functions=dict(FUNCTIONS), names=names, allowed_attrs={str: set(TEXT_METHODS)}
    )
    try:
        value = evaluator.eval(claim.expression)
    # Whatever goes wrong in an author's expression is an answer about the claim.
    except Exception as error:
        return ClaimVerdict(Status.FAILED, f"{type(error).__name__}: {error}")
    if not isinstance(value, bool):
        return ClaimVerdict(Status.FAILED, f"is {_short(value)}, neither True nor False")
    return ClaimVerdict(Status.VERIFIED) if value else _refuted(claim, names)


def _names(capture: Capture, host: Mapping[str, Any]) -> dict[str, Any]:
    visible = capture.visible
    every = [capture.runs(number) for number in range(1, len(visible) + 1)]
    return {
        "out": Numbered(result.output for result in visible),
        "code": Numbered(result.code for result in visible),
        "seconds": Numbered(result.seconds for result in visible),
        "lines": Numbered(result.output.splitlines() for result in visible),
        "runs": Numbered(tuple(result.output for result in runs) for runs in every),
        "times": Numbered(tuple(result.seconds for result in runs) for runs in every),
        "host": dict(host),
    }


def _refuted(claim: Claim, names: Mapping[str, Any]) -> ClaimVerdict:
    """With the results that the claim speaks of."""
    found = {}
    for node in ast.walk(ast.parse(claim.expression, mode="eval")):
        if (number := step_number(node)) is not None and isinstance(node, ast.Subscript):
            found[ast.unparse(node)] = _short(names[ast.unparse(node.value)][number])
    detail = "; ".join(f"{name} is {value}" for name, value in sorted(found.items()))
    return ClaimVerdict(Status.FAILED, detail)


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


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _DETAIL_LENGTH else f"{text[: _DETAIL_LENGTH - 1]}…"
