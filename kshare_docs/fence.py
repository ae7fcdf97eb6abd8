"""Fences: the executable blocks of a page, found as the extension that renders them finds them.

The rules are those of SuperFences
(https://facelessuser.github.io/pymdown-extensions/extensions/superfences/); a test compares what
is found here with what it renders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

LANGUAGE = "console"
VIEW_LANGUAGE = "view"
OWN_OPTIONS = ("id", "title", "needs", "timeout", "alone", "repeat", "script")

_OPTION = re.compile(r"""([a-zA-Z][a-zA-Z0-9_]*)(?:=(["'])(.*?)\2)?""")
_HEADER = re.compile(
    r"""[ \t]*\.?(?P<lang>[\w#.+-]+)?
    (?P<options>(?:[ \t]+[a-zA-Z][a-zA-Z0-9_]*(?:=(?P<quote>["']).*?(?P=quote))?(?=[ \t]|$))*)
    [ \t]*$""",
    re.VERBOSE,
)
_BRACES = re.compile(r"[ \t]*(?P<lang>[\w#.+-]+)?[ \t]*\{(?P<attributes>[^\n]*)\}[ \t]*$")
_HIGHLIGHT = re.compile(r"hl_lines|linenums|title|title_mode|data-.*")
_TAB = 4


@dataclass(frozen=True, slots=True)
class Block:
    """One executable fence: its language, where its header stands, its options, its lines."""

    line: int
    options: Mapping[str, str]
    lines: tuple[str, ...]
    language: str = LANGUAGE

    @property
    def source(self) -> str:
        """What the block says, in one form however it stands on the page."""
        own = sorted((k, v) for k, v in self.options.items() if k in OWN_OPTIONS)
        return "\n".join([repr(own), *(line.rstrip() for line in self.lines)]).rstrip()


@dataclass(slots=True)
class _Fence:
    """A fence that is open while lines are read."""

    line: int
    prefix: str
    mark: str
    options: dict[str, str] | None  # None: not ours
    language: str = LANGUAGE
    body: list[str] = field(default_factory=list)
    blank: bool = False

    @property
    def quotes(self) -> int:
        return self.prefix.count(">")


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
                yield Block(fence.line, fence.options, tuple(fence.body), fence.language)
            fence = None
        else:
            fence.blank = not content.strip()
            fence.body.append(content)
    if fence is not None and fence.options is not None:
        report(fence.line, f"the fence is never closed: end the block with a line {fence.mark}")


def truth(value: str) -> bool:
    """Whether an option's value says yes."""
    return value.lower() not in {"", "no", "off", "false", "0"}


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
        if lang in {LANGUAGE, VIEW_LANGUAGE} and executable:
            report(number, f'the options stand without braces: ```{lang} exec="1" …')
        return _Fence(number, prefix, mark[0], None)
    header = _HEADER.match(info)
    if header is None:
        if re.match(rf"[ \t]*\.?({LANGUAGE}|{VIEW_LANGUAGE})\b.*\bexec\b", info):
            report(number, 'the header cannot be read: every option is name="value"')
        return None
    options = {
        name: value if quote else name for name, quote, value in _OPTION.findall(header["options"])
    }
    language = header["lang"]
    if language not in {LANGUAGE, VIEW_LANGUAGE} or not truth(options.get("exec", "no")):
        # SuperFences leaves a fence as text if the highlighter does not know one of its options.
        unknown = [name for name in options if name != "exec" and not _HIGHLIGHT.fullmatch(name)]
        return None if unknown else _Fence(number, prefix, mark[0], None)
    return _Fence(number, prefix, mark[0], options, language)


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
