"""The `docker` that host steps find on PATH: pinned images, and only containers of their example.

Longer than most modules: it is a program by itself and may import none of them.

A host line was reviewed for what it does with containers of its example. Somebody else's container
of the same name is none of these, so each name is resolved first, and refused where it is not the
example's. What host lines do not need is not understood, and so refused.

It starts with every `docker` of a step, so it imports next to nothing: an emulated machine takes
seconds for what is a few milliseconds elsewhere.
"""

from __future__ import annotations

import os
import signal
import sys

REFUSED = 125
"""Exit code of what is refused, as of `docker run` where the engine refuses."""


class Grammar:
    """How one command is read.

    Attributes:
        switches: Its options without a value.
        valued: Its options with one, in the same word after `=` or in the next one.
        names: How many of the words after the options name containers; None for all.
        images: They name images instead.
    """

    def __init__(
        self,
        switches: frozenset[str] = frozenset(),
        valued: frozenset[str] = frozenset(),
        *,
        names: int | None = None,
        images: bool = False,
    ) -> None:
        self.switches = switches
        self.valued = valued
        self.names = names
        self.images = images


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMAT = _words("-f --format")

COMMANDS: dict[str, Grammar] = {
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
    """The command is not run; the message says why, unless that was said."""

    def __init__(self, message: str, code: int = REFUSED) -> None:
        super().__init__(message)
        self.code = code


class Docker:
    """The real command, and what is known of the example.

    Attributes:
        program: The docker command.
        images: From names in examples to references.
        labels: Of everything that the example creates.
        limits: Options of all its containers; what a line gives comes after them, and counts.
    """

    def __init__(
        self,
        program: str,
        images: dict[str, str],
        labels: dict[str, str],
        limits: dict[str, str] | None = None,
    ) -> None:
        self.program = program
        self.images = images
        self.labels = labels
        self.limits = limits or {}

    def translate(self, words: list[str]) -> list[str]:
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
            limits = [f"{name}={value}" for name, value in self.limits.items()]
            marks = self._marks("--label=")
            return [command, *limits, *_flat(options), *marks, image, *arguments]
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
        # The real command would find options after names as well.
        return [*real.split(), *_flat(options), *marks, "--", *operands]

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
        if not name.isascii() or not name.translate(dict.fromkeys(map(ord, "_.-"))).isalnum():
            raise RefusedError(f"{name!r} is no name of a container")
        form = "".join(f'{{{{index .Config.Labels "{label}"}}}}\n' for label in self.labels)
        code, said = _output([self.program, "container", "inspect", "--format", form, "--", name])
        if code:
            raise RefusedError("", code)
        if said.strip().split("\n") != list(self.labels.values()):
            raise RefusedError(f"the container {name!r} is not of this example")

    def _marks(self, option: str) -> list[str]:
        return [f"{option}{name}={value}" for name, value in self.labels.items()]


def _output(command: list[str]) -> tuple[int, str]:
    """The exit code of a command, and what it printed; what it complains of is seen as it is."""
    reading, writing = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, writing, 1)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    os.close(writing)
    with open(reading, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        said = file.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def read_fields(text: str) -> Docker:
    """What `write_fields` has written."""
    program, *lines = text.splitlines()
    pairs = {kind: dict[str, str]() for kind in ("image", "label", "limit")}
    for line in lines:
        kind, name, value = line.split(" ", 2)
        pairs[kind][name] = value
    return Docker(program, pairs["image"], pairs["label"], pairs["limit"])


def write_fields(docker: Docker) -> str:
    """The command, then a line for each image, label and limit: no name has a blank."""
    lines = [f"image {name} {value}" for name, value in docker.images.items()]
    lines += [f"label {name} {value}" for name, value in docker.labels.items()]
    lines += [f"limit {name} {value}" for name, value in docker.limits.items()]
    return "\n".join([docker.program, *lines])


def _command(words: list[str]) -> tuple[str, list[str]]:
    pair = " ".join(words[:2])
    return (pair, words[2:]) if pair in COMMANDS else (" ".join(words[:1]), words[1:])


def _flat(options: list[list[str]]) -> list[str]:
    return [word for option in options for word in option]


def _split(words: list[str], grammar: Grammar) -> tuple[list[list[str]], list[str]]:
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


def main(arguments: list[str]) -> None:
    """Run the real command in this process's place.

    Args:
        arguments: The file of `Docker`'s fields, and the words after `docker`.
    """
    with open(arguments[0], encoding="utf-8") as file:  # noqa: PTH123  (starts in no time)
        docker = read_fields(file.read())
    try:
        words = docker.translate(arguments[1:])
    except RefusedError as error:
        sys.stderr.write(f"docker: {error}\n" if str(error) else "")
        sys.exit(error.code)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it; the command would too
    os.execv(docker.program, [docker.program, *words])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
