"""Steps: one example is run from its first step to its last, as often as it asks."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ..data.capture import Capture, Outcome, Provenance, Result, utc_now
from ..data.example import Step
from ..data.host import Host
from ..data.project import Runnable
from ..machine.containers import ExampleContainers, example_containers
from ..machine.engine import Engine, example_labels, run_labels
from ..machine.redact import Redaction
from ..machine.shell import PATH, Shell, write_docker
from .plan import Run


class ExampleRunner:
    """Runs examples, from any number of threads, until it is stopped."""

    def __init__(self, engine: Engine, host: Host, redact: Redaction) -> None:
        """Run nothing yet.

        Args:
            engine: Where containers run.
            host: The host's facts, for the provenance.
            redact: Applied to all that leaves a step.
        """
        self._engine = engine
        self._host = host
        self._redact = redact
        self._locks: dict[str, threading.Lock] = {}
        self._shells: set[Shell] = set()
        self._stopped = threading.Event()

    def run(self, decision: Run) -> Capture:
        """Run one example."""
        example = decision.runnable.example
        rounds: list[tuple[Result, ...]] = []
        for _ in range(example.options.repeat):
            rounds.append(self._round(decision))
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
        self._engine.remove(run_labels())

    def _round(self, decision: Run) -> tuple[Result, ...]:
        """Run all steps in a scratch directory, a shell and containers of their own."""
        runnable, example = decision.runnable, decision.runnable.example
        references = {use.name: use.used for use in decision.images}
        timeout = example.options.timeout
        results: list[Result] = []
        with self._workplace(runnable, references) as (containers, shell):
            for step, container in zip(example.steps, runnable.containers, strict=True):
                if self._stopped.is_set():
                    break
                started = time.perf_counter()
                if container is None:
                    outcome = shell.run(step.source, timeout)
                else:
                    outcome = containers.run(container, references[container.image], timeout)
                results.append(self._result(step, outcome, time.perf_counter() - started))
                if outcome.error or (step.hidden and outcome.code):
                    break
        return tuple(results)

    def _result(self, step: Step, outcome: Outcome, seconds: float) -> Result:
        return Result(
            step.source,
            step.hidden,
            self._redact(outcome.output),
            outcome.code,
            round(seconds, 4),
            outcome.ending,
            self._redact(outcome.error),
        )

    @contextmanager
    def _workplace(
        self, runnable: Runnable, references: Mapping[str, str]
    ) -> Iterator[tuple[ExampleContainers, Shell]]:
        labels = example_labels(runnable.example.id)
        with ExitStack() as stack:
            for name in runnable.resources:
                stack.enter_context(self._locks.setdefault(name, threading.Lock()))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kshare-")))
            scratch, tools = folder / "scratch", folder / "bin"
            scratch.mkdir()
            tools.mkdir()
            write_docker(tools, references, labels)
            containers = stack.enter_context(example_containers(self._engine, labels, scratch))
            named = self._engine.endpoint.environment().items()
            environment = {name: value for name, value in named if value}
            shell = stack.enter_context(closing(Shell(scratch, environment, f"{tools}:{PATH}")))
            self._shells.add(shell)
            stack.callback(self._shells.discard, shell)
            yield containers, shell

    def _provenance(self) -> Provenance:
        host, engine = self._host, self._engine.info
        return Provenance(
            time=utc_now(),
            kernel=host.release,
            kernel_version=self._redact(host.version),
            architecture=host.architecture,
            distribution=self._redact(host.distribution),
            verdict=host.verdict,
            engine=engine.version,
            storage_driver=engine.storage_driver,
            cgroup_version=engine.cgroup_version,
        )
