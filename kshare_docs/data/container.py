"""A container: what one `docker run` line asks the engine for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .problem import Kind


class RefusedError(ValueError):
    """The line is not run; the message says why and what to do.

    Attributes:
        kind: What kind of mistake it is.
        at: The part of the line that is meant; empty for the whole line.
    """

    def __init__(self, message: str, kind: Kind = Kind.DOCKER_RUN, at: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.at = at


@dataclass(frozen=True, slots=True)
class Mount:
    """A `-v` mount: a named volume, or a scratch file of the example by its relative path."""

    source: str
    target: str
    mode: str
    scratch: bool


@dataclass(frozen=True, slots=True)
class Container:
    """What one `docker run` line asks for.

    Attributes:
        image: The image's name as the line writes it.
        command: Arguments after the image; empty for the image's own.
        body: The rest of the create request (Engine API, `POST /containers/create`), without
            image, labels and mounts.
        name: The container's name; empty for one that the engine chooses.
        detach: Do not wait for its end.
        remove: Remove it at its end; otherwise it stays until the example ends.
        platform: The platform asked for; empty for the engine's own.
        mounts: Volumes and scratch files.
        env_files: Scratch files with environment variables.
        output: Scratch file that takes standard output; empty for the transcript.
        host_reach: Options that reach beyond the container, for the reviewed list to allow.
    """

    image: str
    command: tuple[str, ...]
    body: Mapping[str, Any]
    name: str = ""
    detach: bool = False
    remove: bool = False
    platform: str = ""
    mounts: tuple[Mount, ...] = ()
    env_files: tuple[str, ...] = ()
    output: str = ""
    host_reach: tuple[str, ...] = ()

    @property
    def volumes(self) -> frozenset[str]:
        """The volumes that it names."""
        named = {mount.source for mount in self.mounts if not mount.scratch}
        mounts = self.body.get("HostConfig", {}).get("Mounts", [])
        long = {mount.get("Source", "") for mount in mounts if mount["Type"] == "volume"}
        return frozenset((named | long) - {""})

    @property
    def resources(self) -> frozenset[str]:
        """Names on the engine that only one example may hold at a time."""
        volumes = {f"volume {name}" for name in self.volumes}
        return frozenset(volumes | ({f"container {self.name}"} if self.name else set()))
