"""The attestation: an in-toto statement about every file of a site, and the check by it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec

PROVENANCE = "provenance.json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"

_CAPTURE = re.compile(r'data-capture="sha256:([0-9a-f]{64})"')


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
        byproducts: The captures that the pages show.
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
    """Put the statement into the site that it is about."""
    text = msgspec.json.format(msgspec.json.encode(statement), indent=1)
    (folder / PROVENANCE).write_bytes(text + b"\n")


def compare_with_statement(folder: Path) -> list[str]:
    """Compare a site with its statement.

    Returns:
        What does not agree, a line each: a file changed, added or missing, a page that shows a
        capture of another run. Empty if the site is what its statement says.
    """
    try:
        statement = msgspec.json.decode((folder / PROVENANCE).read_bytes(), type=Statement)
    except FileNotFoundError:
        return [f"{PROVENANCE} is missing: this is no site that kshare build has finished"]
    except (OSError, msgspec.DecodeError) as error:
        return [f"{PROVENANCE} cannot be read: {error}"]
    kinds = (statement.type_, statement.predicate_type)
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
        return [f"{PROVENANCE} is no in-toto statement v1 with SLSA provenance v1: {kinds}"]
    said = {subject.name: subject.digest.get("sha256", "") for subject in statement.subject}
    there = _files(folder)
    byproducts = statement.predicate.run_details.byproducts
    captures = {capture.digest.get("sha256", "") for capture in byproducts}
    faults = [f"{name}: is missing" for name in said.keys() - there.keys()]
    faults += [f"{name}: is not in {PROVENANCE}" for name in there.keys() - said.keys()]
    for name in said.keys() & there.keys():
        if _sha256(there[name]) != said[name]:
            faults.append(f"{name}: was changed after the build")
        elif name.endswith(".html"):
            found = _CAPTURE.findall(there[name].read_text(encoding="utf-8"))
            faults += [
                f"{name}: shows the capture sha256:{digest}, which {PROVENANCE} does not name"
                for digest in sorted(set(found) - captures)
            ]
    return sorted(faults)


def _files(folder: Path) -> dict[str, Path]:
    """Every file of a site by its name, but for the statement."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    named = {path.relative_to(folder).as_posix(): path for path in found}
    named.pop(PROVENANCE, None)
    return named


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
