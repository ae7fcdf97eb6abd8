"""Images: which one really runs for a name, and making it ready.

Longer than most modules: to pull, to stand in and to build are three ways to one thing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import IO, Protocol

import docker.errors
import requests

from ..data.capture import ImageUse
from ..data.project import Image
from .endpoint import bounded, explain
from .engine import UNREACHABLE, Engine, EngineError
from .runs import VARIABLE, run_folder, this_run

STAND_IN_LABEL = "org.kshare-docs.stand-in"
"""On every image that is made here; its value is the digest of the recipe, as in the tag."""

SILENT = "registry-silent"
"""The note that a registry did not answer."""

REGISTRY_SECONDS = 10
"""How long a registry may take to answer before stand-ins are used."""

RETRY_SECONDS = 3600.0
"""How long a registry that did not answer is left in peace once a stand-in exists."""


IMAGE_SECONDS = 1800
"""How long an engine may take to pull, import or build one image."""


_SAYS = "kshare: "
"""How what our scripts say begins, as in `scripts/lib.sh`; all else is of those that they call."""


class Answer(Enum):
    """What came of asking a registry for an image."""

    DONE = "done"
    UNKNOWN = "unknown"
    """It answered, and does not have the image, or not for us. Of others that says nothing."""
    SILENT = "silent"
    """It did not answer, so others need not be asked for."""


@dataclass(frozen=True, slots=True)
class Pull:
    """How pulling an image ended, and why it failed where it did."""

    answer: Answer
    why: str = ""


class Notes(Protocol):
    """Notes that outlive a run."""

    def age(self, name: str) -> float:
        """Seconds since a note was written; infinite if there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Write a note."""


def stand_in_reference(name: str, *recipe: bytes) -> str:
    """The local name of an image made here: another recipe gives another name."""
    mark = hashlib.sha256(b"\0".join(recipe)).hexdigest()[:12]
    return f"kshare/{name}:{mark}"


@dataclass(frozen=True, slots=True)
class ImageProvider:
    """The images of one run: each is made ready once, on demand.

    Attributes:
        root: The project's folder.
        images: The entries of `images.toml`.
        engine: Where images are kept.
        say: Takes a line about what is done now, for it may take a while.
        notes: Where it is noted that a registry was silent; without it, each run asks anew.
        fresh: Ask the registry again even if it did not answer a moment ago.
    """

    root: Path
    images: Mapping[str, Image]
    engine: Engine
    say: Callable[[str], None]
    notes: Notes | None = None
    fresh: bool = False
    _ready: dict[str, ImageUse | str] = field(default_factory=dict, repr=False)
    _silent: dict[str, Pull] = field(default_factory=dict, repr=False)

    def provide(self, name: str) -> ImageUse | str:
        """The image that stands for a name, or why there is none."""
        if name not in self._ready:
            try:
                self._ready[name] = self._make(name, self.images[name])
            except OSError as error:
                self._ready[name] = f"the image {name} cannot be made ready: {error}"
        return self._ready[name]

    def provide_all(self, names: Iterable[str]) -> tuple[ImageUse, ...] | str:
        """The images of an example, in the order of their names, or why the first has none."""
        uses: list[ImageUse] = []
        for name in sorted(names):
            use = self.provide(name)
            if isinstance(use, str):
                return use
            uses.append(use)
        return tuple(uses)

    def _make(self, name: str, image: Image) -> ImageUse | str:
        if image.build:
            return self._built(name, image)
        if identity := self.engine.image_id(image.local):
            return ImageUse(name, image.reference, image.digest, stand_in=False, id=identity)
        local = known = ""
        if image.stand_in:
            local = stand_in_reference(name, (self.root / image.stand_in).read_bytes())
            known = self._made(local)
            if known and not self._worth_asking():
                return ImageUse(name, local, known, stand_in=True, id=known)
        pull = self._pull(image)
        if pull.answer is Answer.DONE and (identity := self.engine.image_id(image.local)):
            return ImageUse(name, image.reference, image.digest, stand_in=False, id=identity)
        if not local:
            return (
                f"the image {name} cannot be pulled: {pull.why}; it has no stand-in in images.toml"
            )
        if not known and (fault := self._make_stand_in(name, image, local, pull.why)):
            return fault
        return self._use(name, local, stand_in=True)

    def _use(self, name: str, local: str, *, stand_in: bool) -> ImageUse | str:
        """An image that was made here."""
        identity = self._made(local)
        if not identity:
            return f"the image {name} is gone: somebody removed or moved {local}"
        return ImageUse(name, local, identity, stand_in, identity)

    def _made(self, local: str) -> str:
        """The id of an image that was made here; empty if there is none, or another has its tag."""
        try:
            image = self.engine.client.images.get(local)
        except docker.errors.NotFound:
            return ""
        except UNREACHABLE as error:
            raise EngineError.lost(error) from None
        marked = image.labels.get(STAND_IN_LABEL) == local.rpartition(":")[2]
        return str(image.id) if marked else ""

    def _pull(self, image: Image) -> Pull:
        registry = image.tag.partition("/")[0] if "/" in image.tag else ""
        if registry in self._silent:
            return self._silent[registry]
        self.say(f"pulling {image.reference}")
        pull = pull_image(self.engine, image.reference)
        if pull.answer is Answer.SILENT:
            self._silent[registry] = pull
            if self.notes:
                self.notes.write(SILENT, pull.why.encode())
        return pull

    def _worth_asking(self) -> bool:
        return self.fresh or self.notes is None or self.notes.age(SILENT) > RETRY_SECONDS

    def _make_stand_in(self, name: str, image: Image, local: str, why: str) -> str:
        """Make a stand-in; why not, if it failed."""
        self.say(f"making a stand-in for {name} from Debian packages ({why})")
        with run_folder() as folder, (folder / "image.tar").open("wb") as tar:
            if fault := self._follow(self.root / image.stand_in, tar, folder):
                return f"the stand-in for {name} failed ({image.stand_in}): {fault}"
            why = _import_image(self.engine, tar.name, local, image)
        return f"the stand-in for {name} cannot be imported: {why}" if why else ""

    def _follow(self, recipe: Path, output: IO[bytes], folder: Path) -> str:
        """Follow a recipe, and hand on at once what it says; why not, if it failed."""
        text = ""
        with subprocess.Popen(
            [recipe],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(folder), VARIABLE: this_run()},
            text=True,
            errors="replace",
        ) as process:
            try:
                for line in process.stderr or ():
                    text += line
                    if line.startswith(_SAYS):
                        self.say(line.removeprefix(_SAYS).rstrip())
            except BaseException:
                process.kill()
                raise
        if not process.returncode:
            return ""
        last = text.rstrip().rpartition("\n")[2]
        return last.removeprefix(_SAYS) if last.startswith(_SAYS) else text.strip()[-1500:]

    def _built(self, name: str, image: Image) -> ImageUse | str:
        base = self.provide(image.base)
        if isinstance(base, str):
            return base
        folder = self.root / image.build
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        local = stand_in_reference(name, base.digest.encode(), *(f.read_bytes() for f in files))
        if not self._made(local):
            self.say(f"building {name} on {base.used}")
            if why := _build_image(self.engine, folder, local, base.id):
                return f"the image {name} cannot be built ({image.build}): {why}"
        return self._use(name, local, stand_in=base.stand_in)


def pull_image(engine: Engine, reference: str) -> Pull:
    """Pull an image if its registry answers in time."""
    try:
        with contextlib.closing(engine.another_client(timeout=REGISTRY_SECONDS)) as quick:
            bounded(REGISTRY_SECONDS, partial(quick.api.inspect_distribution, reference))
        bounded(IMAGE_SECONDS, partial(engine.client.images.pull, reference))
    except docker.errors.APIError as error:
        # What a registry answers, the engine hands on as 4xx; what it could not ask is its own 5xx.
        answer = Answer.UNKNOWN if error.is_client_error() else Answer.SILENT
        return Pull(answer, explain(error))
    except docker.errors.DockerException as error:  # credentials that cannot be had
        return Pull(Answer.UNKNOWN, explain(error))
    except (requests.exceptions.RequestException, TimeoutError):
        return Pull(Answer.SILENT, f"its registry does not answer within {REGISTRY_SECONDS} s")
    return Pull(Answer.DONE)


def _import_image(engine: Engine, tar: str, reference: str, image: Image) -> str:
    """Make an image of a root file system, as `docker import` does; why not, if it failed."""
    repository, _, tag = reference.rpartition(":")
    changes = [f"LABEL {STAND_IN_LABEL}={tag}", f"CMD {json.dumps(image.command)}"]
    load = partial(
        engine.client.api.import_image_from_file,
        tar,
        repository=repository,
        tag=tag,
        changes=changes,
    )
    try:
        bounded(IMAGE_SECONDS, load)
    except docker.errors.APIError as error:
        return explain(error)
    except UNREACHABLE as error:
        raise EngineError.lost(error) from None
    return ""


def _build_image(engine: Engine, folder: Path, reference: str, base: str) -> str:
    """Build a Dockerfile whose `ARG BASE` is the image it stands on; why not, if it failed."""
    build = partial(
        engine.client.images.build,
        path=str(folder),
        tag=reference,
        rm=True,
        forcerm=True,
        buildargs={"BASE": base},
        labels={STAND_IN_LABEL: reference.rpartition(":")[2]},
    )
    try:
        bounded(IMAGE_SECONDS, build)
    except docker.errors.BuildError as error:
        log = "".join(str(line.get("stream", "")) for line in error.build_log)
        return f"{error}\n{log[-2000:]}"
    except (docker.errors.APIError, TimeoutError) as error:
        return explain(error)
    return ""
