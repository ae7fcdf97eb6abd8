"""Registries that answer and those that do not: what one image teaches of the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kshare_docs.data.project import Image
from kshare_docs.machine.engine import connected
from kshare_docs.machine.images import Answer, ImageProvider, pull_image
from kshare_docs.run.cache import Cache

pytestmark = pytest.mark.live


class Registry(BaseHTTPRequestHandler):
    """A made-up registry that answers as the real ones do, and has no image at all."""

    asked: list[str]

    def do_GET(self) -> None:
        known = self.path == "/v2/"
        body = {} if known else {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}
        data = json.dumps(body).encode()
        self.asked.append(self.path)
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else data)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that it was asked for."""
    asked: list[str] = []
    handler = type("Answering", (Registry,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"localhost:{server.server_port}", asked
        server.shutdown()


def images(address: str) -> dict[str, Image]:
    return {
        name: Image(f"{address}/{name}:1", f"sha256:{digit * 64}")
        for name, digit in (("one", "1"), ("two", "2"))
    }


def test_an_unknown_digest_says_nothing_of_other_images(
    registry: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = registry
    with connected() as engine:
        known = images(address)
        assert pull_image(engine, known["one"].reference).answer is Answer.UNKNOWN
        provider = ImageProvider(tmp_path, known, engine, lambda _text: None)
        for name in ("one", "two"):
            why = provider.provide(name)
            assert isinstance(why, str)
            assert f"the image {name} cannot be pulled" in why
            assert any(f"/{name}/manifests/" in path for path in asked), "it was not asked for"
    assert list(tmp_path.iterdir()) == [], "nothing is remembered of a registry that answers"


def test_a_silent_registry_is_asked_once(tmp_path: Path) -> None:
    said: list[str] = []
    cache = Cache(tmp_path)
    with connected() as engine:
        provider = ImageProvider(tmp_path, images("localhost:1"), engine, said.append, cache)
        for name in ("one", "two"):
            assert isinstance(provider.provide(name), str)
    assert [line.partition("@")[0] for line in said] == ["pulling localhost:1/one:1"]
    assert cache.age("registry-silent") < 60
