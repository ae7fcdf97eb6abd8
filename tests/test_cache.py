"""The cache: a result belongs to what it says, and nothing that somebody else wrote is one."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from kshare_docs.data.capture import Capture, ImageUse, Provenance, Result, encode
from kshare_docs.data.example import Example, Options, Step
from kshare_docs.data.host import EngineInfo
from kshare_docs.machine.engine import connected
from kshare_docs.machine.host import read_host
from kshare_docs.machine.images import STAND_IN_LABEL, ImageProvider
from kshare_docs.pages.project import read_project
from kshare_docs.run.cache import Cache, reuse_keys
from kshare_docs.run.runner import Listener, run

from .conftest import ROOT, Workshop
from .sites import mounted

IMAGES = (ImageUse("alpine", "alpine:3", "sha256:1", stand_in=False, id="sha256:2"),)
EXAMPLE = Example("a", "p.md", "", 1, (Step("echo AAA", 2),), (), Options())
KEY = "0" * 64


def attack(tried: str, outcome: str, kind: str = "results") -> pytest.MarkDecorator:
    return pytest.mark.attack(kind=kind, tried=tried, outcome=outcome)


def made(name: str = "a", command: str = "echo AAA", output: str = "AAA") -> Capture:
    told = Provenance("t", "6.6", "Linux version 6", "x86_64", "Debian", "other", "28", "o", "2")
    result = Result(command, hidden=False, output=output, code=0, seconds=0.1)
    return Capture(name, (result,), IMAGES, told)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    cache = Cache(tmp_path)
    cache.put(KEY, made())
    assert cache.get(KEY, EXAMPLE, IMAGES) == made()
    return cache


def folder_of(tmp_path: Path) -> Path:
    (folder,) = (tmp_path / "caches" / "kshare-docs").iterdir()
    return folder


def test_only_its_owner_can_read_it(tmp_path: Path, cache: Cache) -> None:
    cache.put("1" * 64, made())
    folder = folder_of(tmp_path)
    for path in (folder, folder.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    cache.prune(0)
    assert list(folder.iterdir()) == []


def _bit(data: bytes, at: bytes) -> bytes:
    place = data.index(at)
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


NOTHING = "counts as none: the example runs"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda d: _bit(d, b'AAA"'), marks=attack("a bit of an output flipped", NOTHING)
        ),
        pytest.param(
            lambda d: d.replace(b'"6.6"', b'"6.6.87.2-microsoft-standard-WSL2"'),
            marks=attack("the kernel of a kept result rewritten", NOTHING),
        ),
        pytest.param(
            lambda d: d.replace(b'"other"', b'"wsl2"'),
            marks=attack("the verdict over the host rewritten in a kept result", NOTHING),
        ),
        pytest.param(
            lambda d: d.replace(b'"code": 0', b'"code": 1'),
            marks=attack("the exit code of a kept result rewritten", NOTHING),
        ),
        pytest.param(
            lambda d: d.replace(b"sha256:2", b"sha256:3"),
            marks=attack("the image of a kept result rewritten", NOTHING),
        ),
        pytest.param(lambda d: _bit(d, d[:1]), marks=attack("a bit of the seal flipped", NOTHING)),
        pytest.param(lambda d: d[:-2], marks=attack("a kept result cut short", NOTHING)),
        pytest.param(lambda d: d + b" ", marks=attack("a byte added to a kept result", NOTHING)),
        pytest.param(lambda d: d[65:], marks=attack("a kept result without its seal", NOTHING)),
        pytest.param(lambda _d: b"", marks=attack("an empty file as a kept result", NOTHING)),
        pytest.param(
            lambda _d: encode(made(output="BBB")), marks=attack("a result never sealed", NOTHING)
        ),
        pytest.param(
            lambda _d: b"\xff" * 100, marks=attack("bytes that are no text as a result", NOTHING)
        ),
    ],
)
def test_what_was_changed_counts_as_none(
    tmp_path: Path, cache: Cache, change: Callable[[bytes], bytes]
) -> None:
    path = folder_of(tmp_path) / f"{KEY}.json"
    data = path.read_bytes()
    path.write_bytes(change(data))
    assert cache.get(KEY, EXAMPLE, IMAGES) is None
    path.write_bytes(data)
    assert cache.get(KEY, EXAMPLE, IMAGES)


@attack("a kept result under the key of another", NOTHING)
def test_an_entry_that_was_moved(tmp_path: Path, cache: Cache) -> None:
    folder = folder_of(tmp_path)
    (folder / f"{KEY}.json").rename(folder / f"{'1' * 64}.json")
    assert cache.get("1" * 64, EXAMPLE, IMAGES) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(made(name="b"), marks=attack("the kept result of another example", NOTHING)),
        pytest.param(
            made(command="echo BBB"), marks=attack("a kept result of other commands", NOTHING)
        ),
        pytest.param(
            msgspec.structs.replace(
                made(), images=(msgspec.structs.replace(IMAGES[0], id="sha256:9"),)
            ),
            marks=attack("a kept result of another image", NOTHING),
        ),
        pytest.param(
            msgspec.structs.replace(made(), repeats=(made(command="x").results,)),
            marks=attack("a kept result whose later rounds ran other commands", NOTHING),
        ),
    ],
)
def test_a_sealed_result_of_something_else(cache: Cache, other: Capture) -> None:
    cache.put(KEY, other)
    assert cache.get(KEY, EXAMPLE, IMAGES) is None


def test_equal_commands_are_kept_each() -> None:
    info = EngineInfo("28", "Debian", "o", "2", (), "runc", (), "id")
    twin = Example("b", "p.md", "", 9, EXAMPLE.parts, (), Options())
    host = read_host()
    one, other = (reuse_keys(example, IMAGES, host, info) for example in (EXAMPLE, twin))
    assert one.any_boot != other.any_boot
    assert one.this_boot != other.this_boot


def test_what_a_result_depends_on() -> None:
    """Not on the engine's id; on the boot only where the result shows it."""
    info = EngineInfo("28", "Debian", "o", "2", (), "runc", (), "id")
    host = replace(read_host(), boot_id="0f0e-first")
    keys = reuse_keys(EXAMPLE, IMAGES, host, info)
    assert keys == reuse_keys(EXAMPLE, IMAGES, host, dataclasses.replace(info, id="other"))
    later = reuse_keys(EXAMPLE, IMAGES, replace(host, boot_id="0f0e-second"), info)
    assert later.any_boot == keys.any_boot
    shows = keys.of(made(output="the boot is 0f0e-first."))
    assert shows == keys.this_boot
    assert shows not in {later.this_boot, later.any_boot}
    assert keys.of(made(output="AAA")) == later.any_boot
    for changed in (
        reuse_keys(EXAMPLE, IMAGES, replace(host, release="7"), info),
        reuse_keys(EXAMPLE, IMAGES, replace(host, version="built anew"), info),
        reuse_keys(EXAMPLE, IMAGES, replace(host, cpus=999), info),
        reuse_keys(EXAMPLE, IMAGES, host, dataclasses.replace(info, version="29")),
        reuse_keys(EXAMPLE, IMAGES, host, dataclasses.replace(info, storage_driver="vfs")),
        reuse_keys(EXAMPLE, IMAGES, host, dataclasses.replace(info, runtimes=("runsc",))),
        reuse_keys(EXAMPLE, (), host, info),
    ):
        assert changed.any_boot != keys.any_boot


@pytest.mark.live
def test_another_boot_reuses_what_does_not_show_it(workshop: Workshop) -> None:
    """The other boot is made up: the host's facts say so."""
    workshop.example("shows", "$ docker run --rm alpine cat /proc/sys/kernel/random/boot_id")
    workshop.example("other", "$ docker run --rm alpine uname -r")
    host, ran = read_host(), Ran()
    for facts, expected in (
        (host, ["other", "shows"]),
        (host, []),
        (replace(host, boot_id="made-up"), ["shows"]),
    ):
        ran.ids.clear()
        run(read_project(workshop.root), host=facts, listener=ran)
        assert sorted(ran.ids) == expected


class Ran(Listener):
    """The examples that ran."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def started(self, example: str) -> None:
        self.ids.append(example)


def _link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def _link_folder(path: Path) -> None:
    folder = path.parent
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("moved")


def _link_all(path: Path) -> None:
    folder = path.parent.parent
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("moved")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _endless(path: Path) -> None:
    os.truncate(path, 1 << 40)


def _device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _open(path: Path) -> None:
    path.parent.chmod(0o777)


def _group(path: Path) -> None:
    path.parent.parent.chmod(0o770)


def _owner(path: Path) -> None:
    os.chown(path.parent, 65534, 65534)


def _file_owner(path: Path) -> None:
    os.chown(path, 65534, 65534)


UNREAD = "not read; the example runs"


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(_link, marks=attack("a link in the place of a kept result", UNREAD, "files")),
        pytest.param(_link_folder, marks=attack("a link as the project's cache", UNREAD, "files")),
        pytest.param(
            _link_all, marks=attack("a link as the folder of all caches", UNREAD, "files")
        ),
        pytest.param(_pipe, marks=attack("a FIFO in the place of a result", UNREAD, "files")),
        pytest.param(_endless, marks=attack("a result of 1 TiB, sparse", UNREAD, "files")),
        pytest.param(_device, marks=attack("a device in the place of a result", UNREAD, "files")),
        pytest.param(_folder, marks=attack("a folder in the place of a result", UNREAD, "files")),
        pytest.param(_open, marks=attack("a cache that everybody may write", UNREAD, "files")),
        pytest.param(_group, marks=attack("caches that a group may write", UNREAD, "files")),
        pytest.param(_owner, marks=attack("a cache that is another user's", UNREAD, "files")),
        pytest.param(
            _file_owner, marks=attack("a result that another user wrote", UNREAD, "files")
        ),
    ],
)
def test_what_others_may_have_written(
    tmp_path: Path, cache: Cache, plant: Callable[[Path], None]
) -> None:
    if plant in (_owner, _file_owner) and os.geteuid():
        pytest.skip("only root can give a file to another user")
    plant(folder_of(tmp_path) / f"{KEY}.json")
    started = time.monotonic()
    assert cache.get(KEY, EXAMPLE, IMAGES) is None
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"HOME": ""},
        {"HOME": "relative"},
        {"XDG_CACHE_HOME": "relative"},
        {"HOME": "/proc"},
        {"XDG_CACHE_HOME": "/dev/null"},
        {"XDG_CACHE_HOME": "/proc/nothing"},
    ],
    ids=str,
)
def test_no_place_for_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    cache = Cache(tmp_path, said.append)
    for _ in range(2):
        cache.put(KEY, made())
    assert cache.get(KEY, EXAMPLE, IMAGES) is None
    cache.prune()
    (line,) = said
    assert line.startswith("nothing is kept for reuse: ")
    assert "\n" not in line
    assert list(tmp_path.iterdir()) == []


ONE_LINE = "one line says so; the results are reported"


@pytest.mark.live
@pytest.mark.parametrize(
    "options",
    [
        pytest.param("size=4k", marks=attack("a full disk under the cache", ONE_LINE, "limits")),
        pytest.param("ro", marks=attack("a cache that is read-only", ONE_LINE, "limits")),
    ],
)
def test_a_cache_that_cannot_be_written(workshop: Workshop, options: str) -> None:
    command = f"docker run --rm alpine seq {2000 if options == 'ro' else 4000}"
    for name in ("one", "two"):
        workshop.example(name, f"$ {command}")
    with mounted(workshop.root / "caches", options) as folder:
        done = workshop.kshare("check", env={**os.environ, "XDG_CACHE_HOME": str(folder)})
        left = [path.name for path in folder.rglob(".*")]
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("nothing is kept for reuse") == 1
    assert "2 verified, 0 failed" in done.stdout
    assert left == [], "nothing half written"


@pytest.mark.live
def test_results_in_the_checkout_are_no_cache(workshop: Workshop) -> None:
    workshop.example("kept", "$ docker run --rm alpine uname -r")
    assert run(read_project(workshop.root)).sound
    assert not (workshop.root / ".kshare").exists()
    assert workshop.kshare("clean", "--cache").returncode == 0
    done = workshop.kshare("check")
    assert "✓ kept" in done.stderr


@pytest.mark.live
@attack("results brought along with a pull request, in .kshare and .cache", UNREAD)
def test_a_cache_that_comes_with_a_checkout(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.example("kept", "$ docker run --rm alpine echo AAA")
    caches = workshop.root / "caches"
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    assert run(read_project(workshop.root)).sound
    (entry,) = caches.rglob("*.json")
    for place in (".kshare/cache", ".cache/kshare-docs/x"):
        (workshop.root / place).mkdir(parents=True)
        (workshop.root / place / entry.name).write_bytes(
            entry.read_bytes().replace(b'"AAA"', b'"BBB"')
        )
    assert run(read_project(workshop.root)).once[0].seconds > 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(workshop.root / "others"))
    (judged,) = run(read_project(workshop.root)).once
    assert judged.capture
    assert judged.capture.results[0].output == "AAA"


RUNS = "runs anew, and shows what is there now"


@pytest.mark.live
@pytest.mark.parametrize(
    "line",
    [
        pytest.param("cat {0}/state", marks=attack("a file of the host, read by cat", RUNS)),
        pytest.param("wc -c < {0}/state", marks=attack("a file of the host, by redirection", RUNS)),
        pytest.param("ls {0}", marks=attack("a folder of the host", RUNS)),
        pytest.param("stat -c %s {0}/state", marks=attack("a size on the host", RUNS)),
        pytest.param(
            "docker run --rm -v {0}:/x alpine ls /x",
            marks=attack("a folder of the host in a container", RUNS),
        ),
        pytest.param(
            "docker run --rm --network host alpine sh -c 'cat /proc/net/unix | grep -c {1}; true'",
            marks=attack("the host's network in a container", RUNS),
        ),
    ],
)
def test_what_reads_other_state_runs_anew(workshop: Workshop, tmp_path: Path, line: str) -> None:
    place = tmp_path / "state"
    place.mkdir()
    (place / "state").write_text("1", encoding="utf-8")
    command = line.format(place, place.parent.name)
    workshop.allow(command)
    workshop.example("state", f"$ {command}")

    def output() -> str:
        (judged,) = run(read_project(workshop.root)).once
        assert judged.capture, judged.error
        return judged.capture.results[0].output

    before = output()
    (place / "state").write_text("two", encoding="utf-8")
    (place / "more").touch()
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        assert output() != before


@pytest.mark.live
def test_settled_lines_are_reused(workshop: Workshop) -> None:
    workshop.allow("#: settled", "uname -r", "#: unsettled", "cat /proc/loadavg")
    workshop.example("kernel", "$ uname -r")
    workshop.example("both", "$ uname -r\n$ cat /proc/loadavg")
    workshop.example("inside", "$ docker run --rm alpine uname -r")
    project = read_project(workshop.root)
    settled = {name: item.settled for name, item in project.runnables.items()}
    assert settled == {"kernel": True, "both": False, "inside": True}
    assert workshop.kshare("check").returncode == 0
    again = workshop.kshare("check").stderr
    assert "both" in again
    assert "kernel" not in again
    assert "inside" not in again


def tag(engine_id: str, reference: str) -> None:
    subprocess.run(["docker", "tag", engine_id, reference], check=True)


@pytest.fixture
def provider() -> Iterator[ImageProvider]:
    with connected() as engine:
        yield ImageProvider(ROOT, read_project(ROOT).images, engine, print)


@pytest.mark.live
@attack(
    "another image under a stand-in's tag, between two steps", "the planned image runs", "engine"
)
def test_an_image_that_is_moved_in_mid_run(workshop: Workshop) -> None:
    workshop.allow("sleep 3", "docker image inspect -f '{{.Id}}' alpine")
    first = "docker run --rm alpine cat /etc/os-release"
    inspect = "docker image inspect -f '{{.Id}}' alpine"
    workshop.example(
        "moved", f"$ {first}\n$ sleep 3\n$ {first}\n$ {inspect}\n#? out[1] == out[3]  # same"
    )
    with connected() as engine:
        images = ImageProvider(ROOT, read_project(ROOT).images, engine, print)
        alpine, debian = images.provide("alpine"), images.provide("debian")
        assert isinstance(alpine, ImageUse)
        assert isinstance(debian, ImageUse)
        mover = threading.Timer(1.5, tag, (debian.id, alpine.used))
        if not alpine.stand_in:
            pytest.skip("a registry answers: its image has no tag that could be moved")
        mover.start()
        try:
            (judged,) = run(read_project(workshop.root)).once
        finally:
            mover.join()
            tag(alpine.id, alpine.used)
    assert judged.capture
    assert judged.error == ""
    outputs = [result.output for result in judged.capture.results]
    assert outputs[0] == outputs[2]
    assert outputs[3] == alpine.id
    assert judged.capture.images[0].id == alpine.id


@pytest.mark.live
@attack("another image under a stand-in's tag, before a run", "it is made anew", "engine")
def test_a_stand_in_whose_tag_was_moved() -> None:
    with connected() as engine:
        images = read_project(ROOT).images
        said: list[str] = []
        alpine = ImageProvider(ROOT, images, engine, print).provide("alpine")
        debian = ImageProvider(ROOT, images, engine, print).provide("debian")
        assert isinstance(alpine, ImageUse)
        assert isinstance(debian, ImageUse)
        if not alpine.stand_in:
            pytest.skip("a registry answers")
        tag(debian.id, alpine.used)
        try:
            again = ImageProvider(ROOT, images, engine, said.append).provide("alpine")
        finally:
            tag(alpine.id, alpine.used)
        assert isinstance(again, ImageUse)
        assert again.id != debian.id
        assert any("making a stand-in for alpine" in line for line in said)
        labels = engine.client.images.get(again.id).labels
        assert labels[STAND_IN_LABEL] == alpine.used.rpartition(":")[2]
        engine.client.images.remove(again.id)


@pytest.mark.live
def test_a_report_names_what_ran(workshop: Workshop, provider: ImageProvider) -> None:
    workshop.example("one", "$ docker run --rm alpine true")
    (image,) = json.loads(workshop.kshare("check", "--json").stdout)["examples"][0]["images"]
    use = provider.provide("alpine")
    assert isinstance(use, ImageUse)
    assert image["id"] == use.id
