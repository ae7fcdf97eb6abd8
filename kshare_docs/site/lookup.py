"""The look-up: where pages find their examples and views while they render."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from markupsafe import Markup

from ..data.capture import visible
from ..data.example import View
from ..data.problem import Problem
from ..data.report import Judged, Report, Status
from ..history.capture_set import read_sets
from ..history.kernels import Kernels, judge_sets
from ..pages.fences import Block
from ..pages.project import read_project
from ..run.runner import run
from .figure import render_figure, render_refusal
from .markup import foreign_markup, foreign_meta

LOGGER = "mkdocs.plugins.kshare_docs"
"""Below MkDocs' own logger, so that its strict mode counts what is reported here."""

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

    def __deepcopy__(self, memo: dict[int, object]) -> Lookup:
        """Site builders copy their configuration; all pages still look up in one place."""
        return self

    @property
    def unused(self) -> list[Problem]:
        """Examples that were run, and that no page asked for."""
        examples = self.report.project.examples
        missed = (e for e in examples if (e.lang, e.id) not in self.found)
        return sorted(example.problem("was run, but no page shows it") for example in missed)

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
        judged = self._known(block, lang)
        if judged is None:
            self._run(page)
            judged = self._known(block, lang)
        if judged is None:
            return self._refused(options.get("id", ""), source, lang, page)
        example = judged.example
        self.found.add((example.lang, example.id))
        if judged.status is Status.FAILED:
            _log.error("%s:%d: %s failed", example.page, example.line, example.id)
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
        view = self._view(name, lang)
        if view is None or not self.report.judged:
            self._run(page)
            view = self._view(name, lang)
        if view is None:
            return self._refused(name, "", lang, page)
        try:
            return self.render_view(self.root, view, self.report, self.kernels, flat)
        except ViewError as error:
            problem = Problem(view.page, view.line, "", f"view {name}: {error}")
            return self._report(problem, name, "", lang)

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
        return self._report(Problem(page, 0, "", what), "", "", "")

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

    def _run(self, page: str) -> None:
        if self.final:
            return
        self.pages |= {page} - {""}
        sets, problems = read_sets(self.root)
        self.report = run(read_project(self.root, also=self.pages))
        self.kernels = judge_sets(sets, self.report.project.examples)
        for problem in (*self.report.problems, *problems):
            _log.error("%s", visible(str(problem)))
        if self.report.fatal:
            _log.error("%s", self.report.fatal)

    def _refused(self, identifier: str, source: str, lang: str, page: str) -> Markup:
        """What stands in the place of a block that no example is known for."""
        known = self.report.problems
        mine = [p for p in known if p.id == identifier] or known
        if mine:
            # The run's report has them already.
            message = "; ".join(p.message if p.id == identifier else str(p) for p in mine)
            _log.error("example %s: %s", identifier or "without id", visible(message))
            return render_refusal(identifier, message, source, lang)
        if self.report.fatal:
            return render_refusal(identifier, self.report.fatal, source, lang)
        what = "it was not collected: write it into the page itself"
        return self._report(Problem(page, 0, identifier, what), identifier, source, lang)

    def _report(self, problem: Problem, identifier: str, source: str, lang: str) -> Markup:
        self.problems.append(problem)
        _log.error("%s", visible(str(problem)))
        return render_refusal(identifier, problem.message, source, lang)
