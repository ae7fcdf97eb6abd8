"""The Docker Engine, through its SDK: how it is reached, and what runs left on it."""

from __future__ import annotations

import contextlib
import datetime
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import docker
import docker.errors
import requests
from urllib3.exceptions import HTTPError

from ..data.host import EngineInfo
from .endpoint import (
    ANSWER_SECONDS,
    FAILURES,
    Endpoint,
    EndpointError,
    bounded,
    explain,
    find_endpoint,
)
from .runs import is_over, this_run

LABEL = "org.kshare-docs.run"
"""On everything that a run creates; its value says whose it is: see `this_run`."""

EXAMPLE_LABEL = "org.kshare-docs.example"

PATIENCE_SECONDS = 30.0
"""How long an engine may take for one thing outside of steps."""

PING_SECONDS = 2.0
"""How long an engine that was too slow for one thing may take to say that it is there."""

LOST_SECONDS = 0.1
"""How long an engine that was too slow may take for anything more."""

UNREACHABLE = (requests.exceptions.RequestException, HTTPError, ConnectionError, TimeoutError)
"""What the SDK raises where the engine does not answer."""


_T = TypeVar("_T")


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
    _lost: threading.Event = field(default_factory=threading.Event, repr=False)

    def within(self, seconds: float, work: Callable[[], _T]) -> _T:
        """Do what takes the engine's answers; one that was too slow before is not waited for.

        Raises:
            TimeoutError: It has not ended by then.
        """
        try:
            return bounded(min(seconds, LOST_SECONDS) if self._lost.is_set() else seconds, work)
        except TimeoutError:
            if not self.answers():
                self._lost.set()
            raise

    def answers(self) -> bool:
        """Whether it is there still: what a page asks for may take long, and is no other's loss."""
        if not self._lost.is_set():
            with contextlib.suppress(*FAILURES), contextlib.closing(self.another_client()) as quick:
                return bool(bounded(PING_SECONDS, quick.ping))
        return False

    def another_client(self, **options: Any) -> docker.DockerClient:
        """A client of its own: the SDK's connections are not meant to be shared by threads."""
        return self.endpoint.client(version=self.client.api.api_version, **options)

    def image_id(self, reference: str) -> str:
        """The id of a local image; empty if there is none."""
        try:
            return str(self.within(PATIENCE_SECONDS, lambda: self.client.images.get(reference)).id)
        except docker.errors.NotFound:
            return ""
        except FAILURES as error:
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
                        self.within(PATIENCE_SECONDS, functools.partial(item.remove, **options))
                        removed += 1
        except FAILURES as error:
            raise EngineError.lost(error) from None
        return removed

    def _labelled(self, labels: list[str]) -> Iterator[tuple[Any, dict[str, bool]]]:
        """Everything that has labels, each with the options that remove it; containers first."""
        filters: dict[str, str | list[str] | bool] = {"label": labels}
        containers = functools.partial(self.client.containers.list, all=True, sparse=True)
        lists: list[tuple[Callable[..., Any], dict[str, bool]]] = [
            (containers, {"force": True, "v": True}),
            (self.client.networks.list, {}),
            (self.client.volumes.list, {"force": True}),
        ]
        for listed, options in lists:
            for item in self.within(PATIENCE_SECONDS, functools.partial(listed, filters=filters)):
                yield item, options


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
            info = bounded(ANSWER_SECONDS, lambda: _info(client))
        except FAILURES as error:
            raise EngineError.lost(error) from None
        yield Engine(endpoint, info, client)


def run_labels() -> dict[str, str]:
    """The label of this process's run."""
    return {LABEL: this_run()}


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
        pids_limit=bool(info.get("PidsLimit")),
        kernel=str(info.get("KernelVersion", "")),
    )


def _orphaned(item: Mapping[str, Any]) -> bool:
    age = _age(str(item.get("Created") or item.get("CreatedAt") or ""))
    return is_over(str((item.get("Labels") or {}).get(LABEL, "")), age)


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
