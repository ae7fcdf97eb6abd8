"""An example: one fenced `console` block, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

DEFAULT_TIMEOUT = 60.0
"""Seconds that one step may take unless the fence says otherwise."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong that was found before anything ran.

    Attributes:
        file: Path of the page or configuration file, relative to the project's root.
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
        return f"{where}: {self.id}: {self.message}" if self.id else f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Comment:
    """A line that only the reader needs."""

    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command line of an example.

    Attributes:
        source: The command as the author wrote it, with its continuation lines.
        line: Line of the page on which it starts.
        hidden: Runs unseen: set-up and tear-down.
    """

    source: str
    line: int
    hidden: bool = False

    @property
    def command(self) -> str:
        """The command on one line, as `host-commands.txt` lists it."""
        return " ".join(part.strip() for part in self.source.split("\\\n"))


Part: TypeAlias = Comment | Step


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable statement about the results of an example's visible steps."""

    expression: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Options:
    """What the fence's header asks for.

    Attributes:
        title: Shown above the transcript.
        needs: Names of what the host must offer; the example is skipped where it does not.
        timeout: Seconds that each step may take.
        alone: Run while nothing else does, for measurements.
    """

    title: str = ""
    needs: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One example as it stands on one page.

    Attributes:
        id: Unique on the site; the same example in another language has the same id.
        page: Path of its page, relative to the project's root.
        lang: Language of the page, the first folder below `docs`.
        line: Line of the opening fence.
        parts: Comments and steps in the author's order.
        claims: What is claimed of the results.
        options: The fence's options.
    """

    id: str
    page: str
    lang: str
    line: int
    parts: tuple[Part, ...]
    claims: tuple[Claim, ...]
    options: Options

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, hidden ones too, in order."""
        return tuple(part for part in self.parts if isinstance(part, Step))

    @property
    def visible(self) -> tuple[Step, ...]:
        """The steps that claims count, from 1."""
        return tuple(step for step in self.steps if not step.hidden)

    @property
    def commands(self) -> tuple[tuple[str, bool], ...]:
        """What is run, without its place: equal in every language."""
        return tuple((step.source, step.hidden) for step in self.steps)

    def problem(self, message: str, line: int = 0) -> Problem:
        """A problem of this example, at its fence unless another line is named."""
        return Problem(self.page, line or self.line, self.id, message)
