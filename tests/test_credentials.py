"""A `config.json` of which the docker command makes something, or that it only warns of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kshare_docs.data.project import Image
from kshare_docs.machine.engine import Engine, connected
from kshare_docs.machine.images import Answer, ImageProvider, pull_image

pytestmark = pytest.mark.live

HELPER = "docker-credential-broken"
STAND_IN = "#!/bin/sh\ncd / && tar --create etc/hostname\n"
BROKEN: dict[str, Any] = {
    "a store that is not installed": {"credsStore": "not-installed"},
    "a store that fails": {"credsStore": "broken"},
    "a helper that is not installed": {"credHelpers": {"localhost:1": "not-installed"}},
    "a helper that fails": {"credHelpers": {"localhost:1": "broken"}},
    "a store that is no name": {"credsStore": ["x"]},
    "helpers that are no table": {"credHelpers": ["x"]},
    "an entry that is no table": {"auths": {"localhost:1": "x"}},
    "an entry that is empty": {"auths": {"localhost:1": {"auth": ""}}},
    "an entry that is no base64": {"auths": {"localhost:1": {"auth": "!"}}},
    "entries that are no table": {"auths": ["x"]},
    "proxies that are no table": {"proxies": ["x"]},
    "proxies of the wrong kind": {"proxies": {"default": "x"}},
    "headers that are no table": {"HttpHeaders": "x"},
    "a list": ["x"],
    "a number": 1,
    "nothing": None,
}


@pytest.fixture(params=BROKEN, ids=lambda name: name.replace(" ", "-"))
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with connected() as there:
        monkeypatch.setenv("DOCKER_HOST", there.endpoint.host)  # no context is to be chosen
    helper = tmp_path / HELPER
    helper.write_text("#!/bin/sh\necho 'the keyring is locked' >&2; exit 1\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps(BROKEN[request.param]))
    with connected() as found:
        yield found


def test_what_cannot_be_read_is_a_reason(engine: Engine, tmp_path: Path) -> None:
    pull = pull_image(engine, "localhost:1/one:1")
    assert pull.answer is not Answer.DONE
    assert pull.why
    assert "\n" not in pull.why
    recipe = tmp_path / "recipe"
    recipe.write_text(STAND_IN)
    recipe.chmod(0o755)
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nENV A=1\n")
    images = {
        "one": Image("localhost:1/one:1", f"sha256:{'1' * 64}", "recipe", ("true",)),
        "two": Image(build="built", base="one"),
    }
    provider = ImageProvider(tmp_path, images, engine, lambda _text: None)
    uses = [provider.provide(name) for name in ("two", "one")]
    for use in uses:
        assert not isinstance(use, str), use
        engine.client.images.remove(use.used)


def test_the_reason_is_the_helper_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected() as there:
        monkeypatch.setenv("DOCKER_HOST", there.endpoint.host)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text('{"credsStore": "not-installed"}')
    with connected() as engine:
        pull = pull_image(engine, "localhost:1/one:1")
    assert pull.answer is Answer.UNKNOWN
    assert "docker-credential-not-installed not installed" in pull.why
