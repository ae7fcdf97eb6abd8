"""A publication in the making. There is no WSL2 host here: what such a host would answer is made
up, and named so; all that follows from the answer is real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import msgspec
import pytest

from kshare_docs import cli
from kshare_docs.data.capture import Capture
from kshare_docs.data.host import Host
from kshare_docs.data.problem import Problem
from kshare_docs.data.report import Judged, Report
from kshare_docs.machine.host import read_host
from kshare_docs.run.runner import run
from kshare_docs.site.attestation import compare_with_statement
from kshare_docs.site.gate import Source

from .conftest import ROOT

pytestmark = [
    pytest.mark.live,
    # jieba leaves its dictionary open.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]


def made_up_host() -> Host:
    return msgspec.structs.replace(read_host(), verdict="wsl2")


def as_on_wsl2(capture: Capture | None) -> Capture | None:
    if capture is None:
        return None
    images = tuple(msgspec.structs.replace(image, stand_in=False) for image in capture.images)
    told = msgspec.structs.replace(capture.provenance, verdict="wsl2")
    return msgspec.structs.replace(capture, images=images, provenance=told)


def judged_on_wsl2(judged: Judged) -> Judged:
    runs = tuple(map(judged_on_wsl2, judged.counter_runs))
    return replace(judged, capture=as_on_wsl2(judged.capture), counter_runs=runs)


def made_up_run(project: Any, **options: Any) -> Report:
    """A real run, in which the host is WSL2 and images come from their registry."""
    # The examples run on the host that is really here: those that need WSL2 would fail on it.
    report = run(project, **{**options, "host": read_host(), "fresh": False})
    judged = {key: judged_on_wsl2(item) for key, item in report.judged.items()}
    return replace(report, host=made_up_host(), judged=judged)


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """`kshare build --publish` as on a host that passes the gate."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(cli, "read_host", made_up_host)
    monkeypatch.setattr(cli, "read_source", lambda _root: Source("0" * 40))
    monkeypatch.setattr(cli, "run", made_up_run)

    def invoke() -> tuple[click.testing.Result, Path]:
        target = tmp_path / "site"
        arguments = ["build", "--publish", "--site-dir", str(target)]
        return click.testing.CliRunner().invoke(cli.main, arguments), target

    return invoke


def test_a_publication_carries_no_mark_of_a_preview(publish: Any) -> None:
    done, site = publish()
    assert done.exit_code == 0, done.output
    assert "publication, made on Linux" in done.output
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert '<div class="kshare-preview"' not in page, path
        assert "noindex" not in page, path
        assert 'data-verdict="other"' not in page, path
    assert compare_with_statement(site) == []


def test_a_page_that_cannot_be_built_leaves_no_site(
    publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Problem("docs/zh/x.md", 0, "", "broken")
    monkeypatch.setattr(cli, "build_site", lambda *_arguments, **_options: [broken])
    done, site = publish()
    assert done.exit_code == 1
    assert "docs/zh/x.md: broken" in done.output
    assert not site.exists()
