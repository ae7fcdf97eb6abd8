"""Titles: where a Chinese one may break, since browsers break between any two characters."""

from __future__ import annotations

import re
from itertools import pairwise

import jieba

_TITLE = re.compile(
    r'(<(h[1-6])\b[^>]*>|<(figcaption) class="kshare-title">)(.*?)(?=</(?:\2|\3)>)', re.DOTALL
)
_TEXT = re.compile(r"(<(code)\b.*?</code>|<[^>]*>)|([^<]+)", re.DOTALL)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_OPENING = frozenset("（《〈【「『“‘(")
_CLOSING = frozenset("，。、；：？！）》〉】」』”’…—·,.;:?!)")


def break_titles(html: str) -> str:
    """A page's content, in whose titles `<wbr>` stands between Chinese words.

    A style sheet that sets `word-break: keep-all` for titles lets them break there and nowhere
    else. Titles without Chinese stay as they are.
    """
    return _TITLE.sub(lambda title: title[1] + _TEXT.sub(_words, title[4]), html)


def _words(piece: re.Match[str]) -> str:
    text = piece[3] or ""
    if not _HAN.search(text):
        return piece[0]
    words: list[str] = [word for word in jieba.cut(text) if word]
    marks = ("<wbr>" if _may_break(a[-1], b[0]) else "" for a, b in pairwise(words))
    return "".join(f"{mark}{word}" for mark, word in zip(["", *marks], words, strict=True))


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters of two words."""
    if before in _OPENING or after in _CLOSING or before.isspace() or after.isspace():
        return False
    return bool(_HAN.match(before) or _HAN.match(after))
