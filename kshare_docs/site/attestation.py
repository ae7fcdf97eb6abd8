"""The attestation: an in-toto statement about every file of a site, and the check by it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..data.capture import Capture
from .transcript import Verified, page_faults

PROVENANCE = "provenance.json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:kshare-docs:build:v1"

BUILDING = ".kshare-building"
"""In a site while it is being built. MkDocs leaves it: its name begins with a dot."""


class _Form(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The field names are those of the in-toto attestation framework and of SLSA v1."""


class Resource(_Form, frozen=True, omit_defaults=True):
    """A thing with a digest: a file of the site, an image, the source, a capture.

    Attributes:
        name: Its path or id.
        digest: By algorithm: `sha256`, or `gitCommit` of the source.
        annotations: What else is known of it.
    """

    name: str
    digest: dict[str, str]
    annotations: dict[str, Any] = {}


class RunDetails(_Form, frozen=True):
    """How the build went.

    Attributes:
        builder: The program that built the site.
        metadata: When the build began and ended, RFC 3339 in UTC.
        byproducts: The captures that the pages may show, each as a whole, with its verdicts.
    """

    builder: dict[str, Any]
    metadata: dict[str, str]
    byproducts: tuple[Resource, ...]


class Predicate(_Form, frozen=True):
    """SLSA provenance v1: https://slsa.dev/spec/v1.0/provenance.

    Attributes:
        build_definition: What was asked for, and what went in.
        run_details: How it went.
    """

    build_definition: dict[str, Any]
    run_details: RunDetails


class Statement(_Form, frozen=True):
    """An in-toto statement v1 whose subjects are all files of a site.

    See https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
    """

    subject: tuple[Resource, ...]
    predicate: Predicate
    predicate_type: str = PREDICATE_TYPE
    type_: str = msgspec.field(default=STATEMENT_TYPE, name="_type")


def subjects(folder: Path) -> tuple[Resource, ...]:
    """Every file of a site but the statement itself, in the order of their paths."""
    return tuple(Resource(name, {"sha256": _sha256(path)}) for name, path in _files(folder).items())


def write_statement(folder: Path, statement: Statement) -> None:
    """Put the statement into the site that it is about, which is finished by it."""
    text = msgspec.json.format(msgspec.json.encode(statement), indent=1)
    (folder / PROVENANCE).write_bytes(text + b"\n")
    (folder / BUILDING).unlink(missing_ok=True)


def compare_with_statement(folder: Path) -> list[str]:
    """Compare a site with its statement.

    Returns:
        What does not agree, a line each: a file changed, added or missing, a page that shows what
        none of the statement's captures has. Empty if the site is what its statement says.
    """
    statement = read_statement(folder)
    if isinstance(statement, str):
        return [statement]
    said = {subject.name: subject.digest.get("sha256", "") for subject in statement.subject}
    there = _files(folder)
    try:
        known = list(_verified(statement))
    except (KeyError, msgspec.ValidationError) as error:
        return [f"{PROVENANCE} names a capture without saying what it is: {error}"]
    faults = [f"{name}: is missing" for name in said.keys() - there.keys()]
    faults += [f"{name}: is not in {PROVENANCE}" for name in there.keys() - said.keys()]
    for name in said.keys() & there.keys():
        if _sha256(there[name]) != said[name]:
            faults.append(f"{name}: was changed after the build")
        elif name.endswith(".html"):
            page = there[name].read_text(encoding="utf-8", errors="replace")
            faults += [f"{name}: {fault}" for fault in page_faults(page, known)]
    return sorted(faults)


def read_statement(folder: Path) -> Statement | str:
    """The statement of a site, or why it has none."""
    path = folder / PROVENANCE
    try:
        if path.is_symlink():
            return f"{PROVENANCE} is a link"
        statement = msgspec.json.decode(path.read_bytes(), type=Statement)
    except FileNotFoundError:
        return f"{PROVENANCE} is missing: this is no site that kshare build has finished"
    except (OSError, msgspec.DecodeError) as error:
        return f"{PROVENANCE} cannot be read: {error}"
    kinds = (statement.type_, statement.predicate_type)
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
        return f"{PROVENANCE} is no in-toto statement v1 with SLSA provenance v1: {kinds}"
    return statement


def refuse_site(folder: Path) -> str:
    """Why a folder may not become a site, which empties it; empty where it may."""
    other = "name another one with --site-dir, or remove it"
    if folder.is_symlink():
        return f"{folder} is a link: {other}"
    if folder.exists() and not folder.is_dir():
        return f"{folder} is no folder: {other}"
    if not folder.is_dir() or not any(folder.iterdir()) or (folder / BUILDING).is_file():
        return ""
    said = read_statement(folder)
    if isinstance(said, Statement) and said.predicate.build_definition["buildType"] == BUILD_TYPE:
        return ""
    return f"{folder} is not empty, and kshare build did not make it: {other}"


def begin_site(folder: Path) -> None:
    """Empty a folder that `refuse_site` lets pass, but for what begins with a dot, and mark it.

    No link in it is followed: not now, and not by what writes the pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BUILDING).touch()
    for path in folder.iterdir():
        if path.is_symlink() or not (path.is_dir() or path.name.startswith(".")):
            path.unlink()
        elif not path.name.startswith("."):
            shutil.rmtree(path)


def _verified(statement: Statement) -> Iterator[Verified]:
    """The statement's captures; a capture that its digest does not fit counts as none."""
    for item in statement.predicate.run_details.byproducts:
        said = item.annotations
        capture = msgspec.convert(said["capture"], Capture)
        if capture.digest == f"sha256:{item.digest.get('sha256')}":
            yield Verified(capture, said["status"], tuple(said["claims"]))


def _files(folder: Path) -> dict[str, Path]:
    """Every file of a site by its name, but for the statement."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    named = {path.relative_to(folder).as_posix(): path for path in found}
    for name in (PROVENANCE, BUILDING):
        named.pop(name, None)
    return named


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
