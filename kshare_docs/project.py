"""A project: its pages' examples, its images and its reviewed host commands, checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .article import Entry, read_entries, undecided
from .container import Container, RefusedError, parse_run
from .example import Example, Problem, View
from .images import FILE as IMAGES_FILE
from .images import Image, read_images, unknown_image
from .markdown import Vocabulary, read_pages
from .needs import NEEDS
from .script import faults as script_faults
from .sets import CaptureSet, read_sets
from .shell import ALLOW_LIST, read_allowed

VIEWS = Path("docs") / "views"
VIEW = ".html.j2"


@dataclass(frozen=True, slots=True)
class Planned:
    """An example that may run: for each step its container, or None for the host's shell.

    Attributes:
        example: The example, as its first language has it.
        containers: One entry a step.
        images: Names of all images that it uses.
        needs: What it needs of the host, also what its steps imply.
    """

    example: Example
    containers: tuple[Container | None, ...]
    images: frozenset[str]
    needs: tuple[str, ...]

    @property
    def resources(self) -> list[str]:
        """Names on the engine that no other example may hold meanwhile, in a fixed order."""
        held = (container.resources for container in self.containers if container)
        return sorted(frozenset().union(*held))


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that is written down, and all that is wrong with it."""

    root: Path
    examples: tuple[Example, ...]
    plans: Mapping[str, Planned]
    images: Mapping[str, Image]
    problems: tuple[Problem, ...]
    views: tuple[View, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    sets: tuple[CaptureSet, ...] = ()


def find_root(start: Path) -> Path | None:
    """The project's folder: the nearest one upwards that holds `images.toml`."""
    return next((p for p in (start, *start.parents) if (p / IMAGES_FILE).is_file()), None)


def read_project(root: Path) -> Project:
    """Read and check everything; what is wrong with one example does not stop the others."""
    images, problems = read_images(root)
    allowed = read_allowed(root)
    entries, faults = read_entries(root)
    problems += faults
    words = Vocabulary(tuple(NEEDS), tuple(entries), view_names(root))
    contents = read_pages(root, words=words)
    problems += contents.problems
    problems += undecided(root, entries, contents.examples)
    sets, faults = read_sets(root)
    problems += faults
    plans: dict[str, Planned] = {}
    refused: set[str] = set()
    for example in contents.examples:
        if example.id in plans or example.id in refused:
            continue
        plan, faults = _plan(example, images, allowed)
        if faults:
            refused.add(example.id)
            problems += faults
        else:
            plans[example.id] = plan
    return Project(
        root,
        examples=tuple(example for example in contents.examples if example.id in plans),
        views=tuple(contents.views),
        plans=plans,
        images=images,
        entries=entries,
        sets=tuple(sets),
        problems=tuple(sorted(problems)),
    )


def with_rounds(project: Project, least: int) -> Project:
    """The project with every example repeated at least so often."""

    def often(example: Example) -> Example:
        options = replace(example.options, repeat=max(least, example.options.repeat))
        return replace(example, options=options)

    return replace(
        project,
        examples=tuple(often(example) for example in project.examples),
        plans={n: replace(p, example=often(p.example)) for n, p in project.plans.items()},
    )


def view_names(root: Path) -> tuple[str, ...]:
    """The names of the project's views: their templates, without the ending."""
    return tuple(sorted(p.name.removesuffix(VIEW) for p in (root / VIEWS).glob(f"*{VIEW}")))


def _plan(
    example: Example, images: Mapping[str, Image], allowed: frozenset[str]
) -> tuple[Planned, list[Problem]]:
    containers: list[Container | None] = []
    problems: list[Problem] = []
    used: set[str] = set()
    needs = list(example.options.needs)
    for step in example.steps:
        container = None
        try:
            container = parse_run(step.command)
        except RefusedError as error:
            problems.append(example.problem(str(error), step.line))
            containers.append(None)
            continue
        containers.append(container)
        if container is None:
            if step.command not in allowed:
                problems.append(example.problem(_unlisted(step.command), step.line))
            if re.search(r"\bdocker\b", step.command):
                needs.append("docker-cli")
                used |= images.keys() & set(re.findall(r"[\w.-]+", step.command))
        elif container.host_reach and step.command not in allowed:
            what = f"{', '.join(container.host_reach)} reaches beyond the container"
            way = f"leave it out, or have the exact line reviewed into {ALLOW_LIST}"
            problems.append(example.problem(f"{what}: {way}", step.line))
        elif container.image not in images:
            problems.append(example.problem(unknown_image(container.image, images), step.line))
        else:
            used.add(container.image)
    if example.options.script:
        problems += [example.problem(what, line) for line, what in script_faults(example, images)]
    plan = Planned(example, tuple(containers), frozenset(used), tuple(dict.fromkeys(needs)))
    return plan, problems


def _unlisted(command: str) -> str:
    kind = "is not a plain `docker run`, so it" if command.startswith("docker run") else "it"
    return (
        f"{command!r}: {kind} would run on the host, where only the lines of {ALLOW_LIST} may:"
        " add the exact line there, for the review of this change to see"
    )
