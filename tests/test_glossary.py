"""The glossary: every page links a term where it first stands, and both languages link the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT

LINK = re.compile(r"\[([^\]\n]+)\]\(glossary\.md#([a-z0-9-]+)\)")
TERM = re.compile(r"^(\S.*) \{#([a-z0-9-]+)\}\n: {3}\S", re.MULTILINE)
NO_PROSE = re.compile(
    r"\A---\n.*?\n---\n|^ *(```+).*?^ *\1 *$|^ *(?:!!!|\?\?\?)[^\n]*$|^[#>|][^\n]*$",
    re.MULTILINE | re.DOTALL,
)
PAGES = sorted(path.name for path in (ROOT / "docs" / "zh").glob("*.md"))
WORDY = re.compile(r"[a-z]", re.IGNORECASE)


def prose(path: Path) -> str:
    """A page without front matter, headings, blocks, quotations and tables."""
    return NO_PROSE.sub("", path.read_text(encoding="utf-8"))


def earlier(text: str, link: re.Match[str]) -> Iterator[str]:
    """Where a link's words stand before it; in letters, as whole words, the host's name is none."""
    words = re.escape(link[1])
    whole = rf"(?<![\w-]){words}(?![\w-]| name)" if WORDY.match(link[1]) else words
    for found in re.finditer(whole, text[: link.start()]):
        yield text[max(0, found.start() - 20) : found.end() + 20]


@pytest.mark.parametrize(
    "name", [name for name in PAGES if name not in ("glossary.md", "reference.md")]
)
def test_terms_are_linked_where_they_first_stand(name: str) -> None:
    linked: list[set[str]] = []
    for lang in ("zh", "en"):
        text = prose(ROOT / "docs" / lang / name)
        links = list(LINK.finditer(text))
        for link in links:
            first = next(earlier(text, link), "")
            assert not first, (
                f"docs/{lang}/{name}: {link[0]} stands earlier: …{first}…; link it there"
            )
        anchors = [link[2] for link in links]
        assert len(anchors) == len(set(anchors)), f"docs/{lang}/{name} links a term twice"
        linked.append(set(anchors))
    assert linked[0], f"docs/*/{name} links no term: link those that a newcomer does not know"
    assert linked[0] == linked[1], f"docs/*/{name}: link the same terms in both languages"


def test_both_glossaries_have_the_same_terms() -> None:
    texts = {
        lang: (ROOT / "docs" / lang / "glossary.md").read_text("utf-8") for lang in ("zh", "en")
    }
    zh, en = ([found[2] for found in TERM.finditer(text)] for text in texts.values())
    assert zh == en
    assert len(zh) == len(set(zh)) > 30
    for text in texts.values():
        assert text.count("\n:   ") == len(zh), "a term without an id cannot be linked"


def test_the_earlier_use_is_found() -> None:
    text = "The kernel is one, a [kernel](glossary.md#kernel). Host name: [host](glossary.md#host)"
    kernel, host = LINK.finditer(text)
    assert list(earlier(text, kernel)) == [text[:30]]
    assert not list(earlier(text, host))
