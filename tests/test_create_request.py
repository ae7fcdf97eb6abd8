"""Our create request is the one of the real docker command, option by option."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.machine.containers import LIMITS, PIDS, example_containers
from kshare_docs.machine.endpoint import Endpoint
from kshare_docs.machine.engine import Engine, connected
from kshare_docs.machine.shell import PATH
from kshare_docs.pages.docker_options import OPTIONS
from kshare_docs.pages.docker_run import parse_run

from .recorder import LABELS, Recorder, recorder

SPELLINGS: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "options.yml").read_text(encoding="utf-8")
)
COMMANDS = sorted(
    {path.resolve() for folder in PATH.split(":") if (path := Path(folder, "docker")).exists()}
)
"""Every docker command of this machine."""

VERSIONS = ("1.41", "1.45")
"""Of the API: of Docker Engine 20.10, and the newest that the SDK speaks."""

LINES = [f"docker run {options} alpine id" for found in SPELLINGS.values() for options in found]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scratch folder with the files that lines name; nothing of this machine's configuration."""
    scratch = tmp_path / "scratch"
    for folder in (scratch, tmp_path / "home"):
        folder.mkdir()
    (scratch / "f.txt").write_text("f", encoding="utf-8")
    (scratch / "env.txt").write_text("# a comment\nA=file\n B=file \n\n", encoding="utf-8")
    (scratch / "more.txt").write_text("A=more\nD=\nno_proxy=file\n", encoding="utf-8")
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "home"))
    return scratch


def theirs(command: Path, line: str, scratch: Path, record: Recorder) -> tuple[Any, str]:
    """What the docker command asks for, and what it says; it has a terminal, as a reader has."""
    record.requests.clear()
    keyboard, terminal = os.openpty()
    done = subprocess.run(
        ["bash", "-c", line.replace("docker", str(command), 1)],
        cwd=scratch,
        stdin=terminal,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(keyboard)
    os.close(terminal)
    return (record.requests or [None])[-1], done.stderr


def ours(engine: Engine, line: str, scratch: Path, record: Recorder) -> Any:
    """What we ask for."""
    record.requests.clear()
    container = parse_run(line)
    assert container is not None, line
    with example_containers(engine, LABELS, scratch) as containers:
        containers.run(container, "alpine", 10)
    return record.requests[-1]


def plain(request: tuple[dict[str, str], dict[str, Any]], scratch: Path) -> dict[str, Any]:
    """A request without what is ours, what says nothing, and the order of what has none."""
    text = json.dumps(request[1])
    for copy in ("/copy/scratch", f"{scratch}/f.txt", "./f.txt"):
        text = text.replace(copy, "SCRATCH")
    body = json.loads(text)
    host = body.pop("HostConfig")
    for name in ("OpenStdin", "StdinOnce", "AttachStdin"):  # a build has no keyboard
        body.pop(name, None)
    for name in ("AutoRemove", "ConsoleSize"):  # it removes containers itself, and has no screen
        host.pop(name, None)
    for name, value in {**LIMITS, "PidsLimit": PIDS}.items():
        if host.get(name) == value:
            del host[name]
    if host.get("LogConfig", {}).get("Type") == "json-file":  # as ours is
        del host["LogConfig"]
    body["Labels"] = {k: v for k, v in (body["Labels"] or {}).items() if k not in LABELS}
    body["Env"] = sorted(body["Env"] or [])
    host["Binds"] = sorted(bind.removesuffix(":rw") for bind in host["Binds"] or [])
    for name in ("CapAdd", "CapDrop"):  # later commands send them as the engine reads them
        host[name] = sorted({c.upper().removeprefix("CAP_") for c in host.get(name) or []})
    masks = {name: host.pop(name, None) for name in ("MaskedPaths", "ReadonlyPaths")}
    return {"body": said(body), "host": said(host), "masks": masks, "parameters": request[0]}


def said(value: Any) -> Any:
    """What is left of a value without what is empty; of a network's, without what is no more."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {name: said(item) for name, item in value.items()}
    dropped = (
        (None, [], {}, "", 0) if "IPAMConfig" in value or "EndpointID" in value else (None, [], {})
    )
    return {name: item for name, item in found.items() if item not in dropped}


def over(base: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """What an engine sees: what the request says, or else the command's defaults."""
    return {name: {**base[name], **request[name]} for name in ("body", "host")} | {
        name: request[name] for name in ("masks", "parameters")
    }


NOT_KNOWN = "unknown (shorthand )?flag|bad format for add-host|in add-host|requires API version"
"""What a command says of an option, or of a spelling, that is younger than it."""


def said_version(command: Path) -> str:
    done = subprocess.run(
        [command, "version", "--format", "{{.Client.DefaultAPIVersion}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def test_every_option_is_held_against_the_command() -> None:
    taken = {option.name for option in OPTIONS.values() if not option.refusal}
    assert SPELLINGS.keys() - {"together"} == taken


@pytest.mark.skipif(not COMMANDS, reason="no docker command")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_the_request_is_the_commands(
    command: Path,
    version: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    equal, unknown, differing = 0, [], []
    with recorder(place.parent / "s", version) as record:
        monkeypatch.setenv("DOCKER_HOST", record.host)
        if said_version(command) < version:
            pytest.skip(f"this command does not know the API {version}")
        base = plain(theirs(command, "docker run alpine id", place, record)[0], place)
        with connected() as engine:
            for line in LINES:
                real, why = theirs(command, line, place, record)
                if real is None:
                    unknown.append((line, why))
                    continue
                wanted = over(base, plain(real, place))
                found = over(base, plain(ours(engine, line, place, record), place))
                equal += found == wanted
                differing += [] if found == wanted else [(line, found, wanted)]
    record_testsuite_property(f"{command} {version}: equal requests", equal)
    record_testsuite_property(f"{command} {version}: not known to it", len(unknown))
    assert differing == []
    assert equal > 300
    assert all(re.search(NOT_KNOWN, why) for _, why in unknown), unknown


PROXIES = {
    "proxies": {
        "default": {"httpProxy": "http://default:1", "noProxy": "localhost,.example.com"},
        "tcp://elsewhere:1": {"httpProxy": "http://elsewhere:1"},
    }
}


@pytest.mark.skipif(not COMMANDS, reason="no docker command")
@pytest.mark.parametrize("command", COMMANDS, ids=str)
@pytest.mark.parametrize("named", [False, True])
def test_proxies_of_the_configuration_are_the_commands(
    named: bool, command: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorder(place.parent / "s", VERSIONS[0]) as record:
        monkeypatch.setenv("DOCKER_HOST", record.host)
        own = {record.host: {"httpsProxy": "http://own:1", "ftpProxy": "", "unknown": "x"}}
        given = {"proxies": {**PROXIES["proxies"], **own}} if named else PROXIES
        (place.parent / "home" / "config.json").write_text(json.dumps(given), encoding="utf-8")
        with connected() as engine:
            for options in ("", "-e HTTP_PROXY=mine -e https_proxy=", "--env-file more.txt"):
                line = f"docker run {options} alpine id"
                real = plain(theirs(command, line, place, record)[0], place)
                found = plain(ours(engine, line, place, record), place)
                assert found["body"]["Env"] == real["body"]["Env"]
                assert any(
                    "_proxy=http://" in variable.lower() for variable in found["body"]["Env"]
                )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"proxies": 1}', '{"proxies": {"default": []}}'])
def test_a_configuration_that_says_nothing_of_proxies(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    assert Endpoint().proxies({"DOCKER_CONFIG": str(tmp_path)}) == {}
