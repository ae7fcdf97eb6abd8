"""The `docker` that host steps find on PATH: pinned images, and only containers of their example.

A host line was reviewed for what it does with containers of its example. Somebody else's container
of the same name is none of these, so each name is resolved first, and refused where it is not the
example's. What host lines do not need is not understood, and so refused.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

REFUSED = 125
"""Exit code of what is refused, as of `docker run` where the engine refuses."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one command is read.

    Attributes:
        switches: Its options without a value.
        valued: Its options with one, in the same word after `=` or in the next one.
        names: How many of the words after the options name containers; None for all.
        images: They name images instead.
    """

    switches: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    names: int | None = None
    images: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMAT = _words("-f --format")

COMMANDS: Mapping[str, Grammar] = {
    "diff": Grammar(names=1),
    "exec": Grammar(_words("-i -t -it"), _words("-e --env -u --user -w --workdir"), names=1),
    "export": Grammar(names=1),
    "history": Grammar(_words("--no-trunc"), _words("--format"), images=True),
    "image inspect": Grammar(valued=_FORMAT, images=True),
    "info": Grammar(valued=_FORMAT, names=0),
    "inspect": Grammar(_words("-s --size"), _FORMAT),
    "logs": Grammar(_words("-f -t"), _words("-n --tail --since --until"), names=1),
    "ps": Grammar(_words("-a -s -as -q -aq"), _words("--filter --format"), names=0),
    "rm": Grammar(_words("-f --force -v --volumes -fv")),
    "top": Grammar(names=1),
    "update": Grammar(valued=_words("-m --memory --memory-swap --cpus --pids-limit")),
    "version": Grammar(valued=_FORMAT, names=0),
}
"""What host lines may call beside `run` and `create`: of the docker reference, what pages use."""

_RUN = Grammar(
    _words("-d --detach -i --interactive --init --rm"),
    _words(
        "--cap-add --cpus --device --device-write-bps --entrypoint --ipc -m --memory --memory-swap"
        " --name --network --pid --runtime --security-opt -v --volume"
    ),
)
_JOINING = _words("--ipc --network --pid")
_APART = _words("bridge host none private")


class RefusedError(Exception):
    """The command is not run; the message says why."""

    def __init__(self, message: str, code: int = REFUSED) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Docker:
    """The real command, and what is known of the example.

    Attributes:
        program: The docker command.
        images: From names in examples to references.
        labels: Of everything that the example creates.
    """

    program: str
    images: Mapping[str, str]
    labels: Mapping[str, str]

    def translate(self, words: Sequence[str]) -> list[str]:
        """The words for the real command.

        Raises:
            RefusedError: They are not a command that is understood, or name a stranger's container.
        """
        command, rest = _command(words)
        if command in {"run", "create"}:
            options, operands = _split(rest, _RUN)
            image, arguments = self._image("".join(operands[:1])), operands[1:]
            for name, *value in options:
                self._check(name, "".join(value))
            return [command, *chain(*options), *self._marks("--label="), image, *arguments]
        grammar = COMMANDS.get(command)
        if grammar is None:
            known = ", ".join([*COMMANDS, "run", "create"])
            raise RefusedError(f"host lines may use {known}; this is {command!r}")
        options, operands = _split(rest, grammar)
        if grammar.images:
            operands = [self._image(word) for word in operands]
        else:
            for name in operands[: len(operands) if grammar.names is None else grammar.names]:
                self._own(name)
        marks = self._marks("--filter=label=") if command == "ps" else []
        # `docker inspect` alone would go on to images, volumes and networks of the name.
        real = "container inspect" if command == "inspect" else command
        return [*real.split(), *chain(*options), *marks, *operands]

    def _image(self, name: str) -> str:
        if name not in self.images:
            raise RefusedError(f"{name!r} is no image of images.toml")
        return self.images[name]

    def _check(self, option: str, value: str) -> None:
        """Make sure that an option of `run` leads to nothing of a stranger."""
        if option in _JOINING and value not in _APART:
            kind, _, name = value.partition(":")
            if kind != "container":
                raise RefusedError(f"{option} may be {', '.join(sorted(_APART))} or container:NAME")
            self._own(name)
        if option in {"-v", "--volume"} and not value.startswith("/"):
            raise RefusedError(f"{option} {value!r} begins with no path: no volume may be named")

    def _own(self, name: str) -> None:
        """Make sure that a name is a container of the example."""
        form = "{{json .Config.Labels}}"
        ask = [self.program, "container", "inspect", "--format", form, "--", name]
        found = subprocess.run(ask, capture_output=True, text=True, check=False)
        if found.returncode:
            raise RefusedError(found.stderr.strip(), found.returncode)
        theirs = json.loads(found.stdout) or {}
        if any(theirs.get(label) != value for label, value in self.labels.items()):
            raise RefusedError(f"the container {name!r} is not of this example")

    def _marks(self, option: str) -> list[str]:
        return [f"{option}{name}={value}" for name, value in self.labels.items()]


def _command(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    pair = " ".join(words[:2])
    return (pair, words[2:]) if pair in COMMANDS else (" ".join(words[:1]), words[1:])


def _split(words: Sequence[str], grammar: Grammar) -> tuple[list[list[str]], list[str]]:
    """Options, each with its value if it has one; and the words from the first on that is none."""
    queue, options = list(words), list[list[str]]()
    while queue and queue[0].startswith("-"):
        word = queue.pop(0)
        name, equals, value = word.partition("=")
        if name in grammar.valued and (equals or queue):
            options.append([name, value if equals else queue.pop(0)])
        elif word in grammar.switches:
            options.append([word])
        else:
            raise RefusedError(f"the option {word!r} is not among those that host lines need")
    return options, queue


def main(arguments: Sequence[str]) -> None:
    """Run the real command in this process's place.

    Args:
        arguments: The file of `Docker`'s fields, and the words after `docker`.
    """
    with open(arguments[0], encoding="utf-8") as file:  # noqa: PTH123  (starts in no time)
        given: dict[str, Any] = json.load(file)
    docker = Docker(**given)
    try:
        words = docker.translate(arguments[1:])
    except RefusedError as error:
        sys.stderr.write(f"docker: {error}\n")
        sys.exit(error.code)
    os.execv(docker.program, [docker.program, *words])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
