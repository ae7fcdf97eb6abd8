"""Images: which one really runs for a name, and making it ready."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import docker.errors
import requests

from ..data.capture import ImageUse
from ..data.project import Image
from .endpoint import explain
from .engine import UNREACHABLE, Engine, EngineError

STAND_IN_LABEL = "org.kshare-docs.stand-in"

REGISTRY_SECONDS = 10
"""How long a registry may take to answer before stand-ins are used."""

RETRY_SECONDS = 3600.0
"""How long a registry that did not answer is left in peace once a stand-in exists."""


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
        fresh: Ask the registry again even if it did not answer a moment ago.
    """

    root: Path
    images: Mapping[str, Image]
    engine: Engine
    say: Callable[[str], None]
    fresh: bool = False
    _ready: dict[str, ImageUse | str] = field(default_factory=dict, repr=False)
    _silent: dict[str, Pull] = field(default_factory=dict, repr=False)

    def provide(self, name: str) -> ImageUse | str:
        """The image that stands for a name, or why there is none."""
        if name not in self._ready:
            self._ready[name] = self._make(name, self.images[name])
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
        pinned = ImageUse(name, image.reference, image.digest, stand_in=False)
        if self.engine.image_id(image.local):
            return pinned
        local = known = ""
        if image.stand_in:
            local = stand_in_reference(name, (self.root / image.stand_in).read_bytes())
            known = self.engine.image_id(local)
            if known and not self._worth_asking():
                return ImageUse(name, local, known, stand_in=True)
        pull = self._pull(image)
        if pull.answer is Answer.DONE:
            return pinned
        if not local:
            return (
                f"the image {name} cannot be pulled: {pull.why}; it has no stand-in in images.toml"
            )
        if not known and (fault := self._make_stand_in(name, image, local, pull.why)):
            return fault
        return ImageUse(name, local, self.engine.image_id(local), stand_in=True)

    def _pull(self, image: Image) -> Pull:
        registry = image.tag.partition("/")[0] if "/" in image.tag else ""
        if registry in self._silent:
            return self._silent[registry]
        self.say(f"pulling {image.reference}")
        pull = pull_image(self.engine, image.reference)
        if pull.answer is Answer.SILENT:
            self._silent[registry] = pull
            self._note.parent.mkdir(exist_ok=True)
            self._note.write_text(pull.why, encoding="utf-8")
        return pull

    @property
    def _note(self) -> Path:
        return self.root / ".kshare" / "registry-silent"

    def _worth_asking(self) -> bool:
        try:
            return self.fresh or time.time() - self._note.stat().st_mtime > RETRY_SECONDS
        except OSError:
            return True

    def _make_stand_in(self, name: str, image: Image, local: str, why: str) -> str:
        """Make a stand-in; why not, if it failed."""
        self.say(f"making a stand-in for {name} from Debian packages ({why})")
        with tempfile.NamedTemporaryFile(prefix="kshare-", suffix=".tar") as tar:
            done = subprocess.run(
                [self.root / image.stand_in],
                stdin=subprocess.DEVNULL,
                stdout=tar,
                stderr=subprocess.PIPE,
                check=False,
            )
            if done.returncode:
                tail = done.stderr.decode(errors="replace").strip()[-1500:]
                return f"the stand-in for {name} failed ({image.stand_in}): {tail}"
            _import_image(self.engine, tar.name, local, image)
        return ""

    def _built(self, name: str, image: Image) -> ImageUse | str:
        base = self.provide(image.base)
        if isinstance(base, str):
            return base
        folder = self.root / image.build
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        local = stand_in_reference(name, base.digest.encode(), *(f.read_bytes() for f in files))
        if not self.engine.image_id(local):
            self.say(f"building {name} on {base.used}")
            if why := _build_image(self.engine, folder, local, base.used):
                return f"the image {name} cannot be built ({image.build}): {why}"
        return ImageUse(name, local, self.engine.image_id(local), base.stand_in)


def pull_image(engine: Engine, reference: str) -> Pull:
    """Pull an image if its registry answers in time."""
    try:
        with contextlib.closing(engine.another_client(timeout=REGISTRY_SECONDS)) as quick:
            quick.api.inspect_distribution(reference)  # type: ignore[no-untyped-call]
        engine.client.images.pull(reference)
    except docker.errors.APIError as error:
        # What a registry answers, the engine hands on as 4xx; what it could not ask is its own 5xx.
        answer = Answer.UNKNOWN if error.is_client_error() else Answer.SILENT
        return Pull(answer, explain(error))
    except requests.exceptions.RequestException:
        return Pull(Answer.SILENT, f"its registry does not answer within {REGISTRY_SECONDS} s")
    return Pull(Answer.DONE)


def _import_image(engine: Engine, tar: str, reference: str, image: Image) -> None:
    """Make an image of a root file system, as `docker import` does."""
    repository, _, tag = reference.rpartition(":")
    command = f"CMD {list(image.command)!r}".replace("'", '"')
    try:
        engine.client.api.import_image_from_file(
            tar, repository=repository, tag=tag, changes=[f"LABEL {STAND_IN_LABEL}=1", command]
        )
    except (docker.errors.APIError, *UNREACHABLE) as error:
        raise EngineError.lost(error) from None


def _build_image(engine: Engine, folder: Path, reference: str, base: str) -> str:
    """Build a Dockerfile whose `ARG BASE` is the image it stands on; why not, if it failed."""
    try:
        engine.client.images.build(
            path=str(folder), tag=reference, rm=True, forcerm=True, buildargs={"BASE": base}
        )
    except docker.errors.BuildError as error:
        log = "".join(str(line.get("stream", "")) for line in error.build_log)
        return f"{error}\n{log[-2000:]}"
    except docker.errors.APIError as error:
        return explain(error)
    return ""
