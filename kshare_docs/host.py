"""The host: what the machine says of itself, read once."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import msgspec

from .verdict import UNKNOWN, judge, read_facts


class Host(msgspec.Struct, frozen=True):
    """Facts of the host that claims, captures and pages may speak of.

    Attributes:
        release: What `uname -r` prints.
        version: `/proc/version`.
        architecture: What `uname -m` prints.
        distribution: `PRETTY_NAME` of `/etc/os-release`.
        boot_id: `/proc/sys/kernel/random/boot_id`, another one at each boot (random(4)).
        cpus: Number of CPUs that this process may use.
        memory: Bytes of memory.
        cgroup_version: "2" where `/sys/fs/cgroup` is the unified hierarchy, else "1" (cgroups(7)).
        modules: The kernel can load modules: `/proc/modules` exists (proc(5)).
        verdict: Whether it is a genuine WSL2 host: see the module of that name.
    """

    release: str
    version: str
    architecture: str
    distribution: str
    boot_id: str
    cpus: int
    memory: int
    cgroup_version: str
    modules: bool
    verdict: str = UNKNOWN


def read_host(root: Path = Path("/")) -> Host:
    """Read the facts; a file that cannot be read gives an empty string, never an error."""
    return Host(
        release=_text(root / "proc/sys/kernel/osrelease"),
        version=_text(root / "proc/version"),
        architecture=platform.machine(),
        distribution=_distribution(_text(root / "etc/os-release")),
        boot_id=_text(root / "proc/sys/kernel/random/boot_id"),
        cpus=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        cgroup_version="2" if (root / "sys/fs/cgroup/cgroup.controllers").exists() else "1",
        modules=(root / "proc/modules").exists(),
        verdict=judge(read_facts(root)).verdict,
    )


def told(host: Host) -> Host:
    """The facts that may leave the machine: its kernel's builder and its boot are nobody's."""
    return msgspec.structs.replace(host, version="", boot_id="")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _distribution(os_release: str) -> str:
    for line in os_release.splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return value.strip("\"'")
    return ""
