"""WSL: whether a machine is a genuine WSL2 host, and by what evidence.

Longer than most modules, because every signal stands here with the sources that it rests on.

The name of a kernel proves nothing: a custom kernel may have any, and a look-alike any. What
decides is how WSL boots its machine, and whether we are in a distribution or in a container.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ..data.host import UNKNOWN, WSL2

WSL1, WSLC = "wsl1", "wslc"
CONTAINER, OTHER = "container", "other"

# https://github.com/microsoft/WSL: src/linux/init/main.cpp mounts /init, test/windows/UnitTests.cpp
# looks for exactly this; before the store releases it came from a share named tools.
_INIT = re.compile(r"rootfs /init rootfs ro(?:,|\s|$)")
_INBOX_INIT = re.compile(r"tools /init 9p ro(?:,|\s|$)")
_ROOT = re.compile(r"\S+ / (\S+) ")
_INITRD = r"initrd=\initrd.img"
_WSL1_ROOTS = ("lxfs", "wslfs")
_DMI = ("sys_vendor", "product_name", "board_vendor", "chassis_asset_tag")
_ENVIRONMENT = ("WSL_DISTRO_NAME", "WSL_INTEROP", "WSLENV", "container")

# Releases: microsoft/WSL2-Linux-Kernel. Four numbers since 5.10; the suffix WSL2 since 5.4.
_STOCK = re.compile(r"(\d+)\.(\d+)\.\d+(\.\d+)?-microsoft-standard(-WSL2)?")
# Builders and compilers of Microsoft's kernels, by age: WSL#4555, WSL#5464, WSL#12512.
_BUILDER = re.compile(
    r"\((?:oe-user@oe-host\) \(|root@[0-9a-f]{12}\) \(|(?=x86_64-msft-linux-gcc))"
    r"(?:gcc version 8\.2\.0 \(GCC\)|(?:x86_64|aarch64)-msft-linux-gcc \(GCC\)|gcc \(GCC\))"
)
_WSL1_BUILDER = "Microsoft@Microsoft.com"


class FactsError(ValueError):
    """Recorded facts cannot be read; the message names the place."""


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a machine; what is not known is left out.

    Attributes:
        osrelease: `/proc/sys/kernel/osrelease`.
        version: `/proc/version`.
        cmdline: `/proc/cmdline`.
        mounts: Lines of `/proc/self/mounts`.
        dmi: Files of `/sys/class/dmi/id`; None where the machine has no DMI, which is not the
            same as not to know.
        env: Environment variables; they never decide.
        dockerenv: `/.dockerenv` exists.
    """

    osrelease: str | None = None
    version: str | None = None
    cmdline: str | None = None
    mounts: list[str] | str | None = None
    dmi: dict[str, Any] | UnsetType | None = UNSET
    env: dict[str, Any] | None = None
    dockerenv: bool | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signal.

    Attributes:
        signal: What was looked at.
        value: What was there.
        speaks_for: The verdict or kernel that it speaks for; empty where it says nothing.
    """

    signal: str
    value: str
    speaks_for: str


@dataclass(frozen=True, slots=True)
class HostVerdict:
    """What a machine is.

    Attributes:
        verdict: wsl2, wsl1, wslc, container, other, or unknown where facts are missing.
        kernel_family: wsl2, wsl1 or other: by the verdict where it is one of WSL's kernels, else
            by its name.
        stock: The kernel is Microsoft's build; None where the facts do not tell.
        evidence: What was looked at, in the order in which it counts.
    """

    verdict: str
    kernel_family: str
    stock: bool | None
    evidence: tuple[Evidence, ...]

    @property
    def publishable(self) -> bool:
        """A publication may come from it. A custom kernel does not matter: it is reported."""
        return self.verdict == WSL2


def judge_host(facts: Facts) -> HostVerdict:
    """The verdict over recorded facts. Missing facts never make a `wsl2`, nor do contradictions."""
    family = _family(facts)
    tokens = (facts.cmdline or "").split()
    mounts = facts.mounts.splitlines() if isinstance(facts.mounts, str) else facts.mounts or []
    root = next((m[1] for line in reversed(mounts) if (m := _ROOT.match(line))), "")
    init = _init(mounts)
    dmi, speaks = _of_dmi(facts.dmi)
    signs = _Signs(
        root=_of_root(root),
        cmdline=_of_cmdline(tokens),
        init=_of_init(init, tokens) if root else "",
        dmi=speaks,
        dockerenv=CONTAINER if facts.dockerenv else "",
    )
    release = _text(facts.osrelease)
    boot = " ".join(t for t in tokens if t == _INITRD or t.endswith("_ROOT_INIT=1"))
    evidence = (
        Evidence("kernel", release, family if release else ""),
        Evidence("root file system", root, signs.root),
        Evidence("/proc/cmdline", boot, signs.cmdline),
        Evidence("/init", init, signs.init),
        Evidence("DMI", dmi, signs.dmi),
        Evidence("/.dockerenv", str(bool(signs.dockerenv)).lower(), signs.dockerenv),
        Evidence("environment", ", ".join(sorted(facts.env or ())), ""),
    )
    verdict = _verdict(signs, family)
    kernel = verdict if verdict in {WSL1, WSL2} else family
    return HostVerdict(
        verdict,
        kernel,
        _stock(facts, kernel),
        tuple(item for item in evidence if item.value or item.speaks_for),
    )


def read_facts(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> Facts:
    """Read this machine's facts; of the environment the names only."""
    dmi = root / "sys/class/dmi/id"
    return Facts(
        osrelease=_read_text(root / "proc/sys/kernel/osrelease"),
        version=_read_text(root / "proc/version"),
        cmdline=_read_text(root / "proc/cmdline"),
        mounts=_read_text(root / "proc/self/mounts"),
        dmi=_read_dmi(dmi) if (root / "sys/class").is_dir() else UNSET,
        env={name: "set" for name in _ENVIRONMENT if name in environment},
        dockerenv=(root / ".dockerenv").exists(),
    )


def decode_facts(data: bytes) -> Facts:
    """Read recorded facts.

    Raises:
        FactsError: They are no JSON object of known keys and types.
    """
    try:
        return msgspec.json.decode(data, type=Facts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(Facts.__struct_fields__)
        raise FactsError(f"{error}; a JSON object with any of: {known}") from None


@dataclass(frozen=True, slots=True)
class _Signs:
    """What each signal speaks for; empty where it says nothing, or is not known."""

    root: str
    cmdline: str
    init: str
    dmi: str
    dockerenv: str


def _verdict(signs: _Signs, family: str) -> str:
    if WSL1 in (family, signs.root):
        return WSL1
    if signs.cmdline == WSLC:
        return WSLC
    if signs.root == CONTAINER:
        # With an /init of its own it is neither: somebody mounted it there.
        return UNKNOWN if signs.init == WSL2 else CONTAINER
    if signs.dockerenv and not signs.init:
        return CONTAINER
    boot = {signs.cmdline, signs.init, signs.dmi}
    if OTHER in boot:
        return OTHER
    return WSL2 if boot == {WSL2} else UNKNOWN


def _family(facts: Facts) -> str:
    release, version = _text(facts.osrelease), _text(facts.version)
    if release.endswith("-Microsoft") or _WSL1_BUILDER in version:
        return WSL1
    return WSL2 if "microsoft" in release or release.endswith(("-WSL2", "-WSL2+")) else OTHER


def _stock(facts: Facts, family: str) -> bool | None:
    version = _text(facts.version)
    if family == WSL1:
        return _WSL1_BUILDER in version if version else None
    release = _STOCK.fullmatch(_text(facts.osrelease))
    if family != WSL2 or release is None:
        return False
    numbers = (int(release[1]), int(release[2]))
    if (release[3] is None) == (numbers >= (5, 10)):
        return False
    return bool(_BUILDER.search(version)) if version else None


def _of_cmdline(tokens: list[str]) -> str:
    """Whole tokens count: the inbox releases have no WSL_ROOT_INIT, wslc has one of its own."""
    if "WSLC_ROOT_INIT=1" in tokens:
        return WSLC
    return (WSL2 if _INITRD in tokens else OTHER) if tokens else ""


def _of_init(init: str, tokens: list[str]) -> str:
    """The mount of a store release goes with WSL_ROOT_INIT, that of an inbox release without."""
    fits = not tokens or init.startswith("rootfs ") == ("WSL_ROOT_INIT=1" in tokens)
    return WSL2 if init and fits else OTHER


def _of_root(root: str) -> str:
    if root in _WSL1_ROOTS:
        return WSL1
    return CONTAINER if root == "overlay" else ""


def _of_dmi(dmi: dict[str, Any] | UnsetType | None) -> tuple[str, str]:
    """What is there, and what it speaks for: WSL2's machine has no DMI."""
    if isinstance(dmi, UnsetType):
        return "", ""
    if dmi is None:
        return "none", WSL2
    return ", ".join(map(str, dmi.values())) or "present", OTHER


def _init(mounts: list[str]) -> str:
    found = (line for line in mounts if _INIT.match(line) or _INBOX_INIT.match(line))
    return " ".join(next(found, "").split(",")[0].split()[:4])


def _text(value: str | None) -> str:
    return (value or "").strip()


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _read_dmi(folder: Path) -> dict[str, str] | None:
    if not folder.is_dir():
        return None
    found = {name: _read_text(folder / name) for name in _DMI}
    return {name: value for name, value in found.items() if value is not None}
