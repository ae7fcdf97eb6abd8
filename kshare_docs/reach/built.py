"""Pages as they were built: what a reader sees of them, outputs filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

_DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)"')
_BANNER = re.compile(r'<div class="kshare-preview".*?</div>', re.DOTALL)
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_PERMALINK = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """One page of one language.

    Attributes:
        url: From the language's root, as the site builder has it: empty for the start page.
        title: Its first heading.
        description: What it says of itself in its front matter.
        notice: What its banner says: that it is a preview; empty on a publication.
        content: The HTML of its article.
    """

    url: str
    title: str
    description: str
    notice: str
    content: str

    @property
    def name(self) -> str:
        """A name for files that are made of it."""
        return picture_name(self.url)

    @property
    def text_url(self) -> str:
        """Where its text is, from the language's root."""
        stem = self.url.removesuffix(".html")
        return f"{stem}index.md" if stem.endswith("/") or not stem else f"{stem}.md"


def picture_name(url: str) -> str:
    """The name of a page's picture: templates ask for it too."""
    return url.removesuffix(".html").strip("/").replace("/", "-") or "index"


def read_pages(folder: Path) -> list[BuiltPage]:
    """The pages in the folder of one language, which has no other in it yet."""
    found = []
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        begin, end = text.find("<article"), text.rfind("</article>")
        if path.name == "404.html" or begin < 0 or end < 0:
            continue
        url = path.relative_to(folder).as_posix()
        content = text[begin : end + len("</article>")]
        heading = _HEADING.search(content)
        found.append(
            BuiltPage(
                url.removesuffix("index.html") if path.name == "index.html" else url,
                _words(_PERMALINK.sub("", heading[1])) if heading else "",
                _first(_DESCRIPTION, text),
                _words("".join(_BANNER.findall(text))),
                content,
            )
        )
    return found


def in_order(pages: Sequence[BuiltPage], nav: Any) -> list[tuple[str, list[BuiltPage]]]:
    """The pages by the headings of the navigation; those that it does not name come last."""
    left = {page.url.removesuffix(".html").strip("/"): page for page in pages}
    groups: list[tuple[str, list[BuiltPage]]] = []

    def add(items: Any, heading: str) -> None:
        mine: list[BuiltPage] = []
        groups.append((heading, mine))
        for item in items:
            for title, target in item.items() if isinstance(item, dict) else [("", item)]:
                if isinstance(target, list):
                    add(target, title)
                elif page := left.pop(_stem(str(target)), None):
                    mine.append(page)

    add(nav or [], "")
    groups.append(("", list(left.values())))
    return [(heading, mine) for heading, mine in groups if mine]


def _stem(source: str) -> str:
    """A page's address without its ending, by its file."""
    stem = re.sub(r"\.(md|markdown|mdown|mkdn?|mkd)$", "", source)
    return re.sub(r"(^|/)(index|README)$", "", stem)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return unescape(found[1]) if found else ""


def _words(markup: str) -> str:
    return " ".join(unescape(_TAG.sub("", markup)).split())
