"""The host and its engine: what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

WSL2 = "wsl2"
"""The verdict of a genuine WSL2 host, the only one that a publication may come from."""

UNKNOWN = "unknown"
"""The verdict where facts are missing."""


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
        verdict: What the machine is: `wsl2` for a genuine WSL2 host.
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

    @property
    def genuine(self) -> bool:
        """It is a genuine WSL2 host."""
        return self.verdict == WSL2

    @property
    def public(self) -> Host:
        """The facts that may leave the machine: its kernel's builder and its boot are nobody's."""
        return msgspec.structs.replace(self, version="", boot_id="")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the Docker Engine says of itself (`docker info`), and where it was reached."""

    version: str
    system: str
    storage_driver: str
    cgroup_version: str
    runtimes: tuple[str, ...]
    default_runtime: str
    security: tuple[str, ...]
    id: str
    pids_limit: bool = True
    kernel: str = ""
