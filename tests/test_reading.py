"""Tables that turn into cards, titles that break between words, and the zip of a site."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from kshare_docs.reading.offline import pack, refuse_zip
from kshare_docs.reading.tables import label_cells
from kshare_docs.reading.titles import break_titles

TABLE = """\
<p>before</p>
<table class="x">
<thead><tr><th>Kind</th><th>Median <b>time</b></th><th>A &amp; "B"</th></tr></thead>
<tbody>
<tr><th scope="row">container</th><td>0.39 s</td><td
 class="y">several words, and far too many for one line</td></tr>
<tr><td>VM</td><td colspan="2">not measured</td></tr>
</tbody>
</table>
<p>after</p>
"""


def test_cells_know_the_head_of_their_column() -> None:
    html = label_cells(TABLE)
    assert '<td data-label="Median time" data-kind="number">0.39 s' in html
    assert '<td data-label="A &amp; &quot;B&quot;" data-kind="text"\n class="y">several' in html
    assert '<td data-label="Kind" data-kind="word">VM' in html
    assert '<td data-kind="word" colspan="2">not measured' in html
    assert re.sub(r' data-(?:label|kind)="[^"]*"', "", html) == TABLE


@pytest.mark.parametrize(
    "html",
    [
        "<p>no table</p>",
        "<table><tr><td>no head</td></tr></table>",
        "<code>&lt;table&gt;&lt;thead&gt;</code>",
    ],
)
def test_what_has_no_head_stays_as_it_is(html: str) -> None:
    assert label_cells(html) == html


def test_a_table_in_a_cell_is_left_alone() -> None:
    inner = "<table><thead><tr><th>x</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    html = f"<table><thead><tr><th>A</th></tr></thead><tbody><tr><td>{inner}</td></tr></table>"
    assert label_cells(html).count("data-label") == 1
    assert inner in label_cells(html)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12.1 MiB – 13.4 MiB", "number"),
        ("×1.2", "number"),
        ("6.18.44 是一个很长很长很长的说明，写满了一整行", "text"),
        ("不同", "word"),
        ("", "word"),
    ],
)
def test_kinds_of_cells(text: str, kind: str) -> None:
    html = f"<table><thead><tr><th>A</th></tr></thead><tbody><tr><td>{text}</td></tr></table>"
    assert f'data-kind="{kind}">{text}</td>' in label_cells(html)


@pytest.mark.parametrize(
    ("title", "broken"),
    [
        (
            "容器带来了什么，没带来什么？",
            "容器<wbr>带来<wbr>了<wbr>什么，<wbr>没<wbr>带来<wbr>什么？",
        ),
        ("论断（原文）", "论断<wbr>（原文）"),
        ("A container &amp; a VM", "A container &amp; a VM"),
        ("WSL2 与 Docker", "WSL2 与 Docker"),
        ("执行 <code>uname 命令</code> 之后", "执行 <code>uname 命令</code> 之后"),
    ],
)
def test_titles_break_between_words(title: str, broken: str) -> None:
    for before, after in (
        ('<h2 id="a">', '<a class="headerlink" href="#a" title="本节链接">&para;</a></h2>'),
        ('<figcaption class="kshare-title">', "</figcaption>"),
    ):
        assert break_titles(f"{before}{title}{after}") == f"{before}{broken}{after}"
    assert break_titles(f"<p>{title}</p>") == f"<p>{title}</p>"


def test_a_zip_of_the_same_site_is_the_same(tmp_path: Path) -> None:
    site = tmp_path / "x"
    (site / "en").mkdir(parents=True)
    for name in ("index.html", "en/index.html", "en/a.html"):
        (site / name).write_text(name, encoding="utf-8")
    said = [pack(site, tmp_path / name / "site-offline.zip") for name in ("1", "2")]
    assert "3 pages" in said[0]
    assert "open site-offline/index.html or site-offline/en/index.html" in said[0]
    first, second = ((tmp_path / name / "site-offline.zip").read_bytes() for name in ("1", "2"))
    assert first == second
    with zipfile.ZipFile(tmp_path / "1" / "site-offline.zip") as packed:
        assert packed.read("site-offline/en/a.html") == b"en/a.html"
        assert all(name.startswith("site-offline/") for name in packed.namelist())
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["site-offline.zip"]


def test_nothing_but_a_zip_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "site-offline.zip"
    assert refuse_zip(target) == ""
    target.write_text("mine", encoding="utf-8")
    assert "is no zip" in refuse_zip(target)
    target.unlink()
    target.symlink_to(tmp_path / "other")
    assert "is no zip" in refuse_zip(target)
    target.unlink()
    target.mkdir()
    assert "is no zip" in refuse_zip(target)
