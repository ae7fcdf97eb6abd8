"""The site as a reader gets it: every figure shows its capture, in both languages."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kshare_docs.article.verify_script import script_files
from kshare_docs.article.views import render_view
from kshare_docs.data.capture import Capture, decode, visible
from kshare_docs.data.escapes import plain
from kshare_docs.data.example import COUNTER_RUN
from kshare_docs.data.report import Report
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.run.redact import Redaction, host_secrets, words_of
from kshare_docs.site.build import build_site
from kshare_docs.site.figure import output_html
from kshare_docs.site.lookup import Lookup

from .conftest import ROOT

pytestmark = pytest.mark.live

FIGURE = re.compile(
    r'<figure class="kshare-example" id="([^"]+)"'
    r'((?:(?!<figure class="kshare-example").)*?)</figure>',
    re.DOTALL,
)


def figures(page: str) -> Iterator[tuple[str, str]]:
    """Id and content of each, those within others first, and left out of these."""
    while found := FIGURE.findall(page):
        yield from found
        page = FIGURE.sub("", page)


@pytest.fixture(scope="module")
def captures() -> dict[str, Capture]:
    """What was kept, as it may be shown."""
    redact = Redaction(host_secrets(), words_of(read_project(ROOT)))
    found: dict[str, Capture] = {}
    for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("*.json"):
        _, _, body = path.read_bytes().partition(b"\n")
        capture = redact.capture(decode(body))
        found[capture.digest] = capture
    return found


@pytest.mark.parametrize("folder", ["", "en"])
def test_figures_show_their_captures(site: Path, captures: dict[str, Capture], folder: str) -> None:
    shown = 0
    for source in (ROOT / "docs" / (folder or "zh")).glob("*.md"):
        name = "index.html" if source.stem == "index" else f"{source.stem}/index.html"
        page = (site / folder / name).read_text(encoding="utf-8")
        for identifier, figure in figures(page):
            status = re.search(r'data-status="(\w+)"', figure)
            assert status
            if status[1] == "skipped":
                assert 'class="kshare-skipped"' in figure
                continue
            digest = re.search(r'data-capture="(sha256:[0-9a-f]{64})"', figure)
            assert digest
            capture = captures[digest[1]]
            assert capture.id == identifier
            outputs = re.findall(r'<span class="go">(.*?)</span>', figure, re.DOTALL)
            assert [html.unescape(text) for text in outputs] == [
                visible(result.output) for result in capture.visible if result.output
            ]
            (copied,) = re.findall(r'data-copy="([^"]*)"', figure)
            ran = "\n".join(result.source for result in capture.results)
            assert html.unescape(copied) == ran, "what is copied does what ran"
            held = figure.count('<li data-status="verified">') == figure.count("<li ")
            assert held or COUNTER_RUN in identifier
            shown += 1
    assert shown >= 40


@pytest.mark.parametrize("folder", ["", "en"])
def test_texts_have_the_outputs(site: Path, captures: dict[str, Capture], folder: str) -> None:
    """What programs read of a page is what its figures show, and no markup."""
    shown = 0
    for path in site.joinpath(folder).glob("*/index.md"):
        page = path.with_suffix(".html").read_text(encoding="utf-8")
        text = path.read_text(encoding="utf-8")
        for digest in re.findall(r'data-capture="(sha256:[0-9a-f]{64})"', page):
            for result in captures[digest].visible:
                assert visible(plain(result.output)).strip() in text, (path, digest)
                shown += 1
        prose = re.sub(r"^(`{3,}).*?^\1$|(`+)[^\n]*?\2", "", text, flags=re.DOTALL | re.MULTILINE)
        assert not re.findall(r"(?<!\\)<(?!https?:)[a-zA-Z/!]", prose), path
    assert shown >= 100


def test_every_page_says_that_it_is_a_preview(site: Path) -> None:
    kernel = read_host().release
    pages = list(site.rglob("*.html"))
    sources = list((ROOT / "docs").glob("*/*.md"))
    assert len(pages) == len(sources) + 2, "every page, and each language's 404.html"
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert f'<div class="kshare-preview" data-kernel="{kernel}"' in page, path
        assert '<meta name="robots" content="noindex">' in page, path


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img|iframe)[^>]*src="(?:https?:)?//[^"]*', page), path
        assert not re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="(?:https?:)?//', page), path


def test_chinese_words_are_found(site: Path) -> None:
    for folder, lang in (("en", "en"), ("", "zh")):
        index = json.loads((site / folder / "search" / "search_index.json").read_text("utf-8"))
        assert index["config"]["lang"] == [lang]
    assert any("\u200b" in entry["text"] for entry in index["docs"]), "jieba was not used"


@pytest.mark.parametrize("folder", ["", "en"])
def test_each_row_of_the_ledger_is_found_by_itself(site: Path, folder: str) -> None:
    index = json.loads((site / folder / "search" / "search_index.json").read_text("utf-8"))
    rows = {
        entry["location"].partition("#claim-")[2]: entry["title"]
        for entry in index["docs"]
        if entry["location"].startswith("ledger/#claim-")
    }
    assert rows.keys() == read_project(ROOT).entries.keys()
    for identifier, title in rows.items():
        assert title.startswith(f"{identifier} ")


@pytest.mark.parametrize("before", [None, "", "0"])
def test_the_builders_environment_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.delenv("NO_MKDOCS_2_WARNING", raising=False)
    if before is not None:
        monkeypatch.setenv("NO_MKDOCS_2_WARNING", before)
    report = Report(read_project(tmp_path), read_host())
    lookup = Lookup(tmp_path, render_view, report, final=True)
    (problem,) = build_site(lookup, tmp_path / "site", script_files)
    assert "mkdocs.yml" in problem.message
    assert os.environ.get("NO_MKDOCS_2_WARNING") == before


def test_output_can_never_become_markup() -> None:
    shown = output_html("<script>alert(1)</script>\x1b[31mred\x1b[0m\x07 &amp;")
    assert "<script>" not in shown
    assert "&amp;amp;" in shown
    assert "red" in shown
    assert "\x1b" not in shown
    assert "\u2407" in shown
