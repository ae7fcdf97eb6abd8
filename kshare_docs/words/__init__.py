"""The fixed words of figures and of the script, by language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def load_words(lang: str) -> dict[str, Any]:
    """The fixed words of a language; English where a language has none."""
    folder = resources.files(__package__)
    file = folder / f"{lang}.toml"
    if not file.is_file():
        file = folder / "en.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
