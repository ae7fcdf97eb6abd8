"""Host lines after a hostile page: they reach nothing outside of their example."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kshare_docs.data.capture import Result
from kshare_docs.machine.containers import PIDS
from kshare_docs.machine.engine import Engine, connected
from kshare_docs.machine.images import ImageProvider
from kshare_docs.machine.shell import PATH
from kshare_docs.pages.catalogues import read_allowed, read_images
from kshare_docs.pages.project import read_project
from kshare_docs.run.cache import Cache
from kshare_docs.run.runner import run

from .conftest import ROOT, Workshop

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("docker", path=PATH) is None, reason="no docker command"),
]

MARKER = "kshare-test-secret-8c1f"
"""In files of the host and of a stranger's containers; no output may have it."""

LINES = sorted(read_allowed(ROOT))
NAMES = sorted(
    {name for line in LINES for name in re.findall(r"\bkshare-[a-z]+(?:-[ab\d])?\b", line)}
    - {"kshare-rootfs", "kshare-copy", "kshare-pod", "kshare-size-"}
    | {"kshare-copy-1", "kshare-copy-2", "kshare-copy-3"}
)
STRANGER = "kshare-test-stranger"

ELSEWHERE = re.compile(r"/mnt/c|kubectl|KUBECONFIG|/dev/kvm|runsc")
"""Lines of hosts that offer more than any test has."""


@dataclass(frozen=True)
class Stranger:
    """Somebody else's things on the engine, and a secret of the host's.

    Attributes:
        engine: Where they are.
        names: Of containers, each of which prints, holds and is labelled with the marker.
        secret: A file with the marker, for root only.
        canary: A file that nobody may change.
    """

    engine: Engine
    names: Sequence[str]
    secret: Path
    canary: Path

    def assert_untouched(self) -> None:
        api = self.engine.client.api
        for name in self.names:
            found = api.inspect_container(name)
            assert found["State"]["Running"], name
            assert found["HostConfig"]["Memory"] == 0, name
        assert api.inspect_volume(STRANGER)
        assert api.inspect_network(STRANGER)
        assert self.secret.read_text(encoding="ascii") == MARKER
        assert self.canary.read_text(encoding="ascii") == "alive"
        assert [path.name for path in self.canary.parent.iterdir()] == ["canary"]


@contextlib.contextmanager
def strange_things(folder: Path, names: Sequence[str]) -> Iterator[Stranger]:
    with connected() as engine:
        yield from _strange_things(engine, folder, names)


def _strange_things(engine: Engine, folder: Path, names: Sequence[str]) -> Iterator[Stranger]:
    secret, canary = folder / "secret", folder / "canaries" / "canary"
    canary.parent.mkdir()
    secret.write_text(MARKER, encoding="ascii")
    secret.chmod(0o600)
    canary.write_text("alive", encoding="ascii")
    api, made = engine.client.api, list[str]()
    images = read_images(ROOT)[0]
    use = ImageProvider(ROOT, images, engine, lambda _text: None, Cache(ROOT, print)).provide(
        "debian"
    )
    assert not isinstance(use, str)
    network = api.create_network(STRANGER)["Id"]
    api.create_volume(STRANGER, labels={"marker": MARKER})
    try:
        for name in names:
            command = f"echo {MARKER} | tee /secret /etc/issue; exec sleep 600"
            config = {
                "Image": use.id,
                "Cmd": ["sh", "-c", command],
                "Labels": {"marker": MARKER},
                "Hostname": MARKER,
                "HostConfig": {"Binds": [f"{STRANGER}:/x"]},
            }
            made.append(api.create_container_from_config(config, name)["Id"])
            api.start(made[-1])
        yield Stranger(engine, names, secret, canary)
    finally:
        for identifier in made:
            api.remove_container(identifier, force=True)
        api.remove_volume(STRANGER)
        api.remove_network(network)


ATTEMPTS = {
    "removes it": "docker rm -f {s}",
    "removes it, option after": "docker rm {s} -f",
    "removes it, options joined": "docker rm -fv {s}",
    "removes it by its id": "docker rm -f {id}",
    "removes it by the beginning of its id": "docker rm -f {short}",
    "removes it with a slash": "docker rm -f /{s}",
    "removes it after its own": "docker rm -f kshare-test-own {s}",
    "removes it, long form": "docker container rm --force {s}",
    "removes it by a global option": "docker --log-level error rm -f {s}",
    "removes it with a quoted name": 'n={s}; docker rm -f "$n"',
    "stops it": "docker stop -t 0 {s}",
    "kills it": "docker kill {s}",
    "pauses it": "docker pause {s}",
    "renames it": "docker rename {s} kshare-test-renamed",
    "limits it": "docker update --memory 64m --memory-swap 64m {s}",
    "executes in it": "docker exec {s} cat /secret",
    "executes in it, with options": "docker exec -w / -u 0 {s} cat secret",
    "attaches to it": "docker attach --no-stdin {s}",
    "reads what it printed": "docker logs {s}",
    "reads its end of the log": "docker logs --tail 1 {s}",
    "exports it": "docker export {s} | grep -a -m 1 kshare-test-secret",
    "exports it into a file": "docker export -o f {s}",
    "copies out of it": "docker cp {s}:/secret - | cat",
    "commits it": "docker commit {s} kshare-test-commit",
    "inspects it": "docker inspect {s}",
    "inspects it with a format": "docker inspect -f '{{{{json .Config}}}}' {s}",
    "inspects it with a format behind =": "docker inspect --format={{{{.Config.Hostname}}}} {s}",
    "inspects a volume of the name": "docker inspect {s}",
    "inspects the network": "docker network inspect {s}",
    "lists its processes": "docker top {s}",
    "lists its changes": "docker diff {s}",
    "lists all containers": "docker ps -a --format '{{{{.Names}}}} {{{{.Labels}}}}'",
    "lists by its label": "docker ps -a --filter label=marker --format '{{{{.Labels}}}}'",
    "lists volumes": "docker volume ls --format '{{{{.Labels}}}}'",
    "waits for it": "docker wait {s}",
    "joins its network": "docker run --rm --network container:{s} alpine hostname",
    "joins its network behind =": "docker run --rm --network=container:{id} alpine hostname",
    "joins its processes": "docker run --rm --pid container:{s} alpine cat /proc/1/root/secret",
    "joins its messages": "docker run --rm --ipc container:{s} alpine true",
    "takes its volumes": "docker run --rm --volumes-from {s} alpine ls /x",
    "mounts its volume": "docker run --rm -v {s}:/x alpine touch /x/canary",
    "mounts its volume, joined": "docker run --rm -v{s}:/x alpine touch /x/canary",
    "mounts its volume by --mount": "docker run --rm --mount source={s},target=/x alpine true",
    "mounts an empty variable": 'docker run --rm -v "$none:/upper:ro" alpine ls /upper',
    "runs on its network": "docker run --rm --network {s} alpine true",
    "removes its volume": "docker volume rm -f {s}",
    "removes its network": "docker network rm {s}",
    "disconnects it": "docker network disconnect bridge {s}",
    "prunes containers": "docker container prune -f",
    "prunes everything": "docker system prune -af --volumes",
    "removes an image": "docker rmi -f alpine",
    "runs an image of its own": "docker run --rm $(docker image inspect -f '{{{{.Id}}}}' vm) true",
    "asks another engine": "docker -H unix:///nowhere.sock rm -f {s}",
    "uses a plug-in": "docker compose version",
    "gives an unknown option": "docker run --rm --volume-driver x alpine true",
    "gives more rights": "docker run --rm --privileged alpine true",
    "copies into it": "docker cp /etc/hostname {s}:/secret",
    "copies out of its own": "docker cp kshare-test-own:/etc/issue /tmp/kshare-test-planted",
    "starts it": "docker start {s}",
    "restarts it": "docker restart -t 0 {s}",
    "opens its ports": "docker port {s}",
    "watches it": "docker stats --no-stream {s}",
    "waits for events": "docker events --since 1h --until 1s",
    "connects it": "docker network connect bridge {s}",
    "makes it restart": "docker update --restart always {s}",
    "limits it after its own": "docker update --memory 64m kshare-test-own {s}",
    "inspects it after its own": "docker inspect kshare-test-own {s}",
    "executes in its own with more rights": "docker exec --privileged kshare-test-own id",
    "gives its own the host's variables": "docker exec --env-file /etc/passwd kshare-test-own env",
    "gives a container the host's files": (
        "docker run --rm --mount type=bind,source=/etc,target=/h alpine ls /h"
    ),
    "gives it the builder's variables": "docker run --rm --env-file /etc/passwd alpine env",
    "writes a file beside a container": "docker run --rm --cidfile /tmp/kshare-test-planted alpine",
    "joins processes of an id": "docker run --rm --pid=container:{id} alpine ps",
    "joins a container without a name": "docker run --rm --network container: alpine true",
    "names a path instead of a container": "docker rm -f kshare-test-own/../{s}",
    "names a container behind a query": "docker rm -f '{s}?x=kshare-test-own'",
    "names a container behind an escape": "docker rm -f kshare-test-own%2F..%2F{s}",
    "makes a volume": "docker volume create kshare-test-planted",
    "makes a network": "docker network create kshare-test-planted",
    "tags an image": "docker tag alpine kshare-test-planted",
    "tags an image, long form": "docker image tag alpine kshare-test-planted",
    "makes an image of a file": "docker import /etc/passwd kshare-test-planted",
    "builds an image": "docker build -t kshare-test-planted /etc",
    "saves an image": "docker save -o /tmp/kshare-test-planted alpine",
    "pulls an image": "docker pull alpine",
    "pushes an image": "docker push alpine",
    "runs an image by its reference": "docker run --rm alpine:3.22 true",
    "shows an image by its id": "docker history {id}",
    "logs in": "docker login -u x -p y",
    "makes a swarm": "docker swarm init",
    "takes a plug-in": "docker plugin install --grant-all-permissions x",
    "makes a context": "docker context create kshare-test-planted --docker host=tcp://127.0.0.1:1",
    "uses a context": "docker --context default rm -f {s}",
    "uses another configuration": "docker --config /tmp rm -f {s}",
    "asks another engine, joined": "docker --host=unix:///var/run/docker.sock rm -f {s}",
    "asks another engine, short": "docker -H=unix:///var/run/docker.sock rm -f {s}",
    "labels a container as its own": "docker run -d --label marker=x alpine true",
}
"""By what a line tries with somebody else's container `{s}`; as if each had passed the review."""


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Result]]:
    """What each printed, of one run of all."""
    workshop = Workshop.create(tmp_path_factory.mktemp("attempts") / "project")
    with strange_things(tmp_path_factory.mktemp("stranger"), [STRANGER]) as stranger:
        identifier = stranger.engine.client.api.inspect_container(STRANGER)["Id"]
        for number, line in enumerate(ATTEMPTS.values()):
            step = line.format(s=STRANGER, id=identifier, short=identifier[:9])
            step = f"{{ {step}; }}".replace("kshare-test-own", f"kshare-test-own-{number}")
            own = f"$ docker run -d --name kshare-test-own-{number} alpine sleep 60\n"
            workshop.allow(step, "true")
            workshop.example(f"try-{number}", f"{own}$ {step}\n$ true", 'timeout="20"')
        report = run(read_project(workshop.root))
        stranger.assert_untouched()
    assert not report.problems
    names = list(ATTEMPTS)
    return {
        names[int(judged.example.id.removeprefix("try-"))]: list(judged.capture.results)
        for judged in report.once
        if judged.capture
    }


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.attack(
                kind="host lines",
                tried=f"a host line and somebody else's container: it {name}",
                outcome="refused, and the container is untouched",
            ),
        )
        for name in ATTEMPTS
    ],
)
def test_a_host_line_reaches_only_its_examples_containers(
    name: str, attempts: dict[str, list[Result]]
) -> None:
    made, tried, after = attempts[name]
    assert made.code == 0, made
    assert MARKER not in tried.output
    if not ATTEMPTS[name].startswith("docker ps"):
        assert tried.code or " | " in ATTEMPTS[name], tried
        assert "docker: " in tried.output, tried
    assert after.code == 0


SECONDS = 8
"""Limit of a step below: a line that waits for something is ended."""

STATE = [
    line
    for line in LINES
    if line.startswith(
        ("root=", "disk=", "id=$(ipcmk", "sleep 4242", "job=", "measure()", "below()")
    )
    and line.count("$(") < 3
]
"""Listed lines that leave variables, functions and jobs to those after them."""

PROGRAM = "#!/bin/sh\\necho dead > {canary}; cat {secret}\\n"

PLANTED = (
    "busybox host_modules.txt container_modules.txt host_filesystems.txt container_filesystems.txt"
    " docker ps grep cat awk diff sort kshare-rootfs .bashrc .profile .docker/config.json"
    " .docker/cli-plugins/docker-info .kube/config .config/procps/toprc"
)
"""Names in the scratch directory that host lines, or the tools in them, may look for."""

HOSTILE = (
    "for f in issue os-release debian_version passwd shadow hostname group; do"
    " rm -f /etc/$f; ln -s {secret} /etc/$f; done;"
    " mkfifo /etc/fifo; mknod /etc/null b 7 0; ln -s / /etc/root; ln -s {folder} /etc/folder;"
    ' for p in ps readlink stat test; do printf "#!/bin/sh\\ncat {secret}; cat /etc/shadow"'
    " > /usr/local/bin/$p; chmod 755 /usr/local/bin/$p; done; echo up; exec sleep 60"
)
"""What a page's own container does before a listed line looks at it."""


def batched(lines: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (lines[start : start + size] for start in range(0, len(lines), size))


def names_in(line: str) -> list[str]:
    if "kshare-copy-$n" in line:
        return []
    return [name for name in NAMES if re.search(rf"{name}(?![\w-])", line)]


def results_of(workshop: Workshop, examples: Sequence[Sequence[str]]) -> dict[str, Result]:
    """What the steps of examples gave, by step; of equal ones, the last example's."""
    workshop.allow(*LINES)
    for number, steps in enumerate(examples):
        body = "\n".join(f"$ {step}" for step in steps)
        workshop.example(f"line-{number}", body, f'timeout="{SECONDS}"')
    report = run(read_project(workshop.root))
    assert not report.problems
    order = sorted(report.once, key=lambda judged: int(judged.example.id.removeprefix("line-")))
    captures = [judged.capture for judged in order if judged.capture]
    return {result.source: result for capture in captures for result in capture.results}


HERE = [line for line in LINES if not ELSEWHERE.search(line)]
TOGETHER = [line for line in HERE if not names_in(line) and not re.search(r"\bvm\b|:\?", line)]
"""Those that may come one after the other, so that each comes after others as well."""

NAMING = [line for line in HERE if names_in(line) or "kshare-copy" in line]


@pytest.fixture(scope="module")
def after_strangers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Each line that names containers, where all of these are somebody else's."""
    workshop = Workshop.create(tmp_path_factory.mktemp("strangers") / "project")
    with strange_things(tmp_path_factory.mktemp("theirs"), NAMES) as stranger:
        results = results_of(
            workshop, [[*(STATE if line.startswith("measure ") else []), line] for line in NAMING]
        )
        stranger.assert_untouched()
    return results


@pytest.mark.parametrize("line", NAMING)
def test_a_line_where_a_stranger_has_the_name(
    line: str, after_strangers: dict[str, Result]
) -> None:
    result = after_strangers[line]
    assert MARKER not in result.output
    assert result.seconds < SECONDS + 4
    if not line.startswith("docker ps"):
        told = ("is not of this example", "is not this example's", "already in use", "not set")
        told = (*told, "null or", "no step")
        waits = line.startswith("until")
        assert waits or any(word in result.output + result.error for word in told), result


@pytest.fixture(scope="module")
def after_hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Each line after the page has prepared its scratch directory, containers and variables."""
    workshop = Workshop.create(tmp_path_factory.mktemp("hostile") / "project")
    folder = tmp_path_factory.mktemp("host")
    with strange_things(folder, [STRANGER]) as stranger:
        paths = {"secret": stranger.secret, "canary": stranger.canary, "folder": folder}
        program, hostile = PROGRAM.format(**paths), HOSTILE.format(**paths)
        plant = (
            f"docker run --rm -v $PWD:/x debian bash -c 'cd /x; for f in {PLANTED}; do"
            f' mkdir -p $(dirname $f); printf "{program}" > $f; chmod 755 $f; done\''
        )
        examples = [[plant, *STATE, *lines] for lines in batched(TOGETHER, 12)]
        for line in HERE:
            if line not in TOGETHER:
                made = [
                    f"docker run -d --name {name} debian bash -c '{hostile}'"
                    for name in names_in(line)
                    if f"--name {name}" not in line
                ]
                examples.append([*made, *(STATE if "$" in line else []), line])
        results = results_of(workshop, examples)
        stranger.assert_untouched()
    return results


@pytest.mark.parametrize("line", HERE)
def test_a_line_after_a_hostile_page(line: str, after_hostile: dict[str, Result]) -> None:
    assert MARKER not in after_hostile[line].output
    assert after_hostile[line].seconds < SECONDS + 4


@pytest.mark.attack(
    kind="host lines",
    tried="each listed line that names containers, where somebody else has all of the names",
    outcome="refused, and every container is untouched",
)
def test_every_line_came_after_strangers(after_strangers: dict[str, Result]) -> None:
    assert set(NAMING) <= after_strangers.keys()


@pytest.mark.attack(
    kind="host lines",
    tried="each listed line, after a page has prepared files, programs, containers and variables,"
    " and after other listed lines",
    outcome="reads, writes and executes nothing outside of the example",
)
def test_what_the_page_prepared_was_there(after_hostile: dict[str, Result]) -> None:
    assert set(HERE) <= after_hostile.keys()
    prepared = [result for step, result in after_hostile.items() if step not in LINES]
    assert len(prepared) > 20
    assert [result for result in prepared if result.code or result.error] == []
    assert after_hostile["wc -l host_modules.txt container_modules.txt"].code == 0


BUSYBOX = next(line for line in LINES if "> busybox" in line)
JOB = next(line for line in LINES if line.startswith("job="))
MEASURE = next(line for line in LINES if re.match(r"measure\(\).* t0=\$\{EPOCHREALTIME", line))
UPPER = next(line for line in LINES if "upper=$(" in line)
LOOK = next(line for line in LINES if '"$upper:' in line and "find" in line)


def outputs(workshop: Workshop, *steps: str, allow: Sequence[str] = ()) -> list[Result]:
    workshop.allow(*LINES, *allow)
    workshop.example("one", "\n".join(f"$ {step}" for step in steps), 'timeout="30"')
    report = run(read_project(workshop.root))
    assert not report.problems
    (judged,) = report.once
    assert judged.capture
    return list(judged.capture.results)


@pytest.mark.attack(
    kind="host lines",
    tried="a page prepares the program that a listed line executes on the host",
    outcome="the line writes it anew, from the pinned image, and executes it as nobody",
)
def test_a_prepared_program_is_not_executed(workshop: Workshop, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    write = f'printf "#!/bin/sh\\ntouch {canary}\\n" > /x/busybox; chmod 4777 /x/busybox'
    plant = f"docker run --rm -v $PWD:/x debian bash -c '{write}'"
    written, _, measured = BUSYBOX.partition("measure ")
    nobody = written + measured[measured.index("setpriv") :].partition("./busybox sh")[0]
    who, rights = nobody + "./busybox id", nobody + "./busybox grep Cap /proc/self/status"
    steps = (plant, JOB, MEASURE, BUSYBOX, who, rights)
    *_, ran, user, caps = outputs(workshop, *steps, allow=[who, rights])
    assert ran.output.startswith("start 0.")
    assert user.output.startswith("uid=65534")
    assert "root" not in user.output
    assert set(re.findall(r":\s*(\w+)", caps.output)) == {"0" * 16}
    assert not canary.exists()


@pytest.mark.parametrize(
    ("where", "options"),
    [
        pytest.param(
            where,
            options,
            id=where,
            marks=pytest.mark.attack(
                kind="host lines",
                tried=f"a folder of the host passed off as a writable layer by {where}",
                outcome="the line takes the root's mount alone, or stops",
            ),
        )
        for where, options in {
            "a tmpfs of such a name": "--tmpfs /a,upperdir=FOLDER,b",
            "a volume at such a place": "-v kshare-test-upper:/a,upperdir=FOLDER,b",
            "a runtime without an overlay": "--runtime runsc --tmpfs /a,upperdir=FOLDER,b",
            "ending at once": "--init",
        }.items()
    ],
)
def test_a_false_writable_layer(
    workshop: Workshop, tmp_path: Path, where: str, options: str
) -> None:
    (tmp_path / MARKER).write_text(MARKER, encoding="ascii")
    ends = "true" if where == "ending at once" else "sleep 60"
    line = f"docker run -d --name kshare-upper {options} debian {ends}"
    workshop.allow(*LINES, "true")
    steps = [line.replace("FOLDER", str(tmp_path)), "true", UPPER, LOOK]
    workshop.example("one", "\n".join(f"$ {step}" for step in steps), 'timeout="30"')
    report = run(read_project(workshop.root))
    results = [r for judged in report.once if judged.capture for r in judged.capture.results]
    if not report.problems:  # or the option is refused at all
        assert results[-1].source == LOOK
    assert not any(MARKER in result.output for result in results[2:])


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(
            mode,
            marks=pytest.mark.attack(
                kind="host lines",
                tried=f"a listed container joins the {mode} namespace of somebody else's container",
                outcome="refused: it is not this example's",
            ),
        )
        for mode in ("network", "pid")
    ],
)
def test_a_reviewed_container_joins_its_examples_only(
    workshop: Workshop, tmp_path: Path, mode: str
) -> None:
    line = f"docker run --rm --{mode} container:{STRANGER} alpine hostname"
    with strange_things(tmp_path, [STRANGER]) as stranger:
        (result,) = outputs(workshop, line, allow=[line])
        stranger.assert_untouched()
    assert MARKER not in result.output
    assert "not this example's" in result.error


REUSED = """
set +m
sleep 0.1 &
sleep 0.3
python3 -c '
import os, sys
for _ in range(50):
    open("/proc/sys/kernel/ns_last_pid", "w").write(str(int(sys.argv[1]) - 1))
    child = os.fork()
    if child == 0:
        os.execvp("sleep", ["sleep", "60"])
    if child == int(sys.argv[1]):
        break
    os.kill(child, 9)
    os.waitpid(child, 0)
' $!
{line}
sleep 0.2
cat /proc/$!/comm || echo killed
"""
"""A shell's job has ended, and another process has its number."""


@pytest.mark.skipif(
    not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK) or shutil.which("unshare") is None,
    reason="no process number can be chosen",
)
@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("kill $!", "killed"),
        pytest.param(
            "kill %%",
            "sleep",
            marks=pytest.mark.attack(
                kind="host lines",
                tried="a page waits until an ended job's number is another process's: `kill %%`",
                outcome="the shell kills its own jobs only",
            ),
        ),
    ],
)
def test_the_number_of_an_ended_job_is_not_killed(line: str, there: str) -> None:
    assert (line in LINES) == (there == "sleep")
    script = REUSED.replace("{line}", line)
    ask = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script]
    done = subprocess.run(ask, capture_output=True, text=True, check=False, timeout=20)
    assert done.stdout.strip() == there, done


@pytest.mark.attack(
    kind="host lines",
    tried="a container writes programs, a home and a configuration for the host's commands",
    outcome="PATH, HOME and DOCKER_CONFIG lie elsewhere, empty and read-only",
)
def test_where_host_steps_look_for_things(workshop: Workshop) -> None:
    look = (
        "stat -c %a ~ ${PATH%%:*}; ls -A ~; echo $PWD $HOME $DOCKER_CONFIG ${PATH%%:*}; echo $PATH"
    )
    (result,) = outputs(workshop, look, allow=[look])
    home, tools, places, path = result.output.splitlines()
    assert (home, tools) == ("555", "555")
    scratch, *others = map(Path, places.split())
    assert not any(other.is_relative_to(scratch) for other in others)
    assert path.split(":", 1) == [str(others[-1]), PATH]


AFTER_A_NAME = {
    "export": "docker export kshare-test-own -o PLANTED",
    "export, long form": "docker export kshare-test-own --output=PLANTED",
    "export, joined": "docker export kshare-test-own -oPLANTED",
    "inspect": "docker inspect kshare-test-own --type=image",
    "logs": "docker logs kshare-test-own --details",
    "update": "docker update kshare-test-own --restart=always",
    "history": "docker history alpine --no-trunc",
    "ps": "docker ps x --no-trunc",
}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            line,
            marks=pytest.mark.attack(
                kind="host lines",
                tried=f"a host line has an option after a name: docker {name}",
                outcome="taken for a name, and refused; no file is written",
            ),
        )
        for name, line in AFTER_A_NAME.items()
    ],
)
def test_an_option_after_a_name_is_none(workshop: Workshop, tmp_path: Path, line: str) -> None:
    planted = tmp_path / "planted"
    step = f"{{ {line.replace('PLANTED', str(planted))}; }}"
    own = "docker run -d --name kshare-test-own alpine sleep 60"
    workshop.allow(step)
    workshop.example("one", f"$ {own}\n$ {step}\n#? code[2] != 0  # it is refused", 'timeout="30"')
    (judged,) = run(read_project(workshop.root)).once
    assert judged.status == "verified", judged
    assert not planted.exists()


@pytest.mark.attack(
    kind="limits",
    tried="a host line starts a container without limits",
    outcome="it has those of every container: of processes, of its log, ended first",
)
def test_containers_of_host_lines_have_limits(workshop: Workshop) -> None:
    form = "{{.PidsLimit}} {{.OomScoreAdj}} {{.LogConfig.Type}} {{.LogConfig.Config}}"
    line = f"docker inspect -f '{{{{with .HostConfig}}}}{form}{{{{end}}}}' $(docker run -d alpine)"
    own = line.replace("-d", "-d --memory 64m --pid host")
    with connected() as engine:
        pids = str(PIDS) if engine.info.pids_limit else "<nil>"
    for result in outputs(workshop, line, own, allow=[line, own]):
        assert result.output == f"{pids} 1000 json-file map[max-file:2 max-size:32m]"
