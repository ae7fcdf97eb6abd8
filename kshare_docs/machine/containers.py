"""Containers: the `docker run` lines of one example, run through the SDK.

Longer than most modules: a line becomes a container, gets its copies and ends, all in one place.

No container has a path of the scratch folder mounted. `-v ./x:/path` gives it a copy in a volume
of its own; what an attached container left there comes back as a copy when it has ended, what a
detached one leaves does not. Of limits that no example asked for, a container may notice these:
`pids.max`, `oom_score_adj`, and that a log begins anew after so many bytes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any

import docker.errors
from docker.utils import compare_version
from docker.utils.socket import STDOUT, frames_iter

from ..data.capture import Ending, Outcome, Output, timed_out
from ..data.container import Container, Mount, RefusedError
from ..data.files import (
    FILE_LIMIT,
    ROOT,
    pack,
    read_env_file,
    scratch_path,
    unpack,
    write_scratch,
)
from .endpoint import FAILURES, explain
from .engine import LABEL, Engine, EngineError

GRACE_SECONDS = 10.0
"""Time beyond a step's own for the engine to create, copy, kill, answer; then it is lost."""

VARIABLES = 1000
"""Variables of a container's environment: an engine's time for them grows with their square."""

PIDS = 4096
"""Processes and threads of a container; more are refused where an example asks for more."""

LIMITS: dict[str, Any] = {
    # When memory runs out, the kernel ends what is in containers before anything of the host.
    "OomScoreAdj": 1000,
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "32m", "max-file": "2"}},
}
"""Limits of every container, as the Engine API's `HostConfig`. There is none of memory: examples
print it, and a reader has none. `scripts/engine` sets one around all containers together."""

_COPY = "/kshare"
_NOT_STARTED = 125
_COMMAND_FAULTS = (126, 127)
_KILLED = 137


def limit_options(engine: Engine) -> dict[str, str]:
    """The same limits as options of `docker run`, for the containers of host lines."""
    pids = {"--pids-limit": str(PIDS)} if engine.info.pids_limit else {}
    kind, config = LIMITS["LogConfig"].values()
    log = {f"--log-opt={name}": value for name, value in config.items()}
    return {**pids, "--oom-score-adj": str(LIMITS["OomScoreAdj"]), "--log-driver": kind, **log}


class _RemovedError(Exception):
    """Somebody else removed the container."""


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
            yield ExampleContainers(engine, client.api, labels, scratch)
    finally:
        with contextlib.suppress(EngineError):
            engine.remove(labels)


@dataclass(frozen=True, slots=True)
class ExampleContainers:
    """Runs the `docker run` lines of one example."""

    engine: Engine
    api: Any
    labels: Mapping[str, str]
    scratch: Path

    def run(self, container: Container, image: str, timeout: float) -> Outcome:
        """Create, start, await and remove a container, as `docker run` would.

        Args:
            container: What the line asks for.
            image: The reference that stands for its image.
            timeout: Seconds until it is killed; what it printed by then is kept. The engine has
                `GRACE_SECONDS` more.
        """
        output = Output()
        try:
            return self.engine.within(
                timeout + GRACE_SECONDS, lambda: self._run(container, image, timeout, output)
            )
        except RefusedError as error:
            return Outcome(output.text(), None, Ending.REFUSED, str(error))
        except _RemovedError:
            why = "the engine lost it: somebody else removed the container"
            return Outcome(output.text(), None, Ending.CUT, why)
        except docker.errors.APIError as error:
            return _refused(output, error, _NOT_STARTED)
        except FAILURES as error:
            if isinstance(error, TimeoutError) and self.engine.answers():
                return timed_out(output.text(), timeout)
            return Outcome(output.text(), None, Ending.LOST, str(EngineError.lost(error)))

    def _run(self, container: Container, image: str, timeout: float, output: Output) -> Outcome:
        if container.output:  # as the shell does before it begins
            write_scratch(container.output, self.scratch, b"")
        copies = [_Copy(self, image, mount) for mount in container.mounts if mount.scratch]
        body = self._body(container, image, [copy.bind for copy in copies])
        create = partial(
            self.api.create_container_from_config,
            body,
            container.name or None,
            container.platform or None,
        )
        try:
            made = create()
        except docker.errors.APIError as error:
            # The engine may still have been making it for a run that was killed.
            if error.status_code != HTTPStatus.CONFLICT or not self.engine.sweep():
                raise
            made = create()
        identifier = made["Id"]
        for warning in made.get("Warnings") or []:
            output.write(f"WARNING: {warning}\n".encode())
        try:
            if not container.detach:
                return self._attached(identifier, container, timeout, output, copies)
            self.api.start(identifier)
        except docker.errors.APIError as error:
            # The engine notes 126 or 127 where the command is at fault; `docker run` returns it.
            noted = self._state(identifier)["ExitCode"]
            with contextlib.suppress(docker.errors.APIError):
                self.api.remove_container(identifier, force=True, v=True)
            return _refused(output, error, noted if noted in _COMMAND_FAULTS else _NOT_STARTED)
        line = f"{identifier}\n".encode()
        if container.output:
            write_scratch(container.output, self.scratch, line)
        else:
            output.write(line)
        return Outcome(output.text(), 0)

    def _attached(
        self,
        identifier: str,
        container: Container,
        timeout: float,
        output: Output,
        copies: list[_Copy],
    ) -> Outcome:
        tty = bool(container.body.get("Tty"))
        shown = _streams(container)
        wanted = {"stdout": shown["AttachStdout"], "stderr": shown["AttachStderr"], "stream": True}
        socket = self.api.attach_socket(identifier, {key: int(on) for key, on in wanted.items()})
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            with contextlib.suppress(Exception):  # then it is lost, when its time is over
                self.api.kill(identifier)

        timer = threading.Timer(timeout, expire)
        timer.daemon = True
        file = bytearray()
        try:
            self.api.start(identifier)
            timer.start()
            for source, data in frames_iter(socket, tty):  # type: ignore[no-untyped-call]
                if container.output and source == STDOUT:
                    file += data[: FILE_LIMIT + 1 - len(file)]
                else:
                    output.write(data)
            code = int(self.api.wait(identifier)["StatusCode"])
            if expired.is_set():
                return timed_out(output.text(), timeout)
            if code == _KILLED:
                self._state(identifier)
            for copy in copies:
                copy.take_back()
        finally:
            timer.cancel()
            _close(socket)
            if container.output:
                write_scratch(container.output, self.scratch, bytes(file))
        if container.remove:
            with contextlib.suppress(Exception):  # it gave its result, and goes with its example
                self.api.remove_container(identifier, force=True, v=True)
        return Outcome(output.text(), code)

    def _state(self, identifier: str) -> Mapping[str, Any]:
        """What the engine says of a container that nobody has removed."""
        try:
            state: Mapping[str, Any] = self.api.inspect_container(identifier)["State"]
        except docker.errors.NotFound:
            raise _RemovedError from None
        # With force, the engine notes that it removes a container before it kills it.
        if state["Status"] in {"removing", "dead"}:
            raise _RemovedError
        return state

    def _body(self, container: Container, image: str, copies: list[str]) -> dict[str, Any]:
        given = dict(container.body)
        # An engine that cannot limit processes would say so, in what the line prints.
        pids = {"PidsLimit": PIDS} if self.engine.info.pids_limit else {}
        host = {**pids, **LIMITS, **given.get("HostConfig", {})}
        if not 0 < host.get("PidsLimit", PIDS) <= PIDS:
            raise RefusedError(f"--pids-limit is not from 1 to {PIDS}")
        for mode in ("IpcMode", "NetworkMode", "PidMode"):
            self._join(str(host.get(mode, "")))
        for name in container.volumes:
            self._own_volume(name)
        volumes = [mount for mount in container.mounts if not mount.scratch]
        binds = [f"{mount.source}:{mount.target}:{mount.mode}" for mount in volumes]
        files = [read_env_file(name, self.scratch) for name in container.env_files]
        env = given.get("Env", [])
        named = {variable.partition("=")[0] for variable in env}
        proxies = [
            f"{name}={value}"
            for key, value in self.engine.endpoint.proxies().items()
            for name in (f"{key[:-5].upper()}_PROXY", f"{key[:-5]}_proxy")
            if name not in named
        ]
        variables = [*chain.from_iterable(files), *env, *proxies]
        if len(variables) > VARIABLES:
            raise RefusedError(f"it has more than {VARIABLES} variables")
        return {
            **given,
            **_hardware_address(given, self.api.api_version),
            "Image": image,
            "Cmd": list(container.command) or None,
            "Env": variables,
            "HostConfig": {**host, "Binds": [*host.get("Binds", []), *copies, *binds]},
            "Labels": {**given.get("Labels", {}), **self.labels},
            "OpenStdin": False,  # a build has no keyboard: the input ends at once
            **_streams(container),
        }

    def _join(self, mode: str) -> None:
        """Refuse a namespace of a container that is not the example's."""
        kind, _, name = mode.partition(":")
        if kind == "container":
            theirs = self.api.inspect_container(name)["Config"]["Labels"] or {}
            if any(theirs.get(label) != value for label, value in self.labels.items()):
                raise RefusedError(f"the container {name} is not this example's")

    def _own_volume(self, name: str) -> None:
        """Make a volume for the example, or refuse one that is there and not this run's."""
        try:
            labels = self.api.inspect_volume(name)["Labels"] or {}
        except docker.errors.NotFound:
            self.api.create_volume(name, labels=dict(self.labels))
            return
        if labels.get(LABEL) != self.labels[LABEL]:
            raise RefusedError(
                f"the volume {name} exists and is not this run's: choose another name, or remove"
                f" it with `docker volume rm {name}`"
            )


class _Copy:
    """A copy of a scratch file or folder, in a volume; it ends with the example.

    Attributes:
        bind: What is mounted of it, and where.
    """

    def __init__(self, place: ExampleContainers, image: str, mount: Mount) -> None:
        """Copy it, by way of a container that is never started."""
        self._api, self._scratch, self._mount = place.api, place.scratch, mount
        labels = dict(place.labels)
        with _own_act(), pack(scratch_path(mount.source, place.scratch)) as archive:
            volume = self._api.create_volume(labels=labels)
            binds = [f"{volume['Name']}:{_COPY}:nocopy"]
            body = {"Image": image, "Cmd": ["-"], "Labels": labels, "HostConfig": {"Binds": binds}}
            self._helper = self._api.create_container_from_config(body)["Id"]
            self._api.put_archive(self._helper, _COPY, archive)
        # The volume itself cannot be mounted: one file of it, or its owner, could not be had.
        self.bind = f"{volume['Mountpoint']}/{ROOT}:{mount.target}:{mount.mode}"

    def take_back(self) -> None:
        """Put what is in it now in the place of what was copied."""
        if self._mount.mode == "ro":
            return
        path = scratch_path(self._mount.source, self._scratch)  # a host step may be at work
        # The SDK's own call gives no way to end it early.
        url = f"{self._api.base_url}/v{self._api.api_version}/containers/{self._helper}/archive"
        options = {
            "params": {"path": f"{_COPY}/{ROOT}"},
            "headers": {"Accept-Encoding": "identity"},
            "timeout": self._api.timeout,
        }
        with _own_act(), self._api.get(url, stream=True, **options) as answer:
            self._api._raise_for_status(answer)
            unpack(answer.raw, path, self._scratch.parent)


@contextlib.contextmanager
def _own_act() -> Iterator[None]:
    """What the engine refuses to us is no output of the line."""
    try:
        yield
    except docker.errors.APIError as error:
        raise RefusedError(f"the scratch files cannot be copied: {explain(error)}") from None


def _streams(container: Container) -> dict[str, bool]:
    """Which of its streams are shown: those that `--attach` names, else both."""
    names = ("AttachStdout", "AttachStderr")
    both = not container.detach and container.body.keys().isdisjoint(names)
    return {name: container.body.get(name, both) for name in names}


def _hardware_address(body: Mapping[str, Any], version: str) -> dict[str, Any]:
    """From API 1.44 on, a MAC address is the network's; before, the container's."""
    if "MacAddress" not in body or compare_version("1.44", version) < 0:
        return {}
    network = body.get("HostConfig", {}).get("NetworkMode", "default")
    endpoint = {network: {"MacAddress": body["MacAddress"]}}
    return {"MacAddress": None, "NetworkingConfig": {"EndpointsConfig": endpoint}}


def _refused(output: Output, error: docker.errors.APIError, code: int) -> Outcome:
    """What the docker command prints and returns when the engine refuses (docker/cli, run.go)."""
    said = str(error.explanation or error).strip()
    output.write(f"docker: Error response from daemon: {said}\n".encode())
    return Outcome(output.text(), code, Ending.REFUSED)


def _close(stream: Any) -> None:
    """The SDK hands out the reading side only: the connection behind it is closed as well.

    The response goes first: from Python 3.13 on, it complains if what it reads from is closed.
    """
    for part in (getattr(stream, "_response", None), stream, getattr(stream, "_sock", None)):
        if part is not None:
            part.close()
