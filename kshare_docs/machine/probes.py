"""Probes: whether this host offers what examples need."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ..data.host import EngineInfo, Host
from .host import home_folder
from .shell import PATH

PROBE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Probes:
    """What this host and its engine offer; each thing is asked for once, when it is needed."""

    host: Host
    engine: EngineInfo
    _offered: dict[str, bool] = field(default_factory=dict, repr=False)

    def offers(self, need: str) -> bool:
        """Whether this host offers what a need asks for."""
        if need not in self._offered:
            self._offered[need] = False
            with contextlib.suppress(OSError):  # what cannot be read is not offered
                self._offered[need] = PROBES[need](self)
        return self._offered[need]

    def missing(self, needs: Iterable[str]) -> tuple[str, ...]:
        """The names of those needs that are not met."""
        return tuple(name for name in needs if not self.offers(name))


Probe = Callable[[Probes], bool]


def _commands(*names: str) -> Probe:
    return lambda _probes: all(shutil.which(name, path=PATH) for name in names)


def _answers(*command: str) -> Probe:
    """The command is there, and ends well in time."""
    return lambda _probes: _ask(*command) is not None


def _ask(*command: str) -> str | None:
    """What a command prints; None where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            env={"PATH": PATH, "HOME": str(home_folder())},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _kernel_log(_probes: Probes) -> bool:
    """Reading needs CAP_SYSLOG where dmesg_restrict is set (proc_sys_kernel(5))."""
    with open("/dev/kmsg", "rb"):  # noqa: PTH123
        return True


def _kvm(_probes: Probes) -> bool:
    """A virtual machine can be made. Asked in a process of its own: a broken /dev/kvm may hang."""
    # KVM_GET_API_VERSION and KVM_CREATE_VM of <linux/kvm.h>.
    ask = (
        "import fcntl\n"
        "kvm = open('/dev/kvm', 'rb+', buffering=0)\n"
        "assert fcntl.ioctl(kvm, 0xAE00) == 12\n"
        "assert fcntl.ioctl(kvm, 0xAE01, 0) >= 0\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", ask],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=2) == 0
    except subprocess.TimeoutExpired:
        process.kill()  # it may not die either: it is not awaited
        return False


def _native_engine(_probes: Probes) -> bool:
    """Under Docker Desktop, or far away, the engine's processes are not among the host's."""
    return any(process.info["name"] == "dockerd" for process in psutil.process_iter(["name"]))


def _identity_users(probes: Probes) -> bool:
    """A user ID in a container is the kernel's own: nothing translates it (user_namespaces(7)).

    The engine names `userns` or `rootless` where it does; and the host may be a container itself.
    """
    security = {option.partition(",")[0] for option in probes.engine.security}
    if security & {"name=userns", "name=rootless"}:
        return False
    uid_map = Path("/proc/self/uid_map").read_text(encoding="ascii")
    return uid_map.split() == ["0", "0", "4294967295"]


def _disk_limits(probes: Probes) -> bool:
    """The kernel throttles block devices: CONFIG_BLK_DEV_THROTTLING.

    On version 2 the controller `io` does not show it: without the option there is an `io`, and
    no `io.max`. Nor does the root have that file, so the kernel's symbols are asked.
    """
    if probes.engine.cgroup_version == "1":
        return Path("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device").exists()
    controllers = Path("/sys/fs/cgroup/cgroup.controllers").read_text(encoding="ascii")
    symbols = Path("/proc/kallsyms").read_text(encoding="ascii", errors="replace")
    return "io" in controllers.split() and "blk_throtl" in symbols


def passes_disk_options(said: str) -> bool:
    """Whether the docker command hands on `--device-write-bps` and its like.

    From 25.0 to 27.1.1 it drops them without a word (docker/cli#5321, mended in 25.0.7 and 27.1.2).

    Args:
        said: What `docker --version` prints.
    """
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    if version is None:
        return False
    number = tuple(map(int, version.groups()))
    return number < (25,) or (25, 0, 7) <= number < (26,) or number >= (27, 1, 2)


PROBES: Mapping[str, Probe] = {
    "wsl2": lambda probes: probes.host.genuine,
    "interop": _answers("/mnt/c/Windows/System32/cmd.exe", "/c", "ver"),
    "wslc": _answers("/mnt/c/Program Files/WSL/wslc.exe", "--version"),
    "modules": lambda probes: probes.host.modules,
    "config-gz": lambda _probes: os.access("/proc/config.gz", os.R_OK),
    "kernel-log": _kernel_log,
    "root": lambda _probes: os.geteuid() == 0,
    "docker-cli": _commands("docker"),
    "util-linux": _commands("nsenter", "setpriv", "ipcs", "findmnt", "lsblk"),
    "iproute2": _commands("ip"),
    "native-engine": _native_engine,
    "identity-users": _identity_users,
    "desktop": lambda probes: probes.engine.system == "Docker Desktop",
    "graphdriver": lambda probes: probes.engine.storage_driver == "overlay2",
    "disk-limits": _disk_limits,
    "disk-options": lambda _probes: passes_disk_options(_ask("docker", "--version") or ""),
    "x86-64": lambda probes: probes.host.architecture == "x86_64",
    "kvm": _kvm,
    "runsc": lambda probes: "runsc" in probes.engine.runtimes,
    "kata": lambda probes: "kata" in probes.engine.runtimes and probes.offers("kvm"),
    "kubernetes": _answers("kubectl", "get", "nodes", "--request-timeout=5s"),
}
"""By name."""
