"""Only what was run looks like it: no page carries markup of ours, or acts by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kshare_docs.article.verify_script import script_files
from kshare_docs.article.views import render_view
from kshare_docs.data.report import Report
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.build import build_site
from kshare_docs.site.figure import render_figure
from kshare_docs.site.lookup import Lookup

from .sites import BLOCK, RAW, attack, judged, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


REFUSED = "the build fails and names the page, which shows no word of it"

IMITATIONS: dict[str, tuple[str, str]] = {
    "raw": ("a figure in raw HTML", RAW),
    "upper": ("a figure in capitals", RAW.replace("figure", "FIGURE").replace("class", "CLASS")),
    "unquoted": ("a figure whose attributes have no quotes", "<div class=kshare-claims>x</div>"),
    "entity": ("a class that is spelled with entities", '<b class="kshare&#45;mark">verified</b>'),
    "newline": ("attributes on lines of their own", '<b\nid="y"\nclass="a\nkshare-claims">x</b>'),
    "attribute": ("only the attribute of a digest", '<p data-capture="sha256:1">x</p>'),
    "kernel": ("a paragraph of a WSL2 kernel", '<p data-kernel="6" data-verdict="wsl2">x</p>'),
    "verified": ("a paragraph that says it is verified", '<p data-status="verified">x</p>'),
    "list": ("a class by attr_list", "x\n{: .kshare-example data-status=verified }"),
    "span": ("a class by attr_list within a line", "*verified*{ .kshare-mark }"),
    "heading": ("a class on a heading", "## verified { .kshare-title }"),
    "inside": ("a figure by md_in_html", '<div markdown class="kshare-example">\n\nx\n\n</div>'),
    "nested": ("a figure in an admonition", f"!!! note\n\n    {RAW}"),
    "quoted": ("a figure in a quotation", f"> {RAW}"),
    "item": ("a figure in a list", f"- one\n\n    {RAW}"),
    "cell": ("a figure in a table", f"| a | b |\n| - | - |\n| {RAW} | c |"),
    "tab": ("a figure in a tab", f'=== "one"\n\n    {RAW}'),
    "note": ("a figure in a footnote", f"x[^1]\n\n[^1]: {RAW}"),
    "term": ("a figure in a definition", f"term\n:   {RAW}"),
    "comment": ("a figure after a comment that ends where parsers differ", f"<!-- --!>{RAW}-->"),
    "short": ("a figure in what only browsers take for no comment", f"<!-->{RAW}<!-- -->"),
    "cdata": ("a figure in a CDATA section", f"<div><![CDATA[>{RAW}]]></div>"),
    "value": ("a figure in the value of an attribute", "<p title='<b class=kshare-mark>'>x</p>"),
    "banner": ("the banner of a preview", '<div class="kshare-preview">a publication</div>'),
    "script": ("a script", "<script>document.title = 1</script>"),
    "source": ("a script of another page", '<script src="https://example.org/x.js"></script>'),
    "style": ("a style that hides the banner", "<style>.kshare-preview{display:none}</style>"),
    "sheet": ("a style sheet", '<link rel="stylesheet" href="x.css">'),
    "frame": ("a frame", '<iframe srcdoc="<b>x</b>"></iframe>'),
    "object": ("an embedded page", '<object data="x.html"></object>'),
    "base": ("another base for all links", '<base href="https://example.org/">'),
    "refresh": ("a way to another site", '<meta http-equiv="refresh" content="0; url=//a.b">'),
    "event": ("a script in an event of an image", '<img src="x" onerror="alert(1)">'),
    "loaded": ("a script in an event of a drawing", '<svg onload="alert(1)"></svg>'),
    "by-list": ("a script in an event by attr_list", "*x*{ onclick=alert(1) }"),
    "address": ("a link that is a script", '<a href="javascript:alert(1)">x</a>'),
    "markdown": ("a Markdown link that is a script", "[x](javascript:alert%281%29)"),
    "data": ("a link that is a page of its own", '<a href="data:text/html,<b>x</b>">x</a>'),
    "template": ("a template", "<template><b>x</b></template>"),
    "raw-text": ("an element that browsers read in another way", f"<xmp><b>{RAW}</b></xmp>"),
    "bidi": ("text that runs backwards", "the kernel is \u202e6.6\u202c"),
    "title": ("a figure in the title of the front matter", f"---\ntitle: '{RAW}'\n---\nx"),
    "plain-title": ("markup in a title without dashes", "title: <b class='kshare-mark'>x</b>\n\nx"),
    "described": (
        "an attribute in the description of the front matter",
        "---\ndescription: 'x\" http-equiv=\"refresh'\n---\nx",
    ),
    "escaped-title": ("a figure in YAML escapes", '---\ntitle: "\\x3cb\\x3e"\n---\nx'),
    "folded": (
        "a link that is a script, with a line feed in it",
        '<a href="java&#10;script:1">x</a>',
    ),
    "folded-link": ("the same as a Markdown link", "[x](java&#13;script:alert%281%29)"),
    "data-page": ("a link that is a page of no known kind", '<a href="data:;base64,PGI+">x</a>'),
    "data-xml": ("a link that is a page in XML", '<a href="data:text/xml,x">x</a>'),
    "painted-over": (
        "a style that paints over the banner",
        '<div style="position: fixed; inset: 0; background: white">a publication</div>',
    ),
    "unseen": ("a style that hides text", '<p style="opacity:0">x</p>'),
    "style-list": ("a style by attr_list", 'x\n{: style="position:fixed" }'),
    "style-escaped": ("a style in escapes of CSS", r'<p style="p\6fsition:fixed">x</p>'),
    "style-address": ("a style that loads from another site", '<p style="color:url(//a.b)">x</p>'),
    "turned-entity": ("text that runs backwards, by an entity", "6.6 &#x202e;81.6&#8236;"),
    "turned-element": ("an element that turns its text", '<bdo dir="rtl">81.6</bdo>'),
    "turned-style": (
        "a style that turns its text",
        '<b style="unicode-bidi: bidi-override; direction: rtl">81.6</b>',
    ),
    "turned-title": ("a title that runs backwards", '---\ntitle: "\\u202e81.6"\n---\nx'),
    "moved": (
        "a template of the theme that leads to another site",
        "---\ntemplate: redirect.html\nlocation: https://example.org\n---\nx",
    ),
    "template-outside": ("a template outside of the theme", "---\ntemplate: ../../x\n---\nx"),
    "icon-outside": ("an icon outside of the theme", "---\nicon: ../../../etc/passwd\n---\nx"),
    "binary-title": ("a figure in bytes as a title", "---\ntitle: !!binary PGI+PC9iPg==\n---\nx"),
    "set-title": ("a figure in a set as a title", "---\ntitle: !!set {'<b>'}\n---\nx"),
    "listed-title": ("a figure in lists as a title", "---\ntitle: [[['<b>']]]\n---\nx"),
    "copied": ("the figure of a real example, once more", "```{real}```"),
}

HARMLESS = {
    "fence": '```html\n<figure class="kshare-example" data-status="verified">\n```\n',
    "code": '`<script class="kshare-x">` and &lt;b class="kshare-y"&gt; and kshare-oom',
    "heading": '# `<figure class="kshare-example">` { #anchor .own }',
    "html": '<div class="own" style="color: red" markdown>**x** <br> <!-- a --> <kbd>a</kbd></div>',
    "abbr": "The HTML.\n\n*[HTML]: a < b",
    "front": "---\ntitle: It's 5 o'clock & more\n---\nx < y",
    "styled": '<p style="text-align: center; color: #123; width: 50%">x</p>',
    "dated": "---\ndate: 2026-01-01\nsearch: {exclude: true}\nweight: 1.5\n---\nx",
    "itself": "---\na: &a [*a, {b: *a}]\n---\nx",
    "many-times": "---\n"
    "a0: &a0 [x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    + "---\nx",
    "picture": "![a](data:image/png;base64,iVBORw0KGgo=)",
    "quote": "> x\n{.kshare-quote}",
    "plain": BLOCK,
    "item": "- one\n\n" + "".join(f"    {line}\n" for line in BLOCK.splitlines()),
    "note": "!!! note\n\n" + "".join(f"    {line}\n" for line in BLOCK.splitlines()),
    "details": "??? note\n\n" + "".join(f"    {line}\n" for line in BLOCK.splitlines()),
    "tab": '=== "one"\n\n' + "".join(f"    {line}\n" for line in BLOCK.splitlines()),
    "quoted": "".join(f"> {line}\n" for line in BLOCK.splitlines()),
    "inside": f'<div class="own" markdown>\n\n{BLOCK}\n</div>',
}


@pytest.fixture(scope="module")
def built(project: Path) -> tuple[Path, dict[str, str]]:
    """A site of all these pages, and what its build said of each."""
    docs = project / "docs" / "zh"
    real = judged(BLOCK)
    figure = str(render_figure(real, ""))
    (docs / "index.md").write_text("start", encoding="utf-8")
    for name, (_, text) in IMITATIONS.items():
        text_of_page = text.replace("```{real}```", f"{BLOCK}\n{figure}\n")
        (docs / f"bad-{name}.md").write_text(text_of_page, encoding="utf-8")
    for name, text in HARMLESS.items():
        (docs / f"good-{name}.md").write_text(text, encoding="utf-8")
    report = Report(read_project(project), read_host(), {("", "real"): real})
    lookup = Lookup(project, render_view, report, final=True)
    site = project / "site"
    problems = build_site(lookup, site, script_files)
    return site, {problem.file: problem.message for problem in problems if problem.file}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=attack(what, REFUSED)) for n, (what, _) in IMITATIONS.items()]
)
def test_a_page_that_imitates_or_acts(built: tuple[Path, dict[str, str]], name: str) -> None:
    site, said = built
    assert "pages are text" in said[f"docs/zh/bad-{name}.md"]
    html = (site / f"bad-{name}" / "index.html").read_text(encoding="utf-8")
    body = html[html.index('role="main"') :]
    assert not re.search(r"<[a-z][^<>]*(data-capture|on[a-z]+=|javascript:|http-equiv)", body)
    assert "\u202e" not in html
    assert "<b class='kshare-mark'" not in html


@pytest.mark.parametrize("name", HARMLESS)
def test_a_page_that_does_not(built: tuple[Path, dict[str, str]], name: str) -> None:
    site, said = built
    assert f"docs/zh/good-{name}.md" not in said
    html = (site / f"good-{name}" / "index.html").read_text(encoding="utf-8")
    assert html.count('<figure class="kshare-example"') == HARMLESS[name].count("console")
