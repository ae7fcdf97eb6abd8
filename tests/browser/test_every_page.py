"""Every page, both languages and schemes, phone and desktop: no axe violation, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .conftest import DESKTOP, LANGUAGES, PAGES, PHONE, Reader, address

LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")

SCHEMES = ["light", "dark"]

DECIDED = [
    ["scrollable-region-focusable", ".tabbed-labels"],  # by test_tabs_obey_keys
]
"""Rules and ends of selectors that axe leaves open, and other tests decide."""


@pytest.fixture(scope="module")
def spectator(chromium: Browser) -> Iterator[Reader]:
    """One whose windows serve for all pages: opening them takes longer than looking."""
    found = Reader(chromium)
    yield found
    found.leave()


@pytest.fixture(scope="module")
def windows(spectator: Reader) -> dict[int, Page]:
    return {width: spectator.window(width=width) for width in (DESKTOP, PHONE)}


def look(windows: dict[int, Page], axe: str, where: str) -> list[str]:
    for window in windows.values():
        window.goto(where)
        window.evaluate(axe)
        window.evaluate(LOOK)
        # It is not waited for: meanwhile the other window looks too.
        window.evaluate("([s, d]) => { window.looked = look(s, d); }", [SCHEMES, DECIDED])
    found = {width: window.evaluate("looked") for width, window in windows.items()}
    return [f"{width} px: {fault}" for width, faults in found.items() for fault in faults]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_all_its_looks(
    spectator: Reader, windows: dict[int, Page], axe: str, page: str, lang: str
) -> None:
    for _ in range(3):
        spectator.met.clear()
        wrong = look(windows, axe, address(page, lang)) + spectator.trouble
        if not spectator.disturbed:
            break
    assert not wrong, "\n".join(wrong)
