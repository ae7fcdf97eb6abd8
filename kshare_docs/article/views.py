"""Views: templates of the project, filled in from a run's verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError, TemplateSyntaxError
from markupsafe import Markup

from ..data.capture import Result
from ..data.example import View
from ..data.report import Judged, Report
from ..history.kernels import KernelRow, Kernels
from ..pages.catalogues import VIEW, VIEWS
from ..site.figure import link, why_missing
from ..site.lookup import ViewError
from ..site.templates import load_template
from ..words import load_words
from .ledger import LedgerRow, ledger_rows
from .measurements import Sample, Scale
from .verify_script import SCRIPT, script_files


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a view's template may ask of a run, as `run`.

    Attributes:
        report: The run.
        view: The view, whose page links start from.
        stored: The sets of other runs that may be shown, with the examples on each.
    """

    report: Report
    view: View
    stored: Kernels

    @property
    def examples(self) -> list[Judged]:
        """All examples of the view's language, in the order of the pages."""
        return self.report.of_language(self.view.lang)

    @property
    def kernels(self) -> list[KernelRow]:
        """Every example by every stored set."""
        return self.stored.table(judged.example for judged in self.examples)

    @property
    def ledger(self) -> list[LedgerRow]:
        """What became of each claim of the article."""
        return ledger_rows(self.report.project.entries, self.examples)

    def example(self, identifier: str) -> Judged:
        """The example with an id.

        Raises:
            ViewError: There is none.
        """
        judged = self.report.judged.get((self.view.lang, identifier))
        if judged is None:
            raise ViewError(f"there is no example {identifier!r}")
        return judged

    def runs(self, identifier: str, number: int) -> tuple[Result, ...]:
        """What visible step `number`, from 1, gave in each round; nothing where it did not run."""
        capture = self.example(identifier).capture
        return capture.runs(number) if capture else ()

    def output(self, identifier: str, number: int) -> str:
        """What a step printed; empty where it did not run."""
        return next((result.output for result in self.runs(identifier, number)), "")

    def durations(self, identifier: str, number: int) -> Sample:
        """How long a step took in each round, in seconds."""
        return Sample(result.seconds for result in self.runs(identifier, number))

    def numbers(self, identifier: str, number: int) -> Sample:
        """The number that a step printed in each round.

        Raises:
            ValueError: An output is no number.
        """
        return Sample(float(result.output) for result in self.runs(identifier, number))

    def why_missing(self, identifier: str) -> str:
        """Why an example did not run, in the words of the page; empty where it did."""
        return why_missing(self.example(identifier), self.view.lang)

    @property
    def script(self) -> str:
        """The script of the examples that are chosen for it; empty where none is."""
        return script_files(self.report, self.view.lang).get(SCRIPT, "")

    def link(self, identifier: str) -> str:
        """The way from the view's page to an example."""
        return link(self.view.page, self.example(identifier).example.page, identifier)


def render_view(root: Path, view: View, report: Report, kernels: Kernels) -> Markup:
    """Fill in a view.

    Args:
        root: The project's folder.
        view: Which one, and where it stands.
        report: The run that it shows.
        kernels: The stored sets that may be shown.

    Raises:
        ViewError: Its template does not work.
    """
    name = f"{view.name}{VIEW}"
    try:
        html = load_template(name, root / VIEWS).render(
            run=RunContext(report, view, kernels),
            lang=view.lang,
            host=report.host,
            scale=Scale.around,
            words=load_words(view.lang),
        )
    except (TemplateError, ValueError, ArithmeticError, LookupError) as error:
        line = f":{error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise ViewError(f"{VIEWS}/{name}{line}: {error}") from error
    return Markup(html)  # noqa: S704  (made by a template that escapes)
