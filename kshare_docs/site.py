"""The site: MkDocs builds each language from its own configuration, with one book for all."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jieba
from mkdocs.commands.build import build
from mkdocs.commands.serve import serve
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

from .book import Book
from .runner import Report
from .script import FILE as SCRIPT
from .view import script_of

EXTENSION = "kshare_docs.extension"


def configurations(root: Path) -> list[Path]:
    """The configuration of each language; the site's root first, for it empties the folder."""
    return [root / "mkdocs.yml", *sorted(root.glob("mkdocs.*.yml"))]


def build_site(
    root: Path, book: Book, report: Report, folder: Path, *, publication: bool = False
) -> list[str]:
    """Build every language.

    Args:
        root: The project's folder.
        book: Where pages look their examples up.
        report: The run that the pages show, for the banner.
        folder: Where the site goes.
        publication: It has passed the gate: no page says that it is a preview.

    Returns:
        What went wrong; empty if the site is complete.
    """
    faults = _Faults()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(faults)
    base: Path | None = None
    try:
        for path in configurations(root):
            config = load_config(str(path), strict=False)
            base = base or Path(config.site_dir)
            config.site_dir = str(folder / Path(config.site_dir).relative_to(base))
            _prepare(config, book, report, publication=publication)
            with _quiet():
                build(config)
            lang = str(config.mdx_configs[EXTENSION].get("lang", "zh"))
            if script := script_of(report, lang):
                (Path(config.site_dir) / SCRIPT).write_text(script, encoding="utf-8")
    except MkDocsException as error:
        faults.lines.append(f"{path.name}: {error}")
    finally:
        logger.removeHandler(faults)
    return faults.lines


def serve_site(root: Path, lang: str, address: str) -> None:
    """Serve one language with live reload; a changed example runs again when its page renders."""
    path = root / ("mkdocs.yml" if lang == "zh" else f"mkdocs.{lang}.yml")
    with _quiet():
        serve(str(path), dev_addr=address, strict=False, watch=[str(root / "images.toml")])


def _prepare(config: Any, book: Book, report: Report, *, publication: bool) -> None:
    # Its notes on loading a dictionary say nothing about the site.
    jieba.setLogLevel(logging.WARNING)
    search = config.plugins.get("material/search") or config.plugins.get("search")
    if search is not None and (words := search.config.get("jieba_dict_user")):
        # Material looks for it from the working directory, which may be any.
        search.config["jieba_dict_user"] = str(Path(config.config_file_path).parent / words)
    config.mdx_configs.setdefault(EXTENSION, {})["book"] = book
    config.extra["kshare"] = {
        "publication": publication,
        "kernel": report.host.release,
        "verdict": report.host.verdict,
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Material's notice about MkDocs 2 says nothing about this site."""
    before = os.environ.get("NO_MKDOCS_2_WARNING")
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["NO_MKDOCS_2_WARNING"]


class _Faults(logging.Handler):
    """Keeps warnings and errors, whatever level is shown."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
