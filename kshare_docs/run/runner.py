"""The runner: examples are planned, run in a pool or reused, and judged; a report comes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial

from ..data.capture import Capture, Ending
from ..data.host import Host
from ..data.project import Project, Runnable
from ..data.report import Judged, Report, Status
from ..machine.endpoint import explain
from ..machine.engine import Engine, EngineError, connected
from ..machine.host import read_host
from ..machine.images import ImageProvider
from ..machine.probes import Probes
from ..machine.runs import ended_by_signals, sweep_host
from .cache import Cache
from .judge import judge_capture, judge_counter_runs, judge_refused, judge_skipped, redacted
from .plan import Decision, Refuse, Reuse, Run, Skip, decide
from .redact import Redaction, host_secrets, words_of
from .steps import ExampleRunner

AGAIN_SECONDS = 0.2
"""How often what runs is ended, until nothing does."""


class Listener:
    """Hears of the run's progress, from any thread; this one does nothing about it."""

    def say(self, text: str) -> None:
        """Something that takes a while begins."""

    def planned(self, total: int) -> None:
        """So many examples are going to run."""

    def started(self, example: str) -> None:
        """An example runs."""

    def ended(self, judged: Judged) -> None:
        """An example has run."""


def run(
    project: Project,
    *,
    host: Host | None = None,
    only: Iterable[str] | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
) -> Report:
    """Run what must be run of a project, and judge all of it.

    Args:
        project: What to run.
        host: The host's facts; they are read where the caller has not done it.
        only: Ids of the examples to run; all by default.
        fresh: Reuse nothing of earlier runs.
        listener: Hears of the progress.
    """
    host = host or read_host()
    chosen = project.runnables.keys() if only is None else set(only)
    runnables = [item for name, item in project.runnables.items() if name in chosen]
    secrets, report = host_secrets(), Report(project, host)
    try:
        if runnables:
            with ended_by_signals(), connected() as engine:
                secrets |= dict.fromkeys(engine.endpoint.proxies().values(), "proxy")
                pool = Pool(project, engine, host, listener or Listener())
                judged = pool.run(runnables, fresh=fresh)
                on_pages = {
                    (example.lang, example.id): judged[example.id].on_page_of(example)
                    for example in project.examples
                    if example.id in judged
                }
                report = Report(project, host, on_pages, engine.info, pool.lost)
    except EngineError as error:
        report = Report(project, host, fatal=str(error))
    return redacted(report, Redaction(secrets, words_of(project)))


class Pool:
    """One run on one engine.

    Attributes:
        lost: Why the engine is gone; empty while it is there.
    """

    def __init__(self, project: Project, engine: Engine, host: Host, listener: Listener) -> None:
        """Run nothing yet."""
        self.lost = ""
        self._project = project
        self._engine = engine
        self._host = host
        self._listener = listener
        self._cache = Cache(project.root, listener.say)
        self._examples = ExampleRunner(engine, host, listener.say)

    def run(self, runnables: Sequence[Runnable], *, fresh: bool) -> dict[str, Judged]:
        """Judged examples by id: those that run here, and those of which the result is known."""
        sweep_host()
        self._engine.sweep()
        images = ImageProvider(
            self._project.root,
            self._project.images,
            self._engine,
            self._listener.say,
            self._cache,
            fresh=fresh,
        )
        probes = Probes(self._host, self._engine, images)
        kept = None if fresh else self._cache
        every = [each for item in runnables for each in (item, *item.counter_runs)]
        probes.missing(need for item in every for need in item.needs)  # all side by side
        plan = [self._decide(runnable, probes, images, kept) for runnable in every]
        known = [item for item in plan if not isinstance(item, Run)]
        judged = {
            item.runnable.example.id: self._judged(item.runnable, partial(self._known, item))
            for item in known
        }
        to_run = [item for item in plan if isinstance(item, Run)]
        self._listener.planned(len(to_run))
        for alone, width in ((False, 2 * self._host.cpus), (True, 1)):
            group = [item for item in to_run if item.runnable.example.options.alone is alone]
            judged |= self._side_by_side(group, width)
        self._cache.prune()
        return {
            item.example.id: judge_counter_runs(
                judged[item.example.id], [judged[run.example.id] for run in item.counter_runs]
            )
            for item in runnables
        }

    def _decide(
        self, runnable: Runnable, probes: Probes, images: ImageProvider, cache: Cache | None
    ) -> Decision:
        try:
            return decide(runnable, probes, images, cache)
        except Exception as error:
            return Refuse(runnable, self._note(error))

    def _known(self, decision: Reuse | Skip | Refuse) -> Judged:
        example = decision.runnable.example
        match decision:
            case Reuse(capture=capture):
                return judge_capture(example, capture, self._host)
            case Skip(missing=missing):
                return judge_skipped(example, missing)
            case Refuse(reason=reason):
                return judge_refused(example, reason)

    def _side_by_side(self, group: Sequence[Run], width: int) -> dict[str, Judged]:
        pool = ThreadPoolExecutor(width, thread_name_prefix="example")
        futures: dict[Future[Capture], Run] = {}
        try:
            for decision in group:
                futures[pool.submit(self._start, decision)] = decision
            done = (self._finish(futures[future], future) for future in as_completed(futures))
            return {judged.example.id: judged for judged in done}
        except BaseException:  # also Ctrl-C: end what runs, then let it pass
            pool.shutdown(wait=False, cancel_futures=True)
            self._examples.stop()
            while any(future.running() for future in futures):
                time.sleep(AGAIN_SECONDS)  # a step may just have begun
                self._examples.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _start(self, decision: Run) -> Capture:
        self._listener.started(decision.runnable.example.id)
        return self._examples.run(decision)

    def _finish(self, decision: Run, future: Future[Capture]) -> Judged:
        """Judge it in the thread of the pool's owner: what is ended by Ctrl-C is not judged."""
        example = decision.runnable.example
        judged = self._judged(
            decision.runnable, lambda: judge_capture(example, future.result(), self._host)
        )
        if judged.capture and judged.status is Status.VERIFIED:
            try:
                self._cache.put(decision.keys.of(judged.capture), judged.capture)
            except Exception as error:
                self._listener.say(f"{example.id} is not kept for reuse: {explain(error)}")
        last = judged.capture and judged.capture.unfinished
        if last and last.ending is Ending.LOST:
            self.lost = self.lost or last.error
        self._listener.ended(judged)
        return judged

    def _judged(self, runnable: Runnable, judge: Callable[[], Judged]) -> Judged:
        """One example's trouble, of any kind, is its own failure: all others are judged."""
        try:
            return judge()
        except (Exception, SystemExit) as error:
            return judge_refused(runnable.example, self._note(error))

    def _note(self, error: BaseException) -> str:
        """Why an example could not be run, in one line."""
        if isinstance(error, EngineError):
            self.lost = self.lost or str(error)
        if isinstance(error, EngineError | OSError):  # no room, or no right
            return " ".join(str(error).split())
        return f"it could not be run: {type(error).__name__}: {explain(error)}"
