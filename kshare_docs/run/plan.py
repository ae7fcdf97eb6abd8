"""The plan: what becomes of each example, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..data.capture import Capture, ImageUse
from ..data.project import Runnable
from ..machine.images import ImageProvider
from ..machine.probes import Probes
from .cache import Cache, Keys, reuse_keys


@dataclass(frozen=True, slots=True)
class Run:
    """It runs.

    Attributes:
        runnable: The example.
        images: What stands for the images that it names.
        keys: Under which its capture may be kept.
    """

    runnable: Runnable
    images: tuple[ImageUse, ...]
    keys: Keys


@dataclass(frozen=True, slots=True)
class Reuse:
    """An earlier run's capture stands for it."""

    runnable: Runnable
    capture: Capture


@dataclass(frozen=True, slots=True)
class Skip:
    """The host lacks what it needs."""

    runnable: Runnable
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot run, and that is a failure."""

    runnable: Runnable
    reason: str


Decision: TypeAlias = Run | Reuse | Skip | Refuse


def decide(
    runnable: Runnable, probes: Probes, images: ImageProvider, cache: Cache | None
) -> Decision:
    """Decide about one example.

    Args:
        runnable: The example.
        probes: What host and engine offer.
        images: Where images come from; those that are needed are made ready.
        cache: Captures of earlier runs; None where none may be reused. What others may have
            changed meanwhile is read anew.
    """
    if missing := probes.missing(runnable.needs):
        return Skip(runnable, missing)
    uses = images.provide_all(runnable.images)
    if isinstance(uses, str):
        return Refuse(runnable, uses)
    keys = reuse_keys(runnable.example, uses, probes.host, probes.engine.info)
    if cache and runnable.settled:
        for key in (keys.this_boot, keys.any_boot):
            if capture := cache.get(key, runnable.example, uses):
                return Reuse(runnable, capture)
    return Run(runnable, uses, keys)
