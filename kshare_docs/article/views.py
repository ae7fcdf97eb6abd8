"""Views: templates of the project, filled in from a run's verdicts."""

from __future__ import annotations

import contextlib
import json
import re
import resource
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from jinja2 import TemplateSyntaxError
from markupsafe import Markup

from ..data.capture import Result, visible
from ..data.escapes import plain
from ..data.example import View
from ..data.report import Judged, Report, Status
from ..history.capture_set import CaptureSet
from ..history.kernels import KernelRow, Kernels
from ..pages.catalogues import VIEW, VIEWS
from ..site.figure import link, why_missing
from ..site.lookup import ViewError
from ..site.markup import foreign_markup
from ..site.templates import load_template
from ..words import load_words
from .ledger import LedgerRow, ledger_rows
from .measurements import Sample, Scale, significant
from .reference import TOPICS, Topic, topic
from .verify_script import SCRIPT, script_files

VIEW_SECONDS = 10
VIEW_MEMORY = 512 * 1024**2
"""What a view may take: seconds, and bytes beside what the process has already."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a view's template may ask of a run, as `run`.

    Attributes:
        _report: The run. What begins with an underscore, templates do not reach.
        _view: The view, whose page links start from.
        _stored: The sets of other runs that may be shown, with the examples on each.
        _flat: Pages are files: see `link`.
    """

    _report: Report
    _view: View
    _stored: Kernels
    _flat: bool = False

    @property
    def sets(self) -> tuple[CaptureSet, ...]:
        """The stored sets, the newest first."""
        return self._stored.sets

    @property
    def examples(self) -> list[Judged]:
        """All examples of the view's language, in the order of the pages."""
        return self._report.of_language(self._view.lang)

    @property
    def kernels(self) -> list[KernelRow]:
        """Every example by every stored set."""
        return self._stored.table(judged.example for judged in self.examples)

    @property
    def ledger(self) -> list[LedgerRow]:
        """What became of each claim of the article."""
        return ledger_rows(self._report.project.entries, self.examples)

    def example(self, identifier: str) -> Judged:
        """The example with an id.

        Raises:
            ViewError: There is none.
        """
        judged = self._report.judged.get((self._view.lang, identifier))
        if judged is None:
            raise ViewError(self._report.fatal or f"there is no example {identifier!r}")
        return judged

    def runs(self, identifier: str, number: int) -> tuple[Result, ...]:
        """What visible step `number`, from 1, gave in each round; nothing but of what holds."""
        judged = self.example(identifier)
        held = judged.capture if judged.status is Status.VERIFIED else None
        return held.runs(number) if held else ()

    def output(self, identifier: str, number: int) -> str:
        """What a step printed; empty where its example did not run, or failed."""
        return next((visible(plain(r.output)) for r in self.runs(identifier, number)), "")

    def numbers(self, identifier: str, number: int, word: int = 1) -> Sample:
        """The number that a step printed in each round, as its word `word`, counted from 1.

        Nothing where the step did not succeed.

        Raises:
            ValueError: The word is no number.
            IndexError: There is no such word.
        """
        runs = self.runs(identifier, number)
        outputs = () if any(result.code for result in runs) else runs
        return Sample(float(plain(result.output).split()[word - 1]) for result in outputs)

    def why_missing(self, identifier: str) -> str:
        """Why an example gives nothing, in the words of the page; empty where it holds."""
        judged, lang = self.example(identifier), self._view.lang
        failed = judged.status is Status.FAILED
        return str(load_words(lang)["example_failed"]) if failed else why_missing(judged, lang)

    def data(self, name: str) -> Any:
        """What the file NAME.json beside the templates holds."""
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise ViewError(f"{name!r} is no name of a file beside the templates")
        return json.loads((self._report.project.root / VIEWS / f"{name}.json").read_bytes())

    @property
    def reference(self) -> list[Topic]:
        """What may be written in examples, and what each problem means."""
        images = self._report.project.images
        return [topic(name, self._view.lang, images) for name in TOPICS]

    @property
    def script(self) -> str:
        """The script of the examples that are chosen for it; empty where none is."""
        return script_files(self._report, self._view.lang).get(SCRIPT, "")

    def link(self, identifier: str) -> str:
        """The way from the view's page to an example."""
        page = self.example(identifier).example.page
        return link(self._view.page, page, identifier, flat=self._flat)


def render_view(
    root: Path, view: View, report: Report, kernels: Kernels, flat: bool = False
) -> Markup:
    """Fill in a view.

    Args:
        root: The project's folder.
        view: Which one, and where it stands.
        report: The run that it shows.
        kernels: The stored sets that may be shown.
        flat: Pages are files: see `link`.

    Raises:
        ViewError: Its template does not work.
    """
    name = f"{view.name}{VIEW}"
    try:
        with _limited():
            html = load_template(name, root / VIEWS).render(
                run=RunContext(report, view, kernels, flat),
                lang=view.lang,
                host=report.host,
                scale=Scale.around,
                significant=significant,
                words=load_words(view.lang),
            )
    # Whatever goes wrong in a template is an answer about it.
    except Exception as error:
        line = f":{error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise ViewError(f"{VIEWS}/{name}{line}: {error or type(error).__name__}") from error
    if found := foreign_markup(html, view=True):
        raise ViewError(f"{VIEWS}/{name}: {found}")
    return Markup(html)  # noqa: S704  (made by a template that escapes)


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Limits of time and memory; the limit of time holds in the main thread only (signal(7))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + VIEW_MEMORY
    timed = threading.current_thread() is threading.main_thread()

    def expire(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"not filled in within {VIEW_SECONDS} s")

    before = signal.signal(signal.SIGALRM, expire) if timed else None
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        if timed:
            signal.alarm(VIEW_SECONDS)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        if timed:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
