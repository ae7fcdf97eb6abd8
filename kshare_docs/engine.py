"""The Docker Engine, through its SDK: the only module that imports `docker`."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.errors
import psutil
import requests
from docker.context import ContextAPI
from docker.utils.socket import STDOUT, frames_iter
from urllib3.exceptions import HTTPError

from .capture import Outcome, Output, timed_out
from .container import Container, RefusedError, resolve_scratch

LABEL = "org.kshare-docs.run"
"""On everything that a run creates; its value says whose it is: boot, PID namespace, PID, start."""

EXAMPLE_LABEL = "org.kshare-docs.example"
STAND_IN_LABEL = "org.kshare-docs.stand-in"

REGISTRY_SECONDS = 10
"""How long a registry may take to answer before stand-ins are used."""

STALE_SECONDS = 24 * 3600
"""After this time a container of another boot or another machine is nobody's any more."""

OUTPUT_FILE_LIMIT = 16 * 1024 * 1024
"""Bytes that `> FILE` takes at most."""


class EngineError(Exception):
    """The engine cannot be reached, or stopped answering."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine says of itself (`docker info`)."""

    version: str
    system: str
    storage_driver: str
    cgroup_version: str
    runtimes: tuple[str, ...]
    default_runtime: str
    security: tuple[str, ...]
    id: str


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker Engine that answers."""

    endpoint: str
    info: EngineInfo
    client: docker.DockerClient = field(repr=False)

    def close(self) -> None:
        """Close the connections; containers are not touched."""
        self.client.close()

    def image_id(self, reference: str) -> str:
        """The id of a local image; empty if there is none."""
        try:
            return str(self.client.images.get(reference).id)
        except docker.errors.ImageNotFound:
            return ""
        except _LOST as error:
            raise _lost(error) from None

    def pull(self, reference: str) -> str:
        """Pull an image if its registry answers in time.

        Returns:
            Why it could not be pulled; empty if it was.
        """
        quick = docker.DockerClient(self.endpoint, version="auto", timeout=REGISTRY_SECONDS)
        try:
            quick.api.inspect_distribution(reference)  # type: ignore[no-untyped-call]
            self.client.images.pull(reference)
        except docker.errors.APIError as error:
            return _explanation(error)
        except requests.exceptions.RequestException:
            return f"its registry does not answer within {REGISTRY_SECONDS} s"
        finally:
            quick.close()
        return ""

    def import_image(self, tar: Path, reference: str, command: Sequence[str]) -> None:
        """Make an image of a root file system, as `docker import` does."""
        repository, _, tag = reference.rpartition(":")
        changes = [f"LABEL {STAND_IN_LABEL}=1", f"CMD {list(command)!r}".replace("'", '"')]
        try:
            self.client.api.import_image_from_file(
                str(tar), repository=repository, tag=tag, changes=changes
            )
        except (docker.errors.APIError, *_LOST) as error:
            raise _lost(error) from None

    def build_image(self, folder: Path, reference: str, base: str) -> str:
        """Build a Dockerfile whose `ARG BASE` is the image it stands on; why not, if it failed."""
        try:
            self.client.images.build(
                path=str(folder), tag=reference, rm=True, forcerm=True, buildargs={"BASE": base}
            )
        except docker.errors.BuildError as error:
            log = "".join(str(line.get("stream", "")) for line in error.build_log)
            return f"{error}\n{log[-2000:]}"
        except docker.errors.APIError as error:
            return _explanation(error)
        return ""

    def sweep(self) -> int:
        """Remove what runs left behind that are gone; a living run's things stay."""
        return self._remove({"label": [LABEL]}, _orphaned)

    def remove_run(self, run: str) -> int:
        """Remove everything of one run."""
        return self._remove({"label": [f"{LABEL}={run}"]}, lambda _labels, _made: True)

    def remove_example(self, run: str, example: str) -> int:
        """Remove everything that one example of a run left."""
        labels = [f"{LABEL}={run}", f"{EXAMPLE_LABEL}={example}"]
        return self._remove({"label": labels}, lambda _labels, _made: True)

    def _remove(
        self, filters: dict[str, Any], chosen: Callable[[Mapping[str, str], str], bool]
    ) -> int:
        api = self.client.api
        removed = 0
        try:
            for item in api.containers(all=True, filters=filters):
                if chosen(item.get("Labels") or {}, str(item.get("Created", ""))):
                    with contextlib.suppress(docker.errors.APIError):
                        api.remove_container(item["Id"], force=True, v=True)
                        removed += 1
            for item in api.networks(filters=filters):
                if chosen(item.get("Labels") or {}, str(item.get("Created", ""))):
                    with contextlib.suppress(docker.errors.APIError):
                        api.remove_network(item["Id"])
                        removed += 1
            for item in api.volumes(filters=filters)["Volumes"] or []:
                if chosen(item.get("Labels") or {}, str(item.get("CreatedAt", ""))):
                    with contextlib.suppress(docker.errors.APIError):
                        api.remove_volume(item["Name"], force=True)
                        removed += 1
        except _LOST as error:
            raise _lost(error) from None
        return removed

    @contextlib.contextmanager
    def bench(self, run: str, example: str, scratch: Path) -> Iterator[Bench]:
        """A place for one example's containers; what it started is gone when it closes."""
        # A client of its own: the SDK's connections are not meant to be shared by threads.
        client = docker.DockerClient(self.endpoint, version=self.client.api.api_version)
        try:
            yield Bench(client.api, {LABEL: run, EXAMPLE_LABEL: example}, scratch)
        finally:
            client.close()
            with contextlib.suppress(EngineError):
                self.remove_example(run, example)


@dataclass(slots=True)
class Bench:
    """Where the `docker run` lines of one example run."""

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
            body = self._body(container, image)
            made = self.api.create_container_from_config(
                body, container.name or None, container.platform or None
            )
        except RefusedError as error:
            return Outcome("", None, str(error))
        except docker.errors.APIError as error:
            return _daemon_error(output, error)
        except _LOST as error:
            return Outcome("", None, str(_lost(error)))
        for warning in made.get("Warnings") or []:
            output.write(f"WARNING: {warning}\n".encode())
        return self._finish(made["Id"], container, timeout, output)

    def _finish(
        self, identifier: str, container: Container, timeout: float, output: Output
    ) -> Outcome:
        try:
            if container.detach:
                self.api.start(identifier)
                output.write(f"{identifier}\n".encode())
                return Outcome(output.text(), 0)
            return self._attached(identifier, container, timeout, output)
        except docker.errors.APIError as error:
            with contextlib.suppress(docker.errors.APIError, *_LOST):
                self.api.remove_container(identifier, force=True, v=True)
            return _daemon_error(output, error)
        except _LOST as error:
            return Outcome(output.text(), None, str(_lost(error)))

    def _attached(
        self, identifier: str, container: Container, timeout: float, output: Output
    ) -> Outcome:
        tty = bool(container.body.get("Tty"))
        socket = self.api.attach_socket(identifier, {"stdout": 1, "stderr": 1, "stream": 1})
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            with contextlib.suppress(docker.errors.APIError, *_LOST):
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
            return Outcome(output.text(), None, timed_out(timeout))
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


def connect() -> Engine:
    """Connect to the engine that the environment names: `DOCKER_HOST`, the context, the socket.

    Raises:
        EngineError: None answers; the message names what was tried.
    """
    endpoint = os.environ.get("DOCKER_HOST", "")
    try:
        if not endpoint and (context := ContextAPI.get_current_context()) is not None:
            endpoint = str(context.Host or "")
        endpoint = endpoint or "unix:///var/run/docker.sock"
        # "auto" asks the engine; requests' own message is about sockets, not about Docker.
        client = docker.DockerClient(
            endpoint, version="auto", use_ssh_client=endpoint.startswith("ssh")
        )
    except (docker.errors.DockerException, *_LOST) as error:
        raise EngineError(
            f"no Docker Engine answers at {endpoint} ({_reason(error)}): start Docker, or let"
            " `scripts/build` install and start one"
        ) from None
    try:
        return Engine(endpoint, _info(client), client)
    except (docker.errors.APIError, *_LOST) as error:
        client.close()
        raise _lost(error) from None


def this_run() -> str:
    """The label value of this process's run; see `LABEL`."""
    process = psutil.Process()
    return f"{_boot()}/{_pid_namespace()}/{process.pid}/{process.create_time():.2f}"


_LOST = (requests.exceptions.RequestException, HTTPError, ConnectionError)


def _lost(error: Exception) -> EngineError:
    return EngineError(f"the Docker Engine stopped answering: {_reason(error)}")


def _reason(error: BaseException) -> str:
    """The innermost cause that says something: `Connection refused` and the like."""
    if isinstance(error, docker.errors.APIError):
        return _explanation(error)
    if match := re.search(
        r"(No such file or directory|Connection refused|Permission denied)", str(error)
    ):
        return match[1]
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _info(client: docker.DockerClient) -> EngineInfo:
    info = client.info()
    return EngineInfo(
        version=str(info["ServerVersion"]),
        system=str(info.get("OperatingSystem", "")),
        storage_driver=str(info.get("Driver", "")),
        cgroup_version=str(info.get("CgroupVersion", "1")),
        runtimes=tuple(sorted(info.get("Runtimes") or {})),
        default_runtime=str(info.get("DefaultRuntime", "")),
        security=tuple(sorted(info.get("SecurityOptions") or ())),
        id=str(info.get("ID", "")),
    )


def _close(stream: Any) -> None:
    """The SDK hands out the reading side only: the connection behind it is closed as well.

    The response goes first: from Python 3.13 on, it complains if what it reads from is closed.
    """
    connection = getattr(stream, "_sock", None)
    response = getattr(stream, "_response", None)
    if response is not None:
        response.close()
    stream.close()
    if connection is not None:
        connection.close()


def _explanation(error: docker.errors.APIError) -> str:
    return str(error.explanation or error)


def _daemon_error(output: Output, error: docker.errors.APIError) -> Outcome:
    """What the docker command prints and returns when the engine refuses (docker/cli, run.go)."""
    text = _explanation(error)
    output.write(f"docker: Error response from daemon: {text}\n".encode())
    if re.search(r"executable file not found|no such file or directory", text):
        code = 127
    elif re.search(r"permission denied|not a directory", text):
        code = 126
    else:
        code = 125
    return Outcome(output.text(), code)


def _orphaned(labels: Mapping[str, str], created: str) -> bool:
    boot, namespace, pid, start = (labels.get(LABEL, "").split("/") + [""] * 4)[:4]
    if boot != _boot() or namespace != _pid_namespace():
        # A machine that shares this engine may still be at work.
        return created.isdigit() and time.time() - int(created) > STALE_SECONDS
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != start
    except (psutil.Error, ValueError):
        return True


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _pid_namespace() -> str:
    return os.readlink("/proc/self/ns/pid")  # noqa: PTH115
