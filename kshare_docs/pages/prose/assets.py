"""Assets: files of a site that would have each page ask another site for something.

A reader's browser would wait for it, which in mainland China may be for ever; and that site would
learn who reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from ...data.problem import Kind, Problem

_FOREIGN = re.compile(r"\s*(?:https?:)?//(?!www\.w3\.org/)", re.IGNORECASE)
"""What begins an address on another site; W3C's are names of vocabularies, and never asked."""

_STYLE = re.compile(
    r"""/\*.*?(?:\*/|\Z)|(?:\burl\(\s*|@import\s+|image-set\(\s*)["']?(?P<target>(?:https?:)?//[^"')\s;]*)""",
    re.DOTALL | re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"""/\*.*?(?:\*/|\Z)|(?<![:"'`\\])//[^\n]*|(?P<quote>["'`])(?P<target>(?:https?:)?//(?:[\w-]+\.|\$\{)[^"'`\s]*)""",
    re.DOTALL | re.IGNORECASE,
)
_ASKED = frozenset(
    {"action", "background", "data", "formaction", "manifest", "poster", "src", "srcset"}
)
"""Attributes whose address a browser asks."""

_ONLY_NAMED = frozenset(
    {"alternate", "author", "canonical", "help", "license", "me", "next", "prev"}
)
"""Relations of a `<link>` that a browser does not ask."""

_MARKUP = (".html", ".htm", ".j2", ".svg", ".xml")
_WAY_OUT = "would be fetched from another site: put the file beside this one, and name that"
_NO_ALT = "has no text for those who do not see it: give it alt="


def is_foreign(address: str) -> bool:
    """Whether an address is on another site."""
    return bool(_FOREIGN.match(address))


def asset_faults(root: Path, folders: list[Path]) -> Iterator[Problem]:
    """What style sheets, scripts, templates and drawings in some folders ask of other sites."""
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    for path in sorted(files):
        suffix = path.suffix.lower()
        if suffix not in (".css", ".js", ".mjs", *_MARKUP):
            continue
        text = path.read_text("utf-8", "replace")
        if suffix in _MARKUP:
            finder = _Finder()
            finder.feed(text)
            finder.close()
            found = finder.found
        else:
            found = _asked_by(text, _STYLE if suffix == ".css" else _SCRIPT, 1)
        for line, what in found:
            yield Problem(path.relative_to(root).as_posix(), line, "", what, Kind.FETCHED)


def configured_faults(file: str, text: str, fetched: tuple[str, ...]) -> Iterator[Problem]:
    """What a site's configuration has every page ask of another site."""
    for address in filter(is_foreign, fetched):
        line = next((n for n, said in enumerate(text.split("\n"), 1) if address in said), 0)
        if line:  # else it is inherited, and told of the file that says it
            what = (
                "would be fetched from another site: put the file below docs or the theme's folder"
            )
            what = f"{address!r} {what}, and name that"
            yield Problem(file, line, "", what, Kind.FETCHED, address)


def _asked_by(text: str, pattern: re.Pattern[str], first: int) -> list[tuple[int, str]]:
    """The lines of a style sheet or script, counted from `first`, that ask another site."""
    return [
        (first + text.count("\n", 0, match.start()), f"{match['target']!r} {_WAY_OUT}")
        for match in pattern.finditer(text)
        if match["target"] and is_foreign(match["target"])
    ]


class _Finder(HTMLParser):
    """Looks at all tags of a page, a template or a drawing, and at what they carry."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        said = {name: value or "" for name, value in attrs}
        self._within = tag
        for name, value in said.items():
            if name == "style":
                self.found += _asked_by(value, _STYLE, line)
            elif _is_asked(tag, name, said):
                parts = value.split(",") if name == "srcset" else [value]
                asked = (part.strip() for part in parts if is_foreign(part))
                self.found += [(line, f"{part!r} {_WAY_OUT}") for part in asked]
        unseen = said.get("role") in ("none", "presentation") or said.get("aria-hidden") == "true"
        if tag == "img" and not unseen and not said.get("alt", "").strip():
            self.found.append((line, f"the image {said.get('src', '')!r} {_NO_ALT}"))

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._within = ""

    def handle_data(self, data: str) -> None:
        pattern = {"style": _STYLE, "script": _SCRIPT}.get(self._within)
        if pattern:
            self.found += _asked_by(data, pattern, self.getpos()[0])


def _is_asked(tag: str, name: str, said: dict[str, str]) -> bool:
    """Whether a browser asks by itself for what an attribute names."""
    if name in ("href", "xlink:href"):
        led = tag in ("a", "area", "base")
        named = tag == "link" and set(said.get("rel", "").lower().split()) <= _ONLY_NAMED
        return not led and not named
    return name in _ASKED
