"""What is wrong with the prose of a project: of its pages, their files and their languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...data.problem import Problem
from ..catalogues import VIEWS, Site
from .assets import asset_faults, configured_faults
from .front_matter import front_matter_faults
from .links import link_faults, menu_faults, text_faults
from .page import Pages
from .translations import translation_faults


def prose_faults(root: Path, sites: Mapping[str, tuple[Site, Pages]]) -> Iterator[Problem]:
    """Everything that a reader would miss, in sites whose pages must be complete.

    Args:
        root: The project's folder.
        sites: By configuration, each such site and its pages.
    """
    folders = {root / VIEWS}
    for site, pages in sites.values():
        text = (root / site.file).read_text("utf-8-sig")
        folders |= {folder for folder in (site.docs, site.theme) if folder}
        yield from menu_faults(site, pages, text)
        yield from configured_faults(site.file, text, site.fetched)
        for page in filter(None, pages.values()):
            yield from front_matter_faults(page)
            yield from text_faults(page)
            yield from link_faults(page, site, pages)
    if sites:
        yield from asset_faults(root, sorted(folders))
    yield from translation_faults(root, sites)
