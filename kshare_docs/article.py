"""The article: its claims, as `docs/claims.toml` lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from .example import Example, Problem

ENTRIES_FILE = "docs/claims.toml"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim of the article, by language.

    Attributes:
        section: Where the article makes it; where this site adds it, that is said.
        claim: What it says, in short and in our words.
        ours: It is not in the article: this site adds it.
    """

    section: dict[str, str]
    claim: dict[str, str]
    ours: bool = False


def read_entries(root: Path) -> tuple[dict[str, Entry], list[Problem]]:
    """Read the article's claims; a project without that file has none."""
    path = root / ENTRIES_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, []
    try:
        return msgspec.toml.decode(text, type=dict[str, Entry]), []
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        line = re.search(r"line (\d+)", str(error))
        return {}, [Problem(ENTRIES_FILE, int(line[1]) if line else 0, "", str(error))]


def undecided(
    root: Path, entries: Mapping[str, Entry], examples: Iterable[Example]
) -> list[Problem]:
    """The article's claims that no example decides: the ledger could say nothing of them."""
    decided = {
        bearing.entry
        for example in examples
        for claim in example.claims
        for bearing in claim.bearings
    }
    lines = (root / ENTRIES_FILE).read_text(encoding="utf-8").splitlines() if entries else []
    return [
        Problem(
            ENTRIES_FILE,
            lines.index(f"[{name}]") + 1 if f"[{name}]" in lines else 0,
            "",
            f"no example decides the article's claim {name}: begin the meaning of a claim that"
            f" does with [{name}], [{name}: corrected] or [{name}: refuted]",
        )
        for name in entries
        if name not in decided
    ]
