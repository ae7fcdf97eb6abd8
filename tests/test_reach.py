"""What makes a site be found: its text for programs, pictures of its pages, their addresses."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kshare_docs.data.capture import Capture, Provenance, Result
from kshare_docs.data.example import Claim, Example, Options, Step
from kshare_docs.data.report import ClaimVerdict, Judged, Report, Status
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.reach.addresses import alternates, robots, with_alternates
from kshare_docs.reach.built import BuiltPage, in_order, read_pages
from kshare_docs.reach.picture import SIZE, Card, draw, find_faces
from kshare_docs.reach.proof import Proof, proofs
from kshare_docs.reach.text import guide, page_text

from .conftest import Workshop
from .sites import in_our_theme

ADDRESS = "https://one-kernel.example/"
PROOF = Proof((("uname -r", "6.6"), ("docker run --rm alpine uname -r", "6.6")), "the same", "6.6")


def page(content: str, url: str = "a/") -> BuiltPage:
    return BuiltPage(url, "A title", "What it says.", "", f"<article>{content}</article>")


def text_of(content: str) -> str:
    text = page_text(page(f"<h1>A title</h1>{content}"), "")
    assert text.startswith("# A title\n\n> What it says.\n\n")
    return text.removeprefix("# A title\n\n> What it says.\n\n").rstrip()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<h2>B<a class='headerlink' href='#b'>¶</a></h2><p>x <b>y</b></p>", "## B\n\nx **y**"),
        ("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", r"\<script>alert(1)\</script>"),
        ("<script>alert(1)</script><style>x</style><button>copy</button><p>x</p>", "x"),
        (
            (
                "<div class='language-console'><pre><code><span class='gp'>$ </span>a &lt;b\n"
                "<span class='go'>c&amp;d</span>\n</code></pre></div>"
            ),
            "```console\n$ a <b\nc&d\n```",
        ),
        ("<p>a</p><pre><code>b  \n\n\n\nc</code></pre>", "a\n\n```\nb  \n\n\n\nc\n```"),
        ("<pre><code>```\nx\n```</code></pre>", "````\n```\nx\n```\n````"),
        (
            "<details><summary>how <b>it</b> was</summary><p>x</p></details>",
            "**how it was**\n\nx",
        ),
        ("<p class='admonition-title'>Note</p><p>x</p>", "**Note**\n\nx"),
        ("<p><code>a | b</code> &lt;</p>", "`a | b` \\<"),
        (
            (
                "<table><thead><tr><th>A</th><th>B</th></tr></thead>"
                "<tbody><tr><td>1|2</td><td>3</td></tr></tbody></table>"
            ),
            "| A | B |\n| --- | --- |\n| 1\\|2 | 3 |",
        ),
        ("<svg><title>T</title><desc>D</desc><text>x</text></svg>", "T D"),
        (
            "<ul><li><span class='kshare-mark'>verified</span> it is so</li></ul>",
            "- **verified** it is so",
        ),
        (
            (
                "<div class='tabbed-set'><input><div class='tabbed-labels'><label>6.6</label>"
                "<label>5.15</label></div><div class='tabbed-content'><div class='tabbed-block'>"
                "<p>x</p></div><div class='tabbed-block'><p>y</p></div></div></div>"
            ),
            "**6.6**\n\nx\n\n**5.15**\n\ny",
        ),
        (
            (
                "<details class='kshare-provenance'><summary>made</summary><dl><dt>a</dt></dl>"
                "</details><p class='kshare-narrow'>again</p>"
            ),
            "**made**",
        ),
    ],
)
def test_the_text_of_a_page(content: str, expected: str) -> None:
    assert text_of(content) == expected


def test_a_title_is_text() -> None:
    odd = replace(page("<h1>x</h1>y"), title="a<b> [c]")
    assert page_text(odd, "").startswith("# a\\<b> \\[c\\]\n\n> What it says.\n\ny")
    assert "- [a\\<b> \\[c\\]](a/index.md): What" in guide("S", "", [("", [odd])], "")


def test_a_text_says_where_it_is_from() -> None:
    text = page_text(replace(page("<h1>A title</h1><p>x</p>"), notice="Preview"), ADDRESS)
    assert text == f"# A title\n\n> What it says.\n>\n> Preview\n>\n> {ADDRESS}a/\n\nx\n"


NAV = [{"Home": "index.md"}, {"How": [{"C": "c.md"}, {"B": [{"B": "b/README.md"}]}, "d.md"]}]


@pytest.mark.parametrize("address", ["", ADDRESS])
def test_the_guide_has_the_order_of_the_navigation(address: str) -> None:
    pages = [page("", url) for url in ("", "b/", "c/", "d.html", "left/")]
    text = guide("Site", "About.", in_order(pages, NAV), address, [("English", "en/llms.txt")])
    assert text.startswith("# Site\n\n> About.\n\n## Site\n\n- [A title](")
    links = re.findall(r"^- \[.*?\]\((.*?)\)", text, re.MULTILINE)
    texts = ["index.md", "c/index.md", "d.md", "b/index.md", "left/index.md"]
    assert links == [*(f"{address}{name}" for name in texts), "en/llms.txt"]
    assert re.findall("^## (.*)", text, re.MULTILINE) == ["Site", "How", "B", "Site", "Optional"]


def test_other_languages() -> None:
    other = {"lang": "en", "name": "English", "root": "en/"}
    back = {"lang": "zh-CN", "name": "中文", "root": "../"}
    found = alternates(ADDRESS, "zh-CN", other)
    assert found == alternates(f"{ADDRESS}en/", "en", back)
    assert found == [("zh-CN", ADDRESS), ("en", f"{ADDRESS}en/"), ("x-default", ADDRESS)]
    assert alternates("", "zh-CN", other) == alternates(ADDRESS, "zh-CN", None) == []


def test_a_sitemap_names_other_languages() -> None:
    plain = f'<urlset xmlns="x"><url><loc>{ADDRESS}a/?b&amp;c</loc></url></urlset>'
    named = with_alternates(plain, ADDRESS, [("en", f"{ADDRESS}en/")])
    link = f'<xhtml:link rel="alternate" hreflang="en" href="{ADDRESS}en/a/?b&amp;c"/>'
    assert link in named
    assert named.count("xmlns:xhtml=") == 1


def test_robots() -> None:
    said = robots([ADDRESS, f"{ADDRESS}en/", ""], publication=True)
    assert "Allow: /\n" in said
    assert re.findall("Sitemap: (.*)", said) == [
        f"{ADDRESS}sitemap.xml",
        f"{ADDRESS}en/sitemap.xml",
    ]
    preview = robots([ADDRESS], publication=False)
    assert "Sitemap" not in preview
    assert "Disallow: /\n" not in preview, "who may not read a page does not see its noindex"


def judged(*results: tuple[str, str, int], status: Status = Status.VERIFIED) -> Judged:
    provenance = Provenance("t", "6.6", "v", "x86_64", "Debian", "wsl2", "28", "overlay2", "2")
    steps = tuple(Step(command, 1) for command, _, _ in results)
    capture = Capture(
        "x",
        tuple(Result(c, hidden=False, output=o, code=code, seconds=1) for c, o, code in results),
        (),
        provenance,
    )
    example = Example(
        "x", "docs/zh/a.md", "zh", 1, steps, (Claim("True", "so it is", 2),), Options()
    )
    return Judged(example, status, capture, (ClaimVerdict(status),))


IN = "docker run --rm alpine"


@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        ([[("a", "1\n", 0), (f"{IN} a", "1\n", 0)]], ["a", f"{IN} a"]),
        ([[("a", "1", 0), ("b", "1", 0), (f"{IN} a", "1", 0)]], ["a", f"{IN} a"]),
        ([[("a", "1", 0), ("b", "2", 0)], [("c", "1", 0), (f"{IN} c", "1", 0)]], ["c", f"{IN} c"]),
        ([[("a", "\x1b[31m1\x1b[0m", 0), ("b", "2", 0)]], ["a", "b"]),
        ([[("a", "1", 0), ("b", "two\nlines", 0)]], None),
        ([[("a", "1", 0), ("b", "", 0)]], None),
        ([[("a", "1", 0), ("b", "wrong", 1)]], None),
        ([[("a", "1", 0), ("b", "x" * 49, 0)]], None),
        ([[("a", "1", 0), ("docker rm -f b", "b", 0)]], None),
    ],
)
def test_which_values_are_the_proof(
    tmp_path: Path, examples: list[list[tuple[str, str, int]]], expected: list[str] | None
) -> None:
    found = {("zh", str(n)): judged(*results) for n, results in enumerate(examples)}
    report = Report(read_project(tmp_path), read_host(), found)
    proof = proofs(report, "zh").get("docs/zh/a.md")
    assert (proof and [command for command, _ in proof.values]) == expected
    assert not proofs(report, "en")


def test_what_failed_is_no_proof(tmp_path: Path) -> None:
    failed = judged(("a", "1", 0), ("b", "1", 0), status=Status.FAILED)
    report = Report(read_project(tmp_path), read_host(), {("zh", "x"): failed})
    assert not proofs(report, "zh")


@pytest.mark.parametrize(
    ("lang", "question"),
    [
        ("zh", "容器里为什么是宿主机的内核？"),
        ("zh", "很长的问题，" * 30),
        ("en", "Why does a container show its host's kernel?"),
        ("en", "word" * 100),
        ("en", ""),
    ],
)
@pytest.mark.parametrize("proof", [PROOF, None])
def test_a_picture(lang: str, question: str, proof: Proof | None) -> None:
    faces = find_faces(lang)
    assert faces, "fonts are missing: sudo apt-get install fontconfig fonts-noto-cjk"
    card = Card(question, "Site", "preview", proof)
    data = draw(card, faces)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == SIZE
    assert len(data) < 60_000
    assert data == draw(card, faces), "the same card is the same file"


def test_a_picture_shows_the_values() -> None:
    faces = find_faces("en")
    assert faces
    other = Proof((PROOF.values[0], (PROOF.values[1][0], "5.15")), PROOF.claim, PROOF.kernel)
    assert draw(Card("?", "S", "", PROOF), faces) != draw(Card("?", "S", "", other), faces)


@pytest.mark.parametrize("said", ["", "/x/DejaVu.ttf\n0\nde|fr", "nonsense", None])
def test_fonts_without_the_letters_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    if said is not None:
        (tmp_path / "fc-match").write_text(f"#!/bin/sh\nprintf '%s' '{said}'\n", encoding="utf-8")
        (tmp_path / "fc-match").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_faces("zh") is None
    assert find_faces("en") is None


PAGE = """\
---
description: What {lang} says.
tags: [x]
---

# A question in {lang}? {{#q}}

Text with <em>markup</em> and `a < b`.
"""


@pytest.fixture
def bilingual(workshop: Workshop) -> Workshop:
    in_our_theme(workshop.root)
    for lang in ("zh", "en"):
        for name in ("index", "second"):
            workshop.page(f"{lang}/{name}.md", PAGE.format(lang=lang))
    return workshop


def build(workshop: Workshop, **environment: str) -> tuple[Path, str]:
    done = workshop.kshare("build", env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return workshop.root / "site", done.stderr


WITH_ADDRESS = {"KSHARE_SITE_URL": ADDRESS, "KSHARE_SITE_URL_EN": f"{ADDRESS}en/"}


def heads(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    head, _, _ = text.partition("</head>")
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', head)
    return {
        "languages": dict(re.findall(r'rel="alternate " hreflang="([^"]*)" href="([^"]*)"', head)),
        "text": re.findall(r'type="text/markdown" href="([^"]*)"', head),
        "canonical": re.findall(r'rel="canonical" href="([^"]*)"', head),
        "properties": dict(re.findall(r'<meta property="og:([^"]*)" content="([^"]*)"', head)),
        "data": json.loads(data[1]) if data else None,
        "robots": re.findall(r'name="robots" content="([^"]*)"', head),
    }


def test_a_site_with_an_address(bilingual: Workshop) -> None:
    site, said = build(bilingual, **WITH_ADDRESS)
    assert not said
    for lang, root in (("zh", ""), ("en", "en/")):
        for url in ("", "second/"):
            folder = site / root / url
            head = heads(folder / "index.html")
            assert head["languages"] == {
                "zh-CN": f"{ADDRESS}{url}",
                "en": f"{ADDRESS}en/{url}",
                "x-default": f"{ADDRESS}{url}",
            }
            assert head["canonical"] == [f"{ADDRESS}{root}{url}"]
            assert head["robots"] == ["noindex"], "a preview is not to be found"
            shown = head["properties"]
            assert shown["title"] == head["data"]["headline"] == f"A question in {lang}?"
            assert shown["description"] == head["data"]["description"] == f"What {lang} says."
            assert shown["url"] == head["data"]["url"] == f"{ADDRESS}{root}{url}"
            assert head["data"]["@type"] == "TechArticle"
            picture = site / shown["image"].removeprefix(ADDRESS)
            assert picture.is_file()
            assert shown["image"] == head["data"]["image"]
            assert head["text"] == ["index.md"]
            text = (folder / "index.md").read_text(encoding="utf-8")
            assert text.endswith("Text with *markup* and `a < b`.\n")
            loc = f"<loc>{ADDRESS}{root}{url}</loc>"
            sitemap = (site / root / "sitemap.xml").read_text(encoding="utf-8")
            assert loc in sitemap
            assert f'hreflang="en" href="{ADDRESS}en/{url}"' in sitemap
            packed = (site / root / "sitemap.xml.gz").read_bytes()
            assert gzip.decompress(packed).decode() == sitemap
        told = (site / root / "llms.txt").read_text(encoding="utf-8")
        links = re.findall(r"\]\((.*?)\)", told)
        assert links[:2] == [f"{ADDRESS}{root}index.md", f"{ADDRESS}{root}second/index.md"]
        assert all((site / link.removeprefix(ADDRESS)).is_file() for link in links)
    assert (site / "robots.txt").is_file()

    assert bilingual.kshare("verify-site", "site").returncode == 0
    for name in ("assets/pictures/index.png", "llms.txt", "robots.txt", "second/index.md"):
        before = (site / name).read_bytes()
        (site / name).write_bytes(before + b" ")
        done = bilingual.kshare("verify-site", "site")
        assert done.returncode == 1
        assert f"{name}: was changed" in done.stdout + done.stderr
        (site / name).write_bytes(before)


def test_a_site_without_an_address(bilingual: Workshop) -> None:
    site, said = build(bilingual, KSHARE_SITE_URL="", KSHARE_SITE_URL_EN="")
    assert not said
    head = heads(site / "en" / "second" / "index.html")
    assert not head["languages"]
    assert not head["canonical"]
    assert head["data"] is None
    assert "image" not in head["properties"]
    assert head["properties"]["title"] == "A question in en?"
    assert not (site / "assets" / "pictures").exists(), "nobody could be shown them"
    told = (site / "en" / "llms.txt").read_text(encoding="utf-8")
    assert re.findall(r"\]\((.*?)\)", told) == ["index.md", "second/index.md"]


def test_without_fonts_it_is_said_and_there_is_no_picture(
    bilingual: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "fc-match").write_text("#!/bin/sh\nprintf '/x.ttf\\n0\\nfr'\n")
    (tmp_path / "bin" / "fc-match").chmod(0o755)
    site, said = build(bilingual, PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin", **WITH_ADDRESS)
    assert "apt-get install fontconfig fonts-noto-cjk" in said
    assert said.count("\n") == 1
    assert "image" not in heads(site / "index.html")["properties"]
    assert not (site / "assets" / "pictures").exists()


def test_pages_of_another_theme_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<html><body>x</body></html>", encoding="utf-8")
    (tmp_path / "404.html").write_text("<article>x</article>", encoding="utf-8")
    assert read_pages(tmp_path) == []
