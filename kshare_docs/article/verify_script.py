"""The script that readers run themselves: chosen examples as one POSIX shell file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from ..data.example import Example, Step
from ..data.project import Project
from ..data.report import Report
from ..pages.docker_run import SCRATCH, parse_run, plain_words
from ..pages.expressions import speaks_of_code
from ..pages.shell_script import condition, script_faults
from ..site.templates import load_template
from ..words import load_words

SCRIPT = "verify.sh"


def script_files(report: Report, lang: str) -> dict[str, str]:
    """The script beside the pages of one language; none where no example is chosen for it."""
    chosen = [e for e in report.project.examples if e.lang == lang and e.options.script]
    return {SCRIPT: write_script(chosen, report.project, lang)} if chosen else {}


def write_script(examples: Sequence[Example], project: Project, lang: str) -> str:
    """The script of these examples, with those of their counter-runs that readers can do.

    Args:
        examples: Examples of one language, in the order in which they run.
        project: Theirs.
        lang: Language of its words.
    """
    images = project.images
    counter_runs = {example.id: _counter_runs(example, project) for example in examples}
    every = [*examples, *(run for runs in counter_runs.values() for _, run in runs)]
    used = {c.image for e in every for s in e.steps if (c := parse_run(s.source))}
    return load_template(f"{SCRIPT}.j2").render(
        examples=examples,
        images={name: images[name].reference for name in sorted(used)},
        variable=_variable,
        in_shell=_in_shell,
        condition=condition,
        counter_runs=lambda example: counter_runs[example.id],
        speaks_of_code=speaks_of_code,
        words=load_words(lang)["script"],
    )


def _counter_runs(example: Example, project: Project) -> list[tuple[Step, Example]]:
    """Each with the step that is another in it."""
    runs = zip(
        example.variants,
        example.counter_runs,
        project.runnables[example.id].counter_runs,
        strict=True,
    )
    return [
        (variant.step, run)
        for variant, run, runnable in runs
        if not script_faults(runnable, project.images)
    ]


def _in_shell(step: Step) -> str:
    """A step as the script runs it: a container's words each quoted, else the line as it is listed.

    A line of the list is a word itself, so that it can end nothing but itself.
    """
    container, plain = parse_run(step.source), plain_words(step.source)
    if container is None or plain is None:
        return f"eval {shlex.quote(step.command)}"
    words = [_quoted(word) for word in plain[0]]
    words[-1 - len(container.command)] = f'"${_variable(container.image)}"'
    line = f"command {' '.join(words)}"
    return f"{line} > {shlex.quote(plain[1])}" if plain[1] else line


def _quoted(word: str) -> str:
    parts = word.split(SCRATCH)
    return '"$PWD"'.join(shlex.quote(part) if part or len(parts) == 1 else "" for part in parts)


def _variable(image: str) -> str:
    """The variable that holds an image's reference; no two images have the same."""
    return "image_" + re.sub("[^a-z0-9]", lambda found: f"_{ord(found[0]):x}_", image)
