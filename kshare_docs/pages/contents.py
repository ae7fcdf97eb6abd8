"""Contents: what stands on all pages, each read by itself and held against the others."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath

from mkdocs.utils import is_markdown_file

from ..data.example import Example, Step, View
from ..data.problem import Kind, Problem
from ..words import languages
from .blocks import Vocabulary, read_example, read_view
from .catalogues import Site, read_sites
from .fences import ENDLESS, VIEW_LANGUAGE, Finder, endless_header
from .prose.faults import prose_faults
from .prose.page import Page, read_prose

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands, whether it has faults or not: an example's by id, a view's by name."""

    name: str
    page: str
    line: int
    view: bool = False

    @property
    def lang(self) -> str:
        """The language of its page."""
        return page_language(self.page)


@dataclass(slots=True)
class Contents:
    """What stands on pages: examples and views without fault, and what is wrong with others."""

    places: list[Place] = field(default_factory=list)
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
    built: set[str] = set()
    for site in sites:
        finders = dict.fromkeys(site.pages(leave, more), Finder(site)) | finders
        built |= {path.relative_to(root).as_posix() for path in site.pages(leave, set())}
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
            what = f"cannot be read as UTF-8 text: {error}"
            whole.problems.append(Problem(page, 0, "", what, Kind.PAGE))
            continue
        found = read_page(text, page, words=words, finder=finder)
        whole.examples += found.examples
        whole.views += found.views
        whole.problems += found.problems
        whole.places += found.places
        if finder.site.complete:
            prose[name] = _prose(finder, text, page, name)
    # A draft's twin may be a draft too, which is not read.
    whole.problems += _without_twin([p for p in whole.places if p.page in built], built)
    faults = prose_faults(root, complete)
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
            what = f"{what}; nothing is built with it"
            found.append(Problem(page, line, "", what, Kind.UNFIT))
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

    def report(line: int, message: str, kind: Kind, at: str = "") -> None:
        contents.problems.append(Problem(page, line, "", message, kind, at))

    for block in (finder or Finder()).find(text, report):
        if block.language == VIEW_LANGUAGE:
            view, faults = read_view(block, page, lang, words=words)
            contents.places.append(Place(view.name, page, block.line, view=True))
            contents.views += [] if faults else [view]
        else:
            example, faults = read_example(block, page, lang, words=words)
            contents.places.append(Place(example.id, page, block.line))
            first = seen.setdefault(example.id, block.line)
            if example.id and first != block.line:
                what = f"the id is taken: line {first} has it; choose another"
                faults.append(example.problem(what, kind=Kind.TAKEN_ID, at=example.id))
            contents.examples += [] if faults else [example]
        contents.problems += faults
    return contents


def page_language(page: str) -> str:
    """The language of a page: the folder below `docs` that is named for one.

    Empty in a project of one language, whose pages stand in `docs` or in any other folder.
    """
    parts = PurePosixPath(page).parts
    return parts[1] if len(parts) > 2 and parts[1] in languages() else ""


def _without_twin(places: Iterable[Place], pages: Iterable[str]) -> list[Problem]:
    """What a language of the project lacks, said of every place that has it."""
    known = {page_language(page) for page in pages} - {""}
    found: dict[tuple[bool, str], list[Place]] = defaultdict(list)
    for place in places:
        found[place.view, place.name].append(place)
    return [
        Problem(
            place.page,
            place.line,
            "" if place.view else place.name,
            f"{'the view' if place.view else 'the example'} has no twin in {lang!r}: write it into"
            f" a page of docs/{lang} too, such as {_page_in(place.page, lang)}",
            Kind.TWIN,
            place.name,
        )
        for (_, name), others in found.items()
        for lang in sorted(known - {place.lang for place in others})
        for place in others
        if name and place.lang
    ]


def _page_in(page: str, lang: str) -> str:
    """The page of the same name in another language."""
    docs, _, *rest = PurePosixPath(page).parts
    return str(PurePosixPath(docs, lang, *rest))


def _consistent(examples: list[Example], problems: list[Problem]) -> list[Example]:
    """Leave out an id's second example in one language, and those that languages have otherwise."""
    twins: dict[str, dict[str, Example]] = defaultdict(dict)
    for example in examples:
        twin = twins[example.id].setdefault(example.lang, example)
        if twin is not example:
            what = f"the id is taken: {twin.page}:{twin.line} has it; choose another"
            problems.append(example.problem(what, kind=Kind.TAKEN_ID, at=example.id))
    unequal: set[str] = set()
    for name, by_language in twins.items():
        first, *others = by_language.values()
        for other in others:
            for one, two in ((first, other), (other, first)):
                for line, what in _differences(one, two):
                    way = "make them equal"
                    problems.append(one.problem(f"{what}: {way}", line, Kind.LANGUAGES))
                    unequal.add(name)
    kept = (example for by_language in twins.values() for example in by_language.values())
    chosen = {id(example) for example in kept if example.id not in unequal}
    return [example for example in examples if id(example) in chosen]


def _differences(one: Example, other: Example) -> Iterator[tuple[int, str]]:
    """What one says otherwise than the same example in another language: lines and messages."""
    there = f"{other.page}:{other.line}"
    if one.all_commands != other.all_commands:
        yield _step_difference(one, other)
        return
    for option in fields(one.options):
        here, away = (getattr(item.options, option.name) for item in (one, other))
        if option.name != "title" and here != away:
            yield one.line, f"its option {option.name} is {here!r}, and {away!r} in {there}"
    if len(one.claims) != len(other.claims):
        what = f"its claims differ: {len(one.claims)} here, {len(other.claims)} in {there}"
        yield one.line, what
        return
    for number, (claim, away) in enumerate(zip(one.claims, other.claims, strict=True), 1):
        place = f"{other.page}:{away.line}"
        if claim.expression != away.expression:
            said = f"{claim.expression!r} here, {away.expression!r} in {place}"
            yield claim.line, f"its claims differ: claim {number} is {said}"
        elif claim.bearings != away.bearings:
            yield claim.line, f"its claims differ: claim {number} has other tags in {place}"
        elif bool(claim.otherwise) is not bool(away.otherwise):
            yield claim.line, f"one of it and claim {number} in {place} has a `#!` line"
    if bool(one.no_variant) is not bool(other.no_variant):
        yield one.line, f"one of it and the same example in {there} says `#~ none:`"


def _step_difference(one: Example, other: Example) -> tuple[int, str]:
    """The first step, or variant of one, that is another there."""
    name, here, there = "step", one.steps, other.steps
    if one.commands == other.commands:
        name = "variant"
        here, there = (tuple(v.step for v in item.variants) for item in (one, other))
    for number, (step, away) in enumerate(zip(here, there, strict=False), 1):
        if (step.source, step.hidden) != (away.source, away.hidden):
            said = f"{_quoted(step)} here, {_quoted(away)} in {other.page}:{away.line}"
            return step.line, f"its steps differ: {name} {number} is {said}"
    counts = f"{len(here)} {name}s here, {len(there)} in {other.page}:{other.line}"
    return one.line, f"its steps differ: {counts}, or they stand below others"


def _quoted(step: Step) -> str:
    return f"{'hidden ' if step.hidden else ''}{step.source!r}"


def _single(views: list[View], problems: list[Problem]) -> list[View]:
    """A view stands once in a language: links are made from its place."""
    first: dict[tuple[str, str], View] = {}
    for view in views:
        other = first.setdefault((view.lang, view.name), view)
        if other is not view:
            what = f"the view {view.name} stands in {other.page}:{other.line} already"
            problems.append(Problem(view.page, view.line, "", what, Kind.VIEW, view.name))
    return list(first.values())
