"""Markup: what a page may not carry by itself, since only our own speaks of what was run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser

_ACTIVE = re.compile(
    "applet|base|embed|frame|frameset|iframe|link|meta|noembed|noframes|noscript|object|plaintext|"
    "script|style|template|textarea|title|xmp"
)
"""Elements that act by themselves, or whose content browsers read in another way than we do."""

_OWN = frozenset({"data-capture", "data-copy", "data-kernel", "data-status", "data-verdict"})
_OF_FIGURES = _OWN - {"data-status"}
_OUR_CLASS = re.compile(r"kshare-(?!quote$)")  # by which a page says that it quotes
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_SCRIPT = re.compile(r"[\x00-\x20]*(?:javascript|vbscript|data:text/html)", re.IGNORECASE)
_UNFINISHED = re.compile(r"<[a-z/!?][^>]*\Z", re.IGNORECASE)


def foreign_markup(html: str, *, view: bool = False) -> str:
    """What imitates our markup, acts by itself or deceives; empty if nothing does.

    Args:
        html: A page's content without what we made of its blocks; or a view.
        view: It is a view: it may carry classes and verdicts of its own, but no figure.
    """
    if _UNFINISHED.search(html):
        return "a tag that is not closed"
    finder = _Finder(view=view)
    finder.feed(html)
    finder.close()
    turned = _TURNS.search(html)
    return finder.found or (f"U+{ord(turned[0]):04X}, which turns the text" if turned else "")


def foreign_meta(value: object) -> str:
    """What of a page's front matter would become markup; themes do not escape it."""
    if isinstance(value, str):
        return f"{value!r} in the front matter" if re.search(r'[<>"]', value) else ""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    items = value if isinstance(value, list | tuple) else ()
    return next(filter(None, map(foreign_meta, items)), "")


class _Finder(HTMLParser):
    """Looks at every tag, also in what other parsers may not take for a comment or a value."""

    def __init__(self, *, view: bool) -> None:
        super().__init__()
        self.found = ""
        self._view = view

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if _ACTIVE.fullmatch(tag) and not (self._view and tag == "title"):  # of a drawing
            self.found = f"<{tag}>"
        for name, value in attrs:
            if self._foreign(name, (value or "").strip().lower()):
                self.found = f'<{tag} {name}="{value or ""}">'
            self._look_into(value or "")

    def _foreign(self, name: str, value: str) -> bool:
        if name == "class":
            words = value.split()
            return "kshare-example" in words or (
                not self._view and any(_OUR_CLASS.match(word) for word in words)
            )
        own = _OF_FIGURES if self._view else _OWN
        return (
            name in own or name.startswith("on") or name == "srcdoc" or bool(_SCRIPT.match(value))
        )

    def _look_into(self, text: str) -> None:
        if "<" in text:
            self.found = foreign_markup(f"{text}>", view=self._view) or self.found

    handle_comment = handle_decl = handle_pi = unknown_decl = _look_into  # type: ignore[assignment]
