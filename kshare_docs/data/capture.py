"""A capture: what one run of an example gave, with its provenance; a step's outcome before it.

Longer than most modules: it is the form that all others hand on, with what fills it.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

import msgspec

CAPTURE_SCHEMA = 4
"""Version of the stored form; a newer one is not read."""

OUTPUT_HEAD = 48 * 1024
OUTPUT_TAIL = 16 * 1024
"""Bytes that are kept of one step's output, from its beginning and from its end."""

CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""What a terminal obeys or nobody sees: controls, but for line feed and tab; marks that turn the
direction of text; what has no width (Unicode: Cc, Cf, Zl, Zp, and other default ignorables)."""


class Ending(StrEnum):
    """How a step ended."""

    ENDED = "ended"
    """By itself: it has an exit code."""
    TIMED_OUT = "timed out"
    """Killed when its time was over."""
    REFUSED = "refused"
    """Not begun: the engine would not, with the docker command's exit code; or we would not."""
    LOST = "lost"
    """The engine stopped answering."""
    CUT = "cut"
    """What it ran in was gone, its shell or its container; or the run was ended."""


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one step gave.

    Attributes:
        source: The command as the author wrote it.
        hidden: It ran unseen.
        output: Standard output and error as they came, without the last line's end.
        code: Exit code; None where the step did not come to its end.
        seconds: How long it took.
        ending: How it ended.
        error: Why it did not come to its end, for the author; empty where it did.
    """

    source: str
    hidden: bool
    output: str
    code: int | None
    seconds: float
    ending: Ending = Ending.ENDED
    error: str = ""

    @property
    def lines(self) -> list[str]:
        """The output as a page shows it, line by line: nothing but a line feed ends a line."""
        return self.output.split("\n") if self.output else []


class ImageUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image that an example ran: the name in the example, and what really ran.

    Attributes:
        name: As the example writes it.
        used: The reference that stands for it, for readers.
        digest: The pinned digest, or the image id of a stand-in or of an image built here.
        stand_in: True where a local image was used in place of the registry's.
        id: The engine's id of the image that ran. It is what containers start from: a tag may be
            moved meanwhile.
    """

    name: str
    used: str
    digest: str
    stand_in: bool
    id: str


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and when a capture was made: an allow-list that names no person and no machine."""

    time: str
    kernel: str
    kernel_version: str
    architecture: str
    distribution: str
    verdict: str
    engine: str
    storage_driver: str
    cgroup_version: str


class Capture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The results of all steps of one example, in one run.

    Attributes:
        id: The example's.
        results: One a step, of the first round.
        images: What ran.
        provenance: Where and when.
        repeats: The results of further rounds, where the example asks to be repeated.
        schema: Version of this form.
    """

    id: str
    results: tuple[Result, ...]
    images: tuple[ImageUse, ...]
    provenance: Provenance
    repeats: tuple[tuple[Result, ...], ...] = ()
    schema: int = CAPTURE_SCHEMA

    @property
    def rounds(self) -> tuple[tuple[Result, ...], ...]:
        """The results of every round, the first one too."""
        return (self.results, *self.repeats)

    @property
    def seconds(self) -> float:
        """Time that all steps took together."""
        return sum(result.seconds for results in self.rounds for result in results)

    @property
    def visible(self) -> tuple[Result, ...]:
        """Results of the steps that the reader sees."""
        return tuple(result for result in self.results if not result.hidden)

    def runs(self, number: int) -> tuple[Result, ...]:
        """What visible step `number`, counted from 1, gave in each round."""
        visible = ([r for r in results if not r.hidden] for results in self.rounds)
        return tuple(results[number - 1] for results in visible if len(results) >= number)

    @property
    def unfinished(self) -> Result | None:
        """The first step that did not come to its end; None where all did."""
        results = (result for results in self.rounds for result in results)
        return next((result for result in results if result.error), None)

    @property
    def digest(self) -> str:
        """`sha256:…` of the stored form."""
        return f"sha256:{hashlib.sha256(encode(self)).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step gave, before it is timed: the fields of a `Result`."""

    output: str
    code: int | None
    ending: Ending = Ending.ENDED
    error: str = ""


def timed_out(output: str, timeout: float) -> Outcome:
    """The outcome of a step that was killed after so many seconds."""
    why = (
        f"timed out: killed after {timeout:g} s; what it printed by then is kept. Give it more"
        ' time with timeout="SECONDS" in the header, or make it shorter'
    )
    return Outcome(output, None, Ending.TIMED_OUT, why)


def visible(text: str) -> str:
    """A text in which every control and every invisible character is shown as a sign."""
    return CONTROL.sub(_sign, text)


def utc_now() -> str:
    """This moment, as captures, sets and statements are dated: RFC 3339 in UTC."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def encode(capture: Capture) -> bytes:
    """The stored form: JSON with sorted keys, the same bytes for the same capture."""
    return msgspec.json.format(msgspec.json.encode(capture, order="sorted"), indent=1) + b"\n"


def decode(data: bytes) -> Capture:
    """Read a stored capture.

    Raises:
        ValueError: It is damaged, of another shape, or of a newer schema.
    """
    try:
        capture = msgspec.json.decode(data, type=Capture)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a capture: {error}") from None
    if capture.schema != CAPTURE_SCHEMA:
        raise ValueError(
            f"schema {capture.schema} is not {CAPTURE_SCHEMA}, the one this version reads"
        )
    return capture


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    return chr(0x2400 + code) if code < 0x20 else f"‹U+{code:04X}›"


class Output:
    """Collects what a step prints; of a flood it keeps the beginning and the end."""

    def __init__(self, head: int = OUTPUT_HEAD, tail: int = OUTPUT_TAIL) -> None:
        self._head, self._tail = bytearray(), bytearray()
        self._room = (head, tail)
        self._cut = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        head, tail = self._room
        space = head - len(self._head)
        self._head += data[:space]
        self._tail += data[space:]
        over = max(0, len(self._tail) - tail)
        del self._tail[:over]
        self._cut += over

    def text(self) -> str:
        """What was kept as text: line ends unified, the cut marked, the last line end dropped."""
        mark = f"\n[… {self._cut} bytes left out …]\n".encode() if self._cut else b""
        text = (self._head + mark + self._tail).decode("utf-8", "replace")
        return re.sub(r"\r+\n", "\n", text).removesuffix("\n")
