"""A project: everything that is written down, as values, and all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from .container import Container
from .example import Example, View
from .problem import Problem


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One entry of `images.toml`.

    Attributes:
        tag: Reference with tag in its registry; empty for an image that is built here.
        digest: Digest that the tag had when it was pinned.
        stand_in: Recipe that prints a root file system as tar, for when no registry answers.
        command: Command of the stand-in, as the registry's image has it.
        build: Folder with a Dockerfile, for an image that is built here.
        base: Name of the image that the Dockerfile stands on.
    """

    tag: str = ""
    digest: str = ""
    stand_in: str = ""
    command: tuple[str, ...] = ("sh",)
    build: str = ""
    base: str = ""

    @property
    def reference(self) -> str:
        """The pinned reference: tag and digest."""
        return f"{self.tag}@{self.digest}"

    @property
    def local(self) -> str:
        """The pinned reference as the engine knows it once pulled: digest without tag."""
        return f"{self.tag.rpartition(':')[0]}@{self.digest}"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim of the article that the site restructures, by language.

    Attributes:
        section: Where the article makes it; where this site adds it, that is said.
        claim: What it says, in short and in our words.
        ours: It is not in the article: this site adds it.
    """

    section: dict[str, str]
    claim: dict[str, str]
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Runnable:
    """An example that may run: for each step its container, or None for the host's shell.

    Attributes:
        example: The example, as its first language has it.
        containers: One entry a step.
        images: Names of all images that it uses.
        needs: What it needs of the host, also what its steps imply.
        settled: Nothing that others may change meanwhile is read: a result of it may be reused.
        counter_runs: The same with one step replaced, one for each of its variants.
    """

    example: Example
    containers: tuple[Container | None, ...]
    images: frozenset[str]
    needs: tuple[str, ...]
    settled: bool = True
    counter_runs: tuple[Runnable, ...] = ()

    @property
    def resources(self) -> list[str]:
        """Names on the engine that no other example may hold meanwhile, in a fixed order."""
        held = (container.resources for container in self.containers if container)
        commands = " ".join(step.command for step in self.example.steps)
        named = {f"container {name}" for name in re.findall(r"--name[ =](\S+)", commands)}
        return sorted(named.union(*held))

    def repeated(self, least: int) -> Runnable:
        """The same, its steps run at least so often, in counter-runs too."""
        options = self.example.options
        more = replace(options, repeat=max(least, options.repeat))
        return replace(
            self,
            example=replace(self.example, options=more),
            counter_runs=tuple(run.repeated(least) for run in self.counter_runs),
        )


@dataclass(frozen=True, slots=True)
class Project:
    """What pages and lists say.

    Attributes:
        root: Its folder.
        examples: Those that may run, as each page has them.
        runnables: The same by id, once for all languages.
        images: The entries of `images.toml`.
        problems: All that is wrong.
        pages: Paths of all pages, relative to the root.
        views: Places that are filled in from a run.
        entries: The article's claims; empty in a project without `docs/claims.toml`.
        places: The pages on which each id stands, also those of examples that may not run.
    """

    root: Path
    examples: tuple[Example, ...]
    runnables: Mapping[str, Runnable]
    images: Mapping[str, Image]
    problems: tuple[Problem, ...]
    pages: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of_pages(self, pages: Iterable[str]) -> Project:
        """The project with these pages only, and what is wrong with them or beside all pages."""
        chosen = set(pages)
        examples = tuple(e for e in self.examples if e.page in chosen)
        ids = {e.id for e in examples}
        kept = (p for p in self.problems if self.concerns(p, chosen))
        return replace(
            self,
            examples=examples,
            runnables={name: item for name, item in self.runnables.items() if name in ids},
            problems=tuple(kept),
        )

    def concerns(self, problem: Problem, pages: AbstractSet[str]) -> bool:
        """Whether a problem is one of these pages, by what stands on them, or beside all pages.

        A problem of an example is one of every page on which it stands.
        """
        if problem.file in pages or problem.file not in self.pages:
            return True
        return not pages.isdisjoint(self.places.get(problem.id, ()))
