"""The command `kshare`.

Longer than most modules: each command is an edge of a few lines, and they stand together.
"""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import click

from . import terminal
from .article import reference
from .article.verify_script import script_files
from .article.views import render_view
from .data.capture import utc_now
from .data.files import staged
from .data.problem import Kind, Problem, nearest
from .data.project import Project
from .data.report import Report, as_json
from .history import capture_set
from .history.drift import Drift, compare
from .history.kernels import judge_sets
from .machine.engine import EngineError, connected
from .machine.host import read_host
from .machine.runs import sweep_host
from .machine.wsl import FactsError, decode_facts
from .pages.contents import unfit_files
from .pages.project import find_root, read_project
from .reading.offline import pack, refuse_zip
from .run.cache import Cache
from .run.doctor import describe_verdict, examine
from .run.runner import run
from .run.same_kernel import measure
from .site import attestation
from .site.build import build_site, configurations, language, serve_site
from .site.gate import Refusal, read_source, unfit, unsound
from .site.lookup import Lookup
from .site.provenance import make_statement

FAULT, UNABLE = 1, 2


class Kshare(click.Group):
    """The commands; what the system refuses is said in one line, by whichever it happens."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command that the arguments name."""
        with terminal.standard_streams() as output:
            try:
                return super().main(*args, **options)
            except (OSError, UnicodeError) as error:
                what = getattr(error, "strerror", "") or str(error)
                file = getattr(error, "filename", None)
                _give_up(f"{file}: {what}" if file else what)
            finally:
                output.flush()
                if output.fault and not isinstance(output.fault, BrokenPipeError):
                    _give_up(f"standard output: {output.fault.strerror}")


@click.group(cls=Kshare, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kshare-docs")
def main() -> None:
    """Executable documentation: examples run in real containers, claims are checked.

    Run it anywhere below a project's folder. Exit codes: 0 all is well, 1 an example or a claim
    failed or was refused, 2 it could not run.
    """


@main.command()
@click.option("--publish", is_flag=True, help="Make a publication, or refuse with all reasons.")
@click.option("--fresh", is_flag=True, help="Reuse nothing of earlier runs.")
@click.option(
    "--offline",
    is_flag=True,
    help="Make a zip instead of a folder, to be read from disk without a server.",
)
@click.option(
    "--site-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the site goes. [default: site/; with --offline, site-offline.zip]",
)
def build(*, publish: bool, fresh: bool, offline: bool, site_dir: Path | None) -> None:
    """Run the examples and build the site, Chinese at / and English at /en/.

    A publication reuses nothing, and needs a genuine WSL2 host whose kernel the engine shares,
    the registry's images, claims that all hold, and a clean working tree. Where it is refused, no
    site is written.
    """
    started, host = utc_now(), read_host()
    target = site_dir or _root() / "site"
    if offline:
        target = target.with_name(f"{target.name}-offline.zip")
    if why := refuse_zip(target) if offline else attestation.refuse_site(target):
        _give_up(why)
    if unfit_docs := unfit_files(_root()):
        terminal.print_problems(unfit_docs, _root())
        sys.exit(FAULT)
    project, sets = _project()
    source = read_source(project.root)
    early = unfit(host, source) if publish else []
    with terminal.ProgressLine() as listener:
        # What is refused anyway is run only for the other reasons.
        fresh = fresh or (publish and not early)
        report = run(project, host=host, fresh=fresh, listener=listener)
    if publish and (refusals := [*early, *unsound(report, _apart(report))]):
        _refuse(refusals)
    if report.fatal and not report.judged:
        terminal.print_faults(report)
        _give_up(report.fatal)
    kernels = judge_sets(sets, project.examples, publication=publish)
    lookup = Lookup(
        project.root, render_view, report, kernels=kernels, final=True, publication=publish
    )
    kind = "publication" if publish else "preview"
    made = f"{kind}, made on Linux {host.release} (WSL2: {report.host.verdict})"
    try:
        with _site_folder(target, publish=publish, offline=offline) as folder:
            attestation.begin_site(folder)
            say = partial(terminal.print_line, err=True)
            faults = build_site(lookup, folder, script_files, say, offline=offline) + lookup.unused
            if publish and faults:
                _refuse([Refusal(str(fault), "kshare build shows it too") for fault in faults])
            statement = make_statement(folder, lookup, source, started)
            attestation.write_statement(folder, statement)
            if offline:
                made = f"{made}; {pack(folder, target)}"
    except OSError as error:
        made = "no site"
        faults = [*lookup.problems, Problem(str(target), 0, "", f"cannot be written: {error}")]
    terminal.print_faults(report)
    terminal.print_problems(faults, project.root)
    refused = f", {len(report.problems)} refused" if report.problems else ""
    counts = terminal.describe_counts(report)
    name = f"{terminal.short_path(target)}{'' if offline else '/'}"
    terminal.print_line(f"{name}: {counts}{refused}; {made}")
    _finish(report, faulty=bool(faults))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def verify_site(*, folder: Path) -> None:
    """Compare the site in FOLDER with its provenance: one changed byte is found."""
    faults = attestation.compare_with_statement(folder)
    terminal.print_lines(faults)
    if faults:
        terminal.print_line(
            f"{folder}/: differs from its provenance in {len(faults)} places", err=True
        )
        sys.exit(FAULT)
    terminal.print_line(f"{folder}/: is what its provenance says")


@main.command()
@click.argument("pages", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_data", is_flag=True, help="Print the report as JSON.")
@click.option("--fresh", is_flag=True, help="Reuse nothing of earlier runs.")
def check(*, pages: tuple[Path, ...], as_data: bool, fresh: bool) -> None:
    """Run the examples of PAGES, or of all pages, and judge their claims."""
    chosen = _page_names(_root(), pages)
    project, _ = _project(chosen)
    if pages:
        for page in pages:
            if _page_names(project.root, (page,)).isdisjoint(project.pages):
                raise click.BadParameter(f"{page} is no page{nearest(str(page), project.pages)}")
        project = project.of_pages(chosen)
    with terminal.ProgressLine(silent=as_data) as listener:
        report = run(project, fresh=fresh, listener=listener)
    if as_data:
        terminal.print_json(as_json(report))
    else:
        terminal.print_report(report)
    _finish(report)


@main.command()
@click.option("--fresh", is_flag=True, help="Reuse nothing of earlier runs.")
def capture(*, fresh: bool) -> None:
    """Store this kernel's captures, captures/KERNEL RELEASE/, from a complete run.

    Every example runs at least twice, which tells what of its output is volatile. An earlier set
    of this kernel is replaced as a whole. A set of a host that is not genuine WSL2
    is marked, and never appears on a publication.
    """
    project, _ = _project()
    often = {name: item.repeated(capture_set.ROUNDS) for name, item in project.runnables.items()}
    with terminal.ProgressLine() as listener:
        report = run(replace(project, runnables=often), fresh=fresh, listener=listener)
    if not report.sound or not report.judged:
        terminal.print_faults(report)
        terminal.print_line("kshare: no set is stored: the run is not complete", err=True)
        _finish(report, faulty=True)
    source = read_source(project.root)
    manifest = capture_set.make_manifest(report, "" if source.changes else source.commit)
    captures = [item.capture for item in report.ran if item.capture]
    try:
        folder = capture_set.write_set(project.root, manifest, captures)
    except (capture_set.SetError, OSError) as error:
        _give_up(str(error))
    marked = "" if report.host.genuine else "; marked: its host is no genuine WSL2 host"
    count = f"{len(captures)} captures, {len(manifest.skipped)} skipped"
    terminal.print_line(f"{terminal.short_path(folder)}/: {count}{marked}")


@main.command()
@click.argument("before")
@click.argument("after")
@click.option("--json", "as_data", is_flag=True, help="Print the differences as JSON.")
def drift(*, before: str, after: str, as_data: bool) -> None:
    """Print what differs between the sets BEFORE and AFTER: kernel releases, or folders.

    Volatile parts, such as ids, times and addresses, are masked. Exit codes: 0 the same, 1 they
    differ, 2 a set cannot be read.
    """
    sets = [_stored_set(name) for name in (before, after)]
    differences = compare(*sets)
    if as_data:
        terminal.print_json([asdict(item) for item in differences])
    else:
        terminal.print_drift(differences, *sets)
    sys.exit(FAULT if any(item.state is not Drift.SAME for item in differences) else 0)


@main.command()
@click.option("--json", "as_data", is_flag=True, help="Print what was found as JSON.")
@click.option(
    "--facts",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Judge the recorded facts of a machine, a JSON object, instead of this one.",
)
def doctor(*, as_data: bool, facts: Path | None) -> None:
    """Say what this machine offers, what is missing, and the command that mends it."""
    if facts:
        try:
            found = describe_verdict(decode_facts(facts.read_bytes()))
        except (OSError, FactsError) as error:
            _give_up(f"{facts}: {error}")
    else:
        found = examine(_project()[0], partial(terminal.print_line, err=True))
    if as_data:
        terminal.print_json(found)
    else:
        terminal.print_doctor(found)
    sys.exit(0 if facts or found["engine"] else UNABLE)


@main.command()
@click.argument("subject")
@click.option("--lang", default="en", show_default=True, help="Language of the answer.")
def explain(*, subject: str, lang: str) -> None:
    """Say what a code such as KS012 means and how to mend it, or list a topic.

    Topics: claims, options, images, needs, docker-run, problems.
    """
    if subject.upper() in set(Kind):
        title, text = reference.problem(subject.upper(), lang)
        terminal.print_line(f"{subject.upper()}: {title}\n\n{text}")
        return
    if subject not in reference.TOPICS:
        known = {*reference.TOPICS, *map(str, Kind)}
        close = nearest(subject, known if subject[:2].upper() == "KS" else reference.TOPICS)
        raise click.BadParameter(f"{subject!r} is neither a code nor a topic{close}")
    images = read_project(_root()).images if subject == "images" else {}
    topic = reference.topic(subject, lang, images)
    for title, rows in topic.groups.items():
        terminal.print_line(title or topic.title)
        terminal.print_lines((f"  {row.name:24} {row.text}".rstrip() for row in rows), err=False)


@main.command()
@click.option("--cache", is_flag=True, help="Also forget the results kept for reuse.")
def clean(*, cache: bool) -> None:
    """Remove what crashed runs left: containers, networks, volumes, folders and processes."""
    root = _root()
    if cache:
        Cache(root).prune(-math.inf)
    try:
        with connected() as engine:
            removed = sweep_host() + engine.sweep()
    except EngineError as error:
        _give_up(str(error))
    terminal.print_line(f"removed: {removed}")


@main.command()
@click.option("--lang", default="", help="The language to serve. [default: the site's first]")
@click.option("--address", default="127.0.0.1:8000", show_default=True, help="HOST:PORT.")
def serve(*, lang: str, address: str) -> None:
    """Serve one language with live reload; an edit runs only the changed example again."""
    known = {language(c): Path(c.config_file_path) for c in configurations(_root())}
    if lang and lang not in known:
        what = f"no configuration has the language {lang!r}{nearest(lang, known)}"
        raise click.BadParameter(what, param_hint="--lang")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve_site(known[lang or next(iter(known))], address)


@contextmanager
def _site_folder(target: Path, *, publish: bool, offline: bool) -> Iterator[Path]:
    """Where a site is made: in its place, beside it if it may be refused, or to be packed."""
    with ExitStack() as stack:
        if offline:
            yield Path(stack.enter_context(TemporaryDirectory(prefix="kshare-"))) / "site"
        else:
            yield stack.enter_context(staged(target)) if publish else target


def _root() -> Path:
    try:
        root = find_root(Path.cwd())
    except FileNotFoundError:
        _give_up("this folder was removed: change into the project's")
    if root is None:
        _give_up("no images.toml in this folder or above it: not a kshare project")
    return root


def _project(also: Collection[str] = ()) -> tuple[Project, list[capture_set.CaptureSet]]:
    """The project with its stored sets; what is wrong with those is among its problems."""
    project = read_project(_root(), also=also)
    sets, damaged = capture_set.read_sets(project.root)
    problems = tuple(sorted((*project.problems, *damaged)))
    return replace(project, problems=problems), sets


def _give_up(message: str) -> NoReturn:
    terminal.print_lines([f"kshare: {message}"])
    sys.exit(UNABLE)


def _finish(report: Report, *, faulty: bool = False) -> NoReturn:
    if report.fatal:
        _give_up(report.fatal)
    sys.exit(FAULT if faulty or not report.sound else 0)


def _refuse(refusals: list[Refusal]) -> NoReturn:
    terminal.print_refusals(refusals)
    sys.exit(FAULT)


def _apart(report: Report) -> str:
    """Why the engine does not share the host's kernel; empty where it does, or there is none."""
    try:
        with connected() as engine:
            return measure(
                report.project, engine, report.host, partial(terminal.print_line, err=True)
            )
    except EngineError:
        return ""  # the run says so


def _page_names(root: Path, pages: tuple[Path, ...]) -> set[str]:
    """Pages relative to the root; where that leads through links, also what they lead to."""
    paths = [path for page in pages for path in (Path.cwd() / page, page.resolve())]
    return {os.path.relpath(path, root) for path in paths}


def _stored_set(name: str) -> capture_set.CaptureSet:
    folder = Path(name)
    if not folder.is_dir():
        root = _root()
        folder = root / capture_set.SETS_FOLDER / name
        known = [path.name for path in (root / capture_set.SETS_FOLDER).glob("*/")]
        if folder.name != name or not folder.is_dir():
            _give_up(f"there is no set {name!r}{nearest(name, known)}")
    found, problems = capture_set.read_set(folder.resolve(), terminal.short_path(folder))
    terminal.print_lines(problems)
    if found is None or problems:
        _give_up(f"{terminal.short_path(folder)}/ is not whole")
    return found


if __name__ == "__main__":
    main()
