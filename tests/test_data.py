"""Redaction, stored captures, and floods of output."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import psutil
import pytest
import yaml

from kshare_docs.data.capture import (
    Capture,
    ImageUse,
    Output,
    Provenance,
    Result,
    decode,
    encode,
)
from kshare_docs.data.needs import REMEDIES
from kshare_docs.data.project import Image, Project
from kshare_docs.machine.probes import PROBES
from kshare_docs.run.redact import Redaction, host_secrets, words_of
from kshare_docs.words import load_words

CASES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "redaction.yml").read_text(encoding="utf-8")
)
SECRETS: dict[str, str] = CASES["secrets"]


@pytest.mark.parametrize("case", CASES["texts"], ids=lambda case: ascii(case["text"]))
def test_redaction(case: dict[str, str]) -> None:
    shown = case.get("shown", case["text"])
    assert Redaction(SECRETS)(case["text"]) == shown
    assert Redaction(SECRETS)(shown) == shown


@pytest.mark.parametrize("mark", ["host", "user"])
@pytest.mark.parametrize("name", CASES["ordinary"])
def test_an_ordinary_name_changes_nothing(name: str, mark: str) -> None:
    shown = CASES["outputs"].replace("NAME", name)
    secrets = {name: mark, name.upper(): mark, f"/home/{name}": "home"}
    assert Redaction(secrets)(shown) == shown
    assert Redaction({"workhorse": "host", **secrets})(f"{name}@workhorse") == f"{name}@‹host›"


def test_a_name_of_an_image_is_ordinary() -> None:
    """Whatever the project's images are called."""
    images = {"quaint": Image(tag="example.org/gadgets/tiny-box:1")}
    words = words_of(Project(Path(), (), {}, images, ()))
    for name in ("quaint", "gadgets", "tiny-box"):
        assert Redaction({name: "host"}, words)(f"run {name}") == f"run {name}"
        assert Redaction({name: "host"})(f"run {name}") == "run ‹host›"


def test_what_names_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses that every machine has name none; whoever has begun the run by sudo is named."""
    found = {
        "tunl0": [(psutil.AF_LINK, "0.0.0.0"), (psutil.AF_LINK, "00:00:00:00:00:00")],  # noqa: S104
        "sit0": [(socket.AF_INET6, "::"), (socket.AF_INET, "127.0.0.53"), (socket.AF_INET6, "::1")],
        "eth0": [(socket.AF_INET, "192.0.2.7"), (socket.AF_INET6, "fe80::7%eth0")],
    }
    addresses = {
        name: [SimpleNamespace(family=family, address=address) for family, address in items]
        for name, items in found.items()
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
    monkeypatch.setattr(socket, "gethostname", lambda: "desk-7f3.example.org")
    monkeypatch.setattr(Path, "home", raising(RuntimeError("no home")))
    monkeypatch.setattr(getpass, "getuser", raising(KeyError("no name")))
    monkeypatch.setenv("SUDO_USER", "alice")
    secrets = {name: mark for name, mark in host_secrets().items() if mark != "machine-id"}
    assert secrets == {
        "desk-7f3.example.org": "host",
        "desk-7f3": "host",
        "alice": "user",
        "192.0.2.7": "ipv4",
        "fe80::7": "ipv6",
    }


def raising(error: Exception) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


def test_a_capture_is_stored_and_read_back() -> None:
    made = Capture(
        "one",
        (Result("uname -r", hidden=False, output="6.18", code=0, seconds=0.5),),
        (ImageUse("alpine", "alpine:3", "sha256:0", stand_in=False, id="sha256:1"),),
        Provenance("t", "6.18", "Linux version", "x86_64", "Debian", "unknown", "20", "o", "1"),
    )
    assert decode(encode(made)) == made
    assert encode(made) == encode(decode(encode(made)))
    for wrong in (encode(made)[:-20], b"{}", encode(made).replace(b'"schema": 4', b'"schema": 5')):
        with pytest.raises(ValueError, match=r"not a capture|schema 5"):
            decode(wrong)


def test_a_flood_keeps_head_and_tail() -> None:
    output = Output(head=10, tail=10)
    for number in range(1000):
        output.write(f"{number:03}\r\n".encode())
    text = output.text()
    assert text.startswith("000\n001\n")
    assert text.endswith("998\n999")
    assert "4980 bytes left out" in text


def test_both_languages_have_the_same_words() -> None:
    zh, en = load_words("zh"), load_words("en")
    assert zh.keys() == en.keys()
    assert zh["needs"].keys() == en["needs"].keys() == REMEDIES.keys() == PROBES.keys()
