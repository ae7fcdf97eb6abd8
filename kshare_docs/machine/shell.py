"""The host's shell: one bash for each example."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from ..data.capture import Ending, Outcome, Output, timed_out

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"LANG": "C.UTF-8", "TZ": "UTC", "COLUMNS": "100", "TERM": "dumb"}
"""All that a host step finds in its environment beside PATH, HOME and the engine's address."""


class Shell:
    """A bash in a scratch directory; its state lives from step to step until it is closed."""

    def __init__(self, scratch: Path, environment: Mapping[str, str], path: str = PATH) -> None:
        """Start nothing yet: many examples never need a shell.

        Args:
            scratch: Working directory.
            environment: Variables beside the fixed ones.
            path: Value of PATH.
        """
        self._scratch = scratch
        self._environment = {**ENVIRONMENT, "HOME": str(scratch), "PATH": path, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """Kill the shell and everything that it started and that stayed in its session."""
        if self._process is None:
            return
        self.kill()
        self._process.communicate()
        self._process = None

    def kill(self) -> None:
        """Kill it from another thread; the one that waits for its output sees it end."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def run(self, command: str, timeout: float) -> Outcome:
        """Run one command line in the shell.

        Args:
            command: The line, or lines joined by backslashes.
            timeout: Seconds until the shell is killed; what was printed by then is kept.
        """
        process = self._process = self._process or self._start()
        assert process.stdin is not None  # noqa: S101
        # The command's end is marked in its own stream, so that no output can come after it.
        mark = secrets.token_hex(16)
        line = f"eval {shlex.quote(command)} </dev/null; printf '%s %d\\n' {mark} $?\n"
        try:
            process.stdin.write(line.encode())
            process.stdin.flush()
        except BrokenPipeError:
            why = "the shell has ended: an earlier step left it"
            return Outcome("", None, Ending.CUT, why)
        return self._read(process, mark, timeout)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self._scratch,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _read(self, process: subprocess.Popen[bytes], mark: str, timeout: float) -> Outcome:
        assert process.stdout is not None  # noqa: S101
        end = re.compile(rb"%s (\d+)\n" % mark.encode())
        keep = len(mark) + 8
        output, pending = Output(), b""
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                if not selector.select(left):
                    continue
                data = os.read(process.stdout.fileno(), 65536)
                pending += data
                if match := end.search(pending):
                    output.write(pending[: match.start()])
                    return Outcome(output.text(), int(match[1]))
                if not data:
                    output.write(pending)
                    code = process.wait()
                    return Outcome(output.text(), code if code >= 0 else 128 - code)
                output.write(pending[:-keep])
                pending = pending[-keep:]
        self.close()
        output.write(pending)
        return timed_out(output.text(), timeout)


def write_docker(folder: Path, images: Mapping[str, str], labels: Mapping[str, str]) -> None:
    """Put a `docker` before the real one on PATH, if there is one: pinned images, our labels.

    A host step such as `docker history alpine` must speak of the image that examples run, and
    what it creates must be found again when a run was killed.

    Args:
        folder: Where to write it.
        images: From names in examples to references.
        labels: Labels of everything that is created.
    """
    real = shutil.which("docker", path=PATH)
    if real is None:
        return
    cases = "\n".join(
        f"    {shlex.quote(name)}) word={shlex.quote(reference)} ;;"
        for name, reference in sorted(images.items())
    )
    marks = " ".join(shlex.quote(f"--label={name}={value}") for name, value in labels.items())
    script = folder / "docker"
    script.write_text(
        f"""#!/bin/bash
words=()
for word; do
  case $word in
{cases or "    '') ;;"}
  esac
  words+=("$word")
done
case "$1 $2" in
  "run "*|"create "*) words=("$1" {marks} "${{words[@]:1}}") ;;
  "network create"|"volume create"|"container run") words=("$1" "$2" {marks} "${{words[@]:2}}") ;;
esac
exec {shlex.quote(real)} "${{words[@]}}"
""",
        encoding="utf-8",
    )
    script.chmod(0o755)
