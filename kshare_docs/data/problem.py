"""A problem: something wrong that was found, with its place and the way out."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong that was found before, beside or after a run.

    Attributes:
        file: Path of the page or configuration file, relative to the project's root; empty where
            no file is meant.
        line: Line in it, counted from 1; 0 where the whole file is meant.
        id: The example's id, empty where the problem is not one example's.
        message: What is wrong, and the way out.
    """

    file: str
    line: int
    id: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.id, self.message) if part)


def once_a_cause(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first problem of each message, with the ids of the other examples that have it."""
    causes: dict[str, list[Problem]] = {}
    for problem in problems:
        causes.setdefault(problem.message, []).append(problem)
    for first, *others in causes.values():
        ids = dict.fromkeys(other.id for other in others if other.id != first.id)
        also = f"\n    the same holds for: {', '.join(ids)}" if ids else ""
        yield replace(first, message=f"{first.message}{also}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    if close := difflib.get_close_matches(name, names, n=1):
        return f": did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}"


def odd_character(text: str) -> str:
    """The end of a message about a text: its first character that is not printable ASCII."""
    found = next((character for character in text if not " " <= character <= "~"), "")
    name = unicodedata.name(found, "a control character") if found else ""
    return f" (it holds U+{ord(found):04X}, {name})" if found else ""
