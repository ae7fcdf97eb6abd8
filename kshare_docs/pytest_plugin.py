"""The pytest plugin: every example of `docs/` is a test item named by its id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .data.capture import visible
from .data.example import Example
from .data.needs import why_skipped
from .data.problem import Problem
from .data.project import Project
from .data.report import Report, Status

PROJECTS = pytest.StashKey[dict[Path, Project]]()
TOLD = pytest.StashKey[dict[Path, str]]()
"""Of each project, the page that also tells what is wrong beside the pages."""

REPORTS = pytest.StashKey[dict[Path, Report]]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Page | None:
    """Collect the pages of a project, and no other Markdown file."""
    if "docs" not in file_path.parts:
        return None
    # Here and not above: other people's test runs in this environment need not wait for them.
    from mkdocs.utils import is_markdown_file  # noqa: PLC0415

    from .pages.project import find_root  # noqa: PLC0415

    if not is_markdown_file(file_path.name):
        return None
    root = find_root(file_path.parent)
    if root is None or not file_path.is_relative_to(root / "docs"):
        return None
    page: Page = Page.from_parent(parent, path=file_path)
    page.root = root
    return page


class Page(pytest.File):
    """A page: an item for each example, and one for each thing that is wrong with it."""

    root: Path

    def collect(self) -> Iterator[pytest.Item]:
        """The page's items, in the order of the page."""
        from .pages.project import read_project  # noqa: PLC0415

        projects = self.config.stash.setdefault(PROJECTS, {})
        project = projects.get(self.root) or projects.setdefault(self.root, read_project(self.root))
        page = self.path.relative_to(self.root).as_posix()
        told = self.config.stash.setdefault(TOLD, {}).setdefault(self.root, page)
        for problem in project.problems:
            if problem.file == page:
                name = problem.id or f"line-{problem.line}"
                yield Refused.from_parent(self, name=name, problem=problem)
            elif told == page and problem.file not in project.pages:
                name = f"{problem.file}:{problem.line}"
                yield Refused.from_parent(self, name=name, problem=problem)
        for example in project.examples:
            if example.page == page:
                yield Item.from_parent(self, name=example.id, example=example, project=project)


class Refused(pytest.Item):
    """Something that was wrong before anything ran."""

    def __init__(self, *, problem: Problem, **rest: Any) -> None:
        super().__init__(**rest)
        self.problem = problem

    def runtest(self) -> None:
        """Fail with the message."""
        pytest.fail(visible(str(self.problem)), pytrace=False)


class Item(pytest.Item):
    """One example; all that were selected run together, in a pool, with the first."""

    def __init__(self, *, example: Example, project: Project, **rest: Any) -> None:
        super().__init__(**rest)
        self.example = example
        self.project = project
        self.add_marker("live")

    def runtest(self) -> None:
        """Fail or skip as the example did."""
        report = self._report()
        judged = report.judged.get((self.example.lang, self.example.id))
        if judged is None:
            pytest.fail(visible(report.fatal or "it did not run"), pytrace=False)
        if judged.status is Status.SKIPPED:
            pytest.skip(why_skipped(judged.missing))
        if judged.status is Status.FAILED:
            pytest.fail(visible("\n".join(map(str, judged.failures))), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The page and the fence's line."""
        return self.path, self.example.line - 1, self.example.id

    def _report(self) -> Report:
        # Pages are collected without a Docker SDK.
        from .run.runner import run  # noqa: PLC0415

        reports = self.config.stash.setdefault(REPORTS, {})
        root = self.project.root
        if root not in reports:
            items = (item for item in self.session.items if isinstance(item, Item))
            chosen = {item.example.id for item in items if item.project is self.project}
            reports[root] = run(self.project, only=chosen)
        return reports[root]
