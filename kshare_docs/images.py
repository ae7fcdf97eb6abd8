"""Images: what `images.toml` says of them, and which one really runs."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from .capture import ImageUse
from .engine import Engine
from .example import Problem
from .markdown import nearest

FILE = "images.toml"
RETRY_SECONDS = 3600.0
"""How long a registry that did not answer is left in peace once a stand-in exists."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One entry of `images.toml`.

    Attributes:
        tag: Reference with tag in its registry; empty for an image that is built here.
        digest: Digest that the tag had when it was pinned.
        stand_in: Recipe that prints a root file system as tar, for when no registry answers.
        command: Command of the stand-in, as the registry's image has it.
        build: Folder with a Dockerfile, for an image that is built here.
        base: Name of the image that the Dockerfile stands on.
    """

    tag: str = ""
    digest: str = ""
    stand_in: str = ""
    command: tuple[str, ...] = ("sh",)
    build: str = ""
    base: str = ""

    @property
    def reference(self) -> str:
        """The pinned reference: tag and digest."""
        return f"{self.tag}@{self.digest}"

    @property
    def local(self) -> str:
        """The pinned reference as the engine knows it once pulled: digest without tag."""
        return f"{self.tag.rpartition(':')[0]}@{self.digest}"


def read_images(root: Path) -> tuple[dict[str, Image], list[Problem]]:
    """Read `images.toml`; a wrong entry is left out and reported."""
    path = root / FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, [Problem(FILE, 0, "", "is missing: it names the images that examples may use")]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        line = re.search(r"line (\d+)", str(error))
        return {}, [Problem(FILE, int(line[1]) if line else 0, "", f"cannot be read: {error}")]
    images: dict[str, Image] = {}
    problems: list[Problem] = []
    for name, entry in table.items():
        try:
            image = msgspec.convert(entry, Image)
        except msgspec.ValidationError as error:
            problems.append(Problem(FILE, _line(path, name), "", f"[{name}]: {error}"))
            continue
        if fault := _fault(name, image, table):
            problems.append(Problem(FILE, _line(path, name), "", f"[{name}]: {fault}"))
        else:
            images[name] = image
    return images, problems


def unknown_image(name: str, images: Mapping[str, Image]) -> str:
    """The message for an image that is not listed."""
    return f"the image {name!r} is not in {FILE}{nearest(name, list(images))}"


def stand_in_reference(name: str, *recipe: bytes) -> str:
    """The local name of an image made here: another recipe gives another name."""
    mark = hashlib.sha256(b"\0".join(recipe)).hexdigest()[:12]
    return f"kshare/{name}:{mark}"


class Shelf:
    """The images of one run: each is made ready once, on demand."""

    def __init__(
        self,
        root: Path,
        images: Mapping[str, Image],
        engine: Engine,
        say: Callable[[str], None],
        *,
        fresh: bool = False,
    ) -> None:
        """Make nothing ready yet.

        Args:
            root: The project's folder.
            images: The entries of `images.toml`.
            engine: Where images are kept.
            say: Takes a line about what is done now, for it may take a while.
            fresh: Ask the registry again even if it did not answer a moment ago.
        """
        self._root = root
        self._images = images
        self._engine = engine
        self._say = say
        self._ask = fresh
        self._ready: dict[str, ImageUse | str] = {}
        self._silent: dict[str, str] = {}

    def take(self, name: str) -> ImageUse | str:
        """The image that stands for a name, or why there is none."""
        if name not in self._ready:
            self._ready[name] = self._make(name, self._images[name])
        return self._ready[name]

    def references(self) -> dict[str, str]:
        """Names and references of all images that are ready."""
        return {name: use.used for name, use in self._ready.items() if isinstance(use, ImageUse)}

    def digests(self, names: Iterable[str]) -> list[str]:
        """What identifies the images of an example; an image that is not ready has no digest."""
        uses = (self.take(name) for name in sorted(names))
        return [use.digest if isinstance(use, ImageUse) else "" for use in uses]

    def _make(self, name: str, image: Image) -> ImageUse | str:
        if image.build:
            return self._build(name, image)
        if self._engine.image_id(image.local):
            return ImageUse(name, image.reference, image.digest, stand_in=False)
        local = ""
        if image.stand_in:
            recipe = (self._root / image.stand_in).read_bytes()
            local = stand_in_reference(name, recipe)
            if (known := self._engine.image_id(local)) and not self._worth_asking():
                return ImageUse(name, local, known, stand_in=True)
        why = self._pull(image)
        if not why:
            return ImageUse(name, image.reference, image.digest, stand_in=False)
        if not local:
            return f"the image {name} cannot be pulled: {why}; it has no stand-in in {FILE}"
        if fault := self._stand_in(name, image, local, why):
            return fault
        return ImageUse(name, local, self._engine.image_id(local), stand_in=True)

    def _pull(self, image: Image) -> str:
        registry = image.tag.partition("/")[0] if "/" in image.tag else ""
        if registry not in self._silent:
            self._say(f"pulling {image.reference}")
            why = self._engine.pull(image.reference)
            if not why:
                return ""
            self._silent[registry] = why
            self._note.parent.mkdir(exist_ok=True)
            self._note.write_text(why, encoding="utf-8")
        return self._silent[registry]

    @property
    def _note(self) -> Path:
        return self._root / ".kshare" / "registry-silent"

    def _worth_asking(self) -> bool:
        if self._ask:
            return True
        try:
            return time.time() - self._note.stat().st_mtime > RETRY_SECONDS
        except OSError:
            return True

    def _stand_in(self, name: str, image: Image, local: str, why: str) -> str:
        if self._engine.image_id(local):
            return ""
        self._say(f"making a stand-in for {name} from Debian packages ({why})")
        with tempfile.TemporaryDirectory(prefix="kshare-") as folder:
            tar = Path(folder) / "root.tar"
            with tar.open("wb") as file:
                done = subprocess.run(
                    [self._root / image.stand_in],
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.PIPE,
                    check=False,
                )
            if done.returncode:
                tail = done.stderr.decode(errors="replace").strip()[-1500:]
                return f"the stand-in for {name} failed ({image.stand_in}): {tail}"
            self._engine.import_image(tar, local, image.command)
        return ""

    def _build(self, name: str, image: Image) -> ImageUse | str:
        base = self.take(image.base)
        if isinstance(base, str):
            return base
        folder = self._root / image.build
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        local = stand_in_reference(name, base.digest.encode(), *(f.read_bytes() for f in files))
        if not self._engine.image_id(local):
            self._say(f"building {name} on {base.used}")
            if why := self._engine.build_image(folder, local, base.used):
                return f"the image {name} cannot be built ({image.build}): {why}"
        return ImageUse(name, local, self._engine.image_id(local), base.stand_in)


def _fault(name: str, image: Image, table: Mapping[str, object]) -> str:
    if image.build:
        known = image.base in table
        return "" if known else f"its base {image.base!r} is not in {FILE}"
    if not re.fullmatch(r"[^@\s]+:[\w.-]+", image.tag):
        return f'tag = {image.tag!r} is not a reference with a tag, such as "{name}:1.0"'
    if not _DIGEST.fullmatch(image.digest):
        return "digest is not sha256: and 64 hexadecimal digits"
    return ""


def _line(path: Path, name: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    heads = {f"[{name}]", f'["{name}"]'}
    return next((n for n, line in enumerate(lines, 1) if line.strip() in heads), 0)
