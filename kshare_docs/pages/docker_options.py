"""Docker options: what each one asks for in a container.

Longer than most modules: it is a table and what reads its values.

Options and their defaults are those of the `docker run` reference. Each turns its value into a
part of the container, where `body` is the body of the Engine API's `POST /containers/create`; a
reader raises ValueError with what the value is not, or does.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..data.container import Mount

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(?:[bB]|([kKmMgGtT])(?:[iI]?[bB])?)?")
_WORD = r"[a-zA-Z0-9/][\w.,/:=@+-]*"
_PATH = r"[\w.~/\0][\w.,/:+-]*"
_SIGNED = r"-?[\w.]+"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of `docker run`.

    Attributes:
        name: Its long name, without dashes.
        path: Where its value goes: names of keys, with dots between; empty where the value that
            is read has its place in it.
        read: Turns the value's text into what is put there.
        flag: It takes no value.
        reaches: Whether with this value it reaches beyond the container: only a reviewed line
            may have it.
        letter: Its short name.
        form: All values that it may have, as a pattern of ASCII characters; what its reader
            takes is narrower.
        slot: Values with the same slot replace each other; by default all do.
    """

    name: str
    path: str = ""
    read: Callable[[str], Any] = str
    flag: bool = False
    reaches: Callable[[str], bool] = lambda _value: False
    letter: str = ""
    form: str = _WORD
    slot: Callable[[str], str] = lambda _value: ""

    def part(self, text: str) -> Any:
        """What the container has of it.

        Raises:
            ValueError: The text is not a value for it.
        """
        value = self.read(text)
        if not re.fullmatch(self.form, text, re.ASCII | re.DOTALL):
            raise ValueError("is of no form that is known")
        for key in reversed(self.path.split(".") if self.path else ()):
            value = {key: value}
        return value


def _always(_value: str) -> bool:
    return True


def _nothing(_value: str) -> Mapping[str, Any]:
    return {}


def _one(value: str) -> list[str]:
    return [value]


def _switch(name: str, path: str, letter: str = "") -> Option:
    return Option(name, path, _always, flag=True, letter=letter)


def _mode(name: str, path: str, *free: str) -> Option:
    """A namespace's mode; one that joins the host's or a stranger's needs a review."""
    return Option(name, path, reaches=lambda value: value not in free)


def _pair(value: str, separator: str = "=") -> dict[str, str]:
    key, _, rest = value.partition(separator)
    return {key: rest}


def _whole(value: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise ValueError("is not a whole number")
    return int(value)


def _size(value: str) -> int:
    """Bytes of `64m` and the like, in powers of 1024 as Docker counts."""
    match = _SIZE.fullmatch(value)
    if match is None:
        raise ValueError("is not a size such as 64m")
    return int(float(match[1]) * 1024 ** "bkmgt".index((match[2] or "b").lower()))


def _swap(value: str) -> int:
    return -1 if value == "-1" else _size(value)


def _cpus(value: str) -> int:
    number = float(value) if re.fullmatch(r"[0-9]{0,4}\.?[0-9]{1,9}", value) else 0
    if number <= 0:
        raise ValueError("is not a number of CPUs")
    return round(number * 1e9)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("is not a container name")
    return value


def _environment(value: str) -> list[str]:
    if "=" not in value:
        raise ValueError("takes its value from the builder's environment: write NAME=VALUE")
    return [value]


def _scratch(value: str) -> str:
    """A path in the example's scratch directory, relative to it."""
    path = PurePosixPath(value.replace("\0", ".", 1))  # where $PWD was, see `plain_words`
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("leaves the example's scratch directory")
    return str(path)


def _volume(value: str) -> dict[str, Any]:
    source, _, rest = value.partition(":")
    target, _, mode = rest.partition(":")
    if not target.startswith("/"):
        raise ValueError("is not NAME:/path or ./file:/path")
    if mode not in {"", "ro", "rw"}:
        raise ValueError(f"has the mode {mode!r}; known: ro, rw")
    if _of_host(value):
        return {"body": {"HostConfig": {"Binds": [value]}}}
    scratch = _in_scratch(source)
    if not scratch and not _NAME.fullmatch(source):
        raise ValueError("names no volume")
    source = _scratch(source) if scratch else source
    return {"mounts": (Mount(source, target, mode or "rw", scratch=scratch),)}


def _in_scratch(source: str) -> bool:
    return source in {".", "\0"} or source.startswith(("./", "\0/"))


def _of_host(volume: str) -> bool:
    """Whether it mounts a path of the host, neither a named volume nor a scratch file."""
    source = volume.partition(":")[0]
    return not _in_scratch(source) and ("/" in source or source.startswith("~"))


def _rate(value: str) -> list[dict[str, Any]]:
    device, _, rate = value.rpartition(":")
    if not re.fullmatch("/dev/[a-zA-Z0-9/_-]+", device):
        raise ValueError("is not /dev/NAME:RATE")
    return [{"Path": device, "Rate": _size(rate)}]


def _ulimit(value: str) -> list[dict[str, Any]]:
    limit = re.fullmatch(r"([a-z]+)=(-?[0-9]{1,18})(?::(-?[0-9]{1,18}))?", value)
    if limit is None:
        raise ValueError("is not NAME=SOFT[:HARD]")
    name, soft, hard = limit.groups()
    return [{"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}]


def _device(value: str) -> list[dict[str, str]]:
    host, _, rest = value.partition(":")
    inside, _, permissions = rest.partition(":")
    return [
        {
            "PathOnHost": host,
            "PathInContainer": inside or host,
            "CgroupPermissions": permissions or "rwm",
        }
    ]


def _tmpfs(value: str) -> dict[str, str]:
    return _pair(value, ":")


def _gateway(value: str) -> bool:
    """Whether it leads to services of the host."""
    return "gateway" in value


def _unsafe(value: str) -> bool:
    return not re.fullmatch(r"no-new-privileges([:=]true)?", value)


_many = functools.partial(Option, slot=lambda value: value)

_ALL = (
    _many("add-host", "body.HostConfig.ExtraHosts", _one, reaches=_gateway),
    _many("cap-add", "body.HostConfig.CapAdd", _one, reaches=_always),
    _many("cap-drop", "body.HostConfig.CapDrop", _one),
    _mode("cgroupns", "body.HostConfig.CgroupnsMode", "private"),
    Option("cpus", "body.HostConfig.NanoCpus", _cpus, form=_SIGNED),
    Option("cpuset-cpus", "body.HostConfig.CpusetCpus", form="[0-9,-]+"),
    Option("cpu-shares", "body.HostConfig.CpuShares", _whole, form=_SIGNED),
    _switch("detach", "detach", letter="d"),
    _many("device", "body.HostConfig.Devices", _device, reaches=_always),
    _many("device-read-bps", "body.HostConfig.BlkioDeviceReadBps", _rate),
    _many("device-write-bps", "body.HostConfig.BlkioDeviceWriteBps", _rate),
    _many("dns", "body.HostConfig.Dns", _one, form="[0-9a-fA-F.:]+"),
    Option("entrypoint", "body.Entrypoint", _one, form="[ -~]*"),
    _many("env", "body.Env", _environment, letter="e", form=r"[a-zA-Z_]\w*=[^\0]*"),
    _many("env-file", "env_files", lambda value: (_scratch(value),), form=_PATH),
    Option("hostname", "body.Hostname", letter="h", form=r"[\w.-]+"),
    _switch("init", "body.HostConfig.Init"),
    Option("interactive", read=_nothing, flag=True, letter="i"),  # a build has no keyboard
    _mode("ipc", "body.HostConfig.IpcMode", "private", "shareable", "none"),
    _many("label", "body.Labels", _pair, letter="l", form=r"[a-zA-Z0-9][\w./-]*(=[^\0]*)?"),
    Option("mac-address", "body.MacAddress", form="[0-9a-fA-F:]+"),
    Option("memory", "body.HostConfig.Memory", _size, letter="m"),
    Option("memory-swap", "body.HostConfig.MemorySwap", _swap, form=_SIGNED),
    Option("name", "name", _name),
    _mode("network", "body.HostConfig.NetworkMode", "none", "bridge", "default"),
    _mode("pid", "body.HostConfig.PidMode", "private"),
    Option("pids-limit", "body.HostConfig.PidsLimit", _whole, form=_SIGNED),
    Option("platform", "platform"),
    Option("privileged", "body.HostConfig.Privileged", _always, flag=True, reaches=_always),
    # images are ready, at their pinned digests, before all runs
    Option("pull", read=_nothing, form="always|missing|never"),
    _switch("read-only", "body.HostConfig.ReadonlyRootfs"),
    _switch("rm", "remove"),
    Option("runtime", "body.HostConfig.Runtime", form=r"[\w.-]+"),
    _many("security-opt", "body.HostConfig.SecurityOpt", _one, reaches=_unsafe),
    Option("shm-size", "body.HostConfig.ShmSize", _size),
    Option("stop-timeout", "body.StopTimeout", _whole, form=_SIGNED),
    _many("sysctl", "body.HostConfig.Sysctls", _pair, form=r"[a-z][\w./-]*=[\w., -]*"),
    _many("tmpfs", "body.HostConfig.Tmpfs", _tmpfs, form=r"/[\w./-]*(:[\w,=.-]*)?"),
    _switch("tty", "body.Tty", letter="t"),
    Option("ulimit", "body.HostConfig.Ulimits", _ulimit, slot=lambda value: value.split("=")[0]),
    Option("user", "body.User", letter="u", form=r"[\w.-]+(:[\w.-]+)?"),
    _mode("userns", "body.HostConfig.UsernsMode"),
    _mode("uts", "body.HostConfig.UTSMode"),
    _many("volume", read=_volume, reaches=_of_host, letter="v", form=_PATH),
    Option("workdir", "body.WorkingDir", letter="w", form=r"/[\w./-]*"),
)

OPTIONS = {option.name: option for option in _ALL}
"""Every option that is understood, by the names that a line may write."""

OPTIONS["net"] = OPTIONS["network"]

LETTERS = {option.letter: option.name for option in _ALL if option.letter}
