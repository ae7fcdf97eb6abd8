"""The browser of this machine: Debian's Chromium, or one that goes by another name."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""As in `need_browser` of scripts/lib.sh."""


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def own_flags() -> list[str]:
    """Its sandbox does not run for root."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []
