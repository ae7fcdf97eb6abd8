"""Redaction: what names a machine or a person is replaced in outputs, visibly."""

from __future__ import annotations

import contextlib
import getpass
import ipaddress
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

_GENERIC = frozenset({"", "root", "localhost", "/", "/root"})
"""Values that every Linux system has: they name nobody."""


class Redaction:
    """Replaces secrets by placeholders such as `‹host›`; equal secrets get equal placeholders."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take the secrets and their placeholders."""
        self._marks = {secret: m for secret, m in secrets.items() if secret not in _GENERIC}
        words = sorted(self._marks, key=len, reverse=True)
        # Without secrets, what matches nothing.
        self._pattern = re.compile("|".join(map(_as_whole_word, words)) or "(?!)")

    def __call__(self, text: str) -> str:
        """The text with every secret replaced."""
        return self._pattern.sub(lambda match: f"‹{self._marks[match[0]]}›", text)


def _as_whole_word(secret: str) -> str:
    """The secret where it stands for itself.

    A name of letters only may be an ordinary word, `vm` or `debian`: as a part of a path, of an
    image's reference or of a setting it is that word, and must not change. It is a name alone,
    and where only names stand: after `@`, `//` and `HOSTNAME=`, and in paths of homes.
    """
    word = re.escape(secret)
    end = r"(?![\w-]|\.\w)"
    if not secret.isalpha():
        return rf"(?<![\w.-]){word}{end}"
    places = ("@", "//", "HOSTNAME=", "USER=", "LOGNAME=", "/home/", "/Users/", r"\\Users\\")
    named = "|".join(f"(?<={place})" for place in places)
    return rf"(?<![\w./\\:=+~-]){word}(?![\w/\\=+~-]|[.:]\w)|(?:{named}){word}{end}"


def host_secrets() -> dict[str, str]:
    """What names this host and its user, and what stands in its place on a page."""
    secrets: dict[str, str] = {}
    name = socket.gethostname()
    secrets[name] = secrets[name.partition(".")[0]] = "host"
    home = Path.home()
    secrets[str(home)] = "home"
    with contextlib.suppress(KeyError, OSError):  # a user id need not have a name
        secrets[getpass.getuser()] = "user"
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            secrets[Path(path).read_text(encoding="ascii").strip()] = "machine-id"
        except (OSError, ValueError):
            continue
    for interface, addresses in psutil.net_if_addrs().items():
        if interface == "lo" or interface.startswith(("docker", "br-", "veth")):
            continue  # every Docker host has these
        for address in addresses:
            value = address.address.partition("%")[0]
            secrets[value] = "mac" if address.family == psutil.AF_LINK else _ip_mark(value)
    return secrets


def _ip_mark(value: str) -> str:
    try:
        return f"ipv{ipaddress.ip_address(value).version}"
    except ValueError:
        return "address"
