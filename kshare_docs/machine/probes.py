"""Probes: whether this host offers what examples need, found out by its effect.

That a thing is listed, installed or readable proves little: a runtime may be listed and crash at
every start. So each is tried as the examples use it; where that fails, what was said is kept.

Longer than most modules: each need has its trial here, and they share how one is made.
"""

from __future__ import annotations

import gzip
import os
import secrets
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.capture import Ending, ImageUse, Outcome
from ..data.container import Container
from ..data.host import Host
from .containers import ExampleContainers, example_containers
from .endpoint import explain
from .engine import PATIENCE_SECONDS, Engine, EngineError, example_labels
from .host import home_folder
from .images import ImageProvider
from .runs import run_folder
from .shell import PATH

COMMAND_SECONDS = 10.0
"""Time that a command of this host has."""

CONTAINER_SECONDS = 60.0
"""Time that a container has: it may boot a machine first."""

DISK_RATE = 4 << 20
"""Bytes in a second that a container may write where the limit of a disk is tried."""

MEMORY = 64 << 20
"""Bytes of memory that a container may use where limits are tried."""

NOBODY = 65534
"""The user ID of nobody everywhere (systemd: UIDS-GIDS)."""


class LackError(Exception):
    """What was tried has failed; the message is what was said."""


@contextmanager
def trial_containers(
    engine: Engine, images: ImageProvider, image: str = ""
) -> Iterator[tuple[ExampleContainers, str]]:
    """Where containers are tried that are gone then, and the id of the image to make them of.

    Args:
        engine: Where they run.
        images: Where the image comes from.
        image: Its name; where it is empty, the first that is not built here.

    Raises:
        LackError: There is no image.
    """
    use = _provide(images, image)
    if isinstance(use, str):
        raise LackError(use)
    labels = example_labels(f"trial {secrets.token_hex(4)}")
    with (
        run_folder() as folder,
        example_containers(engine, labels, folder / "scratch") as containers,
    ):
        yield containers, use.id


def _provide(images: ImageProvider, image: str = "") -> ImageUse | str:
    plain = (name for name, entry in images.images.items() if not entry.build)
    name = image or next(plain, "")
    return images.provide(name) if name in images.images else f"there is no image {name}".rstrip()


@dataclass(frozen=True, slots=True)
class Probes:
    """What this host and its engine offer; each thing is tried once, when it is needed.

    Attributes:
        host: The host's facts.
        engine: Its engine.
        images: Where the image of the containers comes from that are tried.
    """

    host: Host
    engine: Engine
    images: ImageProvider
    _found: dict[str, str | None] = field(default_factory=dict, repr=False)

    def missing(self, needs: Iterable[str]) -> dict[str, str]:
        """Those needs that are not met, each with what was said when it was tried, if anything.

        They are tried side by side.
        """
        names = tuple(dict.fromkeys(needs))
        if new := [name for name in names if name not in self._found]:
            if not _BY_CONTAINERS.isdisjoint(new):
                _provide(self.images)  # in this thread, which a signal ends
            with ThreadPoolExecutor(len(new), thread_name_prefix="probe") as pool:
                self._found.update(zip(new, pool.map(self._try, new), strict=True))
        return {name: why for name in names if (why := self._found[name]) is not None}

    def _try(self, need: str) -> str | None:
        try:
            return None if PROBES[need](self) else ""
        except EngineError:
            raise
        except Exception as error:
            return explain(error)

    def output(self, *command: str, image: str = "", **settings: Any) -> str:
        """What a container prints that ends well.

        Args:
            command: Its command.
            image: The name of its image; where it is empty, of the first that is not built here.
            settings: Those of its `HostConfig`.
        """
        container = Container("", command, {"HostConfig": settings})
        with trial_containers(self.engine, self.images, image) as (containers, reference):
            return _well(containers.run(container, reference, CONTAINER_SECONDS))

    @contextmanager
    def started(self) -> Iterator[Mapping[str, Any]]:
        """What the engine says of a container, while that runs."""
        container = Container("", ("sleep", "60"), {}, detach=True)
        with trial_containers(self.engine, self.images) as (containers, image):
            made = _well(containers.run(container, image, CONTAINER_SECONDS)).strip()
            yield self.engine.within(
                PATIENCE_SECONDS, lambda: containers.api.inspect_container(made)
            )

    def docker(self, *arguments: str) -> str:
        """What the docker command prints that host steps find."""
        variables = {**self.engine.endpoint.environment(), "DOCKER_CONFIG": os.devnull}
        return _ask("docker", *arguments, variables=variables)

    def disk(self) -> str:
        """The disk below the engine's data; a limit holds for all of it, not for a partition."""
        with closing(self.engine.another_client()) as client:
            root = self.engine.within(PATIENCE_SECONDS, client.info)["DockerRootDir"]
        number = Path(root).stat().st_dev
        block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve(strict=True)
        return f"/dev/{block.parent.name if (block / 'partition').exists() else block.name}"


Probe = Callable[[Probes], bool]


def _well(outcome: Outcome) -> str:
    """What a container has printed, if it has ended well."""
    if outcome.ending is Ending.LOST:
        raise EngineError(outcome.error)
    if outcome.error or outcome.code != 0:
        said = outcome.error or outcome.output.strip().rpartition("\n")[2]
        raise LackError(said or f"a container ended with {outcome.code}")
    return outcome.output


def _ask(
    *command: str, seconds: float = COMMAND_SECONDS, variables: Mapping[str, str] | None = None
) -> str:
    """What a command prints that ends well in time."""
    try:
        done = subprocess.run(
            command,
            env={"PATH": PATH, "HOME": str(home_folder()), **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LackError(f"{command[0]} takes longer than {seconds:g} s") from None
    except OSError as error:
        raise LackError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise LackError(said or f"{command[0]} ends with {done.returncode}")
    return done.stdout.decode(errors="replace")


def _answers(*command: str, seconds: float = COMMAND_SECONDS) -> Probe:
    """The command ends well in time."""

    def probe(_probes: Probes) -> bool:
        _ask(*command, seconds=seconds)
        return True

    return probe


def _runs_in(runtime: str) -> Probe:
    """A container ends well in a runtime."""

    def probe(probes: Probes) -> bool:
        probes.output("true", Runtime=runtime)
        return True

    return probe


def _modules(probes: Probes) -> bool:
    return probes.host.modules and Path("/proc/modules").read_bytes() is not None


def _config(_probes: Probes) -> bool:
    with gzip.open("/proc/config.gz") as file:
        return file.readline() != b""


def _root(_probes: Probes) -> bool:
    """It may become another user: root of a user namespace that maps no other may not."""
    if os.geteuid() == 0:
        subprocess.run(["true"], user=NOBODY, group=NOBODY, extra_groups=(), check=True)
    return os.geteuid() == 0


def _kvm(probes: Probes) -> bool:
    """A machine boots with /dev/kvm, which may be there, answer, and never run a kernel.

    The image that examples boot asks itself (`scripts/images/vm`).
    """
    if not Path("/dev/kvm").is_char_device():
        raise LackError("there is no /dev/kvm")
    given = {"PathOnHost": "/dev/kvm", "PathInContainer": "/dev/kvm", "CgroupPermissions": "rwm"}
    return probes.output("--accelerator", image="vm", Devices=[given]).strip() == "kvm"


def _docker_cli(probes: Probes) -> bool:
    """The docker command speaks with the very engine: it may be too new for it, or be podman."""
    return probes.docker("info", "--format", "{{.ID}}").strip() == probes.engine.info.id


def _native_engine(probes: Probes) -> bool:
    """Under Docker Desktop, or far away, a container's processes are not among the host's."""
    with probes.started() as container:
        seen = Path(f"/proc/{container['State']['Pid']}/cmdline")
        return seen.exists() and seen.read_bytes().split(b"\0")[:-1] == [b"sleep", b"60"]


def _identity_users(probes: Probes) -> bool:
    """A user ID in a container is the kernel's own: nothing translates it (user_namespaces(7)).

    The engine may, by userns-remap or rootless; and the host may be a container itself.
    """
    maps = (probes.output("cat", "/proc/self/uid_map"), Path("/proc/self/uid_map").read_text())
    return all(text.split() == ["0", "0", "4294967295"] for text in maps)


def _graphdriver(probes: Probes) -> bool:
    """The engine says where a container's own layer is; with containerd's store, it does not."""
    with probes.started() as container:
        driver = container.get("GraphDriver") or {}
        return driver.get("Name") == "overlay2" and "UpperDir" in (driver.get("Data") or {})


def _limits(probes: Probes) -> bool:
    """A container has the limit that was asked for: a rootless engine may be unable to set one."""
    shown = "cd /sys/fs/cgroup && cat memory.max memory/memory.limit_in_bytes 2>/dev/null; true"
    return str(MEMORY) in probes.output("sh", "-c", shown, Memory=MEMORY).split()


def _disk_limits(probes: Probes) -> bool:
    """The kernel notes a limit for the disk: CONFIG_BLK_DEV_THROTTLING."""
    limit = [{"Path": probes.disk(), "Rate": DISK_RATE}]
    files = "io.max blkio/blkio.throttle.write_bps_device"
    shown = f"cd /sys/fs/cgroup && for f in {files}; do [ ! -e $f ] || cat $f; done"
    return str(DISK_RATE) in probes.output("sh", "-c", shown, BlkioDeviceWriteBps=limit)


def _disk_options(probes: Probes) -> bool:
    """The docker command hands on `--device-write-bps` and its like.

    From 25.0 to 27.1.1 it drops them without a word (docker/cli#5321, mended in 25.0.7 and 27.1.2).
    """
    with trial_containers(probes.engine, probes.images) as (containers, image):
        labels = [f"--label={name}={value}" for name, value in containers.labels.items()]
        limit = f"--device-write-bps={probes.disk()}:{DISK_RATE}"
        made = probes.docker("create", *labels, limit, image, "true").strip()
        return bool(containers.api.inspect_container(made)["HostConfig"]["BlkioDeviceWriteBps"])


_UTILITIES = (
    "findmnt -nro MAJ:MIN -T / && lsblk -nrpo MAJ:MIN,TYPE,KNAME,PKNAME && nsenter true"
    " && setpriv --no-new-privs true && ipcrm -q $(ipcmk -Q | tr -dc 0-9)"
)
_POD = (
    "kubectl wait --for=condition=Ready node --all --timeout=5s && kubectl run kshare-trial"
    " --image=alpine:3.22 --restart=Never --dry-run=server"
)

_BY_CONTAINERS = {
    *("native-engine", "identity-users", "graphdriver", "limits", "disk-limits"),
    *("disk-options",),
    *("runsc", "kata"),
}

PROBES: Mapping[str, Probe] = {
    "wsl2": lambda probes: probes.host.genuine,
    "interop": _answers("/mnt/c/Windows/System32/cmd.exe", "/c", "ver"),
    "wslc": _answers(
        *("/mnt/c/Program Files/WSL/wslc.exe", "run", "--rm", "alpine:3.22", "true"),
        seconds=CONTAINER_SECONDS,
    ),
    "modules": _modules,
    "config-gz": _config,
    "kernel-log": _answers("dmesg"),
    "root": _root,
    "docker-cli": _docker_cli,
    "util-linux": _answers("sh", "-c", _UTILITIES),
    "iproute2": _answers("ip", "-br", "-4", "addr"),
    "native-engine": _native_engine,
    "identity-users": _identity_users,
    "desktop": lambda probes: probes.engine.info.system == "Docker Desktop",
    "graphdriver": _graphdriver,
    "limits": _limits,
    "disk-limits": _disk_limits,
    "disk-options": _disk_options,
    "x86-64": lambda probes: probes.host.architecture == "x86_64",
    "kvm": _kvm,
    "runsc": _runs_in("runsc"),
    "kata": _runs_in("kata"),
    "kubernetes": _answers("sh", "-c", _POD, seconds=CONTAINER_SECONDS),
}
"""By name; what one raises is why it is not met."""
