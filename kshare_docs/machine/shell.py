"""The host's shell: one bash for each example, and the tools that it finds first."""

from __future__ import annotations

import json
import os
import re
import secrets
import selectors
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ..data.capture import Ending, Outcome, Output, timed_out
from .programs import docker_wrapper, supervisor
from .runs import QUEUES, VARIABLE, this_run

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"LANG": "C.UTF-8", "TZ": "UTC", "COLUMNS": "100", "TERM": "dumb"}
"""All that a host step finds in its environment beside PATH, HOME and the engine's address."""


class Shell:
    """A bash in a scratch directory; its state lives from step to step until it is closed.

    What a container may have made is nowhere else: the scratch directory holds no program, no
    configuration and no home.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start nothing yet: many examples never need a shell.

        Args:
            folder: As of `run_folder`, with the tools of `write_tools`.
            environment: Variables beside the fixed ones.
        """
        home = str(folder / "home")
        self._scratch = folder / "scratch"
        self._environment = {
            **ENVIRONMENT,
            "HOME": home,
            "DOCKER_CONFIG": home,
            "PATH": f"{folder / 'bin'}:{PATH}",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End the shell and everything that it started."""
        self.kill()
        if self._process is not None:
            with self._process:
                self._process = None

    def kill(self) -> None:
        """End it from another thread; the one that waits for its output sees it end."""
        if self._process is not None:
            self._process.terminate()

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
        except BrokenPipeError:
            why = "the shell has ended: an earlier step left it"
            return Outcome("", None, Ending.CUT, why)
        return self._read(process, mark, timeout)

    def _start(self) -> subprocess.Popen[bytes]:
        mark = f"{VARIABLE}={this_run()}"
        return subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__, mark],
            bufsize=0,
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


def write_tools(
    folder: Path,
    images: Mapping[str, str],
    labels: Mapping[str, str],
    limits: Mapping[str, str],
    proxies: Mapping[str, str],
) -> None:
    """Put before the real ones on PATH: a `docker`, see `docker_wrapper`; an `ipcmk` that is noted.

    Args:
        folder: As of `run_folder`; they go into its `bin`, a configuration into its `home`.
        images: From names in examples to references.
        labels: Labels of everything that the example creates.
        limits: Options of all its containers, as `docker run` takes them.
        proxies: What the docker command's configuration says of containers' proxies.
    """
    if proxies:
        home, config = folder / "home", folder / "home" / "config.json"
        home.chmod(0o755)
        config.touch(0o600)
        config.write_text(json.dumps({"proxies": {"default": proxies}}), encoding="utf-8")
        home.chmod(0o555)
    tools, real = folder / "bin", shutil.which("docker", path=PATH)
    tools.mkdir()
    if real is not None:
        given = folder / "docker"
        fields = docker_wrapper.Docker(real, dict(images), dict(labels), dict(limits))
        given.write_text(docker_wrapper.write_fields(fields), encoding="utf-8")
        call = shlex.join([sys.executable, "-I", "-S", docker_wrapper.__file__, str(given)])
        (tools / "docker").write_text(f'#!/bin/sh\nexec {call} "$@"\n', encoding="utf-8")
        (tools / "docker").chmod(0o555)
    if (real := shutil.which("ipcmk", path=PATH)) is not None:
        note = shlex.join(["tee", "-a", str(folder / QUEUES)])
        (tools / "ipcmk").write_text(f'#!/bin/sh\n{real} "$@" | {note}\n', encoding="utf-8")
        (tools / "ipcmk").chmod(0o555)
    tools.chmod(0o555)
