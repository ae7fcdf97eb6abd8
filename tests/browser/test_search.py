"""The search, asked what readers type: each query of a file finds its page first, and shows why."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ..conftest import ROOT
from .conftest import LANGUAGES, PHONE, Reader

QUERIES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (ROOT / "tests" / "cases" / "search" / "queries.toml").read_text(encoding="utf-8")
)
ASKED = [(lang, asked) for lang, queries in QUERIES.items() for asked in queries]

ANSWERED = re.compile(r"\d|没有|No match")

HITS = """
() => [...document.querySelectorAll(".md-search-result__item")].map((item) => {
  const shown = [...item.querySelectorAll(".md-search-result__link")]
    .filter((link) => link.checkVisibility());
  return {
    href: shown[0].href,
    titles: shown.map((link) => link.querySelector("h1, h2").textContent),
    excerpt: shown.map((link) => link.querySelector("article").innerText).join("\\n"),
    marks: shown.flatMap((link) => [...link.querySelectorAll("mark")]).map((it) => it.innerText),
  };
})
"""
"""What is seen of the hits, without a click."""


@dataclass(frozen=True)
class Hit:
    """A hit as it is seen: its page, its titles, all of its text, and what is marked in it."""

    page: str
    titles: list[str]
    excerpt: str
    marks: list[str]


@pytest.fixture(scope="module")
def windows(chromium: Browser) -> Iterator[dict[str, Page]]:
    """A window in each language: opening one for each query takes longer than asking."""
    found = Reader(chromium)
    yield {lang: found.open("about", lang) for lang in LANGUAGES}
    found.leave()
    assert not found.trouble


def ask(window: Page, query: str) -> list[Hit]:
    """The hits of a query, in their order."""
    field = window.locator(".md-search__input")
    told = window.locator(".md-search-result__meta")
    field.click()
    field.fill("")
    field.press("End")  # the search listens to keys
    expect(told).not_to_have_text(ANSWERED)
    field.fill(query)
    field.press("End")
    expect(told).to_have_text(ANSWERED)
    start = window.evaluate("() => new URL(__md_scope).pathname")
    found = []
    for hit in window.evaluate(HITS):
        path = re.sub(r"^https?://[^/]*|[?#].*", "", hit["href"]).removeprefix(start)
        hit["titles"] = [title.replace("\u200b", "") for title in hit["titles"]]
        hit.pop("href")
        found.append(Hit(path.strip("/") or "index", **hit))
    return found


@pytest.mark.parametrize(
    ("lang", "asked"), ASKED, ids=[f"{lang}: {asked['query']}" for lang, asked in ASKED]
)
def test_a_query_finds_its_page(windows: dict[str, Page], lang: str, asked: dict[str, str]) -> None:
    hits = ask(windows[lang], asked["query"])
    assert hits, "nothing is found"
    assert hits[0].page == asked["page"], [hit.page for hit in hits]
    assert asked.get("shows", "") in hits[0].excerpt
    assert any(title.startswith(asked.get("title", "")) for title in hits[0].titles)
    assert hits[0].marks or asked.get("keyword"), hits[0].excerpt


ODD = [
    "(a",
    "c++",
    "*",
    "。",
    "title:x",
    "a~1 b^2",
    "\\",
    '"uname',
    "+a -b",
    "--",
    "<b>&lt;",
    "龘靐",
    "命" * 300,
]


@pytest.mark.parametrize("query", ODD, ids=[f"{query:.9}" for query in ODD])
def test_an_odd_query_breaks_nothing(windows: dict[str, Page], query: str) -> None:
    for window in windows.values():
        ask(window, query)
        (found, *_) = ask(window, "uname")
        assert found.page == "index"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_is_found_by_a_phone(reader: Reader, lang: str) -> None:
    window = reader.open("about", lang, width=PHONE)
    window.locator("label.md-header__button[for=__search]").tap()
    (found, *_) = ask(window, "copy-on-write")
    assert found.page == "unionfs"
    window.locator(".md-search-result__link").first.tap()
    expect(window).to_have_url(re.compile("/unionfs/"))
    expect(window.locator("mark").first).to_be_attached()
