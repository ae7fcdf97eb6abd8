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

INFO = {
    "ServerVersion": "0",
    "OperatingSystem": "a recorder",
    "Driver": "overlay2",
    "CgroupVersion": "1",
    "PidsLimit": True,
    "ID": "recorder",
}
LABELS = {"org.kshare-docs.test": "x"}
"""Of every container that is asked for."""

CREATED = {"Id": "c" * 64, "Warnings": []}


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
            status, body = said(self.command, place, version)
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


def said(method: str, place: str, version: str) -> tuple[int, Any]:
    """The answer to a request: an engine that creates everything and starts nothing."""
    match method, place:
        case _, "/_ping":
            return 200, "OK"
        case "GET", "/version":
            return 200, {
                "ApiVersion": version,
                "MinAPIVersion": "1.12",
                "Version": "0",
                "Os": "linux",
            }
        case "GET", "/info":
            return 200, INFO
        case "GET", "/containers/json" | "/networks":
            return 200, []
        case "GET", "/volumes":
            return 200, {"Volumes": []}
        case "POST", "/containers/create":
            return 201, CREATED
        case "POST", "/volumes/create":
            return 201, {"Name": "copy", "Mountpoint": "/copy"}
        case "PUT" | "DELETE", _:
            return 204, None
        case "GET", _ if re.fullmatch(r"/containers/\w+/json", place):
            state = {"ExitCode": 0, "Status": "created"}
            return 200, {"State": state, "Config": {"Labels": LABELS}}
        case "POST", _ if place.endswith("/wait"):
            return 200, {"StatusCode": 125}
    return 500 if method == "POST" else 404, {"message": "a recorder starts nothing"}
