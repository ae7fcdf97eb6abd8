"""What a reader does with hands and keyboard: languages, copying, keys, going from page to page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import LANGUAGES, PAGES, PHONE, Reader, address
from .test_every_page import LOOK

WITH_SCRIPT = pytest.mark.parametrize("java_script", [True, False])


def clipboard(window: Page) -> str:
    return str(window.evaluate("navigator.clipboard.readText()"))


def can_copy(reader: Reader, page: str, **options: object) -> Page:
    return reader.open(page, permissions=["clipboard-read", "clipboard-write"], **options)


def press_until(window: Page, focused: str, key: str = "Tab", times: int = 60) -> None:
    """Press a key until what is named has the focus."""
    for _ in range(times):
        if window.evaluate("s => document.activeElement.matches(s)", focused):
            return
        window.keyboard.press(key)
    pytest.fail(f"{focused} is not reached by {times} times {key}")


@WITH_SCRIPT
@pytest.mark.parametrize("width", [1280, PHONE])
@pytest.mark.parametrize("page", ["index", "cgroups"])
def test_the_language_switch_keeps_the_page(
    reader: Reader, page: str, width: int, java_script: bool
) -> None:
    window = reader.open(page, width=width, java_script_enabled=java_script)
    title = window.title()
    for lang in ("en", "zh"):
        window.locator(".kshare-language a").click()
        expect(window).to_have_url(reader.root + address(page, lang))
    expect(window).to_have_title(title)


def test_the_language_switch_keeps_the_section(reader: Reader) -> None:
    window = reader.window()
    window.goto(address("cgroups", "en"))
    heading = window.locator(".md-content h2[id]").nth(1)
    section = heading.get_attribute("id")
    window.goto(f"{address('cgroups', 'en')}#{section}")
    window.locator(".kshare-language a").click()
    expect(window).to_have_url(f"{reader.root}{address('cgroups')}#{section}")
    expect(window.locator(f"#{section}")).to_be_in_viewport()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_the_other_language_has_the_page(site: Path, page: str, lang: str) -> None:
    own, other = [
        site / address(page, name) / "index.html"
        for name in (lang, *(name for name in LANGUAGES if name != lang))
    ]
    link = re.search(r'kshare-language">\s*<a href="([^"]*)"', own.read_text(encoding="utf-8"))
    assert link
    assert (own.parent / link[1] / "index.html").resolve() == other


@pytest.mark.parametrize("page", ["index", "cgroups"])
def test_a_button_copies_the_commands(reader: Reader, page: str) -> None:
    window = can_copy(reader, page)
    figures = window.locator("figure.kshare-example:has(.md-code__button)")
    copied = 0
    for figure in figures.all():
        if not figure.is_visible():
            continue
        button = figure.locator(".md-code__button").first
        code = figure.locator("code[data-copy]").first
        button.click()
        text = clipboard(window)
        commands = code.locator(".kshare-command").all_text_contents()
        assert commands
        at = 0
        for command in commands:
            at = text.index(command, at) + len(command)
        lines = text.splitlines()
        assert not [line for line in lines if line.startswith("$ ")], "a prompt is no command"
        for output in code.locator(".go").all_text_contents():
            assert output not in lines
        copied += 1
    assert copied


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_first_key_leads_past_the_navigation(reader: Reader, lang: str) -> None:
    window = reader.open("cgroups", lang)
    window.keyboard.press("Tab")
    skip = window.locator(":focus")
    assert "md-skip" in str(skip.get_attribute("class"))
    expect(skip).to_be_in_viewport()
    target = skip.get_attribute("href")
    window.keyboard.press("Enter")
    expect(window).to_have_url(re.compile(f"{re.escape(str(target))}$"))
    press_until(window, ".md-content *", times=3)


@pytest.mark.parametrize("key", ["/", "s", "f"])
def test_a_key_begins_a_search(reader: Reader, key: str) -> None:
    window = reader.open("index")
    window.wait_for_function("window.document$ !== undefined")
    window.keyboard.press(key)
    expect(window.locator(".md-search__input")).to_be_focused()
    window.keyboard.type("uname")
    expect(window.locator(".md-search-result__link").first).to_be_visible()
    window.keyboard.press("ArrowDown")
    window.keyboard.press("Enter")
    expect(window).to_have_url(re.compile("h=uname"))
    expect(window.locator(".md-content mark").first).to_be_visible()


def test_escape_ends_a_search(reader: Reader) -> None:
    window = reader.open("index")
    window.wait_for_function("window.document$ !== undefined")
    window.keyboard.press("/")
    expect(window.locator(".md-search__input")).to_be_focused()
    # What hears Escape begins to when the search is open.
    expect(window.locator("#__search")).to_be_checked()
    window.keyboard.press("Escape")
    expect(window.locator(".md-search__input")).not_to_be_focused()


@pytest.mark.parametrize("key", ["Space", "Enter"])
@pytest.mark.parametrize("width", [1280, PHONE])
def test_the_theme_switch_obeys_keys(reader: Reader, key: str, width: int) -> None:
    window = reader.open("about", width=width)
    window.wait_for_function("window.document$ !== undefined")
    scheme = "document.body.dataset.mdColorScheme"
    assert window.evaluate(scheme) == "default"
    press_until(window, "[name=__palette]")
    for expected in ("slate", "default", "slate"):
        window.keyboard.press(key)
        window.wait_for_function(f"{scheme} === '{expected}'")
        assert window.evaluate("document.activeElement.name") == "__palette", "the focus stays"
        shown = window.locator("[data-md-component=palette] label:not([hidden])")
        expect(shown).to_have_count(1)
    window.reload()
    assert window.evaluate(scheme) == "slate", "it is remembered"


@pytest.mark.parametrize(("scheme", "name"), [("light", "default"), ("dark", "slate")])
def test_the_first_visit_follows_the_system(reader: Reader, scheme: str, name: str) -> None:
    window = reader.open("about", scheme=scheme)
    assert window.evaluate("document.body.dataset.mdColorScheme") == name


@WITH_SCRIPT
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_details_open_by_keys(reader: Reader, key: str, java_script: bool) -> None:
    window = reader.open("index", java_script_enabled=java_script)
    summary = window.locator(".md-content details:not([open]) > summary").first
    details = summary.locator("..").element_handle()
    assert details
    summary.focus()
    window.keyboard.press(key)
    assert details.get_attribute("open") is not None
    window.keyboard.press(key)
    assert details.get_attribute("open") is None


def test_instant_navigation(reader: Reader) -> None:
    """The next page comes without a reload, and what scripts do works on it."""
    window = can_copy(reader, "index")
    if not window.locator("link[rel=canonical]").count():
        pytest.skip("this site was built without an address, so each page is loaded anew")
    window.wait_for_load_state("networkidle")
    window.evaluate("window.stayed = true")
    target = reader.root + address("namespaces")
    window.locator(".md-nav--primary a[href*='namespaces']").first.click()
    expect(window).to_have_url(target)
    expect(window.locator("h1")).to_be_visible()
    assert window.evaluate("window.stayed"), "the page was loaded anew"

    button = window.locator("figure.kshare-example .md-code__button").first
    button.click()
    command = window.locator("figure.kshare-example .kshare-command").first.text_content()
    assert str(command) in clipboard(window)
    assert not window.locator(".md-code__nav:not([role=none])").count()
    expect(window.locator(".md-search[role=dialog]")).to_have_attribute(
        "aria-label", re.compile(".")
    )

    window.locator(".kshare-language a").click()
    expect(window).to_have_url(reader.root + address("namespaces", "en"))
    window.go_back()
    expect(window).to_have_url(target)


PAPER = 718
"""CSS pixels between the margins of A4."""


@pytest.mark.parametrize("page", ["index", "vms", "namespaces", "ledger"])
def test_on_paper(reader: Reader, page: str) -> None:
    """Light also where the screen is dark, nothing cut off, and a preview says so."""
    window = reader.open(page, width=PAPER, scheme="dark")
    window.emulate_media(media="print")
    window.evaluate(LOOK)
    assert not window.evaluate("tooWide()")
    assert window.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    expect(window.locator(".kshare-preview")).to_be_visible()
    expect(window.locator(".md-code__button:visible")).to_have_count(0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_that_is_not_there(reader: Reader, lang: str) -> None:
    reader.expected.append("404 (Not Found)")
    window = reader.window()
    answer = window.goto(LANGUAGES[lang] + "nowhere/at/all/")
    assert answer
    assert answer.status == 404
    expect(window.locator("h1")).to_be_visible()
