"""One example's trouble is that example's: nothing that a call raises costs the others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import docker.errors
import pytest
import requests.exceptions
import urllib3.exceptions
from docker.api.client import APIClient

from kshare_docs.data.report import Status
from kshare_docs.machine import containers, shell
from kshare_docs.machine.engine import LABEL, Engine, EngineError, connected, run_labels
from kshare_docs.machine.runs import this_run
from kshare_docs.pages.project import read_project
from kshare_docs.run import runner, steps
from kshare_docs.run.cache import Cache
from kshare_docs.run.redact import Redaction
from kshare_docs.run.runner import run

from .conftest import Workshop

pytestmark = pytest.mark.live

FEW: tuple[BaseException, ...] = (
    EngineError("planted"),
    IsADirectoryError(21, "planted"),
    KeyError("planted"),
    MemoryError(),
    PermissionError(13, "planted"),
    RecursionError("planted"),
    StopIteration(),
    SystemExit("planted"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "planted"),
    docker.errors.DockerException("planted"),
    requests.exceptions.ConnectionError("planted"),
    urllib3.exceptions.ProtocolError("planted"),
)
"""One of every kind that such calls are known to raise."""

HOST = "$ true"
CONTAINER = "$ docker run --rm -v ./out:/out alpine touch /out/file"


def every_error() -> Iterator[BaseException]:
    """One of every class of exceptions that is loaded and can be made of a text, or of nothing."""
    waiting, seen = [Exception], set()
    while waiting:
        kind = waiting.pop()
        waiting += set(type.__subclasses__(kind)) - seen
        seen.add(kind)
        for arguments in (("planted\nin two lines",), ()):
            try:
                error = kind(*arguments)
                str(error)
            except Exception:  # noqa: S112  (not made in this way)
                continue
            yield error
            break


def throw(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, errors: tuple[BaseException, ...]
) -> None:
    """Let each of the first calls raise another error; all calls after them are let through."""
    left, turn = list(errors), threading.Lock()
    original = getattr(place, name)

    def call(*arguments: Any, **options: Any) -> Any:
        with turn:
            error = left.pop() if left else None
        if error:
            raise error
        return original(*arguments, **options)

    monkeypatch.setattr(place, name, call)


def outcome(workshop: Workshop, count: int, body: str) -> Counter[str]:
    """How many of so many equal examples end how; each that failed says why, in one line."""
    workshop.allow("true", "test -e out/file")
    workshop.page("out", "")
    blocks = (f'```console exec="1" id="e{n}"\n{body}\n```\n' for n in range(count))
    workshop.page("zh/all.md", "\n".join(blocks))
    project = read_project(workshop.root)
    assert not project.problems
    report = run(project)
    assert len(report.judged) == count
    for judged in report.once:
        assert judged.error.isprintable()
        assert bool(judged.error) is (judged.status is Status.FAILED)
    return Counter(judged.status for judged in report.once)


@pytest.mark.parametrize(("place", "name"), [(runner, "decide"), (steps, "write_tools")])
def test_of_every_class(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
) -> None:
    errors = tuple(every_error())
    assert len(errors) > 150
    throw(monkeypatch, place, name, errors)
    assert outcome(workshop, len(errors) + 2, HOST) == {"failed": len(errors), "verified": 2}


@pytest.mark.parametrize(
    "seam",
    [
        (runner, "judge_capture", HOST),
        (steps, "run_folder", HOST),
        (steps, "hold", HOST.replace("$", "$ docker run --rm --name own alpine true\n$")),
        (Redaction, "capture", HOST),
        (shell.Shell, "run", HOST),
        (shell.Shell, "_start", HOST),
        (steps, "example_containers", CONTAINER),
        (containers, "pack", CONTAINER),
        (containers, "unpack", CONTAINER),
        (APIClient, "attach_socket", CONTAINER),
        (APIClient, "create_container_from_config", CONTAINER),
        (APIClient, "create_volume", CONTAINER),
        (APIClient, "put_archive", CONTAINER),
        (APIClient, "start", CONTAINER),
        (APIClient, "wait", CONTAINER),
    ],
    ids=lambda seam: seam[1],
)
def test_before_there_is_a_result(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    seam: tuple[Any, str, str],
) -> None:
    place, name, body = seam
    throw(monkeypatch, place, name, FEW)
    assert outcome(workshop, len(FEW) + 2, body) == {"failed": len(FEW), "verified": 2}
    with connected() as engine:
        filters = {"label": [f"{LABEL}={this_run()}"]}
        assert engine.client.api.containers(all=True, filters=filters) == []


@pytest.mark.parametrize(
    ("place", "name", "body"),
    [
        (Cache, "put", HOST),
        (shell.Shell, "close", HOST),
        (Engine, "remove", CONTAINER),
        (APIClient, "remove_container", CONTAINER),
    ],
)
def test_after_there_is_a_result(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, body: str
) -> None:
    errors = tuple(error for error in FEW if not isinstance(error, SystemExit))
    with monkeypatch.context() as patched:
        throw(patched, place, name, errors)
        assert outcome(workshop, len(errors) + 2, body) == {"verified": len(errors) + 2}
    with connected() as engine:  # what could not be removed: its run is this very process
        engine.remove(run_labels())
