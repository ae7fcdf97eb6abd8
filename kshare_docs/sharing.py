"""Sharing: whether the engine's containers run on the host's kernel, measured and not assumed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .capture import ImageUse, Outcome
from .container import Container, parse_run
from .engine import Engine, EngineError, EngineInfo, this_run
from .host import Host
from .images import Shelf

SECONDS = 60.0
"""Time that the container has for its answer."""


def measure(engine: Engine, shelf: Shelf, image: str, runtime: str = "") -> Outcome:
    """Ask a container for its kernel: the outcome has the boot_id, then the release.

    Args:
        engine: Whose containers are meant.
        shelf: Where the image comes from.
        image: Name of an image that has `cat`.
        runtime: The runtime to ask; the engine's default where it is empty.
    """
    use = shelf.take(image)
    if not isinstance(use, ImageUse):
        return Outcome("", None, use)
    files = "/proc/sys/kernel/random/boot_id /proc/sys/kernel/osrelease"
    option = f"--runtime {runtime} " if runtime else ""
    container = parse_run(f"docker run --rm {option}{image} cat {files}")
    if not isinstance(container, Container):
        return Outcome("", None, f"no image may be called {image!r}")
    with tempfile.TemporaryDirectory(prefix="kshare-") as scratch:
        try:
            with engine.bench(this_run(), "sharing", Path(scratch)) as bench:
                return bench.run(container, use.used, SECONDS)
        except EngineError as error:
            return Outcome("", None, str(error))


def why_apart(host: Host, outcome: Outcome, engine: EngineInfo, endpoint: str) -> str:
    """Why the engine does not share the host's kernel; empty where it does.

    Equal releases do not count: two machines may boot one kernel file. The boot_id is made anew
    at every boot (random(4)).

    Args:
        host: The host's facts.
        outcome: What a container answered.
        engine: What the engine says of itself.
        endpoint: Where it was reached.
    """
    if outcome.error:
        return f"no container could be asked for its kernel: {outcome.error}"
    boot, _, release = outcome.output.partition("\n")
    if host.boot_id and outcome.code == 0 and boot == host.boot_id:
        return ""
    return f"the engine does not share the host's kernel: {_cause(release, engine, endpoint)}"


def _cause(release: str, engine: EngineInfo, endpoint: str) -> str:
    if not endpoint.startswith(("unix://", "npipe://")):
        return f"it is on another machine, {endpoint.partition('://')[0]}"
    if "linuxkit" in release:
        return f"Docker Desktop runs it in a machine of its own, on Linux {release}"
    if engine.default_runtime != "runc":
        return f"its default runtime is {engine.default_runtime}, with a kernel of its own"
    if release and "\n" not in release and release[0].isdigit():
        return f"its containers run on another boot, of Linux {release}"
    return "the runtime hides the kernel's boot_id, as one with a kernel of its own does"
