"""The gate and the statement: every reason is said at once, and one changed byte is found."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kshare_docs.article.views import render_view
from kshare_docs.data.capture import Capture, ImageUse, Provenance, Result
from kshare_docs.data.example import Claim, Example, Options, Step
from kshare_docs.data.files import staged
from kshare_docs.data.report import ClaimVerdict, Judged, Report, Status
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.attestation import (
    PROVENANCE,
    compare_with_statement,
    write_statement,
)
from kshare_docs.site.figure import render_figure
from kshare_docs.site.gate import Source, read_source, unfit, unsound
from kshare_docs.site.lookup import Lookup
from kshare_docs.site.provenance import make_statement

from .conftest import ROOT, Workshop

CLEAN = Source("0" * 40)


def report(*, stand_in: bool = False, status: Status = Status.VERIFIED) -> Report:
    """A run of one example on a host that is said to be WSL2: there is none here to ask."""
    host = msgspec.structs.replace(read_host(), verdict="wsl2")
    claim = Claim("True", "it holds", 3)
    steps = (Step("uname -r", 3),)
    example = Example("one", "docs/zh/p.md", "zh", 2, steps, (claim,), Options())
    capture = Capture(
        "one",
        (Result("uname -r", hidden=False, output="6", code=0, seconds=0.1),),
        (ImageUse("alpine", "alpine:3", "sha256:" + "1" * 64, stand_in, "sha256:" + "3" * 64),),
        Provenance("t", "6", "Linux version 6", "x86_64", "Debian", "wsl2", "28", "overlay2", "2"),
    )
    judged = Judged(example, status, capture, (ClaimVerdict(status),))
    return Report(read_project(ROOT), host, {("zh", "one"): judged})


def test_nothing_is_said_against_a_genuine_host() -> None:
    good = report()
    assert unfit(good.host, CLEAN) == []
    assert unsound(good, "") == []


@pytest.mark.parametrize("verdict", ["wsl1", "wslc", "container", "other", "unknown", ""])
def test_no_other_verdict_will_do(verdict: str) -> None:
    host = msgspec.structs.replace(read_host(), verdict=verdict)
    (refusal,) = unfit(host, CLEAN)
    assert repr(verdict) in refusal.reason
    assert refusal.remedy


def test_every_reason_comes_at_once() -> None:
    bad = report(stand_in=True, status=Status.FAILED)
    reasons = [
        r.reason for r in [*unfit(bad.host, Source()), *unsound(bad, "the engine is elsewhere")]
    ]
    assert len(reasons) == 4
    for said in (
        "no commit",
        "elsewhere",
        "claim failed: True",
        "image alpine is not the registry's",
    ):
        assert any(said in reason for reason in reasons), reasons


def test_an_empty_run_is_no_publication() -> None:
    skipped = replace(report(), judged={})
    assert [r.reason for r in unsound(skipped, "")] == ["no example ran"]


def test_source(tmp_path: Path) -> None:
    assert read_source(tmp_path) == Source()

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "a b").write_text("1", encoding="utf-8")
    git("add", ".")
    git("commit", "-m", "m")
    clean = read_source(tmp_path)
    assert len(clean.commit) == 40
    assert clean.changes == ()
    (tmp_path / "a b").write_text("2", encoding="utf-8")
    (tmp_path / "new").touch()
    assert read_source(tmp_path).changes == ("a b", "new")
    (refusal,) = unfit(report().host, read_source(tmp_path))
    assert "a b, new" in refusal.reason


def page(run: Report) -> str:
    """A page with the run's only example."""
    (judged,) = run.once
    return f"<h1>One</h1>{render_figure(judged, 'en')}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of two files with its statement."""
    folder = tmp_path / "site"
    (folder / "en").mkdir(parents=True)
    run = report()
    (folder / "en" / "index.html").write_text(page(run), encoding="utf-8")
    (folder / "style.css").write_text("a{}", encoding="utf-8")
    _state(folder, run)
    return folder


def _state(folder: Path, run: Report) -> None:
    shown = Lookup(ROOT, render_view, run, final=True, publication=True)
    write_statement(folder, make_statement(folder, shown, CLEAN, "2026-01-01T00:00:00Z"))


def test_the_statement_has_the_shape_of_in_toto(site: Path) -> None:
    said = json.loads((site / PROVENANCE).read_text(encoding="utf-8"))
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    assert [s["name"] for s in said["subject"]] == ["en/index.html", "style.css"]
    definition = said["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {"publish": True}
    assert definition["internalParameters"]["verdict"] == "wsl2"
    assert definition["resolvedDependencies"][0]["digest"] == {"gitCommit": "0" * 40}
    assert definition["resolvedDependencies"][1]["name"] == "alpine"
    (example,) = said["predicate"]["runDetails"]["byproducts"]
    assert example["annotations"]["capture"]["images"][0]["name"] == "alpine"
    assert example["annotations"]["claims"] == ["verified"]
    assert compare_with_statement(site) == []


def _flip(site: Path) -> None:
    path = site / "en" / "index.html"
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)


def _other_capture(site: Path) -> None:
    path = site / "en" / "index.html"
    (judged,) = report().once
    assert judged.capture
    text = page(report()).replace(judged.capture.digest, f"sha256:{'2' * 64}")
    path.write_text(text, encoding="utf-8")
    _state(site, report())


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (_flip, "en/index.html: was changed after the build"),
        (lambda site: (site / "style.css").unlink(), "style.css: is missing"),
        (lambda site: (site / "x.js").touch(), "x.js: is not in provenance.json"),
        (lambda site: (site / "x").symlink_to("/etc/hosts"), "x: is not in provenance.json"),
        (_other_capture, "en/index.html: one shows the capture data-kernel="),
        (lambda site: (site / PROVENANCE).unlink(), "provenance.json is missing"),
        (lambda site: (site / PROVENANCE).write_text("{"), "provenance.json cannot be read"),
        (
            lambda site: (site / PROVENANCE).write_text(
                (site / PROVENANCE)
                .read_text(encoding="utf-8")
                .replace("Statement/v1", "Statement/v9")
            ),
            "provenance.json is no in-toto statement v1",
        ),
    ],
)
def test_what_was_tampered_with_is_found(
    site: Path, tamper: Callable[[Path], object], says: str
) -> None:
    tamper(site)
    (fault,) = compare_with_statement(site)
    assert fault.startswith(says)


def test_a_stage_that_fails_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old").touch()

    def fail() -> None:
        with staged(tmp_path / "site") as folder:
            (folder / "new").touch()
            raise SystemExit(1)

    with pytest.raises(SystemExit):
        fail()
    assert [path.name for path in tmp_path.rglob("*")] == ["site", "old"]
    with staged(tmp_path / "site") as folder:
        (folder / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["site", "new"]


@pytest.mark.live
def test_here_a_publication_is_refused_with_all_reasons(workshop: Workshop) -> None:
    workshop.example("wrong", '$ docker run --rm alpine echo one\n#? out[1] == "two"  # never')
    done = workshop.kshare("build", "--publish", "--site-dir", "made")
    assert done.returncode == 1
    reasons = ["no commit", "claim failed", "→"]
    reasons += [] if read_host().genuine else ["not a genuine WSL2 host"]
    for said in reasons:
        assert said in done.stderr, done.stderr
    assert not (workshop.root / "made").exists()
    assert [p.name for p in workshop.root.iterdir() if p.name.startswith(".")] == []


@pytest.mark.live
def test_a_preview_has_its_statement_too(tmp_path: Path) -> None:
    workshop = Workshop(ROOT)
    site = tmp_path / "site"
    # All pages' examples run here, for the first time in this session.
    assert workshop.kshare("build", "--site-dir", str(site), seconds=1500).returncode == 0
    done = workshop.kshare("verify-site", str(site))
    assert done.returncode == 0, done.stderr
    page = site / "en" / "cgroups" / "index.html"
    page.write_bytes(page.read_bytes() + b"\n")
    done = workshop.kshare("verify-site", str(site))
    assert done.returncode == 1
    assert "en/cgroups/index.html: was changed after the build" in done.stderr
    shutil.rmtree(site)
    assert workshop.kshare("verify-site", str(site)).returncode == 2
