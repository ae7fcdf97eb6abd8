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
    """Options: `lang`, the pages' language; `root`, the project; `lookup`, an earlier run's."""

    def __init__(self, **options: Any) -> None:
        """Take the options of the site's configuration."""
        self.config = {
            "lang": ["", "Language of the pages, where a project has several"],
            "root": ["", "The project's folder; by default the nearest with images.toml"],
            "lookup": ["", "A Lookup to find examples in; by default one of its own"],
        }
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: ARG002, N802
        """Register the formatter, once for each look-up and language."""
        lang = str(self.getConfig("lang"))
        lookup = self.getConfig("lookup")
        # The table outlives the pages' Markdown instances: an earlier page's look-up is kept.
        table: dict[str, Any] = formatters
        known = table.get(LANGUAGE)
        if not isinstance(lookup, Lookup):
            root = Path(self.getConfig("root")) if self.getConfig("root") else find_root(Path.cwd())
            if root is None:
                raise ValueError("no images.toml in this folder or above it: not a kshare project")
            lookup = known.lookup if isinstance(known, Formatter) else None
            if lookup is None or lookup.root != root:
                lookup = Lookup(root, render_view)
        table[LANGUAGE] = formatter = Formatter(lookup, lang)
        table[VIEW_LANGUAGE] = formatter.view


def makeExtension(**options: Any) -> KshareExtension:  # noqa: N802
    """The entry point of Python-Markdown."""
    return KshareExtension(**options)


def _page(md: Markdown, root: Path) -> str:
    """The page that renders, where MkDocs says it (its treeprocessor `relpath`); else empty."""
    if "relpath" not in md.treeprocessors:
        return ""
    path = Path(getattr(md.treeprocessors["relpath"], "file").abs_src_path or "")  # noqa: B009
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
