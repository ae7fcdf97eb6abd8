"""The doctor: what this machine offers, what is missing, and what mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec

from ..data.needs import REMEDIES, describe_lack
from ..data.project import Image, Project
from ..machine.engine import Engine, EngineError, connected
from ..machine.host import read_host
from ..machine.images import ImageProvider
from ..machine.probes import Probes
from ..machine.runs import ended_by_signals
from ..machine.wsl import Facts, judge_host, read_facts
from .cache import Cache
from .same_kernel import measure


def describe_verdict(facts: Facts) -> dict[str, Any]:
    """The verdict over a machine with its evidence, as `kshare doctor --json` prints it."""
    verdict = judge_host(facts)
    return {**asdict(verdict), "publishable": verdict.publishable}


def examine(project: Project, say: Callable[[str], None]) -> dict[str, Any]:
    """What this machine offers, as `kshare doctor --json` prints it.

    Args:
        project: Whose images and needs are meant.
        say: Takes a line about what is done now, for it may take a while.
    """
    facts = read_facts()
    host = read_host(facts)
    found: dict[str, Any] = {
        **describe_verdict(facts),
        "host": msgspec.to_builtins(host),
        "engine": None,
        "runtimes": [],
        "apart": "",
        "images": [],
        "needs": {},
        "missing": [],
        "errors": [str(problem) for problem in project.problems],
    }
    try:
        with connected() as engine:
            endpoint = engine.endpoint.host
            found["engine"] = {**msgspec.to_builtins(engine.info), "endpoint": endpoint}
            found["runtimes"] = list(engine.info.runtimes)
            found["apart"] = measure(project, engine, host, say)
            found["images"] = [
                {"name": name, **_image_state(engine, image)}
                for name, image in sorted(project.images.items())
            ]
            images = ImageProvider(project.root, project.images, engine, say, Cache(project.root))
            with ended_by_signals():
                missing = Probes(host, engine, images).missing(REMEDIES)
    except EngineError as error:
        found["missing"] = [{"what": str(error), "remedy": "scripts/build --keep-engine"}]
        return found
    found["needs"] = {name: name not in missing for name in REMEDIES}
    found["missing"] = [
        {"what": f"{name}: {describe_lack(name, said)}", "remedy": REMEDIES[name]}
        for name, said in missing.items()
    ]
    return found


def _image_state(engine: Engine, image: Image) -> dict[str, str]:
    if image.build:
        return {"reference": image.build, "state": "built here from a Dockerfile"}
    if engine.image_id(image.local):
        return {"reference": image.reference, "state": "present"}
    state = "not pulled yet; the next run pulls it, or makes a stand-in where no registry answers"
    return {"reference": image.reference, "state": state}
