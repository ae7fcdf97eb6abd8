"""Markdown pages: their fences, read as examples and views, with all that is wrong with them."""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .article import ENTRIES_FILE
from .claim import check
from .example import (
    DEFAULT_TIMEOUT,
    OUTCOMES,
    Bearing,
    Claim,
    Comment,
    Example,
    Options,
    Part,
    Problem,
    Step,
    View,
)
from .fence import OWN_OPTIONS, VIEW_LANGUAGE, Block, blocks, truth

VIEW_OPTIONS = ("name",)
MARKDOWN_EXEC_OPTIONS = (
    "exec",
    "html",
    "idprefix",
    "result",
    "returncode",
    "session",
    "source",
    "tabs",
    "updatetoc",
    "width",
    "workdir",
)
MAX_TIMEOUT = 900.0
MAX_REPEAT = 100

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TAGS = re.compile(r"(?:\[([^\]]*)\]\s*)?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that pages may use.

    Attributes:
        needs: For the option `needs`.
        entries: The article's claims, for `[ID]` before a claim's meaning.
        views: For the option `name` of a view.
    """

    needs: Sequence[str]
    entries: Sequence[str] = ()
    views: Sequence[str] = ()


@dataclass(slots=True)
class Contents:
    """What stands on pages: examples and views without fault, and what is wrong with others."""

    examples: list[Example] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_page(text: str, page: str, lang: str, *, words: Vocabulary) -> Contents:
    """Read every example and view of a page.

    Args:
        text: The page.
        page: Its path, for messages.
        lang: Its language.
        words: Names that it may use.
    """
    problems: list[Problem] = []
    examples: list[Example] = []
    views: list[View] = []
    seen: dict[str, int] = {}

    def report(line: int, message: str) -> None:
        problems.append(Problem(page, line, "", message))

    for block in blocks(text, report):
        if block.language == VIEW_LANGUAGE:
            view, fault = _read_view(block, page, lang, words.views)
            views += [view] if not fault else []
            problems += [Problem(page, block.line, "", fault)] if fault else []
            continue
        example, faults = read_block(block, page, lang, words=words)
        if example.id and (first := seen.setdefault(example.id, block.line)) != block.line:
            faults.append(example.problem(f"the id is taken: line {first} has it; choose another"))
        problems += faults
        if not faults:
            examples.append(example)
    return Contents(examples, views, problems)


def read_pages(root: Path, *, words: Vocabulary) -> Contents:
    """Read every page below `docs`, and hold examples of one id against each other.

    Args:
        root: The project's folder.
        words: Names that pages may use.
    """
    examples: list[Example] = []
    views: list[View] = []
    problems: list[Problem] = []
    for path in sorted((root / "docs").rglob("*.md")):
        page = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(page, 0, "", f"cannot be read as UTF-8 text: {error}"))
            continue
        found = read_page(text, page, page_language(page), words=words)
        examples += found.examples
        views += found.views
        problems += found.problems
    examples, problems = _consistent(examples, problems)
    views, problems = _single(views, problems)
    return Contents(examples, views, problems)


def page_language(page: str) -> str:
    """The language of a page: the folder below `docs`; pages directly in it are Chinese."""
    parts = Path(page).parts
    return parts[1] if len(parts) > 2 and parts[0] == "docs" else "zh"


def read_block(
    block: Block, page: str, lang: str, *, words: Vocabulary
) -> tuple[Example, list[Problem]]:
    """Turn one fence into an example; it is complete only when no problem comes with it."""
    faults: list[tuple[int, str]] = []
    options = _read_options(block, faults, words.needs)
    parts, claims = _read_lines(block, faults, words.entries)
    identifier = block.options.get("id", "")
    example = Example(
        identifier, page, lang, block.line, parts, claims, options, source=block.source
    )
    if not example.id:
        faults.append((block.line, 'the example has no id: write id="a-name" in its header'))
    elif not _ID.fullmatch(example.id):
        what = "is not an id: lower-case letters, digits and single hyphens, a letter first"
        faults.append((block.line, f"{example.id!r} {what}"))
    if not example.visible:
        faults.append((block.line, "the example has no step: write one as `$ command`"))
    for claim in claims:
        faults += [(claim.line, fault) for fault in check(claim, len(example.visible))]
    return example, [example.problem(message, line) for line, message in sorted(faults)]


def _read_options(block: Block, faults: list[tuple[int, str]], needs: Sequence[str]) -> Options:
    for name in block.options:
        if name not in OWN_OPTIONS and name not in MARKDOWN_EXEC_OPTIONS:
            faults.append(
                (block.line, f"unknown fence option {name!r}{nearest(name, OWN_OPTIONS)}")
            )
    wanted = tuple(block.options.get("needs", "").replace(",", " ").split())
    for name in wanted:
        if name not in needs:
            faults.append((block.line, f"unknown need {name!r}{nearest(name, needs)}"))
    return Options(
        title=block.options.get("title", ""),
        needs=wanted,
        timeout=_read_timeout(block, faults),
        alone=truth(block.options.get("alone", "no")),
        repeat=_read_repeat(block, faults),
        script=truth(block.options.get("script", "no")),
    )


def _read_repeat(block: Block, faults: list[tuple[int, str]]) -> int:
    text = block.options.get("repeat", "1")
    if text.isdecimal() and 1 <= int(text) <= MAX_REPEAT:
        return int(text)
    faults.append((block.line, f"repeat={text!r} is not a whole number from 1 to {MAX_REPEAT}"))
    return 1


def _read_view(block: Block, page: str, lang: str, known: Sequence[str]) -> tuple[View, str]:
    """A view, and what is wrong with it; empty where nothing is."""
    name = block.options.get("name", "")
    view = View(name, page, lang, block.line)
    allowed = (*VIEW_OPTIONS, *MARKDOWN_EXEC_OPTIONS, "id")
    for option in block.options:
        if option not in allowed:
            return view, f"unknown option {option!r} of a view{nearest(option, VIEW_OPTIONS)}"
    if name not in known:
        what = f"there is no view {name!r}" if name else 'the view has no name: write name="…"'
        return view, f"{what}{nearest(name, known)}"
    if any(line.strip() for line in block.lines):
        return view, "a view's block is empty: its template says what is shown"
    return view, ""


def _read_timeout(block: Block, faults: list[tuple[int, str]]) -> float:
    text = block.options.get("timeout")
    if text is None:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_TIMEOUT:
        what = f"timeout={text!r} is not a number of seconds above 0, at most {MAX_TIMEOUT:.0f}"
        faults.append((block.line, what))
        return DEFAULT_TIMEOUT
    return seconds


def _read_lines(
    block: Block, faults: list[tuple[int, str]], entries: Sequence[str]
) -> tuple[tuple[Part, ...], tuple[Claim, ...]]:
    parts: list[Part] = []
    claims: list[Claim] = []
    lines = iter(enumerate(block.lines, block.line + 1))
    for number, line in lines:
        rest = line.rstrip()
        if rest.startswith(("$ ", "#$ ")):
            while rest.endswith("\\") and (following := next(lines, None)):
                rest = f"{rest}\n{following[1].rstrip()}"
            if rest.endswith("\\"):
                faults.append((number, "the step ends in a backslash: its next line is missing"))
            hidden = rest.startswith("#")
            parts.append(Step(rest.split(" ", 1)[1], number, hidden))
        elif rest.startswith("#?"):
            claims += _read_claim(rest[2:].strip(), number, faults, entries)
        elif rest.startswith("#! "):
            claims[-1:] = _read_otherwise(rest[2:].strip(), number, faults, claims[-1:])
        elif rest.startswith("# "):
            parts.append(Comment(rest[2:]))
        elif rest:
            what = "is no step (`$ `), comment (`# `), hidden step (`#$ `) or claim (`#? `, `#! `)"
            faults.append((number, f"{rest!r} {what}; outputs are captured, never typed"))
    return tuple(parts), tuple(claims)


def _read_otherwise(
    text: str, line: int, faults: list[tuple[int, str]], before: list[Claim]
) -> list[Claim]:
    if not before or before[0].otherwise:
        faults.append((line, "`#!` says, once, what it means if the claim before it fails"))
        return before
    return [replace(before[0], otherwise=text)]


def _read_claim(
    text: str, line: int, faults: list[tuple[int, str]], entries: Sequence[str]
) -> list[Claim]:
    """Split `EXPR  # TEXT` where Python sees the comment begin, so that `"#"` may be in EXPR."""
    column = -1
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                column = token.start[1]
    except (tokenize.TokenError, SyntaxError):
        column = text.find("  # ") if column < 0 else column
    expression = text[:column].strip() if column >= 0 else text
    meaning = text[column:].lstrip("# ").strip() if column >= 0 else ""
    if not expression:
        faults.append((line, "the claim has no expression: write `#? EXPR  # TEXT`"))
        return []
    if not meaning:
        faults.append((line, f"the claim {expression!r} has no meaning in words: add `  # TEXT`"))
        return []
    tags, meaning = _TAGS.match(meaning).groups()  # type: ignore[union-attr]
    return [Claim(expression, meaning, line, _read_bearings(tags, line, faults, entries))]


def _read_bearings(
    tags: str | None, line: int, faults: list[tuple[int, str]], entries: Sequence[str]
) -> tuple[Bearing, ...]:
    """`A1 B1`, or `C3: refuted`."""
    if tags is None:
        return ()
    names, colon, outcome = (part.strip() for part in tags.partition(":"))
    outcome = outcome if colon else OUTCOMES[0]
    if outcome not in OUTCOMES:
        faults.append((line, f"unknown outcome {outcome!r}{nearest(outcome, OUTCOMES)}"))
    for name in names.split():
        if name not in entries:
            what = f"{ENTRIES_FILE} has no claim {name!r}"
            faults.append((line, f"{what}{nearest(name, entries)}" if entries else what))
    return tuple(Bearing(name, outcome) for name in names.split())


def _consistent(
    examples: list[Example], problems: list[Problem]
) -> tuple[list[Example], list[Problem]]:
    """Leave out what contradicts an earlier example of the same id, and say so."""
    first: dict[str, Example] = {}
    pages: dict[tuple[str, str], Example] = {}
    kept: list[Example] = []
    for example in examples:
        other = first.setdefault(example.id, example)
        twin = pages.setdefault((example.lang, example.id), example)
        where = f"{other.page}:{other.line}"
        if twin is not example:
            what = f"the id is taken: {twin.page}:{twin.line} has it; choose another"
        elif example.commands != other.commands:
            what = f"its steps differ from those of the same example in {where}: make them equal"
        elif _how(example) != _how(other):
            what = f"its options, but for the title, differ from the same example in {where}"
        elif _says(example) != _says(other):
            what = f"its claims differ from those of the same example in {where}: make them equal"
        else:
            kept.append(example)
            continue
        problems.append(example.problem(what))
    return kept, problems


def _single(views: list[View], problems: list[Problem]) -> tuple[list[View], list[Problem]]:
    """A view stands once in a language: links are made from its place."""
    first: dict[tuple[str, str], View] = {}
    for view in views:
        other = first.setdefault((view.lang, view.name), view)
        if other is not view:
            what = f"the view {view.name} stands in {other.page}:{other.line} already"
            problems.append(Problem(view.page, view.line, "", what))
    return list(first.values()), problems


def _how(example: Example) -> Options:
    return replace(example.options, title="")


def _says(example: Example) -> list[tuple[str, tuple[Bearing, ...], bool]]:
    return [(c.expression, c.bearings, bool(c.otherwise)) for c in example.claims]


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    if close := difflib.get_close_matches(name, known, n=1):
        return f": did you mean {close[0]!r}?"
    return f"; known: {', '.join(sorted(known))}"
