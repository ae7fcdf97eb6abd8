"""Front matter: what search engines, links to a page and the site's own search are told of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from mkdocs.utils.meta import YAML_RE, get_data

from ...data.problem import Kind, Problem
from .page import Page

_DESCRIPTION = (
    "the page has no description: write `description: …` into its front matter, one or two"
    " sentences that search engines and links to the page show"
)
_KEYWORDS = (
    "the page has no keywords: write `tags: [WORD, …]` into its front matter, the words by which"
    " readers search for it"
)


def front_matter_faults(page: Page) -> Iterator[Problem]:
    """What a page's front matter lacks."""
    text = re.sub(r"\r\n?", "\n", page.text)
    block = YAML_RE.match(text)
    try:
        yaml.safe_load(block[1] if block else "")
    except Exception as error:  # dates that are none, and nesting without end, raise others
        mark = getattr(error, "problem_mark", None)
        what = f"the front matter cannot be read: {getattr(error, 'problem', error)}"
        yield Problem(page.file, mark.line + 2 if mark else 1, "", what, Kind.FRONT_MATTER)
        return
    meta = get_data(text)[1]
    description, keywords = meta.get("description"), meta.get("tags")
    if not (isinstance(description, str) and description.strip()):
        yield Problem(page.file, _line(text, "description"), "", _DESCRIPTION, Kind.FRONT_MATTER)
    listed = isinstance(keywords, list) and all(isinstance(k, str) and k.strip() for k in keywords)
    if not keywords or not listed:
        yield Problem(page.file, _line(text, "tags"), "", _KEYWORDS, Kind.FRONT_MATTER)


def _line(text: str, key: str) -> int:
    """The line of a key, or the first."""
    before, found, _ = text.partition(f"\n{key}:")
    return before.count("\n") + 2 if found else 1
