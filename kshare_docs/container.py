"""A container: what a plain `docker run …` line asks the engine for.

Options and their defaults are those of the `docker run` reference; a container is the body of
the Engine API's `POST /containers/create`, to which each option is one path.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from .markdown import nearest

_BARE = re.compile(r"'[^']*'|\\.|\"(?:[^\"\\$`]|\\.)*\"", re.DOTALL)
_SHELL = re.compile(r"[|&;<>()$`*?\[\]\"'!]|(?:^|\s)[#~]|\{[^}]*[,.][^}]*\}")
_REDIRECT = re.compile(r"\s>\s*(?P<file>[A-Za-z0-9][\w.-]*)$")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?", re.IGNORECASE)


class RefusedError(ValueError):
    """The line is not run; the message says why and what to do."""


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
        body: The rest of the create request, without image, labels and mounts.
        name: The container's name; empty for one that the engine chooses.
        detach: Do not wait for its end.
        remove: Remove it at its end; otherwise it stays until the example ends.
        interactive: Keep its standard input open (it is empty: a build has no keyboard).
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
    interactive: bool = False
    platform: str = ""
    mounts: tuple[Mount, ...] = ()
    env_files: tuple[str, ...] = ()
    output: str = ""
    host_reach: tuple[str, ...] = ()

    @property
    def resources(self) -> frozenset[str]:
        """Names on the engine that only one example may hold at a time."""
        volumes = {f"volume {mount.source}" for mount in self.mounts if not mount.scratch}
        return frozenset(volumes | ({f"container {self.name}"} if self.name else set()))


def parse_run(command: str) -> Container | None:
    """Read a line; None where it is not a plain `docker run`.

    Plain is a line that a shell would split into the same words and do nothing else with: no
    pipe, no expansion but `$PWD`, and no redirection but a last `> FILE`.

    Raises:
        RefusedError: It is a plain `docker run`, but one that is not understood.
    """
    if not re.match(r"docker\s+run\s", command):
        return None
    rest, output = command, ""
    if redirect := _REDIRECT.search(command):
        rest, output = command[: redirect.start()], redirect["file"]
    if _SHELL.search(_BARE.sub("", rest.replace("$PWD", ""))):
        return None
    try:
        words = shlex.split(rest)
    except ValueError:
        return None
    return _Reading(output).read(words[2:])


def size(text: str) -> int:
    """Bytes of `64m` and the like, in powers of 1024 as Docker counts.

    Raises:
        ValueError: It is not a size.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("is not a size such as 64m")
    return int(float(match[1]) * 1024 ** "bkmgt".index(match[2].lower() or "b"))


@dataclass(slots=True)
class _Reading:
    """Collects the options of one line."""

    output: str
    body: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    mounts: list[Mount] = field(default_factory=list)
    env_files: list[str] = field(default_factory=list)
    reach: list[str] = field(default_factory=list)

    def read(self, words: list[str]) -> Container:
        queue = list(words)
        while queue and queue[0].startswith("-") and queue[0] != "-":
            word = queue.pop(0)
            if word == "--":
                break
            for name, value in self._split(word, queue):
                self._take(name, value)
        if not queue:
            raise RefusedError("`docker run` names no image")
        return Container(
            image=queue[0],
            command=tuple(queue[1:]),
            body=self.body,
            mounts=tuple(self.mounts),
            env_files=tuple(self.env_files),
            output=self.output,
            host_reach=tuple(self.reach),
            **self.plain,
        )

    def _split(self, word: str, queue: list[str]) -> list[tuple[str, str]]:
        """One word into options and their values, as Docker's parser does: `-it`, `-m64m`."""
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            _known(name)
            return [(name, value if equals else _value(name, queue))]
        found: list[tuple[str, str]] = []
        letters = word[1:]
        while letters:
            name, letters = SHORT.get(letters[0], letters[0]), letters[1:]
            _known(name)
            if OPTIONS[name].flag:
                value, letters = ("true", letters) if letters[:1] != "=" else (letters[1:], "")
            else:
                value, letters = letters.removeprefix("=") or _value(name, queue), ""
            found.append((name, value))
        return found

    def _take(self, name: str, value: str) -> None:
        option = OPTIONS[name]
        if option.flag:
            if value not in {"true", "false"}:
                raise RefusedError(f"--{name} is a switch: {value!r} is neither true nor false")
            if value == "false":
                return
        try:
            option.apply(self, value)
        except ValueError as error:
            if isinstance(error, RefusedError):
                raise
            raise RefusedError(f"--{name}: {value!r} {error}") from None

    def put(self, path: str, value: Any) -> None:
        target = self.body
        *folders, last = path.split(".")
        for folder in folders:
            target = target.setdefault(folder, {})
        if isinstance(value, list) and isinstance(target.get(last), list):
            target[last] += value
        elif isinstance(value, dict) and isinstance(target.get(last), dict):
            target[last] |= value
        else:
            target[last] = value


Apply = Callable[["_Reading", str], None]


@dataclass(frozen=True, slots=True)
class _Option:
    apply: Apply
    flag: bool = False


def _known(name: str) -> None:
    if name in OPTIONS:
        return
    dashes = "--" if len(name) > 1 else "-"
    raise RefusedError(f"unknown `docker run` option {dashes}{name}{nearest(name, list(OPTIONS))}")


def _value(name: str, queue: list[str]) -> str:
    if OPTIONS[name].flag:
        return "true"
    if not queue:
        raise RefusedError(f"--{name} needs a value")
    return queue.pop(0)


def _text(path: str) -> _Option:
    return _Option(lambda reading, value: reading.put(path, value))


def _listed(path: str) -> _Option:
    return _Option(lambda reading, value: reading.put(path, [value]))


def _number(path: str, convert: Callable[[str], int]) -> _Option:
    def apply(reading: _Reading, value: str) -> None:
        try:
            number = convert(value)
        except ValueError as error:
            text = str(error)
            raise ValueError(text if text.startswith("is") else "is not a whole number") from None
        reading.put(path, number)

    return _Option(apply)


def _switch(path: str) -> _Option:
    return _Option(lambda reading, _value: reading.put(path, True), flag=True)


def _plain(name: str) -> _Option:
    return _Option(lambda reading, _value: reading.plain.update({name: True}), flag=True)


def _nothing(*, flag: bool = False) -> _Option:
    return _Option(lambda _reading, _value: None, flag=flag)


def _pair(path: str, separator: str = "=") -> _Option:
    def apply(reading: _Reading, value: str) -> None:
        key, _, rest = value.partition(separator)
        reading.put(path, {key: rest})

    return _Option(apply)


def _mode(option: str, path: str, free: tuple[str, ...]) -> _Option:
    """A namespace's mode; one that joins the host's or a stranger's needs a review."""

    def apply(reading: _Reading, value: str) -> None:
        if value not in free:
            reading.reach.append(f"--{option} {value}")
        reading.put(path, value)

    return _Option(apply)


def _reach(option: str, apply: Apply, *, flag: bool = False) -> _Option:
    """An option that reaches beyond the container: only a reviewed line may have it."""

    def noted(reading: _Reading, value: str) -> None:
        reading.reach.append(f"--{option}" if flag else f"--{option} {value}")
        apply(reading, value)

    return _Option(noted, flag=flag)


def _name(reading: _Reading, value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError("is not a container name")
    reading.plain["name"] = value


def _environment(reading: _Reading, value: str) -> None:
    if "=" not in value:
        raise ValueError("takes its value from the builder's environment: write NAME=VALUE")
    reading.put("Env", [value])


def _env_file(reading: _Reading, value: str) -> None:
    reading.env_files.append(_scratch(value))


def _volume(reading: _Reading, value: str) -> None:
    source, _, rest = value.partition(":")
    target, _, mode = rest.partition(":")
    if not rest or not target.startswith("/"):
        raise ValueError("is not NAME:/path or ./file:/path")
    if mode not in {"", "ro", "rw"}:
        raise ValueError(f"has the mode {mode!r}; known: ro, rw")
    if source.startswith(("./", "$PWD")) or source == ".":
        reading.mounts.append(Mount(_scratch(source), target, mode or "rw", scratch=True))
    elif "/" in source or source.startswith("~"):
        reading.reach.append(f"--volume {value}")
        reading.put("HostConfig.Binds", [value])
    elif _NAME.fullmatch(source):
        reading.mounts.append(Mount(source, target, mode or "rw", scratch=False))
    else:
        raise ValueError("names no volume")


def _scratch(text: str) -> str:
    """A path in the example's scratch directory, relative to it."""
    path = PurePosixPath(text.replace("$PWD", ".", 1))
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("leaves the example's scratch directory")
    return str(path)


def _tmpfs(reading: _Reading, value: str) -> None:
    target, _, options = value.partition(":")
    reading.put("HostConfig.Tmpfs", {target: options})


def _rate(path: str) -> _Option:
    def apply(reading: _Reading, value: str) -> None:
        device, _, rate = value.rpartition(":")
        if not device.startswith("/dev/"):
            raise ValueError("is not /dev/NAME:RATE")
        reading.put(path, [{"Path": device, "Rate": size(rate)}])

    return _Option(apply)


def _ulimit(reading: _Reading, value: str) -> None:
    name, _, limits = value.partition("=")
    soft, _, hard = limits.partition(":")
    if not re.fullmatch(r"-?\d+", soft) or not re.fullmatch(r"-?\d*", hard):
        raise ValueError("is not NAME=SOFT[:HARD]")
    limit = {"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}
    reading.put("HostConfig.Ulimits", [limit])


def _security(reading: _Reading, value: str) -> None:
    if value not in {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"}:
        reading.reach.append(f"--security-opt {value}")
    reading.put("HostConfig.SecurityOpt", [value])


def _cpus(text: str) -> int:
    number = float(text)
    if number <= 0:
        raise ValueError("is not a number of CPUs")
    return round(number * 1e9)


def _swap(text: str) -> int:
    return -1 if text == "-1" else size(text)


def _device(reading: _Reading, value: str) -> None:
    host, _, rest = value.partition(":")
    inside, _, permissions = rest.partition(":")
    device = {
        "PathOnHost": host,
        "PathInContainer": inside or host,
        "CgroupPermissions": permissions or "rwm",
    }
    reading.put("HostConfig.Devices", [device])


def _entrypoint(reading: _Reading, value: str) -> None:
    reading.put("Entrypoint", [value] if value else [""])


SHORT = {
    "d": "detach",
    "e": "env",
    "h": "hostname",
    "i": "interactive",
    "l": "label",
    "m": "memory",
    "t": "tty",
    "u": "user",
    "v": "volume",
    "w": "workdir",
}

OPTIONS: dict[str, _Option] = {
    "add-host": _listed("HostConfig.ExtraHosts"),
    "cap-add": _reach("cap-add", lambda r, v: r.put("HostConfig.CapAdd", [v])),
    "cap-drop": _listed("HostConfig.CapDrop"),
    "cgroupns": _mode("cgroupns", "HostConfig.CgroupnsMode", ("private",)),
    "cpus": _number("HostConfig.NanoCpus", _cpus),
    "cpuset-cpus": _text("HostConfig.CpusetCpus"),
    "cpu-shares": _number("HostConfig.CpuShares", int),
    "detach": _plain("detach"),
    "device": _reach("device", _device),
    "device-read-bps": _rate("HostConfig.BlkioDeviceReadBps"),
    "device-write-bps": _rate("HostConfig.BlkioDeviceWriteBps"),
    "dns": _listed("HostConfig.Dns"),
    "entrypoint": _Option(_entrypoint),
    "env": _Option(_environment),
    "env-file": _Option(_env_file),
    "hostname": _text("Hostname"),
    "init": _switch("HostConfig.Init"),
    "interactive": _plain("interactive"),
    "ipc": _mode("ipc", "HostConfig.IpcMode", ("private", "shareable", "none")),
    "label": _pair("Labels"),
    "mac-address": _text("MacAddress"),
    "memory": _number("HostConfig.Memory", size),
    "memory-swap": _number("HostConfig.MemorySwap", _swap),
    "name": _Option(_name),
    "network": _mode("network", "HostConfig.NetworkMode", ("none", "bridge", "default")),
    "pid": _mode("pid", "HostConfig.PidMode", ("private",)),
    "pids-limit": _number("HostConfig.PidsLimit", int),
    "platform": _Option(lambda reading, value: reading.plain.update(platform=value)),
    "privileged": _reach(
        "privileged", lambda r, _v: r.put("HostConfig.Privileged", True), flag=True
    ),
    "pull": _nothing(),  # images are ready, at their pinned digests, before anything runs
    "read-only": _switch("HostConfig.ReadonlyRootfs"),
    "rm": _plain("remove"),
    "runtime": _text("HostConfig.Runtime"),
    "security-opt": _Option(_security),
    "shm-size": _number("HostConfig.ShmSize", size),
    "stop-timeout": _number("StopTimeout", int),
    "sysctl": _pair("HostConfig.Sysctls"),
    "tmpfs": _Option(_tmpfs),
    "tty": _switch("Tty"),
    "ulimit": _Option(_ulimit),
    "user": _text("User"),
    "userns": _mode("userns", "HostConfig.UsernsMode", ()),
    "uts": _mode("uts", "HostConfig.UTSMode", ()),
    "volume": _Option(_volume),
    "workdir": _text("WorkingDir"),
}
"""Every option that is understood. Those that reach beyond the container say so."""

OPTIONS["net"] = OPTIONS["network"]


def resolve_scratch(relative: str, scratch: Path) -> Path:
    """The real path of a scratch file; a link that leads out of the directory is refused.

    Raises:
        RefusedError: It leaves the scratch directory.
    """
    path = (scratch / relative).resolve()
    if not path.is_relative_to(scratch.resolve()):
        raise RefusedError(f"{relative} leads out of the example's scratch directory")
    return path
