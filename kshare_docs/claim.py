"""A claim: an expression over the results of an example, evaluated without `eval`."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import regex
from simpleeval import EvalWithCompoundTypes, InvalidExpression

from .capture import Capture
from .example import Claim

T = TypeVar("T")

RESULTS = ("out", "code", "seconds", "lines", "runs", "times")
"""Names of the results; each is indexed by the number of a visible step. `runs` and `times` hold
the outputs and the seconds of every round of a repeated example."""

_TEXT_METHODS = (
    "count",
    "endswith",
    "isdigit",
    "lower",
    "removeprefix",
    "removesuffix",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "upper",
)
_PATTERN_SECONDS = 1.0
_SHOWN = 120


class Numbered(tuple[T, ...]):
    """Values of steps, counted from 1 as the reader counts them."""

    __slots__ = ()

    @overload  # type: ignore[override]
    def __getitem__(self, number: int) -> T: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[T, ...]: ...
    def __getitem__(self, number: int | slice) -> T | tuple[T, ...]:
        if isinstance(number, slice):
            raise IndexError("steps are taken one by one")
        if not 1 <= number <= len(self):
            raise IndexError(f"there is no step {number}: steps are counted from 1 to {len(self)}")
        return super().__getitem__(number - 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one claim: verified, failed or skipped, and the values that decided it."""

    status: str
    detail: str = ""


def matches(pattern: str, text: str) -> bool:
    """Whether a regular expression is found in a text; it may take one second."""
    return regex.search(pattern, text, timeout=_PATTERN_SECONDS) is not None


def median(values: Iterable[str | float]) -> float:
    """The median of numbers, or of outputs that are numbers."""
    return statistics.median(float(value) for value in values)


FUNCTIONS = {
    "abs": abs,
    "all": all,
    "any": any,
    "float": float,
    "int": int,
    "len": len,
    "matches": matches,
    "max": max,
    "median": median,
    "min": min,
    "round": round,
    "set": set,
    "sorted": sorted,
    "sum": sum,
}


def check(claim: Claim, steps: int) -> list[str]:
    """Everything that is wrong with a claim before it is evaluated.

    Args:
        claim: The claim.
        steps: Number of the example's visible steps.
    """
    try:
        tree = ast.parse(claim.expression, mode="eval")
    except (SyntaxError, ValueError) as error:
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        return [f"the claim {claim.expression!r} does not parse: {what}"]
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    known = {*RESULTS, "host", *FUNCTIONS, *bound}
    faults: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in known:
            what = f"names {node.id!r}; known: {', '.join([*RESULTS, 'host', *FUNCTIONS])}"
            faults.append(f"the claim {claim.expression!r} {what}")
        elif isinstance(node, ast.Attribute) and node.attr not in _TEXT_METHODS:
            what = f"uses .{node.attr}; known: {', '.join(_TEXT_METHODS)}"
            faults.append(f"the claim {claim.expression!r} {what}")
        elif (number := _step(node)) is not None and not 1 <= number <= steps:
            what = f"names step {number}, but the visible steps are 1 to {steps}"
            faults.append(f"the claim {claim.expression!r} {what}")
    return faults


def judge(claim: Claim, capture: Capture, host: Mapping[str, Any]) -> Verdict:
    """Evaluate a claim over a capture.

    Args:
        claim: The claim.
        capture: Results of a run of its example.
        host: The facts that the name `host` holds.
    """
    visible = capture.visible
    every = [capture.runs(number) for number in range(1, len(visible) + 1)]
    names: dict[str, Any] = {
        "True": True,
        "False": False,
        "None": None,
        "out": Numbered(result.output for result in visible),
        "code": Numbered(result.code for result in visible),
        "seconds": Numbered(result.seconds for result in visible),
        "lines": Numbered(result.output.splitlines() for result in visible),
        "runs": Numbered(tuple(result.output for result in runs) for runs in every),
        "times": Numbered(tuple(result.seconds for result in runs) for runs in every),
        "host": dict(host),
    }
    evaluator = EvalWithCompoundTypes(
        functions=dict(FUNCTIONS), names=names, allowed_attrs={str: set(_TEXT_METHODS)}
    )
    try:
        value = evaluator.eval(claim.expression)
    # Whatever goes wrong in an author's expression is an answer about the claim.
    except (InvalidExpression, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return Verdict("failed", f"{type(error).__name__}: {error}")
    except (SyntaxError, AttributeError, RecursionError, TimeoutError) as error:
        return Verdict("failed", f"{type(error).__name__}: {error}")
    if not isinstance(value, bool):
        return Verdict("failed", f"is {_short(value)}, neither True nor False")
    return Verdict("verified") if value else Verdict("failed", _values(claim, names))


def speaks_of_code(claims: Iterable[Claim]) -> set[int]:
    """Numbers of the steps whose exit code a claim speaks of: those may fail."""
    return {
        number
        for claim in claims
        for node in ast.walk(ast.parse(claim.expression, mode="eval"))
        if (number := _step(node, "code")) is not None
    }


def _values(claim: Claim, names: Mapping[str, Any]) -> str:
    """The results that a failed claim speaks of."""
    said = {}
    for node in ast.walk(ast.parse(claim.expression, mode="eval")):
        if (number := _step(node)) is not None and isinstance(node, ast.Subscript):
            name = ast.unparse(node)
            said[name] = _short(names[ast.unparse(node.value)][number])
    return "; ".join(f"{name} is {value}" for name, value in sorted(said.items()))


def _step(node: ast.AST, *names: str) -> int | None:
    """The step's number if the node is `out[2]` or the like."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int(number))):
            return number if name in (names or RESULTS) else None
        case ast.Subscript(
            value=ast.Name(id=name),
            slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))),
        ):
            return -number if name in (names or RESULTS) else None
    return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
