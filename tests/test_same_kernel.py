"""Whether containers run on the host's kernel: asked for real, and causes named."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from kshare_docs.data.capture import Ending, Outcome
from kshare_docs.data.host import EngineInfo
from kshare_docs.machine.engine import connected
from kshare_docs.machine.host import read_host
from kshare_docs.machine.images import ImageProvider
from kshare_docs.pages.project import read_project
from kshare_docs.run.same_kernel import ask_container, measure, why_apart

from .conftest import ROOT

HOST = msgspec.structs.replace(read_host(), boot_id="b", release="6.6.87.2-microsoft-standard-WSL2")
INFO = EngineInfo("28", "Ubuntu", "overlay2", "2", ("runc",), "runc", (), "i")
UNIX = "unix:///var/run/docker.sock"


@pytest.mark.parametrize(
    ("outcome", "info", "endpoint", "says"),
    [
        (Outcome(f"b\n{HOST.release}", 0), INFO, UNIX, ""),
        # The same kernel file in another machine: wslc, or a second WSL.
        (Outcome(f"c\n{HOST.release}", 0), INFO, UNIX, f"another boot, of Linux {HOST.release}"),
        (Outcome("c\n6.12.76-linuxkit", 0), INFO, UNIX, "Docker Desktop runs it in a machine"),
        (Outcome("c\n6.8.0", 0), INFO, "ssh://me@there", "on another machine, ssh"),
        (Outcome("c\n6.8.0", 0), INFO, "tcp://there:2376", "on another machine, tcp"),
        (
            Outcome("cat: can't open '/proc/sys/kernel/random/boot_id'\n4.4.0", 1),
            replace(INFO, default_runtime="runsc"),
            UNIX,
            "default runtime is runsc",
        ),
        (Outcome("", 1), INFO, UNIX, "hides the kernel's boot_id"),
        (
            Outcome("", None, Ending.TIMED_OUT, "timed out"),
            INFO,
            UNIX,
            "could be asked for its kernel: timed out",
        ),
    ],
)
def test_causes(outcome: Outcome, info: EngineInfo, endpoint: str, says: str) -> None:
    why = why_apart(HOST, outcome, info, endpoint)
    assert says in why
    assert bool(why) == bool(says)
    assert "there:" not in why, "an address is nobody's business"
    assert "me@" not in why


def test_a_host_without_boot_id_shares_nothing() -> None:
    nameless = msgspec.structs.replace(HOST, boot_id="")
    assert why_apart(nameless, Outcome("\n6.6", 0), INFO, UNIX)


@pytest.mark.live
def test_asked_for_real() -> None:
    project, host = read_project(ROOT), read_host()
    with connected() as engine:
        assert measure(project, engine, host, print) == ""
        endpoint = engine.endpoint.host
        images = ImageProvider(ROOT, project.images, engine, print)
        if "runsc" in engine.info.runtimes:
            other = ask_container(engine, images, "alpine", runtime="runsc")
            info = replace(engine.info, default_runtime="runsc")
            assert "default runtime is runsc" in why_apart(host, other, info, endpoint)
        # A real machine with a kernel of its own: its image runs what it is given in QEMU.
        machine = ask_container(engine, images, "vm")
        assert "another boot, of Linux 6." in why_apart(host, machine, engine.info, endpoint)
