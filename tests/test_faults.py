"""What happens when the engine stops in the middle, and to a run beside another one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kshare_docs.machine.engine import connected

from .builders import begin, things_of, until
from .conftest import Workshop
from .relay import Relay

pytestmark = pytest.mark.live


def test_a_living_run_is_not_swept(workshop: Workshop) -> None:
    workshop.example("slow", "$ docker run --rm alpine sleep 6")
    with begin(workshop) as builder:
        until(lambda: things_of(builder.pid))
        assert "removed: " in workshop.kshare("clean").stdout
        assert things_of(builder.pid)
        output, _ = builder.communicate(timeout=60)
    assert builder.returncode == 0, output


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
    workshop: Workshop, relay: tuple[Relay, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.example("slow", "$ docker run --rm alpine sh -c 'echo begun; sleep 90'")
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", relay[1])
        builder = begin(workshop)
    with builder:
        until(lambda: things_of(builder.pid))
        time.sleep(1)
        relay[0].cut()
        output, _ = builder.communicate(timeout=60)
    assert builder.returncode == 2, output
    assert "stopped answering" in output
    workshop.kshare("clean")
    assert things_of(builder.pid) == []
