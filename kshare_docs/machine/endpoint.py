"""Where the Docker Engine is: chosen as the docker command chooses, reached by the Docker SDK.

Longer than most modules: to choose an engine, to reach it in time and to say why it does not answer
is one act, which the scripts call too.

The choice is written down here because the SDK's own differs from the docker command's
(docker 7.2.0: `docker.context`, `kwargs_from_env`): without a `config.json` it looks for contexts
in the working directory, it takes a context that is lost for the default socket, leaves TLS out
where a file of it is missing, and does not verify where `DOCKER_TLS_VERIFY` is not set.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
import docker
import docker.errors
import requests
from docker.auth import AuthConfig, load_config
from docker.constants import (
    DEFAULT_DOCKER_API_VERSION,
    DEFAULT_NPIPE,
    IS_WINDOWS_PLATFORM,
    MINIMUM_DOCKER_API_VERSION,
)
from docker.context.config import METAFILE, get_context_id
from docker.tls import TLSConfig
from docker.utils.socket import SocketError
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from .host import home_folder

DEFAULT = DEFAULT_NPIPE if IS_WINDOWS_PLATFORM else "unix:///var/run/docker.sock"
"""Where an engine listens unless it is told otherwise."""

TRY_SECONDS = 5
"""How long one try of the command line below may take."""

ANSWER_SECONDS = 10.0
"""How long an engine may take to say which one it is, however slowly it speaks."""

FAILURES = (
    docker.errors.DockerException,
    HTTPError,
    SocketError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
)
"""What the SDK and those below it raise; an error of requests is an OSError."""

SAID_LENGTH = 300
"""Characters of what an engine said that go into a message."""

_PROXIES = ("httpProxy", "httpsProxy", "ftpProxy", "noProxy", "allProxy")
_TABLES = {"HttpHeaders": str, "proxies": dict}
"""What of `config.json` is for the engine, with the type of the values."""

_NONSENSE = (KeyError, TypeError, requests.exceptions.JSONDecodeError, SocketError)
_T = TypeVar("_T")


class EndpointError(Exception):
    """No engine can be named or used; the message says what is wrong, and the way out."""


class ForbiddenError(EndpointError):
    """An engine is there, but this user may not use it, or it is of another make."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an engine is.

    Attributes:
        host: What `DOCKER_HOST` would say: `unix://…`, `tcp://…`, `ssh://…`, `npipe://…`.
        certificates: The folder of `ca.pem`, `cert.pem` and `key.pem`; None for the system's CAs.
        tls: Whether a `tcp://` host is spoken to by TLS.
        verify: Whether the engine must prove by its certificate that it is the one.
        named: What names it: `DOCKER_HOST` or `the context …`; empty for the default socket.
    """

    host: str = DEFAULT
    certificates: Path | None = None
    tls: bool = False
    verify: bool = True
    named: str = field(default="", compare=False)

    def client(self, *, timeout: float = 60, version: str = "auto") -> docker.DockerClient:
        """Make a client of this engine; every client of a run is made here.

        Args:
            timeout: Seconds that the engine may stay silent.
            version: Of its API; `auto` asks the engine, and so finds out whether it answers.

        Raises:
            ForbiddenError: This user may not use the engine.
            EndpointError: It does not answer, or what names it is wrong.
        """
        try:
            if version == "auto":
                self._knock()
                with contextlib.closing(self._open(timeout, MINIMUM_DOCKER_API_VERSION)) as asking:
                    seconds = min(timeout, ANSWER_SECONDS)
                    said = bounded(seconds, lambda: asking.api.version(api_version=False))
                version = _common_version(said["ApiVersion"], said.get("MinAPIVersion", "1.0"))
                _check_make(said.get("Components") or ())
            return self._open(timeout, version)
        except EndpointError as error:
            raise type(error)(f"the Docker Engine at {self.host} {error}") from None
        except FAILURES as error:
            raise self._failed(error) from None

    def _knock(self) -> None:
        """Connect once: where nothing listens, the SDK would leave its own socket open.

        Raises:
            OSError: Nothing listens.
        """
        if self._scheme == "unix":
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(ANSWER_SECONDS)
                door.connect("/" + self.host.removeprefix("unix://").lstrip("/"))

    def environment(self) -> dict[str, str]:
        """Return what makes the docker command and the SDK look exactly here.

        What is empty counts as unset for both, so that no variable of somebody else has a say.
        """
        return {
            "DOCKER_HOST": self.host,
            "DOCKER_TLS": "1" if self._secured else "",
            "DOCKER_TLS_VERIFY": "1" if self._secured and self.verify else "",
            "DOCKER_CERT_PATH": str(self.certificates or "") if self._secured else "",
        }

    def proxies(self, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return what `proxies` of the docker command's `config.json` says of this engine.

        Its keys are those of that file (docker/cli, cli/config/configfile/file.go); a file that
        cannot be read says nothing.
        """
        try:
            table = json.loads((_folder(environment) / "config.json").read_bytes())["proxies"]
            given = table[self.host] if self.host in table else table["default"]
            return {key: str(given[key]) for key in _PROXIES if given.get(key)}
        except (OSError, ValueError, LookupError, AttributeError, TypeError):
            return {}

    @property
    def _scheme(self) -> str:
        return self.host.partition("://")[0] if "://" in self.host else "tcp"

    @property
    def _secured(self) -> bool:
        return self.tls and self._scheme == "tcp"

    def _open(self, timeout: float, version: str) -> docker.DockerClient:
        """A client that has not asked anything yet."""
        client = _Client(
            self.host,
            version=version,
            timeout=timeout,
            tls=self._tls() if self._secured else False,
            use_ssh_client=True,
        )
        # Otherwise REQUESTS_CA_BUNDLE would stand in for the engine's own CA.
        client.api.trust_env = False
        client.api.max_redirects = 0
        if self._scheme == "tcp" and not _is_local(urlsplit(client.api.base_url).hostname or ""):
            client.api.proxies.update(get_environ_proxies(client.api.base_url))
            client.api.proxies.pop("all", None)  # ALL_PROXY is nothing to the docker command
        return client

    def _tls(self) -> TLSConfig | bool:
        if self.certificates is None:
            return TLSConfig(verify=self.verify)
        ca, cert, key = (self.certificates / name for name in ("ca.pem", "cert.pem", "key.pem"))
        # An engine may ask for no certificate; half of one is a mistake.
        own = (cert, key) if cert.exists() or key.exists() else ()
        for path in (*own, *((ca,) if self.verify else ())):
            if not path.is_file():
                raise FileNotFoundError(2, f"{path} is missing")
        pair = (str(cert), str(key)) if own else None
        return TLSConfig(client_cert=pair, ca_cert=str(ca), verify=self.verify)

    def _failed(self, error: Exception) -> EndpointError:
        place = f"{self.host}, which {self.named} names" if self.named else self.host
        if isinstance(_innermost(error), PermissionError) and self._scheme == "unix":
            return ForbiddenError(
                f"a Docker Engine is at {place}, but this user may not use it."
                ' Run this, then log in again: sudo usermod -aG docker "$USER"'
            )
        remedy = "start Docker, or let `scripts/build` install and start one"
        if self.named:
            remedy = "start it there, or choose another by DOCKER_HOST or `docker context use`"
        return EndpointError(f"no Docker Engine answers at {place} ({explain(error)}): {remedy}")


class _Credentials(AuthConfig):
    """Those of `config.json`, read where a registry is asked: an engine and its builds need none.

    The SDK reads them for every client, and fails where the docker command goes on without.
    """

    is_empty = False

    def resolve_authconfig(self, registry: str | None = None) -> Any:
        """The credentials for a registry; None if there are none.

        Raises:
            DockerException: They cannot be read.
        """
        try:
            with warnings.catch_warnings(action="ignore"):  # it says twice what is not installed
                return load_config().resolve_authconfig(registry)
        except Exception as error:
            raise docker.errors.DockerException("config.json has no credentials") from error

    def get_all_credentials(self) -> dict[str, Any]:
        """None of them."""
        return {}


class _Api(docker.APIClient):
    """The SDK's client, of whose `config.json` only what is sound has a say."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_general_configs":
            tables = _of_type(value, dict)
            value = {key: _of_type(tables.get(key), kind) for key, kind in _TABLES.items()}
        elif name == "_auth_configs":
            value = _Credentials({})
        super().__setattr__(name, value)


def _of_type(table: Any, kind: type) -> dict[str, Any]:
    """What of a JSON object has values of a type; nothing if it is none."""
    items = table.items() if isinstance(table, dict) else ()
    return {key: value for key, value in items if isinstance(value, kind)}


class _Client(docker.DockerClient):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.api = _Api(*arguments, **options)


def find_endpoint(environment: Mapping[str, str] = os.environ) -> Endpoint:
    """Find out which engine the docker command would use; whether it answers is not tried.

    In its order (docker/cli, cli/command/cli.go): `DOCKER_HOST`, `DOCKER_CONTEXT`, the context
    that `docker context use` has chosen, the default socket. TLS by `DOCKER_TLS_VERIFY` and
    `DOCKER_TLS` belongs to an engine that no context names.

    Args:
        environment: Where the variables are looked up; by default this process's.

    Raises:
        EndpointError: A context is named, but it is lost or broken.
    """
    given = environment.get
    folder = _folder(environment)
    host = given("DOCKER_HOST", "")
    context = "" if host else given("DOCKER_CONTEXT") or _current_context(folder)
    if context not in {"", "default"}:
        return _of_context(folder, context)
    verify = bool(given("DOCKER_TLS_VERIFY"))
    tls = verify or bool(given("DOCKER_TLS"))
    certificates = Path(given("DOCKER_CERT_PATH") or folder) if tls else None
    named = "DOCKER_HOST" if host else ""
    return Endpoint(host or DEFAULT, certificates, tls, verify or not tls, named)


@click.command()
@click.option("--host", help="Look only here.")
@click.option("--wait", default=0.0, help="Seconds to wait for it.")
def print_endpoint(*, host: str | None, wait: float) -> None:
    """Print where the Docker Engine is, as lines NAME=VALUE for the environment.

    There are none for the default socket. Exit codes: 0 it answers, 3 there is none, 4 the one
    that DOCKER_HOST or a context names does not answer, 5 it is there but forbidden.
    """
    silent = 4  # what is named and lost is as good as one that does not answer
    try:
        endpoint = Endpoint(host) if host else find_endpoint()
        silent = 4 if endpoint.named else 3
        if endpoint.host != DEFAULT:
            for name, value in endpoint.environment().items():
                click.echo(f"{name}={value}")
        _wait(endpoint, time.monotonic() + wait)
    except EndpointError as error:
        code = 5 if isinstance(error, ForbiddenError) else silent
        if code != 3:
            click.echo(f"kshare: {error}", err=True)
        sys.exit(code)


def _wait(endpoint: Endpoint, end: float) -> None:
    """Return once the engine answers; raise its last error when the time has passed."""
    while True:
        try:
            endpoint.client(timeout=TRY_SECONDS).close()
        except EndpointError as error:
            if isinstance(error, ForbiddenError) or time.monotonic() >= end:
                raise
            time.sleep(0.05)
        else:
            return


def _folder(environment: Mapping[str, str]) -> Path:
    """Where the docker command's configuration is."""
    given = environment.get
    return Path(given("DOCKER_CONFIG") or Path(given("HOME") or home_folder(), ".docker"))


def _current_context(folder: Path) -> str:
    """The name that `docker context use` has written; empty if none was."""
    path = folder / "config.json"
    try:
        return str(json.loads(path.read_bytes()).get("currentContext") or "")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, AttributeError) as error:
        raise EndpointError(
            f"{path}, which may choose a context, cannot be read ({error}):"
            " mend it, or set DOCKER_CONTEXT=default"
        ) from None


def _of_context(folder: Path, name: str) -> Endpoint:
    key = get_context_id(name)
    path = folder / "contexts" / "meta" / key / METAFILE
    try:
        meta = json.loads(path.read_bytes())["Endpoints"]["docker"]
        host, skip = str(meta["Host"]), bool(meta.get("SkipTLSVerify"))
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        what = "is not there" if isinstance(error, FileNotFoundError) else f"is broken ({error!r})"
        known = ", ".join(["default", *_contexts(folder)])
        raise EndpointError(
            f"the docker context {name!r} {what}: its file is {path}. Known contexts: {known}."
            " Choose one by `docker context use NAME` or DOCKER_CONTEXT"
        ) from None
    stored = folder / "contexts" / "tls" / key / "docker"
    certificates = stored if stored.is_dir() else None
    # As in docker/cli, cli/context/docker/load.go: TLS if there is material for it, or if it is
    # said to be left unverified.
    tls = certificates is not None or skip
    return Endpoint(host, certificates, tls, not skip, f"the context {name!r}")


def _contexts(folder: Path) -> list[str]:
    """The names of the contexts that can be read."""
    names = []
    for path in (folder / "contexts" / "meta").glob(f"*/{METAFILE}"):
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            meta = json.loads(path.read_bytes())
            if meta["Endpoints"]["docker"]["Host"]:
                names.append(str(meta["Name"]))
    return sorted(names)


def bounded(seconds: float, work: Callable[[], _T]) -> _T:
    """Do what an engine may keep from ending.

    A socket's time limit counts from byte to byte, so that one who speaks slowly is waited for
    without end. What has not ended is left to itself, in a thread that dies with the process.

    Raises:
        TimeoutError: The time is over.
    """
    future: Future[_T] = Future()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=do, daemon=True).start()
    return future.result(max(0.0, seconds))


def _check_make(components: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what speaks the API and is no Docker Engine: its containers are made otherwise."""
    makes = {str(part["Name"]): part.get("Version", "") for part in components}
    if makes and "Engine" not in makes:
        make = " ".join(map(str, next(iter(makes.items()))))
        raise ForbiddenError(
            f"is none: it is {make}. Choose one by DOCKER_HOST or `docker context use`"
        )


def _common_version(newest: str, oldest: str) -> str:
    """The newest version of the API that an engine and the SDK have in common."""
    theirs, least = _numbers(newest), _numbers(oldest)
    ours, known = MINIMUM_DOCKER_API_VERSION, DEFAULT_DOCKER_API_VERSION
    if theirs < _numbers(ours):
        raise EndpointError(f"is too old: its API ends with {newest}, ours begins with {ours}")
    if least > _numbers(known):
        raise EndpointError(f"is too new: its API begins with {oldest}, ours ends with {known}")
    return min(newest, known, key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}", version, re.ASCII):
        raise TypeError("no version")
    return tuple(map(int, version.split(".")))


def explain(error: BaseException) -> str:
    """What the system or the engine said, of an error that others are wrapped around: one line."""
    cause = _innermost(error)
    if isinstance(cause, docker.errors.APIError):
        said = str(cause.explanation or cause)
    elif isinstance(cause, TimeoutError):
        said = "it is silent"
    elif isinstance(cause, _NONSENSE):
        said = "what answers there is no Docker Engine"
    else:
        said = (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(said.split()))
    return (line if len(line) <= SAID_LENGTH else f"{line[:SAID_LENGTH]}…") or type(cause).__name__


def _innermost(error: BaseException) -> BaseException:
    """The error that requests and urllib3 have wrapped, each in its own way."""
    while not isinstance(error, docker.errors.APIError):
        candidates = (getattr(error, "reason", None), *error.args, error.__cause__)
        inner = next((item for item in candidates if isinstance(item, BaseException)), None)
        if inner is None:
            break
        error = inner
    return error


def _is_local(host: str) -> bool:
    """Whether a proxy has no say: as in Go's `http.ProxyFromEnvironment`, and for 0.0.0.0."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


if __name__ == "__main__":
    print_endpoint()
