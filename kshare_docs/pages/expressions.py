"""Expressions: the language in which claims are written.

Longer than most modules: names, checks and evaluation make one language.

What is wrong with one before a run, and what it comes to after it.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import math
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from io import StringIO
from itertools import islice
from tokenize import NAME, TokenError, generate_tokens
from typing import Any

import regex
from simpleeval import EvalWithCompoundTypes

from ..data.capture import Capture
from ..data.example import Claim
from ..data.problem import Kind, nearest, odd_character
from ..data.report import ClaimVerdict, Status

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

MAX_LENGTH = 2000
"""Characters of a claim."""

_MAX_DEPTH = 50
_PATTERN_SECONDS = 1.0
_PATTERN_SIZE = 1_000_000
_DETAIL_LENGTH = 120
_DIFFERENCES = 20
_MESSAGE_LENGTH = 500


class Numbered(tuple[Any, ...]):
    """Values of steps, counted from 1 as the reader counts them."""

    __slots__ = ()

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            raise IndexError("steps are taken one by one")
        if not 1 <= number <= len(self):
            raise IndexError(f"there is no step {number}: steps are counted from 1 to {len(self)}")
        return super().__getitem__(number - 1)


def matches(pattern: str, text: str) -> bool:
    """Whether a regular expression is found in a text; it may take one second."""
    return regex.search(pattern, text, timeout=_PATTERN_SECONDS) is not None


def median(values: Iterable[str | float]) -> float:
    """The median of numbers, or of outputs that are numbers."""
    return statistics.median(float(value) for value in values)


_FUNCTIONS = (abs, all, any, float, int, len, matches, max, median, min, round, set, sorted, sum)
FUNCTIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in _FUNCTIONS}


def claim_faults(claim: Claim, steps: int) -> list[tuple[str, Kind, str]]:
    """Everything that is wrong with a claim before it is evaluated: message, kind, part meant.

    Args:
        claim: The claim.
        steps: Number of the example's visible steps.
    """
    expression = claim.expression
    try:
        tree = parse_expression(expression)
    except ValueError as error:
        what = f"the claim {expression!r} does not parse: {error}{_hint(expression)}"
        return [(what, Kind.EXPRESSION, expression)]
    nodes = list(ast.walk(tree))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names = {*RESULTS, "host", *FUNCTIONS, *bound}
    found = (fault for node in nodes for fault in _node_faults(node, names, steps))
    return [(f"the claim {expression!r} {what}", kind, at) for what, kind, at in found]


def _node_faults(node: ast.AST, names: set[str], steps: int) -> Iterator[tuple[str, Kind, str]]:
    if isinstance(node, ast.Name) and node.id not in names:
        yield f"names {node.id!r}{nearest(node.id, names)}", Kind.NAME, node.id
    elif isinstance(node, ast.Attribute) and node.attr not in TEXT_METHODS:
        yield f"uses .{node.attr}{nearest(node.attr, TEXT_METHODS)}", Kind.NAME, f".{node.attr}"
    elif (number := step_number(node)) is not None and not 1 <= number <= steps:
        what = f"names step {number}, but the visible steps are 1 to {steps}"
        yield what, Kind.STEP_NUMBER, ast.unparse(node)
    elif fault := _pattern_fault(node):
        yield f"has a pattern that does not compile: {fault}", Kind.PATTERN, ""
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for one, operator, other in zip(sides, node.ops, sides[1:], strict=False):
            if not isinstance(operator, ast.In | ast.NotIn) and {_type(one), _type(other)} == {
                "text",
                "number",
            }:
                text, number_ = (one, other) if _type(one) == "text" else (other, one)
                said, value = ast.unparse(text), ast.unparse(number_)
                what = f"compares a text, {said}, with a number, {value}, which it never is"
                yield f"{what}: write float({said}) or a text in quotes", Kind.COMPARISON, said


def _type(node: ast.AST) -> str:
    """`text` or `number` where that can be seen; else empty."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return "text"
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return "number"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _type(operand)
        case ast.Subscript(value=ast.Name(id="out")):
            return "text"
        case ast.Subscript(value=ast.Subscript(value=ast.Name(id="lines" | "runs")), slice=index):
            return "" if isinstance(index, ast.Slice) else "text"
        case ast.Subscript(value=ast.Name(id="code" | "seconds")):
            return "number"
        case ast.Call(func=ast.Name(id="len" | "int" | "float" | "median")):
            return "number"
        case ast.Call(func=ast.Attribute(attr="strip" | "lower" | "upper")):
            return "text"
    return ""


def _hint(expression: str) -> str:
    """What is likely meant where an expression does not parse."""
    meant = re.sub(r"(?<![=!<>:])=(?!=)", "==", expression)
    with contextlib.suppress(ValueError):
        if meant != expression and parse_expression(meant):
            return f"; `=` compares nothing: write `{meant}`"
    return ""


def speaks_of_code(claims: Iterable[Claim]) -> set[int]:
    """Numbers of the steps whose exit code a claim speaks of: those may fail."""
    found: set[int | None] = set()
    for claim in claims:
        with contextlib.suppress(ValueError):
            nodes = ast.walk(parse_expression(claim.expression))
            found |= {step_number(node, "code") for node in nodes}
    return {number for number in found if number is not None}


def parse_expression(expression: str) -> ast.Expression:
    """The tree of a claim's expression, small enough for all that walks through it.

    Raises:
        ValueError: It does not parse; it is too long or too deep; a name is not ASCII, where
            Python would take a letter that looks alike for the one that is meant.
    """
    if len(expression) > MAX_LENGTH:
        raise ValueError(f"it is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(expression, mode="eval")
        tokens = (
            () if expression.isascii() else list(generate_tokens(StringIO(expression).readline))
        )
        for token in tokens:
            if token.type == NAME and not token.string.isascii():
                raise ValueError(f"{token.string!r} is no name{odd_character(token.string)}")
    except SyntaxError as error:
        raise ValueError(error.msg) from None
    except (RecursionError, MemoryError, TokenError) as error:
        raise ValueError(str(error) or type(error).__name__) from None
    level: list[ast.AST] = [tree]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
    return tree


def result_names(capture: Capture, host: Mapping[str, Any]) -> dict[str, Any]:
    """What the names in expressions stand for."""
    visible = capture.visible
    every = [capture.runs(number) for number in range(1, len(visible) + 1)]
    return {
        "out": Numbered(result.output for result in visible),
        "code": Numbered(result.code for result in visible),
        "seconds": Numbered(result.seconds for result in visible),
        "lines": Numbered(result.lines for result in visible),
        "runs": Numbered(tuple(result.output for result in runs) for runs in every),
        "times": Numbered(tuple(result.seconds for result in runs) for runs in every),
        "host": dict(host),
    }


def evaluate(expression: str, names: Mapping[str, Any]) -> ClaimVerdict:
    """Evaluate an expression, without `eval`; where it is not true, with what it speaks of.

    Raises:
        MemoryError: It takes more than there is.
    """
    evaluator = EvalWithCompoundTypes(
        functions=dict(FUNCTIONS), names=names, allowed_attrs={str: set(TEXT_METHODS)}
    )
    try:
        tree = parse_expression(expression)
        value = evaluator.eval(expression, previously_parsed=tree.body)
        if isinstance(value, bool):
            if value:
                return ClaimVerdict(Status.VERIFIED)
            refuted, difference = _refuted(tree, names), _difference(tree, evaluator)
            return replace(refuted, detail="\n".join(filter(None, (refuted.detail, difference))))
        what = f"is {_short(value)}, neither True nor False"
    except MemoryError:
        raise
    # Whatever else goes wrong in an author's expression is an answer about the claim.
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
    what = what[:_MESSAGE_LENGTH].encode(errors="replace").decode()
    return ClaimVerdict(Status.FAILED, what, raised=True)


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


def _pattern_fault(node: ast.AST) -> str:
    """Why the pattern of a `matches` is none, where it stands there as text."""
    match node:
        case ast.Call(func=ast.Name(id="matches"), args=[ast.Constant(value=pattern), *_]):
            pass
        case ast.Call(func=ast.Name(id="matches"), keywords=keywords):
            texts = [k.value for k in keywords if k.arg == "pattern"]
            pattern = next((t.value for t in texts if isinstance(t, ast.Constant)), "")
        case _:
            return ""
    if not isinstance(pattern, str):
        return f"{pattern!r} is no text"
    # A compiled pattern holds what it repeats as often as that: this must take no memory to learn.
    counts = (int(number) for number in re.findall(r"(?a)[{,](\d+)", pattern))
    if len(pattern) * math.prod(max(count, 1) for count in counts) > _PATTERN_SIZE:
        return "its counts multiply to too much"
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, MemoryError, ValueError, OverflowError) as error:
        return str(error) or type(error).__name__
    return ""


def _refuted(tree: ast.AST, names: Mapping[str, Any]) -> ClaimVerdict:
    found = {}
    for node in ast.walk(tree):
        if (number := step_number(node)) is not None and isinstance(node, ast.Subscript):
            found[ast.unparse(node)] = _short(names[ast.unparse(node.value)][number])
    detail = "; ".join(f"{name} is {value}" for name, value in sorted(found.items()))
    return ClaimVerdict(Status.FAILED, detail)


def _difference(tree: ast.Expression, evaluator: EvalWithCompoundTypes) -> str:
    """Where the two sides of a comparison for being equal differ, line by line."""
    match tree.body:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            sides = [evaluator.eval("", previously_parsed=side) for side in (left, right)]
        case _:
            return ""
    if all(isinstance(side, str) for side in sides):
        sides = [side.split("\n") for side in sides]
    lists = [[str(item) for item in side] for side in sides if isinstance(side, list | tuple)]
    if len(lists) < 2 or max(map(len, lists)) < 2:
        return ""
    names = ast.unparse(left), ast.unparse(right)
    lines = difflib.unified_diff(lists[0], lists[1], *names, lineterm="", n=0)
    shown = [_cut(line) for line in islice(lines, _DIFFERENCES)]
    return "\n".join(f"    {line}" for line in shown if not line.startswith("@@"))


def _cut(line: str) -> str:
    return line if len(line) <= _DETAIL_LENGTH else f"{line[: _DETAIL_LENGTH - 1]}…"


def _short(value: object) -> str:
    text = repr(value)
    if len(text) <= _DETAIL_LENGTH:
        return text
    head = _DETAIL_LENGTH // 3
    return f"{text[:head]}…{text[head + 1 - _DETAIL_LENGTH :]}"  # the cause stands at the end
