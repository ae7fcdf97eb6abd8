"""`docker run` lines become create requests, or are left to the shell, or refused."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.data.container import RefusedError
from kshare_docs.pages.docker_options import OPTIONS, Option
from kshare_docs.pages.docker_run import parse_run

FOLDER = Path(__file__).parent / "cases"
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "docker-run.yml").read_text("utf-8"))
EVERYDAY: dict[str, str] = yaml.safe_load((FOLDER / "everyday.yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["line"])
def test_line(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(RefusedError) as refusal:
            parse_run(case["line"])
        assert case["refused"] in str(refusal.value)
        return
    container = parse_run(case["line"])
    if "image" not in case:
        assert container is None
        return
    assert container is not None
    assert container.image == case["image"]
    assert list(container.host_reach) == case.get("reach", [])
    if "body" in case:
        assert container.body == case["body"]
        assert list(container.command) == case["command"]
        assert container.output == case.get("output", "")
        mounts = [list(astuple(mount)) for mount in container.mounts]
        assert mounts == case.get("mounts", [])


def becomes(line: str) -> str:
    try:
        container = parse_run(line)
    except RefusedError as error:
        return str(error)
    return "host" if container is None else "reviewed" if container.host_reach else "taken"


@pytest.mark.parametrize(
    ("line", "outcome"),
    [(line, outcome) for outcome, lines in EVERYDAY.items() for line in lines.splitlines()],
)
def test_an_everyday_line(line: str, outcome: str) -> None:
    found = becomes(line)
    assert outcome in found
    assert "unknown" not in found


HELP = """
add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns
cidfile cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus
cpuset-cpus cpuset-mems detach detach-keys device device-cgroup-rule device-read-bps
device-read-iops device-write-bps device-write-iops disable-content-trust dns dns-opt dns-option
dns-search domainname entrypoint env env-file expose gpus group-add health-cmd health-interval
health-retries health-start-interval health-start-period health-timeout help hostname init
interactive io-maxbandwidth io-maxiops ip ip6 ipc isolation kernel-memory label label-file link
link-local-ip log-driver log-opt mac-address memory memory-reservation memory-swap
memory-swappiness mount name net net-alias network network-alias no-healthcheck oom-kill-disable
oom-score-adj pid pids-limit platform privileged publish publish-all pull quiet read-only restart rm
runtime security-opt shm-size sig-proxy stop-signal stop-timeout storage-opt sysctl tmpfs tty ulimit
use-api-socket user userns uts volume volume-driver volumes-from workdir
"""
"""The options of Docker 29's `docker run`, hidden and Windows' ones too."""


def test_every_option_of_docker_is_known() -> None:
    assert sorted(OPTIONS) == HELP.split()


@pytest.mark.parametrize("option", [o for o in OPTIONS.values() if o.refusal], ids=lambda o: o.name)
def test_what_is_refused_says_why(option: Option) -> None:
    with pytest.raises(RefusedError) as refusal:
        parse_run(f"docker run --{option.name}=x alpine")
    assert str(refusal.value) == f"unsupported: --{option.name} {option.refusal}"
