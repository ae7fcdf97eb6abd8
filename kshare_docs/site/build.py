"""Building: MkDocs makes each language's pages from its own configuration, with one look-up."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Any, TypeAlias

import jieba
from mkdocs.commands.build import build
from mkdocs.commands.serve import serve
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

from ..data.problem import Problem
from ..data.report import Report
from ..reading.offline import finish_offline, take_offline
from .lookup import LOGGER, Lookup

EXTENSION = "kshare_docs.extension"

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
    lookup: Lookup, folder: Path, extra_files: ExtraFiles, *, offline: bool = False
) -> list[Problem]:
    """Build every language.

    Args:
        lookup: Where pages look their examples up.
        folder: Where the site goes.
        extra_files: What stands beside the pages.
        offline: The site is to be read from disk, without a server.

    Returns:
        What went wrong beside the report; empty if the site is complete.

    Raises:
        OSError: The site cannot be written.
    """
    said: list[str] = []
    base: Path | None = None
    with _warnings() as records, _quiet():
        try:
            for config in configurations(lookup.root):
                base = base or Path(config.site_dir)
                target = folder / Path(config.site_dir).relative_to(base)
                config.site_dir = str(target)
                if offline:
                    take_offline(config)
                _prepare(config, lookup)
                build(config)
                if offline:
                    finish_offline(config)
                for name, text in extra_files(lookup.report, language(config)).items():
                    (target / name).write_text(text, encoding="utf-8")
        except MkDocsException as error:
            said = [str(error)]
    said = [*(record.getMessage() for record in records), *said]
    return [*lookup.problems, *(Problem("site", 0, "", message) for message in said)]


def serve_site(config: Path, address: str) -> None:
    """Serve one language with live reload; a changed example runs again when its page renders."""
    with _quiet():
        watched = [str(config.parent / "images.toml")]
        serve(str(config), dev_addr=address, strict=False, watch=watched)


def _prepare(config: Any, lookup: Lookup) -> None:
    # Its notes on loading a dictionary say nothing about the site.
    jieba.setLogLevel(logging.WARNING)
    search = config.plugins.get("material/search") or config.plugins.get("search")
    if search is not None and (words := search.config.get("jieba_dict_user")):
        # Material looks for it from the working directory, which may be any.
        search.config["jieba_dict_user"] = str(Path(config.config_file_path).parent / words)
    config.mdx_configs.setdefault(EXTENSION, {})["lookup"] = lookup
    config.extra["kshare"] = {
        "publication": lookup.publication,
        "kernel": lookup.report.host.release,
        "verdict": lookup.report.host.verdict,
    }


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
