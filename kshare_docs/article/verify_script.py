"""The script that readers run themselves: chosen examples as one POSIX shell file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..data.example import Example
from ..data.project import Image
from ..data.report import Report
from ..pages.docker_run import parse_run
from ..pages.expressions import speaks_of_code
from ..pages.shell_script import condition
from ..site.templates import load_template
from ..words import load_words

SCRIPT = "verify.sh"


def script_files(report: Report, lang: str) -> dict[str, str]:
    """The script beside the pages of one language; none where no example is chosen for it."""
    chosen = [e for e in report.project.examples if e.lang == lang and e.options.script]
    return {SCRIPT: write_script(chosen, report.project.images, lang)} if chosen else {}


def write_script(examples: Sequence[Example], images: Mapping[str, Image], lang: str) -> str:
    """The script of these examples.

    Args:
        examples: Examples of one language, in the order in which they run.
        images: The entries of `images.toml`.
        lang: Language of its words.
    """
    used = {c.image for e in examples for s in e.steps if (c := parse_run(s.command))}
    return load_template(f"{SCRIPT}.j2").render(
        examples=examples,
        images={name: images[name].reference for name in sorted(used)},
        condition=condition,
        speaks_of_code=speaks_of_code,
        words=load_words(lang)["script"],
    )
