"""A site shows what was run, and nothing else: whatever a pull request changes beside examples."""

from __future__ import annotations

import contextlib
import html as html_module
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from markupsafe import Markup

from kshare_docs.article.verify_script import script_files
from kshare_docs.article.views import render_view
from kshare_docs.data.capture import Capture, ImageUse, Provenance, Result, visible
from kshare_docs.data.example import Claim, Comment, Example, Options, Step, View
from kshare_docs.data.report import ClaimVerdict, Judged, Report, Status
from kshare_docs.history.capture_set import read_sets, write_set
from kshare_docs.history.kernels import Kernels
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.attestation import (
    BUILDING,
    PROVENANCE,
    Statement,
    begin_site,
    compare_with_statement,
    refuse_site,
    subjects,
    write_statement,
)
from kshare_docs.site.build import build_site
from kshare_docs.site.figure import output_html, render_figure
from kshare_docs.site.gate import Source
from kshare_docs.site.lookup import Lookup, ViewError
from kshare_docs.site.provenance import make_statement

from .conftest import Workshop
from .test_sets import capture as stored_capture
from .test_sets import manifest

CONFIGURATION = """\
site_name: t
docs_dir: docs/zh
theme: {name: mkdocs, highlightjs: false}
plugins: [{markdown-exec: {languages: [console, view]}}]
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - pymdownx.details
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
  - kshare_docs.extension
"""

BLOCK = """\
```console exec="1" id="real"
# a comment
$ uname -r
$ false
#? True  # it holds
```
"""


def judged(block: str, page: str = "docs/zh/real.md", output: str = "6.6") -> Judged:
    """An example that is said to have run: what is shown of it is the point here."""
    results = (
        Result("uname -r", hidden=False, output=output, code=0, seconds=0.1),
        Result("false", hidden=False, output="", code=1, seconds=0.1),
    )
    made = Provenance("t", "6.6", "Linux version 6", "x86_64", "Debian", "other", "28", "o", "2")
    image = ImageUse("alpine", "alpine:3", "sha256:" + "1" * 64, stand_in=False, id="sha256:2")
    parts = (Comment("a comment"), Step("uname -r", 3), Step("false", 4))
    example = Example("real", page, "", 1, parts, (Claim("True", "it holds", 5),), Options())
    lines = block.strip().split("\n")[1:-1]
    source = "\n".join(["[('id', 'real')]", *lines])
    capture = Capture("real", results, (image,), made)
    verified = ClaimVerdict(Status.VERIFIED)
    return Judged(replace(example, source=source), Status.VERIFIED, capture, (verified,))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "docs" / "zh").mkdir(parents=True)
    (root / "images.toml").touch()
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    return root


def attack(tried: str, outcome: str, kind: str = "site") -> pytest.MarkDecorator:
    return pytest.mark.attack(kind=kind, tried=tried, outcome=outcome)


REFUSED = "the build fails and names the page, which shows no word of it"

RAW = '<figure class="kshare-example" id="x" data-status="verified">x</figure>'

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
    "copied": ("the figure of a real example, once more", "```{real}```"),
}

HARMLESS = {
    "fence": '```html\n<figure class="kshare-example" data-status="verified">\n```\n',
    "code": '`<script class="kshare-x">` and &lt;b class="kshare-y"&gt; and kshare-oom',
    "heading": '# `<figure class="kshare-example">` { #anchor .own }',
    "html": '<div class="own" style="color: red" markdown>**x** <br> <!-- a --> <kbd>a</kbd></div>',
    "abbr": "The HTML.\n\n*[HTML]: a < b",
    "front": "---\ntitle: It's 5 o'clock & more\n---\nx < y",
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


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A site of one page with its statement."""
    root = tmp_path / "project"
    (root / "docs" / "zh").mkdir(parents=True)
    (root / "images.toml").touch()
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
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


SECOND = '<span class="gp">$ </span><span class="kshare-command">false</span>'
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
                r'<span class="go">.*(?=<span class="gp">)', "", page, flags=re.DOTALL
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


HOSTILE = {
    "{{ ''.__class__ }}": "the class of a value",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": "every class of the process",
    "{{ run._report.project.root.read_text() }}": "the report, by its inner name",
    "{{ run.report.project.root.read_text() }}": "a file, by the project's folder",
    "{{ run.example.__globals__ }}": "the globals of a method",
    "{{ run.example.__func__.__code__ }}": "the code of a method",
    "{{ run.link.__self__._view }}": "the object behind a method",
    "{{ cycler.__init__.__globals__.os }}": "a module, by a helper of the template language",
    "{{ lipsum.__globals__['os'].popen('id') }}": "a program, by a helper",
    "{{ self._TemplateReference__context }}": "the template's own context",
    "{{ '{0.__class__}'.format(run) }}": "an attribute by a format string",
    "{{ '{0._report}'.format_map({'0': run}) }}": "an attribute by a mapped format string",
    "{{ run | attr('_report') }}": "an attribute by a filter",
    "{{ [run] | map(attribute='_report') | first }}": "an attribute by a filter over a list",
    "{% include '/etc/passwd' %}": "a file by its path",
    "{% include '../../images.toml' %}": "a file of the project that is no template",
    "{{ run.data('../zh/secret') }}": "a file that is not beside the templates",
    "{% set _ = words.update({'failed': 'verified'}) %}": "the words of all figures",
    "{{ 'x' * 10 ** 10 }}": "a power of numbers that never ends",
    "{{ 'x' * 10000000000 }}": "all of the memory, by a product",
    "{{ '%20000000000d' % 1 }}": "all of the memory, by a format",
    "{{ '{:>20000000000}'.format(1) }}": "all of the memory, by a width",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "a macro without end",
    "<script>alert(1)</script>": "a script in a view",
    "<figure class='kshare-example'>6.6</figure>": "a figure in a view",
    "<b data-capture='sha256:1'>6.6</b>": "a digest in a view",
}


def fill_in(project: Path, template: str) -> str:
    folder = project / "docs" / "views"
    folder.mkdir(exist_ok=True)
    (folder / "hostile.html.j2").write_text(template, encoding="utf-8")
    view = View("hostile", "docs/zh/index.md", "", 1)
    report = Report(read_project(project), read_host(), {("", "real"): judged(BLOCK)})
    return str(render_view(project, view, report, Kernels()))


NOT_FILLED = "the view is refused, with its file"


@pytest.mark.parametrize(
    "template", [pytest.param(t, marks=attack(what, NOT_FILLED)) for t, what in HOSTILE.items()]
)
def test_a_view_reaches_values_only(project: Path, template: str) -> None:
    (project / "docs" / "zh" / "secret.json").write_text("1", encoding="utf-8")
    with pytest.raises(ViewError, match=r"docs/views/hostile\.html\.j2|no name of a file"):
        fill_in(project, template)


@attack("a view that counts for ever", "ended after ten seconds, and named")
def test_a_view_that_takes_for_ever(project: Path) -> None:
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(ViewError, match="not filled in within"):
        fill_in(project, loop)
    assert "<title>" in fill_in(project, "<svg class='kshare-wide'><title>x</title></svg>")
    assert fill_in(project, "{{ run.output('real', 1) }} {{ host.release | length > 0 }}") == (
        "6.6 True"
    )


def _linked_folder(root: Path) -> None:
    (root / "docs" / "zh" / "etc").symlink_to("/etc")


def _linked_file(root: Path) -> None:
    (root / "docs" / "zh" / "shadow.txt").symlink_to("/etc/shadow")


def _linked_page(root: Path) -> None:
    (root / "docs" / "zh" / "page.md").symlink_to("/etc/passwd")


def _linked_view(root: Path) -> None:
    (root / "docs" / "views").mkdir()
    (root / "docs" / "views" / "x.html.j2").symlink_to("/etc/passwd")


def _linked_beside(root: Path) -> None:
    (root / "secret.txt").write_text("secret", encoding="utf-8")
    (root / "docs" / "zh" / "asset.css").symlink_to("../../secret.txt")


def _linked_by_links(root: Path) -> None:
    (root / "docs" / "zh" / "a").symlink_to("b")
    (root / "docs" / "zh" / "b").symlink_to("/etc")


def _linked_in_a_circle(root: Path) -> None:
    (root / "docs" / "zh" / "a").symlink_to("b")
    (root / "docs" / "zh" / "b").symlink_to("a")


def _linked_nowhere(root: Path) -> None:
    (root / "docs" / "zh" / "a.md").symlink_to("/nowhere/at/all")


def _linked_docs(root: Path) -> None:
    (root / "docs").rename(root / "real")
    (root / "docs").symlink_to("real")


def _linked_snippet(root: Path) -> None:
    (root / "docs" / "snippets").mkdir()
    (root / "docs" / "snippets" / "host.txt").symlink_to("/proc/self/environ")


def _html(root: Path) -> None:
    (root / "docs" / "zh" / "fake.html").write_text(RAW, encoding="utf-8")


def _xhtml(root: Path) -> None:
    (root / "docs" / "zh" / "fake.XHTML").write_text(RAW, encoding="utf-8")


def _fifo(root: Path) -> None:
    os.mkfifo(root / "docs" / "zh" / "pipe.txt")


NO_SITE = "refused with its path; no site is built"


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(_linked_folder, marks=attack("a link to /etc among the pages", NO_SITE)),
        pytest.param(_linked_file, marks=attack("a link to /etc/shadow as an asset", NO_SITE)),
        pytest.param(_linked_page, marks=attack("a link to /etc/passwd as a page", NO_SITE)),
        pytest.param(_linked_view, marks=attack("a link to /etc/passwd as a view", NO_SITE)),
        pytest.param(_linked_beside, marks=attack("a link to a file beside docs", NO_SITE)),
        pytest.param(_linked_by_links, marks=attack("a link to a link to /etc", NO_SITE)),
        pytest.param(_linked_in_a_circle, marks=attack("links in a circle", NO_SITE)),
        pytest.param(_linked_nowhere, marks=attack("a page that is a link to nowhere", NO_SITE)),
        pytest.param(_linked_docs, marks=attack("docs itself is a link", NO_SITE)),
        pytest.param(_linked_snippet, marks=attack("a snippet that is a link", NO_SITE)),
        pytest.param(_html, marks=attack("a page in HTML, published as it is", NO_SITE)),
        pytest.param(_xhtml, marks=attack("a page in XHTML", NO_SITE)),
        pytest.param(
            _fifo, marks=attack("a FIFO among the pages, which is read for ever", NO_SITE)
        ),
    ],
)
def test_what_may_not_be_published(workshop: Workshop, plant: Callable[[Path], None]) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    plant(root)
    done = workshop.kshare("build")
    assert done.returncode == 1
    assert "nothing is built with it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (root / "site").exists()
    problems = [p for p in read_project(root).problems if "nothing is built" in p.message]
    assert problems


@pytest.mark.parametrize("plant", [_linked_file, _html])
def test_a_bare_mkdocs_does_not_publish_it(
    workshop: Workshop, plant: Callable[[Path], None]
) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    plant(root)
    command = [sys.executable, "-m", "mkdocs", "build"]
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode
    published = [path.read_bytes() for path in (root / "site").rglob("*") if path.is_file()]
    assert not any(b"root:" in data or RAW.encode() in data for data in published)


def test_links_within_docs_are_fine(workshop: Workshop) -> None:
    workshop.page("zh/index.md", "x")
    workshop.page("en/index.md", "x")
    (workshop.root / "docs" / "en" / "same.md").symlink_to("../zh/index.md")
    assert read_project(workshop.root).problems == ()


IMAGE = '[x]\n{key} = "{value}"\ntag = "x:1"\ndigest = "sha256:{zeros}"\n'
NO_RECIPE = "refused, with the table's line"


def _recipe(root: Path) -> None:
    (root / "evil").write_text("#!/bin/sh\ntouch /tmp/x\n", encoding="utf-8")
    (root / "scripts" / "images" / "linked").symlink_to("../../evil")
    (root / "scripts" / "images" / "folder").mkdir()
    (root / "scripts" / "images" / "folder" / "shadow").symlink_to("/etc/shadow")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("stand-in", "docs/zh/recipe", marks=attack("a recipe in docs", NO_RECIPE)),
        pytest.param("stand-in", "/bin/sh", marks=attack("a recipe by its full path", NO_RECIPE)),
        pytest.param("stand-in", "../evil", marks=attack("a recipe outside", NO_RECIPE)),
        pytest.param(
            "stand-in",
            "scripts/images/../../evil",
            marks=attack("a recipe that leaves its folder", NO_RECIPE),
        ),
        pytest.param(
            "stand-in", "scripts/images/linked", marks=attack("a recipe that is a link", NO_RECIPE)
        ),
        pytest.param("stand-in", "scripts/build", marks=attack("another script", NO_RECIPE)),
        pytest.param("build", "/etc", marks=attack("a build folder on the host", NO_RECIPE)),
        pytest.param("build", ".", marks=attack("the project as a build folder", NO_RECIPE)),
        pytest.param("build", "scripts/images", marks=attack("all recipes at once", NO_RECIPE)),
        pytest.param(
            "build",
            "scripts/images/folder",
            marks=attack("a build folder with a link to /etc/shadow", NO_RECIPE),
        ),
    ],
)
def test_recipes_lie_in_their_folder(workshop: Workshop, key: str, value: str) -> None:
    _recipe(workshop.root)
    text = IMAGE.format(key=key, value=value, zeros="0" * 64)
    (workshop.root / "images.toml").write_text(text, encoding="utf-8")
    (problem, *_) = read_project(workshop.root).problems
    assert (problem.file, problem.line) == ("images.toml", 1)
    assert "no recipe below scripts/images" in problem.message


def test_our_own_recipes_are_fine(workshop: Workshop) -> None:
    assert read_project(workshop.root).problems == ()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "docs/claims.toml", marks=attack("a list of claims that is a device", NO_SITE)
        ),
        pytest.param("images.toml", marks=attack("a list of images that is a device", NO_SITE)),
    ],
)
def test_lists_that_are_links(workshop: Workshop, name: str) -> None:
    (workshop.root / name).unlink(missing_ok=True)
    (workshop.root / name).symlink_to("/dev/zero")
    assert any(
        "is a link" in p.message and p.file == name for p in read_project(workshop.root).problems
    )


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(
            "set.json", marks=attack("a stored set's list that is a device", "refused, named")
        ),
        pytest.param("a.json", marks=attack("a stored capture that is a device", "refused, named")),
    ],
)
def test_sets_are_files(tmp_path: Path, file: str) -> None:
    folder = write_set(tmp_path, manifest(), [stored_capture("a")])
    (folder / file).unlink()
    (folder / file).symlink_to("/dev/zero")
    _, (problem,) = read_sets(tmp_path)
    assert problem.file == f"captures/{folder.name}/{file}"
    assert "no regular file" in problem.message


@attack("a set with a signature that nothing has checked", "the page says: not attested", "results")
def test_a_set_is_attested_by_a_check_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = write_set(tmp_path, manifest(), [stored_capture("a")])
    (folder / "set.json.sigstore.json").write_text("{}", encoding="utf-8")
    (found,), problems = read_sets(tmp_path)
    assert not found.attested
    assert problems == []


def _foreign(site: Path) -> None:
    site.mkdir()
    (site / "thesis.txt").write_text("years of work", encoding="utf-8")


def _home(site: Path) -> None:
    site.mkdir()
    (site / ".profile").touch()


def _to_foreign(site: Path) -> None:
    _foreign(site.with_name("elsewhere"))
    site.symlink_to("elsewhere")


def _to_empty(site: Path) -> None:
    site.with_name("elsewhere").mkdir()
    site.symlink_to("elsewhere")


def _dangling(site: Path) -> None:
    site.symlink_to("nowhere")


def _other_statement(site: Path) -> None:
    _foreign(site)
    said = {"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicate": {}}
    (site / PROVENANCE).write_text(json.dumps(said), encoding="utf-8")


def _linked_statement(site: Path) -> None:
    _foreign(site)
    (site / PROVENANCE).symlink_to("/etc/passwd")


def _pipe(site: Path) -> None:
    os.mkfifo(site)


KEPT = "refused with the way out; nothing in it is touched"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_foreign, marks=attack("a folder of somebody's work as the site", KEPT)),
        pytest.param(_home, marks=attack("a folder of hidden files as the site", KEPT)),
        pytest.param(Path.touch, marks=attack("a file as the site", KEPT)),
        pytest.param(_to_foreign, marks=attack("a link to somebody's folder as the site", KEPT)),
        pytest.param(_to_empty, marks=attack("a link to an empty folder as the site", KEPT)),
        pytest.param(_dangling, marks=attack("a link to nowhere as the site", KEPT)),
        pytest.param(_other_statement, marks=attack("a folder with another statement", KEPT)),
        pytest.param(_linked_statement, marks=attack("a folder whose statement is a link", KEPT)),
        pytest.param(_pipe, marks=attack("a FIFO as the site", KEPT)),
    ],
)
def test_a_folder_that_is_no_site_of_ours(workshop: Workshop, make: Callable[[Path], None]) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    site = workshop.root / "site"
    make(site)
    before = sorted(str(path) for path in workshop.root.rglob("*"))
    option = ("--site-dir", "site") if make in (_foreign, _to_empty) else ()
    done = workshop.kshare("build", *option)
    assert done.returncode == 2
    assert "site" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(str(path) for path in workshop.root.rglob("*")) == before
    assert refuse_site(site)


def test_a_folder_that_may_become_a_site(workshop: Workshop) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    (root / "empty").mkdir()
    for name in ("new", "empty", "deep/er"):
        assert workshop.kshare("build", "--site-dir", name).returncode == 0
        assert (root / name / "index.html").exists()
        assert not (root / name / BUILDING).exists()
    (root / "new" / "stale.html").touch()
    assert workshop.kshare("build", "--site-dir", "new").returncode == 0
    assert not (root / "new" / "stale.html").exists()


@pytest.mark.attack(
    kind="endings",
    tried="a build that is killed while it writes the site",
    outcome="the next build replaces what is half built",
)
def test_a_site_that_was_half_built(workshop: Workshop) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    begin_site(workshop.root / "site")
    (workshop.root / "site" / "half.html").touch()
    assert workshop.kshare("build").returncode == 0
    assert not (workshop.root / "site" / "half.html").exists()


@attack("links planted in an earlier site", "taken away; what they lead to is untouched")
def test_links_in_a_site_are_not_followed(workshop: Workshop) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    workshop.page("zh/sub/two.md", "x")
    assert workshop.kshare("build").returncode == 0
    _foreign(root / "precious")
    begin_site(root / "site")
    (root / "site" / "sub").symlink_to(root / "precious")
    (root / "site" / "index.html").symlink_to(root / "precious" / "thesis.txt")
    (root / "site" / ".git").symlink_to(root / "precious")
    assert workshop.kshare("build").returncode == 0
    assert [path.name for path in (root / "precious").iterdir()] == ["thesis.txt"]
    assert (root / "precious" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert not (root / "site" / "sub").is_symlink()


SEEN = "shown as a sign, on the page and on the terminal"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\x9b31mb", "a‹U+009B›31mb", marks=attack("a control of eight bits", SEEN)),
        pytest.param("a\u202eb", "a‹U+202E›b", marks=attack("an override of the direction", SEEN)),
        pytest.param("a\u2066b", "a‹U+2066›b", marks=attack("an isolate of the direction", SEEN)),
        pytest.param("a\u200bb", "a‹U+200B›b", marks=attack("a space without width", SEEN)),
        pytest.param("a\ufeffb", "a‹U+FEFF›b", marks=attack("a byte order mark", SEEN)),
        pytest.param("a\xadb", "a‹U+00AD›b", marks=attack("a soft hyphen", SEEN)),
        pytest.param("a\u2028b", "a‹U+2028›b", marks=attack("a line separator", SEEN)),
        pytest.param("a\U000e0041b", "a‹U+E0041›b", marks=attack("a letter of tags", SEEN)),
        pytest.param("a\u3164b", "a‹U+3164›b", marks=attack("a letter that nobody sees", SEEN)),
        pytest.param("a\x08b", "a␈b", marks=attack("a backspace over what was printed", SEEN)),
        pytest.param("a\x7fb", "a␡b", marks=attack("a delete", SEEN)),
        pytest.param("a\rb", "a␍b", marks=attack("a carriage return over a line", SEEN)),
    ],
)
def test_what_nobody_would_see_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert str(output_html(text)) == shown
    assert "\x1b" not in str(output_html(f"{text}\x1b[31mx"))
    assert shown in re.sub("<[^>]*>", "", str(output_html(f"{text}\x1b[31mx\x1b[0m")))
    example = replace(judged(BLOCK).example, parts=(Step(f"echo '{text}'", 3),))
    html = str(render_figure(replace(judged(BLOCK, output=text), example=example), "en"))
    command = Markup('<span class="kshare-command">{}</span>').format(f"echo '{shown}'")
    assert command in html
    copied = re.search(r'data-copy="([^"]*)"', html)
    assert copied
    assert html_module.unescape(copied[1]) == f"echo '{text}'"


@pytest.mark.live
@attack(
    "commands of the terminal in a container's output",
    "shown as signs: title, colours, screen",
    "results",
)
def test_a_terminal_obeys_no_container(workshop: Workshop) -> None:
    evil = r"printf '\033]0;owned\007\033[2J\302\233 31m\342\200\256x\n'"
    workshop.example(
        "evil", f'$ docker run --rm alpine sh -c "{evil}; exit 3"\n#? out[1] == ""  # no'
    )
    (workshop.root / "conftest.py").touch()
    plain = workshop.kshare("check")
    data = workshop.kshare("check", "--json")
    pytest_run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "docs"],
        cwd=workshop.root,
        capture_output=True,
        text=True,
        check=False,
    )
    for said in (plain.stdout + plain.stderr, data.stdout + data.stderr, pytest_run.stdout):
        assert "evil" in said
        assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202e]", said), said
    assert json.loads(data.stdout)["examples"][0]["status"] == "failed"


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own in a folder."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


ONE_LINE = "one line says so; the results are reported"


@pytest.mark.live
@pytest.mark.parametrize(
    "options",
    [
        pytest.param("size=16k", marks=attack("a full disk under the site", ONE_LINE, "limits")),
        pytest.param(
            "ro", marks=attack("a disk under the site that is read-only", ONE_LINE, "limits")
        ),
    ],
)
def test_a_site_that_cannot_be_written(workshop: Workshop, options: str) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.example("index", "$ docker run --rm alpine true")
    with mounted(workshop.root / "site", options):
        done = workshop.kshare("build")
    assert done.returncode == 1
    assert done.stderr.count("cannot be written") == 1
    assert "Traceback" not in done.stderr
    assert "1 verified, 0 failed" in done.stdout


@pytest.mark.live
@attack("a full disk under the scratch folders", ONE_LINE, "limits")
def test_no_room_for_scratch_files(workshop: Workshop) -> None:
    workshop.example("large", "$ docker run --rm alpine seq 100000 > all.txt")
    workshop.example("small", "$ docker run --rm alpine echo one")
    with mounted(workshop.root / "tmp", "size=64k") as folder:
        done = workshop.kshare("check", env={**os.environ, "TMPDIR": str(folder)})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout.count("No space left on device") == 1
    assert "1 verified, 1 failed" in done.stdout


@pytest.mark.live
@attack("a scratch disk that is read-only", "another one is used", "limits")
def test_no_right_to_scratch_files(workshop: Workshop) -> None:
    workshop.example("small", "$ docker run --rm alpine echo one > one.txt")
    with mounted(workshop.root / "tmp", "ro") as folder:
        done = workshop.kshare("check", env={**os.environ, "TMPDIR": str(folder)})
    assert done.returncode == 0, done.stderr
    assert "1 verified, 0 failed" in done.stdout
