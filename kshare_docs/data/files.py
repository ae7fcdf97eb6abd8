"""Files: a folder that appears whole or not at all, and paths that stay in a scratch folder."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .container import RefusedError


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


def resolve_scratch(relative: str, scratch: Path) -> Path:
    """The real path of a scratch file; a link that leads out of the directory is refused.

    Raises:
        RefusedError: It leaves the scratch directory.
    """
    path = (scratch / relative).resolve()
    if not path.is_relative_to(scratch.resolve()):
        raise RefusedError(f"{relative} leads out of the example's scratch directory")
    return path
