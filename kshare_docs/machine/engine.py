"""The Docker Engine, through its SDK: how it is reached, and what runs left on it."""

from __future__ import annotations

import contextlib
import datetime
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.errors
import psutil
import requests
from urllib3.exceptions import HTTPError

from ..data.host import EngineInfo
from .endpoint import Endpoint, EndpointError, explain, find_endpoint

LABEL = "org.kshare-docs.run"
"""On everything that a run creates; its value says whose it is: boot, PID namespace, PID, start."""

EXAMPLE_LABEL = "org.kshare-docs.example"

STALE_SECONDS = 24 * 3600
"""After this time a thing of another boot or another machine is nobody's any more."""

UNREACHABLE = (requests.exceptions.RequestException, HTTPError, ConnectionError)
"""What the SDK raises where the engine does not answer."""


class EngineError(Exception):
    """The engine cannot be reached, or stopped answering."""

    @classmethod
    def lost(cls, error: Exception) -> EngineError:
        """Of an engine that answered before."""
        return cls(f"the Docker Engine stopped answering: {explain(error)}")


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker Engine that answers."""

    endpoint: Endpoint
    info: EngineInfo
    client: docker.DockerClient = field(repr=False)

    def close(self) -> None:
        """Close the connections; containers are not touched."""
        self.client.close()

    def another_client(self, **options: Any) -> docker.DockerClient:
        """A client of its own: the SDK's connections are not meant to be shared by threads."""
        return self.endpoint.client(version=self.client.api.api_version, **options)

    def image_id(self, reference: str) -> str:
        """The id of a local image; empty if there is none."""
        try:
            return str(self.client.images.get(reference).id)
        except docker.errors.ImageNotFound:
            return ""
        except UNREACHABLE as error:
            raise EngineError.lost(error) from None

    def sweep(self) -> int:
        """Remove what runs left behind that are gone; a living run's things stay."""
        return self._remove([LABEL], _orphaned)

    def remove_run(self, run: str) -> int:
        """Remove everything of one run."""
        return self._remove([f"{LABEL}={run}"])

    def remove_example(self, run: str, example: str) -> int:
        """Remove everything that one example of a run left."""
        return self._remove([f"{LABEL}={run}", f"{EXAMPLE_LABEL}={example}"])

    def _remove(
        self,
        labels: list[str],
        chosen: Callable[[Mapping[str, str], str], bool] = lambda _labels, _created: True,
    ) -> int:
        api, filters = self.client.api, {"label": labels}
        removed = 0

        def remove(items: list[dict[str, Any]], name: str, act: Callable[[str], object]) -> None:
            nonlocal removed
            for item in items:
                created = str(item.get("Created") or item.get("CreatedAt") or "")
                if chosen(item.get("Labels") or {}, created):
                    with contextlib.suppress(docker.errors.APIError):
                        act(item[name])
                        removed += 1

        try:
            remove(
                api.containers(all=True, filters=filters),
                "Id",
                lambda name: api.remove_container(name, force=True, v=True),
            )
            remove(api.networks(filters=filters), "Id", api.remove_network)
            remove(
                api.volumes(filters=filters)["Volumes"] or [],
                "Name",
                lambda name: api.remove_volume(name, force=True),
            )
        except UNREACHABLE as error:
            raise EngineError.lost(error) from None
        return removed


def connect() -> Engine:
    """Connect to the engine that the docker command would use.

    Raises:
        EngineError: None answers; the message names what was tried.
    """
    try:
        endpoint = find_endpoint()
        client = endpoint.client()
    except EndpointError as error:
        raise EngineError(str(error)) from None
    try:
        return Engine(endpoint, _info(client), client)
    except (docker.errors.APIError, *UNREACHABLE) as error:
        client.close()
        raise EngineError.lost(error) from None


@contextlib.contextmanager
def connected() -> Iterator[Engine]:
    """The engine for a while; see `connect`."""
    engine = connect()
    try:
        yield engine
    finally:
        engine.close()


def this_run() -> str:
    """The label value of this process's run; see `LABEL`."""
    process = psutil.Process()
    return f"{_boot()}/{_pid_namespace()}/{process.pid}/{process.create_time():.2f}"


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


def _orphaned(labels: Mapping[str, str], created: str) -> bool:
    boot, namespace, pid, start = (labels.get(LABEL, "").split("/") + [""] * 4)[:4]
    if boot != _boot() or namespace != _pid_namespace():
        # A machine that shares this engine may still be at work.
        return _age(created) > STALE_SECONDS
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != start
    except (psutil.Error, ValueError):
        return True


def _age(created: str) -> float:
    """Seconds since a thing was made; 0 if that cannot be read.

    The Engine API dates containers in seconds since 1970, networks and volumes by RFC 3339.
    """
    try:
        if not created.isdigit():
            return time.time() - datetime.datetime.fromisoformat(created).timestamp()
    except ValueError:
        return 0.0
    return time.time() - int(created)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _pid_namespace() -> str:
    return os.readlink("/proc/self/ns/pid")  # noqa: PTH115
