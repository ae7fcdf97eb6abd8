"""The same kernel: whether the engine's containers run on the host's, measured and not assumed."""

from __future__ import annotations

from collections.abc import Callable

from ..data.capture import Ending, Outcome
from ..data.host import EngineInfo, Host
from ..data.project import Project
from ..machine.containers import example_containers
from ..machine.engine import Engine, EngineError, example_labels
from ..machine.images import ImageProvider
from ..machine.runs import ended_by_signals, run_folder
from ..pages.docker_run import parse_run
from .cache import Cache

SECONDS = 60.0
"""Time that the container has for its answer."""


def ask_container(engine: Engine, images: ImageProvider, image: str, runtime: str = "") -> Outcome:
    """Ask a container for its kernel: the outcome has the boot_id, then the release.

    Args:
        engine: Whose containers are meant.
        images: Where the image comes from.
        image: Name of an image that has `cat`.
        runtime: The runtime to ask; the engine's default where it is empty.
    """
    use = images.provide(image)
    if isinstance(use, str):
        return Outcome("", None, Ending.REFUSED, use)
    files = "/proc/sys/kernel/random/boot_id /proc/sys/kernel/osrelease"
    option = f"--runtime {runtime} " if runtime else ""
    container = parse_run(f"docker run --rm {option}{image} cat {files}")
    if container is None:
        return Outcome("", None, Ending.REFUSED, f"no image may be called {image!r}")
    labels = example_labels("same-kernel")
    with run_folder() as folder:
        try:
            with example_containers(engine, labels, folder / "scratch") as place:
                return place.run(container, use.id, SECONDS)
        except EngineError as error:
            return Outcome("", None, Ending.LOST, str(error))


def measure(project: Project, engine: Engine, host: Host, say: Callable[[str], None]) -> str:
    """Why the engine does not share the host's kernel, by the project's first image; see below."""
    image = next((name for name, image in project.images.items() if not image.build), "")
    if image:
        images = ImageProvider(project.root, project.images, engine, say, Cache(project.root))
        with ended_by_signals():
            outcome = ask_container(engine, images, image)
    else:
        outcome = Outcome("", None, Ending.REFUSED, "there is no image")
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
