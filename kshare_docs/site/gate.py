"""The gate: whether a run may be published."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..data.host import Host
from ..data.report import Report

_SHARE = (
    "use Docker Engine in the distribution itself, with its own runtime: docker context use default"
)


@dataclass(frozen=True, slots=True)
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
    if not host.genuine:
        reason = f"the host is not a genuine WSL2 host: the verdict is {host.verdict!r}"
        remedy = "build in a WSL2 distribution; kshare doctor shows the evidence"
        refusals.append(Refusal(reason, remedy))
    if not source.commit:
        remedy = "build in a git checkout of the project"
        refusals.append(Refusal("the source has no commit", remedy))
    elif source.changes:
        some = ", ".join(source.changes[:5])
        more = f" and {len(source.changes) - 5} more" if len(source.changes) > 5 else ""
        reason = f"the working tree differs from its commit: {some}{more}"
        remedy = "commit the changes, or put them away: git stash --include-untracked"
        refusals.append(Refusal(reason, remedy))
    return refusals


def unsound(report: Report, apart: str) -> list[Refusal]:
    """What a run found that refuses a publication.

    Args:
        report: The run.
        apart: Why the engine does not share the host's kernel; empty where it does.
    """
    refusals = [Refusal(apart, _SHARE)] if apart else []
    refusals += [Refusal(str(p), "mend it as the message says") for p in report.problems]
    if report.fatal:
        refusals.append(Refusal(report.fatal, "kshare doctor says what the engine lacks"))
    failures = (failure for item in report.once for failure in item.failures)
    refusals += [Refusal(str(f), f"kshare check {f.file}") for f in failures]
    for name in sorted(_stand_ins(report)):
        reason = f"the image {name} is not the registry's: it is made of a stand-in"
        refusals.append(Refusal(reason, f"docker pull {report.project.images[name].reference}"))
    if not any(item.capture for item in report.once) and not refusals:
        refusals.append(Refusal("no example ran", "see kshare check for the reasons"))
    return refusals


def _stand_ins(report: Report) -> set[str]:
    captures = (item.capture for item in report.ran if item.capture)
    uses = (use for capture in captures for use in capture.images if use.stand_in)
    # An image that is built here is as good as the one it stands on.
    return {report.project.images[use.name].base or use.name for use in uses}


def _git(root: Path, *arguments: str) -> str:
    """What git prints; empty where it is missing, fails or takes too long."""
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
