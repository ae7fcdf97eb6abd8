"""The script that readers run themselves: chosen examples as one POSIX shell file."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..data.example import Comment, Example, Step
from ..data.project import Image
from ..data.report import Report
from ..pages.docker_run import parse_run
from ..pages.expressions import speaks_of_code
from ..pages.shell_script import condition
from ..words import load_words

FILE = "verify.sh"


def script_of(report: Report, lang: str) -> str:
    """The script for readers in one language; empty where no example is chosen for it."""
    chosen = [e for e in report.project.examples if e.lang == lang and e.options.script]
    return write_script(chosen, report.project.images, lang) if chosen else ""


def script_files(report: Report, lang: str) -> dict[str, str]:
    """The file beside the pages of one language, for `build_site`."""
    text = script_of(report, lang)
    return {FILE: text} if text else {}


def write_script(examples: Sequence[Example], images: Mapping[str, Image], lang: str) -> str:
    """The script of these examples.

    Args:
        examples: Examples of one language, in the order in which they run.
        images: The entries of `images.toml`.
        lang: Language of its words.
    """
    used = {c.image for e in examples for s in e.steps if (c := parse_run(s.command))}
    environment = Environment(  # noqa: S701  (a shell file: its texts are quoted for the shell)
        loader=PackageLoader("kshare_docs"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quote"] = shlex.quote
    return environment.get_template("verify.sh.j2").render(
        checks=[_check(example) for example in examples],
        images={name: images[name].reference for name in sorted(used)},
        words=load_words(lang)["script"],
    )


def _check(example: Example) -> dict[str, Any]:
    steps: list[tuple[str, str]] = []
    for part in example.parts:
        match part:
            case Comment(text=text):
                steps.append(("comment", text))
            case Step(hidden=True):
                steps.append(("hidden", part.command))
            case Step():
                steps.append(("step", part.command))
    claims = [(claim, condition(claim)) for claim in example.claims]
    return {
        "title": example.options.title or example.id,
        "steps": steps,
        "claims": claims,
        "excused": speaks_of_code(example.claims),
    }
