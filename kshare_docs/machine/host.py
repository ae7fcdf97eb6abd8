"""The host's facts, read once for a run."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from ..data.host import Host
from .wsl import judge_host, read_facts


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
        verdict=judge_host(read_facts(root)).verdict,
    )


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
