"""Fences: the executable blocks of a page, found by what renders them.

SuperFences itself reads the page, with formatters that only take notes. Where something may keep a
fence off the page, such as a comment around it or its indentation, the whole page is rendered.

Longer than most modules: what is noted while a page is read, and what it says, stand together.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown_exec import validator
from mkdocs.utils.meta import get_data
from pymdownx.superfences import default_validator, highlight_validator

from ..data.problem import Kind, Reporter, nearest, odd_character
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

QUOTE_OPTIONS = ("exec", "quote")

_SESSION_NAMES = """
console shell-session shellsession bash-session sh-session zsh-session session terminal output ansi
ansi-color doscon ps1con pwsh-session tcshcon pycon rbcon irb erl iex rconsole rout psql
postgresql-console postgres-console sqlite3 matlabsession
"""
SESSIONS = frozenset(_SESSION_NAMES.split())
"""Languages whose blocks show what was typed into a terminal and what came out."""

QUOTES, LENGTH = 20, 1000
"""Quotation marks and characters that a line which begins a fence may have."""

ENDLESS = f"more than {QUOTES} quotes or {LENGTH} characters"
"""What keeps SuperFences without end."""

UNNAMED = "data-kshare-unnamed"
"""An attribute of rendered headings to which the page gives no id of its own."""

_LANGUAGES = (LANGUAGE, VIEW_LANGUAGE)
_SUPERFENCES = "pymdownx.superfences"
_NOTE = "kshare"
_HEADER = re.compile(r"[> ]*(?P<mark>`{3,}|~{3,})[ ]*[{.]*(?P<lang>[\w#+-]*)(?P<rest>.*)")
_EXEC = re.compile(r"""\bexec\b(?:=["']?(?P<value>\w*))?""")
_OPTION = re.compile(r"""(?P<name>[\w-]+)(?:=(?P<value>"[^"]*"|'[^']*'|[^\s"'{}]+))?""")
_BRACES = re.compile(r"[> ]*[`~]+[ ]*\.?[\w#.+-]*[ ]*\{")
_QUOTED = re.compile(r"""(["']).*?\1""")
_BLOCKS = re.compile(
    r"exec|```|~~~|<pre|^[> ]*(?: {4}|\t)[ \t]*[$＄]", re.MULTILINE | re.IGNORECASE
)
"""What a page without any block does not have."""

_DOUBT = re.compile(
    r"<[!?]|<pre|^[> ]*(?: {4}|\t)[ \t]*[$＄]|(^[> \t]+|\S[ \t]*\n)(```|~~~).*exec",
    re.MULTILINE | re.IGNORECASE,
)
"""What may keep a fence off the page, or be a block without one: only a fence at the margin, below
a blank line, is what it looks like."""

_PROMPT = re.compile(r"^[ \t]*(?:[$＄][ \t]+\S|[#＃][?？][ \t])", re.MULTILINE)
"""A line of a terminal session, or a claim about one."""

_PRE = re.compile(r"<pre\b.*?</pre>", re.DOTALL | re.IGNORECASE)

_SHOWS_MARKDOWN = ("md", "markdown")
"""Languages in whose blocks pages show how blocks are written."""

_NOT_RUN = "this shows a session that was not run"
_WAYS = (
    'write ```console exec="1" id="…" to run it, or ```console exec="0" quote="SOURCE" where it is'
    " somebody else's"
)

_NO_VIEW = 'the view is not filled in: write ```view exec="1" name="…"'

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
    quotes: bool = False


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
        self._first = 1
        self._places: Mapping[int, int] = {}

    def find(self, text: str, report: Reporter) -> Iterator[Block]:
        """The executable fences of a page, in their order.

        Args:
            text: The page.
            report: Takes what would not render, and what shows a session that was not run.
        """
        text = re.sub(r"\r\n?", "\n", text)
        if number := endless_header(text):
            report(number, f"the fence's header has {ENDLESS}", Kind.HEADER)
            return
        raw = text.split("\n")
        dropped = [number for number, line in enumerate(raw, 1) if re.search("[\x02\x03]", line)]
        for number in dropped:
            what = "the line holds U+0002 or U+0003, which Markdown drops"
            report(number, f"{what}: what is left may be an example", Kind.PAGE)
        body = get_data(text)[0]
        self._first = text.count("\n") - body.count("\n") + 1
        if dropped or not _BLOCKS.search(body):
            return
        try:
            html = self._render(body)
        except Exception as error:  # whatever the site's extensions raise
            what = f"the page cannot be rendered: {type(error).__name__}: {error}"
            report(self._first, what, Kind.PAGE)
            return
        self._places = _places(body.split("\n"), self._lines[:])
        shown = without_comments(html or "")
        numbers = {int(number) for number in re.findall(rf"{self._token}(\d+)", shown)}
        for number, fence in enumerate(self._fences):
            if html is not None and number not in numbers:
                self._look_for_lost(number, html, report)
            elif not fence.executable:
                self._look_for_session(fence, report)
            elif block := self._block(fence, raw, report):
                yield block
        self._look_for_code(shown, report)
        self._look_for_broken(report)

    def _block(self, fence: _Fence, raw: list[str], report: Reporter) -> Block | None:
        """An executable fence of the page itself whose header can be read."""
        place = self._line(fence.start)
        header = self._lines[fence.start]
        if any(self._places.get(at) is None for at in range(fence.start, fence.end)):
            what = "the block comes from a snippet or the like, and cannot be run from there"
            report(place, f"{what}: write it into the page itself", Kind.NOT_SHOWN)
        elif _BRACES.match(header):
            what = f'the options stand without braces: ```{fence.language} exec="1" …'
            report(place, what, Kind.HEADER, "{")
        elif odd := re.search(r"[^ -~\t]", _QUOTED.sub("", header)):
            what = f"the header cannot be read{odd_character(odd[0])}"
            report(place, what, Kind.HEADER, odd[0])
        else:
            lines = tuple(fence.source.split("\n"))
            written = tuple(map(as_written, raw[place : place + len(lines)], lines))
            return Block(place, fence.options, lines, fence.language, written)
        return None

    def _line(self, at: int) -> int:
        """The line of the page on which a line stands that SuperFences read, or the one before."""
        return self._first + next(
            (self._places[n] for n in range(at, -1, -1) if n in self._places), 0
        )

    def _look_for_lost(self, number: int, html: str, report: Reporter) -> None:
        """Report an executable fence that nothing shows; what a comment hides is meant so."""
        fence, mark = self._fences[number], re.compile(rf"{self._token}{number}\b")
        again = (other.start for n, other in enumerate(self._fences) if n != number)
        if mark.search(html) or fence.start in again:
            return
        if not (fence.executable or fence.quotes):
            self._look_for_session(fence, report)
        else:
            what = "the block is no part of the page, so it is not run: it stands in indented code"
            way = "indent it as its surroundings are, or show it in a ````md fence"
            report(self._line(fence.start), f"{what} or the like; {way}", Kind.NOT_SHOWN)

    def _look_for_session(self, fence: _Fence, report: Reporter) -> None:
        """Report a block that shows a session, and neither runs it nor says whose it is."""
        language, place = fence.language.lower(), self._line(fence.start)
        if fence.quotes:
            _check_quotation(fence, place, report)
        elif language == VIEW_LANGUAGE:
            report(place, _NO_VIEW, Kind.UNEXECUTED, fence.language)
        elif language in SESSIONS:
            report(place, f"{_NOT_RUN}: {_WAYS}", Kind.UNEXECUTED, fence.language)
        elif language not in _SHOWS_MARKDOWN and (prompt := _PROMPT.search(fence.source)):
            line = fence.start + 1 + fence.source.count("\n", 0, prompt.start())
            what = f"a line with a prompt in a block of {fence.language or 'no language'}"
            report(self._line(line), f"{what}: {_NOT_RUN}: {_WAYS}", Kind.UNEXECUTED)

    def _look_for_code(self, html: str, report: Reporter) -> None:
        """Report sessions in what is code without a fence."""
        for code in _PRE.findall(html):
            text = unescape(re.sub("<[^>]*>", "", code))
            if (prompt := _PROMPT.search(text)) and not re.search("```|~~~", text):
                line = text[prompt.start() :].lstrip("\n").partition("\n")[0].strip()
                found = (n for n, other in enumerate(self._lines[:]) if line in other)
                what = f"a line with a prompt in code without a fence: {_NOT_RUN}: {_WAYS}"
                report(self._line(next(found, 0)), what, Kind.UNEXECUTED)

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
        executable = dict.fromkeys((*self.site.executable, VIEW_LANGUAGE))
        fences = [
            {"name": "*", "class": "any", "validator": highlight_validator},
            *options.get("custom_fences", ()),
            *({"name": n, "class": n, "validator": validator} for n in executable),
            {"name": LANGUAGE, "class": LANGUAGE, "validator": quotes},
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
            options[_NOTE] = (self._lines.at, given, accept is validator, accept is quotes)
            return True

        def end(source: str, language: str, _class: str, options: Any, *_: Any, **__: Any) -> str:
            start, given, runs, quoted = options[_NOTE]
            language = language or ""
            end = self._lines.at
            ours = runs and language in _LANGUAGES
            # What markdown-exec runs by itself is no session that somebody typed.
            language = "md" if runs and not ours else language
            self._fences.append(_Fence(start, end, given, ours, language, source, quoted))
            return f"<p>{self._token}{len(self._fences) - 1}</p>"

        return {**fence, "validator": begin, "format": end}

    def _look_for_broken(self, report: Reporter) -> None:
        """Report what looks like an executable fence but is none."""
        within = {at for fence in self._fences for at in range(fence.start, fence.end + 1)}
        lines = self._lines[:]
        opened = {at: _end_of_place(lines, at) for at in self._begun - within}
        for at, line in enumerate(lines):
            header = _HEADER.match(line)
            if at in within or not header or not _means_execution(header):
                continue
            around = [n for n, broken in opened.items() if n < at and not broken]
            place = self._line(at)
            if opened.get(at):
                number = self._line(opened[at])
                what = f"the fence is broken off: line {number} is not indented or quoted as it is"
                report(place, what, Kind.OPEN_FENCE)
            elif at in opened:
                what = f"the fence is never closed: end the block with a line {header['mark']}"
                report(place, what, Kind.OPEN_FENCE)
            elif around:
                number = self._line(around[0])
                what = f"it stands in the fence of line {number}, which is never closed"
                report(place, what, Kind.OPEN_FENCE)
            else:
                report(place, *_unreadable(header))


def quotes(language: str, inputs: dict[str, str], options: Any, attrs: Any, md: Any) -> bool:  # noqa: ARG001
    """Whether a fence says that it quotes; the validator of SuperFences' fence for quotations."""
    if "quote" not in inputs or "exec" not in inputs or truth(inputs["exec"]):
        return False
    options.update(inputs)
    return True


def _check_quotation(fence: _Fence, place: int, report: Reporter) -> None:
    """What a quotation must say, and what it must not."""
    source = fence.options["quote"].strip()
    if not source or source == "quote":
        what = 'the quotation names no source: write where these lines come from in quote="…"'
        report(place, what, Kind.QUOTATION, "quote")
    for name in fence.options:
        if name not in QUOTE_OPTIONS:
            what = f"a quotation has no option {name!r}: only {' and '.join(QUOTE_OPTIONS)}"
            report(place, what, Kind.QUOTATION, name)
    if not fence.source.strip():
        report(place, "the quotation is empty", Kind.QUOTATION)


def _means_execution(header: re.Match[str]) -> bool:
    """Whether what begins as a fence does is meant to run something, or shows that it was."""
    if said := _EXEC.search(header["rest"]):
        return truth(said.groupdict("1")["value"]) or header["lang"].lower() == LANGUAGE
    return header["lang"].lower() in SESSIONS | {*_LANGUAGES}


def _unreadable(header: re.Match[str]) -> tuple[str, Kind, str]:
    """What is wrong with a header that SuperFences does not take."""
    language, rest = header["lang"], header["rest"]
    if odd := re.search(r"[^ -~\t]", _QUOTED.sub("", rest)):
        return f"the header cannot be read{odd_character(odd[0])}", Kind.HEADER, odd[0]
    options = list(_OPTION.finditer(_QUOTED.sub('""', rest)))
    for option in options:
        if (value := option["value"]) and value[0] not in "\"'":
            bare = f"{option['name']}={value}"
            what = f'{bare} has no quotes: every option is name="value", after a space'
            return f'{what}: {option["name"]}="{value}"', Kind.HEADER, bare
    if language not in _LANGUAGES and _EXEC.search(rest):
        what = f"a block of {language or 'no language'} is not run"
        return f"{what}{nearest(language, _LANGUAGES)}", Kind.HEADER, language
    if language == VIEW_LANGUAGE and not _EXEC.search(rest):
        return _NO_VIEW, Kind.UNEXECUTED, language
    known = (*OWN_OPTIONS, *MARKDOWN_EXEC_OPTIONS, "quote", *VIEW_OPTIONS)
    for option in options:
        if option["name"] not in known:
            what = f"unknown fence option {option['name']!r}{nearest(option['name'], known)}"
            return what, Kind.OPTION, option["name"]
    if language in SESSIONS and not _EXEC.search(rest):
        return f"{_NOT_RUN}: {_WAYS}", Kind.UNEXECUTED, language
    what = 'the header cannot be read: every option is name="value", after a space'
    return what, Kind.HEADER, ""


def _places(written: list[str], read: list[str]) -> dict[int, int]:
    """For each line that SuperFences read, the page's own: what snippets bring in has none.

    Args:
        written: The page's lines.
        read: What the preprocessors before SuperFences made of them.
    """
    before = [line.expandtabs(4).rstrip() for line in written]
    after = [line.rstrip() for line in read]
    if after[: len(before)] == before:
        return {n: n for n in range(len(after))}
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {there + n: here + n for here, there, size in blocks for n in range(size)}


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
