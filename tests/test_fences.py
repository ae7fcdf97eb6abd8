"""What is found on a page is what the site shows: each page here is also rendered and compared."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import markdown
import pytest
import yaml
from markdown_exec import formatter, formatters, validator
from mkdocs.utils.meta import get_data

from kshare_docs.article.views import render_view
from kshare_docs.data.report import Report
from kshare_docs.machine.host import read_host
from kshare_docs.pages.catalogues import Site, read_sites
from kshare_docs.pages.fences import Block, Finder
from kshare_docs.pages.project import read_project
from kshare_docs.site.lookup import Lookup

from .conftest import Workshop
from .sites import CONFIGURATION

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "pages.yml").read_text(encoding="utf-8")
)
SEEDS = range(40)
PAGES_A_SEED = 25


def shown_marks(html: str) -> list[int]:
    """The marks that a browser shows: HTML's states of comments, not Python's older idea of them.

    See https://html.spec.whatwg.org/multipage/parsing.html#comment-start-state.
    """
    marks, at = [], 0
    while at < len(html):
        if html.startswith("<!--", at):
            at += 4
            if html.startswith((">", "->"), at):  # closed at once
                at = html.index(">", at) + 1
                continue
            ends = [html.find(end, at) + len(end) for end in ("-->", "--!>") if end in html[at:]]
            at = min(ends, default=len(html))
        elif mark := re.match(r'<mark id="(\d+)">', html[at:]):
            marks.append(int(mark[1]))
            at += mark.end()
        else:
            at += 1
    return marks


def rendered(text: str, site: Site, patch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Ids and sources of the blocks that the real stack shows, in the order it met them."""
    calls: list[tuple[str, str]] = []

    def note(*, code: str, md: object, **options: Any) -> str:  # noqa: ARG001
        calls.append((options["id"], code))
        return f'<div><mark id="{len(calls) - 1}"></mark></div>'

    fences = []
    for lang in ("console", "view"):
        patch.setitem(formatters, lang, note)
        fences.append({"name": lang, "class": lang, "validator": validator, "format": formatter})
    extensions = {"toc": {}, "tables": {}, **site.extensions}
    extensions["pymdownx.superfences"] = {"custom_fences": fences}
    plain = re.sub(r"\r\n?", "\n", text)
    html = markdown.markdown(
        get_data(plain)[0], extensions=[*extensions], extension_configs=extensions
    )
    shown = shown_marks(html)
    return [call for number, call in enumerate(calls) if number in shown]


def found(text: str, finder: Finder) -> list[Block]:
    return list(finder.find(text, lambda *_: None))


def compare(text: str, site: Site, finder: Finder, patch: pytest.MonkeyPatch) -> int:
    blocks = found(text, finder)
    same = [(block.options.get("id", ""), "\n".join(block.lines)) for block in blocks]
    assert same == rendered(text, site, patch), text
    lines = re.split(r"\r\n|\r|\n", text)
    for block in blocks:
        assert f'id="{block.options["id"]}"' in lines[block.line - 1], text
    return len(blocks)


@pytest.mark.parametrize("name", [name for name in CASES if "braces" not in name])
def test_found_is_what_renders(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = CASES[name]["page"]
    blocks = [b.options.get("id", "") for b in found(text, Finder())]
    assert blocks == [identifier for identifier, _ in rendered(text, Site(), monkeypatch)]


class Pages:
    """Makes pages of what may stand around fences; of the same seed, the same pages."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.count = 0

    def page(self) -> str:
        depth = self.random.choice([0, 1, 2, 2])
        parts = [self.piece(depth) for _ in range(self.random.randint(1, 6))]
        text = self.random.choice(["\n\n", "\n\n", "\n"]).join(parts)
        if depth == 0:
            text = text.replace("<!", "< ")
        text = self.random.choice(["", "", *FRONT]) + text + self.random.choice(["", "\n"])
        if self.random.random() < 0.2:
            text = text.replace("\n", self.random.choice(["\r\n", "\r"]))
        return text

    def piece(self, depth: int) -> str:
        choices = [self.fence, self.fence, self.fence, self.text]
        if depth:
            choices += [self.holder, self.holder, self.comment]
        make = self.random.choice(choices)
        return make(depth) if make in (self.holder, self.comment) else make()  # type: ignore[call-arg,operator]

    def fence(self) -> str:
        self.count += 1
        mark = self.random.choice("``~") * self.random.choice([3, 3, 3, 4, 5])
        header = self.random.choice(HEADERS).format(id=f"b{self.count}")
        body = self.random.choice(BODIES)
        end = self.random.choice([mark] * 8 + [mark + " ", mark[:-1], "", mark + "`"])
        gap = self.random.choice(["", "", " "])
        return "\n".join([mark + gap + header, *body, *([end] if end else [])])

    def text(self) -> str:
        return self.random.choice(TEXTS)

    def holder(self, depth: int) -> str:
        first, indent = self.random.choice(HOLDERS)
        inner = self.piece(depth - 1)
        for _ in range(self.random.choice([0, 0, 1])):
            inner += self.random.choice(["\n\n", "\n"]) + self.piece(depth - 1)
        lines = [indent + line if line or ">" in indent else "" for line in inner.split("\n")]
        if self.random.random() < 0.05:
            lines[self.random.randrange(len(lines))] = "out of it"
        return first + "\n".join(lines)

    def comment(self, depth: int) -> str:
        begin, end = self.random.choice(COMMENTS)
        return begin + self.piece(depth - 1) + end


FRONT = (
    "---\ntitle: x\n---\n",
    '---\ndescription: |\n  ```console exec="1" id="meta"\n  $ true\n  ```\n---\n\n',
    "---\nno end\n",
    "---\n- a list\n---\n",
    "title: old\nauthor: kind\n\n",
)
HEADERS = (
    'console exec="1" id="{id}"',
    'console exec="1" id="{id}"',
    'console exec="1" id="{id}"',
    'console exec="1" id="{id}"',
    'console exec="1" id="{id}" title="a `tick` and > more"',
    'console  exec="yes"   id="{id}"  ',
    'console exec="1" id="{id}"',
    'console exec="1" id="{id}"',
    "console exec='1' id=\"{id}\"",
    '.console exec id="{id}"',
    'view exec="1" name="ledger" id="{id}"',
    'console exec="1" id="{id}" returncode="x"',
    'console exec="0" id="{id}"',
    "console exec=1 id={id}",
    'console exec="1"id="{id}"',
    'Console exec="1" id="{id}"',
    'python exec="1" id="{id}"',
    'md title="shown"',
    "",
    "text",
    "text oops!",
    'text unknown="1"',
)
BODIES = (
    ["$ true"],
    ["$ true"],
    ["$ echo '<!--'"],
    ["$ echo '-->'"],
    [],
    [""],
    ["# a", "", "", "$ b"],
    ["    $ deep"],
    ["\t$ tab\there"],
    ["> $ quoted"],
    ["```"],
    ["~~~"],
    ['```console exec="1" id="inner"', "$ x", "```"],
    ["$ a\u2028b\x0cc\x0bd\x85e"],
    ["- $ x", "  y"],
)
TEXTS = (
    "plain words",
    "# heading",
    "a `<!--` in code",
    "`-->` alone",
    "<!-- short -->",
    "words <!-- inline --> words",
    "<!-- never closed",
    "-->",
    "    indented code",
    "- item",
    "1. one",
    "> quoted",
    "a | b\n--|--\n1 | 2",
    "[ref]:",
    "Term",
    "<div>\n\nraw\n\n</div>",
    "<details markdown><summary>s</summary>",
    "</details>",
    "***",
    "form\x0cfeed \u2028 separator",
    "<!-->",
    "<pre>",
    "</pre>",
    "<?php x ?>",
    "```",
    'text ```console exec="1" id="mid"```',
)
HOLDERS = (
    ("- ", "  "),
    ("- item\n\n", "    "),
    ("1. item\n\n", "    "),
    ("- item\n", "    "),
    ("- a\n    - b\n\n", "        "),
    ("!!! note\n\n", "    "),
    ("!!! note\n", "    "),
    ("??? note\n\n", "    "),
    ('=== "tab"\n\n', "    "),
    ("", "> "),
    ("", ">"),
    ("", "> > "),
    ("> quoted\n", "> "),
    ("", "    "),
    ("paragraph\n\n", "    "),
    ("", "   "),
    ("", "\t"),
    ("Term\n:   ", "    "),
    ("Term\n\n:   text\n\n", "    "),
    ("[^1]: note\n\n", "    "),
    ('<div markdown="1">\n\n', ""),
    ("<div>\n", ""),
    ("text\n", ""),
)
COMMENTS = (
    ("<!--\n", "\n-->"),
    ("<!--\n\n", "\n\n-->"),
    ("<!-- a\n\n", "\n\nb -->"),
    ("words <!--\n", "\n-->"),
    ("<!--\n\n", "\n\n--!>"),
    ("  <!--\n\n", "\n\n-->\nafter"),
    ("`<!--`\n\n", "\n\n`-->`"),
    ("<div>\n<!--\n", "\n-->\n</div>"),
    ("<!-- ", "\n-->"),
)


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_pages(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pages, site = Pages(seed), Site()
    finder = Finder(site)
    assert sum(compare(pages.page(), site, finder, monkeypatch) for _ in range(PAGES_A_SEED))


def test_what_a_site_configures(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    fence = '```console exec="1" id="{}"\n    $ true\n    ```\n'
    page = "".join(
        f"{first}\n\n    {fence.format(name)}\n"
        for first, name in (("!!! note", "note"), ("??? more", "more"), ("Term\n:   text", "term"))
    )
    for configured, expected in (
        ("[admonition]", ["note"]),
        ("{pymdownx.details: {}, def_list: null}", ["more", "term"]),
        (
            "[admonition, pymdownx.details, def_list, {toc: {permalink: true}}]",
            ["note", "more", "term"],
        ),
        (
            "[{pymdownx.superfences: {disable_indented_code_blocks: true}}]",
            ["note", "more", "term"],
        ),
    ):
        text = f"site_name: x\nmarkdown_extensions: {configured}\n"
        (tmp_path / "mkdocs.yml").write_text(text, encoding="utf-8")
        (site,), problems = read_sites(tmp_path)
        assert problems == []
        assert [block.options["id"] for block in found(page, Finder(site))] == expected


@pytest.mark.live
def test_a_draft_is_run_where_it_is_served(workshop: Workshop) -> None:
    configuration = "site_name: x\ndocs_dir: docs/zh\ndraft_docs: draft.md\n"
    (workshop.root / "mkdocs.yml").write_text(configuration, encoding="utf-8")
    run = "$ docker run --rm alpine true"
    workshop.example("one", run)
    workshop.example("draft", f"{run} || exit")  # refused
    assert [row["id"] for row in workshop.check(code=0)["examples"]] == ["one"]
    workshop.example("draft", run)
    (row,) = workshop.check("docs/zh/draft.md", code=0)["examples"]
    assert row["id"] == "draft"
    report = Report(read_project(workshop.root), read_host())
    lookup = Lookup(workshop.root, render_view, report)
    for name in ("draft", "one"):
        figure = lookup.figure(run, {"id": name, "exec": "1"}, "zh", f"docs/zh/{name}.md")
        assert 'data-status="verified"' in figure
        assert set(lookup.report.project.pages) == {"docs/zh/one.md", "docs/zh/draft.md"}


def test_what_a_comment_hides_is_neither_run_nor_missed(workshop: Workshop) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    hidden = '```console exec="1" id="hidden"\n$ true\n```'
    workshop.page("zh/index.md", f"# x\n\n<!--\n{hidden}\n-->\n\n````md\n{hidden}\n````\n")
    done = workshop.kshare("build")
    assert done.returncode == 0, done.stderr
    html = (workshop.root / "site" / "index.html").read_text(encoding="utf-8")
    assert html.count('id="hidden"') == 1  # in the block of Markdown
    assert "kshare-" not in html.partition("<h1")[2].partition("</article")[0].replace("\n", "")
