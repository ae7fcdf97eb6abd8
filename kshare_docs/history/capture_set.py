"""A capture set: the captures of one kernel, kept in the repository and checked when read.

Longer than most modules: writing and reading are two sides of one form.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..data.capture import Capture, decode, encode, utc_now
from ..data.files import staged
from ..data.host import WSL2, Host
from ..data.problem import Kind, Problem
from ..data.report import Report, Status

SETS_FOLDER = "captures"
MANIFEST = "set.json"
ATTESTATION = f"{MANIFEST}.sigstore.json"
"""Beside the manifest: who signed it. Only that tells a set that was rewritten as a whole."""

SIGNER = "kshare-docs"
"""The organization whose workflows sign sets."""

MANIFEST_SCHEMA = 2
"""Version of the manifest's form; a newer one is not read."""

ROUNDS = 2
"""How often each example of a set runs at least: what differs between rounds is volatile."""

_RELEASE = re.compile(r"\w[\w.+~-]*")


class SetError(Exception):
    """A set cannot be written; the message says why."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a set holds, and of which host.

    Attributes:
        kernel: The kernel's release, and the name of the set's folder.
        host: The host's facts, as claims may ask for them.
        verdict: Of the host; a set of another host than `wsl2` never appears on a publication.
        time: When the set was made, RFC 3339 in UTC.
        commit: The commit that was checked out; empty if the tree differed from it.
        records: Ids of the examples, and the digest of each record.
        skipped: Ids of the examples that the host could not run, and the needs that it lacked.
        verdicts: Ids of the examples, and by expression what became of each claim: it was judged
            by what was printed, and the records are redacted.
        schema: Version of this form.
    """

    kernel: str
    host: Host
    verdict: str
    time: str
    commit: str
    records: dict[str, str]
    skipped: dict[str, tuple[str, ...]]
    verdicts: dict[str, dict[str, Status]] = {}
    schema: int = MANIFEST_SCHEMA


@dataclass(frozen=True, slots=True)
class CaptureSet:
    """A set as it was read.

    Attributes:
        manifest: What it should hold.
        captures: By id, what of it could be read.
        attested: Its manifest was found to be signed by a workflow of the project.
    """

    manifest: Manifest
    captures: dict[str, Capture]
    attested: bool = False

    @property
    def genuine(self) -> bool:
        """It is of a genuine WSL2 host."""
        return self.manifest.verdict == WSL2


def make_manifest(report: Report, commit: str) -> Manifest:
    """The manifest of the set that a run's captures make; its records come when it is written.

    Args:
        report: A complete run.
        commit: The commit that was checked out; empty if the tree differed from it.
    """
    return Manifest(
        kernel=report.host.release,
        host=report.host.public,
        verdict=report.host.verdict,
        time=utc_now(),
        commit=commit,
        records={},
        skipped={item.example.id: tuple(item.missing) for item in report.once if item.missing},
        verdicts={item.example.id: item.reached for item in report.once if item.capture},
    )


def write_set(root: Path, manifest: Manifest, captures: Iterable[Capture]) -> Path:
    """Write a whole set in the place of an earlier one of this kernel, or change nothing.

    Args:
        root: The project's folder.
        manifest: What is known of it; its records are filled in.
        captures: The records.

    Raises:
        SetError: The kernel's release is no name for a folder.
    """
    if not _RELEASE.fullmatch(manifest.kernel):
        raise SetError(f"the kernel's release {manifest.kernel!r} is no name for a folder")
    target = root / SETS_FOLDER / manifest.kernel
    records: dict[str, str] = {}
    with staged(target) as folder:
        for capture in captures:
            data = encode(capture)
            (folder / f"{capture.id}.json").write_bytes(data)
            records[capture.id] = _digest(data)
        whole = msgspec.structs.replace(manifest, records=records)
        data = msgspec.json.format(msgspec.json.encode(whole, order="sorted"), indent=1)
        (folder / MANIFEST).write_bytes(data + b"\n")
    return target


def read_sets(root: Path) -> tuple[list[CaptureSet], list[Problem]]:
    """Read all sets of a project, the newest first; what is wrong with one hides no other."""
    sets: list[CaptureSet] = []
    problems: list[Problem] = []
    # What begins with a dot was half written by a run that was killed.
    for folder in sorted((root / SETS_FOLDER).glob("[!.]*/")):
        found, faults = read_set(folder, f"{SETS_FOLDER}/{folder.name}")
        problems += faults
        if found:
            sets.append(found)
    return sorted(sets, key=lambda item: item.manifest.time, reverse=True), problems


def read_set(folder: Path, name: str = "") -> tuple[CaptureSet | None, list[Problem]]:
    """Read one set.

    Args:
        folder: Where it lies.
        name: How messages name the folder; by default its path.
    """
    name = name or str(folder)
    manifest = _read_manifest(folder / MANIFEST)
    if isinstance(manifest, str):
        return None, [_problem(f"{name}/{MANIFEST}", manifest)]
    problems: list[Problem] = []
    if manifest.kernel != folder.name:
        text = f"is of kernel {manifest.kernel}, and lies under another one's name"
        problems.append(_problem(f"{name}/{MANIFEST}", text))
    captures: dict[str, Capture] = {}
    names = {path.name for path in folder.glob("*.json")} - {MANIFEST, ATTESTATION}
    names |= {f"{record}.json" for record in manifest.records}
    for record in sorted(name.removesuffix(".json") for name in names):
        capture = _read_record(folder / f"{record}.json", manifest, folder.name)
        if isinstance(capture, Capture):
            captures[record] = capture
        else:
            problems.append(_problem(f"{name}/{record}.json", capture))
    return CaptureSet(manifest, captures, _attested(folder)), problems


def _attested(folder: Path) -> bool:
    """Whether GitHub's command finds the manifest signed; without it, or a signature: no."""
    bundle = folder / ATTESTATION
    if bundle.is_symlink() or not bundle.is_file():
        return False
    what = [str(folder / MANIFEST), "--owner", SIGNER, "--bundle", str(bundle)]
    command = ["gh", "attestation", "verify", *what]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _read(path: Path) -> bytes:
    """A file of a set, which is no link.

    Raises:
        OSError: It cannot be read.
    """
    if path.is_symlink() or path.parent.is_symlink() or (path.exists() and not path.is_file()):
        raise OSError("it is no regular file in a folder of the project")
    return path.read_bytes()


def _read_manifest(path: Path) -> Manifest | str:
    """A manifest, or what is wrong with it."""
    try:
        manifest = msgspec.json.decode(_read(path), type=Manifest)
    except FileNotFoundError:
        return "is missing: this is no capture set"
    except (OSError, msgspec.DecodeError) as error:
        return f"cannot be read: {error}"
    if manifest.schema != MANIFEST_SCHEMA:
        return f"has schema {manifest.schema}; this version reads {MANIFEST_SCHEMA}"
    return manifest


def _read_record(path: Path, manifest: Manifest, kernel: str) -> Capture | str:
    """A record, or what is wrong with it."""
    expected = manifest.records.get(path.stem)
    if expected is None:
        return f"is not listed in {MANIFEST}"
    try:
        data = _read(path)
        capture = decode(data)
    except FileNotFoundError:
        return f"is missing, though {MANIFEST} lists it"
    except (OSError, ValueError) as error:
        return f"cannot be read: {error}"
    if _digest(data) != expected:
        return "was changed after it was captured"
    if capture.provenance.kernel != kernel:
        return f"is of kernel {capture.provenance.kernel}, and lies under {kernel}"
    if capture.provenance.verdict != manifest.verdict:
        return f"is of a host judged {capture.provenance.verdict!r}, not {manifest.verdict!r}"
    return capture if capture.id == path.stem else f"is of the example {capture.id}"


def _problem(file: str, message: str) -> Problem:
    way = "restore it, git checkout, or capture the set anew on that kernel: kshare capture"
    return Problem(file, 0, "", f"{message}; {way}", Kind.SET)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
