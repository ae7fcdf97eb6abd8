"""The same kernel: whether the engine's containers run on the host's, measured and not assumed."""

from __future__ import annotations

from collections.abc import Callable

from ..data.capture import Ending, Outcome
from ..data.container import Container
from ..data.host import EngineInfo, Host
from ..data.project import Project
from ..machine.engine import Engine, EngineError
from ..machine.images import ImageProvider
from ..machine.probes import LackError, trial_containers
from ..machine.runs import ended_by_signals
from .cache import Cache

SECONDS = 60.0
"""Time that the container has for its answer."""


def ask_container(
    engine: Engine, images: ImageProvider, image: str = "", runtime: str = ""
) -> Outcome:
    """Ask a container for its kernel: the outcome has the boot_id, then the release.

    Args:
        engine: Whose containers are meant.
        images: Where the image comes from.
        image: Name of an image that has `cat`; where it is empty, the first not built here.
        runtime: The runtime to ask; the engine's default where it is empty.
    """
    command = ("cat", "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/osrelease")
    container = Container(image, command, {"HostConfig": {"Runtime": runtime}})
    try:
        with trial_containers(engine, images, image) as (containers, identity):
            return containers.run(container, identity, SECONDS)
    except LackError as error:
        return Outcome("", None, Ending.REFUSED, str(error))
    except EngineError as error:
        return Outcome("", None, Ending.LOST, str(error))


def measure(project: Project, engine: Engine, host: Host, say: Callable[[str], None]) -> str:
    """Why the engine does not share the host's kernel, by the project's first image; see below."""
    images = ImageProvider(project.root, project.images, engine, say, Cache(project.root))
    with ended_by_signals():
        outcome = ask_container(engine, images)
    return why_apart(host, outcome, engine.info, engine.endpoint.host)


def why_apart(host: Host, outcome: Outcome, engine: EngineInfo, endpoint: str) -> str:
    """Why the engine does not share the host's kernel; empty where it does.

    Equal releases do not count: two machines may boot one kernel file. The boot_id is made anew
    at every boot (random(4)).

    Args:
        host: The host's facts.
        outcome: What a container answered.
        engine: What the engine that ran it says of itself.
        endpoint: Where it was reached.
    """
    if outcome.error:
        return f"no container could be asked for its kernel: {outcome.error}"
    boot, _, release = outcome.output.partition("\n")
    if host.boot_id and outcome.code == 0 and boot == host.boot_id:
        return ""
    return f"the engine does not share the host's kernel: {_cause(release, engine, endpoint)}"


def _cause(release: str, engine: EngineInfo, endpoint: str) -> str:
    scheme = endpoint.partition("://")[0]
    if scheme not in {"unix", "npipe"}:
        return f"it is on another machine, {scheme}"
    if "linuxkit" in release:
        return f"Docker Desktop runs it in a machine of its own, on Linux {release}"
    if engine.default_runtime != "runc":
        return f"its default runtime is {engine.default_runtime}, with a kernel of its own"
    if release and "\n" not in release and release[0].isdigit():
        return f"its containers run on another boot, of Linux {release}"
    return "the runtime hides the kernel's boot_id, as one with a kernel of its own does"
