"""The fixed words of figures and of the script, by language; and words that name nobody."""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any


@cache
def languages() -> frozenset[str]:
    """The languages that have words."""
    files = resources.files(__package__).iterdir()
    return frozenset(file.name.removesuffix(".toml") for file in files if ".toml" in file.name)


def load_words(lang: str) -> dict[str, Any]:
    """The fixed words of a language, read anew where they have changed; English where it has none.

    Nobody changes what is given.
    """
    name = lang if lang in languages() else "en"
    file = resources.files(__package__) / f"{name}.toml"
    return _read(name, file.stat().st_mtime_ns if isinstance(file, Path) else 0)


def load_reference(lang: str) -> dict[str, dict[str, Any]]:
    """What is told about problems, options and results in a language; English where it has none."""
    name = lang if lang in languages() else "en"
    return _read(f"reference/{name}", 0)


@lru_cache(maxsize=8)
def _read(name: str, _changed: int) -> dict[str, Any]:
    file = resources.files(__package__) / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def ordinary_words() -> frozenset[str]:
    """Names of distributions, images and roles, and words that systems print of themselves."""
    file = resources.files(__package__) / "ordinary.txt"
    return frozenset(file.read_text(encoding="ascii").split())
