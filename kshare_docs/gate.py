"""The gate: whether a run may be published, and the statement of where its site comes from."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .capture import Capture
from .host import Host
from .kernels import shown
from .runner import FAILED, Judged, Report, failure_lines
from .statement import (
    BUILD_TYPE,
    BUILDER,
    Builder,
    Definition,
    Details,
    Metadata,
    Predicate,
    Resource,
    Statement,
    subjects,
)
from .verdict import WSL2

_SHARE = (
    "use Docker Engine in the distribution itself, with its own runtime: docker context use default"
)


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """Why there is no publication, and what would change that."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Source:
    """The project's source as git has it.

    Attributes:
        commit: The commit that is checked out; empty outside a repository.
        changes: Files that differ from it, or that it does not have.
    """

    commit: str = ""
    changes: tuple[str, ...] = ()


def read_source(root: Path) -> Source:
    """Ask git; without git or a repository there is no commit."""
    commit = _git(root, "rev-parse", "--verify", "HEAD").strip()
    status = _git(root, "status", "--porcelain=v1", "-z", "--no-renames", "--", ".")
    changes = tuple(entry[3:] for entry in status.split("\0") if entry)
    return Source(commit, changes) if commit else Source()


def unfit(host: Host, source: Source) -> list[Refusal]:
    """What refuses a publication before anything runs."""
    refusals = []
    if host.verdict != WSL2:
        refusals.append(
            Refusal(
                f"the host is not a genuine WSL2 host: the verdict is {host.verdict!r}",
                "build in a WSL2 distribution; kshare doctor shows the evidence",
            )
        )
    if not source.commit:
        refusals.append(
            Refusal("the source has no commit", "build in a git checkout of the project")
        )
    elif source.changes:
        some = ", ".join(source.changes[:5])
        more = f" and {len(source.changes) - 5} more" if len(source.changes) > 5 else ""
        refusals.append(
            Refusal(
                f"the working tree differs from its commit: {some}{more}",
                "commit the changes, or put them away: git stash --include-untracked",
            )
        )
    return refusals


def unsound(report: Report, apart: str) -> list[Refusal]:
    """What a run found that refuses a publication.

    Args:
        report: The run.
        apart: Why the engine does not share the host's kernel; empty where it does.
    """
    refusals = [Refusal(apart, _SHARE)] if apart else []
    refusals += [
        Refusal(str(problem), "mend it as the message says") for problem in report.problems
    ]
    if report.fatal:
        refusals.append(Refusal(report.fatal, "kshare doctor says what the engine lacks"))
    judged = _once(report)
    for item in judged:
        if item.status == FAILED:
            refusals += [
                Refusal(line, f"kshare check {item.example.page}") for line in failure_lines(item)
            ]
    refusals += [
        Refusal(
            f"the image {name} is not the registry's: it is made of a stand-in",
            f"docker pull {reference}",
        )
        for name, reference in sorted(_stand_ins(report, judged))
    ]
    if not any(item.capture for item in judged) and not refusals:
        refusals.append(Refusal("no example ran", "see kshare check for the reasons"))
    return refusals


def make_statement(
    report: Report, source: Source, folder: Path, times: Metadata, *, publication: bool
) -> Statement:
    """The statement about a finished site.

    Args:
        report: The run that the site shows.
        source: The source that it was built from.
        folder: The site.
        times: When the build began and ended.
        publication: It passed the gate.
    """
    captures = [(item, item.capture) for item in _once(report) if item.capture]
    engine = report.engine.info if report.engine else None
    definition = Definition(
        BUILD_TYPE,
        {"publish": publication},
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
        (*_source(source), *_images(capture for _, capture in captures)),
    )
    byproducts = (
        *(_shown(item.example.id, item.status, capture) for item, capture in captures),
        *(
            _shown(f"{found.manifest.kernel}/{name}", "stored", capture)
            for found in shown(report.project.sets, publication=publication)
            for name, capture in sorted(found.captures.items())
        ),
    )
    details = Details(
        Builder(BUILDER, {"kshare-docs": version("kshare-docs")}),
        times,
        byproducts,
    )
    return Statement(subjects(folder), Predicate(definition, details))


def _shown(name: str, status: str, capture: Capture) -> Resource:
    return Resource(
        name,
        {"sha256": capture.digest.removeprefix("sha256:")},
        annotations={
            "status": status,
            "time": capture.provenance.time,
            "images": [use.name for use in capture.images],
        },
    )


def _once(report: Report) -> list[Judged]:
    """Each example once, though it stands on a page of every language."""
    return list({judged.example.id: judged for judged in report.judged.values()}.values())


def _stand_ins(report: Report, judged: Iterable[Judged]) -> set[tuple[str, str]]:
    images = report.project.images
    names = {
        use.name for item in judged if item.capture for use in item.capture.images if use.stand_in
    }
    # An image that is built here is as good as the one it stands on.
    based = {name: images[images[name].base or name] for name in names}
    return {(name, image.reference) for name, image in based.items()}


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


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
