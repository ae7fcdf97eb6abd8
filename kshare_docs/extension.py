"""The Python-Markdown extension: markdown-exec's `console` fences become judged examples.

Listed under `markdown_extensions`, it puts its formatter into markdown-exec's public table. It
needs no plugin of its own, so it works under every site builder that runs markdown-exec.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor
from markdown_exec import formatters
from markupsafe import Markup

from .article.views import render_view
from .data.project import Project
from .data.report import Report
from .machine.host import read_host
from .pages.contents import unfit_files
from .pages.fences import LANGUAGE, VIEW_LANGUAGE, without_comments
from .pages.project import find_root
from .reading.tables import label_cells
from .reading.titles import break_titles
from .site.lookup import Lookup


class Formatter(Postprocessor):
    """What markdown-exec calls for each executable block of a page.

    It leaves a mark, for a block may still turn out to be no part of the page. It sees the content
    last too: there it fills the marks in, and lets nothing else pass for what it made.
    """

    def __init__(self, md: Markdown, lookup: Lookup, lang: str) -> None:
        """Take where examples are looked up, and the language of the pages."""
        super().__init__(md)
        self.lookup = lookup
        self.lang = lang
        self.token = f"kshare-{secrets.token_hex(8)}-"
        self.met: list[Callable[[str, bool], Markup]] = []

    def __call__(self, *, code: str, md: Markdown, **options: Any) -> Markup:  # noqa: ARG002
        """The mark of one block."""
        header = {"id": options.get("id", ""), **(options.get("extra") or {})}
        return self._mark(
            lambda page, flat: self.lookup.figure(code, header, self.lang, page, flat=flat)
        )

    def view(self, *, md: Markdown, **options: Any) -> Markup:  # noqa: ARG002
        """The mark of one view."""
        name = str((options.get("extra") or {}).get("name", ""))
        return self._mark(lambda page, flat: self.lookup.view(name, self.lang, page, flat=flat))

    def run(self, text: str) -> str:
        """The content, or what is wrong with it."""
        page, known = _page(self.md, self.lookup.root), "relpath" in self.md.treeprocessors
        flat = known and not _file(self.md).use_directory_urls
        mark = re.compile(rf"<div>{self.token}(\d+)</div>")
        meta = _file(self.md).page.meta if known else {}
        if refusal := self.lookup.refuse_foreign(mark.sub("", text), meta, page):
            return refusal
        shown = set(mark.findall(without_comments(text)))
        content = mark.sub(lambda m: self.met[int(m[1])](page, flat) if m[1] in shown else "", text)
        return break_titles(label_cells(content))

    def _mark(self, made: Callable[[str, bool], Markup]) -> Markup:
        self.met.append(made)
        return Markup("<div>{}{}</div>").format(self.token, len(self.met) - 1)


class KshareExtension(Extension):
    """Options: `lang`, the pages' language; `lookup`, an earlier run's."""

    def __init__(self, **options: Any) -> None:
        """Take the options of the site's configuration."""
        self.config = {
            "lang": ["", "Language of the pages, where a project has several"],
            "lookup": ["", "A Lookup to find examples in; by default one of its own"],
        }
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Register the formatter, once for each look-up and language."""
        table: dict[str, Any] = formatters
        lookup = self.getConfig("lookup") or _own_lookup(table.get(LANGUAGE))
        table[LANGUAGE] = formatter = Formatter(md, lookup, str(self.getConfig("lang")))
        table[VIEW_LANGUAGE] = formatter.view
        md.postprocessors.register(formatter, "kshare", -1000)


def makeExtension(**options: Any) -> KshareExtension:  # noqa: N802
    """The entry point of Python-Markdown."""
    return KshareExtension(**options)


def _own_lookup(known: object) -> Lookup:
    """The look-up of the project around; markdown-exec's table keeps it from page to page."""
    root = find_root(Path.cwd())
    if root is None:
        raise ValueError("no images.toml in this folder or above it: not a kshare project")
    if isinstance(known, Formatter) and known.lookup.root == root:
        return known.lookup
    if unfit := unfit_files(root):
        raise ValueError(unfit[0])
    unread = Project(root, examples=(), runnables={}, images={}, problems=())
    return Lookup(root, render_view, Report(unread, read_host()))


def _page(md: Markdown, root: Path) -> str:
    """The page that renders, where MkDocs says it (its treeprocessor `relpath`); else empty."""
    if "relpath" not in md.treeprocessors:
        return ""
    path = Path(_file(md).abs_src_path or "")
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _file(md: Markdown) -> Any:
    return getattr(md.treeprocessors["relpath"], "file")  # noqa: B009
