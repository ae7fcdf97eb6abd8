"""Limits: of what a container takes, and of time, whatever the engine does; who ended one."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kshare_docs.data.capture import Ending, Outcome, Result
from kshare_docs.machine import containers, endpoint
from kshare_docs.machine.containers import PIDS, ExampleContainers, example_containers
from kshare_docs.machine.endpoint import Endpoint
from kshare_docs.machine.engine import EXAMPLE_LABEL, Engine, connected, example_labels, run_labels
from kshare_docs.pages.docker_run import parse_run
from kshare_docs.pages.project import read_project
from kshare_docs.run import steps
from kshare_docs.run.runner import run

from .conftest import ROOT, Workshop
from .relay import Impostor, Relay, http

IMPOSTORS: Mapping[str, tuple[str, bytes | None, str]] = {
    "silent": ("accepts and never answers", None, "it is silent"),
    "closed": ("closes every connection at once", b"", "Remote end closed connection"),
    "garbage": ("answers garbage", b"\x00\xff\x1b[31mboo\n" * 40, "boo"),
    "half-a-head": ("answers half a status line and closes", b"HTTP/1.1 2", "HTTP/1.1 2"),
    "500": ("answers 500 to everything", http(b'{"message": "boo"}', "500 No"), "boo"),
    "500-bare": ("answers 500 without a word", http(b"", "500 No"), "500 Server Error"),
    "500-controls": (
        "answers 500 with control characters and many lines",
        http(json.dumps({"message": "a\x1b[2J\nb\u202ec\0" + "x" * 9999}).encode(), "500 No"),
        "a\ufffd[2J b\ufffdc\ufffdxxx",
    ),
    "403": ("answers 403", http(b'{"message": "not you"}', "403 No"), "not you"),
    "page": (
        "answers with a page of HTML",
        http(b"<html>hi</html>", kind="text/html"),
        "no Docker",
    ),
    "list": ("answers with a list", http(b"[1, 2]"), "no Docker Engine"),
    "text": ("answers with a text", http(b'"hello"'), "no Docker Engine"),
    "nothing": ("answers with null", http(b"null"), "no Docker Engine"),
    "empty": ("answers with an empty object", http(b"{}"), "no Docker Engine"),
    "bare-200": ("answers 200 and no body", http(b""), "no Docker Engine"),
    "moved": (
        "sends one elsewhere, to an address of the cloud",
        http(b"", "301 Moved\r\nLocation: http://169.254.169.254/latest"),
        "Exceeded 0 redirects",
    ),
    "odd-version": (
        "names a version with an escape sequence in it",
        http(json.dumps({"ApiVersion": "1.41\x1b[31m"}).encode()),
        "no Docker Engine",
    ),
    "number": ("names a version that is a number", http(b'{"ApiVersion": 1.41}'), "no Docker"),
    "too-old": (
        "speaks an API that is too old",
        http(b'{"ApiVersion": "1.18", "MinAPIVersion": "1.12"}'),
        "too old",
    ),
    "too-new": (
        "speaks an API that is too new",
        http(b'{"ApiVersion": "9.99", "MinAPIVersion": "9.50"}'),
        "too new",
    ),
    "only-the-version": (
        "answers every question with its version",
        http(b'{"ApiVersion": "1.41", "MinAPIVersion": "1.12"}'),
        "no Docker Engine",
    ),
}


def engines(names: Iterator[str] | Mapping[str, Any]) -> list[Any]:
    """Each with its row of the attack table."""
    rows = []
    for name in names:
        tried, _, said = IMPOSTORS[name]
        outcome = f"said in one line: “{said}”" if said.isascii() and said else "said in one line"
        mark = pytest.mark.attack(kind="engine", tried=f"an engine {tried}", outcome=outcome)
        rows.append(pytest.param(name, id=name, marks=mark))
    return rows


@pytest.mark.parametrize("name", engines(IMPOSTORS))
def test_impostors(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    _, answer, said = IMPOSTORS[name]
    monkeypatch.setattr(endpoint, "ANSWER_SECONDS", 1)
    monkeypatch.setattr("kshare_docs.machine.engine.ANSWER_SECONDS", 1)
    workshop.example("one", "$ docker run --rm alpine true")
    impostor = Impostor(tmp_path / "s", answer)
    monkeypatch.setenv("DOCKER_HOST", impostor.host)
    begun = time.monotonic()
    report = run(read_project(workshop.root))
    impostor.cut()
    assert time.monotonic() - begun < 10
    assert said in report.fatal
    assert report.fatal.isprintable()
    assert len(report.fatal) < 700


@contextlib.contextmanager
def behind(folder: Path, monkeypatch: pytest.MonkeyPatch, mood: str = "pass") -> Iterator[Relay]:
    """The real engine behind a relay, for a while."""
    with connected() as engine:
        host = engine.endpoint.host
    if not host.startswith("unix://"):
        pytest.skip("the engine is not behind a Unix socket")
    relay = Relay(folder / "relay.sock", host.removeprefix("unix://"), mood)
    try:
        with monkeypatch.context() as patch:
            patch.setenv("DOCKER_HOST", relay.host)
            yield relay
    finally:
        relay.cut()


@pytest.mark.live
@pytest.mark.attack(
    kind="engine",
    tried="an engine's socket gives one byte in five seconds, from the start",
    outcome="said within 15 seconds",
)
def test_drips_from_the_start(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.example("one", "$ docker run --rm alpine true")
    with behind(tmp_path, monkeypatch, "drip"):
        begun = time.monotonic()
        done = workshop.kshare("check")
    assert time.monotonic() - begun < 15
    assert done.returncode == 2
    assert "it is silent" in done.stdout + done.stderr


@pytest.mark.live
@pytest.mark.parametrize(
    ("mood", "steps_of_it"),
    [
        pytest.param(
            mood,
            count,
            id=f"{mood}-{count}",
            marks=pytest.mark.attack(
                kind="engine",
                tried=f"an engine begins to {mood} while {what}",
                outcome="lost: the step ends within its limit and 15 seconds, and the run with it",
            ),
        )
        for mood in ("freeze", "drip")
        for count, what in ((1, "a container runs"), (12, "the containers of twelve examples run"))
    ],
)
def test_stalls_in_mid_step(
    workshop: Workshop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mood: str,
    steps_of_it: int,
) -> None:
    for number in range(steps_of_it):
        line = f"$ docker run --rm alpine sh -c 'echo begun; sleep 9{number}'"
        workshop.example(f"slow-{number}", line, 'timeout="4"')
    with behind(tmp_path, monkeypatch) as relay:
        relay.trigger, relay.next_mood, relay.delay = b"/start", mood, 1
        done = workshop.kshare("check")
        took = time.monotonic() - relay.changed
    assert done.returncode == 2, done.stdout
    assert took < 4 + 15, done.stdout
    assert "stopped answering: it is silent" in done.stdout + done.stderr
    with connected() as engine:
        engine.sweep()


@contextlib.contextmanager
def example(engine: Engine, folder: Path) -> Iterator[ExampleContainers]:
    scratch = folder / "place" / "scratch"
    scratch.mkdir(parents=True)
    with example_containers(engine, example_labels(folder.name), scratch) as place:
        yield place


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The ids of the images, as a run resolves them."""
    workshop = Workshop.create(tmp_path_factory.mktemp("image") / "project")
    workshop.example("one", "$ docker run --rm alpine true\n$ docker run --rm debian true")
    capture = run(read_project(workshop.root)).judged["zh", "one"].capture
    assert capture is not None
    return {use.name: use.id for use in capture.images}


@pytest.fixture
def image(images: Mapping[str, str]) -> str:
    return images["alpine"]


def started(place: ExampleContainers, image: str, line: str, timeout: float = 30) -> Outcome:
    container = parse_run(line)
    assert container is not None
    return place.run(container, image, timeout)


@pytest.mark.live
@pytest.mark.parametrize(
    ("request_of_it", "mood"),
    [
        pytest.param(
            request,
            mood,
            id=f"{mood}-{what}",
            marks=pytest.mark.attack(
                kind="engine",
                tried=f"an engine begins to {mood} when asked to {what}",
                outcome="lost, within the limit of the step",
            ),
        )
        for request, what in (
            (b"/volumes/create", "make a volume for a copy"),
            (b"/containers/create", "create a container"),
            (b"PUT ", "take files"),
            (b"/attach", "hand on what a container prints"),
            (b"/start", "start a container"),
            (b"/wait", "say how a container ended"),
            (b"GET /v1.41/containers/", "give files back"),
        )
        for mood in ("freeze", "drip")
    ],
)
def test_stalls_at_each_request(
    tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch, request_of_it: bytes, mood: str
) -> None:
    monkeypatch.setattr(containers, "GRACE_SECONDS", 2)
    monkeypatch.setattr("kshare_docs.machine.engine.PING_SECONDS", 0.3)
    with behind(tmp_path, monkeypatch) as relay, connected() as engine:
        with example(engine, tmp_path) as place:
            version = engine.client.api.api_version.encode()
            relay.trigger = request_of_it.replace(b"1.41", version)
            relay.next_mood = mood
            begun = time.monotonic()
            outcome = started(place, image, "docker run --rm -v .:/w alpine touch /w/f", 2)
            took = time.monotonic() - begun
        ended = time.monotonic() - begun
    assert outcome.ending is Ending.LOST, outcome
    assert outcome.error == "the Docker Engine stopped answering: it is silent"
    assert took < 5
    assert ended < 6
    with connected() as engine:
        engine.remove(example_labels(tmp_path.name))


@pytest.mark.live
@pytest.mark.attack(
    kind="engine",
    tried="a page asks for what takes the engine longer than the step may take",
    outcome="that step has timed out; the engine is not given up, and other examples run",
)
def test_slow_for_one_thing(tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected() as engine, example(engine, tmp_path) as place:
        with monkeypatch.context() as patch:
            patch.setattr(containers, "GRACE_SECONDS", -3)  # over before the step's own limit
            outcome = started(place, image, "docker run --rm alpine sleep 60", 5)
        assert outcome.ending is Ending.TIMED_OUT
        assert started(place, image, "docker run --rm alpine echo hi").output == "hi"


@pytest.mark.live
@pytest.mark.attack(
    kind="engine",
    tried="an engine takes its time, byte for byte, but ends in time",
    outcome="waited for, up to the step's limit",
)
def test_slow_but_in_time(tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        behind(tmp_path, monkeypatch) as relay,
        connected() as engine,
        example(engine, tmp_path) as place,
    ):
        relay.trigger = b"/start"
        threading.Timer(3, relay.recover).start()
        assert started(place, image, "docker run --rm alpine echo hi").output == "hi"


# What ends a container from outside.


def _remove(container: Any) -> None:
    container.remove(force=True)


def _kill(container: Any) -> None:
    container.kill()


def _stop(container: Any) -> None:
    container.stop(timeout=0)


def _terminate(container: Any) -> None:
    container.kill(signal="TERM")


LOST = Outcome("begun", None, Ending.CUT, "the engine lost it: somebody else removed the container")


@pytest.mark.live
@pytest.mark.parametrize(
    ("act", "options", "expected"),
    [
        pytest.param(
            act,
            options,
            expected,
            id=name,
            marks=pytest.mark.attack(kind="endings", tried=f"{tried} in mid-run", outcome=outcome),
        )
        for name, act, options, expected, tried, outcome in (
            ("removed", _remove, "", LOST, "somebody else removes a container", "“lost”, no code"),
            ("removed-rm", _remove, "--rm ", LOST, "somebody removes one that has --rm", "“lost”"),
            (
                "removed-init",
                _remove,
                "--init ",
                LOST,
                "somebody removes one with --init",
                "“lost”",
            ),
            ("killed", _kill, "", Outcome("begun", 137), "somebody kills a container", "137"),
            (
                "killed-rm",
                _kill,
                "--rm ",
                Outcome("begun", 137),
                "somebody kills one of --rm",
                "137",
            ),
            ("stopped", _stop, "", Outcome("begun", 137), "somebody stops a container", "137"),
            (
                "terminated",
                _terminate,
                "--init ",
                Outcome("begun", 143),
                "somebody sends a container SIGTERM",
                "its own code, 143",
            ),
        )
    ],
)
def test_ended_by_somebody_else(
    tmp_path: Path, image: str, act: Callable[[Any], None], options: str, expected: Outcome
) -> None:
    with connected() as engine, example(engine, tmp_path) as place:

        def from_outside() -> None:
            label = f"{EXAMPLE_LABEL}={tmp_path.name}"
            with connected() as other:
                for _ in range(100):
                    found = other.client.containers.list(filters={"label": label})
                    if found and found[0].logs() == b"begun\n":
                        break
                    time.sleep(0.1)
                act(found[0])

        thread = threading.Thread(target=from_outside)
        thread.start()
        line = f"docker run {options}alpine sh -c 'echo begun; sleep 60; exit 3'"
        outcome = started(place, image, line)
        thread.join()
        assert outcome == expected
        # What follows still runs.
        assert started(place, image, "docker run --rm alpine echo hi").output == "hi"


# What a container takes.


@pytest.mark.live
@pytest.mark.attack(
    kind="limits", tried="a container starts processes without end", outcome=f"{PIDS} at most"
)
def test_processes(tmp_path: Path, image: str) -> None:
    with connected() as engine, example(engine, tmp_path) as place:
        line = (
            "docker run --rm alpine sh -c"
            " 'for i in $(seq 5000); do sleep 9 & done 2> /dev/null; echo never'"
        )
        peak = [0]
        over = threading.Event()

        def watch() -> None:
            with connected() as other:
                while not over.wait(0.3):
                    label = f"{EXAMPLE_LABEL}={tmp_path.name}"
                    for item in other.client.containers.list(filters={"label": label}):
                        with contextlib.suppress(LookupError, ValueError):  # it may have ended
                            stats = item.stats(stream=False, one_shot=True)
                            peak[0] = max(peak[0], stats["pids_stats"]["current"])

        thread = threading.Thread(target=watch)
        thread.start()
        outcome = started(place, image, line, 25)
        over.set()
        thread.join()
    assert "never" not in outcome.output
    assert 0 < peak[0] <= PIDS


@pytest.mark.live
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(
            value,
            marks=pytest.mark.attack(
                kind="limits",
                tried=f"a line takes the limit of processes away: --pids-limit {value}",
                outcome="refused",
            ),
        )
        for value in ("-1", "0", "4097", "999999999")
    ],
)
def test_no_more_processes(tmp_path: Path, image: str, value: str) -> None:
    with connected() as engine, example(engine, tmp_path) as place:
        outcome = started(place, image, f"docker run --rm --pids-limit={value} alpine true")
    assert outcome.ending is Ending.REFUSED
    assert f"--pids-limit is not from 1 to {PIDS}" in outcome.error


@pytest.mark.live
@pytest.mark.attack(
    kind="limits",
    tried="a container makes itself the last that the kernel ends when memory runs out",
    outcome="the kernel refuses it",
)
def test_ended_first(tmp_path: Path, image: str) -> None:
    with connected() as engine, example(engine, tmp_path) as place:
        line = "cat /proc/self/oom_score_adj"
        assert started(place, image, f"docker run --rm alpine {line}").output == "1000"
        line = "sh -c 'echo -1 > /proc/self/oom_score_adj'"
        assert started(place, image, f"docker run --rm alpine {line}").code == 1


@pytest.mark.live
@pytest.mark.attack(
    kind="limits",
    tried="a container prints without end, to fill the engine's disk with its log",
    outcome="the log begins anew at 64 MiB",
)
def test_logs(tmp_path: Path, image: str) -> None:
    with connected() as engine, example(engine, tmp_path) as place:
        outcome = started(place, image, "docker run alpine sh -c 'yes | head -c 4000000'", 60)
        assert outcome.code == 0
        assert "bytes left out" in outcome.output
        label = f"{EXAMPLE_LABEL}={tmp_path.name}"
        (found,) = engine.client.containers.list(all=True, filters={"label": label})
        log = Path(found.attrs["LogPath"])
        if log.exists():  # the engine is on this machine, and its folder may be read
            sizes = [path.stat().st_size for path in log.parent.glob(f"{log.name}*")]
            assert sum(sizes) < 70_000_000


def overtime(workshop: Workshop, names: list[str], options: str) -> list[Result]:
    for name in names:
        workshop.example(name, "$ docker run --rm alpine sleep 1", options)
    report = run(read_project(workshop.root))
    captures = [judged.capture for judged in report.judged.values()]
    return [result for capture in captures if capture for result in capture.rounds[-1]]


@pytest.mark.live
@pytest.mark.attack(
    kind="limits",
    tried="an example asks to be repeated for hours, each step within its limit",
    outcome="ended by the limit of all its rounds, which is named",
)
def test_all_rounds(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "EXAMPLE_SECONDS", 3)
    begun = time.monotonic()
    (result,) = overtime(workshop, ["one"], 'repeat="20"')
    assert time.monotonic() - begun < 15
    assert result.ending is Ending.TIMED_OUT
    assert "all steps and rounds of an example" in result.error


@pytest.mark.live
@pytest.mark.attack(
    kind="limits",
    tried="a page has very many slow examples",
    outcome="ended by the limit of the run, which is named",
)
def test_all_examples(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "RUN_SECONDS", 5)
    begun = time.monotonic()
    results = overtime(workshop, [f"n-{number}" for number in range(30)], 'repeat="2" alone="1"')
    assert time.monotonic() - begun < 60
    assert {result.ending for result in results} == {Ending.ENDED, Ending.TIMED_OUT}
    assert any("all examples of a run" in result.error for result in results)


@pytest.mark.attack(
    kind="engine",
    tried="a call to the engine never ends",
    outcome="left to itself, in a thread that ends with the process",
)
def test_bounded() -> None:
    with pytest.raises(TimeoutError):
        endpoint.bounded(0.1, threading.Event().wait)
    with pytest.raises(KeyError, match="of its own"):
        endpoint.bounded(1, lambda: {}["of its own"])
    assert endpoint.bounded(1, lambda: 3) == 3


def test_the_newest_version_in_common(tmp_path: Path) -> None:
    answer = http(b'{"ApiVersion": "9.99", "MinAPIVersion": "1.24"}')
    impostor = Impostor(tmp_path / "s", answer)
    with contextlib.closing(Endpoint(impostor.host).client()) as client:
        assert client.api.api_version == endpoint.DEFAULT_DOCKER_API_VERSION
    impostor.cut()


# Around all containers of an engine that scripts/engine has started; tried on a bridge and a cgroup
# of the test's own.


def as_scripts_do(line: str) -> None:
    lib = ROOT / "scripts" / "lib.sh"
    subprocess.run(["bash", "-euc", f"source {lib}; {line}"], check=True)


def needs_root() -> None:
    with connected() as engine:
        local = engine.endpoint.host.startswith("unix://")
    if os.getuid() or not local or not shutil.which("iptables"):
        pytest.skip("takes root's rights, on the engine's machine")


@pytest.fixture
def bridge(images: Mapping[str, str]) -> Iterator[tuple[Callable[[str], str], str]]:
    """A network of our own; what runs a command in it, and the host's address there."""
    needs_root()
    name = f"kshare-{secrets.token_hex(4)}"
    with connected() as engine:
        network = engine.client.networks.create(
            name, labels=run_labels(), options={"com.docker.network.bridge.name": name}
        )
        try:
            network.reload()
            gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]

            def ask(command: str) -> str:
                given = ["bash", "-c", f"{command} 2>&1; echo $?"]
                said = engine.client.containers.run(
                    images["debian"], given, network=name, remove=True, labels=run_labels()
                )
                return str(said.decode())

            as_scripts_do(f"shut_off -I {name}")
            yield ask, gateway
        finally:
            as_scripts_do(f"shut_off -D {name}")
            network.remove()
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    assert f"-i {name} -p tcp" not in rules


@pytest.mark.live
@pytest.mark.attack(
    kind="limits",
    tried="a container connects to a service of the host, by the bridge's address",
    outcome="refused as if nothing listened",
)
def test_no_services_of_the_host(bridge: tuple[Callable[[str], str], str]) -> None:
    ask, gateway = bridge
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104
        port = server.getsockname()[1]
        server.settimeout(1)
        assert "refused" in ask(f"(exec 3<> /dev/tcp/{gateway}/{port})")
        with pytest.raises(TimeoutError):
            server.accept()
    # A name server is asked there, on some hosts: that none listens here, the kernel itself says.
    assert "refused" in ask(f"(exec 3<> /dev/tcp/{gateway}/53)")


@pytest.mark.live
@pytest.mark.attack(
    kind="limits",
    tried="a container asks 169.254.169.254 what a cloud tells its machines",
    outcome="refused at once",
)
def test_no_word_of_the_cloud(bridge: tuple[Callable[[str], str], str]) -> None:
    begun = time.monotonic()
    assert "refused" in bridge[0]("(exec 3<> /dev/tcp/169.254.169.254/80)")
    assert time.monotonic() - begun < 8


@pytest.mark.live
@pytest.mark.attack(
    kind="limits",
    tried="containers together take more memory and processes than the machine has",
    outcome="held by a cgroup around them all, which none of them sees",
)
def test_all_containers_together(image: str) -> None:
    needs_root()
    group = f"kshare-{secrets.token_hex(4)}"
    as_scripts_do(f"confine {group}")
    try:
        tops = [path for path in Path("/sys/fs/cgroup").glob(f"**/{group}") if path.is_dir()]
        limits = {
            path.name: path.read_text(encoding="ascii").strip()
            for top in tops
            for path in top.iterdir()
            if path.name in {"pids.max", "memory.max", "memory.limit_in_bytes"}
        }
        memory = int(limits.get("memory.max") or limits["memory.limit_in_bytes"])
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        assert 0.7 * whole < memory < 0.8 * whole
        assert limits["pids.max"] == "16384"
        inside = (
            "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
            " /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2> /dev/null; true"
        )
        with connected() as engine:
            said = [
                engine.client.containers.run(
                    image, ["sh", "-c", inside], remove=True, labels=run_labels(), cgroup_parent=top
                )
                for top in (f"/{group}", None)
            ]
        assert said[0] == said[1]
    finally:
        for top in Path("/sys/fs/cgroup").glob(f"**/{group}"):
            top.rmdir()
