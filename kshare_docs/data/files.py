"""Files: a folder that appears whole or not at all, and an example's scratch folder.

Longer than most modules: every way into and out of the scratch folder stands together.

What a container left comes into the scratch folder as copies: regular files and folders, written
here. So nothing else can lie there but what host steps made, and of that no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .container import RefusedError

FILE_LIMIT = 16 * 1024**2
"""Bytes of one file that is copied to or from a container, or that `> FILE` takes."""

TREE_LIMIT = 64 * 1024**2
"""Bytes of all files of one copy."""

TREE_ENTRIES = 1000
"""Files and folders of one copy."""

TREE_DEPTH = 32
"""Names in the longest path of one copy."""

ROOT = "scratch"
"""The name of what is copied, in the archive."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


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


def scratch_path(relative: str, scratch: Path) -> Path:
    """The path of a scratch file, of which no part is a link.

    Raises:
        RefusedError: It is a link, leads through one, or leaves the scratch folder.
    """
    root = scratch.parent.resolve() / scratch.name  # a host step may have put a link there
    path = root / relative
    inside = "\0" not in relative and path.is_relative_to(root)
    with _refusing(relative):
        if not inside or path.is_symlink() or os.path.realpath(path) != str(path):
            raise RefusedError(f"{relative!r} is a link, or leads out of the scratch folder")
    return path


def read_scratch(relative: str, scratch: Path) -> bytes:
    """What a regular scratch file holds.

    Raises:
        RefusedError: It is no regular file, is too large, or cannot be read.
    """
    with _refusing(relative):
        path = scratch_path(relative, scratch)
        # To open a device may do something, and a FIFO may keep one waiting.
        if not stat.S_ISREG(path.lstat().st_mode):
            raise RefusedError(f"{relative!r} is no regular file")
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            data = file.read(FILE_LIMIT + 1)
    if len(data) > FILE_LIMIT:
        raise RefusedError(f"{relative!r} is larger than {FILE_LIMIT} bytes")
    return data


def read_env_file(relative: str, scratch: Path) -> list[str]:
    """The variables of an environment file, read as `docker run` does (docker/cli, opts/file.go).

    Raises:
        RefusedError: The file cannot be read, or one of its lines is none of `NAME=VALUE`.
    """
    try:
        text = read_scratch(relative, scratch).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError(f"--env-file {relative!r} is not UTF-8") from None
    lines = (line.removesuffix("\r").lstrip() for line in text.split("\n"))
    variables = [line for line in lines if line and line[0] != "#"]
    for line in variables:
        if not re.match(r"[^\s=]+=", line) or "\0" in line:
            raise RefusedError(f"--env-file {relative!r}: {line[:99]!r} is no NAME=VALUE")
    return variables


def write_scratch(relative: str, scratch: Path, data: bytes) -> None:
    """Put a new regular file into the scratch folder, in place of one that is there.

    Raises:
        RefusedError: Something else is there, it is too large, or it cannot be written.
    """
    with _refusing(relative):
        path = scratch_path(relative, scratch)
        if path.exists() and not path.is_file():
            raise RefusedError(f"{relative!r} is no regular file")
        if len(data) > FILE_LIMIT:
            raise RefusedError(f"{relative!r} would be larger than {FILE_LIMIT} bytes")
        path.unlink(missing_ok=True)
        with open(os.open(path, _NEW, 0o644), "wb") as file:  # noqa: PTH123
            file.write(data)


def pack(path: Path) -> IO[bytes]:
    """A file, or a folder with all in it, as an archive for a container; to be closed.

    Where nothing is, a folder is made, as by `docker run`.

    Raises:
        RefusedError: It has something else in it, or more than the limits allow.
    """
    limits = _Limits()

    def checked(member: tarfile.TarInfo) -> tarfile.TarInfo:
        limits.check(member)
        member.uname = member.gname = ""
        return member

    with _refusing(path.name), contextlib.ExitStack() as stack:
        if not path.exists():
            path.mkdir(parents=True)
        archive = stack.enter_context(tempfile.TemporaryFile())
        with tarfile.open(fileobj=archive, mode="w|") as tar:
            tar.add(path, ROOT, filter=checked)
        archive.seek(0)
        stack.pop_all()
        return archive


def unpack(archive: IO[bytes], path: Path, staging: Path) -> None:
    """Put what a container left in the place of a file, or of all that is in a folder.

    Owners, modes, times and attributes stay behind: files get 0644, folders 0755.

    Args:
        archive: A tar archive, read as it comes.
        path: The file or folder in the scratch folder. A folder itself stays: a shell may be in it.
        staging: A folder on the same file system, where the files are written first.

    Raises:
        RefusedError: There is something else in it, or more than the limits allow; then nothing
            has changed.
    """
    limits = _Limits()
    with (
        _refusing(path.name),
        tempfile.TemporaryDirectory(prefix="kshare-", dir=staging) as folder,
        tarfile.open(fileobj=archive, mode="r|") as tar,
    ):
        for member in tar:
            limits.check(member)
            target = Path(folder, member.name)
            if member.isdir():
                target.mkdir(0o755)
                continue
            source = tar.extractfile(member)
            assert source is not None  # noqa: S101
            with open(os.open(target, _NEW, 0o644), "wb") as file:  # noqa: PTH123
                shutil.copyfileobj(source, file)
        new = Path(folder, ROOT)
        if not path.is_dir():
            new.replace(path)
            return
        for child in path.iterdir():
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
        for child in new.iterdir():
            child.rename(path / child.name)


class _Limits:
    """Holds the limits of one copy over all its members."""

    def __init__(self) -> None:
        self._entries = self._bytes = 0

    def check(self, member: tarfile.TarInfo) -> None:
        """Raise a RefusedError if this member may not be copied."""
        parts = member.name.split("/")
        self._entries += 1
        self._bytes += member.size
        # Of the archive's sparse files the real size is not known beforehand.
        plain = member.isdir() or (member.isreg() and not member.issparse())
        faults = {
            "is no regular file and no folder": not plain,
            "has a name that leads elsewhere": (
                parts[0] != ROOT or not {"", ".", ".."}.isdisjoint(parts) or "\0" in member.name
            ),
            f"lies deeper than {TREE_DEPTH} folders": len(parts) > TREE_DEPTH,
            f"is larger than {FILE_LIMIT} bytes": member.size > FILE_LIMIT,
            f"is more than the {TREE_ENTRIES} files that are copied": self._entries > TREE_ENTRIES,
            f"is beyond the {TREE_LIMIT} bytes that are copied": self._bytes > TREE_LIMIT,
        }
        for fault, found in faults.items():
            if found:
                name = member.name if len(member.name) < 100 else f"{member.name[:99]}…"
                raise RefusedError(f"of the scratch files, {name!r} {fault}")


@contextlib.contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn what the system or an archive says into a refusal."""
    try:
        yield
    except OSError as error:
        raise RefusedError(f"{name!r}: {error.strerror}") from None
    except tarfile.TarError as error:
        raise RefusedError(f"{name!r}: what came of it is no whole archive: {error}") from None
