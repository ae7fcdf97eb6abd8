"""`docker run` lines, read as the docker command reads them, into containers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from ..data.container import Container, RefusedError
from ..data.problem import nearest
from .docker_options import LETTERS, OPTIONS, Option

_BARE = re.compile(r"'[^']*'|\\.|\"(?:[^\"\\$`]|\\.)*\"", re.DOTALL)
_SHELL = re.compile(r"[|&;<>()$`*?\[\]\"'!]|(?:^|\s)[#~]|\{[^}]*[,.][^}]*\}")
_REDIRECT = re.compile(r"\s>\s*(?P<file>[A-Za-z0-9][\w.-]*)$")


def parse_run(command: str) -> Container | None:
    """Read a line; None where it is not a plain `docker run`.

    Plain is a line that a shell would split into the same words and do nothing else with: no
    pipe, no expansion but `$PWD`, and no redirection but a last `> FILE`.

    Raises:
        RefusedError: It is a plain `docker run`, but one that is not understood.
    """
    plain = _plain(command)
    if plain is None:
        return None
    words, output = plain
    container: dict[str, Any] = {"body": {}}
    reach: list[str] = []
    for name, value in _options(words):
        option = OPTIONS[name]
        if option.flag and value not in {"true", "false"}:
            raise RefusedError(f"--{name} is a switch: {value!r} is neither true nor false")
        if option.flag and value == "false":
            continue
        try:
            container = _merged(container, option.part(value))
        except ValueError as error:
            raise RefusedError(f"--{name}: {value!r} {error}") from None
        if option.reaches(value):
            reach.append(f"--{option.name}" if option.flag else f"--{option.name} {value}")
    if not words:
        raise RefusedError("`docker run` names no image")
    image, *arguments = words
    return Container(image, tuple(arguments), output=output, host_reach=tuple(reach), **container)


def _plain(command: str) -> tuple[list[str], str] | None:
    """The words after a plain `docker run`, and the file that takes its output."""
    if not re.match(r"docker\s+run\s", command):
        return None
    output = ""
    if redirect := _REDIRECT.search(command):
        command, output = command[: redirect.start()], redirect["file"]
    if _SHELL.search(_BARE.sub("", command.replace("$PWD", ""))):
        return None
    try:
        return shlex.split(command)[2:], output
    except ValueError:
        return None


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Take options and their values from the front, as Docker's parser does: `-it`, `-m64m`."""
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            return
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            option = _known(name)
            yield name, value if equals else _next_value(option, name, words)
            continue
        letters = word[1:]
        while letters:
            name, letters = LETTERS.get(letters[0], letters[0]), letters[1:]
            option = _known(name)
            if letters and (letters[0] == "=" or not option.flag):
                value, letters = letters.removeprefix("=") or letters, ""
            else:
                value = _next_value(option, name, words)
            yield name, value


def _known(name: str) -> Option:
    if name not in OPTIONS:
        dashes = "--" if len(name) > 1 else "-"
        raise RefusedError(f"unknown `docker run` option {dashes}{name}{nearest(name, OPTIONS)}")
    return OPTIONS[name]


def _next_value(option: Option, name: str, words: list[str]) -> str:
    """The value of an option that has none attached."""
    if option.flag:
        return "true"
    if not words:
        raise RefusedError(f"--{name} needs a value")
    return words.pop(0)


def _merged(one: Any, other: Any) -> Any:
    """Objects by key, lists one after the other; of anything else the later counts."""
    if isinstance(one, dict):
        both = {key: _merged(one[key], other[key]) for key in one.keys() & other.keys()}
        return {**one, **other, **both}
    return one + other if isinstance(one, (list, tuple)) else other
