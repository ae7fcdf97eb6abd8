"""A run in a process of its own, which can be ended in its middle, and what is left of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from kshare_docs.machine.engine import LABEL, connected

from .conftest import Workshop


def begin(workshop: Workshop, *command: str) -> subprocess.Popen[str]:
    """Begin a check, or another command of Python."""
    return subprocess.Popen(
        [sys.executable, *(command or ("-m", "kshare_docs.cli", "check"))],
        cwd=workshop.root,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def things_of(pid: int) -> list[str]:
    """Containers and volumes on the engine of the run of one process."""
    with connected() as engine:
        api = engine.client.api
        filters = {"label": [LABEL]}
        items = api.containers(all=True, filters=filters)
        items += api.volumes(filters=filters)["Volumes"] or []
        labels = [item["Labels"][LABEL] for item in items]
    return [label for label in labels if label.split("/")[-2] == str(pid)]
