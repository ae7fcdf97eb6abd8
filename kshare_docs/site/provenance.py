"""Provenance: the statement about a finished site, made of the run that it shows."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from ..data.capture import Capture, utc_now
from ..data.report import Judged
from .attestation import BUILD_TYPE, Predicate, Resource, RunDetails, Statement, subjects
from .gate import Source
from .lookup import Lookup


def make_statement(folder: Path, shown: Lookup, source: Source, started: str) -> Statement:
    """The statement about a finished site.

    Args:
        folder: The site.
        shown: The run and the stored sets that its pages show.
        source: What it was built from.
        started: When the build began, RFC 3339 in UTC.
    """
    report = shown.report
    captures = [(item, item.capture) for item in report.ran if item.capture]
    engine = report.engine
    definition = {
        "buildType": BUILD_TYPE,
        "externalParameters": {"publish": shown.publication},
        # An allow-list: nothing here names a person or a machine.
        "internalParameters": {
            "verdict": report.host.verdict,
            "kernel": report.host.release,
            "kernelVersion": captures[0][1].provenance.kernel_version if captures else "",
            "architecture": report.host.architecture,
            "distribution": report.host.distribution,
            "cgroupVersion": report.host.cgroup_version,
            "engine": engine.version if engine else "",
            "storageDriver": engine.storage_driver if engine else "",
        },
        "resolvedDependencies": [
            *_source(source),
            *_images(capture for _, capture in captures),
        ],
    }
    details = RunDetails(
        {"id": "urn:kshare-docs:builder", "version": {"kshare-docs": version("kshare-docs")}},
        {"startedOn": started, "finishedOn": utc_now()},
        (
            *(_byproduct(item.example.id, item, capture) for item, capture in captures),
            *(
                _byproduct(f"{found.manifest.kernel}/{name}", item, item.capture)
                for found, judged in zip(shown.kernels.sets, shown.kernels.judged, strict=True)
                for name, item in sorted(judged.items())
                if item.capture
            ),
        ),
    )
    return Statement(subjects(folder), Predicate(definition, details))


def _byproduct(name: str, judged: Judged, capture: Capture) -> Resource:
    made = {
        "status": judged.status,
        "claims": [verdict.status for verdict in judged.verdicts],
        "capture": capture,
    }
    return Resource(name, _digest(capture.digest), made)


def _source(source: Source) -> list[Resource]:
    changed = {"changed": source.changes} if source.changes else {}
    return [Resource("source", {"gitCommit": source.commit}, changed)] if source.commit else []


def _images(captures: Iterable[Capture]) -> list[Resource]:
    uses = {use for capture in captures for use in capture.images}
    return [
        Resource(use.name, _digest(use.digest), {"used": use.used, "standIn": use.stand_in})
        for use in sorted(uses, key=lambda use: (use.name, use.used))
    ]


def _digest(named: str) -> dict[str, str]:
    """A digest as in-toto has it: by algorithm."""
    algorithm, _, value = named.partition(":")
    return {algorithm: value}
