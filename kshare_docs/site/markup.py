"""Markup: what a page may not carry by itself, since only our own speaks of what was run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from html import unescape
from html.parser import HTMLParser

_ACTIVE = re.compile(
    "applet|base|bdo|embed|frame|frameset|iframe|link|meta|noembed|noframes|noscript|object|plaintext|"
    "script|style|template|textarea|title|xmp"
)
"""Elements that act by themselves, or whose content browsers read in another way than we do."""

_OWN = frozenset({"data-capture", "data-copy", "data-kernel", "data-status", "data-verdict"})
_OF_FIGURES = _OWN - {"data-status"}
_OUR_CLASS = re.compile(r"kshare-(?!quote$)")  # by which a page says that it quotes
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_SCRIPT = re.compile(r"[\x00-\x20]*(?:javascript:|vbscript:|data:(?!image/|\s))", re.IGNORECASE)
_KEPT = ("data:application/json;", "data:text/x-shellscript;")
"""What of a view readers can download; no browser executes it."""

_DROPPED = re.compile(r"[\t\n\r]")  # from addresses, by browsers (URL standard, 4.4)
_STYLE = re.compile(
    r"(?:\s*(?:color|background-color|font-(?:size|style|weight)|(?:max-)?(?:height|width)|"
    r"text-align|vertical-align|white-space)\s*:[\s\w#%.-]*(?:;|\Z))*\s*",
    re.ASCII,
)
"""Declarations that neither hide nor turn what stands around, nor paint over it."""

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
    turned = _TURNS.search(unescape(html))
    return finder.found or (f"U+{ord(turned[0]):04X}, which turns the text" if turned else "")


def foreign_meta(meta: Mapping[str, object]) -> str:
    """What of a page's front matter would act or become markup; themes do not escape it."""
    if "template" in meta:  # a theme may have one that leads to another site
        return "a template in the front matter"
    left: list[object] = [meta]
    seen: set[int] = set()
    while left:
        value = left.pop()
        if isinstance(value, list | dict):
            if id(value) not in seen:  # one may hold another many times, or itself
                left += [*value, *value.values()] if isinstance(value, dict) else value
            seen.add(id(value))
        elif isinstance(value, str):
            if re.search(r'[<>"]|\.\./', value) or _TURNS.search(value):
                return f"{value!r} in the front matter"
        elif not isinstance(value, int | float | date | None):
            return f"a {type(value).__name__} in the front matter"
    return ""


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
        if name == "style":
            return not self._view and not _STYLE.fullmatch(value)
        own = _OF_FIGURES if self._view else _OWN
        if self._view and value.startswith(_KEPT):
            return False
        acts = name.startswith("on") or _SCRIPT.match(_DROPPED.sub("", value))
        return name in own or name == "srcdoc" or bool(acts)

    def _look_into(self, text: str) -> None:
        if "<" in text:
            self.found = foreign_markup(f"{text}>", view=self._view) or self.found

    handle_comment = handle_decl = handle_pi = unknown_decl = _look_into  # type: ignore[assignment]
