"""A problem: something wrong that was found, with its place and the way out."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Kind(StrEnum):
    """What kind of mistake a problem is: a code, which `kshare explain` tells more about.

    The texts are in `words/problems`. A code is never given to another kind.
    """

    PAGE = "KS001"
    """A page that cannot be read or rendered."""
    HEADER = "KS002"
    """A fence whose header cannot be read."""
    OPEN_FENCE = "KS003"
    """A fence that is never closed, or broken off."""
    UNEXECUTED = "KS004"
    """A terminal session that is not executed."""
    QUOTATION = "KS005"
    """A quotation that is not one."""
    NOT_SHOWN = "KS006"
    """A block that is no part of the page."""
    OPTION = "KS010"
    """A fence option that there is not."""
    VALUE = "KS011"
    """A value that a fence option cannot have."""
    NEED = "KS012"
    """A need that there is not."""
    ID = "KS013"
    """An id that is missing, or none."""
    TAKEN_ID = "KS014"
    """An id that another block has."""
    LINE = "KS020"
    """A line that is nothing that may stand in a block, such as a typed output."""
    NEAR_MISS = "KS021"
    """A line that looks like a claim, a step or a variant, and is none."""
    UNSEEN = "KS022"
    """Characters that are not what they look like."""
    STEP = "KS023"
    """A step that is missing or not whole."""
    VARIANT = "KS024"
    """A counter-run that cannot be one."""
    OTHERWISE = "KS025"
    """A line `#!` that belongs to no claim."""
    CLAIM = "KS030"
    """A claim without an expression or a meaning, or too long."""
    EXPRESSION = "KS031"
    """An expression that does not parse."""
    NAME = "KS032"
    """A name, function or method that claims do not have."""
    STEP_NUMBER = "KS033"
    """A step that there is not."""
    PATTERN = "KS034"
    """A pattern that does not compile."""
    COMPARISON = "KS035"
    """A comparison of a text with a number, which is never equal."""
    TAG = "KS036"
    """A tag that names no claim of the article, or no outcome."""
    NO_COUNTER_RUN = "KS037"
    """A claim that decides something, and that nothing shows to be able to fail."""
    LANGUAGES = "KS040"
    """An example that is not the same in all languages."""
    TWIN = "KS041"
    """An example or a view that a language lacks."""
    FRONT_MATTER = "KS042"
    """A page whose front matter lacks what readers find it by."""
    HEADING = "KS043"
    """A heading without an id."""
    TRANSLATION = "KS044"
    """A page or a heading that a language lacks."""
    LINK = "KS045"
    """A link, a picture or a menu entry that leads nowhere."""
    PICTURE = "KS046"
    """A picture without a text."""
    FETCHED = "KS047"
    """What a browser would fetch from another site."""
    VIEW = "KS050"
    """A view that is none, or is written wrongly."""
    HOST_LINE = "KS060"
    """A line that would run on the host and is not listed."""
    REACH = "KS061"
    """An option that reaches beyond the container."""
    IMAGE = "KS062"
    """An image that is not listed."""
    DOCKER_OPTION = "KS063"
    """An option that `docker run` does not have."""
    UNSUPPORTED = "KS064"
    """An option of `docker run` that examples cannot use."""
    DOCKER_RUN = "KS065"
    """A `docker run` line that docker would not take, or not as it is meant."""
    SCRIPT = "KS066"
    """What cannot be in the script that readers run."""
    CONFIGURATION = "KS070"
    """A file of the project that cannot be read."""
    IMAGES = "KS071"
    """A wrong entry of `images.toml`."""
    ENTRIES = "KS072"
    """A wrong entry of `docs/claims.toml`."""
    UNDECIDED = "KS073"
    """A claim of the article that no example decides."""
    UNFIT = "KS074"
    """A file in `docs` that must not be published as it is."""
    SET = "KS075"
    """A stored capture set that is damaged."""
    FAILED = "KS080"
    """An example that did not do what it should."""
    FALSE = "KS081"
    """A claim that does not hold."""
    RAISED = "KS082"
    """A claim that could not be evaluated."""
    CANNOT_FAIL = "KS083"
    """A claim that no counter-run refuted, or a counter-run that failed."""
    ENGINE = "KS084"
    """No engine, or it was lost."""
    FOREIGN = "KS090"
    """Markup that only kshare may make, or that acts."""
    FILLING = "KS091"
    """A view that could not be filled in."""
    UNCOLLECTED = "KS092"
    """A block that renders and was not collected, or the other way round."""
    SITE = "KS093"
    """What the site builder warns of."""
    OWN = "KS099"
    """An error of kshare itself."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong that was found before, beside or after a run.

    Attributes:
        file: Path of the page or configuration file, relative to the project's root; empty where
            no file is meant.
        line: Line in it, counted from 1; 0 where the whole file is meant.
        id: The example's id, empty where the problem is not one example's.
        message: What is wrong, and the way out.
        kind: What kind of mistake it is; empty where none is named.
        at: The part of the line that is meant; empty for the whole line.
    """

    file: str
    line: int
    id: str
    message: str
    kind: Kind | str = ""
    at: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.id, self.message) if part)

    def text(self, root: Path) -> str:
        """The line that is meant; empty where it cannot be read."""
        try:
            text = (root / self.file).read_text(encoding="utf-8-sig") if self.line else ""
        except (OSError, UnicodeDecodeError):
            return ""
        lines = re.split(r"\r\n?|\n", text)
        return lines[self.line - 1] if self.line <= len(lines) else ""

    def column(self, text: str) -> int:
        """Where in its line the part that is meant begins, counted from 1; 0 without a line."""
        found = text.find(self.at) if self.at else -1
        blanks = len(text) - len(text.lstrip())
        return (found if found >= 0 else blanks) + 1 if text else 0

    def describe(self, root: Path) -> str:
        """All of it: place, code, message, and the line with a mark beneath the part meant."""
        text = self.text(root)
        column = self.column(text)
        place = ":".join([self.file, *map(str, filter(None, (self.line, column)))])
        head = ": ".join(filter(None, (place, self.id, self.message)))
        if self.kind:
            first, *rest = head.split("\n")
            head = "\n".join([f"{first} [{self.kind}]", *rest])
        if not text:
            return head
        shown = text.expandtabs(4)
        start = len(text[: column - 1].expandtabs(4))
        meant = self.at if self.at in text else shown[start:].rstrip()
        marks = "^" * max(1, _width(meant.expandtabs(4)))
        if len(shown) > _LONGEST:
            return head
        return f"{head}\n    {shown}\n    {' ' * _width(shown[:start])}{marks}"


_LONGEST = 400
"""Characters of a line that is shown again."""


def _width(text: str) -> int:
    """The columns of a terminal that a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Reporter(Protocol):
    """Takes what is wrong in a line of a page or a list."""

    def __call__(self, line: int, message: str, kind: Kind, at: str = "") -> None:
        """Take line and message, the kind of mistake, and the part of the line that is meant."""


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
    alike = [other for other in names if other.casefold() == name.casefold() != ""]
    if close := alike or difflib.get_close_matches(name, names, n=1):
        return f": did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}"


def odd_character(text: str) -> str:
    """The end of a message about a text: its first character that is not printable ASCII."""
    found = next((character for character in text if not " " <= character <= "~"), "")
    name = unicodedata.name(found, "a control character") if found else ""
    return f" (it holds U+{ord(found):04X}, {name})" if found else ""
