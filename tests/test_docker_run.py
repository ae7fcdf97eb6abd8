"""`docker run` lines become create requests, or are left to the shell, or refused."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.data.container import RefusedError
from kshare_docs.pages.docker_run import parse_run

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "docker-run.yml").read_text(encoding="utf-8")
)


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
