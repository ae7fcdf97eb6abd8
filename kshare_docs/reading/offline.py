"""The offline copy: a site that is read from disk, search included, packed into one file."""

from __future__ import annotations

import tempfile
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

SHIM = "assets/javascripts/iframe-worker.js"
"""What stands for Web Workers, in which Material searches: browsers start none from disk."""

_INDEX = Path("search", "search_index.json")
_LUNR = Path("assets", "javascripts", "lunr")
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of each file in the zip, so that the same site gives the same zip."""


def take_offline(config: Any) -> None:
    """Have MkDocs build for the disk: links lead to files, and nothing is fetched by scripts.

    Material's own `offline` plugin does the same, but loads the shim from another site.
    """
    config.site_url = ""
    config.use_directory_urls = False
    config.theme["features"] = [
        name for name in config.theme.get("features", []) if "navigation.instant" not in name
    ]
    # MkDocs knows no home page where it stands in a group of the menu; the folder is none here.
    config.extra.setdefault("homepage", "index.html")
    config.extra["polyfills"] = [*config.extra.get("polyfills", []), SHIM]


def finish_offline(config: Any) -> None:
    """What a built language still lacks on a disk; what it has for servers only goes.

    Args:
        config: The configuration by which it was built.
    """
    folder = Path(config.site_dir)
    if (folder / _INDEX).is_file():
        index = (folder / _INDEX).read_text(encoding="utf-8")
        (folder / _INDEX).with_suffix(".js").write_text(f"var __index = {index}", encoding="utf-8")
        shim = folder / SHIM
        shim.parent.mkdir(parents=True, exist_ok=True)
        shim.write_bytes((resources.files(__package__) / shim.name).read_bytes())
    plugin = config.plugins.get("material/search") or config.plugins.get("search")
    used = plugin.config.get("lang") if plugin is not None else None
    useless = [
        _INDEX,
        Path("404.html"),
        Path("sitemap.xml"),
        Path("sitemap.xml.gz"),
        _LUNR / "wordcut.js",
        _LUNR / "tinyseg.js",
        *(path.relative_to(folder) for path in folder.rglob("*.map")),
        *_foreign_stemmers(folder, used or ["en"]),
    ]
    for name in useless:
        (folder / name).unlink(missing_ok=True)


def refuse_zip(target: Path) -> str:
    """Why a zip may not be written; empty where it may."""
    if target.is_symlink() or (target.exists() and not zipfile.is_zipfile(target)):
        return f"{target} is no zip: name another place with --site-dir, or remove it"
    return ""


def pack(folder: Path, target: Path) -> str:
    """Put a site into a zip, below a folder of the zip's own name.

    Returns:
        What is in it and how it is read, for whoever made it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kshare-", dir=target.parent) as scratch:
        draft = Path(scratch) / target.name
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    name = Path(target.stem) / path.relative_to(folder)
                    entry = zipfile.ZipInfo(name.as_posix(), _EARLIEST)
                    entry.external_attr = 0o644 << 16
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    packed.writestr(entry, path.read_bytes())
        draft.replace(target)
    starts = sorted(path.relative_to(folder) for path in folder.rglob("index.html"))
    pages = len(list(folder.rglob("*.html")))
    size = target.stat().st_size / 1024**2
    first = " or ".join(str(Path(target.stem) / start) for start in reversed(starts))
    return f"{pages} pages and their search, {size:.1f} MB: unzip it and open {first}"


def _foreign_stemmers(folder: Path, languages: list[str]) -> list[Path]:
    """Parts of the search engine for languages that are not searched in."""
    kept = {"lunr.multi", "lunr.stemmer.support", *(f"lunr.{lang}" for lang in languages)}
    found = (folder / _LUNR / "min").glob("*.min.js")
    return [p.relative_to(folder) for p in found if p.name.removesuffix(".min.js") not in kept]
