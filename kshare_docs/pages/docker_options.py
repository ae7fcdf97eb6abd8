"""Docker options: what each one asks for in a container, or why it is refused.

Longer than most modules: it is one table, and what reads its values.

These are all options of Docker 29's `docker run`, the hidden ones too, with values as the docker
command reads them (docker/cli, cli/command/container/opts.go and opts/; tests hold each against the
real command's request). A reader gets what is of its form; it raises ValueError with what a value
is not, or does.
"""

from __future__ import annotations

import csv
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..data.container import Mount


class Kind(NamedTuple):
    """One kind of values.

    Attributes:
        form: All of them, as a pattern of ASCII characters; a reader may take fewer.
        read: Turns the text into what is put into the container.
        fault: What is wrong with a text of another form.
    """

    form: str
    read: Callable[[str], Any] = str
    fault: str = "is of no form that is known"

    def value(self, text: str) -> Any:
        """What the text says.

        Raises:
            ValueError: It is none of this kind.
        """
        if not re.fullmatch(self.form, text, re.ASCII | re.DOTALL):
            raise ValueError(self.fault)
        return self.read(text)


_WORD = Kind(r"[a-zA-Z0-9/][\w.,/:=@+-]*")


@dataclass(frozen=True, slots=True)
class Option:
    """One option of `docker run`.

    Attributes:
        name: Its long name, without dashes.
        path: Where its value goes, keys with dots between: of the create request, whose keys begin
            with a capital, or a field of `Container`; empty where what is read has its place in it.
        kind: Its values.
        letter: Its short name.
        default: What is read where the option says what holds without it.
        flag: It takes no value.
        many: Each one counts, of a list or an object; otherwise the last.
        slot: Of those of which each one counts, values with the same slot replace each other.
        reaches: Whether with this value it reaches beyond the container: only a reviewed line
            may have it.
        refusal: Why it is never taken; empty where it is.
    """

    name: str
    path: str = ""
    kind: Kind = _WORD
    letter: str = ""
    default: Any = None
    flag: bool = False
    many: bool = False
    slot: Callable[[str], object] = lambda _value: object()
    reaches: Callable[[str], bool] = lambda _value: False
    refusal: str = ""

    def part(self, text: str) -> Mapping[str, Any]:
        """What the container has of it.

        Raises:
            ValueError: The text is not a value for it.
        """
        value = self.kind.value(text)
        if value == self.default:
            return {}
        if self.path:
            listed = self.many and not isinstance(value, (dict, list))
            body = "body." if self.path[0].isupper() else ""
            return _placed(f"{body}{self.path}", [value] if listed else value)
        return dict(value)


def _placed(path: str, value: Any) -> dict[str, Any]:
    key, _, rest = path.partition(".")
    return {key: _placed(rest, value) if rest else value}


def _always(_value: str) -> bool:
    return True


def _nothing(_value: str) -> Mapping[str, Any]:
    return {}


def _true(value: str) -> bool:
    return value == "true"


def _pair(value: str, separator: str = "=") -> dict[str, str]:
    return dict([value.partition(separator)[::2]])


def _key(value: str) -> str:
    return value.partition("=")[0]


def _bytes(value: str) -> int:
    """Bytes of `64m` and the like, in powers of 1024 as Docker counts."""
    number, unit = re.findall("([0-9.]+)([bkmgtp]?)", value.lower())[0]
    return int(float(number) * 1024 ** "bkmgtp".index(unit or "b"))


def _nanoseconds(value: str) -> int:
    units = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}
    parts = re.findall("([0-9.]+)([a-z]+)", value)
    return sum(int(Decimal(number) * units[unit]) for number, unit in parts)


def _address(value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise ValueError("is no IP address") from None
    return str(getattr(address, "ipv4_mapped", None) or address)  # as Go writes it


def _extra_host(value: str) -> str:
    name, _, address = value.partition("=" if "=" in value else ":")
    address = address[1:-1] if re.fullmatch(r"\[.+\]", address) else address
    if address != "host-gateway":
        _address(address)
    return f"{name}:{address}"


def _ports(value: str) -> dict[str, Mapping[str, Any]]:
    ports, _, protocol = value.partition("/")
    first, _, last = ports.partition("-")
    if not int(first) <= int(last or first) < 2**16:
        raise ValueError("is no range of ports")
    return {f"{n}/{protocol or 'tcp'}": {} for n in range(int(first), int(last or first) + 1)}


def _ulimit(value: str) -> list[dict[str, Any]]:
    name, *limits = re.split("[=:]", value)
    soft, hard = int(limits[0]), int(limits[-1])
    if hard != -1 and not 0 <= soft <= hard:
        raise ValueError("has a soft limit above the hard one")
    return [{"Name": name, "Soft": soft, "Hard": hard}]


def _on_device(number: Kind, name: str) -> Kind:
    def read(value: str) -> list[dict[str, Any]]:
        device, _, text = value.partition(":")
        return [{"Path": device, name: number.value(text)}]

    return Kind(r"/dev/[\w/-]+:[\w.]+", read, "is not /dev/NAME:NUMBER")


def _device(value: str) -> list[dict[str, str]]:
    host, *rest = value.split(":")
    inside = next((part for part in rest if part[0] == "/"), host)
    permissions = next((part for part in rest if part[0] != "/"), "rwm")
    return [{"PathOnHost": host, "PathInContainer": inside, "CgroupPermissions": permissions}]


def _security(value: str) -> Mapping[str, Any]:
    if value == "systempaths=unconfined":  # which the command itself turns into this
        return _placed("body.HostConfig", {"MaskedPaths": [], "ReadonlyPaths": []})
    if re.fullmatch("seccomp[=:](?!unconfined$).*", value):
        raise ValueError("reads a file of the host")
    return _placed("body.HostConfig.SecurityOpt", [value])


def _scratch(value: str) -> str:
    """A path in the example's scratch directory, relative to it."""
    path = PurePosixPath(value.replace("\0", ".", 1))  # where $PWD was, see `plain_words`
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("leaves the example's scratch directory")
    return str(path)


def _in_scratch(source: str) -> bool:
    return source in {".", "\0"} or source.startswith(("./", "../", "\0/"))


def _of_host(volume: str) -> bool:
    """Whether it mounts a path of the host, neither a named volume nor a scratch file."""
    source, colon, _ = volume.partition(":")
    return bool(colon) and not _in_scratch(source) and ("/" in source or source.startswith("~"))


def _unsafe(value: str) -> bool:
    return not re.fullmatch(r"no-new-privileges([:=]true)?", value)


def _before_all(value: str) -> bool:
    return _key(value) == "rtprio"


def _volume(value: str) -> dict[str, Any]:
    source, _, rest = value.partition(":")
    target, _, mode = rest.partition(":")
    if ":" not in value and source.startswith("/"):
        return {"body": {"Volumes": {source: {}}}}
    if not target.startswith("/") or value.endswith(":"):
        raise ValueError("is not NAME:/path or ./file:/path")
    if mode not in {"", "ro", "rw"}:
        raise ValueError(f"has the mode {mode!r}; known: ro, rw")
    if _of_host(value):
        return {"body": {"HostConfig": {"Binds": [value]}}}
    scratch = _in_scratch(source)
    if not scratch and not re.fullmatch(_NAME, source):
        raise ValueError("names no volume")
    source = _scratch(source) if scratch else source
    return {"mounts": (Mount(source, target, mode or "rw", scratch=scratch),)}


_NAME = "[a-zA-Z0-9][a-zA-Z0-9_.-]+"
_CONTAINER = "container:[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DEVICE = r"/[\w./-]+(:/[\w./-]+)?(:(?!.*(.).*\3)[rwm]{1,3})?"
_PLATFORM = "linux/(amd64|arm64|arm/v[5-7]|386|loong64|ppc64le|riscv64|s390x)"
_NAMESPACED = (
    r"(net|fs\.mqueue)\.[\w./-]+"
    r"|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)"
)
_LIMITS = (
    "core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending"
    "|stack"
)

_SWITCH = Kind("true|false", _true)
_IDLE = Kind("true|false", _nothing)
_WHOLE = Kind("-?(0|[1-9][0-9]{0,17})", int, "is not a whole number")  # to Go, 010 is 8
_COUNT = Kind("0|[1-9][0-9]{0,8}", int, _WHOLE.fault)
_SIZE = Kind(
    r"[0-9]{1,15}(\.[0-9]{1,9})?([bB]|[kKmMgGtTpP]([iI]?[bB])?)?",
    _bytes,
    "is not a size such as 64m",
)
_SWAP = Kind(f"-1|{_SIZE.form}", lambda v: -1 if v == "-1" else _bytes(v), _SIZE.fault)
_CPUS = Kind(
    r"[0-9]{1,4}(\.[0-9]{0,9})?|\.[0-9]{1,9}",
    lambda value: int(Decimal(value) * 10**9),
    "is not a number of CPUs",
)
_DURATION = Kind(
    r"0|([0-9]{1,9}(\.[0-9]{1,9})?(h|ms|m|s|us|ns))+",
    _nanoseconds,
    "is not a time such as 30s or 1m30s",
)
_RATE = _on_device(_SIZE, "Rate")
_RATE_IO = _on_device(Kind("[0-9]{1,18}", int), "Rate")
_WEIGHT = _on_device(Kind("0|[1-9][0-9]{1,2}|1000", int), "Weight")
_SET = Kind("[0-9,-]*")
_DOMAIN = Kind(
    rf"(?=.*[a-zA-Z]){_LABEL}(\.{_LABEL})*\.?|\.", lambda value: value.removesuffix(".") or "."
)
_PORTS = Kind("[0-9]{1,5}(-[0-9]{1,5})?(/(tcp|udp|sctp))?", _ports)
_VARIABLE = Kind(
    r"[a-zA-Z_][\w.-]*=[^\0]*",
    fault="is of no form that is known: NAME=VALUE, and nothing of the builder's environment",
)
_FILE = Kind(r"[\w.~/\0][\w.,/:+-]*", _scratch)
_VOLUME = Kind(_FILE.form, _volume, "names no volume")
_TMPFS = Kind(r"/[\w./-]*(:[\w,=.-]*)?", lambda value: _pair(value, ":"))
_ULIMIT = Kind(
    rf"({_LIMITS})=(-1|[0-9]{{1,18}})(:(-1|[0-9]{{1,18}}))?", _ulimit, "is not NAME=SOFT[:HARD]"
)
_SYSCTL = Kind(
    rf"({_NAMESPACED})=[\w., -]*", _pair, "is no setting that a container has of its own"
)
_SECURITY = Kind(r"no-new-privileges|[\w-]+[=:][\w./=:-]+", _security)
_PROBE = Kind(r"[^\0]*", lambda value: ["CMD-SHELL", value] if value else [])
_NO_PROBE = Kind("true|false", lambda value: ["NONE"] * _true(value))
_STREAM = Kind(
    "(?i:stdout|stderr)",
    lambda value: {"body": {f"Attach{value.title()}": True}},
    "is neither stdout nor stderr, and a build has no keyboard",
)
_LOG = Kind(  # a json-file is what every container has, with bounds
    "none|json-file",
    lambda value: {} if value == "json-file" else _placed("body.HostConfig.LogConfig.Type", value),
    "writes to a log beside the container's: take none or json-file",
)
_RESTART = Kind(
    "(no)?",
    lambda value: {"Name": value, "MaximumRetryCount": 0},
    "would start it again, after the step has seen its end",
)

_MOUNT: Mapping[str, tuple[str, Kind]] = {
    "type": ("Type", Kind("(?i:bind|tmpfs|volume)", str.lower)),
    **dict.fromkeys(("source", "src"), ("Source", Kind(".+"))),
    **dict.fromkeys(("target", "dst", "destination"), ("Target", Kind("/.*"))),
    **dict.fromkeys(("readonly", "ro"), ("ReadOnly", Kind("|1|0|true|false"))),
    "tmpfs-size": ("TmpfsOptions.SizeBytes", _SIZE),
    "tmpfs-mode": ("TmpfsOptions.Mode", Kind("[0-7]{1,4}", lambda text: int(text, 8))),
}
_SOURCES = {"bind": "/.*", "tmpfs": "", "volume": f"({_NAME})?"}
"""The types of mounts, and the sources that each may have."""


def _mount(value: str) -> Mapping[str, Any]:
    mount: dict[str, Any] = {"Type": "volume"}
    try:
        (fields,) = csv.reader([value], strict=True)
    except csv.Error as error:
        raise ValueError(f"cannot be split at its commas: {error}") from None
    for key, _, text in (field.partition("=") for field in fields):
        if key.lower() not in _MOUNT:
            raise ValueError(f"says {key!r}; known: {', '.join(_MOUNT)}")
        path, kind = _MOUNT[key.lower()]
        group, _, name = path.rpartition(".")
        (mount.setdefault(group, {}) if group else mount)[name] = kind.value(text)
    if read_only := mount.pop("ReadOnly", "false") in {"", "1", "true"}:
        mount["ReadOnly"] = True
    form, source, target = mount["Type"], mount.get("Source", ""), mount.get("Target", "")
    if target and form == "bind" and _in_scratch(source):
        mode = "ro" if read_only else "rw"
        return {"mounts": (Mount(_scratch(source), target, mode, scratch=True),)}
    fits = target and re.fullmatch(_SOURCES[form], source)
    if not fits or ("TmpfsOptions" in mount and form != "tmpfs"):
        raise ValueError(f"is not what a mount of the type {form} is")
    return _placed("body.HostConfig.Mounts", [mount])


def _mounts_host(value: str) -> bool:
    part = _mount(value)
    return "body" in part and part["body"]["HostConfig"]["Mounts"][0]["Type"] == "bind"


def _mode(name: str, path: str, own: str, others: str, default: str = "") -> Option:
    """A namespace's mode; one that joins the host's or a stranger's needs a review."""

    def reaches(value: str) -> bool:
        return not re.fullmatch(own, value)

    return Option(name, f"HostConfig.{path}", Kind(f"{own}|{others}"), "", default, reaches=reaches)


_REFUSED = {
    "reaches beyond the container: it tells the runtime what to do": "annotation",
    "reaches beyond the container: there, no limit of the engine holds": "cgroup-parent",
    "reaches beyond the container, for devices of the host": "device-cgroup-rule gpus",
    "reaches beyond the container: it takes time from the host": "cpu-rt-period cpu-rt-runtime",
    "reaches beyond the container: it takes memory from the host": "oom-kill-disable oom-score-adj",
    "reaches beyond the container, for the engine": "use-api-socket volume-driver",
    "reaches for another container": "link volumes-from",
    "is for networks that somebody has made": "ip ip6 link-local-ip network-alias",
    "is for containers of Windows": "cpu-count cpu-percent io-maxbandwidth io-maxiops isolation",
    "needs a terminal, which a build has not": "detach-keys",
    "publishes a port of the host": "publish publish-all",
    "writes a file of the host: write `docker run -d … > FILE`": "cidfile",
    "reads a file of the host: write --label NAME=VALUE for each": "label-file",
    "could lift the bounds of the container's log": "log-opt",
    "is a limit that no kernel has any more": "kernel-memory",
    "is known to Docker Engine 25 and later only": "health-start-interval",
    "prints how to use the command, and runs nothing": "help",
}
"""Options that are never taken, by the reason."""

_TAKEN = (
    Option(
        "add-host",
        "HostConfig.ExtraHosts",
        Kind(r"[\w.-]+[:=][\w.:[\]-]+", _extra_host),
        many=True,
        reaches=lambda value: "gateway" in value,  # which leads to services of the host
    ),
    Option("attach", "", _STREAM, letter="a", many=True),
    Option("blkio-weight", "HostConfig.BlkioWeight", _COUNT),
    Option("blkio-weight-device", "HostConfig.BlkioWeightDevice", _WEIGHT, many=True),
    Option("cap-add", "HostConfig.CapAdd", many=True, reaches=_always),
    Option("cap-drop", "HostConfig.CapDrop", many=True),
    _mode("cgroupns", "CgroupnsMode", "(private)?", "host"),
    Option("cpu-period", "HostConfig.CpuPeriod", _WHOLE),
    Option("cpu-quota", "HostConfig.CpuQuota", _WHOLE),
    Option("cpu-shares", "HostConfig.CpuShares", _WHOLE, "c"),
    Option("cpus", "HostConfig.NanoCpus", _CPUS),
    Option("cpuset-cpus", "HostConfig.CpusetCpus", _SET),
    Option("cpuset-mems", "HostConfig.CpusetMems", _SET),
    Option("detach", "detach", _SWITCH, "d", default=False, flag=True),
    Option("device", "HostConfig.Devices", Kind(_DEVICE, _device), many=True, reaches=_always),
    Option("device-read-bps", "HostConfig.BlkioDeviceReadBps", _RATE, many=True),
    Option("device-read-iops", "HostConfig.BlkioDeviceReadIOps", _RATE_IO, many=True),
    Option("device-write-bps", "HostConfig.BlkioDeviceWriteBps", _RATE, many=True),
    Option("device-write-iops", "HostConfig.BlkioDeviceWriteIOps", _RATE_IO, many=True),
    Option("disable-content-trust", kind=Kind("true", _nothing), flag=True),  # there is no other
    Option("dns", "HostConfig.Dns", Kind("[0-9a-fA-F.:]+", _address), many=True),
    Option("dns-option", "HostConfig.DnsOptions", Kind(r"[\w.:-]+"), many=True),
    Option("dns-search", "HostConfig.DnsSearch", _DOMAIN, many=True),
    Option("domainname", "Domainname", Kind(r"[\w.-]*")),
    Option("entrypoint", "Entrypoint", Kind("[ -~]*", lambda value: [value])),
    Option("env", "Env", _VARIABLE, "e", many=True, slot=_key),
    Option("env-file", "env_files", _FILE, many=True),
    Option("expose", "ExposedPorts", _PORTS, many=True),
    # a group of this name is there for the engine's socket
    Option("group-add", "HostConfig.GroupAdd", many=True, reaches=lambda name: name == "docker"),
    Option("health-cmd", "Healthcheck.Test", _PROBE, default=[]),
    Option("health-interval", "Healthcheck.Interval", _DURATION, default=0),
    Option("health-retries", "Healthcheck.Retries", _COUNT, default=0),
    Option("health-start-period", "Healthcheck.StartPeriod", _DURATION, default=0),
    Option("health-timeout", "Healthcheck.Timeout", _DURATION, default=0),
    Option("hostname", "Hostname", Kind(r"[\w.-]*"), "h"),
    Option("init", "HostConfig.Init", _SWITCH, flag=True),  # to say no is to overrule the engine
    Option("interactive", kind=_IDLE, letter="i", flag=True),  # a build has no keyboard
    _mode("ipc", "IpcMode", "(none|private|shareable)?", f"host|{_CONTAINER}"),
    Option("label", "Labels", Kind(r"[a-zA-Z0-9][\w./-]*(=[^\0]*)?", _pair), "l", many=True),
    Option("log-driver", kind=_LOG),
    Option("mac-address", "MacAddress", Kind("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")),
    Option("memory", "HostConfig.Memory", _SIZE, "m"),
    Option("memory-reservation", "HostConfig.MemoryReservation", _SIZE),
    Option("memory-swap", "HostConfig.MemorySwap", _SWAP),
    Option("memory-swappiness", "HostConfig.MemorySwappiness", Kind("-1|[0-9]{1,2}|100", int)),
    Option("mount", kind=Kind(r'[\w.,/:=+@~\0" -]+', _mount), many=True, reaches=_mounts_host),
    Option("name", "name", Kind(_NAME)),
    _mode("network", "NetworkMode", "none|bridge|default", rf"{_CONTAINER}|{_NAME}", "default"),
    Option("no-healthcheck", "Healthcheck.Test", _NO_PROBE, default=[], flag=True),
    _mode("pid", "PidMode", "", f"host|{_CONTAINER}"),
    Option("pids-limit", "HostConfig.PidsLimit", _WHOLE),
    Option("platform", "platform", Kind(_PLATFORM)),
    Option("privileged", "HostConfig.Privileged", _SWITCH, "", False, flag=True, reaches=_always),
    # images are ready, at their pinned digests, before all runs
    Option("pull", kind=Kind("always|missing|never", _nothing)),
    Option("quiet", kind=_IDLE, letter="q", flag=True),
    Option("read-only", "HostConfig.ReadonlyRootfs", _SWITCH, default=False, flag=True),
    Option("restart", "HostConfig.RestartPolicy", _RESTART),
    Option("rm", "remove", _SWITCH, default=False, flag=True),
    Option("runtime", "HostConfig.Runtime", Kind(r"[\w.-]+")),
    Option("security-opt", kind=_SECURITY, many=True, reaches=_unsafe),
    Option("shm-size", "HostConfig.ShmSize", _SIZE),
    Option("sig-proxy", kind=_IDLE, flag=True),
    Option("stop-signal", "StopSignal", Kind(r"[\w+-]*"), default=""),
    Option("stop-timeout", "StopTimeout", _WHOLE),
    Option("storage-opt", "HostConfig.StorageOpt", Kind(r"size=[\w.]+", _pair), many=True),
    Option("sysctl", "HostConfig.Sysctls", _SYSCTL, many=True),
    Option("tmpfs", "HostConfig.Tmpfs", _TMPFS, many=True),
    Option("tty", "Tty", _SWITCH, "t", default=False, flag=True),
    # with rtprio, a process may go before all of the host's
    Option("ulimit", "HostConfig.Ulimits", _ULIMIT, many=True, slot=_key, reaches=_before_all),
    Option("user", "User", Kind(r"([\w.-]+(:[\w.-]+)?)?"), "u"),
    _mode("userns", "UsernsMode", "", "host"),
    _mode("uts", "UTSMode", "", "host"),
    Option("volume", kind=_VOLUME, letter="v", many=True, slot=str, reaches=_of_host),
    Option("workdir", "WorkingDir", Kind(r"(/[\w./-]*)?"), "w"),
)

OPTIONS = {option.name: option for option in _TAKEN}
"""Every option of the docker command, by the names that a line may write."""

OPTIONS |= {
    name: Option(name, refusal=reason)
    for reason, names in _REFUSED.items()
    for name in names.split()
}
_ALIASES = {"dns-opt": "dns-option", "net": "network", "net-alias": "network-alias"}
OPTIONS |= {alias: OPTIONS[name] for alias, name in _ALIASES.items()}

LETTERS = {option.letter: option.name for option in _TAKEN if option.letter}
LETTERS |= {"p": "publish", "P": "publish-all"}
