"""Finds the Docker Engine that answers, with nothing but the standard library."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT = "unix:///var/run/docker.sock"
ANSWERS, NOTHING, SILENT, FORBIDDEN = 0, 3, 4, 5
USAGE = """\
Prints where the engine is, as lines of the form NAME=VALUE for the environment
(none for the default socket). Exit code: 0 it answers, 3 there is none,
4 the one that DOCKER_HOST names does not answer, 5 it is there but forbidden.
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine may be: its address, and the folder of its certificates."""

    host: str
    certificates: Path | None = None

    def environment(self) -> dict[str, str]:
        """What makes the Docker SDK look here; nothing where it looks anyway."""
        if self.host in {DEFAULT, "unix:///run/docker.sock"}:
            return {}
        if self.certificates is None:
            return {"DOCKER_HOST": self.host}
        return {
            "DOCKER_HOST": self.host,
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(self.certificates),
        }


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection(endpoint: Endpoint, timeout: float) -> http.client.HTTPConnection:
    """An unopened connection to the endpoint; ValueError where there is no way to make one."""
    url = urlsplit(endpoint.host)
    if url.scheme == "unix":
        return UnixConnection(url.path, timeout)
    if url.scheme not in {"tcp", "http", "https"} or url.hostname is None:
        raise ValueError(endpoint.host)
    if endpoint.certificates is None and url.scheme != "https":
        return http.client.HTTPConnection(url.hostname, url.port or 2375, timeout=timeout)
    context = ssl.create_default_context()
    if endpoint.certificates is not None:
        context.load_verify_locations(endpoint.certificates / "ca.pem")
        context.load_cert_chain(
            endpoint.certificates / "cert.pem", endpoint.certificates / "key.pem"
        )
    return http.client.HTTPSConnection(
        url.hostname, url.port or 2376, timeout=timeout, context=context
    )


def probe(endpoint: Endpoint, timeout: float = 5) -> int:
    """One of the exit codes: ANSWERS, FORBIDDEN or NOTHING."""
    try:
        link = connection(endpoint, timeout)
        try:
            link.request("GET", "/_ping")
            return ANSWERS if link.getresponse().status == http.HTTPStatus.OK else NOTHING
        finally:
            link.close()
    except PermissionError:
        return FORBIDDEN
    except (OSError, ValueError, http.client.HTTPException):
        return NOTHING


def named() -> Endpoint | None:
    """What DOCKER_HOST says."""
    host = os.environ.get("DOCKER_HOST")
    if not host:
        return None
    folder = os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker"
    return Endpoint(host, Path(folder) if os.environ.get("DOCKER_TLS_VERIFY") else None)


def context() -> Endpoint | None:
    """What the docker command's current context says; the SDK by itself does not look there."""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        name = os.environ.get("DOCKER_CONTEXT")
        if not name:
            name = json.loads((folder / "config.json").read_bytes()).get("currentContext")
        if not name or name == "default":
            return None
        key = hashlib.sha256(name.encode()).hexdigest()
        meta = json.loads((folder / "contexts/meta" / key / "meta.json").read_bytes())
        host = meta["Endpoints"]["docker"]["Host"]
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return None
    certificates = folder / "contexts/tls" / key / "docker"
    return Endpoint(str(host), certificates if (certificates / "ca.pem").exists() else None)


def find() -> tuple[int, Endpoint]:
    """The first endpoint that answers, as the docker command would choose it."""
    chosen = named()
    if chosen is not None:
        code = probe(chosen)
        return (SILENT if code == NOTHING else code), chosen
    result = NOTHING, Endpoint(DEFAULT)
    for endpoint in filter(None, (context(), Endpoint(DEFAULT))):
        code = probe(endpoint)
        if code == ANSWERS:
            return code, endpoint
        if code == FORBIDDEN:
            result = code, endpoint
    return result


def main() -> int:
    """Print the endpoint's environment and return an exit code."""
    parser = argparse.ArgumentParser(
        description=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", help="look only here")
    parser.add_argument("--wait", type=float, default=0, help="seconds to wait for --host")
    arguments = parser.parse_args()
    if arguments.host is None:
        code, endpoint = find()
    else:
        endpoint = Endpoint(arguments.host)
        end = time.monotonic() + arguments.wait
        while (code := probe(endpoint)) == NOTHING and time.monotonic() < end:
            time.sleep(0.05)
    for name, value in endpoint.environment().items():
        sys.stdout.write(f"{name}={value}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
