"""The process above an example's shell: it ends all that the shell started, also what hid itself.

A process that daemonizes leaves its session and its parent; it cannot leave the subreaper that it
then becomes a child of (PR_SET_CHILD_SUBREAPER, prctl(2)). It imports little, since it starts with
the shell of every example.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time

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
    variables = {**os.environ, **dict(pair.split("=", 1) for pair in environment)}
    bash = ["bash", "--noprofile", "--norc"]
    code = 0
    try:
        # Python ignores SIGPIPE; the shell and its pipes must not.
        shell = os.posix_spawnp(
            bash[0], bash, variables, setsid=True, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ]
        )
        ends = select.poll()
        ends.register(0, 0)  # the writer is gone: poll(2) always tells of POLLHUP
        ends.register(os.pidfd_open(shell), select.POLLIN)
        ends.poll()
        done, status = os.waitpid(shell, os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if done else 0
    finally:
        _end_children()
    return code if code >= 0 else 128 - code


def _end_children() -> None:
    """Kill children until there are none; those of a dead one become this process's own."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        for pid in _children():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def _children() -> list[int]:
    """By field 4 of each `stat` (proc_pid_stat(5)); a list of children needs a kernel option."""
    own, found = str(os.getpid()), []
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                parent = file.read().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if parent == own:
            found.append(int(name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
