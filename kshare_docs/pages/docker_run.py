"""`docker run` lines, read as the docker command reads them, into containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..data.container import Container, RefusedError
from ..data.problem import Kind, nearest, odd_character
from .docker_options import LETTERS, OPTIONS, Option

SCRATCH = "\0"
"""Stands in a word for an expanded `$PWD`: nothing that a line can say is this character."""

_TOKEN = re.compile(
    r"""(?P<joint>\\\n)
    | (?P<blank>[ \t]+)
    | '(?P<single>[^']*)'
    | "(?P<double>(?:[^"\\$`!]|\\.|\$PWD(?!\w|\\\n))*)"
    | \\(?P<escaped>.)
    | (?P<pwd>\$PWD(?!\w|\\\n))
    | (?P<comment>(?<=[ \t])\#[^\n]*\Z)
    | (?<=[ \t])>[ \t]*(?P<file>[A-Za-z0-9][\w.-]*)[ \t]*(?:(?<=[ \t])\#[^\n]*)?\Z
    | (?P<bare>[^ \t\n|&;<>()$`\\"'*?\[\]{}~!\#]+|(?<=[^ \t\n])\#)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_EXCLUSIVE = (("detach", "attach"), ("no-healthcheck", "health-"))
"""Options, and how those begin that the docker command does not take beside them."""

_TRUTH = {
    **dict.fromkeys(("1", "t", "T", "true", "True", "TRUE"), "true"),
    **dict.fromkeys(("0", "f", "F", "false", "False", "FALSE"), "false"),
}
"""What Go takes for a switch (strconv.ParseBool)."""

_IN_DOUBLE = re.compile(r'\\([$`"\\])|\\\n|(\$PWD)(?!\w|\\\n)', re.ASCII)


def parse_run(command: str) -> Container | None:
    """Read a line; None where it is not a plain `docker run`, see `plain_words`.

    Before the image all is ASCII and of a known form; what comes after it is handed on as it is.

    Raises:
        RefusedError: It is a plain `docker run`, but one that is not understood.
    """
    plain = plain_words(command)
    if plain is None or plain[0][:2] != ["docker", "run"]:
        return None
    words, output = plain[0][2:], plain[1]
    given = _given(words)
    if not words:
        raise RefusedError("`docker run` names no image")
    image, *arguments = words
    if any(SCRATCH in word for word in words):
        raise RefusedError("$PWD is understood in -v and --env-file only")
    if odd := odd_character(image):
        raise RefusedError(f"{image!r} is neither an option nor the name of an image{odd}")
    container: dict[str, Any] = {"body": {}}
    reach: list[str] = []
    for option, value in given:
        container = _merged(container, option.part(value))
        if option.reaches(value):
            reach.append(f"--{option.name}" if option.flag else f"--{option.name} {value}")
    names = [option.name for option, _ in given]
    for one, others in _EXCLUSIVE:
        if one in names and (other := next((n for n in names if n.startswith(others)), "")):
            raise RefusedError(f"--{one} and --{other} exclude each other")
    return Container(image, tuple(arguments), output=output, host_reach=tuple(reach), **container)


def plain_words(command: str) -> tuple[list[str], str] | None:
    """The words of a plain line, and the file that takes its output; None for any other line.

    Plain is a line that a shell, an interactive bash too, would split into these words and do
    nothing else with: no pipe, no expansion but `$PWD`, and no redirection but a last `> FILE`
    (POSIX, Shell Command Language, 2.2 and 2.3; `!` is bash's history). A comment ends it.

    Raises:
        RefusedError: No process can be given this line.
    """
    if odd := next((c for c in command if c == SCRATCH or "\ud800" <= c <= "\udfff"), ""):
        raise RefusedError(f"{command!r}: no command can be given this{odd_character(odd)}")
    words: list[str] = []
    word: str | None = None
    place = 0
    while place < len(command):
        token = _TOKEN.match(command, place)
        if token is None:
            return None
        place = token.end()
        match token.lastgroup:
            case "joint":
                continue
            case "comment":
                return (words, "") if word is None else None  # a blank was the word's own
            case "blank" | "file":
                words += [] if word is None else [word]
                word = None
            case "double":
                word = (word or "") + _IN_DOUBLE.sub(_unquoted, token["double"])
            case "pwd":
                word = (word or "") + SCRATCH
            case kind:
                word = (word or "") + token[kind or 0]
        if token["file"]:
            return words, token["file"]
    return [*words, *([] if word is None else [word])], ""


def _unquoted(found: re.Match[str]) -> str:
    return SCRATCH if found[2] else found[1] or ""


def _given(words: list[str]) -> list[tuple[Option, str]]:
    """Options with the values that count, taken from the front, of those that say anything.

    Of an option that is no list the last one counts, as Docker's parser has it.
    """
    given: dict[tuple[str, object], str] = {}
    for name, text in _options(words):
        option = OPTIONS[name]
        if option.flag and text not in _TRUTH:
            raise RefusedError(f"--{name} is a switch: {text!r} is neither true nor false")
        value = _TRUTH[text] if option.flag else text
        try:
            option.part(value)
        except ValueError as error:
            shown = value.replace(SCRATCH, "$PWD")
            raise RefusedError(f"--{name}: {shown!r} {error}{odd_character(shown)}") from None
        place = option.name, option.slot(value) if option.many else ""
        if option.name == "network" and place in given:
            raise RefusedError(f"--{name} is given twice: Docker would take both")
        given.pop(place, None)
        given[place] = value
    options = ((OPTIONS[name], value) for (name, _), value in given.items())
    return [(option, value) for option, value in options if option.part(value)]


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
        shown = ("--" if len(name) > 1 else "-") + name.encode("unicode_escape").decode()
        what = f"unknown `docker run` option {shown}{odd_character(name)}"
        close = nearest(name, [n for n in OPTIONS if not OPTIONS[n].refusal])
        raise RefusedError(f"{what}{close}", Kind.DOCKER_OPTION, shown)
    if OPTIONS[name].refusal:
        what = f"unsupported: --{name} {OPTIONS[name].refusal}"
        raise RefusedError(what, Kind.UNSUPPORTED, f"--{name}")
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
