"""What happens when the builder or the engine is killed in the middle."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kshare_docs.machine.engine import connected

from .conftest import Ours, Workshop

pytestmark = pytest.mark.live


def _begin(workshop: Workshop) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "kshare_docs.cli", "check"],
        cwd=workshop.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _until(condition: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_an_ended_builder_leaves_nothing(
    workshop: Workshop, ours: Ours, how: signal.Signals
) -> None:
    page = workshop.example("slow", "$ docker run --rm alpine sleep 120")
    with _begin(workshop) as builder:
        _until(ours)
        builder.send_signal(how)
        builder.communicate(timeout=30)
    if how == signal.SIGKILL:
        assert ours(), "a killed builder cannot clean up: the next run must"
        page.unlink()
        workshop.example("quick", "$ docker run --rm alpine true")
        workshop.check(code=0)
    assert ours() == []


def test_a_living_run_is_not_swept(workshop: Workshop, ours: Ours) -> None:
    workshop.example("slow", "$ docker run --rm alpine sleep 6")
    with _begin(workshop) as builder:
        _until(ours)
        assert "removed: 0" in workshop.kshare("clean").stdout
        output, _ = builder.communicate(timeout=60)
    assert builder.returncode == 0, output.decode()


class Relay:
    """A socket before the real engine's, which can be cut: an engine that stops."""

    def __init__(self, path: Path, target: str) -> None:
        self.open: list[socket.socket] = []
        self.target = target
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for connection in (self.listener, *self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            self.open += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=pair, daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[tuple[Relay, str]]:
    with connected() as engine:
        host = engine.endpoint.host
    if not host.startswith("unix://"):
        pytest.skip("the engine is not behind a Unix socket")
    path = tmp_path / "relay.sock"
    relay = Relay(path, host.removeprefix("unix://"))
    yield relay, f"unix://{path}"
    relay.cut()


def test_an_engine_that_stops(
    workshop: Workshop, ours: Ours, relay: tuple[Relay, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.example("slow", "$ docker run --rm alpine sh -c 'echo begun; sleep 90'")
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", relay[1])
        builder = _begin(workshop)
    with builder:
        _until(ours)
        time.sleep(1)
        relay[0].cut()
        output, _ = builder.communicate(timeout=60)
    assert builder.returncode == 2, output.decode()
    assert "stopped answering" in output.decode()
    workshop.kshare("clean")
    assert ours() == []
