"""The host's facts, read once for a run."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from ..data.host import Host
from .wsl import Facts, judge_host, read_facts


def read_host(facts: Facts | None = None) -> Host:
    """Read the facts; a file that cannot be read gives an empty string, never an error.

    Args:
        facts: What the verdict rests on; it is read where the caller has not done it.
    """
    facts = facts or read_facts()
    return Host(
        release=facts.osrelease or "",
        version=facts.version or "",
        architecture=platform.machine(),
        distribution=_distribution(),
        boot_id=read_boot_id(),
        cpus=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        cgroup_version="2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "1",
        modules=Path("/proc/modules").exists(),
        verdict=judge_host(facts).verdict,
    )


def read_boot_id() -> str:
    """What tells this boot from every other one (random(4)); empty where it cannot be read."""
    return _word("/proc/sys/kernel/random/boot_id")


def read_machine() -> str:
    """What tells this machine from every other one, at every boot of it, and names it to nobody.

    Of machine-id(5), which copies of a machine may share, and the host name, which they may not.
    Where there is none, it is another one at every boot.
    """
    text = f"{_word('/etc/machine-id') or read_boot_id()} {platform.node()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _word(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def home_folder() -> Path:
    """The user's home; without HOME, and for a user id without account, one that nobody has."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, UnicodeDecodeError):
        return ""
