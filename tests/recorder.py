"""A recorder of the Engine API: it notes what a client asks to be created, and starts nothing."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LABELS = {"org.kshare-docs.test": "x"}
"""Of every container that is asked for."""

INFO = {"ServerVersion": "0", "Driver": "overlay2", "PidsLimit": True, "ID": "recorder"}
CONTAINER = {
    "State": {"ExitCode": 0, "Status": "created"},
    "Config": {"Labels": LABELS},
}
ANSWERS: list[tuple[str, int, Any]] = [
    ("(GET|HEAD) /_ping", 200, "OK"),
    ("GET /info", 200, INFO),
    ("GET /(containers/json|networks)", 200, []),
    ("GET /volumes", 200, {"Volumes": []}),
    (r"GET /containers/\w+/json", 200, CONTAINER),
    ("POST /containers/create", 201, {"Id": "c" * 64, "Warnings": []}),
    ("POST /volumes/create", 201, {"Name": "copy", "Mountpoint": "/copy"}),
    (r"POST /containers/\w+/wait", 200, {"StatusCode": 125}),
    ("POST .*", 500, {"message": "a recorder starts nothing"}),
    ("(PUT|DELETE) .*", 204, None),
    (".*", 404, {"message": "a recorder has nothing"}),
]
"""What is said to which request; the first that fits counts."""


@dataclass
class Recorder:
    """What came in.

    Attributes:
        host: What `DOCKER_HOST` says to reach it.
        requests: The create requests with their parameters, in the order in which they came.
    """

    host: str
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)


@contextmanager
def recorder(path: Path, version: str) -> Iterator[Recorder]:
    """Record on a socket, as an engine with a version of the API."""
    found = Recorder(f"unix://{path}")
    versions = {"ApiVersion": version, "MinAPIVersion": "1.12", "Version": "0", "Os": "linux"}
    answers = [("GET /version", 200, versions), *ANSWERS]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self) -> str:
            return ""

        def log_message(self, *_arguments: object) -> None:
            pass

        def answer(self) -> None:
            url = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            place = re.sub(r"^/v[0-9.]+", "", url.path)
            if self.command == "POST" and place == "/containers/create":
                found.requests.append((dict(parse_qsl(url.query)), json.loads(data)))
            said = f"{self.command} {place}"
            status, body = next((s, b) for form, s, b in answers if re.fullmatch(form, said))
            text = json.dumps(body).encode() if body is not None else b""
            self.send_response(status)
            self.send_header("Api-Version", version)
            self.send_header("Ostype", "linux")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

        def handle_error(self, *_who: object) -> None:
            pass  # the client has what it wants, and is gone

        def get_request(self) -> tuple[Any, Any]:
            return self.socket.accept()[0], ("recorder", 0)

    with Server(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield found
        finally:
            server.shutdown()
