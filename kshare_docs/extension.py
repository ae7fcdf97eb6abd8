"""The Python-Markdown extension: markdown-exec's `console` fences become judged examples.

Listed under `markdown_extensions`, it puts its formatter into markdown-exec's public table. It
needs no plugin of its own, so it works under every site builder that runs markdown-exec.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markdown import Extension, Markdown
from markdown_exec import formatters
from markupsafe import Markup

from .article.views import render_view
from .data.project import Project
from .data.report import Report
from .machine.host import read_host
from .pages.fences import LANGUAGE, VIEW_LANGUAGE
from .pages.project import find_root
from .site.lookup import Lookup


class Formatter:
    """What markdown-exec calls for each executable `console` block."""

    def __init__(self, lookup: Lookup, lang: str) -> None:
        """Take where examples are looked up, and the language of the pages."""
        self.lookup = lookup
        self.lang = lang

    def __call__(self, *, code: str, md: Markdown, **options: Any) -> Markup:
        """The figure of one block."""
        header = {"id": options.get("id", ""), **(options.get("extra") or {})}
        return self.lookup.figure(code, header, self.lang, _page(md, self.lookup.root))

    def view(self, *, md: Markdown, **options: Any) -> Markup:
        """The HTML of one view."""
        name = str((options.get("extra") or {}).get("name", ""))
        return self.lookup.view(name, self.lang, _page(md, self.lookup.root))


class KshareExtension(Extension):
    """Options: `lang`, the pages' language; `lookup`, an earlier run's."""

    def __init__(self, **options: Any) -> None:
        """Take the options of the site's configuration."""
        self.config = {
            "lang": ["", "Language of the pages, where a project has several"],
            "lookup": ["", "A Lookup to find examples in; by default one of its own"],
        }
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: ARG002, N802
        """Register the formatter, once for each look-up and language."""
        table: dict[str, Any] = formatters
        lookup = self.getConfig("lookup") or _own_lookup(table.get(LANGUAGE))
        table[LANGUAGE] = formatter = Formatter(lookup, str(self.getConfig("lang")))
        table[VIEW_LANGUAGE] = formatter.view


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
    unread = Project(root, examples=(), runnables={}, images={}, problems=())
    return Lookup(root, render_view, Report(unread, read_host()))


def _page(md: Markdown, root: Path) -> str:
    """The page that renders, where MkDocs says it (its treeprocessor `relpath`); else empty."""
    if "relpath" not in md.treeprocessors:
        return ""
    path = Path(getattr(md.treeprocessors["relpath"], "file").abs_src_path or "")  # noqa: B009
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
