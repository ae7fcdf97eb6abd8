"""Addresses: of a page in each language, and what tells programs of them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import urljoin

_LOC = re.compile(r"( *)<loc>([^<]*)</loc>")

_PREVIEW_RULES = """\
# A preview: its pages say noindex. What cannot say so is not to be fetched.
User-agent: *
Disallow: /*.md$
Disallow: /*.png$
Disallow: /*.txt$
"""


def alternates(address: str, own: str, other: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Languages and where each begins; empty where the site has no address or one language.

    Args:
        address: Where the pages of one language begin; empty where that is not known.
        own: Their language.
        other: The other language, as the configuration names it: `lang`, and the way to its
            `root`.
    """
    if not address or not other:
        return []
    found = [(own, address), (str(other["lang"]), urljoin(address, str(other["root"])))]
    # The one that the other lies in is for everybody else.
    first = min(url for _, url in found)
    return [*sorted(found, key=lambda item: item[1]), ("x-default", first)]


def with_alternates(sitemap: str, address: str, languages: Iterable[tuple[str, str]]) -> str:
    """A sitemap in which each page names its other languages.

    https://developers.google.com/search/docs/specialty/international/localized-versions
    """

    def links(found: re.Match[str]) -> str:
        page = found[2].removeprefix(address)
        lines = [
            f'{found[1]}<xhtml:link rel="alternate" hreflang="{lang}" href="{escape(root)}{page}"/>'
            for lang, root in languages
        ]
        return "\n".join([found[0], *lines])

    space = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    return _LOC.sub(links, sitemap.replace("<urlset ", f"<urlset {space} ", 1))


def packed(sitemap: str) -> bytes:
    """A sitemap as `sitemap.xml.gz`; the same for the same text."""
    return gzip.compress(sitemap.encode(), mtime=0)


def robots(addresses: Iterable[str], *, publication: bool) -> str:
    """`robots.txt` of a site: everything may be read; a preview is not to be found.

    Args:
        addresses: Where each language begins; those that are not known are empty.
        publication: The site passed the gate.
    """
    if not publication:
        return _PREVIEW_RULES
    maps = "".join(f"Sitemap: {urljoin(a, 'sitemap.xml')}\n" for a in addresses if a)
    return f"User-agent: *\nAllow: /\n{maps}"
