"""Links: whether what a page leads to, or shows, is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from mkdocs.utils import is_markdown_file

from ...data.problem import Kind, Problem, nearest
from ..catalogues import Site
from .assets import is_foreign
from .page import Page, Pages, Reference


def text_faults(page: Page) -> Iterator[Problem]:
    """Headings that nothing can lead to, and pictures that say nothing where they are not seen."""
    for heading in page.headings:
        if not heading.named:
            what = (
                f"the heading {heading.text!r} has no id: end it with {{#WORD}}, the same in each"
                " language; links and the way to the other language use it"
            )
            yield Problem(page.file, heading.line, "", what, Kind.HEADING)
    for picture in page.references:
        if picture.shown and not picture.text:
            what = (
                f"the image {picture.target!r} has no text for those who do not see it: write"
                f" ![WHAT IT SHOWS]({picture.target})"
            )
            yield Problem(page.file, picture.line, "", what, Kind.PICTURE, picture.target)


def link_faults(page: Page, site: Site, pages: Pages) -> Iterator[Problem]:
    """Links and pictures of a page that lead nowhere, or to what another site must send.

    Args:
        page: The page.
        site: Its site.
        pages: All pages of the site.
    """
    for reference in page.references:
        if what := _fault(reference, page, site.docs, pages):
            kind = "image" if reference.shown else "link"
            what = f"the {kind} {reference.target!r} {what}"
            yield Problem(page.file, reference.line, "", what, Kind.LINK, reference.target)


def menu_faults(site: Site, pages: Pages, text: str) -> Iterator[Problem]:
    """Pages that a menu names and that are not there.

    Args:
        site: The site.
        pages: Its pages.
        text: Its configuration, for the lines.
    """
    for name in site.menu:
        path = PurePosixPath(name)
        if "://" not in name and path not in pages and not _is_file(site.docs / path):
            line = next((n for n, said in enumerate(text.split("\n"), 1) if name in said), 0)
            what = f"the menu names {name!r}, and there is no such page{_nearest(path, pages)}"
            yield Problem(site.file, line, "", what, Kind.LINK, name)


def _fault(reference: Reference, page: Page, docs: Path, pages: Pages) -> str:
    """What is wrong with an address, as the end of a sentence; empty where nothing is."""
    if reference.shown and is_foreign(reference.target):
        return "would be fetched from another site: put the file into docs, and name that"
    try:
        address = urlsplit(reference.target)
    except ValueError as error:
        return f"is no address: {error}"
    if address.scheme or address.netloc:
        return ""
    path = unquote(address.path)
    if path.startswith("/"):
        return "begins with /, which leads elsewhere where the site has a path: name the file here"
    name = page.name
    if path:
        name = PurePosixPath(os.path.normpath(page.name.parent / path))
        if ".." in name.parts:
            return f"leads out of {docs.name}/, the pages of its language: name a page here"
    if name not in pages:
        place = docs / name
        if os.path.isdir(place):  # noqa: PTH112 - likewise
            return "leads to a folder: name the file of a page in it"
        here = _is_file(place) and not is_markdown_file(name.name)
        return "" if here else f"leads nowhere: there is no page {name}{_nearest(name, pages)}"
    fragment, other = unquote(address.fragment), pages[name]
    if fragment and other and fragment not in other.ids:
        return f"leads to no heading of {name}{nearest(fragment, other.ids)}"
    return ""


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - a name may be too long for pathlib


def _nearest(name: PurePosixPath, pages: Pages) -> str:
    return nearest(str(name), map(str, pages))
