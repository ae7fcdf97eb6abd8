"""The picture of a page, which other sites show for a link: its question, and the proof."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from .proof import Proof

SIZE = (1200, 630)
"""Pixels, as those who show such pictures ask for."""

_MARGIN = 72
_BAND = 104
_BOX = 150

_INK, _SOFT, _LINE, _PAPER, _KERNEL, _TINT = (
    "#1c232b",
    "#55606c",
    "#7d8894",
    "#ffffff",
    "#0b5d8a",
    "#f5f7f9",
)

_NEVER_FIRST = frozenset("，。、；：？！）》〉】」』”’…%,.;:?!)]}")
"""What no line begins with."""

_PIECES = re.compile(r"[\x21-\x7e]+ ?|\s|[^\s\x21-\x7e]")
"""What a line is not broken within."""


@dataclass(frozen=True, slots=True)
class Face:
    """A font on this machine: its file, and its place in it."""

    file: str
    index: int

    def of(self, pixels: int) -> ImageFont.FreeTypeFont:
        """The font in a size."""
        return ImageFont.truetype(self.file, pixels, index=self.index)


@dataclass(frozen=True, slots=True)
class Faces:
    """The fonts of a picture."""

    text: Face
    bold: Face
    code: Face


@dataclass(frozen=True, slots=True)
class Card:
    """What a picture says.

    Attributes:
        question: The page's title.
        site: The site's name.
        mark: That it is verified, or a preview.
        proof: Two captured values; None where the page has none.
    """

    question: str
    site: str
    mark: str
    proof: Proof | None


def find_faces(lang: str) -> Faces | None:
    """Fonts that have the letters of a language; None where this machine has none.

    Those that have Chinese ones are taken for every language: its pictures are of one kind.
    """
    for code in dict.fromkeys(("zh-cn", {"zh": "zh-cn"}.get(lang, lang or "en"))):
        text, bold, mono = (_face(code, style) for style in ("sans", "sans:bold", "monospace"))
        if text and bold and mono:
            return Faces(text, bold, mono)
    return None


def draw(card: Card, faces: Faces) -> bytes:
    """The picture as PNG."""
    picture = Image.new("RGB", SIZE, _PAPER)
    pen = ImageDraw.Draw(picture)
    width, height = SIZE
    _logo(pen, _MARGIN, 56)
    pen.text((_MARGIN + 60, 78), card.site, _SOFT, faces.text.of(32), anchor="lm")
    room = height - _BAND - 128 - 30 - (_BOX + 32 if card.proof else 0)
    size, lines = _fitting(card.question, faces.bold, width - 2 * _MARGIN, room)
    for number, line in enumerate(lines):
        place = (_MARGIN, 128 + number * size * 1.3)
        pen.text(place, line, _INK, faces.bold.of(size))
    pen.rectangle((0, height - _BAND, width, height), _KERNEL)
    kernel = f"Linux {card.proof.kernel}" if card.proof else ""
    middle = height - _BAND / 2
    pen.text((_MARGIN, middle), kernel or card.site, _PAPER, faces.bold.of(34), anchor="lm")
    pen.text((width - _MARGIN, middle), card.mark, _PAPER, faces.text.of(30), anchor="rm")
    if card.proof:
        _values(pen, card.proof, faces)
    file = io.BytesIO()
    picture.quantize(32).save(file, "PNG", optimize=True)
    return file.getvalue()


def _values(pen: ImageDraw.ImageDraw, proof: Proof, faces: Faces) -> None:
    """Two boxes that stand on the kernel."""
    width, height = SIZE
    gap, tall = 32, _BOX
    wide = (width - 2 * _MARGIN - gap) // 2
    for number, (command, output) in enumerate(proof.values):
        left, top = _MARGIN + number * (wide + gap), height - _BAND - 32 - tall
        pen.rectangle((left, top, left + wide, top + tall), _TINT, _LINE, 2)
        inner = wide - 48
        small = _largest(f"$ {command}", faces.code, inner, (24, 22, 20))
        large = _largest(output, faces.code, inner, (44, 38, 32, 28, 24, 20))
        pen.text((left + 24, top + 28), _cut(f"$ {command}", small, inner), _SOFT, small)
        pen.text((left + 24, top + 104), _cut(output, large, inner), _INK, large, anchor="lm")


def _logo(pen: ImageDraw.ImageDraw, left: float, top: float) -> None:
    """The site's: three containers on one kernel."""
    pen.rectangle((left, top + 32, left + 44, top + 44), _KERNEL)
    for number, rise in enumerate((10, 0, 10)):
        x = left + 2 + number * 15
        pen.rectangle((x, top + rise, x + 10, top + 28), None, _KERNEL, 3)


def _fitting(text: str, face: Face, width: float, room: float) -> tuple[int, list[str]]:
    """The largest size in which a text fits, and its lines; the smallest may be cut."""
    for size in (76, 68, 60, 52, 44):
        lines = _wrapped(text, face.of(size), width)
        if len(lines) <= 3 and len(lines) * size * 1.3 <= room:
            return size, lines
    most = int(room // (44 * 1.3))
    return 44, [*lines[: most - 1], _cut("".join(lines[most - 1 :]), face.of(44), width)]


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines = [""]
    for piece in _PIECES.findall(text):
        fits = font.getlength((lines[-1] + piece).rstrip()) <= width
        if fits or piece in _NEVER_FIRST:
            lines[-1] += piece
        else:
            lines.append(piece.lstrip())
    return [line.rstrip() for line in lines]


def _largest(text: str, face: Face, width: float, sizes: Sequence[int]) -> ImageFont.FreeTypeFont:
    """The largest font in which a text fits, or the smallest."""
    fonts = [face.of(size) for size in sizes]
    return next((font for font in fonts if font.getlength(text) <= width), fonts[-1])


def _cut(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _face(lang: str, style: str) -> Face | None:
    """What fontconfig has for a style, if it covers the language."""
    command = ["fc-match", "-f", "%{file}\n%{index}\n%{lang}", f"{style}:lang={lang}"]
    try:
        said = subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL, timeout=30)
        file, index, langs = said.split("\n", 2)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    # It names the nearest font in any case; boxes are no letters.
    return Face(file, int(index) & 0xFFFF) if lang in langs.split("|") else None
