"""Views: templates of the project, filled in from a run's verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from ..data.example import View
from ..data.report import Judged, Report
from ..history.capture_set import CaptureSet
from ..history.kernels import KernelRow, Kernels
from ..pages.catalogues import VIEW, VIEWS
from ..site.figure import link, why_missing
from ..site.lookup import ViewError
from ..words import load_words
from .ledger import LedgerRow, ledger_rows
from .measurements import Sample, Scale, durations, numbers
from .verify_script import script_of


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a view's template may ask of a run, as `run`.

    Attributes:
        report: The run.
        view: The view, whose page links start from.
        stored: The sets of other runs that may be shown.
    """

    report: Report
    view: View
    stored: Kernels

    @property
    def examples(self) -> list[Judged]:
        """All examples of the view's language, in the order of the pages."""
        return self.report.of_language(self.view.lang)

    @property
    def sets(self) -> tuple[CaptureSet, ...]:
        """The stored sets that may be shown, the newest first."""
        return self.stored.sets

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

    def output(self, identifier: str, number: int) -> str:
        """What visible step `number`, counted from 1, printed; empty where it did not run."""
        capture = self.example(identifier).capture
        runs = capture.runs(number) if capture else ()
        return runs[0].output if runs else ""

    def durations(self, identifier: str, number: int) -> Sample | None:
        """How long a step took in each round; None where the example did not run."""
        capture = self.example(identifier).capture
        return durations(capture, number) if capture and capture.runs(number) else None

    def numbers(self, identifier: str, number: int) -> Sample | None:
        """The number that a step printed in each round; None where the example did not run."""
        capture = self.example(identifier).capture
        return numbers(capture, number) if capture and capture.runs(number) else None

    def why_missing(self, identifier: str) -> str:
        """Why an example did not run, in the words of the page; empty where it did."""
        return why_missing(self.example(identifier), self.view.lang)

    @property
    def script(self) -> str:
        """The script of the examples that are chosen for it."""
        return script_of(self.report, self.view.lang)

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
    environment = Environment(
        loader=FileSystemLoader(root / VIEWS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["scale"] = Scale.around
    try:
        template = environment.get_template(f"{view.name}{VIEW}")
        html = template.render(
            run=RunContext(report, view, kernels),
            lang=view.lang,
            host=report.host,
            words=load_words(view.lang),
        )
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f"{VIEWS}/{view.name}{VIEW}{f':{line}' if line else ''}"
        raise ViewError(f"{where}: {error}") from error
    except (ValueError, ArithmeticError, LookupError) as error:
        raise ViewError(f"{VIEWS}/{view.name}{VIEW}: {error}") from error
    return Markup(html)  # noqa: S704  (made by a template that escapes)
