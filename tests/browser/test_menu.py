"""The menu and the titles: what is where, on a desktop and on a phone."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import LANGUAGES, PAGES, PHONE, Reader, address

GROUPS = {
    "zh": ["答案", "原理", "在 WSL2 里", "证据"],
    "en": ["The answer", "How it works", "WSL2 in practice", "Evidence"],
}
NAMES = {"zh": "一个内核", "en": "One Kernel"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_menu_has_four_groups(reader: Reader, lang: str) -> None:
    window = reader.open("cgroups", lang)
    groups = window.locator(".md-nav--primary .md-nav__item--section > .md-nav__link")
    assert groups.all_inner_texts() == GROUPS[lang]
    here = window.locator(".md-nav--primary .md-nav__link--active:visible")
    expect(here).to_have_count(1)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_menu_on_a_phone(reader: Reader, lang: str) -> None:
    window = reader.open("cgroups", lang, width=PHONE)
    window.locator("label.md-header__button[for=__drawer]").tap()
    group = window.locator(".md-nav--primary .md-nav__title:visible", has_text=GROUPS[lang][1])
    expect(group).to_be_in_viewport()
    group.tap()
    last = window.locator(".md-nav--primary .md-nav__link:visible", has_text=GROUPS[lang][3])
    last.tap()
    window.locator(".md-nav--primary a[href$='how-we-know/']").tap()
    expect(window).to_have_url(reader.root + address("how-we-know", lang))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_title_is_the_pages_question(site: Path, page: str, lang: str) -> None:
    html = (site / address(page, lang) / "index.html").read_text(encoding="utf-8")
    title = re.search("<title>(.*?)</title>", html, re.DOTALL)
    heading = re.search(r"<h1\b[^>]*>(.*?)(?:<a class=\"headerlink\".*?)?</h1>", html, re.DOTALL)
    assert title
    assert heading
    question = unescape(re.sub("<[^>]*>", "", heading[1])).strip()
    assert unescape(title[1]) == f"{question} - {NAMES[lang]}"
    assert question.endswith(("？", "?"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_kernels_are_in_the_menu_if_there_is_a_set(site: Path, lang: str) -> None:
    html = (site / address("about", lang) / "index.html").read_text(encoding="utf-8")
    menu = html.partition('<div class="md-content"')[0]
    kernels = (site / address("kernels", lang) / "index.html").read_text(encoding="utf-8")
    assert ('kernels/"' in menu) == bool(re.search(r"<thead>", kernels))
