"""Translations: each page has its counterpart in every language, heading by heading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path

from ...data.problem import Kind, Problem
from ..catalogues import Site
from .page import Page, Pages


def translation_faults(root: Path, sites: Mapping[str, tuple[Site, Pages]]) -> Iterator[Problem]:
    """What one language has and another lacks: pages and headings.

    Args:
        root: The project's folder.
        sites: By configuration, each site and its pages.
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
                yield Problem(page.file, 1, "", what, Kind.TRANSLATION)
            elif page and (other := there[name]):
                yield from _lacking(page, other)


def _lacking(page: Page, other: Page) -> Iterator[Problem]:
    """The headings that a page has and its translation lacks."""
    ids = {heading.id for heading in other.headings}
    for heading in page.headings:
        if heading.named and heading.id not in ids:
            what = (
                f"the heading {{#{heading.id}}} has no counterpart in {other.file}: write it there"
                " too, with this id"
            )
            yield Problem(page.file, heading.line, "", what, Kind.TRANSLATION, heading.id)
