"""Capture sets and drift: a damaged record is found and named, and only real changes count."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from kshare_docs.data.capture import Capture, Provenance, Result, encode
from kshare_docs.data.example import Claim, Example, Options, Step
from kshare_docs.data.project import Project
from kshare_docs.data.report import Report, Status
from kshare_docs.history.capture_set import (
    CaptureSet,
    Manifest,
    SetError,
    make_manifest,
    read_set,
    read_sets,
    write_set,
)
from kshare_docs.history.drift import Drift, compare, mask
from kshare_docs.history.kernels import judge_sets
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.run.judge import judge_capture, redacted
from kshare_docs.run.redact import Redaction

from .conftest import Workshop
from .test_data import SECRETS

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "drift.yml").read_text(encoding="utf-8")
)
KERNEL = "6.6.87.2-microsoft-standard-WSL2"


def capture(name: str, output: str = "", code: int = 0, kernel: str = KERNEL) -> Capture:
    provenance = Provenance("t", kernel, "v", "x86_64", "Debian", "wsl2", "28", "overlay2", "2")
    return Capture(
        name, (Result("run", hidden=False, output=output, code=code, seconds=1.0),), (), provenance
    )


def manifest(kernel: str = KERNEL, time: str = "2026-01-01T00:00:00Z") -> Manifest:
    return Manifest(kernel, read_host().public, "wsl2", time, "0" * 40, {}, {"wslc": ("wslc",)})


def in_rounds(outputs: str | list[str], code: int) -> Capture:
    first, *more = [capture("a", output, code) for output in _listed(outputs)]
    return msgspec.structs.replace(first, repeats=tuple(item.results for item in more))


def _listed(outputs: str | list[str]) -> list[str]:
    return [outputs] if isinstance(outputs, str) else outputs


def made(*captures: Capture) -> CaptureSet:
    return CaptureSet(manifest(), {item.id: item for item in captures})


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return write_set(tmp_path, manifest(), [capture("a", "1"), capture("b", "2")])


def test_written_and_read_back(tmp_path: Path, stored: Path) -> None:
    (found,), problems = read_sets(tmp_path)
    assert problems == []
    assert found.captures == {"a": capture("a", "1"), "b": capture("b", "2")}
    assert found.genuine
    assert stored.name == KERNEL
    write_set(tmp_path, manifest(), [capture("a", "3")])
    (found,), problems = read_sets(tmp_path)
    assert list(found.captures) == ["a"], "an earlier set is replaced as a whole"
    assert [path.name for path in (tmp_path / "captures").iterdir()] == [KERNEL]


def test_the_newest_comes_first(tmp_path: Path) -> None:
    for kernel, time in (("6.1", "2025"), ("6.18", "2027"), ("6.6", "2026")):
        write_set(tmp_path, manifest(kernel, time), [capture("a", kernel=kernel)])
    sets, _ = read_sets(tmp_path)
    assert [item.manifest.kernel for item in sets] == ["6.18", "6.6", "6.1"]


@pytest.mark.parametrize("kernel", ["", "..", "a/b", "/etc", ".x", "a\nb"])
def test_a_release_that_is_no_folder(tmp_path: Path, kernel: str) -> None:
    with pytest.raises(SetError, match="is no name for a folder"):
        write_set(tmp_path, manifest(kernel), [])
    assert list(tmp_path.iterdir()) == []


def _edit(folder: Path) -> None:
    path = folder / "a.json"
    path.write_bytes(path.read_bytes().replace(b'"output": "1"', b'"output": "9"'))


def _cut(folder: Path) -> None:
    path = folder / "a.json"
    path.write_bytes(path.read_bytes()[:40])


def _newer(folder: Path) -> None:
    newer = msgspec.structs.replace(capture("a", "1"), schema=99)
    (folder / "a.json").write_bytes(encode(newer))


def _foreign(folder: Path) -> None:
    _list(folder, encode(capture("a", "1", kernel="5.15")))


def _list(folder: Path, data: bytes) -> None:
    """Put another record in the place of `a`, and its digest into the manifest."""
    root = folder.parent.parent / "elsewhere"
    other = msgspec.json.decode(data, type=Capture)
    listed = write_set(root, manifest(), [other, capture("b", "2")])
    for name in ("a.json", "set.json"):
        (folder / name).write_bytes((listed / name).read_bytes())


@pytest.mark.parametrize(
    ("damage", "file", "says"),
    [
        (_edit, "a.json", "was changed after it was captured"),
        (_cut, "a.json", "cannot be read: not a capture"),
        (_newer, "a.json", "cannot be read: schema 99 is not 4"),
        (_foreign, "a.json", f"is of kernel 5.15, and lies under {KERNEL}"),
        (lambda folder: (folder / "a.json").unlink(), "a.json", "is missing"),
        (lambda folder: (folder / "c.json").write_text("{}"), "c.json", "is not listed"),
    ],
)
def test_a_damaged_record_is_named_and_the_rest_is_read(
    stored: Path, damage: Callable[[Path], object], file: str, says: str
) -> None:
    damage(stored)
    found, (problem,) = read_set(stored, "captures/x")
    assert problem.file == f"captures/x/{file}"
    assert says in problem.message
    assert "kshare capture" in problem.message
    assert found is not None
    assert "b" in found.captures
    assert file == "c.json" or "a" not in found.captures


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "is missing"), ("{", "cannot be read"), ('{"schema": 2}', "cannot be read")],
)
def test_a_damaged_manifest(tmp_path: Path, stored: Path, text: str | None, says: str) -> None:
    write_set(tmp_path, manifest("6.18"), [capture("a", kernel="6.18")])
    (stored / "set.json").unlink()
    if text is not None:
        (stored / "set.json").write_text(text, encoding="utf-8")
    sets, (problem,) = read_sets(tmp_path)
    assert [item.manifest.kernel for item in sets] == ["6.18"]
    assert problem.file == f"captures/{KERNEL}/set.json"
    assert says in problem.message


def test_a_folder_under_another_kernels_name(tmp_path: Path, stored: Path) -> None:
    stored.rename(stored.parent / "6.18")
    _, problems = read_sets(tmp_path)
    assert {problem.file for problem in problems} >= {"captures/6.18/set.json"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_drift(case: dict[str, Any]) -> None:
    before, after = case.get("codes", (0, 0))
    (difference,) = compare(
        made(in_rounds(case["before"], before)), made(in_rounds(case["after"], after))
    )
    assert (difference.state is Drift.SAME) == case["same"], difference.lines
    assert bool(difference.lines) == (not case["same"])


def test_drift_says_what_is_missing() -> None:
    before = made(capture("a"), capture("wslc"))
    after = made(capture("a"), capture("b"))
    found = {item.id: item for item in compare(before, after)}
    assert [found[name].state for name in ("a", "b", "wslc")] == [Drift.SAME, Drift.NEW, Drift.LOST]
    assert found["wslc"].lines == ("needs wslc",)
    changed = compare(made(capture("a", "one\ntwo")), made(capture("a", "one\nthree")))[0]
    assert changed.state is Drift.CHANGED
    assert changed.lines == ("$ run", "@@ -1,2 +1,2 @@", " one", "-two", "+three")
    options = compare(made(capture("a", "--one")), made(capture("a", "++two")))[0]
    assert options.lines == ("$ run", "@@ -1 +1 @@", "---one", "+++two")


def test_placeholders_of_redaction_are_not_masked() -> None:
    planted = "workhorse alice /home/alice 192.0.2.7 2001:db8::7 02:fc:00:00:00:01"
    shown = Redaction(SECRETS)(planted)
    assert shown == "‹host› ‹user› ‹home› ‹ipv4› ‹ipv6› ‹mac›"
    assert mask(shown) == shown


def test_a_set_keeps_the_verdicts_that_were_reached() -> None:
    """What was replaced in a record decides nothing; a claim that is newer is not judged by it."""
    claims = ("len(out[1]) == 5", "out[1] == '‹user›'", "code[1] == 1")
    example = Example(
        "a",
        "p.md",
        "",
        1,
        (Step("run", 1),),
        tuple(Claim(line, "", 1) for line in claims),
        Options(),
    )
    host = read_host()
    reached = judge_capture(example, capture("a", "alice", code=1), host)
    assert [v.status for v in reached.verdicts] == ["verified", "failed", "verified"]
    project = Project(Path(), (example,), {}, {}, ())
    report = redacted(Report(project, host, {("", "a"): reached}), Redaction(SECRETS))
    made_of = make_manifest(report, "")
    assert made_of.verdicts == {
        "a": dict(zip(claims, ("verified", "failed", "verified"), strict=True))
    }
    shown = report.judged["", "a"].capture
    assert shown == capture("a", "‹user›", code=1)

    def statuses(verdicts: dict[str, dict[str, Status]], record: Capture) -> list[str]:
        stored = CaptureSet(msgspec.structs.replace(made_of, verdicts=verdicts), {"a": record})
        (judged,) = judge_sets([stored], [example]).records(example)
        return [verdict.status for verdict in judged.verdicts]

    assert statuses(made_of.verdicts, shown) == ["verified", "failed", "verified"]
    assert statuses({}, shown) == ["skipped"] * 3
    assert statuses({"a": {claims[0]: Status.VERIFIED}}, shown) == [
        "verified",
        "skipped",
        "skipped",
    ]
    assert statuses({}, capture("a", "hello", code=1)) == ["verified", "failed", "verified"]


@pytest.mark.live
def test_a_set_of_a_named_machine(workshop: Workshop) -> None:
    """The account is called as planted; every claim speaks of what the record does not have."""
    environment = {**os.environ, "LOGNAME": "planted-7f3"}
    workshop.example(
        "named",
        "$ docker run --rm alpine echo planted-7f3\n#? len(out[1]) == 11  # the name itself",
    )
    done = workshop.kshare("capture", env=environment)
    assert done.returncode == 0, done.stderr
    (found,), problems = read_sets(workshop.root)
    assert problems == []
    assert found.captures["named"].results[0].output == "‹user›"
    (example,) = read_project(workshop.root).examples
    (judged,) = judge_sets([found], [example]).records(example)
    assert judged.status is Status.VERIFIED
    stored = "".join(
        path.read_text("utf-8") for path in (workshop.root / "captures").rglob("*.json")
    )
    assert stored.count("planted-7f3") == stored.count("echo planted-7f3"), "but in the command"


@pytest.mark.live
def test_capture_and_drift(workshop: Workshop) -> None:
    root = workshop.root
    workshop.example("kernel", "$ docker run --rm alpine uname -r")
    workshop.example("later", "$ docker run --rm alpine true", 'needs="wslc"')
    done = workshop.kshare("capture")
    assert done.returncode == 0, done.stderr
    assert "1 captures, 1 skipped" in done.stdout
    marked = "; marked: its host is no genuine WSL2 host" in done.stdout
    assert marked == (not read_host().genuine)
    (folder,) = (root / "captures").iterdir()
    assert {path.name for path in folder.iterdir()} == {"kernel.json", "set.json"}
    said = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    assert said["skipped"] == {"later": ["wslc"]}
    assert workshop.kshare("drift", folder.name, str(folder)).returncode == 0

    workshop.example("wrong", "$ docker run --rm alpine false")
    before = (folder / "set.json").read_bytes()
    done = workshop.kshare("capture")
    assert done.returncode == 1
    assert "no set is stored" in done.stderr
    assert (folder / "set.json").read_bytes() == before

    other = write_set(root, manifest("6.18"), [capture("kernel", "6.18", kernel="6.18")])
    done = workshop.kshare("drift", folder.name, "6.18")
    assert done.returncode == 1
    assert "kernel: changed" in done.stdout
    (other / "kernel.json").write_text("{}", encoding="utf-8")
    done = workshop.kshare("drift", folder.name, "6.18")
    assert done.returncode == 2
    assert "captures/6.18/kernel.json: cannot be read" in done.stderr
    assert "did you mean '6.18'" in workshop.kshare("drift", folder.name, "6.19").stderr
