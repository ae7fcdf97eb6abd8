"""Contents: what stands on all pages, each read by itself and held against the others."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from mkdocs.utils import is_markdown_file

from ..data.example import Bearing, Example, View
from ..data.problem import Problem
from ..words import languages
from .blocks import Vocabulary, read_example, read_view
from .catalogues import Site, read_sites
from .fences import ENDLESS, VIEW_LANGUAGE, Finder, endless_header
from .prose.faults import prose_faults
from .prose.page import Page, read_prose
from .prose.translations import blocks_of

_MARKUP = re.compile(
    r"\.(atom|gml|kml|mathml|mht|mhtml|mml|rdf|rng|rss|s?html?|smil|svgz|wsdl|xhtm?l?|xml|xs[dl]|xslt|xul)",
    re.IGNORECASE,
)
"""Endings of files that a browser shows as a page of their own."""

_ACTING = re.compile(
    r"<([\w.-]+:)?(script|foreignObject|handler)|<!ENTITY|<\?xml-stylesheet|\son\w+\s*=|\0|"
    + r"\s*".join("javascript:"),
    re.IGNORECASE,
)
"""What of a drawing would not be one: another page, a script, or what cannot be read here."""


@dataclass(slots=True)
class Contents:
    """What stands on pages: examples and views without fault, and what is wrong with others."""

    pages: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_pages(root: Path, *, words: Vocabulary, also: Collection[str] = ()) -> Contents:
    """Read every page that MkDocs builds of `docs`, and hold examples of one id against each other.

    Args:
        root: The project's folder.
        words: Names that pages may use.
        also: Pages that are read though MkDocs' configuration leaves them out, as drafts are.
    """
    unfit, (sites, problems) = unfit_files(root), read_sites(root)
    whole = Contents(problems=unfit + problems)
    leave, more = {root / problem.file for problem in unfit}, {root / page for page in also}
    finders: dict[Path, Finder] = {}
    for site in sites:
        finders = dict.fromkeys(site.pages(leave, more), Finder(site)) | finders
    seen: dict[tuple[str, Path], str] = {}
    complete: dict[str, tuple[Site, dict[PurePosixPath, Page | None]]] = {
        site.file: (site, {}) for site in sites if site.complete
    }
    for path, finder in sorted(finders.items(), key=lambda item: item[0]):
        page = path.relative_to(root).as_posix()
        whole.pages.append(page)
        prose = complete.get(finder.site.file, (finder.site, {}))[1]
        name = PurePosixPath(path.relative_to(finder.site.docs))
        prose[name] = None
        if seen.setdefault((page_language(page), path.resolve()), page) != page:
            continue  # the same file by way of a link: the same examples
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            whole.problems.append(Problem(page, 0, "", f"cannot be read as UTF-8 text: {error}"))
            continue
        found = read_page(text, page, words=words, finder=finder)
        whole.examples += found.examples
        whole.views += found.views
        whole.problems += found.problems
        if finder.site.complete:
            prose[name] = _prose(finder, text, page, name)
    faulty = {problem.file for problem in whole.problems}
    faults = prose_faults(root, complete, blocks_of(whole.examples, whole.views), faulty)
    whole.examples = _consistent(whole.examples, whole.problems)
    whole.views = _single(whole.views, whole.problems)
    whole.problems += faults
    return whole


def _prose(finder: Finder, text: str, page: str, name: PurePosixPath) -> Page | None:
    """A page as prose; None where it cannot be rendered, which is told elsewhere."""
    if endless_header(text):
        return None
    try:
        return read_prose(page, name, text, finder.render(text))
    except Exception:  # whatever the site's extensions raise
        return None


def unfit_files(root: Path) -> list[Problem]:
    """What would be published of `docs` without being a page or a file of it."""
    docs = root.resolve() / "docs"
    found: list[Problem] = []
    for path in (root / "docs", *(root / "docs").rglob("*")):
        what = _unfit(path, docs)
        line, what = (0, what) if what else _unfit_text(path)
        if what:
            page = path.relative_to(root).as_posix()
            found.append(Problem(page, line, "", f"{what}; nothing is built with it"))
    return found


def _unfit(path: Path, docs: Path) -> str:
    if _MARKUP.fullmatch(path.suffix):  # also of a link, whatever it leads to
        return "would be published as it is: write it as Markdown"
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):  # it leads nowhere, or in a circle
            target = Path("/")
        if not target.is_relative_to(docs):
            return "is a link that leads out of docs: put the file itself there"
        # MkDocs follows them, again and again where one leads back.
        again = any(item.is_symlink() and item.is_dir() for item in target.rglob("*"))
        return "is a link to a folder with such links in it" if again else ""
    plain = path.is_dir() or path.is_file() or not path.exists()
    return "" if plain else "is no file that can be published"


def _unfit_text(path: Path) -> tuple[int, str]:
    """Why, and from which line on, a page would keep MkDocs without end, or a drawing act."""
    drawing = path.suffix.lower() == ".svg"
    try:
        text = path.read_text("utf-8", "replace") if drawing or is_markdown_file(path.name) else ""
    except OSError:
        return 0, ""  # a folder, or said when it is read as a page
    if drawing:
        return 0, "is a drawing that acts" if _ACTING.search(html.unescape(text)) else ""
    line = endless_header(text)
    return line, f"has a fence's header of {ENDLESS}" if line else ""


def read_page(text: str, page: str, *, words: Vocabulary, finder: Finder | None = None) -> Contents:
    """Read every example and view of a page.

    Args:
        text: The page.
        page: Its path, which tells its language, for messages.
        words: Names that it may use.
        finder: Finds its fences as its site does.
    """
    lang = page_language(page)
    contents = Contents()
    seen: dict[str, int] = {}

    def report(line: int, message: str) -> None:
        contents.problems.append(Problem(page, line, "", message))

    for block in (finder or Finder()).find(text, report):
        if block.language == VIEW_LANGUAGE:
            view, faults = read_view(block, page, lang, words=words)
            contents.views += [] if faults else [view]
        else:
            example, faults = read_example(block, page, lang, words=words)
            first = seen.setdefault(example.id, block.line)
            if example.id and first != block.line:
                what = f"the id is taken: line {first} has it; choose another"
                faults.append(example.problem(what))
            contents.examples += [] if faults else [example]
        contents.problems += faults
    return contents


def page_language(page: str) -> str:
    """The language of a page: the folder below `docs` that is named for one.

    Empty in a project of one language, whose pages stand in `docs` or in any other folder.
    """
    parts = PurePosixPath(page).parts
    return parts[1] if len(parts) > 2 and parts[1] in languages() else ""


def _consistent(examples: list[Example], problems: list[Problem]) -> list[Example]:
    """Leave out what contradicts an earlier example of the same id, and say so."""
    first: dict[str, Example] = {}
    twins: dict[tuple[str, str], Example] = {}
    kept: list[Example] = []
    for example in examples:
        other = first.setdefault(example.id, example)
        twin = twins.setdefault((example.lang, example.id), example)
        where = f"{other.page}:{other.line}"
        if twin is not example:
            what = f"the id is taken: {twin.page}:{twin.line} has it; choose another"
        elif example.all_commands != other.all_commands:
            what = f"its steps differ from those of the same example in {where}: make them equal"
        elif replace(example.options, title="") != replace(other.options, title=""):
            what = f"its options, but for the title, differ from the same example in {where}"
        elif _says(example) != _says(other):
            what = f"its claims differ from those of the same example in {where}: make them equal"
        elif bool(example.no_variant) is not bool(other.no_variant):
            what = f"one of it and the same example in {where} says `#~ none:`: make them equal"
        else:
            kept.append(example)
            continue
        problems.append(example.problem(what))
    return kept


def _single(views: list[View], problems: list[Problem]) -> list[View]:
    """A view stands once in a language: links are made from its place."""
    first: dict[tuple[str, str], View] = {}
    for view in views:
        other = first.setdefault((view.lang, view.name), view)
        if other is not view:
            what = f"the view {view.name} stands in {other.page}:{other.line} already"
            problems.append(Problem(view.page, view.line, "", what))
    return list(first.values())


def _says(example: Example) -> list[tuple[str, tuple[Bearing, ...], bool]]:
    return [(c.expression, c.bearings, bool(c.otherwise)) for c in example.claims]
