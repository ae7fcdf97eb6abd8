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
from ..data.problem import Kind, Problem, odd_character
from ..data.project import Entry, Image, Project, Runnable
from . import catalogues
from .blocks import Vocabulary
from .catalogues import ALLOW_LIST, ENTRIES_FILE, IMAGES_FILE
from .contents import page_language, read_pages
from .docker_run import parse_run
from .shell_script import script_faults

_LIMITS = frozenset({"CpuQuota", "Memory", "NanoCpus", "PidsLimit"})
"""What of the Engine API's `HostConfig` limits a container."""


def find_root(start: Path) -> Path | None:
    """The project's folder: the nearest one upwards that holds `images.toml`."""
    folders = (start, *start.parents)
    return next((p for p in folders if os.path.isfile(p / IMAGES_FILE)), None)  # noqa: PTH113


def project_files(root: Path) -> list[Path]:
    """The files and folders of a project that decide what its pages show."""
    names = ("docs", IMAGES_FILE, ALLOW_LIST, catalogues.RECIPES, "captures")
    places = [*(root / name for name in names), *sorted(root.glob("mkdocs*.yml"))]
    return [place for place in places if place.exists()]


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
        what = f"cannot be read as UTF-8 text: {error}"
        problems.append(Problem(ALLOW_LIST, 0, "", what, Kind.CONFIGURATION))
    else:
        problems += catalogues.allow_list_faults(root)
    entries, faults = catalogues.read_entries(root)
    problems += faults
    words = Vocabulary(REMEDIES, entries, catalogues.view_names(root))
    contents = read_pages(root, words=words, also=also)
    problems += contents.problems
    languages = {page_language(page) for page in contents.pages} - {""}
    problems += catalogues.unsaid_entries(root, entries, languages)
    problems += _undecided(root, entries, contents.examples)
    runnables: dict[str, Runnable] = {}
    refused: set[str] = set()
    for example in contents.examples:
        if example.id in runnables:
            continue  # what another language has of it is the same
        runnable, faults = _with_counter_runs(example, images, allowed, settled)
        problems += faults  # said of the page of each language
        if faults:
            refused.add(example.id)
        elif example.id not in refused:
            runnables[example.id] = runnable
    places: dict[str, set[str]] = {}
    for place in contents.places:
        places.setdefault("" if place.view else place.name, set()).add(place.page)
    places.pop("", None)
    return Project(
        root,
        examples=tuple(example for example in contents.examples if example.id in runnables),
        views=tuple(contents.views),
        runnables=runnables,
        images=images,
        entries=entries,
        problems=tuple(sorted(problems)),
        pages=tuple(contents.pages),
        places={name: frozenset(pages) for name, pages in places.items()},
    )


def _with_counter_runs(
    example: Example,
    images: Mapping[str, Image],
    allowed: frozenset[str],
    settled: frozenset[str],
) -> tuple[Runnable, list[Problem]]:
    """What an example and its counter-runs run, and what keeps it from that."""
    runnable, faults = _runnable(example, images, allowed, settled)
    counter_runs = []
    for counter_run, variant in zip(example.counter_runs, example.variants, strict=True):
        counter, more = _runnable(counter_run, images, allowed, settled)
        faults += [fault for fault in more if fault.line == variant.step.line]
        counter_runs.append(counter)
    return replace(runnable, counter_runs=tuple(counter_runs)), faults


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
            Kind.UNDECIDED,
            name,
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
            container, fault = None, error
        containers.append(container)
        if fault:
            problems.append(example.problem(str(fault), step.line, fault.kind, fault.at))
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
) -> RefusedError | None:
    """Why a step is not run; None where it is."""
    if container is None and command not in allowed:
        plain = "is not a plain `docker run`, so it" if command.startswith("docker run") else "it"
        return RefusedError(
            f"{command!r}{odd_character(command)}: {plain} would run on the host, where only the"
            f" lines of {ALLOW_LIST}"
            " may: add the exact line there, for the review of this change to see"
            f"{catalogues.nearest_line(command, allowed)}",
            Kind.HOST_LINE,
        )
    if container and container.host_reach and command not in allowed:
        return RefusedError(
            f"{', '.join(container.host_reach)} reaches beyond the container: leave it out, or"
            f" have the exact line reviewed into {ALLOW_LIST}",
            Kind.REACH,
            container.host_reach[0],
        )
    if container and container.image not in images:
        what = catalogues.unknown_image(container.image, images)
        return RefusedError(what, Kind.IMAGE, container.image)
    return None
