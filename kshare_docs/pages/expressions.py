"""Expressions: the language in which claims are written, and what is wrong with one before a run.

What evaluates them takes its names and functions from here.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Callable, Iterable
from typing import Any

import regex

from ..data.example import Claim

RESULTS = ("out", "code", "seconds", "lines", "runs", "times")
"""Names of the results; each is indexed by the number of a visible step. `runs` and `times` hold
the outputs and the seconds of every round of a repeated example."""

TEXT_METHODS = (
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


def matches(pattern: str, text: str) -> bool:
    """Whether a regular expression is found in a text; it may take one second."""
    return regex.search(pattern, text, timeout=_PATTERN_SECONDS) is not None


def median(values: Iterable[str | float]) -> float:
    """The median of numbers, or of outputs that are numbers."""
    return statistics.median(float(value) for value in values)


_FUNCTIONS = (abs, all, any, float, int, len, matches, max, median, min, round, set, sorted, sum)
FUNCTIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in _FUNCTIONS}


def claim_faults(claim: Claim, steps: int) -> list[str]:
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
    nodes = list(ast.walk(tree))
    known = [*RESULTS, "host", *FUNCTIONS]
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in {*known, *bound}:
            found.append(f"names {node.id!r}; known: {', '.join(known)}")
        elif isinstance(node, ast.Attribute) and node.attr not in TEXT_METHODS:
            found.append(f"uses .{node.attr}; known: {', '.join(TEXT_METHODS)}")
        elif (number := step_number(node)) is not None and not 1 <= number <= steps:
            found.append(f"names step {number}, but the visible steps are 1 to {steps}")
    return [f"the claim {claim.expression!r} {what}" for what in found]


def speaks_of_code(claims: Iterable[Claim]) -> set[int]:
    """Numbers of the steps whose exit code a claim speaks of: those may fail."""
    trees = (ast.parse(claim.expression, mode="eval") for claim in claims)
    numbers = (step_number(node, "code") for tree in trees for node in ast.walk(tree))
    return {number for number in numbers if number is not None}


def step_number(node: ast.AST, *results: str) -> int | None:
    """The step's number if the node is `out[2]` or the like.

    Args:
        node: A part of an expression.
        results: Names of the results that are meant; all where none is given.
    """
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=index) if name in (results or RESULTS):
            match index:
                case ast.Constant(value=int(number)):
                    return number
                case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
                    return -number
    return None
