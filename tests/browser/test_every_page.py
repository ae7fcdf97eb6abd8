"""Every page, both languages and schemes, phone and desktop: no axe violation, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .conftest import DESKTOP, LANGUAGES, PAGES, PHONE, Reader, address

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")

SCHEMES = ("light", "dark")

SWITCH = """
async (place) => {
  const input = document.getElementById(`__palette_${place}`);
  if (!input.checked) input.click();
  const scheme = input.dataset.mdColorScheme;
  while (document.body.dataset.mdColorScheme !== scheme) await new Promise(requestAnimationFrame);
}
"""

RUN_AXE = """
async (rules) => {
  const {violations, incomplete} = await axe.run(document, {
    resultTypes: ["violations", "incomplete"],
    ...(rules && {runOnly: rules}),
  });
  const brief = (found) => found.flatMap((rule) => rule.nodes.map((node) => ({
    rule: rule.id,
    target: node.target.flat(9).join(" "),
    says: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
  })));
  return {violations: brief(violations), incomplete: brief(incomplete)};
}
"""

WIDER = """
() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return [];
  return [...document.querySelectorAll("body *")]
    .map((node) => [node, node.getBoundingClientRect().right])
    .filter(([, right]) => right > innerWidth + 1)
    .slice(0, 5)
    .map(([node, right]) => `${node.tagName}.${node.className} ends at ${right}`)
    .concat(`the page is ${wide} wide, its window ${innerWidth}`);
}
"""


DECIDED = {
    ("scrollable-region-focusable", ".tabbed-labels"),  # by test_tabs_obey_keys
}
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


def axe_faults(window: Page, rules: list[str] | None) -> list[str]:
    """What axe finds, and what it leaves open and is decided here."""
    found = window.evaluate(RUN_AXE, rules)
    said = [f"{v['rule']}: {v['target']}: {v['says']}" for v in found["violations"]]
    left_open = [item["target"] for item in found["incomplete"] if item["rule"] == "color-contrast"]
    said += [
        f"{item['rule']}: {item['target']}: axe cannot decide it: {item['says']}"
        for item in found["incomplete"]
        if item["rule"] != "color-contrast"
        and not any(item["rule"] == r and item["target"].endswith(t) for r, t in DECIDED)
    ]
    return said + window.evaluate(CONTRAST, left_open)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_all_its_looks(
    spectator: Reader, windows: dict[int, Page], axe: str, page: str, lang: str
) -> None:
    wrong = spectator.trouble
    for width, window in windows.items():
        window.goto(address(page, lang))
        window.evaluate(axe)
        # In the middle of a transition colours are neither the old nor the new.
        window.add_style_tag(content="*, ::before, ::after { transition: none !important; }")
        wrong += [f"{width} px: {fault}" for fault in window.evaluate(WIDER)]
        for place, scheme in enumerate(SCHEMES):
            window.evaluate(SWITCH, place)
            # Only colours differ between the schemes.
            rules = ["color-contrast"] if place else None
            wrong += [f"{width} px, {scheme}: {said}" for said in axe_faults(window, rules)]
    wrong += spectator.trouble
    spectator.met.clear()
    assert not wrong, "\n".join(wrong)
