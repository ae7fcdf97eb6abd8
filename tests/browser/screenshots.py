"""What `scripts/screenshots` runs: the pictures of the site in README, taken of a built site."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from .chromium import find_chromium, own_flags
from .server import serving

ROOT = Path(__file__).parent.parent.parent

TAKEN = {"docs/screenshot.png": ("en/", {"width": 1280, "height": 1500})}
"""Files, each with the page that it shows and the size of the window."""


def main() -> None:
    site = Path(sys.argv[1])
    with serving(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=own_flags())
        for name, (page, size) in TAKEN.items():
            window = browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
            window.goto(address + page, wait_until="networkidle")
            window.screenshot(path=ROOT / name, animations="disabled")
            # Few colours: a third of the size.
            with Image.open(ROOT / name) as picture:
                picture.convert("RGB").quantize(128).save(ROOT / name, optimize=True)
            sys.stdout.write(f"{name}\n")
        browser.close()


if __name__ == "__main__":
    main()
