"""The reference: what may be written in examples, and what each problem means, from one source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..data.needs import REMEDIES, lacking
from ..data.problem import Kind
from ..data.project import Image
from ..pages.docker_options import LETTERS, OPTIONS
from ..pages.expressions import FUNCTIONS, RESULTS, TEXT_METHODS
from ..words import load_reference

TOPICS = ("claims", "options", "images", "needs", "docker-run", "problems")


@dataclass(frozen=True, slots=True)
class Row:
    """A name, and what is told about it."""

    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """Everything of one sort that examples may use.

    Attributes:
        name: By which it is asked for.
        title: Its heading.
        groups: Rows by the heading above them; empty for those without one.
    """

    name: str
    title: str
    groups: Mapping[str, tuple[Row, ...]]


def topic(name: str, lang: str, images: Mapping[str, Image]) -> Topic:
    """One of `TOPICS` in the words of a language.

    Args:
        name: Which one.
        lang: The language.
        images: Those of the project.
    """
    words = load_reference(lang)
    titles: Mapping[str, str] = words["topics"]
    match name:
        case "claims":
            results = (
                Row(f"{key}[n]" if key in RESULTS else key, words["results"][key])
                for key in (*RESULTS, "host")
            )
            groups = {
                titles["results"]: tuple(results),
                titles["functions"]: tuple(
                    Row(key, words["functions"][key]) for key in sorted(FUNCTIONS)
                ),
                titles["methods"]: tuple(Row(f".{key}()") for key in TEXT_METHODS),
            }
        case "options":
            groups = {"": tuple(Row(key, text) for key, text in words["options"].items())}
        case "images":
            groups = {"": tuple(map(_image, sorted(images), map(images.get, sorted(images))))}
        case "needs":
            remedy = titles["remedy"]
            needs = (
                Row(key, f"{lacking(key, lang)}; {remedy}{text}") for key, text in REMEDIES.items()
            )
            groups = {"": tuple(needs)}
        case "docker-run":
            groups = {"": tuple(_docker_options(titles["taken"], titles["unsupported"]))}
        case _:
            groups = {"": tuple(Row(kind, " ".join(problem(kind, lang))) for kind in Kind)}
    return Topic(name, titles[name], groups)


def problem(code: str, lang: str) -> tuple[str, str]:
    """What a code means in short, and at length with the way to mend it.

    Raises:
        KeyError: There is no such code.
    """
    title, text = load_reference(lang)["problems"][code]
    return title if title.endswith((".", "。")) else f"{title}{_stop(lang)}", text


def _stop(lang: str) -> str:
    return "。" if lang == "zh" else "."


def _image(name: str, image: Image | None) -> Row:
    assert image  # noqa: S101
    return Row(name, image.reference if image.tag else f"{image.build} ← {image.base}")


def _docker_options(taken: str, unsupported: str) -> Iterable[Row]:
    letters = {name: letter for letter, name in LETTERS.items()}
    for name, option in sorted(OPTIONS.items()):
        short = f"-{letters[name]}, " if name in letters else ""
        text = f"{unsupported}{option.refusal}" if option.refusal else taken
        yield Row(f"{short}--{name}", text)
