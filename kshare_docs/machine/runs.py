"""Runs: how one is known, what it holds on this host, and what is left of those that are over."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .host import read_boot_id, read_machine

VARIABLE = "KSHARE_RUN"
"""In the environment of host steps: whose they are."""

STALE_SECONDS = 24 * 3600
"""After this time a thing of another boot or another machine is nobody's any more."""

QUEUES = "queues"
"""File of a run's folder: what `ipcmk` said of message queues, which outlive their maker."""

_PREFIX = "kshare-"
_OWNER = "run"
_READ_ONLY = ("bin", "home")


@functools.cache
def this_run() -> str:
    """What names this process's run: machine, boot, PID namespace, PID, start."""
    return f"{_place()}/{os.getpid()}/{_start(os.getpid())}"


def is_over(run: str, age: float) -> bool:
    """Whether a run is over for certain.

    Args:
        run: Its name.
        age: Seconds since that which bears it was made. A machine that shares the engine or the
            folder cannot be asked: it may still be at work.
    """
    place, *process = run.rsplit("/", 2)
    if place != _place():
        theirs, ours = place.split("/"), _place().split("/")
        rebooted = theirs[:1] == ours[:1] and theirs[1:2] != ours[1:2]
        return rebooted or age > STALE_SECONDS
    return len(process) != 2 or not process[0].isdigit() or _start(int(process[0])) != process[1]


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """A temporary folder of this run, with a `scratch` to work in and an empty `home`.

    Others may pass through it: a host step may give up its rights.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_temporary()))
    try:
        (folder / _OWNER).write_text(this_run(), encoding="utf-8")
        folder.chmod(0o711)
        (folder / "scratch").mkdir()
        (folder / "home").mkdir(0o555)
        yield folder
    finally:
        _discard(folder)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end what runs as Ctrl-C does; what ignores one goes on doing so."""

    def interrupt(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one must not break the cleaning
        raise KeyboardInterrupt

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():  # only it may set handlers
        for number in (signal.SIGTERM, signal.SIGHUP):
            if (handler := signal.getsignal(number)) not in {signal.SIG_IGN, None}:
                before[number] = handler
                signal.signal(number, interrupt)
    try:
        yield
    finally:
        for changed, handler in before.items():
            signal.signal(changed, handler)


def hold(name: str) -> socket.socket | None:
    """Hold a name against all other runs until the socket is closed; None if one has it.

    An abstract socket (unix(7)) is no file: whoever runs, wherever temporary files are, they meet,
    and the kernel frees it with its process.
    """
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(f"\0{_PREFIX}{hashlib.sha256(name.encode()).hexdigest()}")
    except OSError as error:
        holder.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return holder


def _temporary() -> Path:
    """Where temporary folders are made: one of them gets into PATH, where a colon ends a name."""
    folder = tempfile.gettempdir()
    return Path("/tmp" if ":" in folder else folder)  # noqa: S108


def sweep_host() -> int:
    """End processes of host steps of runs that are over, remove their folders, and count them."""
    ended = sum(map(_end_process, Path("/proc").glob("[0-9]*")))
    left: list[Path] = []
    with contextlib.suppress(OSError):  # no place for temporary files can be written: none is ours
        left += filter(_is_left, _temporary().glob(f"{_PREFIX}*"))
    for folder in left:
        _discard(folder)
    return ended + len(left)


def _end_process(process: Path) -> bool:
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(int(process.name))  # stays this process, though the number may not
        try:
            # A container's environment is what its page says.
            ours = (process / "ns/pid").readlink() == Path("/proc/self/ns/pid").readlink()
            pairs = (process / "environ").read_bytes().decode(errors="replace").split("\0")
            run = next((p.partition("=")[2] for p in pairs if p.startswith(f"{VARIABLE}=")), "")
            if ours and run and is_over(run, 0):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False


def _is_left(folder: Path) -> bool:
    """Whether a folder is this user's and of a run that is over."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        facts = folder.lstat()
        owner = folder / _OWNER
        if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and owner.is_file():
            return is_over(owner.read_text(encoding="utf-8"), time.time() - facts.st_mtime)
    return False


def _discard(folder: Path) -> None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        owner = (folder / _OWNER).read_text(encoding="utf-8")
        if owner.startswith(f"{_place()}/"):  # the numbers of another boot are others' now
            numbers = re.findall(r"\d+", (folder / QUEUES).read_text(encoding="utf-8"))
            ask = ["ipcrm", *(f"--queue-id={number}" for number in numbers)]
            subprocess.run(ask, stderr=subprocess.DEVNULL, check=False)
    for name in _READ_ONLY:
        with contextlib.suppress(OSError):
            (folder / name).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _start(pid: int) -> str:
    """When a process began, in ticks since the boot: no clock that is set moves it. Empty if over.

    Fields 3 and 22 of proc_pid_stat(5); a zombie does nothing any more.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]


@functools.cache
def _place() -> str:
    """The machine, the boot and the PID namespace of this process."""
    return f"{read_machine()}/{read_boot_id()}/{Path('/proc/self/ns/pid').readlink()}"
