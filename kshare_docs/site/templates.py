"""Templates: those of this package and of a project, in which nothing unknown passes silently."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..data.capture import visible


def load_template(name: str, folder: Path | None = None) -> jinja2.Template:
    """A template, read anew where it has changed; `.html.j2` escapes what is filled in.

    Args:
        name: Its file.
        folder: Where it lies; this package's templates where it is left out.

    Raises:
        TemplateError: There is none, or it is wrong.
    """
    return _environment(folder).get_template(name)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Without powers of numbers, which could keep a processor busy for ever."""

    intercepted_binops = frozenset({"**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """Refuse the operator."""
        raise SecurityError(f"{operator} is not allowed here")


@cache
def _environment(folder: Path | None) -> jinja2.Environment:
    # A project's templates come with pull requests: they reach values, and nothing behind them.
    environment = (_Sandbox if folder else jinja2.Environment)(
        loader=jinja2.FileSystemLoader(folder) if folder else jinja2.PackageLoader("kshare_docs"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quote"] = shlex.quote  # for the shell
    environment.filters["visible"] = visible
    return environment
