"""The book: what pages look their examples up in while they render."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from .example import Comment, Example
from .markdown import Block, read_block
from .needs import NEEDS
from .project import read_project
from .render import figure, refusal
from .runner import FAILED, Judged, Listener, Report, run

# Below MkDocs' own logger, so that a strict build counts what is reported here.
_log = logging.getLogger("mkdocs.plugins.kshare_docs")


@dataclass(slots=True)
class Book:
    """Judged examples of a project; what it does not know yet, it runs.

    Attributes:
        root: The project's folder.
        report: The newest run's report; None before the first look-up that misses.
        listener: Hears of the progress of runs.
        final: Nothing more is run: the report is of these very pages.
        shown: Language and id of every example that a page asked for.
    """

    root: Path
    report: Report | None = None
    listener: Listener | None = None
    final: bool = False
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
        wanted, faults = read_block(block, "", lang, needs=tuple(NEEDS))
        judged = None
        if not faults:
            judged = self._known(wanted)
            if judged is None:
                self._run()
                judged = self._known(wanted)
        if judged is None:
            return self._refused(wanted.id, source, lang, [fault.message for fault in faults])
        self.shown.add((lang, wanted.id))
        if judged.status == FAILED:
            _log.error("%s:%d: %s failed", judged.example.page, judged.example.line, wanted.id)
        return figure(judged, lang)

    def _known(self, wanted: Example) -> Judged | None:
        """The judged example if it is still what the page says."""
        judged = self.report.judged.get((wanted.lang, wanted.id)) if self.report else None
        return judged if judged and _text(judged.example) == _text(wanted) else None

    def _run(self) -> None:
        if self.final:
            return
        self.report = run(read_project(self.root), listener=self.listener)
        for problem in self.report.problems:
            _log.error("%s", problem)
        if self.report.fatal:
            _log.error("%s", self.report.fatal)

    def _refused(self, identifier: str, source: str, lang: str, faults: list[str]) -> Markup:
        report = self.report
        if not faults and report:
            faults = [p.message for p in report.problems if p.id == identifier]
            faults = faults or ([report.fatal] if report.fatal else [])
        message = "; ".join(faults) or "it was not collected: write it into the page itself"
        _log.error("example %s: %s", identifier or "without id", message)
        return refusal(identifier, message, source, lang)


def _text(example: Example) -> tuple[object, ...]:
    """What the page says of an example, without its place."""
    parts = tuple(
        part.text if isinstance(part, Comment) else (part.source, part.hidden)
        for part in example.parts
    )
    claims = tuple((claim.expression, claim.text) for claim in example.claims)
    return parts, claims, example.options
