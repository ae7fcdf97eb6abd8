"""Building: MkDocs makes each language's pages from its own configuration, with one look-up."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Any, TypeAlias

import jieba
from mkdocs.commands.build import build
from mkdocs.commands.serve import serve
from mkdocs.config import load_config
from mkdocs.config.config_options import PathSpec
from mkdocs.exceptions import MkDocsException

from ..data.problem import Kind, Problem
from ..data.report import Report
from ..pages.project import project_files
from ..reach.addresses import robots
from ..reach.built import picture_name
from ..reach.edition import PICTURES, Edition, write_files
from ..reading.offline import finish_offline, take_offline
from ..run.cache import Cache
from .lookup import LOGGER, Lookup

EXTENSION = "kshare_docs.extension"

SETS = "kernels"
"""The view that shows the stored sets: without one, its page is not in the menu."""

_LINK = re.compile(r"Doc file '(?P<page>[^']*)' contains .*?'(?P<target>[^']*)'")
_ENTRY = re.compile(r"A reference to '(?P<page>[^']*)' is included in the 'nav'")

NO_FONTS = (
    "no pictures of the pages for other sites: fontconfig knows no font with Chinese letters here. "
    "Run this, then build again: sudo apt-get install fontconfig fonts-noto-cjk"
)

ExtraFiles: TypeAlias = Callable[[Report, str], Mapping[str, str]]
"""Files for the folder of one language beside its pages: names and texts."""


def configurations(root: Path) -> Iterator[Any]:
    """The configuration of each language; the site's root first, for it empties the folder.

    Each is to be used before the next is asked for: when all were loaded first, the search index
    of the first language came out with the settings of the last.

    Raises:
        MkDocsException: One is missing or wrong.
    """
    for path in (root / "mkdocs.yml", *sorted(root.glob("mkdocs.*.yml"))):
        yield load_config(str(path), strict=False)


def language(config: Any) -> str:
    """The language of a configuration's pages; empty where it names none."""
    return str(config.mdx_configs.get(EXTENSION, {}).get("lang", ""))


def build_site(
    lookup: Lookup,
    folder: Path,
    extra_files: ExtraFiles,
    say: Callable[[str], None] = lambda _text: None,
    *,
    offline: bool = False,
) -> list[Problem]:
    """Build every language.

    Args:
        lookup: Where pages look their examples up.
        folder: Where the site goes.
        extra_files: What stands beside the pages.
        say: Takes a line about what the site has to do without, for want of something here.
        offline: The site is to be read from disk, without a server.

    Returns:
        What went wrong beside the report; empty if the site is complete.

    Raises:
        OSError: The site cannot be written.
    """
    said: list[str] = []
    base: Path | None = None
    editions: list[Edition] = []
    # A publication reuses nothing.
    cache = None if lookup.publication else Cache(lookup.root)
    with _warnings() as records, _quiet():
        try:
            for config in configurations(lookup.root):
                base = base or Path(config.site_dir)
                target = folder / Path(config.site_dir).relative_to(base)
                config.site_dir = str(target)
                if offline:
                    take_offline(config)
                edition = _prepare(config, lookup)
                editions.append(edition)
                build(config)
                write_files(edition, target, cache)
                if offline:
                    finish_offline(config)
                for name, text in extra_files(lookup.report, language(config)).items():
                    (target / name).write_text(text, encoding="utf-8")
            rules = robots((e.address for e in editions), publication=lookup.publication)
            (folder / "robots.txt").write_text(rules, encoding="utf-8")
        except MkDocsException as error:
            said = [str(error)]
    if any(edition.lacks_fonts for edition in editions):
        say(NO_FONTS)
    said = [*(record.getMessage() for record in records), *said]
    known = lookup.report.project.problems
    said = [message for message in said if not _is_known(message, known)]
    return [*lookup.problems, *(Problem("site", 0, "", message, Kind.SITE) for message in said)]


def serve_site(config: Path, address: str) -> None:
    """Serve one language with live reload; a changed example runs again when its page renders."""
    with _quiet():
        watched = [str(place) for place in _watched(config)]
        serve(str(config), dev_addr=address, strict=False, watch=watched)


def _watched(config: Path) -> list[Path]:
    """All that pages depend on: the project's files, the theme's overrides, templates and words."""
    overrides = load_config(str(config), strict=False).theme.custom_dir
    package = Path(__file__).parent.parent
    own = [package / "templates", package / "words"]
    return [*project_files(config.parent), *([Path(overrides)] if overrides else []), *own]


def _prepare(config: Any, lookup: Lookup) -> Edition:
    lang = language(config)
    edition = Edition.of(config, lang, lookup.report, publication=lookup.publication)
    # Its notes on loading a dictionary say nothing about the site.
    jieba.setLogLevel(logging.WARNING)
    search = config.plugins.get("material/search") or config.plugins.get("search")
    if search is not None and (words := search.config.get("jieba_dict_user")):
        # Material looks for it from the working directory, which may be any.
        search.config["jieba_dict_user"] = str(Path(config.config_file_path).parent / words)
    if not lookup.kernels.sets:
        _leave_out(config, [view.page for view in lookup.report.project.views if view.name == SETS])
    config.mdx_configs.setdefault(EXTENSION, {})["lookup"] = lookup
    config.extra["kshare"] = {
        "publication": lookup.publication,
        "kernel": lookup.report.host.release,
        "verdict": lookup.report.host.verdict,
        "languages": edition.languages,
        "pictures": PICTURES if edition.faces else "",
        "picture_name": picture_name,
    }
    return edition


def _is_known(message: str, problems: Iterable[Problem]) -> bool:
    """Whether a warning of MkDocs is about what a problem names too, with its line."""
    if link := _LINK.match(message):
        page, target = f"/{link['page']}", repr(link["target"])
        return any(p.file.endswith(page) and target in p.message for p in problems)
    if entry := _ENTRY.match(message):
        return any(f"the menu names {entry['page']!r}" in p.message for p in problems)
    return False


def _leave_out(config: Any, pages: Iterable[str]) -> None:
    """Take pages out of the menu; they are built all the same, for what links to them."""
    root, docs = Path(config.config_file_path).parent, Path(config.docs_dir)
    places = (root / page for page in pages)
    names = [place.relative_to(docs).as_posix() for place in places if place.is_relative_to(docs)]
    if config.nav and names:
        config.nav = [item for item in map(partial(_without, names), config.nav) if item]
        left = PathSpec().run_validation("\n".join(f"/{name}" for name in names))
        config.not_in_nav = config.not_in_nav + left if config.not_in_nav else left


def _without(names: list[str], item: Any) -> Any:
    """A part of the menu without some pages; None where nothing is left of it."""
    if isinstance(item, dict):
        kept = {title: _without(names, part) for title, part in item.items()}
        return {title: part for title, part in kept.items() if part} or None
    if isinstance(item, list):
        return [part for part in (_without(names, entry) for entry in item) if part]
    return None if item in names else item


@contextmanager
def _quiet() -> Iterator[None]:
    """Material's notice about MkDocs 2 says nothing about this site."""
    name = "NO_MKDOCS_2_WARNING"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@contextmanager
def _warnings() -> Iterator[list[logging.LogRecord]]:
    """What MkDocs and its plugins warn of meanwhile, whatever level is shown."""
    handler = BufferingHandler(sys.maxsize)
    handler.setLevel(logging.WARNING)
    handler.addFilter(lambda record: record.name != LOGGER)  # the look-up keeps its own problems
    logger = logging.getLogger("mkdocs")
    logger.addHandler(handler)
    try:
        yield handler.buffer
    finally:
        logger.removeHandler(handler)
