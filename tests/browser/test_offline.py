"""The offline copy: unzipped, opened from disk, and searched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from ..conftest import ROOT, USERS_CACHE
from .conftest import LANGUAGES, PAGES, Reader


@pytest.fixture(scope="module")
def made(
    pytestconfig: pytest.Config, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The zip, and the line that told of it: of the results that the site was made of."""
    assert site
    if pytestconfig.getoption("--site", None):
        cache = {"XDG_CACHE_HOME": pytestconfig.stash[USERS_CACHE]}
    else:
        cache = {}
    folder = tmp_path_factory.mktemp("offline")
    command = [sys.executable, "-m", "kshare_docs.cli", "build", "--offline"]
    done = subprocess.run(
        [*command, "--site-dir", str(folder / "site")],
        cwd=ROOT,
        env={**os.environ, **cache, "KSHARE_SITE_URL": "https://one-kernel.example/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site-offline.zip", done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def disk(made: tuple[Path, str]) -> Path:
    with zipfile.ZipFile(made[0]) as packed:
        packed.extractall(made[0].parent / "unzipped")
    return made[0].parent / "unzipped" / "site-offline"


@pytest.fixture
def reader(chromium: Browser, disk: Path) -> Iterator[Reader]:
    """Somebody with the unzipped folder and no network."""
    found = Reader(chromium, f"{disk.as_uri()}/")
    yield found
    found.leave()
    assert not found.trouble


def open_file(reader: Reader, name: str, **options: object) -> Page:
    window = reader.window(offline=True, **options)
    window.goto(reader.root + name)
    return window


def test_what_was_made_is_said(made: tuple[Path, str], disk: Path) -> None:
    assert "site-offline.zip" in made[1]
    assert f"{len(LANGUAGES) * len(PAGES)} pages" in made[1]
    assert "open site-offline/index.html or site-offline/en/index.html" in made[1]
    command = [sys.executable, "-m", "kshare_docs.cli", "verify-site", str(disk)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def test_every_link_leads_to_a_file(disk: Path) -> None:
    lost = []
    for page in disk.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r'\s(?:href|src)="([^"]*)"', text):
            parts = urlsplit(unescape(link))
            if parts.scheme in ("https", "http", "data", "mailto") or not parts.path:
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            there = target.is_file() and target.is_relative_to(disk)
            place = f'id="{unquote(parts.fragment)}"' if parts.fragment else ""
            if not there or place not in target.read_text("utf-8", "replace"):
                lost.append(f"{page.relative_to(disk)}: {link}")
    assert not lost


def test_the_shim_names_its_licence(disk: Path) -> None:
    for folder in LANGUAGES.values():
        shim = disk / folder / "assets" / "javascripts" / "iframe-worker.js"
        assert "Permission is hereby granted" in shim.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lang", "query", "found"),
    [("zh", "命名空间", "命名空间"), ("zh", "uname", "uname"), ("en", "namespace", "namespace")],
)
def test_a_search_from_disk(reader: Reader, lang: str, query: str, found: str) -> None:
    window = open_file(reader, f"{LANGUAGES[lang]}about.html")
    window.wait_for_function("window.document$ !== undefined")
    window.keyboard.press("/")
    window.keyboard.type(query)
    first = window.locator(".md-search-result__link").first
    expect(first).to_be_visible()
    first.click()
    expect(window).to_have_url(
        re.compile(rf"^{re.escape(reader.root)}{LANGUAGES[lang]}[\w-]+\.html")
    )
    expect(window.locator(".md-content")).to_contain_text(re.compile(found, re.IGNORECASE))


@pytest.mark.parametrize("java_script", [True, False])
def test_from_language_to_language(reader: Reader, java_script: bool) -> None:
    window = open_file(reader, "vms.html", java_script_enabled=java_script)
    for name in ("en/vms.html", "vms.html"):
        window.locator(".kshare-language a").click()
        expect(window).to_have_url(reader.root + name)


def test_from_page_to_page(reader: Reader) -> None:
    window = open_file(reader, "index.html")
    window.locator(".md-footer__link--next").click()
    expect(window).to_have_url(re.compile(r"^file://.*\.html$"))
    expect(window.locator("figure.kshare-example").first).to_be_visible()
