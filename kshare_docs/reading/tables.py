"""Tables: each cell knows the head of its column, for screens that show a row as a card."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from unicodedata import east_asian_width

_SHORT = 24
"""As wide as so many Latin letters: one line, on a phone too."""

_NUMBER = re.compile(r"[+\-−–±×<>≈~]? ?\d")


def label_cells(html: str) -> str:
    """A page's content, in which cells of tables that have a head say what they are.

    `data-label` is the head of the cell's column; `data-kind` is `number`, which no line may break,
    such as a range; `word`, which is short; or `text`. Nothing else of the content changes.
    """
    if "<thead" not in html:
        return html
    finder = _Cells(html)
    finder.feed(html)
    finder.close()
    pieces, done = [], 0
    for cell in finder.found:
        label = f' data-label="{escape(cell.label)}"' if cell.label else ""
        pieces += [html[done : cell.place], f'{label} data-kind="{_kind(cell.text)}"']
        done = cell.place
    return "".join([*pieces, html[done:]])


@dataclass(slots=True)
class _Cell:
    """A cell below a table's head.

    Attributes:
        place: Where its tag's name ends in the text.
        label: The head of its column; empty where it spans several.
        text: What stands in it.
    """

    place: int
    label: str
    text: str = ""


def _kind(text: str) -> str:
    text = " ".join(text.split())
    if sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text) > _SHORT:
        return "text"
    return "number" if _NUMBER.match(text) else "word"


class _Cells(HTMLParser):
    """Finds the cells below heads; a table in a table is left alone.

    Attributes:
        found: The cells, in the order of the text.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[_Cell] = []
        self._lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self._depth = 0
        self._in_head = self._in_cell = False
        self._heads: list[str] = []
        self._column = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count rows and columns, and open cells."""
        if tag == "table":
            self._depth += 1
            self._heads = self._heads if self._depth > 1 else []
        if self._depth != 1:
            return
        if tag in {"thead", "tbody", "tfoot", "tr"}:
            self._in_cell, self._column = False, 0
        if tag in {"thead", "tbody", "tfoot"}:
            self._in_head = tag == "thead"
        elif tag == "tr" and self._in_head:
            self._heads = []  # of several rows, the lowest is the nearest
        elif tag in {"td", "th"}:
            self._open(tag, dict(attrs).get("colspan") or "")

    def handle_endtag(self, tag: str) -> None:
        """Close cells."""
        if tag == "table":
            self._depth = max(0, self._depth - 1)
        if self._depth <= 1 and tag in {"td", "th", "tr", "table"}:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        """Take what stands in a cell."""
        if self._in_cell and self._in_head:
            self._heads[-1] += data
        elif self._in_cell and self.found:
            self.found[-1].text += data

    def _open(self, tag: str, span: str) -> None:
        columns = int(span) if re.fullmatch("[1-9][0-9]?", span) else 1
        self._in_cell = self._in_head or tag == "td"
        if self._in_head:
            self._heads += [""] * columns
        elif tag == "td" and self._heads:
            head = self._heads[self._column] if self._column < len(self._heads) else ""
            line, column = self.getpos()
            place = self._lines[line - 1] + column + len("<td")
            self.found.append(_Cell(place, " ".join(head.split()) if columns == 1 else ""))
        else:
            self._in_cell = False
        self._column += columns
