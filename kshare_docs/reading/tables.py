"""Tables: each cell knows the head of its column, for screens that show a row as a card."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from itertools import accumulate


def label_cells(html: str) -> str:
    """A page's content, in which cells of tables with a head have `data-label`.

    Args:
        html: The content. Nothing in it changes but the start tags of these cells.
    """
    if "<thead" not in html:
        return html
    finder = _Cells(html)
    finder.feed(html)
    finder.close()
    pieces, done = [], 0
    for offset, label in finder.found:
        pieces += [html[done:offset], f' data-label="{escape(label)}"']
        done = offset
    return "".join([*pieces, html[done:]])


class _Cells(HTMLParser):
    """Finds where the names of cells end, and what stands above each.

    Attributes:
        found: Places in the text, and the label that belongs there.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self._depth = 0  # of tables in tables: these are left alone
        self._in_head = False
        self._in_cell = False
        self._heads: list[str] = []
        self._column = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
        if self._depth != 1:
            return
        if tag == "table":
            self._heads, self._in_head = [], False
        elif tag in {"thead", "tbody", "tfoot"}:
            self._in_head = tag == "thead"
        elif tag == "tr":
            self._column = 0
            self._heads = [] if self._in_head else self._heads  # the lowest row is the nearest
        elif tag in {"td", "th"}:
            span = dict(attrs).get("colspan") or ""
            columns = int(span) if span.isdecimal() and 0 < int(span) < 100 else 1
            if self._in_head:
                self._in_cell = True
                self._heads += [""] * columns
            elif tag == "td":
                self._label(columns)
            self._column += columns

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._depth = max(0, self._depth - 1)
        elif tag in {"td", "th", "tr", "thead"}:
            self._in_cell = False
            self._in_head = self._in_head and tag != "thead"

    def handle_data(self, data: str) -> None:
        if self._in_cell and self._depth == 1:
            self._heads[-1] += data

    def _label(self, columns: int) -> None:
        heads = self._heads[self._column : self._column + columns]
        if label := " ".join(" ".join(heads).split()):
            line, column = self.getpos()
            self.found.append((self._lines[line - 1] + column + len("<td"), label))
