"""An address that is not there: the 404 page is right at any depth, below any path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ..conftest import Workshop
from ..sites import in_our_theme
from .conftest import Reader
from .server import serving

PAGE = """\
---
description: What an address that is missing leads to.
tags: [missing]
---

# Start {#start}

```console exec="1" id="kernel"
$ uname -r
```
"""

WORDS = {"zh": "没有这一页", "en": "There is no such page"}


def build(root: Path, folder: Path, address: str) -> None:
    """A small site in our theme."""
    workshop = Workshop.create(root)
    for lang in WORDS:
        workshop.page(f"{lang}/index.md", PAGE)
    workshop.allow("uname -r")
    in_our_theme(root)
    environment = {"KSHARE_SITE_URL": address, "KSHARE_SITE_URL_EN": address and f"{address}en/"}
    done = subprocess.run(
        [sys.executable, "-m", "kshare_docs.cli", "build", "--site-dir", str(folder)],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", params=["known", "unknown"])
def below(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a site below a path, which knows its address or does not."""
    folder = tmp_path_factory.mktemp("below")
    www = folder / "www"
    www.mkdir()
    with serving(www) as root:
        site = www / "a" / "b"
        build(folder / "project", site, f"{root}a/b/" if request.param == "known" else "")
        shutil.copy(site / "404.html", www)  # as a host shows it for what is missing below
        yield f"{root}a/b/"


@pytest.fixture
def reader(chromium: Browser, below: str) -> Iterator[Reader]:
    found = Reader(chromium, below, expected=["404"])
    found.root = below.removesuffix("a/b/")
    yield found
    found.leave()
    assert not found.trouble


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    ("missing", "first"), [("x", "zh"), ("x/y/z/", "zh"), ("en/x", "en"), ("en/vms/x/", "en")]
)
def test_a_missing_page(reader: Reader, below: str, missing: str, first: str, width: int) -> None:
    window = reader.window(width=width)
    answer = window.goto(below + missing)
    assert answer
    assert answer.status == 404
    part = window.locator(".kshare-missing").first
    expect(part).to_contain_text(WORDS[first])
    homes = {"zh": below, "en": f"{below}en/"}
    for lang, words in WORDS.items():
        link = window.locator(".kshare-missing", has_text=words).locator("a")
        expect(link).to_have_js_property("href", homes[lang])
    for sheet in window.locator("link[rel=stylesheet]").all():
        address = str(sheet.evaluate("n => n.href"))
        assert reader.browser.contexts[-1].request.get(address).ok
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    part.locator("a").click()
    expect(window).to_have_url(homes[first])
    expect(window.locator("h1")).to_contain_text("Start")
