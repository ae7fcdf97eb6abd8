"""Escapes: what a terminal takes for itself in an output (ECMA-48), and what it shows then."""

from __future__ import annotations

import re

COLOUR = re.compile(r"(\x1b\[[0-9;:]*m)")
"""What sets colours and weights (SGR); its parameters stand between `[` and `m`."""

_ESCAPE = re.compile(
    r"(\x1b(?:\[[0-?]*[ -/]*[@-~]"  # control sequences: colours, the cursor, modes
    r"|[P\]X^_][^\x07\x1b\n]*(?:\x07|\x1b\\)"  # strings: titles, links; none hides a line's end
    r"|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])?)"  # character sets, the keypad, and the rest
)
_DRAWING = str.maketrans(
    "_`abcdefghijklmnopqrstuvwxyz{|}~",
    "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·",
)
"""The character set that `ESC ( 0` chooses: lines to draw with (VT220 reference manual)."""

_UNDERLINE_COLOUR = re.compile(r"(?<![0-9:])58;(?:5;[0-9]*|2;[0-9]*;[0-9]*;[0-9]*)")


def settled(text: str) -> str:
    """The text without what a terminal shows nothing of: only colours remain as escapes.

    What overwrites, a carriage return or a backspace, stays: nothing that was printed is hidden.
    So does an escape that has no end; its first character becomes a sign.
    """
    if "\x1b" not in text:
        return text
    shown, drawing = [], False
    for piece in _ESCAPE.split(text):
        if piece[:1] != "\x1b":
            shown.append(piece.translate(_DRAWING) if drawing else piece)
        elif piece == "\x1b" or COLOUR.fullmatch(piece):
            shown.append(piece if piece[1:] else "\N{SYMBOL FOR ESCAPE}")
        elif piece[1] == "(":
            drawing = piece == "\x1b(0"
    return "".join(shown)


def plain(text: str) -> str:
    """The text as a terminal shows it, without colours."""
    return COLOUR.sub("", settled(text))


def colour_codes(escape: str) -> str:
    """The codes of a `COLOUR` with semicolons alone, and none whose arguments pass for codes.

    With colons (ITU-T T.416), a colour has a place for its space, which few programs fill.
    """
    codes = []
    for code in _UNDERLINE_COLOUR.sub("58", escape[2:-1]).split(";"):
        match [part.lstrip("0")[:4] or "0" for part in code.split(":")]:
            case [one]:
                codes.append(one)
            case ["38" | "48" as which, "5", number]:
                codes += [which, "5", number]
            case ["38" | "48" as which, "2", *rest] if len(rest) >= 3:
                codes += [which, "2", *(rest[1:4] if len(rest) > 3 else rest)]
            case ["4", kind]:
                codes.append("24" if kind == "0" else "4")
    return ";".join(codes) or "-"
