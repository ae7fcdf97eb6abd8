"""A web server for a folder, as a static host would serve it: packed, and with its 404 page."""

from __future__ import annotations

import functools
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PACKED = frozenset({".html", ".css", ".js", ".json", ".svg", ".txt", ".md", ".xml"})


@functools.cache
def _packed(path: Path, changed: int) -> bytes:  # noqa: ARG001
    return gzip.compress(path.read_bytes(), 6)


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection serves many files, as every host's does
    timeout = 20

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.endswith("/") else path
        takes = "gzip" in self.headers.get("Accept-Encoding", "")
        if not takes or path.suffix not in PACKED or not path.is_file():
            return super().do_GET()
        body = _packed(path, path.stat().st_mtime_ns)
        self._answer(200, self.guess_type(path), body, packed=True)
        return None

    def _answer(self, code: int, kind: str, body: bytes, *, packed: bool = False) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass

    def send_error(self, code: int, *rest: Any) -> None:
        page = Path(self.directory, "404.html")
        if code != 404 or not page.is_file():
            return super().send_error(code, *rest)
        self._answer(404, "text/html", page.read_bytes())
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a browser asks for all files of a page at once

    def handle_error(self, *_: Any) -> None:
        """A window that was closed meanwhile is no error."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine; its address ends in a slash."""
    with _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
