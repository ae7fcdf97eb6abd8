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

from .book import Book
from .fence import LANGUAGE, VIEW_LANGUAGE
from .project import find_root


class Formatter:
    """What markdown-exec calls for each executable `console` block."""

    def __init__(self, book: Book, lang: str) -> None:
        """Take the book to look examples up in, and the language of the pages."""
        self.book = book
        self.lang = lang

    def __call__(self, *, code: str, md: Markdown, **options: Any) -> Markup:  # noqa: ARG002
        """The figure of one block."""
        header = {"id": options.get("id", ""), **(options.get("extra") or {})}
        return self.book.figure(code, header, self.lang)

    def view(self, *, md: Markdown, **options: Any) -> Markup:  # noqa: ARG002
        """The HTML of one view."""
        return self.book.view(str((options.get("extra") or {}).get("name", "")), self.lang)


class KshareExtension(Extension):
    """Options: `lang`, the pages' language; `root`, the project; `book`, an earlier run's."""

    def __init__(self, **options: Any) -> None:
        """Take the options of the site's configuration."""
        self.config = {
            "lang": ["zh", "Language of the pages"],
            "root": ["", "The project's folder; by default the nearest with images.toml"],
            "book": ["", "A Book to look examples up in; by default one of its own"],
        }
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: ARG002, N802
        """Register the formatter, once for each book and language."""
        lang = str(self.getConfig("lang"))
        book = self.getConfig("book")
        # The table outlives the pages' Markdown instances: an earlier page's book is kept.
        table: dict[str, Any] = formatters
        known = table.get(LANGUAGE)
        if not isinstance(book, Book):
            root = Path(self.getConfig("root")) if self.getConfig("root") else find_root(Path.cwd())
            if root is None:
                raise ValueError("no images.toml in this folder or above it: not a kshare project")
            same = isinstance(known, Formatter) and known.book.root == root
            book = known.book if isinstance(known, Formatter) and same else Book(root)
        table[LANGUAGE] = formatter = Formatter(book, lang)
        table[VIEW_LANGUAGE] = formatter.view


def makeExtension(**options: Any) -> KshareExtension:  # noqa: N802
    """The entry point of Python-Markdown."""
    return KshareExtension(**options)
