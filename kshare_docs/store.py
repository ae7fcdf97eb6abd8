"""The store: captures kept for reuse, in an ignored folder, keyed by all that they depend on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from .capture import SCHEMA, Capture, decode, encode
from .engine import EngineInfo
from .example import Example
from .host import Host

FOLDER = Path(".kshare") / "cache"
KEEP_SECONDS = 30 * 24 * 3600


class Store:
    """Captures of earlier runs on this host and engine."""

    def __init__(self, root: Path) -> None:
        """Open the store of a project; nothing is written yet."""
        self.folder = root / FOLDER

    def get(self, key: str) -> Capture | None:
        """The capture under a key; a damaged one counts as none."""
        path = self.folder / f"{key}.json"
        try:
            capture = decode(path.read_bytes())
        except (OSError, ValueError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return capture

    def put(self, key: str, capture: Capture) -> None:
        """Keep a capture; a reader sees the whole of it or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "wb") as file:
            file.write(encode(capture))
        Path(name).replace(self.folder / f"{key}.json")

    def prune(self) -> None:
        """Drop what was not used for a month, and what a killed run left half written."""
        for path in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > KEEP_SECONDS:
                    path.unlink()


def reuse_key(example: Example, images: Iterable[str], host: Host, engine: EngineInfo) -> str:
    """What a capture depends on: steps, options, images, this boot of this host, the engine."""
    parts = (
        SCHEMA,
        example.commands,
        example.options.timeout,
        example.options.alone,
        example.options.repeat,
        example.options.needs,
        tuple(images),
        host,
        engine,
    )
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A folder beside another one, whose place it takes if all goes well; else nothing changes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kshare-", dir=folder.parent) as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
