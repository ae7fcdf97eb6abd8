"""What the browser tests share: the built site on a server of its own, and windows of one Chromium.

Whatever a test does, its windows must meet no error and ask nobody but the site.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Route,
    sync_playwright,
)

from ..conftest import ADDRESS, ROOT, USERS_CACHE
from .chromium import find_chromium, own_flags
from .server import serving

HERE = Path(__file__).parent

LANGUAGES = {"zh": "", "en": "en/"}
"""Languages, and where their pages begin."""

PAGES = sorted(path.stem for path in (ROOT / "docs" / "zh").glob("*.md"))

PHONE, DESKTOP = 390, 1280

DISTURBED = "net::ERR_NETWORK_CHANGED"
"""What a request ends with when a container comes or goes meanwhile: no fault of the site."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")
            item.add_marker("live")


def address(page: str, lang: str = "zh") -> str:
    """Where a page is, from the site's root."""
    return LANGUAGES[lang] + ("" if page == "index" else f"{page}/")


@dataclass
class Reader:
    """Somebody in front of the site, whose browser windows are closed at the end.

    Attributes:
        browser: Chromium.
        root: The address of the site; ends in a slash.
        expected: What a test is about, and is thus no error: parts of what the console says.
        met: Errors in a window, and requests that leave the site.
    """

    browser: Browser
    root: str = ADDRESS
    expected: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)

    def window(self, *, width: int = DESKTOP, scheme: str = "light", **options: Any) -> Page:
        """A new, empty window: a phone's if it is narrow."""
        phone = {"is_mobile": True, "has_touch": True} if width < 600 else {}
        size = {"width": width, "height": 844 if phone else 900}
        context = self.browser.new_context(
            viewport=size, color_scheme=scheme, base_url=self.root, **phone, **options
        )
        context.set_default_timeout(10_000)
        self._watch(context)
        return context.new_page()

    def open(self, page: str, lang: str = "zh", **options: Any) -> Page:
        """A page of the site in a window of its own."""
        window = self.window(**options)
        window.goto(address(page, lang))
        return window

    def leave(self) -> None:
        """Close all windows."""
        for context in self.browser.contexts:
            context.close()

    @property
    def trouble(self) -> list[str]:
        """What went wrong, and was not expected."""
        passed_over = [DISTURBED, *self.expected]
        return [said for said in self.met if not any(part in said for part in passed_over)]

    @property
    def disturbed(self) -> bool:
        """Whether a page may lack a part."""
        return any(DISTURBED in said for said in self.met)

    def _watch(self, context: BrowserContext) -> None:
        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                where = message.location.get("url", "")
                self.met.append(f"{message.page and message.page.url}: {message.text} ({where})")

        def asked(request: Request) -> None:
            if not request.url.startswith((self.root, "data:", "blob:")):
                self.met.append(f"a request leaves the site: {request.url}")

        def refuse(route: Route) -> None:
            route.abort()

        context.on("console", said)
        context.on("weberror", lambda error: self.met.append(f"uncaught: {error.error}"))
        context.on("request", asked)
        # It is reported, and nobody else is bothered.
        context.route(lambda url: not url.startswith((self.root, "data:", "blob:")), refuse)


@pytest.fixture(scope="package")
def chromium(site: Path) -> Iterator[Browser]:
    """Debian's Chromium, started once; for it the site is where it says that it is."""
    path = find_chromium()
    if path is None:
        pytest.fail(
            "the browser tests need Debian's Chromium and Chinese fonts, which scripts/test "
            "installs: apt-get install chromium fonts-noto-cjk",
            pytrace=False,
        )
    with serving(site) as served, sync_playwright() as playwright:
        there, here = (urlsplit(url).netloc for url in (ADDRESS, served))
        flags = [f"--host-resolver-rules=MAP {there}:80 {here}", *own_flags()]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def reader(chromium: Browser) -> Iterator[Reader]:
    """Somebody in front of the site; at the end nothing may have gone wrong for him."""
    found = Reader(chromium)
    yield found
    found.leave()
    assert not found.trouble


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> str:
    """The source of axe-core, as the lock file has it."""
    done = subprocess.run(
        [ROOT / "scripts" / "npm-ci", HERE],
        env={**os.environ, "XDG_CACHE_HOME": pytestconfig.stash[USERS_CACHE]},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"axe-core is missing: {done.stderr}", pytrace=False)
    folder = Path(done.stdout.strip())
    return (folder / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
