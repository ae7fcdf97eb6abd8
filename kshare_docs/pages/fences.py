"""Fences: the executable blocks of a page, found by what renders them.

SuperFences itself reads the page, with formatters that only take notes. Where something may keep a
fence off the page, such as a comment around it or its indentation, the whole page is rendered.

Longer than most modules: what is noted while a page is read, and what it says, stand together.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown_exec import validator
from mkdocs.utils.meta import get_data
from pymdownx.superfences import default_validator, highlight_validator

from ..data.problem import odd_character
from .catalogues import Site

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

QUOTES, LENGTH = 20, 1000
"""Quotation marks and characters that a line which begins a fence may have."""

ENDLESS = f"more than {QUOTES} quotes or {LENGTH} characters"
"""What keeps SuperFences without end."""

UNNAMED = "data-kshare-unnamed"
"""An attribute of rendered headings to which the page gives no id of its own."""

_LANGUAGES = (LANGUAGE, VIEW_LANGUAGE)
_SUPERFENCES = "pymdownx.superfences"
_NOTE = "kshare"
_HEADER = re.compile(
    rf"""([>\ ]*)(?P<mark>`{{3,}}|~{{3,}})[ ]*[{{.]*(?P<lang>{"|".join(_LANGUAGES)})\b
    .*?\bexec\b(?:=["']?(?P<value>\w*))?""",
    re.VERBOSE,
)
_BRACES = re.compile(r"[> ]*[`~]+[ ]*\.?[\w#.+-]*[ ]*\{")
_QUOTED = re.compile(r"""(["']).*?\1""")
_DOUBT = re.compile(r"<[!?]|(^[> \t]+|\S[ \t]*\n)(```|~~~).*exec", re.MULTILINE)
"""What may keep a fence off the page: nothing does at the margin, below a blank line."""

_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)


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


@dataclass(frozen=True, slots=True)
class _Fence:
    """A fence as SuperFences met it: the places of its first and last line, and what it holds."""

    start: int
    end: int
    options: dict[str, str]
    executable: bool
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page's HTML without what becomes of its fences.

    Attributes:
        html: The HTML; headings without an id of their own are marked as `UNNAMED`.
        first: The first line of the page below its front matter.
        fenced: The lines of its fences.
    """

    html: str
    first: int
    fenced: frozenset[int]


class _Lines(list[str]):
    """Lines that know which of them is being read."""

    at = 0

    def __iter__(self) -> Iterator[str]:
        for self.at, line in enumerate(super().__iter__()):
            yield line


class _Unnamed(Treeprocessor):
    """Marks headings that have no id, before one is made up for each."""

    def run(self, root: Element) -> None:
        for element in root.iter():
            if re.fullmatch("h[1-6]", str(element.tag)) and "id" not in element.attrib:
                element.set(UNNAMED, "")


class Finder(Preprocessor):
    """Finds the fences of pages as their site renders them, page after page."""

    def __init__(self, site: Site | None = None) -> None:
        """Take what MkDocs' configuration says; without it, what is usual."""
        super().__init__()
        self.site = site or Site()
        self._token = f"kshare-{secrets.token_hex(8)}-"
        self._lines = _Lines()
        self._begun: set[int] = set()
        self._fences: list[_Fence] = []

    def find(self, text: str, report: Reporter) -> Iterator[Block]:
        """The executable fences of a page, in their order.

        Args:
            text: The page.
            report: Called with line and message for a fence that would not render.
        """
        text = re.sub(r"\r\n?", "\n", text)
        if number := endless_header(text):
            report(number, f"the fence's header has {ENDLESS}")
            return
        raw = text.split("\n")
        dropped = [number for number, line in enumerate(raw, 1) if re.search("[\x02\x03]", line)]
        for number in dropped:
            what = "the line holds U+0002 or U+0003, which Markdown drops"
            report(number, f"{what}: what is left may be an example")
        body = get_data(text)[0]
        first = text.count("\n") - body.count("\n") + 1
        if dropped or "exec" not in body:
            return
        try:
            html = self._render(body)
        except Exception as error:  # whatever the site's extensions raise
            report(first, f"the page cannot be rendered: {type(error).__name__}: {error}")
            return
        shown = set(re.findall(rf"{self._token}(\d+)", without_comments(html or "")))
        for number, fence in enumerate(self._fences):
            if not fence.executable or (html is not None and str(number) not in shown):
                continue
            place = first + fence.start
            header = self._lines[fence.start]
            if _BRACES.match(header):
                what = f'the options stand without braces: ```{fence.language} exec="1" …'
                report(place, what)
                continue
            if odd := re.search(r"[^ -~\t]", _QUOTED.sub("", header)):
                report(place, f"the header cannot be read{odd_character(odd[0])}")
                continue
            lines = tuple(fence.source.split("\n"))
            written = tuple(map(as_written, raw[place : place + len(lines)], lines))
            yield Block(place, fence.options, lines, fence.language, written)
        self._look_for_broken(first, report)

    def render(self, text: str) -> Rendered:
        """A page that `find` has read without complaint of its rendering, whole."""
        text = re.sub(r"\r\n?", "\n", text)
        body = get_data(text)[0]
        first = text.count("\n") - body.count("\n") + 1
        self._begin()
        html = self._markdown.convert(body)
        lines = (n for fence in self._fences for n in range(fence.start, fence.end + 1))
        return Rendered(html, first, frozenset(first + n for n in lines))

    def run(self, lines: list[str]) -> list[str]:
        """Hand the lines to SuperFences so that it is known which of them it reads."""
        self._lines = _Lines(lines)
        return self._lines

    def _render(self, body: str) -> str | None:
        """Note the fences; where there is doubt which of them are shown, give the page's HTML."""
        self._begin()
        if _DOUBT.search(body):
            return self._markdown.convert(body)
        lines = body.split("\n")
        for preprocessor in self._markdown.preprocessors:
            lines = preprocessor.run(lines)
            if preprocessor is self._markdown.preprocessors["fenced_code_block"]:
                break
        return None

    def _begin(self) -> None:
        self._begun.clear()
        self._fences.clear()
        self._markdown.reset()

    @cached_property
    def _markdown(self) -> Markdown:
        """Python-Markdown as the site has it, but for what fences become."""
        extensions: dict[str, Any] = {"toc": {}, "tables": {}, _SUPERFENCES: {}}
        extensions |= self.site.extensions
        options = extensions[_SUPERFENCES]
        fences = [
            {"name": "*", "class": "any", "validator": highlight_validator},
            *options.get("custom_fences", ()),
            *({"name": n, "class": n, "validator": validator} for n in self.site.executable),
        ]
        extensions[_SUPERFENCES] = {**options, "custom_fences": [*map(self._noted, fences)]}
        markdown = Markdown(extensions=[*extensions], extension_configs=extensions)
        markdown.preprocessors.register(self, "kshare_lines", 25.01)  # right before SuperFences
        # After `attr_list`, which reads ids, and before `toc`, which makes them up.
        markdown.treeprocessors.register(_Unnamed(markdown), "kshare_unnamed", 6)
        return markdown

    def _noted(self, fence: Mapping[str, Any]) -> dict[str, Any]:
        """A fence of SuperFences' configuration that is only taken note of."""
        accept = fence.get("validator", default_validator)

        def begin(language: str, inputs: dict[str, str], options: Any, attrs: Any, md: Any) -> bool:
            given = dict(inputs)
            if not accept(language, inputs, options, attrs, md):
                return False
            if not attrs or _BRACES.match(self._lines[self._lines.at]):
                self._begun.add(self._lines.at)
            ours = accept is validator and language in _LANGUAGES
            options[_NOTE] = (self._lines.at, given, ours)
            return True

        def end(source: str, language: str, _class: str, options: Any, *_: Any, **__: Any) -> str:
            start, given, ours = options[_NOTE]
            self._fences.append(_Fence(start, self._lines.at, given, ours, language, source))
            return f"<p>{self._token}{len(self._fences) - 1}</p>"

        return {**fence, "validator": begin, "format": end}

    def _look_for_broken(self, first: int, report: Reporter) -> None:
        """Report what looks like an executable fence but is none."""
        within = {at for fence in self._fences for at in range(fence.start, fence.end + 1)}
        lines = self._lines[:]
        opened = {at: _end_of_place(lines, at) for at in self._begun - within}
        for at, line in enumerate(lines):
            header = _HEADER.match(line)
            if not header or at in within or not truth(header.groupdict("1")["value"]):
                continue
            around = [n for n, broken in opened.items() if n < at and not broken]
            if opened.get(at):
                number = first + opened[at]
                what = f"the fence is broken off: line {number} is not indented or quoted as it is"
            elif at in opened:
                what = f"the fence is never closed: end the block with a line {header['mark']}"
            elif around:
                what = f"it stands in the fence of line {first + around[0]}, which is never closed"
            else:
                what = 'the header cannot be read: every option is name="value", after a space'
            report(first + at, what)


def _end_of_place(lines: list[str], at: int) -> int:
    """The next line that is not indented and quoted as this one is; 0 if there is none."""
    prefix = lines[at][: len(lines[at]) - len(lines[at].lstrip("> "))]
    rest = enumerate(lines[at + 1 :], at + 1)
    return next((n for n, line in rest if line.strip() and not line.startswith(prefix)), 0)


def without_comments(html: str) -> str:
    """HTML as a browser shows it: what stands in a comment is not on the page."""
    return _COMMENT.sub("", html)


def endless_header(text: str) -> int:
    """The line of a page on which SuperFences would search without end; 0 if there is none.

    Where a quoted value ends, its regular expression finds by trying: every few quotes double
    that time. What Markdown drops first, and other blanks, may stand within such a line.
    """
    lines = re.sub("[\x02\x03]", "", re.sub(r"\r\n?", "\n", text)).split("\n")
    for number, line in enumerate(lines, 1):
        quotes = line.count('"') + line.count("'")
        long = quotes > QUOTES or len(line) > LENGTH
        if long and re.match("[\ufeff> \t]*(```|~~~)", line):
            return number
    return 0


def truth(value: str) -> bool:
    """Whether an option's value says yes."""
    return value.lower() not in {"", "no", "off", "false", "0"}


def as_written(line: str, shown: str) -> str:
    """The end of a page's line that Markdown shows so, with the tabs that it has expanded."""
    expanded = line.expandtabs(4)
    if not expanded.endswith(shown):
        return shown
    column = len(expanded) - len(shown)
    start = next(n for n in range(len(line) + 1) if len(line[:n].expandtabs(4)) >= column)
    return " " * (len(line[:start].expandtabs(4)) - column) + line[start:]
