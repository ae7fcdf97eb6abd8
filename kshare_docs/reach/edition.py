"""An edition: the pages of one language, just built, and the files that make them be found."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..data.report import Report
from ..run.cache import Cache
from ..words import load_words
from .addresses import alternates, packed, with_alternates
from .built import BuiltPage, in_order, read_pages
from .picture import Card, Faces, draw, find_faces
from .proof import proofs
from .text import guide, page_text

PICTURES = "assets/pictures"
GUIDE = "llms.txt"


@dataclass(frozen=True, slots=True)
class Edition:
    """What is known of one language's pages before they are built.

    Attributes:
        config: The site builder's configuration.
        lang: The language of the words; empty where a project has one language.
        report: The run that the pages show.
        publication: The site passed the gate.
        faces: Fonts to draw pictures with; None where there are to be none.
    """

    config: Any
    lang: str
    report: Report
    publication: bool
    faces: Faces | None

    @classmethod
    def of(cls, config: Any, lang: str, report: Report, *, publication: bool) -> Edition:
        """An edition; without an address nobody could be shown its pictures, so it has none."""
        faces = find_faces(lang) if config.site_url else None
        return cls(config, lang, report, publication, faces)

    @property
    def address(self) -> str:
        """Where its pages begin; empty where that is not known."""
        return str(self.config.site_url or "")

    @property
    def languages(self) -> list[tuple[str, str]]:
        """Every language, with the address where it begins."""
        other = self.config.extra.get("other_language")
        own = self.config.theme.get("language") or self.lang
        return alternates(self.address, str(own), other)

    @property
    def lacks_fonts(self) -> bool:
        """Pictures are wanted, and cannot be drawn here."""
        return bool(self.address) and not self.faces


def write_files(edition: Edition, folder: Path, cache: Cache | None) -> None:
    """Put beside the built pages what makes them be found.

    Args:
        edition: Theirs.
        folder: Where they are; no other language is in it yet.
        cache: Where what was made of the same page is found again; None to make all anew.

    Raises:
        OSError: It cannot be written.
    """
    pages = read_pages(folder)
    config = edition.config
    for page in pages:
        made = functools.partial(_encoded, page, edition.address)
        text = _remembered(cache, (page, edition.address), made)
        (folder / page.text_url).write_bytes(text)
    other = config.extra.get("other_language")
    others = [
        (other["name"], f"{url}{GUIDE}") for lang, url in edition.languages if lang == other["lang"]
    ]
    groups = in_order(pages, config.nav)
    told = guide(config.site_name, config.site_description or "", groups, edition.address, others)
    (folder / GUIDE).write_text(told, encoding="utf-8")
    if edition.faces:
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
        for page, card in _cards(edition, pages):
            drawn = functools.partial(draw, card, edition.faces)
            data = _remembered(cache, (card, edition.faces), drawn)
            (folder / PICTURES / f"{page.name}.png").write_bytes(data)
    sitemap = folder / "sitemap.xml"
    if edition.languages and sitemap.is_file():
        plain = sitemap.read_text(encoding="utf-8")
        named = with_alternates(plain, edition.address, edition.languages)
        sitemap.write_text(named, encoding="utf-8")
        sitemap.with_suffix(".xml.gz").write_bytes(packed(named))


def _cards(edition: Edition, pages: Iterable[BuiltPage]) -> Iterator[tuple[BuiltPage, Card]]:
    docs = Path(edition.config.docs_dir).resolve()
    found = {
        (edition.report.project.root / name).resolve(): proof
        for name, proof in proofs(edition.report, edition.lang).items()
    }
    words = load_words(edition.lang)
    for page in pages:
        stem = page.text_url.removesuffix(".md")
        # `cgroups/index` was made of `cgroups.md`, or of `cgroups/index.md`.
        sources = [docs / f"{stem}.md", docs / f"{stem.removesuffix('/index')}.md"]
        proof = next((found[source] for source in sources if source in found), None)
        mark = words["verified"] if proof else ""
        if not edition.publication:
            mark = words["preview"]
        yield page, Card(page.title, edition.config.site_name, mark, proof)


def _encoded(page: BuiltPage, address: str) -> bytes:
    return page_text(page, address).encode()


def _remembered(cache: Cache | None, depends: object, make: Callable[[], bytes]) -> bytes:
    """What was made of the same before, or is made now and kept."""
    if cache is None:
        return make()
    key = hashlib.sha256(f"{_code()}{depends!r}".encode()).hexdigest()
    name = f"reach-{key}"
    # A disk may have lost the end of it.
    seal, _, data = cache.read(name).partition(b"\n")
    if seal == _seal(data):
        return data
    data = make()
    cache.write(name, _seal(data) + b"\n" + data)
    return data


def _seal(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


@functools.cache
def _code() -> str:
    """All that decides what is made: this folder's code, and the libraries that it calls."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    libraries = (version(name) for name in ("beautifulsoup4", "markdownify", "pillow"))
    return " ".join((digest.hexdigest(), *libraries))
