"""Examples in Markdown text: finds the fences that will render as examples, and reads them.

The rules of a fence are those of SuperFences, the extension that renders the pages
(https://facelessuser.github.io/pymdown-extensions/extensions/superfences/); a test compares
what is found here with what it renders.
"""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .claim import check
from .example import DEFAULT_TIMEOUT, Claim, Comment, Example, Options, Part, Problem, Step

LANGUAGE = "console"

OWN_OPTIONS = ("id", "title", "needs", "timeout", "alone")
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

_OPTION = re.compile(r"""([a-zA-Z][a-zA-Z0-9_]*)(?:=(["'])(.*?)\2)?""")
_HEADER = re.compile(
    r"""[ \t]*\.?(?P<lang>[\w#.+-]+)?
    (?P<options>(?:[ \t]+[a-zA-Z][a-zA-Z0-9_]*(?:=(?P<quote>["']).*?(?P=quote))?(?=[ \t]|$))*)
    [ \t]*$""",
    re.VERBOSE,
)
_BRACES = re.compile(r"[ \t]*(?P<lang>[\w#.+-]+)?[ \t]*\{(?P<attributes>[^\n]*)\}[ \t]*$")
_HIGHLIGHT = re.compile(r"hl_lines|linenums|title|title_mode|data-.*")
_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TAB = 4


@dataclass(slots=True)
class _Fence:
    """A fence that is open while lines are read."""

    line: int
    prefix: str
    mark: str
    options: dict[str, str] | None  # None: not an example
    body: list[str] = field(default_factory=list)
    blank: bool = False

    @property
    def quotes(self) -> int:
        return self.prefix.count(">")


@dataclass(frozen=True, slots=True)
class Block:
    """One executable fence: where its header stands, its options, its lines."""

    line: int
    options: Mapping[str, str]
    lines: tuple[str, ...]


def read_page(
    text: str, page: str, lang: str, *, needs: Sequence[str]
) -> tuple[list[Example], list[Problem]]:
    """Read every example of a page.

    Args:
        text: The page.
        page: Its path, for messages.
        lang: Its language.
        needs: Names that the option `needs` may have.

    Returns:
        The examples without fault, and everything that is wrong with the others.
    """
    problems: list[Problem] = []
    examples: list[Example] = []
    seen: dict[str, int] = {}

    def report(line: int, message: str) -> None:
        problems.append(Problem(page, line, "", message))

    for block in blocks(text, report):
        example, faults = read_block(block, page, lang, needs=needs)
        if example.id and (first := seen.setdefault(example.id, block.line)) != block.line:
            faults.append(example.problem(f"the id is taken: line {first} has it; choose another"))
        problems += faults
        if not faults:
            examples.append(example)
    return examples, problems


def read_pages(root: Path, *, needs: Sequence[str]) -> tuple[list[Example], list[Problem]]:
    """Read every page below `docs`, and hold examples of one id against each other.

    Args:
        root: The project's folder.
        needs: Names that the option `needs` may have.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    for path in sorted((root / "docs").rglob("*.md")):
        page = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(page, 0, "", f"cannot be read as UTF-8 text: {error}"))
            continue
        found, faults = read_page(text, page, page_language(page), needs=needs)
        examples += found
        problems += faults
    return _consistent(examples, problems)


def page_language(page: str) -> str:
    """The language of a page: the folder below `docs`; pages directly in it are Chinese."""
    parts = Path(page).parts
    return parts[1] if len(parts) > 2 and parts[0] == "docs" else "zh"


def blocks(text: str, report: Callable[[int, str], None]) -> Iterator[Block]:
    """The executable fences of a page, as SuperFences will find them.

    Args:
        text: The page.
        report: Called with line and message for a fence that would not render.
    """
    fence: _Fence | None = None
    for number, line in _body(text):
        if fence is None:
            fence = _open(line, number, report)
            continue
        prefix, content = _split(line, len(fence.prefix))
        if fault := _broken(fence, prefix, content):
            if fence.options is not None:
                report(fence.line, f"the fence is broken off: {fault} (line {number})")
            fence = None
        elif re.fullmatch(rf"{re.escape(fence.mark)}[ \t]*", content):
            if fence.options is not None:
                yield Block(fence.line, fence.options, tuple(fence.body))
            fence = None
        else:
            fence.blank = not content.strip()
            fence.body.append(content)
    if fence is not None and fence.options is not None:
        report(fence.line, f"the fence is never closed: end the block with a line {fence.mark}")


def read_block(
    block: Block, page: str, lang: str, *, needs: Sequence[str]
) -> tuple[Example, list[Problem]]:
    """Turn one fence into an example; it is complete only when no problem comes with it."""
    faults: list[tuple[int, str]] = []
    options = _read_options(block, faults, needs)
    parts, claims = _read_lines(block, faults)
    example = Example(block.options.get("id", ""), page, lang, block.line, parts, claims, options)
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


def _body(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines with tabs expanded as Python-Markdown does, without the front matter."""
    lines = text.expandtabs(_TAB).splitlines()
    start = 0
    if lines and lines[0].rstrip() == "---":
        ends = (n for n, line in enumerate(lines[1:], 1) if line.rstrip() in {"---", "..."})
        start = next(ends, -1) + 1
    yield from enumerate(lines[start:], start + 1)


def _open(line: str, number: int, report: Callable[[int, str], None]) -> _Fence | None:
    prefix = re.match(r"[> ]*", line)[0]  # type: ignore[index]
    mark = re.match(r"`{3,}|~{3,}", line[len(prefix) :])
    if mark is None:
        return None
    info = line[len(prefix) + mark.end() :]
    if braces := _BRACES.match(info):
        names = braces["attributes"].split()
        executable = any(name.startswith("exec") for name in names)
        lang = braces["lang"] or next((n[1:] for n in names if n.startswith(".")), "")
        if lang == LANGUAGE and executable:
            report(number, 'an example\'s options stand without braces: ```console exec="1" id=…')
        return _Fence(number, prefix, mark[0], None)
    header = _HEADER.match(info)
    if header is None:
        if re.match(rf"[ \t]*\.?{LANGUAGE}\b.*\bexec\b", info):
            report(number, 'the header cannot be read: every option is name="value"')
        return None
    options = {
        name: value if quote else name for name, quote, value in _OPTION.findall(header["options"])
    }
    if header["lang"] != LANGUAGE or not _truth(options.get("exec", "no")):
        # SuperFences leaves a fence as text if the highlighter does not know one of its options.
        unknown = [name for name in options if name != "exec" and not _HIGHLIGHT.fullmatch(name)]
        return None if unknown else _Fence(number, prefix, mark[0], None)
    return _Fence(number, prefix, mark[0], options)


def _split(line: str, width: int) -> tuple[str, str]:
    """The line's prefix of spaces and quote marks, as wide as the fence's at most; the rest."""
    prefix = re.match(r"[> ]*", line[:width])[0]  # type: ignore[index]
    return prefix, line[len(prefix) :]


def _broken(fence: _Fence, prefix: str, content: str) -> str:
    """Why a line ends the fence before its time; empty where it does not."""
    quotes = prefix.count(">")
    if fence.quotes:
        if quotes > fence.quotes:
            return "a line is quoted more deeply than it"
        if content and len(prefix) < len(fence.prefix):
            return "a line is indented less than it"
        if fence.blank and quotes < fence.quotes:
            return "the quotation ends within it"
        return ""
    if quotes:
        return "a quotation begins within it"
    if content.strip() and len(prefix) != len(fence.prefix):
        return "a line is indented less than it"
    return ""


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
        alone=_truth(block.options.get("alone", "no")),
    )


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
    block: Block, faults: list[tuple[int, str]]
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
            if claim := _read_claim(rest[2:].strip(), number, faults):
                claims.append(claim)
        elif rest.startswith("# "):
            parts.append(Comment(rest[2:]))
        elif rest:
            what = "is no step (`$ `), comment (`# `), hidden step (`#$ `) or claim (`#? `)"
            faults.append((number, f"{rest!r} {what}; outputs are captured, never typed"))
    return tuple(parts), tuple(claims)


def _read_claim(text: str, line: int, faults: list[tuple[int, str]]) -> Claim | None:
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
        return None
    if not meaning:
        faults.append((line, f"the claim {expression!r} has no meaning in words: add `  # TEXT`"))
        return None
    return Claim(expression, meaning, line)


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
            what = f"needs, timeout or alone differ from the same example in {where}"
        elif [c.expression for c in example.claims] != [c.expression for c in other.claims]:
            what = f"its claims differ from those of the same example in {where}: make them equal"
        else:
            kept.append(example)
            continue
        problems.append(example.problem(what))
    return kept, problems


def _how(example: Example) -> tuple[tuple[str, ...], float, bool]:
    return example.options.needs, example.options.timeout, example.options.alone


def _truth(value: str) -> bool:
    return value.lower() not in {"", "no", "off", "false", "0"}


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    if close := difflib.get_close_matches(name, known, n=1):
        return f": did you mean {close[0]!r}?"
    return f"; known: {', '.join(sorted(known))}"
