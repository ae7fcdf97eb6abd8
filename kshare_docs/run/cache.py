"""The cache: captures kept for reuse outside the checkout, keyed by all that they depend on.

They are kept as they were printed, for this user's eyes: what leaves a run is redacted.
Nothing that comes with a checkout, and nothing that another user of the machine wrote, is read:
the folder is this user's alone, is opened without following links, and each entry is sealed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..data.capture import CAPTURE_SCHEMA, Capture, ImageUse, decode, encode
from ..data.example import Example
from ..data.host import EngineInfo, Host

KEEP_SECONDS = 30 * 24 * 3600

SIZE_LIMIT = 256 * 1024**2
"""Bytes of a file that is read."""

RUNNING = ("data", "pages", "machine", "run")
"""The folders of the package that decide what an example prints, and how that is read."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK, a FIFO in the place of an entry would be waited for.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Cache:
    """Captures of earlier runs on this host and engine. What it cannot keep is not kept."""

    def __init__(self, root: Path, say: Callable[[str], None] = lambda _text: None) -> None:
        """Open the cache of a project; nothing is written yet.

        Args:
            root: The project's folder.
            say: Takes a line, once, about what keeps the cache from working.
        """
        self._name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]
        self._say = say
        self._silent = False

    def get(self, key: str, example: Example, images: tuple[ImageUse, ...]) -> Capture | None:
        """The capture under a key; one that is damaged, or of something else, counts as none."""
        data = self.read(f"{key}.json")
        seal, _, body = data.partition(b"\n")
        if seal.decode(errors="replace") != _seal(key, body):
            return None
        try:
            capture = decode(body)
        except ValueError:
            return None
        says = [tuple((r.source, r.hidden) for r in results) for results in capture.rounds]
        same = capture.id == example.id and capture.images == images
        return capture if same and set(says) == {example.commands} else None

    def put(self, key: str, capture: Capture) -> None:
        """Keep a capture; a reader sees the whole of it or nothing."""
        body = encode(capture)
        self.write(f"{key}.json", _seal(key, body).encode() + b"\n" + body)

    def read(self, name: str) -> bytes:
        """A file of the cache, if it is one of this user's; else nothing."""
        with (
            contextlib.suppress(OSError),
            self._opened() as folder,
            os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file,
        ):
            found = os.fstat(file.fileno())
            ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
            if ours and found.st_size <= SIZE_LIMIT:
                with contextlib.suppress(OSError):  # a read-only disk keeps no time
                    os.utime(file.fileno())
                return file.read()
        return b""

    def write(self, name: str, data: bytes) -> None:
        """Put a file in the place of an earlier one, as a whole; where that fails, it is said."""
        draft = f".{secrets.token_hex(8)}"
        try:
            with self._opened() as folder:
                try:
                    with os.fdopen(os.open(draft, _WRITE, 0o600, dir_fd=folder), "wb") as file:
                        file.write(data)
                    os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
                except BaseException:
                    with contextlib.suppress(OSError):
                        os.unlink(draft, dir_fd=folder)
                    raise
        except OSError as error:
            if not self._silent:
                self._say(f"nothing is kept for reuse: {error}")
            self._silent = True

    def age(self, name: str) -> float:
        """Seconds since a file was written; infinite if there is none."""
        with contextlib.suppress(OSError), self._opened() as folder:
            return time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
        return math.inf

    def prune(self, keep: float = KEEP_SECONDS) -> None:
        """Drop what was not used for so many seconds, and what a killed run left half written."""
        with contextlib.suppress(OSError), self._opened() as folder:
            for name in os.listdir(folder):  # noqa: PTH208  (a descriptor is no path)
                with contextlib.suppress(OSError):
                    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    if time.time() - found.st_mtime >= keep:
                        os.unlink(name, dir_fd=folder)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The folder, made if need be, as a descriptor that nothing can be slipped under.

        Raises:
            OSError: There is none, or others could have written into it.
        """
        base = _base()
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            folder = os.open(base, _FOLDER)
            stack.callback(os.close, folder)
            path = base
            for name in ("kshare-docs", self._name):
                path /= name
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=folder)
                folder = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                stack.callback(os.close, folder)
                found = os.fstat(folder)
                if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
                    raise PermissionError(f"{path} is open to others: remove it")
            yield folder


class Keys(NamedTuple):
    """Under which a capture may be kept.

    Attributes:
        boot_id: Of the host.
        this_boot: One of this boot alone; it shows the boot's id, and two boots must not stand
            side by side as one.
        any_boot: One of any boot of this kernel.
    """

    boot_id: str
    this_boot: str
    any_boot: str

    def of(self, capture: Capture) -> str:
        """The key of a capture of this boot."""
        outputs = (result.output for results in capture.rounds for result in results)
        bound = any(self.boot_id in output for output in outputs)
        return self.this_boot if bound else self.any_boot


def reuse_keys(
    example: Example, images: tuple[ImageUse, ...], host: Host, engine: EngineInfo
) -> Keys:
    """What a capture depends on: steps, options, images, host and engine, and this very code.

    Not on the engine's id, which `scripts/engine` makes anew, nor on the boot, but where the
    capture shows it: WSL2 stops its machine when it is idle.
    """
    parts = (
        CAPTURE_SCHEMA,
        _code(),
        example.id,
        example.commands,
        example.options.timeout,
        example.options.alone,
        example.options.repeat,
        example.options.needs,
        images,
        msgspec.structs.replace(host, boot_id=""),
        replace(engine, id=""),
    )
    digests = (
        hashlib.sha256(msgspec.json.encode((*parts, boot), order="sorted")).hexdigest()
        for boot in (host.boot_id, "")
    )
    return Keys(host.boot_id, *digests)


@functools.cache
def _code() -> str:
    """A digest over the code that runs examples and reads what they print."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for name in RUNNING for path in (package / name).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _base() -> Path:
    """Where a user's caches lie (XDG Base Directory Specification: a relative path is ignored)."""
    place, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
    if place.startswith("/"):
        return Path(place)
    if home.startswith("/") and Path(home).is_dir():  # one that is not there is not meant to be
        return Path(home, ".cache")
    raise FileNotFoundError("neither XDG_CACHE_HOME nor HOME names a folder")


def _seal(key: str, body: bytes) -> str:
    """A digest over everything that an entry is, and where it lies."""
    return hashlib.sha256(key.encode() + b"\n" + body).hexdigest()
