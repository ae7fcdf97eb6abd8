"""Provenance: the statement about a finished site, made of the run that it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ..data.capture import Capture
from ..data.report import Report
from ..history.kernels import Kernels
from . import attestation
from .attestation import Metadata, Resource, Statement
from .gate import Source


@dataclass(frozen=True, slots=True)
class Build:
    """What was built.

    Attributes:
        source: The source that it was built from.
        times: When it began and ended.
        publication: It passed the gate.
    """

    source: Source
    times: Metadata
    publication: bool


def make_statement(report: Report, kernels: Kernels, folder: Path, build: Build) -> Statement:
    """The statement about a finished site.

    Args:
        report: The run that the site shows.
        kernels: The stored sets that it shows.
        folder: The site.
        build: How it was built.
    """
    captures = [(item, item.capture) for item in report.once if item.capture]
    engine = report.engine
    definition = attestation.Definition(
        attestation.BUILD_TYPE,
        {"publish": build.publication},
        {
            "verdict": report.host.verdict,
            "kernel": report.host.release,
            "kernelVersion": captures[0][1].provenance.kernel_version if captures else "",
            "architecture": report.host.architecture,
            "distribution": report.host.distribution,
            "cgroupVersion": report.host.cgroup_version,
            "engine": engine.version if engine else "",
            "storageDriver": engine.storage_driver if engine else "",
        },
        (*_source(build.source), *_images(capture for _, capture in captures)),
    )
    byproducts = (
        *(_byproduct(item.example.id, item.status, capture) for item, capture in captures),
        *(
            _byproduct(f"{found.manifest.kernel}/{name}", "stored", capture)
            for found in kernels.sets
            for name, capture in sorted(found.captures.items())
        ),
    )
    details = attestation.Details(
        attestation.Builder(attestation.BUILDER, {"kshare-docs": version("kshare-docs")}),
        build.times,
        byproducts,
    )
    return Statement(attestation.subjects(folder), attestation.Predicate(definition, details))


def _byproduct(name: str, status: str, capture: Capture) -> Resource:
    return Resource(
        name,
        {"sha256": capture.digest.removeprefix("sha256:")},
        annotations={
            "status": status,
            "time": capture.provenance.time,
            "images": [use.name for use in capture.images],
        },
    )


def _source(source: Source) -> tuple[Resource, ...]:
    if not source.commit:
        return ()
    changed = {"changed": list(source.changes)} if source.changes else {}
    return (Resource("source", {"gitCommit": source.commit}, annotations=changed),)


def _images(captures: Iterable[Capture]) -> tuple[Resource, ...]:
    uses = {use for capture in captures for use in capture.images}
    return tuple(
        Resource(
            use.name,
            {"sha256": use.digest.removeprefix("sha256:")},
            annotations={"used": use.used, "standIn": use.stand_in},
        )
        for use in sorted(uses, key=lambda use: (use.name, use.used))
    )
