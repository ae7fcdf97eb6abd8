"""Redaction: what names a machine or a person is replaced, visibly, in all that leaves a run.

Whole words are, in capitals or not, and never a part of one. A name that is an ordinary word tells
nothing of a machine, and to replace it would change what others say. So it stays everywhere: one
of `words/ordinary.txt`, of two letters, of digits, or of an image of the project.
"""

from __future__ import annotations

import contextlib
import getpass
import ipaddress
import os
import re
import socket
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from pathlib import Path

import msgspec
import psutil

from ..data.capture import Capture, Result
from ..data.escapes import COLOUR, settled
from ..data.project import Project
from ..words import ordinary_words

PLACEHOLDER = re.compile(r"‹[a-z0-9-]+›")
"""What stands in the place of a secret."""


class Redaction:
    """Replaces secrets by placeholders such as `‹host›`; equal secrets get equal placeholders."""

    def __init__(self, secrets: Mapping[str, str], words: Iterable[str] = ()) -> None:
        """Take the secrets with their placeholders, and more words that are no secrets."""
        known = ordinary_words().union(word.casefold() for word in words)
        named = [(s, mark) for s, mark in secrets.items() if s and not _ordinary(s, mark, known)]
        named.sort(key=lambda pair: len(pair[0]), reverse=True)
        self._marks = [mark for _, mark in named]
        groups = (f"({_as_whole_word(*pair)})" for pair in named)
        # Without secrets, what matches nothing.
        self._pattern = re.compile("|".join(groups) or "(?!)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text as it may be shown: what a terminal takes for itself has left, but colours."""
        pieces = COLOUR.split(settled(text))
        letters = list(seen := "".join(pieces[::2]))
        for match in self._pattern.finditer(seen):  # a colour may begin or end within a secret
            start, end = match.span()
            mark = self._marks[(match.lastindex or 0) - 1]
            letters[start:end] = [f"‹{mark}›", *[""] * (end - start - 1)]
        rest = iter(letters)
        pieces[::2] = ["".join(islice(rest, len(piece))) for piece in pieces[::2]]
        return "".join(pieces)

    def capture(self, capture: Capture) -> Capture:
        """A capture as it may be shown; the commands are the page's."""
        made = capture.provenance
        return msgspec.structs.replace(
            capture,
            results=self._results(capture.results),
            repeats=tuple(map(self._results, capture.repeats)),
            provenance=msgspec.structs.replace(
                made,
                kernel_version=self(made.kernel_version),
                distribution=self(made.distribution),
            ),
        )

    def _results(self, results: Iterable[Result]) -> tuple[Result, ...]:
        return tuple(
            msgspec.structs.replace(r, output=self(r.output), error=self(r.error)) for r in results
        )


def host_secrets() -> dict[str, str]:
    """What names this host and its user, and what stands in its place on a page."""
    secrets: dict[str, str] = {}
    name = socket.gethostname()
    secrets[name] = secrets[name.partition(".")[0]] = "host"
    with contextlib.suppress(RuntimeError):  # a user id need not have a home, nor a name
        secrets[str(Path.home())] = "home"
    with contextlib.suppress(KeyError, OSError):
        secrets[getpass.getuser()] = "user"
    secrets[os.environ.get("SUDO_USER", "")] = "user"
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with contextlib.suppress(OSError, ValueError):
            value = Path(path).read_text(encoding="ascii").strip()
            secrets[value if value.isalnum() and len(value) == 32 else ""] = "machine-id"
    for interface, addresses in psutil.net_if_addrs().items():
        if interface == "lo" or interface.startswith(("docker", "br-", "veth")):
            continue  # every Docker host has these
        for address in addresses:
            value = address.address.partition("%")[0]
            if mark := _address_mark(value):
                secrets[value] = mark
    return secrets


def words_of(project: Project) -> list[str]:
    """What its images are called."""
    tags = (image.tag for image in project.images.values())
    return re.findall(r"[\w-]+", "\n".join((*project.images, *tags)))


def _as_whole_word(secret: str, mark: str) -> str:
    """The secret where it stands for itself; a host also where its domain follows."""
    end = r"(?![\w-])" if mark == "host" else r"(?![\w-]|\.\w)"
    return rf"(?<![\w.-]){re.escape(secret)}{end}"


def _ordinary(secret: str, mark: str, known: Collection[str]) -> bool:
    """Whether it is a name, or a path of names, that tells nothing."""
    parts = secret.casefold().strip("/").split("/")
    common = (part in known or part.isdecimal() or len(part) <= 2 for part in parts)
    return mark in {"host", "user", "home"} and all(common)


def _address_mark(value: str) -> str:
    """What an address is; empty for one that every machine has."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return "mac" if value.strip("0:") else ""
    common = address.is_loopback or address.is_unspecified
    return "" if common else f"ipv{address.version}"
