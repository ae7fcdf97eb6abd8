"""The cache: captures kept for reuse, in an ignored folder, keyed by all that they depend on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

import msgspec

from ..data.capture import CAPTURE_SCHEMA, Capture, ImageUse, decode, encode
from ..data.example import Example
from ..data.host import EngineInfo, Host

KEEP_SECONDS = 30 * 24 * 3600


class Cache:
    """Captures of earlier runs on this host and engine."""

    def __init__(self, root: Path) -> None:
        """Open the cache of a project; nothing is written yet."""
        self.folder = root / ".kshare" / "cache"

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
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(encode(capture))
        Path(file.name).replace(self.folder / f"{key}.json")

    def prune(self) -> None:
        """Drop what was not used for a month, and what a killed run left half written."""
        for path in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > KEEP_SECONDS:
                    path.unlink()


def reuse_key(
    example: Example, images: tuple[ImageUse, ...], host: Host, engine: EngineInfo
) -> str:
    """What a capture depends on: steps, options, images, this boot of this host, the engine."""
    parts = (
        CAPTURE_SCHEMA,
        example.commands,
        example.options.timeout,
        example.options.alone,
        example.options.repeat,
        example.options.needs,
        tuple(use.digest for use in images),
        host,
        engine,
    )
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
