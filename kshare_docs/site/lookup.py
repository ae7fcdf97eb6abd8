"""The look-up: where pages find their examples and views while they render."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from markupsafe import Markup

from ..data.capture import visible
from ..data.example import View
from ..data.problem import Kind, Problem
from ..data.project import Project
from ..data.report import Judged, Report, Status
from ..history.capture_set import read_sets
from ..history.kernels import Kernels, judge_sets
from ..pages.fences import Block
from ..pages.project import project_files, read_project
from ..run.runner import run
from .figure import render_figure, render_refusal
from .markup import foreign_markup, foreign_meta

LOGGER = "mkdocs.plugins.kshare_docs"
"""Below MkDocs' own logger, so that its strict mode counts what is reported here."""

AGAIN_SECONDS = 5.0
"""How long an engine that did not answer is not asked again."""

_log = logging.getLogger(LOGGER)

RenderView: TypeAlias = Callable[[Path, View, Report, Kernels, bool], Markup]
"""Fills a view in, or raises ViewError; the last says whether pages are files: see `link`."""


class ViewError(Exception):
    """A view cannot be filled in; the message says why."""


@dataclass(slots=True)
class Lookup:
    """Judged examples of a project; what it does not know yet, it runs.

    Attributes:
        root: The project's folder.
        render_view: What fills views in.
        report: The newest run's report; one without examples before the first run.
        kernels: The stored sets with their examples, judged once for that run's pages.
        final: Nothing more is run: the report is of these very pages.
        publication: The site passed the gate.
        found: Language and id of every example that a page asked for.
        pages: Those that asked, drafts among them.
        problems: What went wrong while pages rendered, and stands in no report.
        broken: What a builder must fail for, by the place where it stands.
    """

    root: Path
    render_view: RenderView
    report: Report
    kernels: Kernels = field(default_factory=Kernels)
    final: bool = False
    publication: bool = False
    found: set[tuple[str, str]] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    broken: dict[tuple[str, str], str] = field(default_factory=dict)
    _stamp: object = None
    _told: set[str] = field(default_factory=set)
    _tried: float = -AGAIN_SECONDS
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def __deepcopy__(self, memo: dict[int, object]) -> Lookup:
        """Site builders copy their configuration; all pages still look up in one place."""
        return self

    @property
    def sound(self) -> bool:
        """Nothing is wrong with the project, and nothing that a page asked for has failed."""
        return not self.broken and not self.report.problems and not self.report.fatal

    @property
    def unused(self) -> list[Problem]:
        """Examples that were run, and that no page asked for."""
        examples = self.report.project.examples
        missed = (e for e in examples if (e.lang, e.id) not in self.found)
        what, kind = "was run, but no page shows it", Kind.UNCOLLECTED
        return sorted(example.problem(what, kind=kind) for example in missed)

    def begin(self, page: str) -> None:
        """Forget what went wrong when the page was rendered before."""
        if page:
            self.broken = {place: what for place, what in self.broken.items() if place[0] != page}

    def freshen(self) -> None:
        """Read the project, again where one of its files has changed; say what is wrong with it.

        What did not change keeps its verdict.
        """
        with self._lock:
            stamp = None if self.final else _stamp(self.root)
            if stamp != self._stamp:
                self._stamp = stamp
                self._told.clear()
                self._read()

    def figure(
        self, source: str, options: dict[str, str], lang: str, page: str = "", *, flat: bool = False
    ) -> Markup:
        """The figure of a block: its id and its lines say which example it is.

        Args:
            source: The block's lines.
            options: Its header's options; `id` among them.
            lang: Language of the page; empty where that is not known.
            page: Path of the page, for messages; empty where that is not known.
            flat: Pages are files: see `link`.
        """
        block = Block(0, options, tuple(source.split("\n")))
        with self._lock:
            judged = self._known(block, lang)
            if judged is None:
                self._run(page)
                judged = self._known(block, lang)
            if judged is None:
                return self._refused(options.get("id", ""), source, lang, page)
        example = judged.example
        self.found.add((example.lang, example.id))
        self.broken.pop((page, example.id), None)
        if judged.status is Status.FAILED:
            self.broken[page, example.id] = "failed"
            for failure in judged.failures:
                _log.error("%s", visible(failure.describe(self.root)))
        ledger = self._view("ledger", example.lang)
        claims_page = ledger.page if ledger else ""
        stored = self.kernels.records(example)
        return render_figure(judged, example.lang, claims_page, stored, flat=flat)

    def view(self, name: str, lang: str, page: str = "", *, flat: bool = False) -> Markup:
        """A view, filled in from the newest run.

        Args:
            name: Its name.
            lang: Language of the page; empty where that is not known.
            page: Path of the page, for messages; empty where that is not known.
            flat: Pages are files: see `link`.
        """
        with self._lock:
            self._run(page)
            view = self._view(name, lang)
            if view is None:
                return self._refused(name, "", lang, page)
        try:
            html = self.render_view(self.root, view, self.report, self.kernels, flat)
        except ViewError as error:
            what = f"view {name}: {error}"
            problem = Problem(view.page, view.line, "", what, Kind.FILLING, name)
            return self._report(problem, name, "", lang, page)
        self.broken.pop((page, name), None)
        return html

    def fault(self, error: Exception, lang: str, page: str) -> Markup:
        """What stands in the place of a block whose rendering raised, which is our own mistake."""
        what = f"kshare itself failed: {type(error).__name__}: {error}"
        _log.debug("%s", what, exc_info=error)
        return self._report(Problem(page, 0, "", what, Kind.OWN), "", "", lang, page)

    def refuse(self, what: str, lang: str, page: str) -> Markup:
        """What stands in the place of a page that the site's configuration cannot render."""
        return self._report(Problem(page, 0, "", what, Kind.CONFIGURATION), "", "", lang, page)

    def refuse_foreign(self, rest: str, meta: dict[str, Any], page: str) -> Markup | None:
        """What stands in the place of a page that has markup of ours, or scripts; else None.

        Args:
            rest: Its content, without what was made of its blocks.
            meta: Its front matter; what is wrong there is emptied.
            page: Its path, for the message.
        """
        found = foreign_markup(rest)
        if what := foreign_meta(meta):
            found = what
            meta.clear()
        if not found:
            return None
        what = f"{found}: pages are text; only kshare's own figures may say what was run"
        return self._report(Problem(page, 0, "", what, Kind.FOREIGN), "", "", "", page)

    def refuse_missed(self, page: str, shown: set[str], lang: str) -> Markup:
        """What is added to a page that does not show all of its examples; else nothing.

        A builder may swallow what its extensions raise, and show a block as it is written.
        """
        if self.final or not page:
            return Markup()
        missed = [e for e in self.report.project.examples if e.page == page and e.id not in shown]
        what = "is not shown by the site builder: see its own messages"
        problems = [example.problem(what, kind=Kind.UNCOLLECTED) for example in missed]
        return Markup().join(self._report(p, p.id, "", lang, page) for p in problems)

    def _view(self, name: str, lang: str) -> View | None:
        """Where a view stands; None where no page has it."""
        views = self.report.project.views
        return next((v for v in views if v.name == name and lang in ("", v.lang)), None)

    def _known(self, block: Block, lang: str) -> Judged | None:
        """The judged example if it is still what the page says."""
        identifier = block.options.get("id", "")
        for (language, name), judged in self.report.judged.items():
            same = name == identifier and lang in ("", language)
            if same and judged.example.source == block.source:
                return judged
        return None

    def _read(self) -> None:
        before = self.report
        sets, damaged = read_sets(self.root)
        project = read_project(self.root, also=self.pages)
        problems = tuple(sorted((*project.problems, *damaged)))
        project = replace(project, problems=problems)
        kept = {
            key: judged.on_page_of(example)
            for example in project.examples
            if (judged := before.judged.get(key := (example.lang, example.id)))
            and judged.example.source == example.source
            and _runs_alike(before.project, project, example.id)
        }
        self.report = replace(before, project=project, judged=kept, fatal="")
        self.kernels = judge_sets(sets, project.examples)
        self._tried = -AGAIN_SECONDS
        for problem in problems:
            self._say(problem.describe(self.root))

    def _run(self, page: str) -> None:
        """Run what has no verdict yet, and was not tried a moment ago."""
        if self.final:
            return
        self.freshen()
        if page and page not in {*self.pages, *self.report.project.pages}:
            self.pages.add(page)  # a draft
            self._read()
        project, known = self.report.project, {name for _, name in self.report.judged}
        waiting = project.runnables.keys() - known
        if not waiting or time.monotonic() - self._tried < AGAIN_SECONDS:
            return
        report = run(project, only=waiting)
        self._tried = time.monotonic()
        self.report = replace(report, judged={**self.report.judged, **report.judged})
        if report.fatal:
            self._say(report.fatal)

    def _say(self, message: str) -> None:
        """Report to the builder, once for each state of the project's files."""
        if message not in self._told:
            self._told.add(message)
            _log.error("%s", visible(message))

    def _refused(self, identifier: str, source: str, lang: str, page: str) -> Markup:
        """What stands in the place of a block that no example is known for."""
        known = self.report.problems
        mine = [p for p in known if p.id == identifier and page in ("", p.file)]
        mine = mine or [p for p in known if p.id == identifier] or list(known)
        if mine:
            # The run's report has them already.
            message = "; ".join(p.message if p.id == identifier else str(p) for p in mine)
            _log.error("example %s: %s", identifier or "without id", visible(message))
            self.broken[page, identifier] = message
            return render_refusal(identifier, message, source, lang)
        if self.report.fatal:
            return render_refusal(identifier, self.report.fatal, source, lang)
        what = "it was not collected: write it into the page itself"
        problem = Problem(page, 0, identifier, what, Kind.UNCOLLECTED)
        return self._report(problem, identifier, source, lang, page)

    def _report(
        self, problem: Problem, identifier: str, source: str, lang: str, page: str
    ) -> Markup:
        self.problems.append(problem)
        self.broken[page, identifier] = problem.message
        _log.error("%s", visible(problem.describe(self.root)))
        return render_refusal(identifier, problem.message, source, lang)


def _runs_alike(before: Project, after: Project, identifier: str) -> bool:
    """Whether an example runs as it did, wherever on its page it stands now."""
    one, other = before.runnables.get(identifier), after.runnables.get(identifier)
    if one is None or other is None or before.images != after.images:
        return False
    return (one.containers, one.images, one.needs, one.settled) == (
        other.containers,
        other.images,
        other.needs,
        other.settled,
    )


def _stamp(root: Path) -> object:
    """What tells whether anything changed that pages depend on."""
    places = project_files(root)
    inside = (
        Path(top, name) for place in places for top, _, names in os.walk(place) for name in names
    )
    files = {path for path in (*places, *inside) if path.is_file()}
    states = ((path, path.stat()) for path in sorted(files))
    return [(path, state.st_mtime_ns, state.st_size) for path, state in states]
