"""Needs: what an example may ask of the host, and how each is probed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from .engine import EngineInfo
from .host import Host
from .shell import PATH


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a host may offer.

    Attributes:
        offered: Whether this host offers it.
        missing: What a host without it lacks, for the command line; pages have their own words.
        remedy: The command or act that provides it.
    """

    offered: Callable[[Host, EngineInfo], bool]
    missing: str
    remedy: str


def _command(*names: str) -> Callable[[Host, EngineInfo], bool]:
    return lambda _host, _engine: all(shutil.which(name, path=PATH) for name in names)


def _file(path: str) -> Callable[[Host, EngineInfo], bool]:
    return lambda _host, _engine: os.access(path, os.R_OK)


NEEDS: dict[str, Need] = {
    "modules": Need(
        lambda host, _engine: host.modules,
        "the kernel was built without loadable modules: there is no /proc/modules",
        "run the build on a kernel with CONFIG_MODULES=y, such as WSL2's",
    ),
    "docker-cli": Need(
        _command("docker"),
        "there is no docker command on the host",
        "apt-get install docker.io",
    ),
    "lsmod": Need(
        _command("lsmod"), "there is no lsmod command on the host", "apt-get install kmod"
    ),
    "config-gz": Need(
        _file("/proc/config.gz"),
        "the kernel does not offer its configuration as /proc/config.gz",
        "run the build on a kernel with CONFIG_IKCONFIG_PROC=y",
    ),
    "cgroup-v1": Need(
        lambda _host, engine: engine.cgroup_version == "1",
        "the engine uses cgroup version 2",
        "start the host with the cgroup version 1 hierarchy",
    ),
    "cgroup-v2": Need(
        lambda _host, engine: engine.cgroup_version == "2",
        "the engine uses cgroup version 1",
        "use a host with cgroup version 2: WSL 2.5.1 or newer",
    ),
    "runsc": Need(
        lambda _host, engine: "runsc" in engine.runtimes,
        "the engine has no runtime named runsc (gVisor)",
        "scripts/build --with-gvisor",
    ),
}


def missing(needs: tuple[str, ...], host: Host, engine: EngineInfo) -> tuple[str, ...]:
    """The names of those needs that the host does not offer."""
    return tuple(name for name in needs if not NEEDS[name].offered(host, engine))


def probe(host: Host, engine: EngineInfo) -> dict[str, bool]:
    """Every need, and whether it is offered."""
    return {name: need.offered(host, engine) for name, need in NEEDS.items()}
