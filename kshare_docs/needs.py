"""Needs: what an example may ask of the host, and how each is probed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .engine import EngineInfo
from .host import Host
from .shell import PATH

CMD = "/mnt/c/Windows/System32/cmd.exe"
WSLC = "/mnt/c/Program Files/WSL/wslc.exe"
PROBE_SECONDS = 10.0

Probe = Callable[[Host, EngineInfo], bool]


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a host may offer.

    Attributes:
        offered: Whether this host offers it.
        missing: What a host without it lacks, for the command line; pages have their own words.
        remedy: The command or act that provides it.
    """

    offered: Probe
    missing: str
    remedy: str


def _commands(*names: str) -> Probe:
    return lambda _host, _engine: all(shutil.which(name, path=PATH) for name in names)


def _readable(path: str) -> Probe:
    return lambda _host, _engine: os.access(path, os.R_OK)


def _answers(*command: str) -> Probe:
    """The command is there, and ends well in time."""
    return lambda _host, _engine: _said(*command) is not None


def _said(*command: str) -> str | None:
    """What a command prints; None where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            env={"PATH": PATH, "HOME": str(Path.home())},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _kernel_log(_host: Host, _engine: EngineInfo) -> bool:
    """Reading needs CAP_SYSLOG where dmesg_restrict is set (proc_sys_kernel(5))."""
    try:
        with open("/dev/kmsg", "rb"):  # noqa: PTH123
            return True
    except OSError:
        return False


def _kvm(_host: Host, _engine: EngineInfo) -> bool:
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


def _native(_host: Host, _engine: EngineInfo) -> bool:
    """The engine's processes are among the host's: not so under Docker Desktop, or far away."""
    return "dockerd" in _process_names()


def _process_names() -> Iterable[str]:
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            yield path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue


def _identity_users(_host: Host, engine: EngineInfo) -> bool:
    """A user ID in a container is the kernel's own: nothing translates it (user_namespaces(7)).

    The engine names `userns` or `rootless` where it does; and the host may be a container itself.
    """
    if {option.partition(",")[0] for option in engine.security} & {"name=userns", "name=rootless"}:
        return False
    try:
        uid_map = Path("/proc/self/uid_map").read_text(encoding="ascii")
    except OSError:
        return False
    return uid_map.split() == ["0", "0", "4294967295"]


def _disk_limits(_host: Host, engine: EngineInfo) -> bool:
    """The kernel throttles block devices: CONFIG_BLK_DEV_THROTTLING.

    On version 2 the controller `io` does not show it: without the option there is an `io`, and
    no `io.max`. Nor does the root have that file, so the kernel's symbols are asked.
    """
    if engine.cgroup_version == "1":
        return Path("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device").exists()
    try:
        controllers = Path("/sys/fs/cgroup/cgroup.controllers").read_text(encoding="ascii")
        symbols = Path("/proc/kallsyms").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "io" in controllers.split() and "blk_throtl" in symbols


def _disk_options(_host: Host, _engine: EngineInfo) -> bool:
    return passes_disk_options(_said("docker", "--version") or "")


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


NEEDS: dict[str, Need] = {
    "wsl2": Need(
        lambda host, _engine: host.verdict == "wsl2",
        "the host is not WSL2",
        "run the build in a WSL2 distribution",
    ),
    "interop": Need(
        _answers(CMD, "/c", "ver"),
        "Windows programs cannot be started from here",
        "run the build in a WSL2 distribution with interop and automount on (the default)",
    ),
    "wslc": Need(
        _answers(WSLC, "--version"),
        "there is no wslc, the container command of WSL",
        "wsl.exe --update, to WSL 3.0.1 or newer",
    ),
    "modules": Need(
        lambda host, _engine: host.modules,
        "the kernel was built without loadable modules: there is no /proc/modules",
        "run the build on a kernel with CONFIG_MODULES=y, such as WSL2's",
    ),
    "config-gz": Need(
        _readable("/proc/config.gz"),
        "the kernel does not offer its configuration as /proc/config.gz",
        "run the build on a kernel with CONFIG_IKCONFIG_PROC=y",
    ),
    "kernel-log": Need(
        _kernel_log,
        "the kernel's log may be read by root only",
        "run the build as root, or: sysctl kernel.dmesg_restrict=0",
    ),
    "root": Need(
        lambda _host, _engine: os.geteuid() == 0,
        "the build does not run as root",
        "sudo scripts/build",
    ),
    "docker-cli": Need(
        _commands("docker"),
        "there is no docker command on the host",
        "apt-get install docker.io",
    ),
    "lsmod": Need(
        _commands("lsmod"), "there is no lsmod command on the host", "apt-get install kmod"
    ),
    "util-linux": Need(
        _commands("nsenter", "unshare", "ipcs", "findmnt", "lsblk"),
        "the host lacks tools of util-linux",
        "apt-get install util-linux",
    ),
    "iproute2": Need(
        _commands("ip"), "there is no ip command on the host", "apt-get install iproute2"
    ),
    "unshare": Need(
        _answers("unshare", "-fpmuin", "chroot", "/", "true"),
        "this user may not make namespaces, or unshare is not there",
        "run the build as root, with util-linux, and not in a container",
    ),
    "native-engine": Need(
        _native,
        "the engine's processes are not visible on this host",
        "use Docker Engine in the distribution itself, not Docker Desktop",
    ),
    "identity-users": Need(
        _identity_users,
        "user IDs are translated: by userns-remap, by rootless mode, or around the host itself",
        "use a Docker Engine that runs as root, without userns-remap in /etc/docker/daemon.json",
    ),
    "desktop": Need(
        lambda _host, engine: engine.system == "Docker Desktop",
        "the engine is not Docker Desktop's",
        "turn on the WSL integration of Docker Desktop for this distribution",
    ),
    "graphdriver": Need(
        lambda _host, engine: engine.storage_driver == "overlay2",
        "the engine does not use the storage driver overlay2",
        'set "storage-driver": "overlay2" in /etc/docker/daemon.json',
    ),
    "image-store": Need(
        lambda _host, engine: engine.storage_driver == "overlayfs",
        "the engine does not use the containerd image store",
        'set "features": {"containerd-snapshotter": true} in /etc/docker/daemon.json',
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
    "disk-limits": Need(
        _disk_limits,
        "the kernel has no controller that limits the speed of disks",
        "run the build on a kernel with CONFIG_BLK_DEV_THROTTLING=y",
    ),
    "disk-options": Need(
        _disk_options,
        "this docker command drops --device-write-bps without a word (docker/cli#5321)",
        "install Docker 27.1.2 or newer: https://docs.docker.com/engine/install/",
    ),
    "x86-64": Need(
        lambda host, _engine: host.architecture == "x86_64",
        "the processor is not x86-64: it cannot run the virtual machine's own programs",
        "run the build on an x86-64 host",
    ),
    "kvm": Need(
        _kvm,
        "no virtual machine can be made with /dev/kvm",
        "turn on nested virtualization: nestedVirtualization=true in .wslconfig, on Windows 11",
    ),
    "runsc": Need(
        lambda _host, engine: "runsc" in engine.runtimes,
        "the engine has no runtime named runsc (gVisor)",
        "scripts/build --with-gvisor",
    ),
    "kata": Need(
        lambda host, engine: "kata" in engine.runtimes and _kvm(host, engine),
        "the engine has no runtime named kata, or the host no KVM for it",
        "install Kata Containers, and name its runtime kata in /etc/docker/daemon.json",
    ),
    "kubernetes": Need(
        _answers("kubectl", "get", "nodes", "--request-timeout=5s"),
        "no Kubernetes cluster answers to kubectl",
        "install kind and kubectl, then: kind create cluster",
    ),
}


def missing(needs: tuple[str, ...], host: Host, engine: EngineInfo) -> tuple[str, ...]:
    """The names of those needs that the host does not offer."""
    return tuple(name for name in needs if not NEEDS[name].offered(host, engine))


def probe(host: Host, engine: EngineInfo) -> dict[str, bool]:
    """Every need, and whether it is offered."""
    return {name: need.offered(host, engine) for name, need in NEEDS.items()}
