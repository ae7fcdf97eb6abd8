"""The Python-Markdown extension: markdown-exec's `console` fences become judged examples.

Listed under `markdown_extensions`, it puts its formatter into markdown-exec's public table. It
needs no plugin of its own, so it works under every site builder that runs markdown-exec.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown_exec import formatter as execute
from markdown_exec import formatters, validator
from markupsafe import Markup

from .article.views import render_view
from .data.project import Project
from .data.report import Report
from .machine.host import read_host
from .pages.contents import unfit_files
from .pages.fences import LANGUAGE, VIEW_LANGUAGE, quotes, without_comments
from .pages.project import find_root
from .reading.tables import label_cells
from .reading.titles import break_titles
from .site.figure import render_quotation
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
        self.ids: list[str] = []
        self.whole = False

    def __call__(self, *, code: str, md: Markdown, **options: Any) -> Markup:  # noqa: ARG002
        """The mark of one block."""
        header = {"id": options.get("id", ""), **(options.get("extra") or {})}

        def made(page: str, flat: bool) -> Markup:
            return self.lookup.figure(code, header, self.lang, page, flat=flat)

        return self._mark(made, header["id"])

    def view(self, *, md: Markdown, **options: Any) -> Markup:  # noqa: ARG002
        """The mark of one view."""
        name = str((options.get("extra") or {}).get("name", ""))
        return self._mark(lambda page, flat: self.lookup.view(name, self.lang, page, flat=flat))

    def begin(self) -> None:
        """A page begins."""
        self.whole = False
        self.lookup.begin(_page(self.md, self.lookup.root)[0])

    def refuse(self, what: str) -> None:
        """Tell the builder what is wrong with the site's configuration."""
        self.lookup.refuse(what, self.lang, _page(self.md, self.lookup.root)[0])

    def quotation(self, source: str, whose: str) -> Markup:
        """The mark of a session that is somebody else's, and was not run."""
        html = render_quotation(source, whose, self.lang)
        return self._mark(lambda _page, _flat: html)

    def run(self, text: str) -> str:
        """The content, or what is wrong with it; a builder might swallow what is raised here."""
        page, meta = _page(self.md, self.lookup.root)
        try:
            self.lookup.freshen()
            return self._filled(text, page, meta)
        except Exception as error:
            return self.lookup.fault(error, self.lang, page)

    def _filled(self, text: str, page: str, meta: dict[str, Any]) -> str:
        mark = re.compile(rf"<div>{self.token}(\d+)</div>")
        if refusal := self.lookup.refuse_foreign(mark.sub("", text), meta, page):
            return refusal
        shown = set(mark.findall(without_comments(text)))
        flat = "relpath" in self.md.treeprocessors and not _file(self.md).use_directory_urls
        html = mark.sub(lambda m: self._made(int(m[1]), page, flat) if m[1] in shown else "", text)
        html = break_titles(label_cells(html))
        if not self.whole:
            return html  # a heading, for the table of contents
        there = {self.ids[int(number)] for number in shown}
        return f"{html}{self.lookup.refuse_missed(page, there, self.lang)}"  # a sum would escape it

    def _made(self, number: int, page: str, flat: bool) -> Markup:
        try:
            return self.met[number](page, flat)
        except Exception as error:
            return self.lookup.fault(error, self.lang, page)

    def _mark(self, made: Callable[[str, bool], Markup], identifier: str = "") -> Markup:
        self.met.append(made)
        self.ids.append(identifier)
        return Markup("<div>{}{}</div>").format(self.token, len(self.met) - 1)


class Last(Treeprocessor):
    """Tells the formatter that what it sees next is the whole content."""

    def __init__(self, md: Markdown, formatter: Formatter) -> None:
        """Take whom to tell."""
        super().__init__(md)
        self._formatter = formatter

    def run(self, root: Element) -> None:  # noqa: ARG002
        """Tell it."""
        self._formatter.whole = True


class Fences(Preprocessor):
    """Puts our fences among those of SuperFences, whichever of the two extensions came first."""

    def __init__(self, md: Markdown, formatter: Formatter) -> None:
        """Take what quotations become."""
        super().__init__(md)
        self._formatter = formatter
        self._done = False

    def run(self, lines: list[str]) -> list[str]:
        """The lines as they are; a site without SuperFences is told so, and shows no example."""
        self._formatter.begin()
        if self._done:
            return lines
        known = "fenced_code_block"
        place: Any = self.md.preprocessors[known] if known in self.md.preprocessors else None  # noqa: SIM401  (a registry has no get)
        if not hasattr(place, "extension"):
            self._formatter.refuse("no examples render without pymdownx.superfences: list it too")
            return lines
        for name in (LANGUAGE, VIEW_LANGUAGE):
            place.extension.extend_super_fences(name, _executed, validator, None)
        place.extension.extend_super_fences(LANGUAGE, self._quotation, quotes, None)
        self._done = True
        return lines

    def _quotation(self, *, src: str, options: Any, **_: Any) -> str:
        return self._formatter.quotation(src, str(options["quote"]))


def _executed(*, src: str, language: str, options: Any, md: Markdown, **rest: Any) -> str:
    return str(execute(src, language, "", options, md, **rest))


class KshareExtension(Extension):
    """Options: `lang`, the pages' language; `complete`, see below; `lookup`, an earlier run's."""

    def __init__(self, **options: Any) -> None:
        """Take the options of the site's configuration."""
        self.config = {
            "lang": ["", "Language of the pages, where a project has several"],
            "complete": [
                False,
                "Pages must have what readers miss; kshare_docs.pages.prose reads it",
            ],
            "lookup": ["", "A Lookup to find examples in; by default one of its own"],
        }
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Register the formatter, once for each look-up and language."""
        table: dict[str, Any] = formatters
        lookup = self.getConfig("lookup") or _own_lookup(table.get(LANGUAGE))
        table[LANGUAGE] = formatter = Formatter(md, lookup, str(self.getConfig("lang")))
        table[VIEW_LANGUAGE] = formatter.view
        md.preprocessors.register(Fences(md, formatter), "kshare_fences", 1000)
        md.treeprocessors.register(Last(md, formatter), "kshare_last", -10_000)
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
    lookup = Lookup(root, render_view, Report(unread, read_host()))
    atexit.register(_fail_unless_sound, lookup)
    return lookup


def _fail_unless_sound(lookup: Lookup) -> None:
    """End the process with 1 where something failed: not every builder counts what is logged.

    What Zensical keeps of this build is forgotten, else its next one would not look at the pages.
    """
    if lookup.sound:
        return
    if "zensical" in sys.modules:
        for path in (lookup.root / ".cache").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                path.unlink()
    sys.stderr.write("kshare: not every example of this site is verified, see above\n")
    logging.shutdown()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(1)


def _page(md: Markdown, root: Path) -> tuple[str, dict[str, Any]]:
    """The page that renders and its front matter, as MkDocs or Zensical says; else nothing."""
    if "relpath" in md.treeprocessors:
        file = _file(md)
        path, meta = Path(file.abs_src_path or ""), file.page.meta
    elif "rendering_context" in md.preprocessors:
        context: Any = md.preprocessors["rendering_context"]
        path = root / str(context.config.get("docs_dir", "docs")) / context.page.path
        meta = context.page.meta
    else:
        return "", {}
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else "", meta


def _file(md: Markdown) -> Any:
    """The file that MkDocs renders."""
    return getattr(md.treeprocessors["relpath"], "file")  # noqa: B009
