"""Needs: what an example may ask of the host, and what provides it.

What a host without it lacks is said once, in the words of each language: `needs` in `words/`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..words import load_words

REMEDIES: Mapping[str, str] = {
    "wsl2": "run the build in a WSL2 distribution",
    "interop": "run the build in a WSL2 distribution with interop and automount on (the default)",
    "wslc": "wsl.exe --update, to WSL 3.0.1 or newer",
    "modules": "run the build on a kernel with CONFIG_MODULES=y, such as WSL2's",
    "config-gz": "run the build on a kernel with CONFIG_IKCONFIG_PROC=y",
    "kernel-log": "run the build as root, or: sysctl kernel.dmesg_restrict=0",
    "root": "sudo scripts/build",
    "docker-cli": "apt-get install docker.io",
    "util-linux": "apt-get install util-linux",
    "iproute2": "apt-get install iproute2",
    "native-engine": "use Docker Engine in the distribution itself, not Docker Desktop",
    "identity-users": "use a Docker Engine that runs as root, without userns-remap in"
    " /etc/docker/daemon.json",
    "desktop": "turn on the WSL integration of Docker Desktop for this distribution",
    "graphdriver": 'set "storage-driver": "overlay2" in /etc/docker/daemon.json',
    "limits": "use a Docker Engine whose `docker info` names a cgroup driver, not `none`",
    "disk-limits": "run the build on a kernel with CONFIG_BLK_DEV_THROTTLING=y",
    "disk-options": "install Docker 27.1.2 or newer: https://docs.docker.com/engine/install/",
    "x86-64": "run the build on an x86-64 host",
    "kvm": "turn on nested virtualization: nestedVirtualization=true in .wslconfig, on Windows 11",
    "runsc": "scripts/build --with-gvisor",
    "kata": "install Kata Containers, and name its runtime kata in /etc/docker/daemon.json",
    "kubernetes": "install kind and kubectl, then: kind create cluster",
}
"""The command or act that provides each."""


def lacking(need: str, lang: str = "en") -> str:
    """What a host without it lacks, in the words of a language."""
    return str(load_words(lang)["needs"][need])


def describe_lack(need: str, said: str) -> str:
    """What the host lacks, and what was said when it was tried, if anything."""
    return f"{lacking(need)}: {said}" if said else lacking(need)


def why_skipped(missing: Mapping[str, str]) -> str:
    """What the host lacks, and what would provide it, in one line for the command line."""
    lacks = (f"{describe_lack(name, said)} ({REMEDIES[name]})" for name, said in missing.items())
    return "; ".join(lacks)
