"""The runner: examples are planned, run in a pool or reused, and judged; a report comes out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from ..data.capture import Capture, Ending
from ..data.host import Host
from ..data.project import Project, Runnable
from ..data.report import Judged, Report, Status
from ..machine.engine import Engine, EngineError, connected
from ..machine.host import read_host
from ..machine.images import ImageProvider
from ..machine.probes import Probes
from ..machine.runs import ended_by_signals, sweep_host
from .cache import Cache
from .judge import judge_capture, judge_refused, judge_skipped
from .plan import Refuse, Reuse, Run, Skip, decide
from .redact import Redaction, host_secrets
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
    if not runnables:
        return Report(project, host)
    try:
        with ended_by_signals(), connected() as engine:
            pool = Pool(project, engine, host, listener or Listener())
            judged = pool.run(runnables, fresh=fresh)
    except EngineError as error:
        return Report(project, host, fatal=str(error))
    on_pages = {
        (example.lang, example.id): judged[example.id].on_page_of(example)
        for example in project.examples
        if example.id in judged
    }
    return Report(project, host, on_pages, engine.info, pool.lost)


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
        self._examples = ExampleRunner(engine, host, Redaction(host_secrets()), listener.say)

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
        probes.missing(need for item in runnables for need in item.needs)  # all side by side
        plan = [decide(runnable, probes, images, kept) for runnable in runnables]
        known = (self._known(item) for item in plan if not isinstance(item, Run))
        judged = {item.example.id: item for item in known}
        to_run = [item for item in plan if isinstance(item, Run)]
        self._listener.planned(len(to_run))
        for alone, width in ((False, 2 * self._host.cpus), (True, 1)):
            group = [item for item in to_run if item.runnable.example.options.alone is alone]
            judged |= self._side_by_side(group, width)
        self._cache.prune()
        return judged

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
        try:
            capture = future.result()
        except EngineError as error:
            self.lost = self.lost or str(error)
            judged = judge_refused(example, str(error))
        except OSError as error:  # no room, or no right, to make a scratch folder
            judged = judge_refused(example, str(error))
        else:
            judged = judge_capture(example, capture, self._host)
            if judged.status is Status.VERIFIED:
                self._cache.put(decision.key, capture)
            if (last := capture.unfinished) and last.ending is Ending.LOST:
                self.lost = self.lost or last.error
        self._listener.ended(judged)
        return judged
