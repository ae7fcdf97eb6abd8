"""A project: its pages and the lists beside them, read and checked as a whole."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..data.container import Container, RefusedError
from ..data.example import Example
from ..data.needs import REMEDIES
from ..data.problem import Problem, odd_character
from ..data.project import Entry, Image, Project, Runnable
from . import catalogues
from .blocks import Vocabulary
from .catalogues import ALLOW_LIST, ENTRIES_FILE, IMAGES_FILE
from .contents import read_pages
from .docker_run import parse_run
from .shell_script import script_faults

_LIMITS = frozenset({"CpuQuota", "Memory", "NanoCpus", "PidsLimit"})
"""What of the Engine API's `HostConfig` limits a container."""


def find_root(start: Path) -> Path | None:
    """The project's folder: the nearest one upwards that holds `images.toml`."""
    folders = (start, *start.parents)
    return next((p for p in folders if os.path.isfile(p / IMAGES_FILE)), None)  # noqa: PTH113


def read_project(root: Path, *, also: Collection[str] = ()) -> Project:
    """Read and check everything; what is wrong with one example does not stop the others.

    Args:
        root: The project's folder.
        also: Pages that are read though MkDocs' configuration leaves them out, as drafts are.
    """
    images, problems = catalogues.read_images(root)
    try:
        allowed, settled = catalogues.read_allowed(root), catalogues.read_settled(root)
    except (OSError, UnicodeDecodeError) as error:
        allowed = settled = frozenset()
        problems.append(Problem(ALLOW_LIST, 0, "", f"cannot be read as UTF-8 text: {error}"))
    entries, faults = catalogues.read_entries(root)
    problems += faults
    words = Vocabulary(REMEDIES, entries, catalogues.view_names(root))
    contents = read_pages(root, words=words, also=also)
    problems += contents.problems
    problems += _undecided(root, entries, contents.examples)
    once: dict[str, Example] = {}
    for example in contents.examples:
        once.setdefault(example.id, example)
    runnables: dict[str, Runnable] = {}
    for example in once.values():
        runnable, faults = _runnable(example, images, allowed, settled)
        counter_runs = []
        for counter_run, variant in zip(example.counter_runs, example.variants, strict=True):
            counter, more = _runnable(counter_run, images, allowed, settled)
            faults += [fault for fault in more if fault.line == variant.step.line]
            counter_runs.append(counter)
        problems += faults
        if not faults:
            runnables[example.id] = replace(runnable, counter_runs=tuple(counter_runs))
    return Project(
        root,
        examples=tuple(example for example in contents.examples if example.id in runnables),
        views=tuple(contents.views),
        runnables=runnables,
        images=images,
        entries=entries,
        problems=tuple(sorted(problems)),
        pages=tuple(contents.pages),
    )


def _undecided(
    root: Path, entries: Mapping[str, Entry], examples: Iterable[Example]
) -> list[Problem]:
    """The article's claims that no example decides: the ledger could say nothing of them."""
    claims = (claim for example in examples for claim in example.claims)
    decided = {bearing.entry for claim in claims for bearing in claim.bearings}
    return [
        Problem(
            ENTRIES_FILE,
            catalogues.table_line(root / ENTRIES_FILE, name),
            "",
            f"no example decides the article's claim {name}: begin the meaning of a claim that"
            f" does with [{name}], [{name}: corrected] or [{name}: refuted]",
        )
        for name in entries
        if name not in decided
    ]


def _runnable(
    example: Example,
    images: Mapping[str, Image],
    allowed: frozenset[str],
    settled: frozenset[str],
) -> tuple[Runnable, list[Problem]]:
    """What an example runs; it is complete only when no problem comes with it."""
    containers: list[Container | None] = []
    problems: list[Problem] = []
    used: set[str] = set()
    needs = list(example.options.needs)
    for step in example.steps:
        try:
            container = parse_run(step.source)
            if container and container.host_reach:
                container = parse_run(step.command)  # as it was reviewed
            fault = _refusal(step.command, container, images, allowed)
        except RefusedError as error:
            container, fault = None, str(error)
        containers.append(container)
        if fault:
            problems.append(example.problem(fault, step.line))
        if container:
            used.add(container.image)
            asked = container.body.get("HostConfig", {})
            runtime = asked.get("Runtime", "")
            needs += [runtime] if runtime in REMEDIES else []
            needs += [] if _LIMITS.isdisjoint(asked) else ["limits"]
        elif re.search(r"\bdocker\b", step.command):
            needs.append("docker-cli")
            used |= images.keys() & set(re.findall(r"[\w.-]+", step.command))
    needs = list(dict.fromkeys(needs))
    reach = (
        step.command
        for step, container in zip(example.steps, containers, strict=True)
        if container is None or container.host_reach
    )
    runnable = Runnable(
        example, tuple(containers), frozenset(used), tuple(needs), settled.issuperset(reach)
    )
    if example.options.script:
        told = {problem.line for problem in problems}
        problems += [fault for fault in script_faults(runnable, images) if fault.line not in told]
    return runnable, problems


def _refusal(
    command: str, container: Container | None, images: Mapping[str, Image], allowed: frozenset[str]
) -> str:
    """Why a step is not run; empty where it is."""
    if container is None and command not in allowed:
        plain = "is not a plain `docker run`, so it" if command.startswith("docker run") else "it"
        return (
            f"{command!r}{odd_character(command)}: {plain} would run on the host, where only the"
            f" lines of {ALLOW_LIST}"
            " may: add the exact line there, for the review of this change to see"
        )
    if container and container.host_reach and command not in allowed:
        return (
            f"{', '.join(container.host_reach)} reaches beyond the container: leave it out, or"
            f" have the exact line reviewed into {ALLOW_LIST}"
        )
    if container and container.image not in images:
        return catalogues.unknown_image(container.image, images)
    return ""
