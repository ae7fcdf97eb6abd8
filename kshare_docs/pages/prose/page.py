"""A page as prose: its headings, links and pictures, each with the line where it is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import TypeAlias

from ..fences import UNNAMED, Rendered


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its text, its id, whether the page gives it that, its line."""

    text: str
    id: str
    named: bool
    line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """What a page leads to or shows: an address as it is written, and its line.

    Attributes:
        target: The address.
        shown: It is fetched with the page, as pictures are, and not only led to.
        text: Of a picture, what stands for it where it is not seen.
    """

    target: str
    line: int
    shown: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as prose.

    Attributes:
        file: Its path from the project's root.
        name: Its path from the folder of its site's pages, which translations share.
        text: All of it.
        headings: Its headings, in their order.
        references: Its links and pictures, in theirs.
        ids: All ids that links can name, but those of examples.
    """

    file: str
    name: PurePosixPath
    text: str
    headings: tuple[Heading, ...]
    references: tuple[Reference, ...]
    ids: frozenset[str]


Pages: TypeAlias = Mapping[PurePosixPath, Page | None]
"""The pages of a site by their names; None for one that could not be read."""


def read_prose(file: str, name: PurePosixPath, text: str, rendered: Rendered) -> Page:
    """Read a page as it renders; what stands in its fences is left aside."""
    found = _Elements()
    found.feed(rendered.html)
    found.close()
    places = _Places(text, rendered)
    headings = (Heading(h.text, h.id, h.named, places.of_heading(h.text)) for h in found.headings)
    references = (
        Reference(r.target, places.of_address(r.target), r.shown, r.text) for r in found.references
    )
    return Page(file, name, text, tuple(headings), tuple(references), frozenset(found.ids))


class _Elements(HTMLParser):
    """What of a page's HTML is prose; the lines are not known here."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[Heading] = []
        self.references: list[Reference] = []
        self.ids: set[str] = set()
        self._open: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.ids |= {said[name] for name in ("id", "name") if said.get(name)}
        if re.fullmatch("h[1-6]", tag):
            named = "id" in said and UNNAMED not in said
            self.headings.append(Heading("", said.get("id", ""), named, 0))
            self._open = []
        elif tag == "a" and "href" in said and said.get("class") != "headerlink":
            self.references.append(Reference(said["href"], 0))
        elif tag == "img":
            alt = said.get("alt", "").strip()
            self.references.append(Reference(said.get("src", ""), 0, shown=True, text=alt))
        elif tag in {"audio", "source", "track", "video"}:
            shown = (said[name] for name in ("src", "srcset", "poster") if said.get(name))
            self.references += [Reference(s, 0, shown=True, text=tag) for s in shown]

    def handle_endtag(self, tag: str) -> None:
        if re.fullmatch("h[1-6]", tag) and self._open is not None:
            last = self.headings.pop()
            text = " ".join("".join(self._open).replace("¶", "").split())
            self.headings.append(Heading(text, last.id, last.named, 0))
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.append(data)


class _Places:
    """Finds the line on which something is written: the first that has it, then the next."""

    def __init__(self, text: str, rendered: Rendered) -> None:
        lines = enumerate(re.split(r"\r\n?|\n", text), 1)
        self._lines = [(n, line) for n, line in lines if n not in rendered.fenced]
        self._lines = [(n, line) for n, line in self._lines if n >= rendered.first]
        self._words = [_words(line) for _, line in self._lines]
        self._first = rendered.first
        self._met: Counter[str] = Counter()

    def of_heading(self, text: str) -> int:
        """The line of a heading, by its words: marks may stand between them."""
        words = _words(text)
        return self._next(f"h {text}", (int(words in said) for said in self._words if words))

    def of_address(self, address: str) -> int:
        """The line of an address, which is no part of a longer one."""
        whole = re.compile(rf"(?<![\w./%-]){re.escape(address)}(?![\w./%#-])")
        counts = (line.count(address) and len(whole.findall(line)) for _, line in self._lines)
        return self._next(f"a {address}", counts if address else ())

    def _next(self, what: str, counts: Iterable[int]) -> int:
        """The line of the next one, by how often each line has it."""
        self._met[what] += 1
        seen, last = 0, self._first
        for (number, _), times in zip(self._lines, counts, strict=False):
            if times:
                seen, last = seen + times, number
            if seen >= self._met[what]:
                return number
        return last


def _words(text: str) -> str:
    """What is said, without marks and blanks."""
    return re.sub(r"\{:?[^{}]{0,200}\}|\]\([^()]{0,500}\)|\W", "", text)
