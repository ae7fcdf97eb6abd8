"""The fixed words of figures and of the script, by language; and words that name nobody."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def languages() -> frozenset[str]:
    """The languages that have words."""
    files = resources.files(__package__).iterdir()
    return frozenset(file.name.removesuffix(".toml") for file in files if ".toml" in file.name)


@cache
def load_words(lang: str) -> dict[str, Any]:
    """The fixed words of a language; English where a language has none."""
    name = lang if lang in languages() else "en"
    file = resources.files(__package__) / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def ordinary_words() -> frozenset[str]:
    """Names of distributions, images and roles, and words that systems print of themselves."""
    file = resources.files(__package__) / "ordinary.txt"
    return frozenset(file.read_text(encoding="ascii").split())
