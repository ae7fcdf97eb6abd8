"""On paper: few pages, nothing cut off, and what was folded stays folded."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from .conftest import LANGUAGES, PAGES, Reader, address

MOST_PAGES = {"vms": 14}
"""Sheets of A4 that a page may take, where it is known to be long."""

PAPER = 688
"""What the margins of the style sheet leave of A4, in pixels."""

CUT = """
() => [...document.querySelectorAll(".md-content :is(table, pre, svg, .kshare-example)")]
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => `${node.tagName}.${node.className} ends at ${node.getBoundingClientRect().right}`)
"""


def on_paper(reader: Reader, page: str, lang: str) -> Page:
    """A page as it is printed, from the dark scheme: paper is white all the same."""
    window = reader.window(width=PAPER, scheme="dark")
    window.goto(address(page, lang))
    window.wait_for_function("window.document$ !== undefined")
    window.emulate_media(media="print")
    return window


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", MOST_PAGES)
def test_a_long_page_takes_few_sheets(reader: Reader, page: str, lang: str) -> None:
    window = reader.open(page, lang)
    window.wait_for_function("window.document$ !== undefined")
    sheets = len(re.findall(rb"/Type\s*/Page\b", window.pdf(format="A4")))
    assert 2 <= sheets <= MOST_PAGES[page]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut_off(reader: Reader, page: str, lang: str) -> None:
    window = on_paper(reader, page, lang)
    assert window.evaluate(CUT) == []
    ground = window.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


def test_what_is_folded_stays_so_and_doubt_is_shown(reader: Reader) -> None:
    window = on_paper(reader, "wsl", "zh")
    folds = window.locator(".kshare-fold > :not(summary)")
    assert folds.count() > 5
    shown = {
        fold.evaluate("n => n.parentElement.className") for fold in folds.all() if fold.is_visible()
    }
    assert shown == {"kshare-fold kshare-decided"}, "of what was skipped, why is on paper"
    for fold in window.locator(".kshare-decided").all():
        doubt = fold.get_attribute("data-doubt") is not None
        assert fold.is_visible() == doubt
    assert not window.locator(".md-code__button").first.is_visible()
    card = window.locator(".kshare-example").first
    assert card.evaluate("n => getComputedStyle(n).breakInside") == "auto"
