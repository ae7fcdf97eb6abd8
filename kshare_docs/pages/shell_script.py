"""Shell script: how a claim is said in a POSIX shell, and what cannot be a part of the script."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..data.container import Container
from ..data.example import Claim, Step
from ..data.problem import Kind, Problem
from ..data.project import Image, Runnable
from .expressions import parse_expression, step_number

_COMPARE: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("=", "-eq"),
    ast.NotEq: ("!=", "-ne"),
    ast.Gt: ("", "-gt"),
    ast.GtE: ("", "-ge"),
    ast.Lt: ("", "-lt"),
    ast.LtE: ("", "-le"),
}
"""How texts and how numbers are compared."""


class UntranslatableError(ValueError):
    """The expression has no equivalent in the script; the message names the part."""


class _Value(NamedTuple):
    """A part of an expression in the shell: its words, and whether it is a number."""

    words: str
    number: bool = False


def script_faults(runnable: Runnable, images: Mapping[str, Image]) -> list[Problem]:
    """Why an example cannot be a part of the script."""
    example = runnable.example
    found: list[tuple[int, str]] = []
    if example.options.needs:
        found.append((example.line, "a script's example has no needs: it runs anywhere"))
    for step, container in zip(example.steps, runnable.containers, strict=True):
        found += ((step.line, what) for what in _step_faults(step, container, images))
    for claim in example.claims:
        if not claim.otherwise:
            found.append((claim.line, "the script says what a difference means: add `#! TEXT`"))
        try:
            condition(claim)
        except UntranslatableError as error:
            found.append((claim.line, f"the claim cannot be said in a shell: {error}"))
    return [example.problem(message, line, Kind.SCRIPT) for line, message in found]


def _step_faults(
    step: Step, container: Container | None, images: Mapping[str, Image]
) -> Iterator[str]:
    if container is None:
        if re.search(r"\bdocker\b", step.command):
            yield "the script runs containers by plain `docker run` lines only"
        return
    if not container.remove or container.detach:
        yield "the script leaves nothing: write `docker run --rm`"
    if container.host_reach:
        yield "the script reaches for nothing on a reader's machine"
    if container.body.get("HostConfig", {}).get("Runtime"):
        yield "the script takes the engine's own runtime: a reader has it"
    if (image := images.get(container.image)) and image.build:
        yield f"the image {container.image} is not in a registry"


def condition(claim: Claim) -> str:
    """The expression of a claim without faults as a condition of the POSIX shell.

    The results are the variables `out_1` and `code_1` and so on.

    Raises:
        UntranslatableError: A part has no equivalent.
    """
    return _condition(parse_expression(claim.expression).body)


def _condition(node: ast.expr) -> str:
    match node:
        case ast.BoolOp(op=op, values=values):
            joint = " && " if isinstance(op, ast.And) else " || "
            return joint.join(f"{{ {_condition(value)}; }}" for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"! {{ {_condition(operand)}; }}"
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = zip([left, *others], ops, others, strict=False)
            return " && ".join(_comparison(one, op, other) for one, op, other in sides)
        case ast.Call(func=ast.Name(id="matches"), args=[ast.Constant(value=str(pattern)), text]):
            # Without these, extended regular expressions (POSIX) and Python's are the same.
            if "\\" in pattern or "(?" in pattern:
                raise UntranslatableError(f"the pattern {pattern!r} is not a POSIX one")
            return f"printf '%s\\n' {_value(text).words} | grep -Eq -e {shlex.quote(pattern)}"
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
        case ast.Constant(value=str(text)):
            return _Value(shlex.quote(text))
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return _Value(str(number), number=True)
        case ast.Subscript() if step := step_number(node, "out"):
            return _Value(f'"$out_{step}"')
        case ast.Subscript() if step := step_number(node, "code"):
            return _Value(f'"$code_{step}"', number=True)
        case ast.Call(func=ast.Name(id="int"), args=[argument]):
            return _Value(_value(argument).words, number=True)
        case ast.Call(func=ast.Name(id="len"), args=[argument]):
            if step := step_number(argument, "out"):
                return _Value(f'"${{#out_{step}}}"', number=True)
            if step := step_number(argument, "lines"):
                return _Value(f"\"$(printf '%s' \"$out_{step}\" | grep -c '')\"", number=True)
    raise UntranslatableError(f"`{ast.unparse(node)}`")
