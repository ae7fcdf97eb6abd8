"""An example: one fenced `console` block, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from .problem import Kind, Problem

DEFAULT_TIMEOUT = 60.0
"""Seconds that one step may take unless the fence says otherwise."""


COUNTER_RUN = "~"
"""Between an example's id and the number of its counter-run, from 1."""

_PIECE = re.compile(
    r"""(?P<quoted>'[^']*'|(?<![^\s;&|()])\#.*|\\[^\n])|(?P<double>"(?:[^"\\]|\\.)*")"""
    r"""|[ \t]*(?:\\\n[ \t]*)+""",
    re.DOTALL,
)
"""What a shell takes as it is, what it joins exactly, and joints with the blanks around them."""


class Finding(StrEnum):
    """What a claim that holds can say of the article's; a graver one comes later."""

    VERIFIED = "verified"
    CORRECTED = "corrected"
    REFUTED = "refuted"


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
        """The command on one line, as `host-commands.txt` lists it.

        A shell joins the lines without a space, but not within single quotes or a comment; outside
        of quotes, blanks around a joint count as one.
        """
        return _PIECE.sub(_joined, self.source)


def _joined(piece: re.Match[str]) -> str:
    if piece["double"]:
        return re.sub(r"(\\[^\n])|\\\n", r"\1", piece[0])
    return piece["quoted"] or (" " if {" ", "\t"} & {*piece[0]} else "")


Part: TypeAlias = Comment | Step


@dataclass(frozen=True, slots=True)
class Variant:
    """Another command in the place of one step, under which what the example shows must fail.

    Attributes:
        place: The step's place among all steps, from 0.
        step: What runs there instead.
    """

    place: int
    step: Step


@dataclass(frozen=True, slots=True)
class Bearing:
    """What a claim, where it holds, says of one claim of the article.

    Attributes:
        entry: The article's claim: a key of `docs/claims.toml`.
        finding: That it is right, incomplete or wrong.
    """

    entry: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkable statement about the results of an example's visible steps.

    Attributes:
        expression: What is evaluated.
        text: Its meaning in words.
        line: Line of the page on which it stands.
        bearings: Which of the article's claims it decides, and how.
        otherwise: What it would mean if it did not hold; may be empty.
    """

    expression: str
    text: str
    line: int
    bearings: tuple[Bearing, ...] = ()
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What the fence's header asks for.

    Attributes:
        title: Shown above the transcript.
        needs: Names of what the host must offer; the example is skipped where it does not.
        timeout: Seconds that each step may take.
        alone: Run while nothing else does, for measurements.
        repeat: How often all steps are run, one round after the other.
        script: The example is a part of the script that readers run themselves.
    """

    title: str = ""
    needs: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    alone: bool = False
    repeat: int = 1
    script: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One example as it stands on one page.

    Attributes:
        id: Unique on the site; the same example in another language has the same id.
        page: Path of its page, relative to the project's root.
        lang: Language of the page; empty in a project that has one language only.
        line: Line of the opening fence.
        parts: Comments and steps in the author's order.
        claims: What is claimed of the results.
        options: The fence's options.
        source: The block's lines and options, to tell whether a page still says the same.
        variants: One a counter-run.
        no_variant: Why there can be no counter-run; empty where that is not said.
    """

    id: str
    page: str
    lang: str
    line: int
    parts: tuple[Part, ...]
    claims: tuple[Claim, ...]
    options: Options
    source: str = ""
    variants: tuple[Variant, ...] = ()
    no_variant: str = ""

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
        """What is run, without its place."""
        return tuple((step.source, step.hidden) for step in self.steps)

    @property
    def all_commands(self) -> tuple[tuple[tuple[str, bool], ...], ...]:
        """What is run, and in each counter-run: equal in every language."""
        return tuple(example.commands for example in (self, *self.counter_runs))

    @property
    def is_counter_run(self) -> bool:
        """It stands on no page: it is another example with one step replaced."""
        return COUNTER_RUN in self.id

    @property
    def counter_runs(self) -> tuple[Example, ...]:
        """The example once more for each variant, under an id that no page can give."""
        return tuple(
            replace(
                self,
                id=f"{self.id}{COUNTER_RUN}{number}",
                parts=self._with(variant),
                variants=(),
                options=replace(self.options, script=False, repeat=1),
            )
            for number, variant in enumerate(self.variants, 1)
        )

    def _with(self, variant: Variant) -> tuple[Part, ...]:
        replaced = self.steps[variant.place]
        return tuple(variant.step if part is replaced else part for part in self.parts)

    def number(self, place: int) -> int:
        """The number by which readers and claims know a step; 0 for a hidden one.

        Args:
            place: Its place among all steps, from 0.
        """
        seen = [not step.hidden for step in self.steps[: place + 1]]
        return sum(seen) if seen[-1] else 0

    def problem(self, message: str, line: int = 0, kind: Kind | str = "", at: str = "") -> Problem:
        """A problem of this example, at its fence unless another line is named."""
        name = self.id.partition(COUNTER_RUN)[0]
        return Problem(self.page, line or self.line, name, message, kind, at)


@dataclass(frozen=True, slots=True)
class View:
    """A place of a page that is filled in from all verdicts: a table, a chart, a drawing.

    Attributes:
        name: Its template, `docs/views/NAME.html.j2`.
        page: Path of its page, relative to the project's root.
        lang: Language of the page.
        line: Line of the opening fence.
    """

    name: str
    page: str
    lang: str
    line: int
