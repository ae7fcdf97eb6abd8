"""The script that readers run themselves: chosen examples as one POSIX shell file."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .claim import speaks_of_code
from .container import parse_run
from .example import Claim, Comment, Example, Step
from .images import Image
from .words import load_words

FILE = "verify.sh"

_COMPARE: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("=", "-eq"),
    ast.NotEq: ("!=", "-ne"),
    ast.Gt: ("", "-gt"),
    ast.GtE: ("", "-ge"),
    ast.Lt: ("", "-lt"),
    ast.LtE: ("", "-le"),
}
# What extended regular expressions (POSIX) and Python's have in common.
_COMMON_PATTERN = re.compile(r"[^\\]*")


class UntranslatableError(ValueError):
    """The expression has no equivalent in the script; the message names the part."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A part of an expression in the shell: its words, and whether it is a number."""

    words: str
    number: bool


def faults(example: Example, images: Mapping[str, Image]) -> list[tuple[int, str]]:
    """Why an example cannot be a part of the script: lines of the page, and messages."""
    found: list[tuple[int, str]] = []
    if example.options.needs:
        found.append((example.line, "a script's example has no needs: it runs anywhere"))
    for step in example.steps:
        container = parse_run(step.command)
        if container and (not container.remove or container.detach):
            found.append((step.line, "the script leaves nothing: write `docker run --rm`"))
        if container and (image := images.get(container.image)) and image.build:
            found.append((step.line, f"the image {container.image} is not in a registry"))
    for claim in example.claims:
        if not claim.otherwise:
            found.append((claim.line, "the script says what a difference means: add `#! TEXT`"))
        try:
            condition(claim)
        except UntranslatableError as error:
            found.append((claim.line, f"the claim cannot be said in a shell: {error}"))
    return found


def condition(claim: Claim) -> str:
    """A claim's expression as a condition of the POSIX shell.

    The results are the variables `out_1` and `code_1` and so on.

    Raises:
        UntranslatableError: A part has no equivalent.
    """
    return _condition(ast.parse(claim.expression, mode="eval").body)


def write_script(examples: Sequence[Example], images: Mapping[str, Image], lang: str) -> str:
    """The script of these examples.

    Args:
        examples: Examples of one language, in the order in which they run.
        images: The entries of `images.toml`.
        lang: Language of its words.
    """
    used = {c.image for e in examples for s in e.steps if (c := parse_run(s.command))}
    environment = Environment(  # noqa: S701  (a shell file: its texts are quoted for the shell)
        loader=PackageLoader(__package__, "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quote"] = shlex.quote
    return environment.get_template("verify.sh.j2").render(
        checks=[_check(example) for example in examples],
        images={name: images[name].reference for name in sorted(used)},
        words=load_words(lang)["script"],
    )


def _check(example: Example) -> dict[str, Any]:
    steps: list[tuple[str, str]] = []
    for part in example.parts:
        match part:
            case Comment(text=text):
                steps.append(("comment", text))
            case Step(hidden=True):
                steps.append(("hidden", part.command))
            case Step():
                steps.append(("step", part.command))
    claims = [(claim, condition(claim)) for claim in example.claims]
    return {
        "title": example.options.title or example.id,
        "steps": steps,
        "claims": claims,
        "excused": speaks_of_code(example.claims),
    }


def _condition(node: ast.expr) -> str:
    match node:
        case ast.BoolOp(op=op, values=values):
            joint = " && " if isinstance(op, ast.And) else " || "
            return joint.join(f"{{ {_condition(value)}; }}" for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"! {{ {_condition(operand)}; }}"
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [left, *others]
            pairs = zip(sides, ops, others, strict=False)
            return " && ".join(_comparison(one, op, other) for one, op, other in pairs)
        case ast.Call(func=ast.Name(id="matches"), args=[ast.Constant(value=str(pattern)), text]):
            if not _COMMON_PATTERN.fullmatch(pattern) or "(?" in pattern:
                raise UntranslatableError(f"the pattern {pattern!r} is not a POSIX one")
            words = _value(text).words
            return f"printf '%s\\n' {words} | grep -Eq {shlex.quote(pattern)}"
    raise UntranslatableError(f"`{ast.unparse(node)}`")


def _comparison(one: ast.expr, op: ast.cmpop, other: ast.expr) -> str:
    left, right = _value(one), _value(other)
    if isinstance(op, (ast.In, ast.NotIn)):
        return f"{'! ' if isinstance(op, ast.NotIn) else ''}contains {right.words} {left.words}"
    texts, numbers = _COMPARE.get(type(op), ("", ""))
    sign = numbers if left.number and right.number else texts
    if not sign:
        raise UntranslatableError(f"`{ast.unparse(one)}` compared with `{ast.unparse(other)}`")
    return f"[ {left.words} {sign} {right.words} ]"


def _value(node: ast.expr) -> _Value:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int(number)):
            return _Value(str(number), number=True)
        case ast.Constant(value=str(text)):
            return _Value(shlex.quote(text), number=False)
        case ast.Subscript(value=ast.Name(id="out"), slice=ast.Constant(value=int(step))):
            return _Value(f'"$out_{step}"', number=False)
        case ast.Subscript(value=ast.Name(id="code"), slice=ast.Constant(value=int(step))):
            return _Value(f'"$code_{step}"', number=True)
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in _CALLS:
            return _CALLS[name](argument)
    raise UntranslatableError(f"`{ast.unparse(node)}`")


def _int(argument: ast.expr) -> _Value:
    return _Value(_value(argument).words, number=True)


def _len(argument: ast.expr) -> _Value:
    match argument:
        case ast.Subscript(value=ast.Name(id="out"), slice=ast.Constant(value=int(step))):
            return _Value(f'"${{#out_{step}}}"', number=True)
        case ast.Subscript(value=ast.Name(id="lines"), slice=ast.Constant(value=int(step))):
            return _Value(f"\"$(printf '%s' \"$out_{step}\" | grep -c '')\"", number=True)
    raise UntranslatableError(f"`len({ast.unparse(argument)})`")


_CALLS: dict[str, Callable[[ast.expr], _Value]] = {"int": _int, "len": _len}
