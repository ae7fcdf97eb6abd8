"""The Docker Engine, through its SDK: how it is reached, and what runs left on it."""

from __future__ import annotations

import contextlib
import datetime
import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import docker
import docker.errors
import psutil
import requests
from urllib3.exceptions import HTTPError

from ..data.host import EngineInfo
from .endpoint import Endpoint, EndpointError, explain, find_endpoint
from .host import read_boot_id

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

    def another_client(self, **options: Any) -> docker.DockerClient:
        """A client of its own: the SDK's connections are not meant to be shared by threads."""
        return self.endpoint.client(version=self.client.api.api_version, **options)

    def image_id(self, reference: str) -> str:
        """The id of a local image; empty if there is none."""
        try:
            return str(self.client.images.get(reference).id)
        except docker.errors.NotFound:
            return ""
        except UNREACHABLE as error:
            raise EngineError.lost(error) from None

    def sweep(self) -> int:
        """Remove what runs left behind that are gone; a living run's things stay."""
        return self._remove([LABEL], _orphaned)

    def remove(self, labels: Mapping[str, str]) -> None:
        """Remove everything that has these labels."""
        self._remove([f"{name}={value}" for name, value in labels.items()])

    def _remove(
        self, labels: list[str], chosen: Callable[[Mapping[str, Any]], bool] = lambda _item: True
    ) -> int:
        removed = 0
        try:
            for item, options in self._labelled(labels):
                if chosen(item.attrs):
                    with contextlib.suppress(docker.errors.APIError):
                        item.remove(**options)
                        removed += 1
        except UNREACHABLE as error:
            raise EngineError.lost(error) from None
        return removed

    def _labelled(self, labels: list[str]) -> Iterator[tuple[Any, dict[str, bool]]]:
        """Everything that has labels, each with the options that remove it; containers first."""
        filters: dict[str, str | list[str] | bool] = {"label": labels}
        for container in self.client.containers.list(all=True, sparse=True, filters=filters):
            yield container, {"force": True, "v": True}
        for network in self.client.networks.list(filters=filters):
            yield network, {}
        for volume in self.client.volumes.list(filters=filters):
            yield volume, {"force": True}


@contextlib.contextmanager
def connected() -> Iterator[Engine]:
    """The engine that the docker command would use, for a while.

    Raises:
        EngineError: None answers; the message names what was tried.
    """
    try:
        endpoint = find_endpoint()
        client = endpoint.client()
    except EndpointError as error:
        raise EngineError(str(error)) from None
    with contextlib.closing(client):
        try:
            info = _info(client)
        except (docker.errors.APIError, *UNREACHABLE) as error:
            raise EngineError.lost(error) from None
        yield Engine(endpoint, info, client)


def run_labels() -> dict[str, str]:
    """The label of this process's run."""
    process = psutil.Process()
    return {LABEL: f"{_place()}/{process.pid}/{process.create_time():.2f}"}


def example_labels(example: str) -> dict[str, str]:
    """The labels of one example in this process's run."""
    return {**run_labels(), EXAMPLE_LABEL: example}


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


def _orphaned(item: Mapping[str, Any]) -> bool:
    place, *process = str((item.get("Labels") or {}).get(LABEL, "")).rsplit("/", 2)
    if place != _place():
        # A machine that shares this engine may still be at work.
        return _age(str(item.get("Created") or item.get("CreatedAt") or "")) > STALE_SECONDS
    try:
        pid, start = process
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


@functools.cache
def _place() -> str:
    """The boot and the PID namespace of this process."""
    return f"{read_boot_id()}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
