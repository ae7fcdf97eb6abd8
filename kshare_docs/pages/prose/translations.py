"""Translations: each page has its counterpart in every language, section by section."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

from ...data.example import Example, View
from ...data.problem import Problem
from ..catalogues import Site
from .page import Page, Pages


class Block(NamedTuple):
    """An example or a view on a page, by what its translation has in common with it."""

    kind: str
    name: str
    page: str
    line: int


def blocks_of(examples: Collection[Example], views: Collection[View]) -> list[Block]:
    """The blocks of all pages."""
    found = [Block("example", e.id, e.page, e.line) for e in examples]
    return found + [Block("view", v.name, v.page, v.line) for v in views]


def translation_faults(
    root: Path,
    sites: Mapping[str, tuple[Site, Pages]],
    blocks: Collection[Block],
    faulty: Collection[str],
) -> Iterator[Problem]:
    """What one language has and another lacks: pages, headings, examples, views.

    Args:
        root: The project's folder.
        sites: By configuration, each site and its pages.
        blocks: Those of all pages that could be read.
        faulty: Pages on which something could not be: which blocks they lack is not known.
    """
    for (own, here), (site, there) in permutations(sites.values(), 2):
        if own.docs.is_relative_to(site.docs) or site.docs.is_relative_to(own.docs):
            continue  # two sites of the same pages
        folder = site.docs.relative_to(root).as_posix()
        for name, page in here.items():
            if page and name not in there:
                what = (
                    f"the page has no translation: write {folder}/{name}, with the same ids, and"
                    f" name it in the menu of {site.file}"
                )
                yield Problem(page.file, 1, "", what)
            elif page and (other := there[name]):
                known = blocks if other.file not in faulty else []
                yield from _lacking(page, other, known)


def _lacking(page: Page, other: Page, blocks: Collection[Block]) -> Iterator[Problem]:
    """What a page has and its translation lacks."""
    missing = f"has no counterpart in {other.file}: write it there too"
    ids = {heading.id for heading in other.headings}
    for heading in page.headings:
        if heading.named and heading.id not in ids:
            what = f"the heading {{#{heading.id}}} {missing}, with this id"
            yield Problem(page.file, heading.line, "", what)
    theirs = {(block.kind, block.name) for block in blocks if block.page == other.file}
    for block in blocks:
        if block.page == page.file and block[:2] not in theirs:
            name = block.name if block.kind == "example" else ""
            yield Problem(page.file, block.line, name, f"the {block.kind} {block.name} {missing}")
