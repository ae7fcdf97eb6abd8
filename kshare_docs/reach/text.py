"""The text of a page for programs: Markdown without markup of HTML, outputs filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from .built import BuiltPage

_DROPPED = (
    "a.headerlink, button, input, nav, script, style, .md-source-file, .md-feedback, "
    # The second layout of a drawing or table, for phones.
    ".kshare-narrow, "
    # All of it stands in provenance.json.
    ".kshare-provenance > dl"
)

_FENCED = re.compile(r"^ *(`{3,})[^\n]*\n.*?^ *\1$", re.DOTALL | re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")
_ENDS = re.compile(r"[ \t]+$", re.MULTILINE)


def page_text(page: BuiltPage, address: str) -> str:
    """A page as Markdown.

    Args:
        page: The page.
        address: That of its language's root; empty where the site has none.
    """
    soup = BeautifulSoup(page.content, "html.parser")
    for one in soup.select(_DROPPED):
        one.decompose()
    for one in soup.select(".kshare-section, .kshare-why"):
        one.insert_before(" — ")
    for tabs in soup.select(".tabbed-set"):
        _name_blocks(tabs)
    if heading := soup.find("h1"):
        heading.decompose()
    text = _Text(heading_style="ATX", bullets="-").convert_soup(soup)
    above = [page.description, page.notice, f"{address}{page.url}" if address else ""]
    quoted = "\n>\n".join(f"> {line}" for line in above if line)
    return _tidied(f"# {_safe(page.title)}\n\n{quoted}\n\n{text.strip()}\n")


def guide(
    name: str,
    description: str,
    groups: Iterable[tuple[str, list[BuiltPage]]],
    address: str,
    others: Iterable[tuple[str, str]] = (),
) -> str:
    """`llms.txt` (https://llmstxt.org): what there is to read, and where.

    Args:
        name: The site's.
        description: Of the site.
        groups: Its pages, by headings of the navigation.
        address: That of the language's root; empty where the site has none: links are relative.
        others: The same in other languages: names and addresses.
    """
    notices = {page.notice for _, pages in groups for page in pages}
    parts = [f"# {name}", f"> {description}", *sorted(filter(None, notices))]
    for heading, pages in groups:
        entries = [f"- [{_safe(p.title)}]({address}{p.text_url}): {p.description}" for p in pages]
        parts += [f"## {heading or name}", "\n".join(entry.removesuffix(": ") for entry in entries)]
    if links := [f"- [{name}]({url})" for name, url in others]:
        parts += ["## Optional", "\n".join(links)]
    return "\n\n".join(parts) + "\n"


def _safe(text: str) -> str:
    """A text that can be taken neither for a tag nor for the end of a link's name."""
    return re.sub(r"([<\[\]])", r"\\\1", text)


def _tidied(text: str) -> str:
    """Without needless blanks, but in commands and outputs."""
    parts, at = [], 0
    for found in _FENCED.finditer(text):
        parts += [_ENDS.sub("", text[at : found.start()]), found[0]]
        at = found.end()
    parts.append(_ENDS.sub("", text[at:]))
    tidy = [part if number % 2 else _BLANKS.sub("\n\n", part) for number, part in enumerate(parts)]
    return "".join(tidy)


def _name_blocks(tabs: Tag) -> None:
    """Put each tab's label above what it shows."""
    labels = tabs.select(":scope > .tabbed-labels > label")
    blocks = tabs.select(":scope > .tabbed-content > .tabbed-block")
    for label, block in zip(labels, blocks, strict=False):
        label.name = "summary"
        block.insert(0, label.extract())


class _Text(MarkdownConverter):
    """What the pages have beside plain text."""

    # Its stubs lack the methods that it is made to be extended by.

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """No text can be taken for a tag."""
        return str(super().escape(text, parent_tags)).replace("<", r"\<")  # type: ignore[misc]

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        """Commands and outputs, word for word."""
        shown = el.get_text().strip("\n")
        fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", shown))])
        box = el.find_parent(class_=re.compile("^language-"))
        names = " ".join(box.get("class") or ()) if box else ""
        language = re.search(r"language-([\w-]+)", names)
        return f"\n\n{fence}{language[1] if language else ''}\n{shown}\n{fence}\n\n"

    def convert_svg(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        """A drawing, by what it says of itself."""
        said = [part.get_text(" ", strip=True) for part in el.find_all(["title", "desc"])]
        return self._block(" ".join(said))

    def convert_summary(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        """What can be opened is open here."""
        return self._block(
            f"**{' '.join(text.replace('**', '').split())}**" if text.strip() else ""
        )

    def convert_span(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        """A verdict stands out."""
        return f"**{text}**" if "kshare-mark" in (el.get("class") or ()) else text

    def convert_p(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A paragraph, or the title of an aside."""
        if "admonition-title" in (el.get("class") or ()):
            return self.convert_summary(el, text, parent_tags)
        return str(super().convert_p(el, text, parent_tags))  # type: ignore[misc]

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A cell, which no stroke of its own may end."""
        return str(super().convert_td(el, text.replace("|", r"\|"), parent_tags))  # type: ignore[misc]

    def convert_figure(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        """A block of its own."""
        return self._block(text)

    convert_details = convert_figcaption = convert_caption = convert_section = convert_figure

    @staticmethod
    def _block(text: str) -> str:
        return f"\n\n{text.strip()}\n\n" if text.strip() else ""
