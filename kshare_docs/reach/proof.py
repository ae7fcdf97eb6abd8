"""The proof that a page's picture shows: two of its captured values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..data.capture import visible
from ..data.escapes import plain
from ..data.report import Judged, Report, Status

LONGEST = 48
"""Characters of a value, or of a command, that fits into a picture."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What one verified example of a page gave.

    Attributes:
        values: Two commands, each with what it printed.
        claim: What was shown by them.
        kernel: The kernel that they ran on.
    """

    values: tuple[tuple[str, str], tuple[str, str]]
    claim: str
    kernel: str


def proofs(report: Report, lang: str) -> dict[str, Proof]:
    """For each page of a language that has one, the example that says most in a picture."""
    found: dict[str, list[Proof]] = {}
    for judged in report.of_language(lang):
        if proof := _proof(judged):
            found.setdefault(judged.example.page, []).append(proof)
    # The first of equals.
    return {page: max(candidates, key=_weight) for page, candidates in found.items()}


def _weight(proof: Proof) -> tuple[bool, bool]:
    """A host beside a container says more than two of a kind; what is cut off says less."""
    first, second = proof.values
    return _inside(first) != _inside(second), all(
        len(command) <= LONGEST for command, _ in proof.values
    )


def _inside(value: tuple[str, str]) -> bool:
    return value[0].startswith(("docker run ", "docker exec "))


def _proof(judged: Judged) -> Proof | None:
    if judged.status is not Status.VERIFIED or not judged.capture or not judged.example.claims:
        return None
    found = list(_values(judged))
    if len(found) < 2:
        return None
    other = next((value for value in found[1:] if _inside(value) != _inside(found[0])), found[1])
    values = (found[0], other)
    return Proof(values, judged.example.claims[0].text, judged.capture.provenance.kernel)


def _values(judged: Judged) -> Iterator[tuple[str, str]]:
    """Steps that printed one short line."""
    results = judged.capture.visible if judged.capture else ()
    for result in results:
        output = plain(result.output).strip()
        # What only tidies up prints the name of what it did it to.
        tells = result.code == 0 and not result.source.startswith("docker rm ")
        if tells and output.isprintable() and 0 < len(output) <= LONGEST:
            yield visible(result.source), output
