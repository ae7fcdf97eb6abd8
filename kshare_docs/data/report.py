"""A report: what became of each example and claim in one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from .capture import Capture
from .example import Claim, Example
from .host import EngineInfo, Host
from .needs import why_skipped
from .problem import Kind, Problem
from .project import Project


class Status(StrEnum):
    """What became of a claim or an example."""

    VERIFIED = "verified"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What became of one claim, and the values that decided it.

    Attributes:
        status: It holds, or it does not, or it was not asked.
        detail: Why it does not hold.
        raised: It is neither true nor false: evaluating it broke off.
    """

    status: Status
    detail: str = ""
    raised: bool = False


class Counter(StrEnum):
    """What the counter-runs of an example say of one of its claims."""

    REFUTED = "refuted"
    """It came out false in one: it can fail."""
    HELD = "held"
    """It held in all of them."""
    SKIPPED = "skipped"
    """The host could not do the one that might refute it."""
    NONE = "none"
    """There is no counter-run."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an example failed where no claim says so.

    Attributes:
        message: The reason.
        step: The step's place among all steps, from 0; None where the example did not run.
    """

    message: str
    step: int | None = None

    def describe(self, example: Example) -> str:
        """The reason, with the step as the example's page has it."""
        if self.step is None:
            return self.message
        step = example.steps[self.step]
        number = example.number(self.step)
        name = f"step {number}" if number else f"the hidden step {step.command!r}"
        return f"{name} (line {step.line}){self.message}"


@dataclass(frozen=True, slots=True)
class Judged:
    """One example of one page with its verdict.

    Attributes:
        example: The example as the page has it.
        status: What became of it.
        capture: Its results; None where it did not run.
        verdicts: One a claim, in order.
        missing: The needs that the host does not offer, where it was skipped, each with what was
            said when it was tried.
        fault: Why it failed, where no claim says so.
        attested: Its results are of a stored set that was found to be signed.
        counter_runs: The same example under each of its variants.
    """

    example: Example
    status: Status
    capture: Capture | None = None
    verdicts: tuple[ClaimVerdict, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    attested: bool = False
    counter_runs: tuple[Judged, ...] = ()

    @property
    def counters(self) -> tuple[Counter, ...]:
        """What the counter-runs say of each claim."""
        return tuple(map(self._counter, range(len(self.example.claims))))

    def refutes(self, number: int) -> bool:
        """Whether a claim, counted from 0, came out false."""
        verdict = self.verdicts[number]
        return not self.fault and verdict.status is Status.FAILED and not verdict.raised

    @property
    def refuted(self) -> tuple[Claim, ...]:
        """Its claims that came out false."""
        numbered = enumerate(self.example.claims)
        return tuple(claim for number, claim in numbered if self.refutes(number))

    def _counter(self, number: int) -> Counter:
        if any(run.refutes(number) for run in self.counter_runs):
            return Counter.REFUTED
        if not self.example.variants:
            return Counter.NONE
        done = len(self.counter_runs) == len(self.example.variants)
        ran = done and all(run.capture and not run.fault for run in self.counter_runs)
        return Counter.HELD if ran else Counter.SKIPPED

    @property
    def error(self) -> str:
        """Why it failed, where no claim says so; else empty."""
        return self.fault.describe(self.example) if self.fault else ""

    @property
    def seconds(self) -> float:
        """Time that its steps took together."""
        return self.capture.seconds if self.capture else 0.0

    @property
    def reached(self) -> dict[str, Status]:
        """What became of each claim, by its expression."""
        pairs = zip(self.example.claims, self.verdicts, strict=True)
        return {claim.expression: verdict.status for claim, verdict in pairs}

    @property
    def failures(self) -> list[Problem]:
        """What failed in it, each with file and line."""
        problem = self.example.problem
        found = [problem(self.error, kind=Kind.FAILED)] if self.fault else []
        for claim, verdict in zip(self.example.claims, self.verdicts, strict=True):
            if verdict.status is Status.FAILED:
                what = f"claim failed: {claim.expression}  # {claim.text}\n    {verdict.detail}"
                kind = Kind.RAISED if verdict.raised else Kind.FALSE
                found.append(problem(what, claim.line, kind, claim.expression))
        if self.capture and not found:
            found += self._idle()
        if found and (names := self.stand_ins):
            what = f"it ran with stand-ins, which are not the registry's images: {names}"
            found[0] = replace(found[0], message=f"{found[0].message}\n    {what}")
        return found

    @property
    def stand_ins(self) -> str:
        """Names of the stand-ins that it ran with."""
        images = self.capture.images if self.capture else ()
        return ", ".join(sorted(image.name for image in images if image.stand_in))

    def _idle(self) -> list[Problem]:
        """Counter-runs that came to no end, and claims that decide something and cannot fail."""
        runs = zip(self.example.variants, self.counter_runs, strict=False)  # stored sets have none
        found = [
            self.example.problem(f"counter-run: {run.error}", variant.step.line, Kind.CANNOT_FAIL)
            for variant, run in runs
            if run.fault
        ]
        for claim, counter in zip(self.example.claims, self.counters, strict=True):
            if claim.bearings and counter is Counter.HELD:
                names = " ".join(bearing.entry for bearing in claim.bearings)
                what = f"claim cannot fail: {claim.expression} decides {names}, and holds in every"
                more = "counter-run too: make one with `#~ COMMAND` under which it is false"
                message = f"{what} {more}"
                at = claim.expression
                found.append(self.example.problem(message, claim.line, Kind.CANNOT_FAIL, at))
        return found

    def on_page_of(self, example: Example) -> Judged:
        """The same verdict over the same example of another page."""
        runs = zip(self.counter_runs, example.counter_runs, strict=False)
        counter_runs = tuple(run.on_page_of(other) for run, other in runs)
        return replace(self, example=example, counter_runs=counter_runs)


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run found out.

    Attributes:
        project: What was to be run, and what was wrong before anything ran.
        host: The host's facts.
        judged: By language and id.
        engine: What the engine that ran it says of itself; None where none answered.
        fatal: Why the run could not be done at all; empty where it could.
    """

    project: Project
    host: Host
    judged: Mapping[tuple[str, str], Judged] = field(default_factory=dict)
    engine: EngineInfo | None = None
    fatal: str = ""

    @property
    def once(self) -> tuple[Judged, ...]:
        """Each example once, though it stands on a page of every language."""
        return tuple({item.example.id: item for item in self.judged.values()}.values())

    @property
    def ran(self) -> tuple[Judged, ...]:
        """Everything that has a capture: examples, each once, and their counter-runs."""
        every = (item for judged in self.once for item in (judged, *judged.counter_runs))
        return tuple(item for item in every if item.capture)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong before anything ran."""
        return self.project.problems

    @property
    def sound(self) -> bool:
        """Nothing failed and nothing was refused."""
        return not self.fatal and not self.problems and not self.counts[Status.FAILED]

    @property
    def counts(self) -> dict[Status, int]:
        """Numbers of examples by status; one in two languages counts once."""
        statuses = [item.status for item in self.once]
        return {status: statuses.count(status) for status in Status}

    def of_language(self, lang: str) -> list[Judged]:
        """All examples of one language, in the order of the pages."""
        return [item for (language, _), item in self.judged.items() if language == lang]


def as_json(report: Report) -> dict[str, Any]:
    """The report as `kshare check --json` prints it."""
    fatal = [Problem("", 0, "", report.fatal, Kind.ENGINE)] if report.fatal else []
    root = report.project.root
    return {
        "examples": [_row(judged, root) for _, judged in sorted(report.judged.items())],
        "errors": [problem_row(problem, root) for problem in (*fatal, *report.problems)],
        "host": {**msgspec.to_builtins(report.host), "engine": msgspec.to_builtins(report.engine)},
        "summary": report.counts,
    }


def problem_row(problem: Problem, root: Path) -> dict[str, Any]:
    """A problem with its code, and the line and column that are meant."""
    row: dict[str, Any] = msgspec.to_builtins(problem)
    text = problem.text(root)
    row["code"] = row.pop("kind")
    return {**row, "column": problem.column(text), "text": text}


def _row(judged: Judged, root: Path) -> dict[str, Any]:
    example = judged.example
    return {
        "id": example.id,
        "page": example.page,
        "line": example.line,
        "lang": example.lang,
        "status": judged.status,
        "reason": judged.error or why_skipped(judged.missing),
        "failures": [problem_row(problem, root) for problem in judged.failures],
        "claims": [
            {
                "text": claim.text,
                "expression": claim.expression,
                "status": verdict.status,
                "detail": verdict.detail,
                "counter": counter,
            }
            for claim, verdict, counter in zip(
                example.claims, judged.verdicts, judged.counters, strict=True
            )
        ],
        "seconds": round(judged.seconds, 3),
        "images": msgspec.to_builtins(judged.capture.images) if judged.capture else [],
    }
