"""Where sets of several kernels are stored, an example has a tab for each: with made-up sets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kshare_docs.history.capture_set import write_set
from kshare_docs.machine.host import read_host

from ..conftest import ROOT, Workshop
from ..sites import in_our_theme
from ..test_kernels import captured
from .conftest import PHONE, Reader
from .server import serving
from .test_every_page import DECIDED, LOOK

KERNELS = ("6.6.87.2-microsoft-standard-WSL2", "5.15.167.4-microsoft-standard-WSL2")

PAGE = """\
---
description: x
tags: [x]
---

# Kernels {#kernels}

```console exec="1" id="kernel"
# the host's
$ uname -r
#? len(out[1]) > 3  # it has a name
```

```view exec="1" name="kernels"
```
"""


def _make(root: Path) -> Path:
    workshop = Workshop.create(root)
    workshop.page("zh/index.md", PAGE)
    workshop.allow("uname -r")
    in_our_theme(root)
    (root / "mkdocs.en.yml").unlink()
    (root / "docs" / "views").mkdir()
    shutil.copy(ROOT / "docs" / "views" / "kernels.html.j2", root / "docs" / "views")
    for kernel in KERNELS:
        found = captured(kernel, f"{kernel} as captured")
        write_set(root, found.manifest, list(found.captures.values()))
    done = workshop.kshare("build")
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "site"


@pytest.fixture(scope="module")
def tabs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(_make(tmp_path_factory.mktemp("sets") / "project")) as root:
        yield root


@pytest.fixture
def visitor(chromium: Browser, tabs: str) -> Iterator[Reader]:
    found = Reader(chromium, tabs)
    yield found
    found.leave()
    assert not found.trouble


def shown(window: Page) -> list[str]:
    """The outputs that can be seen."""
    outputs = window.locator("figure.kshare-example .go")
    return [str(one.text_content()).strip() for one in outputs.all() if one.is_visible()]


@pytest.mark.parametrize("java_script", [True, False])
@pytest.mark.parametrize("width", [1280, PHONE])
def test_a_tab_shows_its_kernel(visitor: Reader, width: int, java_script: bool) -> None:
    window = visitor.open("index", width=width, java_script_enabled=java_script)
    assert shown(window) == [read_host().release]
    for kernel in KERNELS:
        window.locator(".tabbed-labels label", has_text=kernel).click()
        assert shown(window) == [f"{kernel} as captured"]


def test_tabs_obey_keys(visitor: Reader) -> None:
    window = visitor.open("index")
    window.locator(".kshare-kernels input").first.focus()
    seen = []
    for _ in range(3):
        window.keyboard.press("ArrowRight")
        seen += shown(window)
    releases = [f"{kernel} as captured" for kernel in KERNELS]
    assert sorted(seen) == sorted([*releases, read_host().release])


def test_what_a_tab_copies(visitor: Reader) -> None:
    window = visitor.open("index", permissions=["clipboard-read", "clipboard-write"])
    window.locator(".tabbed-labels label", has_text=KERNELS[1]).click()
    window.locator(".tabbed-block:visible .md-code__button").click()
    assert window.evaluate("navigator.clipboard.readText()") == "uname -r"


@pytest.mark.parametrize("width", [1280, PHONE])
def test_a_page_with_tabs_is_accessible(visitor: Reader, axe: str, width: int) -> None:
    window = visitor.open("index", width=width)
    window.evaluate(axe)
    window.evaluate(LOOK)
    assert not window.evaluate("decided => axeFaults(null, decided)", DECIDED)
    expect(window.locator(".kshare-matrix td")).to_have_count(len(KERNELS))
    assert not window.evaluate("tooWide()")
