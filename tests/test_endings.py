"""However a run ends, what it started ends with it or with the next run; two runs at once agree."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kshare_docs.data.capture import Capture
from kshare_docs.machine import runs
from kshare_docs.machine.engine import connected
from kshare_docs.machine.programs import supervisor
from kshare_docs.pages.project import read_project
from kshare_docs.run import steps
from kshare_docs.run.runner import run

from .builders import begin, things_of, until
from .conftest import Workshop

pytestmark = pytest.mark.live

OVER = f"{runs.this_run().rsplit('/', 1)[0]}/1"
"""A run whose number is this process's, but which began at another time."""


def sleeping(number: int) -> list[int]:
    """The processes that sleep so many seconds; each test has numbers of its own."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[-2:] == ["sleep", str(number)]:
            found.append(process.pid)
    return found


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test's runs have their temporary folders."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


SIGNALS = [
    pytest.param(
        number,
        command,
        id=f"{number.name}-{name}",
        marks=pytest.mark.attack(
            kind="endings",
            tried=f"{number.name} ends {name} in the middle of a step",
            outcome="containers, volumes, folders and host processes are gone"
            + (" after the next run" if number == signal.SIGKILL else " at once"),
        ),
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
    for name, command in {
        "kshare check": ("-m", "kshare_docs.cli", "check"),
        "kshare capture": ("-m", "kshare_docs.cli", "capture"),
        "pytest": ("-m", "pytest", "-p", "no:cacheprovider", "-q", "docs"),
    }.items()
]


@pytest.mark.parametrize(("number", "command"), SIGNALS)
def test_an_ended_run_leaves_nothing(
    workshop: Workshop, places: Path, number: signal.Signals, command: tuple[str, ...]
) -> None:
    lines = ("setsid -f sleep 70001", "nohup sleep 70002 > /dev/null 2>&1 &")
    workshop.allow(*lines)
    body = "\n".join(f"$ {line}" for line in lines)
    wait = "$ docker run --name kshare-test-ends -v kshare-test-ends:/x alpine sleep 120"
    page = workshop.example("slow", f"{body}\n{wait}")
    with begin(workshop, *command) as builder:
        until(lambda: len(things_of(builder.pid)) == 2)
        assert sleeping(70001)
        assert list(places.glob("kshare-*"))
        builder.send_signal(number)
        output, _ = builder.communicate(timeout=30)
    assert builder.returncode, output
    until(lambda: not sleeping(70001) + sleeping(70002), 5)
    if number == signal.SIGKILL:
        assert things_of(builder.pid), "a killed run cannot clean up: the next one must"
        page.unlink()
        workshop.example("quick", "$ docker run --rm alpine true")
        workshop.check(code=0)
    assert things_of(builder.pid) == []
    assert list(places.glob("kshare-*")) == []


@pytest.mark.attack(
    kind="endings",
    tried="SIGKILL for the run and for the process that watches its shell",
    outcome="the next run ends the host processes",
)
def test_processes_of_a_run_killed_with_its_supervisor(workshop: Workshop, places: Path) -> None:
    workshop.allow("setsid -f sleep 70003; sleep 70004")
    page = workshop.example("slow", "$ setsid -f sleep 70003; sleep 70004")
    with begin(workshop) as builder:
        until(lambda: sleeping(70004))
        (watching,) = psutil.Process(builder.pid).children()
        watching.kill()
        builder.kill()
        builder.communicate(timeout=30)
    assert sleeping(70003)
    assert sleeping(70004)
    page.unlink()
    workshop.example("quick", "$ docker run --rm alpine true")
    workshop.check(code=0)
    assert not sleeping(70003) + sleeping(70004)
    assert list(places.glob("kshare-*")) == []


@pytest.mark.attack(
    kind="endings",
    tried="SIGKILL while a stand-in is made",
    outcome="the next run ends the recipe, and removes its folders and the half image",
)
def test_a_stand_in_that_was_half_made(workshop: Workshop, places: Path) -> None:
    recipe = workshop.root / "scripts" / "images" / "slow"
    recipe.write_text("#!/bin/sh\nmktemp -d >&2; echo half; exec sleep 70007\n", encoding="utf-8")
    recipe.chmod(0o755)
    table = f'[slow]\ntag = "localhost:1/slow:1"\ndigest = "sha256:{"0" * 64}"\n'
    with (workshop.root / "images.toml").open("a", encoding="utf-8") as file:
        file.write(f'{table}stand-in = "scripts/images/slow"\ncommand = ["x"]\n')
    page = workshop.example("slow", "$ docker run --rm slow true")
    with begin(workshop) as builder:
        until(lambda: sleeping(70007))
        builder.kill()
        builder.communicate(timeout=30)
    assert len(list(places.rglob("tmp.*"))) == 1
    assert [path.read_text(encoding="ascii") for path in places.rglob("*.tar")] == ["half\n"]
    page.unlink()
    workshop.example("quick", "$ docker run --rm alpine true")
    workshop.check(code=0)
    assert not sleeping(70007)
    assert list(places.iterdir()) == []


DAEMONS = {
    "a background process": "sleep {n} &",
    "nohup": "nohup sleep {n} > /dev/null 2>&1 &",
    "setsid": "setsid -f sleep {n}",
    "a disowned process": "sleep {n} & disown",
    "an orphan of an orphan": "( ( sleep {n} & ) & )",
    "setsid with an empty environment": "env -i setsid -f sleep {n}",
    "a process that leaves the folder": "(cd / && exec -c setsid -f sleep {n})",
    "one that ignores signals": "setsid -f sh -c 'trap \"\" TERM HUP INT; sleep {n}; :'",
    "one that starts itself again": "setsid -f sh -c 'while :; do sleep {n}; done'",
    "a double fork": "python3 -c 'import os\nif os.fork() == 0:\n os.setsid()\n"
    ' if os.fork() == 0:\n  os.execlp("sleep", "sleep", "{n}")\' &',
    "a process of another user": "setpriv --reuid=65534 --clear-groups setsid -f sleep {n}",
    "a stopped process": "setsid -f sh -c 'sleep {n} & kill -STOP $!'",
    "a shell that leaves": "setsid -f sleep {n}; exit 0",
    "a shell that kills itself": "setsid -f sleep {n}; kill -9 $$",
    "one in namespaces of its own": "setsid -f unshare --pid --fork sleep {n}",
}


@pytest.fixture(scope="module")
def daemons(tmp_path_factory: pytest.TempPathFactory) -> float:
    """All of them at once; how many seconds their run took."""
    workshop = Workshop.create(tmp_path_factory.mktemp("daemons") / "project")
    for number, line in enumerate(DAEMONS.values(), 70100):
        step = line.format(n=number).replace("\n", "\\n").replace("'import", "$'import")
        workshop.allow(step)
        workshop.example(f"daemon-{number}", f"$ {step}", 'timeout="20"')
    begun = time.monotonic()
    report = run(read_project(workshop.root))
    assert not report.problems
    assert len(report.judged) == len(DAEMONS)
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(
            number,
            id=name,
            marks=pytest.mark.attack(
                kind="endings",
                tried=f"a host line leaves behind {name}",
                outcome="it ends with its example",
            ),
        )
        for number, name in enumerate(DAEMONS, 70100)
    ],
)
def test_what_a_host_step_starts_ends_with_its_example(daemons: float, number: int) -> None:
    assert sleeping(number) == []
    assert daemons < 15, "the example's end waited for it"


def test_the_supervisor_needs_no_rights() -> None:
    """As any user: it is the parent of what its shell leaves."""
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    program = Path(supervisor.__file__).read_text(encoding="utf-8")
    python = Path(sys.executable).resolve()
    line = b"env -i setsid -f sleep 70005; sleep 70006 & exit 7\n"
    ask = [*user, str(python), "-I", "-S", "-c", program]
    with subprocess.Popen(ask, cwd="/", stdin=subprocess.PIPE) as shell:
        assert shell.stdin is not None
        shell.stdin.write(line)
        shell.stdin.flush()
        assert shell.wait(20) == 7
    assert not sleeping(70005) + sleeping(70006)


def test_a_message_queue_ends_with_its_example(workshop: Workshop) -> None:
    line = "id=$(ipcmk -Q | tr -dc 0-9); echo $id"
    workshop.allow(line)
    workshop.example("queue", f"$ {line}\n$ {line}")
    (judged,) = run(read_project(workshop.root)).judged.values()
    assert isinstance(judged.capture, Capture)
    made = {result.output.strip() for result in judged.capture.results}
    assert len(made) == 2
    there = Path("/proc/sysvipc/msg").read_text(encoding="ascii").splitlines()
    assert not made & {row.split()[1] for row in there}


def marked(folder: Path, run_name: str) -> Path:
    folder.mkdir()
    (folder / "run").write_text(run_name, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "what", ["no mark", "alive", "a link", "another user", "a file", "garbage"]
)
def test_only_folders_of_runs_that_are_over_are_swept(places: Path, what: str) -> None:
    ours = marked(places / "kshare-over", OVER)
    theirs = places / "kshare-theirs"
    if what == "no mark":
        theirs.mkdir()
    elif what == "a link":
        theirs.symlink_to(marked(places / "elsewhere", OVER))
    elif what == "a file":
        theirs.write_text(OVER, encoding="utf-8")
    elif what == "garbage":
        marked(theirs, "\0nobody/1/1")
    else:
        marked(theirs, runs.this_run() if what == "alive" else OVER)
        os.chown(theirs, 65534 if what == "another user" else 0, 0)
    assert runs.sweep_host() >= 1
    assert not ours.exists()
    assert os.path.lexists(theirs)
    assert theirs.is_file() or what == "no mark" or (theirs / "run").exists()


@contextlib.contextmanager
def process(number: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", str(number)], env=environment) as started:
        yield started
        started.kill()


def test_only_processes_of_runs_that_are_over_are_swept() -> None:
    with (
        process(70201, KSHARE_RUN=OVER) as over,
        process(70202, KSHARE_RUN=runs.this_run()) as alive,
        process(70203, OTHER_KSHARE_RUN=OVER) as other,
        process(70204, KSHARE_RUN=f"another-boot/pid:[1]/{os.getpid()}/1") as elsewhere,
    ):
        until(lambda: sleeping(70204))
        runs.sweep_host()
        assert over.wait(5) == -signal.SIGKILL
        assert [p.poll() for p in (alive, other, elsewhere)] == [None] * 3


@pytest.mark.attack(
    kind="endings",
    tried="a container says by its environment that it is a host step of a dead run",
    outcome="the sweep ends no container's process",
)
def test_a_containers_environment_is_not_believed(workshop: Workshop) -> None:
    workshop.example("claims", f"$ docker run --rm -e 'KSHARE_RUN={OVER}' alpine sleep 6")
    with begin(workshop) as builder:
        until(lambda: things_of(builder.pid))
        until(lambda: sleeping(6))
        runs.sweep_host()
        output, _ = builder.communicate(timeout=60)
    assert builder.returncode == 0, output


def test_a_zombie_is_over() -> None:
    child = subprocess.Popen(["sleep", "70205"])
    name = f"{runs.this_run().rsplit('/', 2)[0]}/{child.pid}/{psutil.Process(child.pid).pid}"
    start = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    name = f"{name.rsplit('/', 1)[0]}/{start}"
    assert not runs.is_over(name, 0)
    child.kill()
    until(lambda: runs.is_over(name, 0), 5)
    assert Path(f"/proc/{child.pid}").exists(), "nobody has asked for it yet"
    child.wait()


TWO = """
$ docker run -d --name kshare-test-two alpine sleep 60
$ docker run --rm -v kshare-test-two:/x alpine sleep 3
$ for n in 1 2; do docker run -d --name kshare-test-two-$n alpine sleep 60; done
$ docker rm -f kshare-test-two kshare-test-two-1 kshare-test-two-2
"""


def two(workshop: Workshop) -> None:
    workshop.allow(*(line[2:] for line in TWO.strip().splitlines()[2:]))
    workshop.example("two", TWO)


@pytest.mark.attack(
    kind="endings",
    tried="two runs of one checkout at once, which give the same names on one engine",
    outcome="the second waits and says so; both end verified",
)
def test_two_runs_at_once(workshop: Workshop) -> None:
    two(workshop)
    with begin(workshop) as first, begin(workshop) as second:
        outputs = [builder.communicate(timeout=120)[0] for builder in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    said = [
        re.search(r"two waits: another run uses the (container|volume) \S+", o) for o in outputs
    ]
    assert sum(map(bool, said)) == 1, outputs


@pytest.mark.attack(
    kind="endings",
    tried="a run is killed while another one waits for its names",
    outcome="the other one removes what is left, and ends verified",
)
def test_a_killed_run_holds_no_names(workshop: Workshop) -> None:
    two(workshop)
    with begin(workshop) as first:
        until(lambda: things_of(first.pid))
        with begin(workshop) as second:
            assert second.stdout is not None
            until(lambda: "two waits" in second.stdout.readline(), 30)
            first.kill()
            first.communicate()
            output, _ = second.communicate(timeout=120)
    assert second.returncode == 0, output


@pytest.mark.attack(
    kind="endings",
    tried="a program that never ends keeps the name that an example needs",
    outcome="waited for as long as an example may take, and said",
)
def test_a_name_that_is_never_free(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "EXAMPLE_SECONDS", 2)
    workshop.example("held", "$ docker run --rm --name kshare-test-held alpine true")
    workshop.example("free", "$ docker run --rm alpine true")
    with connected() as engine:
        name = f"{engine.info.id} container kshare-test-held"
    with contextlib.closing(runs.hold(name) or socket.socket()):
        judged = run(read_project(workshop.root)).judged
    assert "another run uses the container kshare-test-held" in judged["zh", "held"].error
    assert judged["zh", "free"].status == "verified"


def test_a_name_is_free_with_its_socket() -> None:
    holder = runs.hold("kshare-test a name")
    assert isinstance(holder, socket.socket)
    assert runs.hold("kshare-test a name") is None
    holder.close()
    again = runs.hold("kshare-test a name")
    assert again is not None
    again.close()
