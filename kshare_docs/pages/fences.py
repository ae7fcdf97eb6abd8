"""Fences: the executable blocks of a page, found as the extension that renders them finds them.

The rules are those of SuperFences
(https://facelessuser.github.io/pymdown-extensions/extensions/superfences/); a test compares what
is found here with what it renders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

LANGUAGE = "console"
VIEW_LANGUAGE = "view"
VIEW_OPTIONS = ("name",)
OWN_OPTIONS = ("id", "title", "needs", "timeout", "alone", "repeat", "script")
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

Reporter: TypeAlias = Callable[[int, str], None]
"""Takes the line and the message of something that is wrong on a page."""

_LANGUAGES = (LANGUAGE, VIEW_LANGUAGE)
_OPTION = re.compile(r"""([a-zA-Z][a-zA-Z0-9_]*)(?:=(["'])(.*?)\2)?""")
_HEADER = re.compile(
    r"""[ \t]*\.?(?P<lang>[\w#.+-]+)?
    (?P<options>(?>[ \t]+[a-zA-Z][a-zA-Z0-9_]*(?:=(?P<quote>["']).*?(?P=quote))?(?=[ \t]|$))*+)
    [ \t]*$""",
    re.VERBOSE,
)
_BRACES = re.compile(r"[ \t]*(?P<lang>[\w#.+-]+)?[ \t]*\{(?P<attributes>[^\n]*)\}[ \t]*$")
_UNREADABLE = 'the header cannot be read: every option is name="value", after a space'
_HIGHLIGHT = re.compile(r"hl_lines|linenums|title|title_mode|data-.*")


@dataclass(frozen=True, slots=True)
class Block:
    """One executable fence: its language, where its header stands, its options, its lines.

    `written` has the same lines with their tabs, which Markdown expands.
    """

    line: int
    options: Mapping[str, str]
    lines: tuple[str, ...]
    language: str = LANGUAGE
    written: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """What the block says, in one form however it stands on the page."""
        own = sorted((k, v) for k, v in self.options.items() if k in OWN_OPTIONS)
        return "\n".join([repr(own), *(line.rstrip(" ") for line in self.lines)]).rstrip()


@dataclass(slots=True)
class _Fence:
    """A fence that is open while lines are read."""

    line: int
    prefix: str
    mark: str
    options: dict[str, str] | None  # None: not ours
    language: str = LANGUAGE
    body: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


def find_blocks(text: str, report: Reporter) -> Iterator[Block]:
    """The executable fences of a page, as SuperFences will find them.

    Args:
        text: The page.
        report: Called with line and message for a fence that would not render.
    """
    fence: _Fence | None = None
    for number, line, written in _body(text):
        if "\x02" in line or "\x03" in line:
            report(
                number,
                "the line holds U+0002 or U+0003, which Markdown drops: what is left"
                " may be an example",
            )
        if fence is None:
            fence = _open(line, number, report)
            continue
        prefix, content = _split(line, len(fence.prefix))
        fault = _broken(fence, prefix, content)
        if not fault and content.rstrip(" \t") != fence.mark:
            fence.body.append(content)
            fence.written.append(as_written(written, content))
            continue
        if fault and fence.options is not None:
            report(fence.line, f"the fence is broken off: {fault} (line {number})")
        elif fence.options is not None:
            body, lines = tuple(fence.body), tuple(fence.written)
            yield Block(fence.line, fence.options, body, fence.language, lines)
        fence = None
    if fence is not None and fence.options is not None:
        report(fence.line, f"the fence is never closed: end the block with a line {fence.mark}")


def truth(value: str) -> bool:
    """Whether an option's value says yes."""
    return value.lower() not in {"", "no", "off", "false", "0"}


def as_written(line: str, shown: str) -> str:
    """The end of a page's line that Markdown shows so, with the tabs that it has expanded."""
    column = len(line.expandtabs(4)) - len(shown)
    start = next(n for n in range(len(line) + 1) if len(line[:n].expandtabs(4)) >= column)
    return " " * (len(line[:start].expandtabs(4)) - column) + line[start:]


def _body(text: str) -> Iterator[tuple[int, str, str]]:
    """Numbered lines with tabs expanded as Python-Markdown does, and as they are written.

    The front matter is left out.
    """
    written = re.sub(r"\r\n?", "\n", text).split("\n")
    lines = [line.expandtabs(4) for line in written]
    start = 0
    if lines and lines[0].rstrip() == "---":
        ends = (n for n, line in enumerate(lines[1:], 2) if line.rstrip() in {"---", "..."})
        start = next(ends, 0)
    yield from zip(range(start + 1, len(lines) + 1), lines[start:], written[start:], strict=True)


def _open(line: str, number: int, report: Reporter) -> _Fence | None:
    prefix, rest = _split(line, len(line))
    mark = re.match(r"`{3,}|~{3,}", rest)
    if mark is None:
        return None
    info = rest[mark.end() :]
    if braces := _BRACES.match(info):
        names = braces["attributes"].split()
        executable = any(name.startswith("exec") for name in names)
        lang = braces["lang"] or next((n[1:] for n in names if n.startswith(".")), "")
        if lang in _LANGUAGES and executable:
            report(number, f'the options stand without braces: ```{lang} exec="1" …')
        return _Fence(number, prefix, mark[0], None)
    header = _HEADER.match(info)
    if header is None:
        if re.match(rf"[ \t]*\.?({'|'.join(_LANGUAGES)})\b.*\bexec\b", info):
            report(number, _UNREADABLE)
        return None
    options = {
        name: value if quote else name for name, quote, value in _OPTION.findall(header["options"])
    }
    language = header["lang"]
    if language not in _LANGUAGES or not truth(options.get("exec", "no")):
        # SuperFences leaves a fence as text if the highlighter does not know one of its options.
        unknown = [name for name in options if name != "exec" and not _HIGHLIGHT.fullmatch(name)]
        return None if unknown else _Fence(number, prefix, mark[0], None)
    if _OPTION.sub("", header["options"]).strip(" \t"):
        report(number, _UNREADABLE)
        return _Fence(number, prefix, mark[0], None)
    return _Fence(number, prefix, mark[0], options, language)


def _split(line: str, width: int) -> tuple[str, str]:
    """The line's prefix of spaces and quote marks, at most so wide; the rest."""
    rest = line[:width].lstrip("> ") + line[width:]
    return line[: len(line) - len(rest)], rest


def _broken(fence: _Fence, prefix: str, content: str) -> str:
    """Why a line ends the fence before its time; empty where it does not."""
    quotes, of_fence = prefix.count(">"), fence.prefix.count(">")
    if of_fence:
        if quotes > of_fence:
            return "a line is quoted more deeply than it"
        if content and len(prefix) < len(fence.prefix):
            return "a line is indented less than it"
        if quotes < of_fence and fence.body and not fence.body[-1].strip():
            return "the quotation ends within it"
        return ""
    if quotes:
        return "a quotation begins within it"
    if content.strip() and len(prefix) != len(fence.prefix):
        return "a line is indented less than it"
    return ""
