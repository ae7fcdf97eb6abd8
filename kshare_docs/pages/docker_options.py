"""Docker options: what each one asks for in a container, or why it is refused.

Longer than most modules: it is one table, and what reads its values.

These are all options of Docker 29's `docker run`, the hidden ones too, with values as the docker
command reads them (docker/cli, cli/command/container/opts.go and opts/; tests hold each against the
real command's request). A reader raises ValueError with what the value is not, or does.
"""

from __future__ import annotations

import csv
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from ..data.container import Mount

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(?:[bB]|([kKmMgGtTpP])(?:[iI]?[bB])?)?")
_WORD = r"[a-zA-Z0-9/][\w.,/:=@+-]*"
_PATH = r"[\w.~/\0][\w.,/:+-]*"
_SIGNED = r"-?[\w.]+"
_FIELDS = r'[\w.,/:=+@~\0" -]+'
_MAC = "[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}"
_CONTAINER = "container:[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?=.*[a-zA-Z]){_LABEL}(\.{_LABEL})*\.?|\."
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?")
_PLATFORM = "linux/(amd64|arm64|arm/v[5-7]|386|loong64|ppc64le|riscv64|s390x)"
_DEVICE = r"/[\w./-]+(:/[\w./-]+)?(:(?!.*(.).*\3)[rwm]{1,3})?"
_NANOSECONDS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}
_LIMIT = re.compile(
    "(core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack)"
    "=(-1|[0-9]{1,18})(?::(-1|[0-9]{1,18}))?"
)
_NAMESPACED = re.compile(
    r"(net|fs\.mqueue)\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)"
)
"""The settings of the kernel that a container may have of its own."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of `docker run`.

    Attributes:
        name: Its long name, without dashes.
        path: Where its value goes, keys with dots between: of the create request, whose keys begin
            with a capital, or a field of `Container`; empty where what is read has its place in it.
        read: Turns the value's text into what is put there.
        default: What is read where the option says what holds without it.
        flag: It takes no value.
        once: It may not be given again.
        reaches: Whether with this value it reaches beyond the container: only a reviewed line
            may have it.
        letter: Its short name.
        form: All values that it may have, as a pattern of ASCII characters; what its reader
            takes is narrower.
        slot: Values with the same slot replace each other; by default all do.
        refusal: Why it is never taken; empty where it is.
    """

    name: str
    path: str = ""
    read: Callable[[str], Any] = str
    default: Any = None
    flag: bool = False
    once: bool = False
    reaches: Callable[[str], bool] = lambda _value: False
    letter: str = ""
    form: str = _WORD
    slot: Callable[[str], object] = lambda _value: ""
    refusal: str = ""

    def part(self, text: str) -> Mapping[str, Any]:
        """What the container has of it.

        Raises:
            ValueError: The text is not a value for it.
        """
        value = self.read(text)
        if not re.fullmatch(self.form, text, re.ASCII | re.DOTALL):
            raise ValueError("is of no form that is known")
        if not self.path:
            return dict(value)
        if value == self.default:
            return {}
        keys = self.path.split(".")
        for key in reversed(keys if keys[0].islower() else ["body", *keys]):
            value = {key: value}
        return dict(value)


def _always(_value: str) -> bool:
    return True


def _nothing(_value: str) -> Mapping[str, Any]:
    return {}


def _one(value: str) -> list[str]:
    return [value]


def _true(value: str) -> bool:
    return value == "true"


def _pair(value: str, separator: str = "=") -> dict[str, str]:
    key, _, rest = value.partition(separator)
    return {key: rest}


def _key(value: str) -> str:
    return value.partition("=")[0]


def _whole(value: str) -> int:
    if not re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", value):  # Go reads 010 as 8
        raise ValueError("is not a whole number")
    return int(value)


def _size(value: str) -> int:
    """Bytes of `64m` and the like, in powers of 1024 as Docker counts."""
    match = _SIZE.fullmatch(value)
    size = int(float(match[1]) * 1024 ** "bkmgtp".index((match[2] or "b").lower())) if match else -1
    if not 0 <= size < 2**63:
        raise ValueError("is not a size such as 64m")
    return size


def _swap(value: str) -> int:
    return -1 if value == "-1" else _size(value)


def _cpus(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{0,9})?|\.[0-9]{1,9}", value):
        raise ValueError("is not a number of CPUs")
    return int(Decimal(value) * 10**9)


def _duration(value: str) -> int:
    """Nanoseconds of `1m30s` and the like."""
    parts = re.findall(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(h|ms|m|s|us|ns)", value)
    if "".join(map("".join, parts)) != value or not value:
        if value == "0":
            return 0
        raise ValueError("is not a time such as 30s or 1m30s")
    return sum(int(Decimal(number) * _NANOSECONDS[unit]) for number, unit in parts)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("is not a container name")
    return value


def _environment(value: str) -> list[str]:
    if "=" not in value:
        raise ValueError("takes its value from the builder's environment: write NAME=VALUE")
    return [value]


def _stream(value: str) -> Mapping[str, Any]:
    if value.lower() not in {"stdout", "stderr"}:
        raise ValueError("is neither stdout nor stderr, and a build has no keyboard")
    return {"body": {f"Attach{value.title()}": True}}


def _address(value: str) -> list[str]:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise ValueError("is no IP address") from None
    return [str(getattr(address, "ipv4_mapped", None) or address)]  # as Go writes it


def _extra_host(value: str) -> list[str]:
    name, _, address = value.partition("=" if "=" in value else ":")
    address = address[1:-1] if re.fullmatch(r"\[.+\]", address) else address
    if address != "host-gateway":
        _address(address)
    return [f"{name}:{address}"]


def _domain(value: str) -> list[str]:
    return [value if value == "." else value.removesuffix(".")]


def _ports(value: str) -> dict[str, Mapping[str, Any]]:
    match = _PORTS.fullmatch(value)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not match or not first <= last < 2**16:
        raise ValueError("is not PORT[-PORT][/tcp|udp|sctp]")
    return {f"{port}/{match[3] or 'tcp'}": {} for port in range(first, last + 1)}


def _probe(value: str) -> list[str]:
    return ["CMD-SHELL", value] if value else []


def _restart(value: str) -> Mapping[str, Any]:
    if value not in {"", "no"}:
        raise ValueError("would start it again, after the step has seen its end")
    return {"Name": value, "MaximumRetryCount": 0}


def _log(value: str) -> Mapping[str, Any]:
    if value not in {"none", "local", "json-file"}:
        raise ValueError("writes to a log of the host, or of others: take none, local or json-file")
    # A json-file is what every container has, with bounds.
    config = {"Type": value, "Config": {}}
    return {} if value == "json-file" else {"body": {"HostConfig": {"LogConfig": config}}}


def _sysctl(value: str) -> dict[str, str]:
    if not _NAMESPACED.fullmatch(_key(value)):
        raise ValueError("is no setting that a container has of its own")
    return _pair(value)


def _scratch(value: str) -> str:
    """A path in the example's scratch directory, relative to it."""
    path = PurePosixPath(value.replace("\0", ".", 1))  # where $PWD was, see `plain_words`
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("leaves the example's scratch directory")
    return str(path)


def _volume(value: str) -> dict[str, Any]:
    source, _, rest = value.partition(":")
    target, _, mode = rest.partition(":")
    if not rest and source.startswith("/"):
        return {"body": {"Volumes": {source: {}}}}
    if not target.startswith("/") or value.endswith(":"):
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
    source, colon, _ = volume.partition(":")
    return bool(colon) and not _in_scratch(source) and ("/" in source or source.startswith("~"))


def _fields(value: str) -> list[tuple[str, str]]:
    """`key=value,…`, as comma-separated values; a key alone has an empty value."""
    (fields,) = csv.reader([value], strict=True)
    return [(key, text) for key, _, text in (field.partition("=") for field in fields)]


def _text(value: str) -> str:
    if not value:
        raise ValueError("has a key without a value")
    return value


def _truth(value: str) -> bool:
    if value not in {"", "1", "true", "0", "false"}:
        raise ValueError("has a switch that is neither true nor false")
    return value in {"", "1", "true"}


def _octal(value: str) -> int:
    if not re.fullmatch("[0-7]{1,4}", value):
        raise ValueError("has a mode such as 1777 to say")
    return int(value, 8)


_MOUNT: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "type": ("Type", str.lower),
    **dict.fromkeys(("source", "src"), ("Source", _text)),
    **dict.fromkeys(("target", "dst", "destination"), ("Target", _text)),
    **dict.fromkeys(("readonly", "ro"), ("ReadOnly", _truth)),
    "volume-nocopy": ("VolumeOptions.NoCopy", _truth),
    "tmpfs-size": ("TmpfsOptions.SizeBytes", _size),
    "tmpfs-mode": ("TmpfsOptions.Mode", _octal),
}
_MOUNTS = {"bind": "/.*", "tmpfs": "", "volume": f"(?:{_NAME.pattern})?"}
"""The types of mounts, and the sources that each may have."""


def _mount(value: str) -> dict[str, Any]:
    mount: dict[str, Any] = {"Type": "volume"}
    for key, text in _fields(value):
        if key.lower() not in _MOUNT:
            raise ValueError(f"says {key!r}; known: {', '.join(_MOUNT)}")
        path, read = _MOUNT[key.lower()]
        group, _, name = path.rpartition(".")
        place = mount.setdefault(group, {}) if group else mount
        place |= {name: found} if (found := read(text)) is not False else {}
    kind, source, target = (mount.get(key, "") for key in ("Type", "Source", "Target"))
    if kind not in _MOUNTS:
        raise ValueError(f"is of the type {kind!r}; known: {', '.join(_MOUNTS)}")
    if any(key.endswith("Options") and key != f"{kind.title()}Options" for key in mount):
        raise ValueError(f"says what is not for the type {kind!r}")
    if not target.startswith("/"):
        raise ValueError("has no target that begins with /")
    if kind == "bind" and _in_scratch(source):
        mode = "ro" if mount.get("ReadOnly") else "rw"
        return {"mounts": (Mount(_scratch(source), target, mode, scratch=True),)}
    if not re.fullmatch(_MOUNTS[kind], source):
        raise ValueError(f"has a source that the type {kind!r} has not")
    return {"body": {"HostConfig": {"Mounts": [mount]}}}


def _mounts_host(value: str) -> bool:
    part = _mount(value)
    return "body" in part and part["body"]["HostConfig"]["Mounts"][0]["Type"] == "bind"


def _gpus(value: str) -> list[dict[str, Any]]:
    fields = _fields(value)
    given = dict((key, text) if text else ("count", key) for key, text in fields)
    known = len(given)
    count = given.pop("count", "0" if "device" in given else "1")
    request = {
        "Driver": given.pop("driver", ""),
        "Count": -1 if count == "all" else _whole(count),
        "DeviceIDs": given.pop("device").split(",") if "device" in given else None,
        "Capabilities": [[*filter(None, given.pop("capabilities", "").split(",")), "gpu"]],
        "Options": {},
    }
    if given or len(fields) > known:
        raise ValueError("says more than one each of count, driver, device, capabilities")
    return [request]


def _on_device(read: Callable[[str], int], key: str) -> Callable[[str], list[dict[str, Any]]]:
    def of_device(value: str) -> list[dict[str, Any]]:
        device, _, number = value.rpartition(":")
        if not re.fullmatch("/dev/[a-zA-Z0-9/_-]+", device) or number.startswith("-"):
            raise ValueError("is not /dev/NAME:NUMBER")
        return [{"Path": device, key: read(number)}]

    return of_device


def _ulimit(value: str) -> list[dict[str, Any]]:
    limit = _LIMIT.fullmatch(value)
    if limit is None:
        raise ValueError("is not NAME=SOFT[:HARD]")
    soft, hard = int(limit[2]), int(limit[3] or limit[2])
    if hard != -1 and not 0 <= soft <= hard:
        raise ValueError("has a soft limit above the hard one")
    return [{"Name": limit[1], "Soft": soft, "Hard": hard}]


def _device(value: str) -> list[dict[str, str]]:
    host, inside, permissions = ([*value.split(":"), "", ""])[:3]
    if inside and not inside.startswith("/"):
        inside, permissions = "", inside
    return [
        {
            "PathOnHost": host,
            "PathInContainer": inside or host,
            "CgroupPermissions": permissions or "rwm",
        }
    ]


def _security(value: str) -> Mapping[str, Any]:
    if value == "systempaths=unconfined":  # which the command itself turns into this
        return {"body": {"HostConfig": {"MaskedPaths": [], "ReadonlyPaths": []}}}
    name, _, text = value.partition("=" if "=" in value else ":")
    if not text and name != "no-new-privileges":
        raise ValueError("is not NAME=VALUE")
    if name == "seccomp" and text != "unconfined":
        raise ValueError("reads a file of the host")
    return {"body": {"HostConfig": {"SecurityOpt": [value]}}}


def _tmpfs(value: str) -> dict[str, str]:
    return _pair(value, ":")


def _unsafe(value: str) -> bool:
    return not re.fullmatch(r"no-new-privileges([:=]true)?", value)


def _switch(name: str, path: str, letter: str = "") -> Option:
    return Option(name, path, _true, default=False, flag=True, letter=letter)


def _idle(name: str, letter: str = "") -> Option:
    """A switch that changes nothing of a container."""
    return Option(name, read=_nothing, flag=True, letter=letter)


def _mode(name: str, path: str, own: str, others: str, *, default: str = "") -> Option:
    """A namespace's mode; one that joins the host's or a stranger's needs a review.

    Docker takes several networks, and modes of one namespace only.
    """

    def reaches(value: str) -> bool:
        return not re.fullmatch(own, value)

    once = name == "network"
    return Option(name, path, default=default, form=f"{own}|{others}", reaches=reaches, once=once)


def _many(name: str, path: str, read: Callable[[str], Any] = _one, **more: Any) -> Option:
    """An option of which each is added."""
    return Option(name, path, read, slot=lambda _value: object(), **more)


def _refused(reason: str, *names: str, letter: str = "") -> list[Option]:
    return [Option(name, letter=letter, refusal=reason) for name in names]


_NO_NETWORK = "is for networks that somebody has made: an example has none"
_OF_WINDOWS = "is for containers of Windows"
_REAL_TIME = "reaches beyond the container: it takes time from the host's own processes"
_OOM = "reaches beyond the container: examples end before the host when memory runs out"
_PORTS_OF_HOST = "publishes a port of the host: ask for it in the container, by `docker exec`"

_ALL = (
    _many(
        "add-host",
        "HostConfig.ExtraHosts",
        _extra_host,
        form=r"[\w.-]+[:=][\w.:[\]-]+",
        reaches=lambda value: "gateway" in value,  # which leads to services of the host
    ),
    *_refused("reaches beyond the container: it tells the runtime what to do", "annotation"),
    _many("attach", "", _stream, letter="a"),
    Option("blkio-weight", "HostConfig.BlkioWeight", _whole, form="[0-9]{1,4}"),
    _many("blkio-weight-device", "HostConfig.BlkioWeightDevice", _on_device(_whole, "Weight")),
    _many("cap-add", "HostConfig.CapAdd", reaches=_always),
    _many("cap-drop", "HostConfig.CapDrop"),
    *_refused("reaches beyond the container: there, no limit of the engine holds", "cgroup-parent"),
    _mode("cgroupns", "HostConfig.CgroupnsMode", "(private)?", "host"),
    *_refused("writes a file of the host: write `docker run -d … > FILE`", "cidfile"),
    *_refused(_OF_WINDOWS, "cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"),
    Option("cpu-period", "HostConfig.CpuPeriod", _whole, form=_SIGNED),
    Option("cpu-quota", "HostConfig.CpuQuota", _whole, form=_SIGNED),
    *_refused(_REAL_TIME, "cpu-rt-period", "cpu-rt-runtime"),
    Option("cpu-shares", "HostConfig.CpuShares", _whole, form=_SIGNED, letter="c"),
    Option("cpus", "HostConfig.NanoCpus", _cpus, form=_SIGNED),
    Option("cpuset-cpus", "HostConfig.CpusetCpus", form="[0-9,-]*"),
    Option("cpuset-mems", "HostConfig.CpusetMems", form="[0-9,-]*"),
    _switch("detach", "detach", letter="d"),
    *_refused("needs a terminal, which a build has not", "detach-keys"),
    _many("device", "HostConfig.Devices", _device, form=_DEVICE, reaches=_always),
    *_refused("reaches beyond the container, for devices of the host", "device-cgroup-rule"),
    _many("device-read-bps", "HostConfig.BlkioDeviceReadBps", _on_device(_size, "Rate")),
    _many("device-read-iops", "HostConfig.BlkioDeviceReadIOps", _on_device(_whole, "Rate")),
    _many("device-write-bps", "HostConfig.BlkioDeviceWriteBps", _on_device(_size, "Rate")),
    _many("device-write-iops", "HostConfig.BlkioDeviceWriteIOps", _on_device(_whole, "Rate")),
    Option("disable-content-trust", read=_nothing, flag=True, form="true"),  # there is no other
    _many("dns", "HostConfig.Dns", _address, form="[0-9a-fA-F.:]+"),
    _many("dns-option", "HostConfig.DnsOptions", form=r"[\w.:-]+"),
    _many("dns-search", "HostConfig.DnsSearch", _domain, form=_DOMAIN),
    Option("domainname", "Domainname", form=r"[\w.-]*"),
    Option("entrypoint", "Entrypoint", _one, form="[ -~]*"),
    Option("env", "Env", _environment, letter="e", form=r"[a-zA-Z_][\w.-]*=[^\0]*", slot=_key),
    _many("env-file", "env_files", lambda value: (_scratch(value),), form=_PATH),
    _many("expose", "ExposedPorts", _ports),
    _many("gpus", "HostConfig.DeviceRequests", _gpus, form=_FIELDS, reaches=_always),
    # A group of this name is there for the engine's socket.
    _many("group-add", "HostConfig.GroupAdd", reaches=lambda value: value == "docker"),
    Option("health-cmd", "Healthcheck.Test", _probe, default=[], form=r"[^\0]*"),
    Option("health-interval", "Healthcheck.Interval", _duration, default=0),
    Option("health-retries", "Healthcheck.Retries", _whole, default=0),
    *_refused("is known to Docker Engine 25 and later only", "health-start-interval"),
    Option("health-start-period", "Healthcheck.StartPeriod", _duration, default=0),
    Option("health-timeout", "Healthcheck.Timeout", _duration, default=0),
    *_refused("prints how to use the command, and runs nothing", "help"),
    Option("hostname", "Hostname", letter="h", form=r"[\w.-]*"),
    Option("init", "HostConfig.Init", _true, flag=True),  # to say no is to overrule the engine
    _idle("interactive", letter="i"),  # a build has no keyboard
    *_refused(_NO_NETWORK, "ip", "ip6", "link-local-ip", "network-alias"),
    _mode("ipc", "HostConfig.IpcMode", "(none|private|shareable)?", f"host|{_CONTAINER}"),
    *_refused(_OF_WINDOWS, "isolation"),
    *_refused("is a limit that no kernel has any more", "kernel-memory"),
    _many("label", "Labels", _pair, letter="l", form=r"[a-zA-Z0-9][\w./-]*(=[^\0]*)?"),
    *_refused("reads a file of the host: write --label NAME=VALUE for each", "label-file"),
    *_refused("reaches for another container: have --network container:NAME reviewed", "link"),
    Option("log-driver", "", _log),
    *_refused("could lift the bounds of the container's log", "log-opt"),
    Option("mac-address", "MacAddress", form=_MAC),
    Option("memory", "HostConfig.Memory", _size, letter="m"),
    Option("memory-reservation", "HostConfig.MemoryReservation", _size),
    Option("memory-swap", "HostConfig.MemorySwap", _swap, form=_SIGNED),
    Option("memory-swappiness", "HostConfig.MemorySwappiness", _whole, form="-1|[0-9]{1,2}|100"),
    _many("mount", "", _mount, form=_FIELDS, reaches=_mounts_host),
    Option("name", "name", _name),
    _mode(
        "network",
        "HostConfig.NetworkMode",
        "none|bridge|default",
        rf"host|{_CONTAINER}|[a-zA-Z0-9][\w.-]*",
        default="default",
    ),
    Option(
        "no-healthcheck", "Healthcheck.Test", lambda v: ["NONE"] * _true(v), default=[], flag=True
    ),
    *_refused(_OOM, "oom-kill-disable", "oom-score-adj"),
    _mode("pid", "HostConfig.PidMode", "", f"host|{_CONTAINER}"),
    Option("pids-limit", "HostConfig.PidsLimit", _whole, form=_SIGNED),
    Option("platform", "platform", form=_PLATFORM),
    Option("privileged", "HostConfig.Privileged", _true, default=False, flag=True, reaches=_always),
    *_refused(_PORTS_OF_HOST, "publish", letter="p"),
    *_refused(_PORTS_OF_HOST, "publish-all", letter="P"),
    # images are ready, at their pinned digests, before all runs
    Option("pull", read=_nothing, form="always|missing|never"),
    _idle("quiet", letter="q"),
    _switch("read-only", "HostConfig.ReadonlyRootfs"),
    Option("restart", "HostConfig.RestartPolicy", _restart, form=r"[\w:-]*"),
    _switch("rm", "remove"),
    Option("runtime", "HostConfig.Runtime", form=r"[\w.-]+"),
    _many("security-opt", "", _security, reaches=_unsafe),
    Option("shm-size", "HostConfig.ShmSize", _size),
    _idle("sig-proxy"),
    Option("stop-signal", "StopSignal", default="", form=r"[\w+-]*"),
    Option("stop-timeout", "StopTimeout", _whole, form=_SIGNED),
    _many("storage-opt", "HostConfig.StorageOpt", _pair, form=r"size=[\w.]+"),
    _many("sysctl", "HostConfig.Sysctls", _sysctl, form=r"[a-z][\w./-]*=[\w., -]*"),
    _many("tmpfs", "HostConfig.Tmpfs", _tmpfs, form=r"/[\w./-]*(:[\w,=.-]*)?"),
    _switch("tty", "Tty", letter="t"),
    # with rtprio, a process may go before all of the host's
    Option(
        "ulimit",
        "HostConfig.Ulimits",
        _ulimit,
        slot=_key,
        reaches=lambda value: _key(value) == "rtprio",
    ),
    *_refused("reaches beyond the container: it is the engine itself", "use-api-socket"),
    Option("user", "User", letter="u", form=r"([\w.-]+(:[\w.-]+)?)?"),
    _mode("userns", "HostConfig.UsernsMode", "", "host"),
    _mode("uts", "HostConfig.UTSMode", "", "host"),
    Option("volume", read=_volume, reaches=_of_host, letter="v", form=_PATH, slot=str),
    *_refused("reaches beyond the container: it asks a plug-in of the engine", "volume-driver"),
    *_refused("reaches for another container: name one volume in both", "volumes-from"),
    Option("workdir", "WorkingDir", letter="w", form=r"(/[\w./-]*)?"),
)

OPTIONS = {option.name: option for option in _ALL}
"""Every option of the docker command, by the names that a line may write."""

_ALIASES = {"dns-opt": "dns-option", "net": "network", "net-alias": "network-alias"}
OPTIONS |= {alias: OPTIONS[name] for alias, name in _ALIASES.items()}

LETTERS = {option.letter: option.name for option in _ALL if option.letter}
