"""The runner: plans what to run, reuse or skip, runs it in a pool, and judges what came out."""

from __future__ import annotations

import datetime
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from .capture import Capture, ImageUse, Outcome, Provenance, Result
from .claim import Verdict, judge, speaks_of_code
from .container import Container
from .engine import EXAMPLE_LABEL, LABEL, Bench, Engine, EngineError, connect, this_run
from .example import Example, Problem
from .host import Host, read_host
from .images import Shelf
from .needs import NEEDS, missing
from .project import Planned, Project
from .redact import Redaction, host_secrets
from .shell import PATH, Shell, write_docker
from .store import Store, reuse_key

VERIFIED, FAILED, SKIPPED = "verified", "failed", "skipped"


class Listener(Protocol):
    """Hears of the run's progress, from any thread."""

    def say(self, text: str) -> None:
        """Something that takes a while begins."""

    def planned(self, total: int) -> None:
        """So many examples are going to run."""

    def started(self, example: str) -> None:
        """An example runs."""

    def ended(self, example: str, status: str, seconds: float) -> None:
        """An example has run."""


class Silent:
    """Hears and says nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def planned(self, total: int) -> None:
        """Nothing."""

    def started(self, example: str) -> None:
        """Nothing."""

    def ended(self, example: str, status: str, seconds: float) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One example of one page with its verdict.

    Attributes:
        example: The example as the page has it.
        status: verified, failed or skipped.
        capture: Its results; None where it did not run.
        verdicts: One a claim, in order.
        missing: Names of the needs that the host does not offer, where it was skipped.
        error: Why it failed, where no claim says so.
    """

    example: Example
    status: str
    capture: Capture | None = None
    verdicts: tuple[Verdict, ...] = ()
    missing: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run found out.

    Attributes:
        project: What was to be run, and what was wrong before anything ran.
        judged: By language and id.
        host: The host's facts.
        engine: The engine that ran it; None where none answered.
        fatal: Why the run could not be done at all; empty where it could.
    """

    project: Project
    judged: dict[tuple[str, str], Judged] = field(default_factory=dict)
    host: Host = field(default_factory=read_host)
    engine: Engine | None = None
    fatal: str = ""

    def count(self, status: str) -> int:
        """Number of examples with this status; one in two languages counts once."""
        return len({key[1] for key, item in self.judged.items() if item.status == status})

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong before anything ran."""
        return self.project.problems

    @property
    def sound(self) -> bool:
        """Nothing failed and nothing was refused."""
        return not self.fatal and not self.problems and not self.count(FAILED)


def run(
    project: Project,
    *,
    only: Iterable[str] | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
) -> Report:
    """Run what must be run of a project, and judge all of it.

    Args:
        project: What to run.
        only: Ids of the examples to run; all by default.
        fresh: Reuse nothing of earlier runs.
        listener: Hears of the progress.
    """
    listener = listener or Silent()
    host = read_host()
    chosen = project.plans.keys() if only is None else set(only)
    plans = [plan for name, plan in project.plans.items() if name in chosen]
    if not plans:
        return Report(project, host=host)
    try:
        engine = connect()
    except EngineError as error:
        return Report(project, host=host, fatal=str(error))
    try:
        captures = _Run(project, engine, host, listener, fresh=fresh).all(plans)
    except EngineError as error:
        return Report(project, host=host, fatal=str(error))
    finally:
        engine.close()
    judged = {
        (example.lang, example.id): judge_example(example, captures[example.id], host)
        for example in project.examples
        if example.id in captures
    }
    lost = next((c for c in captures.values() if isinstance(c, _Lost)), None)
    return Report(project, judged, host, engine, lost.error if lost else "")


@dataclass(frozen=True, slots=True)
class _Missing:
    """The host lacks what the example needs."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unable:
    """The example could not be run."""

    error: str


class _Lost(_Unable):
    """The engine stopped answering."""


Answer = Capture | _Missing | _Unable


def judge_example(example: Example, answer: Answer, host: Host) -> Judged:
    """The verdict over one example: of each claim, and of every step that no claim speaks of."""
    if isinstance(answer, _Missing):
        verdicts = tuple(Verdict(SKIPPED) for _ in example.claims)
        return Judged(example, SKIPPED, verdicts=verdicts, missing=answer.names)
    if isinstance(answer, _Unable):
        verdicts = tuple(Verdict(SKIPPED, "it did not run") for _ in example.claims)
        return Judged(example, FAILED, verdicts=verdicts, error=answer.error)
    facts = msgspec.to_builtins(host)
    error = _fault(example, answer)
    if answer.error:
        verdicts = tuple(Verdict(SKIPPED, "a step did not come to its end") for _ in example.claims)
    else:
        verdicts = tuple(judge(claim, answer, facts) for claim in example.claims)
    failed = error or any(verdict.status == FAILED for verdict in verdicts)
    return Judged(example, FAILED if failed else VERIFIED, answer, verdicts, error=error)


def _fault(example: Example, capture: Capture) -> str:
    """Why a run failed beside its claims: a step cut short, or one that failed unclaimed."""
    excused = speaks_of_code(example.claims)
    return next((f for r in capture.rounds if (f := _fault_of(example, r, excused))), "")


def _fault_of(example: Example, results: tuple[Result, ...], excused: set[int]) -> str:
    number = 0
    for step, result in zip(example.steps, results, strict=False):
        number += not step.hidden
        where = f"the hidden step {step.command!r}" if step.hidden else f"step {number}"
        where = f"{where} (line {step.line})"
        if result.error:
            return f"{where}: {result.error}"
        if result.code and (step.hidden or number not in excused):
            tail = "" if not step.hidden else f": {result.output[-300:]}"
            return f"{where} exited with {result.code}, and no claim speaks of its code{tail}"
    return ""


class _Run:
    """One run: the pool, and what its threads share."""

    def __init__(
        self, project: Project, engine: Engine, host: Host, listener: Listener, *, fresh: bool
    ) -> None:
        self._project = project
        self._engine = engine
        self._host = host
        self._listener = listener
        self._fresh = fresh
        self._label = this_run()
        self._store = Store(project.root)
        self._shelf = Shelf(project.root, project.images, engine, listener.say, fresh=fresh)
        self._redact = Redaction(host_secrets())
        self._locks: dict[str, threading.Lock] = {}
        self._stopped = threading.Event()
        self._shells: set[Shell] = set()

    def all(self, plans: Sequence[Planned]) -> dict[str, Answer]:
        """Captures of all plans, from the store where it has them."""
        self._engine.sweep()
        answers: dict[str, Answer] = {}
        to_run: list[tuple[Planned, str]] = []
        for plan in plans:
            answer, key = self._known(plan)
            if answer is None:
                to_run.append((plan, key))
            else:
                answers[plan.example.id] = answer
        self._listener.planned(len(to_run))
        together = [item for item in to_run if not item[0].example.options.alone]
        for group, width in ((together, 2 * self._host.cpus), (_rest(to_run, together), 1)):
            answers |= self._pool(group, width)
        self._store.prune()
        return answers

    def _known(self, plan: Planned) -> tuple[Answer | None, str]:
        """The answer if nothing has to run for it, and the key for the store otherwise."""
        if names := missing(plan.needs, self._host, self._engine.info):
            return _Missing(names), ""
        for name in sorted(plan.images):
            use = self._shelf.take(name)
            if isinstance(use, str):
                return _Unable(use), ""
        digests = self._shelf.digests(plan.images)
        key = reuse_key(plan.example, digests, self._host, self._engine.info)
        return (None if self._fresh else self._store.get(key)), key

    def _pool(self, group: Sequence[tuple[Planned, str]], width: int) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        if not group:
            return answers
        pool = ThreadPoolExecutor(width, thread_name_prefix="example")
        try:
            futures: dict[Future[Capture], tuple[Planned, str]] = {
                pool.submit(self._one, plan): (plan, key) for plan, key in group
            }
            for future in as_completed(futures):
                plan, key = futures[future]
                answers[plan.example.id] = answer = self._answer(future)
                judged = judge_example(plan.example, answer, self._host)
                if judged.status == VERIFIED and judged.capture:
                    self._store.put(key, judged.capture)
                seconds = judged.capture.seconds if judged.capture else 0.0
                self._listener.ended(plan.example.id, judged.status, seconds)
        except BaseException:  # also Ctrl-C: end what runs, then let it pass
            self._stopped.set()
            for shell in tuple(self._shells):
                shell.kill()
            self._engine.remove_run(self._label)
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return answers

    def _answer(self, future: Future[Capture]) -> Answer:
        try:
            capture = future.result()
        except EngineError as error:
            return _Lost(str(error))
        lost = "the Docker Engine stopped answering"
        return _Lost(capture.error) if lost in capture.error else capture

    def _one(self, plan: Planned) -> Capture:
        """Run one example from its first step to its last, as often as it asks."""
        example = plan.example
        self._listener.started(example.id)
        uses = {name: self._shelf.take(name) for name in sorted(plan.images)}
        images = {name: use for name, use in uses.items() if isinstance(use, ImageUse)}
        rounds: list[tuple[Result, ...]] = []
        for _ in range(example.options.repeat):
            rounds.append(self._round(plan, images))
            if self._stopped.is_set() or any(result.error for result in rounds[-1]):
                break
        return Capture(
            example.id,
            rounds[0],
            tuple(images.values()),
            self._provenance(),
            repeats=tuple(rounds[1:]),
        )

    def _round(self, plan: Planned, images: dict[str, ImageUse]) -> tuple[Result, ...]:
        """Run all steps in a scratch directory, a shell and containers of their own."""
        example = plan.example
        results: list[Result] = []
        with ExitStack() as stack:
            for name in plan.resources:
                stack.enter_context(self._locks.setdefault(name, threading.Lock()))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kshare-")))
            scratch = folder / "scratch"
            scratch.mkdir()
            bench = stack.enter_context(self._engine.bench(self._label, example.id, scratch))
            shell = stack.enter_context(self._shell(folder, scratch, example.id, images))
            for step, container in zip(example.steps, plan.containers, strict=True):
                if self._stopped.is_set():
                    break
                started = time.perf_counter()
                if container is None:
                    outcome = shell.run(step.source, example.options.timeout)
                else:
                    outcome = self._in_container(plan, bench, container, images)
                output = self._redact(outcome.output)
                seconds = round(time.perf_counter() - started, 4)
                results.append(
                    Result(
                        step.source,
                        step.hidden,
                        output,
                        outcome.code,
                        seconds,
                        self._redact(outcome.error),
                    )
                )
                if outcome.error or (step.hidden and outcome.code):
                    break
        return tuple(results)

    def _in_container(
        self, plan: Planned, bench: Bench, container: Container, images: dict[str, ImageUse]
    ) -> Outcome:
        return bench.run(container, images[container.image].used, plan.example.options.timeout)

    @contextmanager
    def _shell(
        self, folder: Path, scratch: Path, example: str, images: dict[str, ImageUse]
    ) -> Iterator[Shell]:
        tools = folder / "bin"
        tools.mkdir()
        references = {name: use.used for name, use in images.items()}
        labels = {LABEL: self._label, EXAMPLE_LABEL: example}
        write_docker(tools, references, labels)
        environment = {"DOCKER_HOST": self._engine.endpoint}
        with Shell(scratch, environment, f"{tools}:{PATH}") as shell:
            self._shells.add(shell)
            try:
                yield shell
            finally:
                self._shells.discard(shell)

    def _provenance(self) -> Provenance:
        host, info = self._host, self._engine.info
        return Provenance(
            time=_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            kernel=host.release,
            kernel_version=self._redact(host.version),
            architecture=host.architecture,
            distribution=self._redact(host.distribution),
            verdict=host.verdict,
            engine=info.version,
            storage_driver=info.storage_driver,
            cgroup_version=info.cgroup_version,
        )


def as_json(report: Report) -> dict[str, Any]:
    """The report as `kshare check --json` prints it."""
    return {
        "examples": [_row(judged) for _, judged in sorted(report.judged.items())],
        "errors": [
            {"file": p.file, "line": p.line, "id": p.id, "message": p.message}
            for p in _with_fatal(report)
        ],
        "host": {
            **msgspec.to_builtins(report.host),
            "engine": msgspec.to_builtins(report.engine.info) if report.engine else None,
        },
        "summary": {status: report.count(status) for status in (VERIFIED, FAILED, SKIPPED)},
    }


def why_skipped(judged: Judged) -> str:
    """What the host lacks, and what would provide it, in one line for the command line."""
    return "; ".join(f"{NEEDS[name].missing} ({NEEDS[name].remedy})" for name in judged.missing)


def failure_lines(judged: Judged) -> list[str]:
    """What failed in an example, one line each, with file and line."""
    lines = (
        [f"{judged.example.page}:{judged.example.line}: {judged.example.id}: {judged.error}"]
        if judged.error
        else []
    )
    for claim, verdict in zip(judged.example.claims, judged.verdicts, strict=True):
        if verdict.status == FAILED:
            where = f"{judged.example.page}:{claim.line}: {judged.example.id}"
            lines.append(
                f"{where}: claim failed: {claim.expression}  # {claim.text}\n    {verdict.detail}"
            )
    return lines


def _row(judged: Judged) -> dict[str, Any]:
    example, capture = judged.example, judged.capture
    return {
        "id": example.id,
        "page": example.page,
        "line": example.line,
        "lang": example.lang,
        "status": judged.status,
        "reason": judged.error or why_skipped(judged),
        "claims": [
            {
                "text": claim.text,
                "expression": claim.expression,
                "status": verdict.status,
                "detail": verdict.detail,
            }
            for claim, verdict in zip(example.claims, judged.verdicts, strict=True)
        ],
        "seconds": round(capture.seconds, 3) if capture else 0.0,
        "images": msgspec.to_builtins(capture.images) if capture else [],
    }


def _with_fatal(report: Report) -> list[Problem]:
    fatal = [Problem("", 0, "", report.fatal)] if report.fatal else []
    return [*fatal, *report.problems]


def _rest(
    all_of_it: Sequence[tuple[Planned, str]], without: Sequence[tuple[Planned, str]]
) -> list[tuple[Planned, str]]:
    return [item for item in all_of_it if item not in without]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
