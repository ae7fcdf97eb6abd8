"""A view: a template of the project, filled in from a run's verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from .example import View
from .kernels import Row as KernelRow
from .kernels import shown, table
from .ledger import Row, rows
from .measure import Sample, Scale, durations, numbers
from .project import VIEW, VIEWS
from .render import link, why_missing
from .runner import Judged, Report
from .script import write_script
from .sets import CaptureSet
from .words import load_words


class ViewError(Exception):
    """A view cannot be filled in; the message says why."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a view's template may ask of a run, as `run`.

    Attributes:
        report: The run.
        view: The view, whose page links start from.
        publication: Only captures of genuine WSL2 hosts may be shown.
    """

    report: Report
    view: View
    publication: bool = False

    @property
    def examples(self) -> list[Judged]:
        """All examples of the view's language, in the order of the pages."""
        return [item for (lang, _), item in self.report.judged.items() if lang == self.view.lang]

    @property
    def sets(self) -> list[CaptureSet]:
        """The stored sets that may be shown, the newest first."""
        return shown(self.report.project.sets, publication=self.publication)

    @property
    def kernels(self) -> list[KernelRow]:
        """Every example by every stored set."""
        return table((judged.example for judged in self.examples), self.sets)

    @property
    def ledger(self) -> list[Row]:
        """What became of each claim of the article."""
        return rows(self.report.project.entries, self.examples)

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


def script_of(report: Report, lang: str) -> str:
    """The script for readers in one language; empty where no example is chosen for it."""
    chosen = [e for e in report.project.examples if e.lang == lang and e.options.script]
    return write_script(chosen, report.project.images, lang) if chosen else ""


def render_view(root: Path, view: View, report: Report, *, publication: bool = False) -> Markup:
    """Fill in a view.

    Args:
        root: The project's folder.
        view: Which one, and where it stands.
        report: The run that it shows.
        publication: Only captures of genuine WSL2 hosts may be shown.

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
            run=Findings(report, view, publication),
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
