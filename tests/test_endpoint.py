"""Where the engine is looked for, and engines that are reached by TLS and by ssh."""

from __future__ import annotations

import contextlib
import gc
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker.context.config import get_context_id
from requests.utils import select_proxy

from kshare_docs.machine.endpoint import (
    DEFAULT,
    Endpoint,
    EndpointError,
    ForbiddenError,
    find_endpoint,
)

from .relay import Impostor, http

ROOT = Path(__file__).parent.parent

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
"""With the folders of daemons, which a user's may lack."""

# The SDK leaves a Unix socket that it could not connect to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Garbage is warned of while that mark holds."""
    yield
    gc.collect()


@dataclass(frozen=True)
class Home:
    """A home with the docker command's folder."""

    path: Path

    @property
    def docker(self) -> Path:
        return self.path / ".docker"

    def find(self, **environment: str) -> Endpoint:
        return find_endpoint({"HOME": str(self.path), **environment})

    def config(self, text: str) -> None:
        self.docker.mkdir(exist_ok=True)
        (self.docker / "config.json").write_text(text)

    def context(self, name: str, host: str, **more: object) -> Path:
        """Store a context; its folder of certificates, which is not made."""
        meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, **more}}}
        self.meta(name, json.dumps(meta))
        return self.docker / "contexts" / "tls" / get_context_id(name) / "docker"

    def meta(self, name: str, text: str) -> None:
        folder = self.docker / "contexts" / "meta" / get_context_id(name)
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text(text)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


# --- what is named


def test_nothing_named_is_the_default_socket(home: Home) -> None:
    assert home.find() == Endpoint(DEFAULT)
    assert home.find().named == ""


def test_empty_variables_name_nothing(home: Home) -> None:
    assert home.find(DOCKER_HOST="", DOCKER_CONTEXT="", DOCKER_TLS_VERIFY="") == Endpoint(DEFAULT)


def test_docker_host_goes_before_every_context(home: Home) -> None:
    home.config('{"currentContext": "lost"}')
    found = home.find(DOCKER_HOST="tcp://h:1", DOCKER_CONTEXT="lost")
    assert (found, found.named) == (Endpoint("tcp://h:1"), "DOCKER_HOST")


@pytest.mark.parametrize(
    ("variables", "folder", "verify"),
    [
        ({"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"}, "/c", True),
        ({"DOCKER_TLS": "1", "DOCKER_CERT_PATH": "/c"}, "/c", False),
        ({"DOCKER_TLS_VERIFY": "1"}, "HOME/.docker", True),
        ({"DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": "/d"}, "/d", True),
    ],
)
def test_tls_by_the_environment(
    home: Home, variables: dict[str, str], folder: str, verify: bool
) -> None:
    found = home.find(DOCKER_HOST="tcp://h:2376", **variables)
    certificates = Path(folder.replace("HOME", str(home.path)))
    assert found == Endpoint("tcp://h:2376", certificates, tls=True, verify=verify)


def test_a_folder_of_certificates_alone_is_no_tls(home: Home) -> None:
    """The docker command sees it so; the SDK would speak TLS without verifying."""
    found = home.find(DOCKER_HOST="tcp://h:1", DOCKER_CERT_PATH="/c", DOCKER_TLS_VERIFY="")
    assert found == Endpoint("tcp://h:1")


def test_the_current_context(home: Home) -> None:
    home.context("lab", "ssh://me@lab")
    home.config('{"currentContext": "lab"}')
    found = home.find()
    assert (found, found.named) == (Endpoint("ssh://me@lab"), "the context 'lab'")


def test_docker_context_goes_before_the_current_one(home: Home) -> None:
    home.context("lab", "tcp://lab:1")
    home.context("other", "tcp://other:1")
    home.config('{"currentContext": "other"}')
    assert home.find(DOCKER_CONTEXT="lab") == Endpoint("tcp://lab:1")
    assert home.find(DOCKER_CONTEXT="default") == Endpoint(DEFAULT)


def test_a_context_needs_no_config_json(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would look for the folder `contexts` in the working directory."""
    monkeypatch.chdir(home.path)
    home.context("lab", "tcp://lab:1")
    assert home.find(DOCKER_CONTEXT="lab") == Endpoint("tcp://lab:1")


def test_docker_config_moves_the_contexts(home: Home) -> None:
    home.context("lab", "tcp://lab:1")
    moved = home.path / "moved"
    home.docker.rename(moved)
    assert home.find(DOCKER_CONTEXT="lab", DOCKER_CONFIG=str(moved)) == Endpoint("tcp://lab:1")


@pytest.mark.parametrize("skip", [True, False])
def test_a_context_with_tls_files(home: Home, skip: bool) -> None:
    folder = home.context("lab", "tcp://lab:1", SkipTLSVerify=skip)
    folder.mkdir(parents=True)
    found = home.find(DOCKER_CONTEXT="lab", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH="/theirs")
    assert found == Endpoint("tcp://lab:1", folder, tls=True, verify=not skip)


def test_a_lost_context_lists_the_known_ones(home: Home) -> None:
    home.context("lab", "tcp://lab:1")
    home.context("another", "tcp://another:1")
    home.meta("broken", "{")
    home.config('{"currentContext": "lost"}')
    with pytest.raises(EndpointError, match=r"'lost' is not there.*: default, another, lab\."):
        home.find()


@pytest.mark.parametrize("text", ["{", "[]", '{"Endpoints": {}}', '{"Endpoints": {"docker": 1}}'])
def test_a_broken_context(home: Home, text: str) -> None:
    home.meta("lab", text)
    with pytest.raises(EndpointError, match=r"'lab' is broken .*meta\.json\. Known .*: default\."):
        home.find(DOCKER_CONTEXT="lab")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_config_json(home: Home, text: str) -> None:
    home.config(text)
    with pytest.raises(EndpointError, match="DOCKER_CONTEXT=default"):
        home.find()
    assert home.find(DOCKER_CONTEXT="default") == Endpoint(DEFAULT)


# --- what is handed on


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint(DEFAULT),
        Endpoint("ssh://lab"),
        Endpoint("tcp://h:1"),
        Endpoint("tcp://h:1", Path("/c"), tls=True),
        Endpoint("tcp://h:1", Path("/c"), tls=True, verify=False),
    ],
)
def test_the_environment_leads_back(home: Home, endpoint: Endpoint) -> None:
    home.config('{"currentContext": "lost"}')
    theirs = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/theirs", "DOCKER_CONTEXT": "lost"}
    assert home.find(**{**theirs, **endpoint.environment()}) == endpoint


# --- what does not answer


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("unix:///nowhere/docker.sock", "No such file or directory"),
        ("tcp://127.0.0.1:1", "Connection refused"),
        ("tcp://127.0.0.1", "port is required"),
        ("tcp://127.0.0.1:x", "Port could not be cast"),
        ("gopher://h", "Invalid bind address protocol"),
    ],
)
def test_no_engine(host: str, reason: str) -> None:
    with pytest.raises(EndpointError, match=rf"{reason}.*start it there"):
        Endpoint(host, named="DOCKER_HOST").client()


def test_missing_certificates_are_named(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    with pytest.raises(EndpointError, match=r"key\.pem is missing"):
        Endpoint("tcp://127.0.0.1:1", tmp_path, tls=True).client()
    (tmp_path / "cert.pem").unlink()
    with pytest.raises(EndpointError, match=r"ca\.pem is missing"):
        Endpoint("tcp://127.0.0.1:1", tmp_path, tls=True).client()


def test_a_socket_that_never_answers(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        with pytest.raises(EndpointError, match="it is silent"):
            Endpoint(f"unix://{path}").client(timeout=0.2)


def test_what_is_no_engine(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def answer() -> None:
            asked = b""
            while not asked:  # the first one only looks whether anybody listens
                accepted, _address = listening.accept()
                with accepted:
                    if asked := accepted.recv(4096):
                        accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(EndpointError, match="no Docker Engine"):
            Endpoint(f"unix://{path}").client(timeout=2)
        thread.join()


PODMAN = {"ApiVersion": "1.44", "Components": [{"Name": "Podman Engine", "Version": "5.8.6"}]}
DOCKER = {"ApiVersion": "1.44", "Components": [{"Name": "Engine"}, {"Name": "containerd"}]}


MAKES = (("podman", PODMAN), ("docker", DOCKER))


def test_an_engine_of_another_make_is_named(home: Home) -> None:
    """What podman's socket answers, by a stand-in for it."""
    said = [Impostor(home.path / name, http(json.dumps(data).encode())) for name, data in MAKES]
    with pytest.raises(
        ForbiddenError, match=r"unix:.* is none: it is Podman Engine 5\.8\.6\. Choose"
    ):
        Endpoint(said[0].host).client()
    Endpoint(said[1].host).client().close()
    done = ask(home.path, DOCKER_HOST=said[0].host)
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    for impostor in said:
        impostor.cut()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    ("host", "used"),
    [
        (DEFAULT, False),
        ("tcp://127.0.0.1:2375", False),
        ("tcp://127.8.8.8:2375", False),
        ("tcp://localhost:2375", False),
        ("tcp://engine.localhost:2375", False),
        ("tcp://0.0.0.0:2375", False),
        ("tcp://[::1]:2375", False),
        ("tcp://excepted.example:2375", False),
        ("tcp://engine.example:2375", True),
    ],
)
def test_no_proxy_stands_before_an_engine_that_is_near(
    monkeypatch: pytest.MonkeyPatch, variable: str, host: str, used: bool
) -> None:
    """And of the rest, those that the docker command asks: it knows no ALL_PROXY."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        for spelling in (name, name.lower()):
            monkeypatch.delenv(spelling, raising=False)
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "excepted.example")
    with contextlib.closing(Endpoint(host)._open(1, "1.41")) as client:
        url = f"{client.api.base_url}/version"
        settings = client.api.merge_environment_settings(url, {}, None, None, None)
        proxy = select_proxy(url, settings["proxies"])
        assert bool(proxy) is (used and "all" not in variable.lower())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every socket")
def test_a_socket_that_is_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        path.chmod(0)
        with pytest.raises(ForbiddenError, match="usermod"):
            Endpoint(f"unix://{path}").client()


# --- what the scripts call


def ask(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "kshare_docs.machine.endpoint", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(home)} | environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=30,
    )


def test_codes(home: Home) -> None:
    done = ask(home.path, DOCKER_HOST="unix:///nowhere")
    assert (done.returncode, "DOCKER_HOST" in done.stderr) == (4, True)
    done = ask(home.path, DOCKER_CONTEXT="lost")
    assert (done.returncode, "'lost' is not there" in done.stderr) == (4, True)
    home.context("lab", "unix:///nowhere")
    done = ask(home.path, DOCKER_CONTEXT="lab")
    assert (done.returncode, "'lab'" in done.stderr) == (4, True)
    begin = time.monotonic()
    done = ask(home.path, "--host", "unix:///nowhere", "--wait", "1")
    assert (done.returncode, time.monotonic() - begin >= 1) == (3, True)


# --- real engines


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is gone in the end."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            finally:
                process.kill()
                process.wait()


@contextlib.contextmanager
def bridge() -> Iterator[str]:
    """A network bridge of the test's own: with `--bridge=none`, dockerd removes everybody's."""
    name = f"kshare{os.getpid() % 10**6}"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)


@contextlib.contextmanager
def dockerd(folder: Path, *options: str) -> Iterator[Path]:
    """An engine of the test's own; its socket. It touches nobody else's."""
    path = folder / "docker.sock"
    log = folder / "dockerd.log"
    arguments = [
        *("dockerd", "--config-file", str(folder / "daemon.json"), "--host", f"unix://{path}"),
        *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
        *("--pidfile", str(folder / "pid"), "--iptables=false", "--ip6tables=false"),
        *("--ip-forward=false", "--ip-masq=false", *options),
    ]
    (folder / "daemon.json").write_text("{}")
    with bridge() as name, running([*arguments, "--bridge", name], log) as process:
        for _ in range(400):
            with contextlib.suppress(EndpointError):
                Endpoint(f"unix://{path}").client(timeout=5).close()
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            pytest.fail(log.read_text())
        yield path


ELSEWHERE = (
    *("/etc/docker/key.json", "/etc/docker", "/run/docker/plugins", "/run/docker"),
    *("/run/containerd", "/run/sshd"),
)
"""What daemons make in places that no option of theirs moves; a file goes before its folder."""


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder that is gone in the end, with what is mounted there.

    Its name leaves room for those of sockets: 107 characters in all.
    """
    new = [path for path in map(Path, ELSEWHERE) if not path.exists()]
    Path("/run/sshd").mkdir(
        mode=0o755, exist_ok=True
    )  # sshd wants it, and only its service makes it
    path = Path(tempfile.mkdtemp(prefix="kshare-"))
    yield path
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    for point in sorted((line.split()[4] for line in mounts), reverse=True):
        if point.startswith(f"{path}/"):
            subprocess.run(["umount", "-l", point], check=False)
    shutil.rmtree(path)
    for path in new:
        with contextlib.suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)


def needs(*commands: str) -> pytest.MarkDecorator:
    """Skips a test that starts an engine of its own where that is not possible."""
    lost = [name for name in ("dockerd", "ip", *commands) if shutil.which(name, path=PATH) is None]
    reason = f"not installed: {', '.join(lost)}" if lost else "only root can start a dockerd"
    return pytest.mark.skipif(bool(lost) or os.geteuid() != 0, reason=reason)


def engine_of(client_environment: dict[str, str]) -> str:
    """The engine's id, asked by the docker command and by our client: both see the same."""
    environment = {"PATH": os.environ["PATH"], **client_environment}
    client = find_endpoint(environment).client(timeout=10)
    try:
        ours = str(client.info()["ID"])
    finally:
        client.close()
    if shutil.which("docker"):
        command = ["docker", "info", "--format", "{{.ID}}"]
        asked = subprocess.run(command, env=environment, text=True, capture_output=True, check=True)
        assert asked.stdout.strip() == ours
    return ours


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificates(folder: Path) -> None:
    """A CA for one day, and what it has signed for an engine on 127.0.0.1 and for a client."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
        folder,
        *("req", "-x509", *key, "-days", "1", "-subj", "/CN=test CA"),
        *("-keyout", "ca-key.pem", "-out", "ca.pem"),
        *("-addext", "keyUsage=critical,keyCertSign"),
    )
    for name, usage in (("server", "serverAuth"), ("client", "clientAuth")):
        where = folder / name
        where.mkdir()
        shutil.copy(folder / "ca.pem", where)
        (where / "more").write_text(f"extendedKeyUsage={usage}\nsubjectAltName=IP:127.0.0.1\n")
        openssl(where, "req", *key, "-subj", f"/CN={name}", "-keyout", "key.pem", "-out", "request")
        openssl(
            where,
            *("x509", "-req", "-in", "request", "-days", "1", "-CA", "../ca.pem"),
            *("-CAkey", "../ca-key.pem", "-CAcreateserial", "-extfile", "more"),
            *("-out", "cert.pem"),
        )


@pytest.mark.live
@needs("openssl")
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_tls(short: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    make_certificates(short)
    # Companies set it for their proxy; the engine's CA is not among those.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    server, ours = short / "server", short / "client"
    host = f"tcp://127.0.0.1:{free_port()}"
    files = [f"--tls{name}={server / file}.pem" for name, file in SERVER_FILES.items()]
    with dockerd(short, "--host", host, "--tlsverify", *files) as local:
        expected = engine_of({"HOME": str(home.path), "DOCKER_HOST": f"unix://{local}"})
        named = {"HOME": str(home.path), "DOCKER_HOST": host, "DOCKER_CERT_PATH": str(ours)}
        assert engine_of({**named, "DOCKER_TLS_VERIFY": "1"}) == expected
        assert engine_of({**named, "DOCKER_TLS": "1"}) == expected

        stored = home.context("lab", host)
        stored.mkdir(parents=True)
        for name in ("ca.pem", "cert.pem", "key.pem"):
            shutil.copy(ours / name, stored)
        by_context = {"HOME": str(home.path), "DOCKER_CONTEXT": "lab"}
        assert engine_of(by_context) == expected
        assert ask(home.path, DOCKER_CONTEXT="lab").stdout.splitlines() == [
            f"DOCKER_HOST={host}",
            "DOCKER_TLS=1",
            "DOCKER_TLS_VERIFY=1",
            f"DOCKER_CERT_PATH={stored}",
        ]

        for name in ("cert.pem", "key.pem"):
            (stored / name).unlink()
        refused(
            find_endpoint(by_context), "CERTIFICATE_REQUIRED|certificate required|bad certificate"
        )
        refused(Endpoint(host), "HTTP request to an HTTPS server")
        refused(Endpoint(host, tls=True), "certificate verify failed")


SERVER_FILES = {"cacert": "ca", "cert": "cert", "key": "key"}


def refused(endpoint: Endpoint, reason: str) -> None:
    with pytest.raises(EndpointError, match=reason):
        endpoint.client(timeout=5)


def wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail(f"nothing listens on port {port}")


ENGINE_ID = """
from kshare_docs.machine.engine import connected
with connected() as engine:
    print(engine.info.id)
"""


@pytest.mark.live
@needs("sshd", "ssh", "ssh-keygen", "docker")
def test_ssh(short: Path, home: Home) -> None:
    port = free_port()
    for name in ("host", "user", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(short / name)]
        subprocess.run(command, check=True)
    docker = shutil.which("docker", path=PATH)
    user = getpass.getuser()
    (short / "sshd_config").write_text(
        f"""
        Port {port}
        ListenAddress 127.0.0.1
        HostKey {short}/host
        AuthorizedKeysFile {short}/user.pub
        StrictModes no
        UsePAM no
        PidFile none
        SetEnv DOCKER_HOST=unix://{short}/docker.sock PATH={Path(str(docker)).parent}:/usr/bin:/bin
        """
    )
    (short / "known").write_text(f"[127.0.0.1]:{port} {(short / 'host.pub').read_text()}")
    # The command `ssh` that docker and we run, with a configuration that is not the user's.
    for name in ("user", "stranger"):
        (short / f"{name}.bin").mkdir()
        ssh = short / f"{name}.bin" / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {short}/{name}.config "$@"\n')
        ssh.chmod(0o755)
        (short / f"{name}.config").write_text(
            f"""
            Host lab
              HostName 127.0.0.1
              Port {port}
            Host *
              IdentityFile {short}/{name}
              IdentitiesOnly yes
              UserKnownHostsFile {short}/known
            """
        )
    sshd = [str(shutil.which("sshd", path=PATH)), "-D", "-e", "-f", str(short / "sshd_config")]
    with dockerd(short) as local, running(sshd, short / "sshd.log"):
        wait_for(port)
        expected = engine_of({"HOME": str(home.path), "DOCKER_HOST": f"unix://{local}"})
        home.context("lab", f"ssh://{user}@lab:{port}")
        by_key, by_stranger = (
            {"DOCKER_CONTEXT": "lab", "PATH": f"{short}/{name}.bin:{os.environ['PATH']}"}
            for name in ("user", "stranger")
        )
        # In a process of its own: the SDK leaves its ssh commands to the end of the process.
        done = ask(home.path, **by_key)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"DOCKER_HOST=ssh://{user}@lab:{port}" in done.stdout
        found = subprocess.run(
            [sys.executable, "-P", "-c", ENGINE_ID],
            env={"PYTHONPATH": str(ROOT), "HOME": str(home.path), **by_key},
            text=True,
            capture_output=True,
            check=False,
        )
        assert found.stdout.strip() == expected, found.stderr
        done = ask(home.path, **by_stranger)
        assert done.returncode == 4
        assert "Permission denied" in done.stderr
        assert "the context 'lab' names" in done.stderr
