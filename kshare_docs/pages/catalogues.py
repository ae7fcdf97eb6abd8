"""Catalogues: the lists and configurations that a project keeps beside its pages.

Longer than most modules: each is read in a few lines, and all in the same way.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from mkdocs.config.config_options import PathSpec
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, InclusionLevel, set_exclusions
from mkdocs.utils import is_markdown_file
from mkdocs.utils.yaml import get_yaml_loader, yaml_load

from ..data.problem import Kind, Problem, nearest
from ..data.project import Entry, Image

IMAGES_FILE = "images.toml"
ENTRIES_FILE = "docs/claims.toml"
ALLOW_LIST = "host-commands.txt"
SETTLED, UNSETTLED = "#: settled", "#: unsettled"
RECIPES = "scripts/images"
VIEWS = Path("docs") / "views"
VIEW = ".html.j2"

_SNIPPETS = "pymdownx.snippets"
_IMAGE_NAME = re.compile(r"[a-z0-9]+(?:[._/:-]+[a-z0-9]+)*")

_USUAL = "admonition attr_list def_list footnotes md_in_html pymdownx.details pymdownx.tabbed"
"""Extensions of Python-Markdown that hold blocks, for projects that MkDocs does not build."""

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Site:
    """What a configuration of MkDocs says of pages; by default, what is usual.

    Attributes:
        docs: Their folder.
        patterns: Which of them are left out: `exclude_docs` and `draft_docs`.
        executable: Languages whose fences markdown-exec takes.
        extensions: Python-Markdown's, with their options.
        file: The configuration; empty without one.
        complete: Pages must have what readers and search engines ask for, in each language.
        menu: The pages that the menu names.
        fetched: Addresses that the configuration has each page fetch.
        theme: Folder of the files that are laid over the theme's.
    """

    docs: Path = Path("docs")
    patterns: Mapping[str, object] = field(default_factory=dict)
    executable: tuple[str, ...] = ("console", "view")
    extensions: Mapping[str, Any] = field(
        default_factory=lambda: {name: {} for name in _USUAL.split()}
    )
    file: str = ""
    complete: bool = False
    menu: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    theme: Path | None = None

    def pages(self, leave: Set[Path], also: Set[Path]) -> list[Path]:
        """The pages that MkDocs builds, links to folders followed.

        Args:
            leave: Files and folders that are not looked at.
            also: Pages that are taken though the patterns leave them out.
        """
        files = []
        for folder, folders, names in os.walk(self.docs, followlinks=True):
            folders[:] = {name for name in folders if Path(folder, name) not in leave}
            for path in {Path(folder, name) for name in names if is_markdown_file(name)} - leave:
                uri = path.relative_to(self.docs).as_posix()
                files.append((path, File(uri, str(self.docs), "", use_directory_urls=True)))
        config = MkDocsConfig()
        config.load_dict(dict(self.patterns))
        set_exclusions((file for _, file in files), config)
        omitted = (InclusionLevel.EXCLUDED, InclusionLevel.DRAFT)
        # Of a README and an index in one folder, which become the same file, the latter is built.
        kept = {
            (path.parent, file.dest_uri): path
            for path, file in sorted(files, key=lambda item: item[0])
            if file.inclusion not in omitted or path in also
        }
        return list(kept.values())


def read_sites(root: Path) -> tuple[list[Site], list[Problem]]:
    """What `mkdocs.yml` and `mkdocs.*.yml` say; a project without them is one usual site."""
    sites: list[Site] = []
    problems: list[Problem] = []
    for path in (*root.glob("mkdocs.yml"), *sorted(root.glob("mkdocs.*.yml"))):
        try:
            with path.open("rb") as file:
                said = yaml_load(file, get_yaml_loader(config=MkDocsConfig()))
            sites.append(_site(root, path.name, said))
        except Exception as error:  # its tags may import whatever they name
            what = f"cannot be read: {error}"
            problems.append(Problem(path.name, 0, "", what, Kind.CONFIGURATION))
    return sites or [Site(root / "docs")], problems


def read_images(root: Path) -> tuple[dict[str, Image], list[Problem]]:
    """The images that examples may use; a wrong entry is left out and reported."""
    if not (root / IMAGES_FILE).exists():
        what = "is missing: it names the images that examples may use"
        return {}, [Problem(IMAGES_FILE, 0, "", what, Kind.CONFIGURATION)]
    return _read_tables(root, IMAGES_FILE, Image, partial(_image_fault, root), Kind.IMAGES)


def unknown_image(name: str, images: Mapping[str, Image]) -> str:
    """The message for an image that is not listed."""
    return f"the image {name!r} is not in {IMAGES_FILE}{nearest(name, images)}"


def read_entries(root: Path) -> tuple[dict[str, Entry], list[Problem]]:
    """The article's claims; a project without that file has none."""
    if not (root / ENTRIES_FILE).exists():
        return {}, []
    return _read_tables(root, ENTRIES_FILE, Entry, lambda _name, _entry, _table: "", Kind.ENTRIES)


def unsaid_entries(
    root: Path, entries: Mapping[str, Entry], languages: Collection[str]
) -> list[Problem]:
    """Claims of the article that are not said in each language of the pages."""
    return [
        Problem(
            ENTRIES_FILE,
            table_line(root / ENTRIES_FILE, name),
            "",
            f"[{name}]: its {key} is not said in {lang!r}",
            Kind.ENTRIES,
            key,
        )
        for name, entry in entries.items()
        for key, said in (("section", entry.section), ("claim", entry.claim))
        for lang in sorted(languages)
        if not said.get(lang, "").strip()
    ]


def read_allowed(root: Path) -> frozenset[str]:
    """The exact command lines that a host may run: one a line, `#` begins a comment line."""
    return frozenset(line for line in _allow_list(root) if line and not line.startswith("#"))


def read_settled(root: Path) -> frozenset[str]:
    """Those of the allowed lines whose output only the example, its images and the boot decide.

    They stand below a line `#: settled`, up to a line `#: unsettled`.
    """
    lines, settled = [], False
    for line in _allow_list(root):
        settled = line == SETTLED or (settled and line != UNSETTLED)
        lines += [line] if settled else []
    return frozenset(lines)


def allow_list_faults(root: Path) -> list[Problem]:
    """Lines `#:` that are no marks: what is below them would not be what it seems."""
    return [
        Problem(
            ALLOW_LIST, number, "", f"{line!r} is no mark{nearest(line, marks)}", Kind.HOST_LINE
        )
        for marks in [(SETTLED, UNSETTLED)]
        for number, line in enumerate(_allow_list(root), 1)
        if re.match(r"#\s*[:：]", line) and line not in marks
    ]


def nearest_line(command: str, allowed: Collection[str]) -> str:
    """The end of a message about a line that is not listed: the nearest listed one, if any."""
    close = difflib.get_close_matches(command, allowed, n=1, cutoff=0.75)
    if not close:
        return ""
    pieces = difflib.SequenceMatcher(None, command, close[0], autojunk=False).get_opcodes()
    changes = [
        f"{command[a:b]!r} here, {close[0][c:d]!r} there"
        for tag, a, b, c, d in pieces
        if tag != "equal"
    ]
    return f"; the nearest line is {close[0]!r}: {'; '.join(changes[:3])}"


def view_names(root: Path) -> tuple[str, ...]:
    """The names of the project's views: their templates, without the ending."""
    return tuple(sorted(p.name.removesuffix(VIEW) for p in (root / VIEWS).glob(f"*{VIEW}")))


def table_line(path: Path, name: str) -> int:
    """The line on which a table of a TOML file begins; 0 where that is not seen."""
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    heads = {f"[{name}]", f'["{name}"]'}
    return next((n for n, line in enumerate(lines, 1) if line.strip() in heads), 0)


def _allow_list(root: Path) -> list[str]:
    path = root / ALLOW_LIST
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    return [line.strip(" \t") for line in text.split("\n")]


def _site(root: Path, file: str, said: Mapping[str, Any]) -> Site:
    docs = Path(os.path.normpath(root / said.get("docs_dir", "docs")))
    if not docs.is_relative_to(root / "docs"):
        raise ValueError(f"docs_dir is {docs}: pages are read below {root / 'docs'} only")
    patterns = ("exclude_docs", "draft_docs")
    plugin = _named(said.get("plugins")).get("markdown-exec", {})
    extensions = _named(said.get("markdown_extensions"))
    if (snippets := extensions.get(_SNIPPETS)) is not None:
        # As a build from the project's folder has it; what is missing is an error.
        paths = snippets.get("base_path", ["."])
        listed = [paths] if isinstance(paths, str) else paths
        places = [str(root / path) for path in listed]
        extensions[_SNIPPETS] = {**snippets, "base_path": places, "check_paths": True}
    own: Mapping[str, Any] = next(
        (value for name, value in extensions.items() if name.startswith("kshare")), {}
    )
    theme = said.get("theme")
    theme = theme if isinstance(theme, dict) else {}
    return Site(
        docs,
        {name: PathSpec().run_validation(said[name]) for name in patterns if said.get(name)},
        tuple(plugin.get("languages", Site().executable)),
        {name: value for name, value in extensions.items() if not name.startswith("kshare")},
        file,
        bool(own.get("complete")),
        tuple(_leaves(said.get("nav"))),
        tuple(_fetched(said)),
        root / theme["custom_dir"] if theme.get("custom_dir") else None,
    )


def _leaves(menu: Any) -> Iterator[str]:
    """The pages and addresses in a menu, however deep."""
    if isinstance(menu, str):
        yield menu
    elif isinstance(menu, list | dict):
        for part in menu.values() if isinstance(menu, dict) else menu:
            yield from _leaves(part)


def _fetched(said: Mapping[str, Any]) -> Iterator[str]:
    """Style sheets, scripts and pictures that a configuration puts on every page."""
    for item in (*(said.get("extra_css") or ()), *(said.get("extra_javascript") or ())):
        yield str(item.get("path", "") if isinstance(item, dict) else item)
    theme = said.get("theme")
    if isinstance(theme, dict):
        yield from (str(theme[name]) for name in ("favicon", "logo") if theme.get(name))


def _named(items: Any) -> dict[str, Any]:
    """What MkDocs takes as a mapping, or as a list of names and of mappings with one name each."""
    listed = [items] if isinstance(items, dict) else items or ()
    pairs = (item.items() if isinstance(item, dict) else [(item, {})] for item in listed)
    return {name: options or {} for name, options in chain.from_iterable(pairs)}


def _read_tables(
    root: Path,
    file: str,
    kind: type[T],
    fault: Callable[[str, T, Mapping[str, object]], str],
    wrong: Kind,
) -> tuple[dict[str, T], list[Problem]]:
    """The tables of a TOML file by name; a wrong one is left out and reported at its line."""
    if (root / file).is_symlink():
        what = "is a link: put the file itself there"
        return {}, [Problem(file, 0, "", what, Kind.CONFIGURATION)]
    try:
        table = tomllib.loads((root / file).read_text(encoding="utf-8-sig"))
    except (OSError, RecursionError, ValueError) as error:  # not UTF-8, or no TOML
        line = re.search(r"line (\d+)", str(error))
        place, what = int(line[1]) if line else 0, f"cannot be read: {error}"
        return {}, [Problem(file, place, "", what, Kind.CONFIGURATION)]
    found: dict[str, T] = {}
    problems: list[Problem] = []
    for name, entry in table.items():
        try:
            value = msgspec.convert(entry, kind)
            what = fault(name, value, table)
        except msgspec.ValidationError as error:
            what = str(error)
            if unknown := re.search("unknown field `(.*?)`", what):
                known = [field.encode_name for field in msgspec.structs.fields(kind)]
                what += nearest(unknown[1], known)
        if what:
            place = table_line(root / file, name)
            problems.append(Problem(file, place, "", f"[{name}]: {what}", wrong, name))
        else:
            found[name] = value
    return found, problems


def _base_fault(name: str, image: Image, table: Mapping[str, object]) -> str:
    """Why an image cannot stand on its base."""
    if image.base not in table:
        return f"its base {image.base!r} is not in {IMAGES_FILE}{nearest(image.base, table)}"
    chain, base = [name], image.base
    while base and base not in chain:
        chain.append(base)
        entry = table.get(base)
        base = str(entry.get("base", "")) if isinstance(entry, dict) else ""
    return f"its bases lead back to {base!r}: {' → '.join([*chain, base])}" if base else ""


def _image_fault(root: Path, name: str, image: Image, table: Mapping[str, object]) -> str:
    if not _IMAGE_NAME.fullmatch(name):
        return f"{name!r} is no name for an image: lower-case letters, digits, and ._/:- between"
    recipes = root.resolve() / RECIPES
    for place in filter(None, (image.build, image.stand_in)):
        path = (root / place).resolve()
        linked = any(item.is_symlink() for item in (root / place, *(root / place).rglob("*")))
        if linked or path == recipes or not path.is_relative_to(recipes):
            return f"{place!r} is no recipe below {RECIPES}, or has links in it"
    if image.build:
        missing = not (root / image.build / "Dockerfile").is_file()
        what = f"there is no {image.build}/Dockerfile" if missing else ""
        return _base_fault(name, image, table) or what
    if image.stand_in and not (root / image.stand_in).is_file():
        return f"stand-in = {image.stand_in!r}: there is no such file"
    if image.stand_in and not os.access(root / image.stand_in, os.X_OK):
        return f"stand-in = {image.stand_in!r} is not executable: chmod +x {image.stand_in}"
    if not re.fullmatch(r"[\w./:-]+:[\w.-]+", image.tag, re.ASCII):
        return f'tag = {image.tag!r} is not a reference with a tag, such as "{name}:1.0"'
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", image.digest):
        return "digest is not sha256: and 64 hexadecimal digits"
    return ""
