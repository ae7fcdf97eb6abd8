"""The evaluator: claims are evaluated in a process of their own, with limits.

What a page claims can take any time and memory. So one child process, started for the first
claim, evaluates all of a run; one that exceeds a limit ends it, and the next gets another.
"""

from __future__ import annotations

import atexit
import functools
import os
import resource
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from ..data.capture import Capture
from ..data.report import ClaimVerdict, Status
from ..pages import expressions

CPU_SECONDS = 3
"""Time of a processor that one claim may take."""

WALL_SECONDS = 60.0
"""Time that one claim may take on a host that has little of it to spare."""

MEMORY = 1024**3
"""Bytes that the child may have."""

_PACKAGE = Path(__file__).parent.parent / "__init__.py"
_CHILD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("kshare_docs", sys.argv[1])
package = sys.modules["kshare_docs"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from kshare_docs.run.evaluator import serve
serve()
"""
"""Loads this very package, wherever it lies; -P keeps a page's folder from adding to it."""


class Request(msgspec.Struct, frozen=True):
    """What the child is asked: expressions, over the results of a capture and the host's facts."""

    expressions: tuple[str, ...]
    capture: Capture
    host: dict[str, Any]


def evaluate(request: Request) -> tuple[ClaimVerdict, ...]:
    """The verdict over each expression, by the only child of this process."""
    return _evaluator().evaluate(request)


class Evaluator:
    """The child process, as its parent sees it; threads take turns."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def evaluate(self, request: Request) -> tuple[ClaimVerdict, ...]:
        """The verdict over each expression; one that exceeds a limit takes no other with it."""
        verdicts: list[ClaimVerdict] = []
        with self._turn:
            while rest := request.expressions[len(verdicts) :]:
                verdicts += self._ask(msgspec.structs.replace(request, expressions=rest))
        return tuple(verdicts)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _ask(self, request: Request) -> list[ClaimVerdict]:
        """The verdicts up to the first expression that ended the child, or all."""
        child = self._child = self._child or _start()
        assert child.stdin is not None  # noqa: S101
        assert child.stdout is not None  # noqa: S101
        found: list[ClaimVerdict] = []
        try:
            child.stdin.write(msgspec.json.encode(request) + b"\n")
            child.stdin.flush()
            for line in islice(_lines(child.stdout.fileno()), len(request.expressions)):
                found.append(msgspec.json.decode(line, type=ClaimVerdict))
        except OSError:
            self.close()
            found.append(ClaimVerdict(Status.FAILED, _limit(child.returncode), raised=True))
        except BaseException:  # also Ctrl-C: an answer is still to come, and would be the next's
            self.close()
            raise
        return found


def serve() -> None:
    """Be the child: answer each request on standard input with a line for each expression."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while line := sys.stdin.buffer.readline():
        request = msgspec.json.decode(line, type=Request)
        names = expressions.result_names(request.capture, request.host)
        for expression in request.expressions:
            until = int(time.process_time()) + CPU_SECONDS + 1
            resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
            try:
                verdict = expressions.evaluate(expression, names)
            except MemoryError:
                verdict = ClaimVerdict(Status.FAILED, _limit(0), raised=True)
            sys.stdout.buffer.write(msgspec.json.encode(verdict) + b"\n")
            sys.stdout.buffer.flush()


@functools.cache
def _evaluator() -> Evaluator:
    """The only one of this process."""
    only = Evaluator()
    atexit.register(only.close)
    return only


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _CHILD, str(_PACKAGE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is the parent's
    )


def _lines(descriptor: int) -> Iterator[bytes]:
    """What the child answers.

    Raises:
        OSError: It does not, in time.
    """
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            deadline = time.monotonic() + WALL_SECONDS
            while b"\n" not in rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                data = os.read(descriptor, 65536)
                if not data:
                    raise BrokenPipeError
                rest += data
            line, _, rest = rest.partition(b"\n")
            yield line


def _limit(code: int) -> str:
    """What ended the child; its parent kills it when its time is over."""
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return f"took more than {CPU_SECONDS} s"
    return f"took more than {MEMORY // 1024**2} MiB, or broke the evaluation off"
