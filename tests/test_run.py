"""Examples run in real containers, and what comes out is judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.machine.engine import connected

from .conftest import Ours, Workshop

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "run.yml").read_text(encoding="utf-8")
)

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All cases as one project: they also run side by side."""
    workshop = Workshop.create(tmp_path_factory.mktemp("cases") / "project")
    for number, case in enumerate(CASES.values()):
        workshop.example(f"case-{number}", case["body"], case.get("options", ""))
        workshop.allow(*case.get("allow", []))
    return workshop.check(code=1)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, report: dict[str, Any]) -> None:
    case = CASES[name]
    number = list(CASES).index(name)
    row = next(row for row in report["examples"] if row["id"] == f"case-{number}")
    said = json.dumps(row, ensure_ascii=False)
    assert row["status"] == case["status"], said
    if "claims" in case:
        assert [claim["status"] for claim in row["claims"]] == case["claims"], said
    assert case.get("says", "") in f"{row['reason']} {[c['detail'] for c in row['claims']]}", said


def test_nothing_is_left(report: dict[str, Any], ours: Ours) -> None:
    assert report["errors"] == []
    assert ours() == []


def test_reuse(workshop: Workshop) -> None:
    workshop.example("stamp", "$ docker run --rm alpine cat /proc/uptime")
    first = workshop.kshare("check", "--json")
    again = workshop.kshare("check")
    assert "✓ stamp" not in again.stderr, "nothing changed, yet it ran again"
    fresh = workshop.kshare("check", "--fresh")
    assert "✓ stamp" in fresh.stderr
    assert json.loads(first.stdout)["summary"] == {"verified": 1, "failed": 0, "skipped": 0}


def test_failures_are_never_reused(workshop: Workshop) -> None:
    workshop.example("wrong", "$ docker run --rm alpine false")
    for _ in range(2):
        assert "✗ wrong" in workshop.kshare("check").stderr


def test_a_language_twin_runs_once(workshop: Workshop) -> None:
    text = '```console exec="1" id="twin"\n$ docker run --rm alpine true\n```\n'
    workshop.page("zh/p.md", text)
    workshop.page("en/p.md", f"English\n\n{text}")
    report = workshop.check(code=0)
    assert [(row["lang"], row["line"]) for row in report["examples"]] == [("en", 3), ("zh", 1)]
    assert report["summary"]["verified"] == 1


def test_everything_wrong_is_reported_at_once_and_the_rest_runs(workshop: Workshop) -> None:
    workshop.example("good", "$ docker run --rm alpine true")
    workshop.example("no-image", "$ docker run --rm alpin true")
    workshop.example("unlisted", "$ id")
    workshop.example("pipe", "$ docker run --rm alpine true | cat")
    workshop.example("break-out", "$ docker run --rm --privileged alpine true")
    workshop.example("bad-option", "$ docker run --rm --memori 1m alpine true")
    workshop.example("bad-claim", "$ docker run --rm alpine true\n#? out[7] == ''  # no step")
    workshop.page("zh/open.md", 'a\n\n```console exec="1" id="open"\n$ true\n')
    report = workshop.check(code=1)
    found = {(e["file"], e["line"], e["id"]): e["message"] for e in report["errors"]}
    assert "did you mean 'alpine'" in found["docs/zh/no-image.md", 2, "no-image"]
    assert "host-commands.txt" in found["docs/zh/unlisted.md", 2, "unlisted"]
    assert "not a plain `docker run`" in found["docs/zh/pipe.md", 2, "pipe"]
    assert "--privileged reaches" in found["docs/zh/break-out.md", 2, "break-out"]
    assert "did you mean 'memory'" in found["docs/zh/bad-option.md", 2, "bad-option"]
    assert "names step 7" in found["docs/zh/bad-claim.md", 3, "bad-claim"]
    assert "never closed" in found["docs/zh/open.md", 3, ""]
    assert len(found) == 7
    assert [(row["id"], row["status"]) for row in report["examples"]] == [("good", "verified")]


def test_a_reviewed_line_may_reach_further(workshop: Workshop) -> None:
    line = "docker run --rm --uts host alpine hostname"
    workshop.allow(line)
    workshop.example("reviewed", f"$ {line}\n#? out[1] == '‹host›' or len(out[1]) > 0  # a name")
    assert workshop.one(code=0)["status"] == "verified"


def test_a_strangers_volume_is_not_touched(workshop: Workshop) -> None:
    with connected() as engine:
        volume = engine.client.volumes.create("kshare-test-stranger")
        try:
            line = "$ docker run --rm -v kshare-test-stranger:/x alpine touch /x/f"
            workshop.example("stranger", line)
            assert "is not this run's" in workshop.one(code=1)["reason"]
        finally:
            volume.remove()


def test_no_engine(workshop: Workshop) -> None:
    workshop.example("any", "$ docker run --rm alpine true")
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "PATH": "/usr/bin:/bin"}
    done = workshop.kshare("check", "--json", env=nowhere)
    assert done.returncode == 2
    assert "no Docker Engine answers at unix:///nowhere" in done.stderr
    assert "no Docker Engine" in json.loads(done.stdout)["errors"][0]["message"]
