"""The verdict, over recorded hosts and over those that would like to pass for WSL2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from kshare_docs.machine.host import read_host
from kshare_docs.machine.wsl import (
    UNSET,
    Facts,
    FactsError,
    decode_facts,
    judge_host,
    read_facts,
)

from .conftest import Workshop

CASES = Path(__file__).parent / "cases" / "hosts"
OBSERVED: list[dict[str, Any]] = json.loads((CASES / "observations.json").read_text("utf-8"))
MADE: list[dict[str, Any]] = yaml.safe_load((CASES / "adversarial.yml").read_text("utf-8"))


def facts(recorded: dict[str, Any]) -> Facts:
    return decode_facts(json.dumps(recorded).encode())


@pytest.mark.parametrize("case", OBSERVED, ids=lambda case: case["id"])
def test_observed(case: dict[str, Any]) -> None:
    verdict = judge_host(facts(case["facts"]))
    if case["kernel_family"]:
        assert verdict.kernel_family == case["kernel_family"]
    assert verdict.verdict != "wsl2", "none of the records has all that it takes"
    if case["truth"] == "wsl1":
        assert verdict.verdict == "wsl1"
    if case["truth"] == "wsl2":
        assert verdict.verdict in {"unknown", "other"}, "some records quote a part of a line"
        assert verdict.stock is not False or "osrelease" not in case["facts"]
    if case["truth"] == "custom-kernel-wsl2":
        assert not verdict.stock


@pytest.mark.parametrize("case", MADE, ids=lambda case: case["name"])
def test_made(case: dict[str, Any]) -> None:
    verdict = judge_host(facts(case["facts"]))
    for name in ("verdict", "kernel_family", "stock"):
        if name in case:
            assert getattr(verdict, name) == case[name], verdict.evidence
    assert verdict.publishable == (case["verdict"] == "wsl2")
    assert all(item.value or item.speaks_for for item in verdict.evidence)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("missing", ["cmdline", "mounts", "dmi"])
def test_missing_facts_never_make_a_wsl2(index: int, missing: str) -> None:
    whole = facts(MADE[index]["facts"])
    assert judge_host(whole).verdict == "wsl2"
    assert judge_host(msgspec.structs.replace(whole, **{missing: UNSET})).verdict == "unknown"


def test_names_do_not_decide() -> None:
    whole = facts(MADE[0]["facts"])
    for name in ("osrelease", "version", "env", "dockerenv"):
        assert judge_host(msgspec.structs.replace(whole, **{name: UNSET})).verdict == "wsl2"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"[]", "Expected `object`"),
        (b"{", "truncated"),
        (b'{"osrelese": ""}', "osrelese"),
        (b'{"mounts": 3}', "$.mounts"),
        (b"\xff", "invalid"),
    ],
)
def test_facts_that_are_none(data: bytes, says: str) -> None:
    with pytest.raises(FactsError) as error:
        decode_facts(data)
    assert says.lower() in str(error.value).lower()
    assert "a JSON object with any of: osrelease" in str(error.value)


def test_this_machine() -> None:
    """What it is, is not known here: this suite also runs on genuine WSL2."""
    assert judge_host(read_facts()).verdict == read_host().verdict


def test_a_machine_as_files(tmp_path: Path) -> None:
    recorded = MADE[0]["facts"]
    for path, text in (
        ("proc/sys/kernel/osrelease", recorded["osrelease"]),
        ("proc/version", recorded["version"]),
        ("proc/cmdline", recorded["cmdline"]),
        ("proc/self/mounts", "\n".join(recorded["mounts"])),
        ("sys/class/net/lo/mtu", "65536"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"{text}\n", encoding="utf-8")
    read = read_facts(tmp_path, {"WSL_DISTRO_NAME": "of-a-person", "HOME": "/home/x"})
    assert judge_host(read).verdict == "wsl2"
    assert read.env == {"WSL_DISTRO_NAME": "set"}
    (tmp_path / "sys/class/dmi/id").mkdir(parents=True)
    assert judge_host(read_facts(tmp_path)).verdict == "other"
    assert judge_host(read_facts(tmp_path / "nowhere")).verdict == "unknown"


def test_doctor_judges_recorded_facts(workshop: Workshop) -> None:
    path = workshop.root / "facts.json"
    path.write_text(json.dumps(MADE[0]["facts"]), encoding="utf-8")
    done = workshop.kshare("doctor", "--facts", "facts.json", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said.keys() == {"verdict", "kernel_family", "stock", "publishable", "evidence"}
    assert (said["verdict"], said["publishable"]) == ("wsl2", True)
    assert {"signal", "value", "speaks_for"} == said["evidence"][0].keys()
    assert "rootfs /init rootfs ro" in workshop.kshare("doctor", "--facts", "facts.json").stdout
    path.write_text('{"kernel": 1}', encoding="utf-8")
    done = workshop.kshare("doctor", "--facts", "facts.json", "--json")
    assert done.returncode == 2
    assert "facts.json" in done.stderr
    assert "kernel" in done.stderr
