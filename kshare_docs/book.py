"""The book: what pages look their examples and views up in while they render."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from .fence import Block
from .kernels import shown, stored
from .project import read_project
from .render import figure, refusal
from .runner import FAILED, Judged, Listener, Report, run
from .view import ViewError, render_view

# Below MkDocs' own logger, so that a strict build counts what is reported here.
_log = logging.getLogger("mkdocs.plugins.kshare_docs")


@dataclass(slots=True)
class Book:
    """Judged examples of a project; what it does not know yet, it runs.

    Attributes:
        root: The project's folder.
        report: The newest run's report; None before the first look-up that misses.
        listener: Hears of the progress of runs.
        publication: Only captures of genuine WSL2 hosts may be shown.
        final: Nothing more is run: the report is of these very pages.
        shown: Language and id of every example that a page asked for.
    """

    root: Path
    report: Report | None = None
    listener: Listener | None = None
    final: bool = False
    publication: bool = False
    shown: set[tuple[str, str]] = field(default_factory=set)

    def __deepcopy__(self, memo: dict[int, object]) -> Book:
        """Site builders copy their configuration; all pages still look into one book."""
        return self

    def figure(self, source: str, options: dict[str, str], lang: str) -> Markup:
        """The figure of a block: its id and its lines say which example it is.

        Args:
            source: The block's lines.
            options: Its header's options; `id` among them.
            lang: Language of the page.
        """
        block = Block(0, options, tuple(source.split("\n")))
        judged = self._known(block, lang)
        if judged is None:
            self._run()
            judged = self._known(block, lang)
        identifier = options.get("id", "")
        if judged is None:
            return self._refused(identifier, source, lang)
        self.shown.add((lang, identifier))
        if judged.status == FAILED:
            _log.error("%s:%d: %s failed", judged.example.page, judged.example.line, identifier)
        sets = self.report.project.sets if self.report else ()
        records = stored(judged.example, shown(sets, publication=self.publication))
        return figure(judged, lang, self._page("ledger", lang), records)

    def view(self, name: str, lang: str) -> Markup:
        """A view, filled in from the newest run.

        Args:
            name: Its name.
            lang: Language of the page.
        """
        if self.report is None:
            self._run()
        views = self.report.project.views if self.report else ()
        view = next((v for v in views if (v.name, v.lang) == (name, lang)), None)
        if view is None or self.report is None:
            return self._refused(name, "", lang)
        try:
            return render_view(self.root, view, self.report, publication=self.publication)
        except ViewError as error:
            message = f"{view.page}:{view.line}: view {name}: {error}"
            _log.error("%s", message)
            return refusal(name, message, "", lang)

    def _page(self, view: str, lang: str) -> str:
        """The page on which a view stands; empty where none does."""
        views = self.report.project.views if self.report else ()
        return next((v.page for v in views if (v.name, v.lang) == (view, lang)), "")

    def _known(self, block: Block, lang: str) -> Judged | None:
        """The judged example if it is still what the page says."""
        key = (lang, block.options.get("id", ""))
        judged = self.report.judged.get(key) if self.report else None
        return judged if judged and judged.example.source == block.source else None

    def _run(self) -> None:
        if self.final:
            return
        self.report = run(read_project(self.root), listener=self.listener)
        for problem in self.report.problems:
            _log.error("%s", problem)
        if self.report.fatal:
            _log.error("%s", self.report.fatal)

    def _refused(self, identifier: str, source: str, lang: str) -> Markup:
        report = self.report
        faults: list[str] = []
        if report:
            faults = [p.message for p in report.problems if p.id == identifier]
            faults = faults or [str(p) for p in report.problems]
            faults = faults or ([report.fatal] if report.fatal else [])
        message = "; ".join(faults) or "it was not collected: write it into the page itself"
        _log.error("example %s: %s", identifier or "without id", message)
        return refusal(identifier, message, source, lang)
