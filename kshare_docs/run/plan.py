"""The plan: what becomes of each example, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.capture import ImageUse
from ..data.project import Runnable
from ..data.report import Judged
from ..machine.images import ImageProvider
from ..machine.probes import Probes
from .cache import Cache, reuse_key
from .judge import judge_capture, judge_refused, judge_skipped


@dataclass(frozen=True, slots=True)
class Run:
    """An example that has to run.

    Attributes:
        runnable: The example.
        images: What stands for the images that it names.
        key: Under which its capture is kept.
    """

    runnable: Runnable
    images: tuple[ImageUse, ...]
    key: str


def decide(
    runnable: Runnable, probes: Probes, images: ImageProvider, cache: Cache | None
) -> Run | Judged:
    """Whether an example has to run; if not, its verdict.

    Args:
        runnable: The example.
        probes: What host and engine offer.
        images: Where images come from; those that are needed are made ready.
        cache: Captures of earlier runs; None where none may be reused.
    """
    example = runnable.example
    if missing := probes.missing(runnable.needs):
        return judge_skipped(example, missing)
    uses = images.provide_all(runnable.images)
    if isinstance(uses, str):
        return judge_refused(example, uses)
    key = reuse_key(example, uses, probes.host, probes.engine)
    if cache and (capture := cache.get(key)):
        return judge_capture(example, capture, probes.host)
    return Run(runnable, uses, key)
