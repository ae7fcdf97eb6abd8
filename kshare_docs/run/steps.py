"""Steps: one example is run from its first step to its last, as often as it asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial

from ..data.capture import Capture, Ending, Outcome, Provenance, Result, utc_now
from ..data.example import Step
from ..data.host import Host
from ..data.project import Runnable
from ..machine.containers import ExampleContainers, example_containers, limit_options
from ..machine.endpoint import explain
from ..machine.engine import Engine, EngineError, example_labels, run_labels
from ..machine.runs import hold, run_folder
from ..machine.shell import Shell, write_tools
from .plan import Run

HELD_SECONDS = 0.2
"""How often a name that another run uses is asked for."""

EXAMPLE_SECONDS = 900.0
"""Time that an example has for all its steps and rounds."""

RUN_SECONDS = 7200.0
"""Time that a run has for all its examples."""

_OVERTIME = (
    f"timed out: all steps and rounds of an example may take {EXAMPLE_SECONDS:g} s, all examples of"
    f" a run {RUN_SECONDS:g} s; this step ran when that was over. What it printed by then is kept"
)


class ExampleRunner:
    """Runs examples, from any number of threads, until it is stopped."""

    def __init__(self, engine: Engine, host: Host, say: Callable[[str], None]) -> None:
        """Run nothing yet.

        Args:
            engine: Where containers run.
            host: The host's facts, for the provenance.
            say: Told of what takes a while.
        """
        self._engine = engine
        self._host = host
        self._say = say
        self._locks: dict[str, threading.Lock] = {}
        self._shells: set[Shell] = set()
        self._stopped = threading.Event()
        self._end = time.monotonic() + RUN_SECONDS

    def run(self, decision: Run) -> Capture:
        """Run one example; what comes out is as it was printed, and stays on this machine."""
        example = decision.runnable.example
        rounds: list[tuple[Result, ...]] = []
        end = min(self._end, time.monotonic() + EXAMPLE_SECONDS)
        for _ in range(example.options.repeat):
            rounds.append(self._round(decision, end))
            if self._stopped.is_set() or any(result.error for result in rounds[-1]):
                break
        return Capture(
            example.id, rounds[0], decision.images, self._provenance(), repeats=tuple(rounds[1:])
        )

    def stop(self) -> None:
        """End what runs: no further step begins."""
        self._stopped.set()
        for shell in tuple(self._shells):
            shell.kill()
        with suppress(EngineError):  # the next run sweeps
            self._engine.remove(run_labels())

    def _round(self, decision: Run, end: float) -> tuple[Result, ...]:
        """Run all steps in a scratch directory, a shell and containers of their own."""
        runnable, example = decision.runnable, decision.runnable.example
        references = {use.name: use.id for use in decision.images}
        results: list[Result] = []
        try:
            with self._workplace(runnable, references) as (containers, shell):
                for step, container in zip(example.steps, runnable.containers, strict=True):
                    if self._stopped.is_set():
                        break
                    left = max(0.0, end - time.monotonic())
                    timeout = min(example.options.timeout, left)
                    if container is None:  # the line that was reviewed
                        act = partial(shell.run, step.command, timeout)
                    else:
                        image = references[container.image]
                        act = partial(containers.run, container, image, timeout)
                    results.append(self._result(step, act, overtime=timeout == left))
                    if results[-1].error or (step.hidden and results[-1].code):
                        break
        except Exception as error:
            if not results:
                raise
            # What was seen remains, whatever its end was like.
            self._say(f"{example.id} left what could not be removed: {explain(error)}")
        return tuple(results)

    def _result(self, step: Step, act: Callable[[], Outcome], *, overtime: bool) -> Result:
        """What a step gives; its trouble, of any kind, is a result."""
        started = time.perf_counter()
        try:
            outcome = act()
        except Exception as error:
            outcome = Outcome("", None, Ending.CUT, f"it broke off: {explain(error)}")
        seconds = time.perf_counter() - started
        if outcome.ending is Ending.TIMED_OUT and overtime:
            outcome = replace(outcome, error=_OVERTIME)
        return Result(
            step.source,
            step.hidden,
            outcome.output,
            outcome.code,
            round(seconds, 4),
            outcome.ending,
            outcome.error,
        )

    @contextmanager
    def _workplace(
        self, runnable: Runnable, references: Mapping[str, str]
    ) -> Iterator[tuple[ExampleContainers, Shell]]:
        labels = example_labels(runnable.example.id)
        with ExitStack() as stack:
            for name in runnable.resources:
                self._hold(name, runnable.example.id, stack)
            folder = stack.enter_context(run_folder())
            limits, proxies = limit_options(self._engine), self._engine.endpoint.proxies()
            write_tools(folder, references, labels, limits, proxies)
            scratch = folder / "scratch"
            containers = stack.enter_context(example_containers(self._engine, labels, scratch))
            named = self._engine.endpoint.environment().items()
            environment = {name: value for name, value in named if value}
            shell = stack.enter_context(closing(Shell(folder, environment)))
            self._shells.add(shell)
            stack.callback(self._shells.discard, shell)
            yield containers, shell

    def _hold(self, name: str, example: str, stack: ExitStack) -> None:
        """Have a name on the engine to oneself, before other examples and other runs."""
        stack.enter_context(self._locks.setdefault(name, threading.Lock()))
        waited, end = False, time.monotonic() + EXAMPLE_SECONDS
        while (holder := hold(f"{self._engine.info.id} {name}")) is None:
            if not waited:
                self._say(f"{example} waits: another run uses the {name}")
            waited = True
            if time.monotonic() > end:  # its holder may be stopped, or somebody else's program
                raise TimeoutError(f"another run uses the {name} for {EXAMPLE_SECONDS:g} s already")
            if self._stopped.wait(HELD_SECONDS):
                return
        stack.enter_context(holder)
        if waited:
            self._engine.sweep()  # its holder may have been killed

    def _provenance(self) -> Provenance:
        host, engine = self._host, self._engine.info
        return Provenance(
            time=utc_now(),
            kernel=host.release,
            kernel_version=host.version,
            architecture=host.architecture,
            distribution=host.distribution,
            verdict=host.verdict,
            engine=engine.version,
            storage_driver=engine.storage_driver,
            cgroup_version=engine.cgroup_version,
        )
