"""Catalogues: the lists that a project keeps beside its pages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from ..data.problem import Problem, nearest
from ..data.project import Entry, Image

IMAGES_FILE = "images.toml"
ENTRIES_FILE = "docs/claims.toml"
ALLOW_LIST = "host-commands.txt"
SETTLED, UNSETTLED = "#: settled", "#: unsettled"
RECIPES = "scripts/images"
VIEWS = Path("docs") / "views"
VIEW = ".html.j2"

_IMAGE_NAME = re.compile(r"[a-z0-9]+(?:[._/:-]+[a-z0-9]+)*")

T = TypeVar("T")


def read_images(root: Path) -> tuple[dict[str, Image], list[Problem]]:
    """The images that examples may use; a wrong entry is left out and reported."""
    if not (root / IMAGES_FILE).exists():
        what = "is missing: it names the images that examples may use"
        return {}, [Problem(IMAGES_FILE, 0, "", what)]
    return _read_tables(root, IMAGES_FILE, Image, partial(_image_fault, root))


def unknown_image(name: str, images: Mapping[str, Image]) -> str:
    """The message for an image that is not listed."""
    return f"the image {name!r} is not in {IMAGES_FILE}{nearest(name, images)}"


def read_entries(root: Path) -> tuple[dict[str, Entry], list[Problem]]:
    """The article's claims; a project without that file has none."""
    if not (root / ENTRIES_FILE).exists():
        return {}, []
    return _read_tables(root, ENTRIES_FILE, Entry, lambda _name, _entry, _table: "")


def read_allowed(root: Path) -> frozenset[str]:
    """The exact command lines that a host may run: one a line, `#` begins a comment line."""
    path = root / ALLOW_LIST
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = (line.strip(" \t\r") for line in text.split("\n"))
    return frozenset(line for line in lines if line and not line.startswith("#"))


def read_settled(root: Path) -> frozenset[str]:
    """Those of the allowed lines whose output only the example, its images and the boot decide.

    They stand below a line `#: settled`, up to a line `#: unsettled`.
    """
    lines, settled = [], False
    path = root / ALLOW_LIST
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        settled = line == SETTLED or (settled and line != UNSETTLED)
        lines += [line.strip()] if settled else []
    return frozenset(lines)


def view_names(root: Path) -> tuple[str, ...]:
    """The names of the project's views: their templates, without the ending."""
    return tuple(sorted(p.name.removesuffix(VIEW) for p in (root / VIEWS).glob(f"*{VIEW}")))


def table_line(path: Path, name: str) -> int:
    """The line on which a table of a TOML file begins; 0 where that is not seen."""
    lines = path.read_text(encoding="utf-8").splitlines()
    heads = {f"[{name}]", f'["{name}"]'}
    return next((n for n, line in enumerate(lines, 1) if line.strip() in heads), 0)


def _read_tables(
    root: Path,
    file: str,
    kind: type[T],
    fault: Callable[[str, T, Mapping[str, object]], str],
) -> tuple[dict[str, T], list[Problem]]:
    """The tables of a TOML file by name; a wrong one is left out and reported at its line."""
    if (root / file).is_symlink():
        return {}, [Problem(file, 0, "", "is a link: put the file itself there")]
    try:
        table = tomllib.loads((root / file).read_text(encoding="utf-8"))
    except (OSError, RecursionError, ValueError) as error:  # not UTF-8, or no TOML
        line = re.search(r"line (\d+)", str(error))
        return {}, [Problem(file, int(line[1]) if line else 0, "", f"cannot be read: {error}")]
    found: dict[str, T] = {}
    problems: list[Problem] = []
    for name, entry in table.items():
        try:
            value = msgspec.convert(entry, kind)
            what = fault(name, value, table)
        except msgspec.ValidationError as error:
            what = str(error)
        if what:
            place = table_line(root / file, name)
            problems.append(Problem(file, place, "", f"[{name}]: {what}"))
        else:
            found[name] = value
    return found, problems


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
        known = image.base in table
        return "" if known else f"its base {image.base!r} is not in {IMAGES_FILE}"
    if not re.fullmatch(r"[\w./:-]+:[\w.-]+", image.tag, re.ASCII):
        return f'tag = {image.tag!r} is not a reference with a tag, such as "{name}:1.0"'
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", image.digest):
        return "digest is not sha256: and 64 hexadecimal digits"
    return ""
