"""The browser tests can fail: each kind of fault is found where it is planted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .conftest import PHONE, Reader
from .server import serving
from .test_every_page import LOOK

PAGE = """\
<!doctype html><html lang="en"><title>t</title><meta name="viewport" content="width=device-width">
<body style="background: #fff"><main><h1>t</h1>{}</main>
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def planted(folder: Path) -> Iterator[str]:
    with serving(folder) as root:
        yield root


@pytest.fixture
def finder(chromium: Browser, planted: str) -> Iterator[Reader]:
    found = Reader(chromium, planted)
    yield found
    found.leave()


def found_in(finder: Reader, axe: str, folder: Path, content: str) -> list[str]:
    (folder / "index.html").write_text(PAGE.format(content), encoding="utf-8")
    window = finder.open("index", width=PHONE)
    window.evaluate(axe)
    window.evaluate(LOOK)
    window.wait_for_load_state("networkidle")
    faults: list[str] = window.evaluate("axeFaults(null, [])")
    return faults + window.evaluate("tooWide()") + finder.trouble


SVG = (
    "<svg width='90' height='40' role='img' aria-label='x'>"
    "{}<text y='20' fill='{}'>one</text></svg>"
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<p style='color: #888'>faint</p>", "color-contrast"),
        (SVG.format("", "#999"), "contrast: text: 2.85:1, #999999 on #ffffff"),
        (SVG.format("<rect width='90' height='40' fill='#444'/>", "#555"), "#555555 on #444444"),
        (SVG.format("<rect width='90' height='40' fill='#000' opacity='.5'/>", "#777"), "#777777"),
        ("<img src='/favicon.ico'>", "image-alt"),
        ("<a href='/'></a>", "link-name"),
        ("<div style='width: 900px'>x</div>", "wide, its window 390"),
        ("<script>console.error('so it is')</script>", "so it is"),
        ("<script>nothing.there()</script>", "uncaught"),
        ("<img alt='' src='https://elsewhere.example/x.png'>", "leaves the site: https://elsewh"),
        ("<link rel='stylesheet' href='/missing.css'>", "404"),
    ],
)
def test_what_is_planted_is_found(
    finder: Reader, axe: str, folder: Path, content: str, expected: str
) -> None:
    faults = found_in(finder, axe, folder, content)
    assert [fault for fault in faults if expected in fault], faults


@pytest.mark.parametrize(
    "content",
    [
        "<p style='color: #555'>plain</p>",
        SVG.format("", "#444"),
        SVG.format("<rect width='90' height='40' fill='#0b5d8a'/>", "#fff"),
        "<div style='overflow-x: auto' tabindex='0'><div style='width: 900px'>x</div></div>",
    ],
)
def test_what_is_well_is_passed(finder: Reader, axe: str, folder: Path, content: str) -> None:
    assert not found_in(finder, axe, folder, content + "<link rel='icon' href='data:,'>")
