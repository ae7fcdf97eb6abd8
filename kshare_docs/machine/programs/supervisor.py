"""The process above an example's shell: it ends all that the shell started, also what hid itself.

A process that daemonizes leaves its session and its parent; it cannot leave the subreaper that it
then becomes a child of (PR_SET_CHILD_SUBREAPER, prctl(2)).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>

_SECONDS = 5.0
"""How long dying may take; what the kernel or another user's rights keep alive is then left."""


def main(environment: list[str]) -> int:
    """Run bash on this process's input and output until it ends, or until nobody writes to it.

    Args:
        environment: `NAME=VALUE`, for the shell alone.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            env={**os.environ, **dict(pair.split("=", 1) for pair in environment)},
            start_new_session=True,
        )
        ends = select.poll()
        ends.register(0, 0)  # the writer is gone: poll(2) always tells of POLLHUP
        ends.register(os.pidfd_open(shell.pid), select.POLLIN)
        ends.poll()
        code = shell.poll() or 0
    finally:
        _end_children()
    return code if code >= 0 else 128 - code


def _end_children() -> None:
    """Kill children until there are none; those of a dead one become this process's own."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        for pid in _children():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _children() -> Iterator[int]:
    """By field 4 of each `stat` (proc_pid_stat(5)); a list of children needs a kernel option."""
    own = str(os.getpid())
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (path / "stat").read_text(errors="replace").rpartition(")")[2].split()[1] == own:
                yield int(path.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
