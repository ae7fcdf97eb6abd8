"""Containers: the `docker run` lines of one example, run through the SDK."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors
from docker.utils.socket import STDOUT, frames_iter

from ..data.capture import Ending, Outcome, Output, timed_out
from ..data.container import Container, RefusedError
from ..data.files import resolve_scratch
from .endpoint import explain
from .engine import LABEL, UNREACHABLE, Engine, EngineError

OUTPUT_FILE_LIMIT = 16 * 1024 * 1024
"""Bytes that `> FILE` takes at most."""

_NOT_STARTED = 125
_COMMAND_FAULTS = (126, 127)


@contextlib.contextmanager
def example_containers(
    engine: Engine, labels: Mapping[str, str], scratch: Path
) -> Iterator[ExampleContainers]:
    """The containers of one example; what it started is gone in the end.

    Args:
        engine: Where they run.
        labels: Those of the example, on everything that it starts.
        scratch: Its scratch folder.
    """
    try:
        with contextlib.closing(engine.another_client()) as client:
            yield ExampleContainers(client.api, labels, scratch)
    finally:
        with contextlib.suppress(EngineError):
            engine.remove(labels)


@dataclass(frozen=True, slots=True)
class ExampleContainers:
    """Runs the `docker run` lines of one example."""

    api: Any
    labels: Mapping[str, str]
    scratch: Path

    def run(self, container: Container, image: str, timeout: float) -> Outcome:
        """Create, start, await and remove a container, as `docker run` would.

        Args:
            container: What the line asks for.
            image: The reference that stands for its image.
            timeout: Seconds until it is killed; what it printed by then is kept.
        """
        output = Output()
        try:
            made = self.api.create_container_from_config(
                self._body(container, image), container.name or None, container.platform or None
            )
            for warning in made.get("Warnings") or []:
                output.write(f"WARNING: {warning}\n".encode())
            return self._start(made["Id"], container, timeout, output)
        except RefusedError as error:
            return Outcome(output.text(), None, Ending.REFUSED, str(error))
        except docker.errors.APIError as error:
            return _refused(output, error, _NOT_STARTED)
        except UNREACHABLE as error:
            return Outcome(output.text(), None, Ending.LOST, str(EngineError.lost(error)))

    def _start(
        self, identifier: str, container: Container, timeout: float, output: Output
    ) -> Outcome:
        try:
            if not container.detach:
                return self._attached(identifier, container, timeout, output)
            self.api.start(identifier)
        except docker.errors.APIError as error:
            # The engine notes 126 or 127 where the command is at fault; `docker run` returns it.
            with contextlib.suppress(docker.errors.APIError):
                noted = self.api.inspect_container(identifier)["State"]["ExitCode"]
                self.api.remove_container(identifier, force=True, v=True)
                return _refused(output, error, noted if noted in _COMMAND_FAULTS else _NOT_STARTED)
            raise
        output.write(f"{identifier}\n".encode())
        return Outcome(output.text(), 0)

    def _attached(
        self, identifier: str, container: Container, timeout: float, output: Output
    ) -> Outcome:
        tty = bool(container.body.get("Tty"))
        socket = self.api.attach_socket(identifier, {"stdout": 1, "stderr": 1, "stream": 1})
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            with contextlib.suppress(docker.errors.APIError, *UNREACHABLE):
                self.api.kill(identifier)

        timer = threading.Timer(timeout, expire)
        timer.daemon = True
        file = bytearray()
        try:
            self.api.start(identifier)
            timer.start()
            for source, data in frames_iter(socket, tty):  # type: ignore[no-untyped-call]
                if container.output and source == STDOUT:
                    file += data[: OUTPUT_FILE_LIMIT - len(file)]
                else:
                    output.write(data)
            code = int(self.api.wait(identifier)["StatusCode"])
        finally:
            timer.cancel()
            _close(socket)
            if container.output:
                resolve_scratch(container.output, self.scratch).write_bytes(file)
        if container.remove:
            with contextlib.suppress(docker.errors.APIError):
                self.api.remove_container(identifier, force=True, v=True)
        if expired.is_set():
            return timed_out(output.text(), timeout)
        return Outcome(output.text(), code)

    def _body(self, container: Container, image: str) -> dict[str, Any]:
        given = dict(container.body)
        host = dict(given.get("HostConfig", {}))
        binds = list(host.get("Binds", []))
        for mount in container.mounts:
            if mount.scratch:
                source = str(resolve_scratch(mount.source, self.scratch))
            else:
                source = self._volume(mount.source)
            binds.append(f"{source}:{mount.target}:{mount.mode}")
        env = list(given.get("Env", []))
        for name in container.env_files:
            try:
                text = resolve_scratch(name, self.scratch).read_text(encoding="utf-8")
            except OSError as error:
                raise RefusedError(f"--env-file {name}: {error.strerror}") from None
            env += [line for line in text.splitlines() if line.strip() and line[0] != "#"]
        return {
            **given,
            "Image": image,
            "Cmd": list(container.command) or None,
            "Env": env,
            "HostConfig": {**host, "Binds": binds},
            "Labels": {**given.get("Labels", {}), **self.labels},
            "OpenStdin": False,  # a build has no keyboard: the input ends at once
            "AttachStdout": not container.detach,
            "AttachStderr": not container.detach,
        }

    def _volume(self, name: str) -> str:
        try:
            labels = self.api.inspect_volume(name).get("Labels") or {}
        except docker.errors.NotFound:
            self.api.create_volume(name, labels=dict(self.labels))
            return name
        if labels.get(LABEL) != self.labels[LABEL]:
            raise RefusedError(
                f"the volume {name} exists and is not this run's: choose another name, or remove"
                f" it with `docker volume rm {name}`"
            )
        return name


def _refused(output: Output, error: docker.errors.APIError, code: int) -> Outcome:
    """What the docker command prints and returns when the engine refuses (docker/cli, run.go)."""
    output.write(f"docker: Error response from daemon: {explain(error)}\n".encode())
    return Outcome(output.text(), code, Ending.REFUSED)


def _close(stream: Any) -> None:
    """The SDK hands out the reading side only: the connection behind it is closed as well.

    The response goes first: from Python 3.13 on, it complains if what it reads from is closed.
    """
    for part in (getattr(stream, "_response", None), stream, getattr(stream, "_sock", None)):
        if part is not None:
            part.close()
