"""Blocks: one fence becomes an example or a view, with all that is wrong with it.

Longer than most modules: header, lines and claims of one block are read together.
"""

from __future__ import annotations

import io
import re
import shlex
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from ..data.example import (
    DEFAULT_TIMEOUT,
    Bearing,
    Claim,
    Comment,
    Example,
    Finding,
    Options,
    Part,
    Step,
    Variant,
    View,
)
from ..data.problem import Kind, Problem, Reporter, nearest, odd_character
from .catalogues import ENTRIES_FILE
from .expressions import MAX_LENGTH, claim_faults
from .fences import MARKDOWN_EXEC_OPTIONS, OWN_OPTIONS, VIEW_OPTIONS, Block, truth

MAX_TIMEOUT = 900.0
MAX_REPEAT = 100

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Controls, ends of lines that are none to Markdown, and what turns the direction of text."""

_TAGS = re.compile(r"(?:\[([^\]]*)\]\s*)?(.*)", re.DOTALL)
_LIKE_TAGS = re.compile(r"\W{0,2}(\w+)")
"""What begins a meaning as tags do, but for their brackets."""

_BLANKS = " \t\u00a0\u3000"
_LIKE_SIGN = re.compile(rf"[{_BLANKS}]*[#＃]?[{_BLANKS}]*(?:[?？！～＄]|[!~$](?=[{_BLANKS}]|$))")
"""What of a comment looks like a line of another kind: `# ? …`, `# $ …`, `# ！…`."""

_LATE = re.compile(rf"[{_BLANKS}][#＃][ ]?[?!~$？！～＄][{_BLANKS}]")
"""Such a line at the end of another, where a shell takes it for a comment."""

_SIGNS = str.maketrans("？！～＄＃", "?!~$#")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that pages may use.

    Attributes:
        needs: For the option `needs`.
        entries: The article's claims, for `[ID]` before a claim's meaning.
        views: For the option `name` of a view.
    """

    needs: Collection[str]
    entries: Collection[str] = ()
    views: Collection[str] = ()


def read_example(
    block: Block, page: str, lang: str, *, words: Vocabulary
) -> tuple[Example, list[Problem]]:
    """Turn one fence into an example; it is complete only when no problem comes with it."""
    faults: list[tuple[int, str, Kind, str]] = []

    def report(line: int, message: str, kind: Kind, at: str = "") -> None:
        faults.append((line, message, kind, at))

    _look_for_unseen(block, report)
    read = _read_lines(block, words.entries, report)
    options = _read_options(block, words.needs, report)
    name = block.options.get("id", "")
    if not name:
        report(block.line, 'the example has no id: write id="a-name" in its header', Kind.ID)
    elif not _ID.fullmatch(name):
        what = "is not an id: lower-case letters, digits and single hyphens, a letter first"
        report(block.line, f"{name!r} {what}", Kind.ID, name)
    example = Example(
        name,
        page,
        lang,
        block.line,
        tuple(read.parts),
        tuple(read.claims),
        options,
        block.source,
        tuple(read.variants),
        read.no_variant,
    )
    for step in (*example.steps, *(variant.step for variant in example.variants)):
        if _continues(step.source):
            report(step.line, "the step ends in a backslash: its next line is missing", Kind.STEP)
        late = _LATE.search(step.source)
        if late and _is_bare(step.source[: late.start()]):
            what = f"{late[0].strip()!r} within a command is a shell's comment"
            report(step.line, f"{what}: write it on a line of its own", Kind.NEAR_MISS, late[0])
    if not example.visible:
        report(block.line, "the example has no step: write one as `$ command`", Kind.STEP)
    _check_claims(example, report)
    return example, [
        example.problem(message, line, kind, at) for line, message, kind, at in sorted(faults)
    ]


def _is_bare(before: str) -> bool:
    """Whether what follows a part of a command stands outside of quotes."""
    try:
        shlex.split(before)
    except ValueError:  # a quote is open
        return False
    return True


def _check_claims(example: Example, report: Reporter) -> None:
    shown = bool(example.variants or example.no_variant)
    for claim in example.claims:
        for message, kind, at in claim_faults(claim, len(example.visible)):
            report(claim.line, message, kind, at)
        if claim.bearings and not shown:
            names = " ".join(bearing.entry for bearing in claim.bearings)
            what = f"the claim decides {names}, and nothing shows that it can fail"
            way = "write `#~ COMMAND` below a step, or `#~ none: REASON`"
            report(claim.line, f"{what}: {way}", Kind.NO_COUNTER_RUN)


def read_view(
    block: Block, page: str, lang: str, *, words: Vocabulary
) -> tuple[View, list[Problem]]:
    """Turn one fence into a view; it is complete only when no problem comes with it."""
    name = block.options.get("name", "")
    allowed = (*VIEW_OPTIONS, *MARKDOWN_EXEC_OPTIONS, "id")
    faults = [
        (f"unknown option {option!r} of a view{nearest(option, VIEW_OPTIONS)}", option)
        for option in block.options
        if option not in allowed
    ]
    if name not in words.views:
        what = f"there is no view {name!r}" if name else 'the view has no name: write name="…"'
        faults.append((f"{what}{nearest(name, words.views)}", name))
    if any(line.strip() for line in block.lines):
        faults.append(("a view's block is empty: its template says what is shown", ""))
    problems = [Problem(page, block.line, "", what, Kind.VIEW, at) for what, at in faults]
    return View(name, page, lang, block.line), problems


def _read_options(block: Block, needs: Collection[str], report: Reporter) -> Options:
    given = block.options
    for name in given:
        if name not in OWN_OPTIONS and name not in MARKDOWN_EXEC_OPTIONS:
            what = f"unknown fence option {name!r}{nearest(name, OWN_OPTIONS)}"
            report(block.line, what, Kind.OPTION, name)
    wanted = tuple(filter(None, re.split("[ ,]+", given.get("needs", ""))))
    for name in wanted:
        if name not in needs:
            what = f"unknown need {name!r}{nearest(name, needs)}"
            report(block.line, what, Kind.NEED, name)
    return Options(
        title=given.get("title", ""),
        needs=wanted,
        timeout=_read_timeout(block, report),
        alone=_read_switch(block, "alone", report),
        repeat=_read_repeat(block, report),
        script=_read_switch(block, "script", report),
    )


def _read_timeout(block: Block, report: Reporter) -> float:
    text = block.options.get("timeout", str(DEFAULT_TIMEOUT))
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) and 0 < float(text) <= MAX_TIMEOUT:
        return float(text)
    what = f"is not a number of seconds above 0, at most {MAX_TIMEOUT:.0f}"
    report(block.line, f"timeout={text!r} {what}", Kind.VALUE, "timeout")
    return DEFAULT_TIMEOUT


def _read_repeat(block: Block, report: Reporter) -> int:
    text = block.options.get("repeat", "1")
    if re.fullmatch("[0-9]{1,3}", text) and 1 <= int(text) <= MAX_REPEAT:
        return int(text)
    what = f"repeat={text!r} is not a whole number from 1 to {MAX_REPEAT}"
    report(block.line, what, Kind.VALUE, "repeat")
    return 1


def _look_for_unseen(block: Block, report: Reporter) -> None:
    for line, text in enumerate((" ".join(block.options.values()), *block.lines), block.line):
        if unseen := _UNSEEN.search(text):
            what = f"{text!r} is not what it looks like{odd_character(unseen[0])}"
            report(line, what, Kind.UNSEEN, unseen[0])


def _read_switch(block: Block, name: str, report: Reporter) -> bool:
    text = block.options.get(name, "no")
    if text.lower() not in {"1", "yes", "on", "true", "0", "no", "off", "false", "", name}:
        report(block.line, f"{name}={text!r} is neither yes nor no", Kind.VALUE, name)
    return truth(text)


def _continues(line: str) -> bool:
    """Whether its last backslash is not escaped by another."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


@dataclass(slots=True)
class _Lines:
    """What was read of a block's lines by now."""

    parts: list[Part] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    no_variant: str = ""

    @property
    def steps(self) -> list[Step]:
        return [part for part in self.parts if isinstance(part, Step)]


def _joined_lines(block: Block) -> Iterator[tuple[int, str, str]]:
    """Each line's number, the line, and it as written; a command goes on after a backslash."""
    lines = iter(zip(count(block.line + 1), block.lines, block.written))
    for number, line, written in lines:
        rest, whole = line.rstrip(" "), written.rstrip(" \t")
        if rest.startswith(("$ ", "#$ ", "#~ ")):
            while _continues(whole) and (following := next(lines, None)):
                whole += "\n" + following[2].rstrip(" \t")
        yield number, rest, whole


def _read_lines(block: Block, entries: Collection[str], report: Reporter) -> _Lines:
    found = _Lines()
    for number, rest, whole in _joined_lines(block):
        if rest.startswith(("$ ", "#$ ")):
            source = whole.partition("$")[2][1:]
            found.parts.append(Step(source, number, rest.startswith("#")))
        elif rest.startswith("#~"):
            _read_variant(whole[2:].strip(" \t"), number, found, report)
        elif rest.startswith("#?"):
            if claim := _read_claim(whole[2:].strip(" \t"), number, entries, report):
                found.claims.append(claim)
        elif rest.startswith("#! "):
            _read_otherwise(rest[2:].strip(), number, found.claims, report)
        elif near := _near_miss(rest):
            what = f"{rest!r} is a {near[1]} that begins wrongly{odd_character(rest[:3])}"
            report(number, f"{what}: write `{near[0]} …`", Kind.NEAR_MISS, rest.split()[0])
        elif rest.startswith("# "):
            found.parts.append(Comment(rest[2:]))
        elif rest:
            report(
                number,
                f"{rest!r} is no step (`$ `), hidden step (`#$ `), variant of a step (`#~ `),"
                " comment (`# `) or claim (`#? `, `#! `); outputs are captured, never typed"
                f"{odd_character(rest[:3])}",
                Kind.LINE,
            )
    return found


def _near_miss(line: str) -> tuple[str, str] | None:
    """The sign that a line was meant to begin with, and what it would be; None for any other."""
    plain = line.translate(_SIGNS).lstrip(_BLANKS)
    if plain.startswith("$"):
        # A shell's variable, or its prompt after blanks, in full width, or with none behind it.
        return None if line.startswith("# ") else ("$", "step")
    if line[:1] not in "#＃" and not plain.startswith("#"):
        return None
    comment = line.startswith("# ")
    if comment and not _LIKE_SIGN.match(line[2:]):
        return None
    sign = plain[1:].lstrip(_BLANKS + "#")[:1]
    kinds = {"?": "claim", "!": "meaning of a failed claim", "~": "variant", "$": "hidden step"}
    return (f"#{sign}", kinds[sign]) if sign in kinds else None


def _read_variant(text: str, line: int, found: _Lines, report: Reporter) -> None:
    """`COMMAND`, in the place of the step before it; or `none: REASON`."""
    word, colon, reason = text.partition(":")
    if word == "none":
        if not (colon and reason.strip()) or found.no_variant or found.variants:
            what = "says, once and in the place of all others, why there can be no counter-run"
            report(line, f"`#~ none: REASON` {what}", Kind.VARIANT)
        found.no_variant = reason.strip()
    elif found.no_variant:
        what = "`#~ none:` before it says that there can be no counter-run"
        report(line, what, Kind.VARIANT)
    elif not found.steps:
        what = "`#~ COMMAND` stands below the step in whose place it runs: there is none"
        report(line, what, Kind.VARIANT)
    elif not text:
        what = "the variant has no command: write `#~ COMMAND`, or `#~ none: REASON`"
        report(line, what, Kind.VARIANT)
    else:
        before = found.steps[-1]
        variant = Step(text, line, before.hidden)
        if variant.command == before.command:
            what = "the variant is equal to its step: a counter-run would show the same"
            report(line, what, Kind.VARIANT)
        found.variants.append(Variant(len(found.steps) - 1, variant))


def _read_otherwise(text: str, line: int, claims: list[Claim], report: Reporter) -> None:
    if claims and not claims[-1].otherwise:
        claims[-1] = replace(claims[-1], otherwise=text)
    else:
        what = "`#!` says, once, what it means if the claim before it fails"
        report(line, what, Kind.OTHERWISE)


def _read_claim(text: str, line: int, entries: Collection[str], report: Reporter) -> Claim | None:
    if len(text) > MAX_LENGTH:
        report(line, f"the claim is longer than {MAX_LENGTH} characters", Kind.CLAIM)
        return None
    expression, meaning = _split_claim(text)
    if not expression:
        report(line, "the claim has no expression: write `#? EXPR  # TEXT`", Kind.CLAIM)
    elif not meaning:
        what = f"the claim {expression!r} has no meaning in words: add `  # TEXT`"
        report(line, what, Kind.CLAIM)
    else:
        tags, meaning = _TAGS.match(meaning).groups()  # type: ignore[union-attr]
        if tags is None and (like := _LIKE_TAGS.match(meaning)) and like[1].upper() in entries:
            what = f"the meaning begins with {like[0]!r}, which is no tag"
            report(line, f"{what}: write [{like[1].upper()}]", Kind.TAG, like[0])
        return Claim(expression, meaning, line, _read_bearings(tags or "", line, entries, report))
    return None


def _split_claim(text: str) -> tuple[str, str]:
    """Split `EXPR  # TEXT` where Python sees the comment begin, so that `"#"` may be in EXPR."""
    try:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        column = next((t.start[1] for t in tokens if t.type == tokenize.COMMENT), len(text))
    except (tokenize.TokenError, SyntaxError):
        column = text.index("  # ") if "  # " in text else len(text)
    return text[:column].strip(" "), text[column:].lstrip("# ").strip()


def _read_bearings(
    tags: str, line: int, entries: Collection[str], report: Reporter
) -> tuple[Bearing, ...]:
    """`A1 B1`, or `C3: refuted`."""
    names, colon, word = (part.strip() for part in tags.partition(":"))
    findings = {finding.value: finding for finding in Finding}
    if colon and word not in findings:
        report(line, f"unknown outcome {word!r}{nearest(word, findings)}", Kind.TAG, word)
    for name in names.split():
        if name not in entries:
            what = f"{ENTRIES_FILE} has no claim {name!r}"
            near = nearest(name, entries) if entries else ""
            report(line, f"{what}{near}", Kind.TAG, name)
    finding = findings.get(word, Finding.VERIFIED)
    return tuple(Bearing(name, finding) for name in names.split())
