"""A report: what became of each example and claim in one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import msgspec

from .capture import Capture
from .example import Example
from .host import EngineInfo, Host
from .needs import why_skipped
from .problem import Problem
from .project import Project


class Status(StrEnum):
    """What became of a claim or an example."""

    VERIFIED = "verified"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What became of one claim, and the values that decided it."""

    status: Status
    detail: str = ""


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
        number = sum(not other.hidden for other in example.steps[: self.step + 1])
        name = f"the hidden step {step.command!r}" if step.hidden else f"step {number}"
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
    """

    example: Example
    status: Status
    capture: Capture | None = None
    verdicts: tuple[ClaimVerdict, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    attested: bool = False

    @property
    def error(self) -> str:
        """Why it failed, where no claim says so; else empty."""
        return self.fault.describe(self.example) if self.fault else ""

    @property
    def seconds(self) -> float:
        """Time that its steps took together."""
        return self.capture.seconds if self.capture else 0.0

    @property
    def failures(self) -> list[Problem]:
        """What failed in it, each with file and line."""
        found = [self.example.problem(self.error)] if self.fault else []
        for claim, verdict in zip(self.example.claims, self.verdicts, strict=True):
            if verdict.status is Status.FAILED:
                what = f"claim failed: {claim.expression}  # {claim.text}\n    {verdict.detail}"
                found.append(self.example.problem(what, claim.line))
        return found

    def on_page_of(self, example: Example) -> Judged:
        """The same verdict over the same example of another page."""
        return replace(self, example=example)


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
    fatal = [Problem("", 0, "", report.fatal)] if report.fatal else []
    return {
        "examples": [_row(judged) for _, judged in sorted(report.judged.items())],
        "errors": [msgspec.to_builtins(problem) for problem in (*fatal, *report.problems)],
        "host": {**msgspec.to_builtins(report.host), "engine": msgspec.to_builtins(report.engine)},
        "summary": report.counts,
    }


def _row(judged: Judged) -> dict[str, Any]:
    example = judged.example
    return {
        "id": example.id,
        "page": example.page,
        "line": example.line,
        "lang": example.lang,
        "status": judged.status,
        "reason": judged.error or why_skipped(judged.missing),
        "claims": [
            {"text": claim.text, "expression": claim.expression, **msgspec.to_builtins(verdict)}
            for claim, verdict in zip(example.claims, judged.verdicts, strict=True)
        ],
        "seconds": round(judged.seconds, 3),
        "images": msgspec.to_builtins(judged.capture.images) if judged.capture else [],
    }
