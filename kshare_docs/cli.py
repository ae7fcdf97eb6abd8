"""The command `kshare`."""

from __future__ import annotations

import datetime
import json
import logging
import os
import shutil
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec
from rich.console import Console

from .book import Book
from .capture import Outcome
from .drift import SAME, compare
from .engine import Engine, EngineError, connect
from .gate import Refusal, Source, make_statement, read_source, unfit, unsound
from .host import read_host, told
from .images import Image, Shelf
from .markdown import nearest
from .needs import NEEDS, probe
from .project import Project, find_root, read_project, with_rounds
from .runner import (
    FAILED,
    SKIPPED,
    VERIFIED,
    Report,
    as_json,
    run,
)
from .sets import FOLDER as CAPTURES
from .sets import ROUNDS, CaptureSet, Manifest, SetError, read_set, write_set
from .sharing import measure, why_apart
from .site import build_site, serve_site
from .statement import Metadata, verify_site, write
from .store import staged
from .terminal import (
    ProgressLine,
    print_doctor,
    print_drift,
    print_failures,
    print_problems,
    print_refusals,
    print_report,
    print_verdict,
    shown,
    terminal,
)
from .verdict import WSL2, Facts, FactsError, decode_facts, judge, read_facts

FAULT, UNABLE = 1, 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
    "--site-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the site goes. [default: site/]",
)
def build(*, publish: bool, fresh: bool, site_dir: Path | None) -> None:
    """Run the examples and build the site, Chinese at / and English at /en/.

    A publication reuses nothing, and needs a genuine WSL2 host whose kernel the engine shares,
    the registry's images, claims that all hold, and a clean working tree. Where it is refused, no
    site is written.
    """
    project, err, started = _project(), terminal(), _now()
    source = read_source(project.root)
    early = unfit(read_host(), source) if publish else []
    with ProgressLine(err) as listener:
        # What is refused anyway is run only for the other reasons.
        report = run(project, fresh=fresh or (publish and not early), listener=listener)
    if publish and (refusals := [*early, *unsound(report, _apart(project, err))]):
        _refuse(err, refusals)
    if report.fatal and not report.judged:
        print_problems(err, project.problems)
        _give_up(report.fatal)
    target = site_dir or project.root / "site"
    book = Book(project.root, report, final=True, publication=publish)
    if publish:
        with staged(target) as folder:
            faults = [
                *build_site(project.root, book, report, folder, publication=True),
                *_unshown(project, book),
            ]
            if faults:
                _refuse(err, [Refusal(fault, "kshare build shows it too") for fault in faults])
            _state(report, source, folder, started, publication=True)
    else:
        faults = build_site(project.root, book, report, target)
        print_problems(err, report.problems)
        print_failures(err, report)
        mine = {str(problem) for problem in report.problems}
        for fault in faults:
            said = fault in mine or fault.startswith("example ") or fault.endswith(" failed")
            if not said:
                err.print(f"site: {fault}", markup=False, highlight=False)
        unshown = _unshown(project, book)
        for line in unshown:
            err.print(line, markup=False, highlight=False)
        faults += unshown
        if target.is_dir():
            _state(report, source, target, started, publication=False)
    counts = ", ".join(f"{report.count(s)} {s}" for s in (VERIFIED, FAILED, SKIPPED))
    refused = f", {len(report.problems)} refused" if report.problems else ""
    kind = "publication" if publish else "preview"
    click.echo(
        f"{shown(target)}/: {counts}{refused}; {kind}, made on Linux {report.host.release}"
        f" (WSL2: {report.host.verdict})"
    )
    if report.fatal:
        _give_up(report.fatal)
    sys.exit(FAULT if faults or not report.sound else 0)


@main.command("verify-site")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def verify(*, folder: Path) -> None:
    """Compare the site in FOLDER with its provenance: one changed byte is found."""
    faults = verify_site(folder)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        click.echo(f"{folder}/: differs from its provenance in {len(faults)} places", err=True)
        sys.exit(FAULT)
    click.echo(f"{folder}/: is what its provenance says")


@main.command()
@click.argument("pages", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_data", is_flag=True, help="Print the report as JSON.")
@click.option("--fresh", is_flag=True, help="Reuse nothing of earlier runs.")
def check(*, pages: tuple[Path, ...], as_data: bool, fresh: bool) -> None:
    """Run the examples of PAGES, or of all pages, and judge their claims."""
    project = _select(_project(), pages)
    with ProgressLine(terminal(), silent=as_data) as listener:
        report = run(project, fresh=fresh, listener=listener)
    if as_data:
        click.echo(json.dumps(as_json(report), ensure_ascii=False, indent=1))
    else:
        print_report(report)
    if report.fatal:
        _give_up(report.fatal)
    sys.exit(0 if report.sound else FAULT)


@main.command()
@click.option("--fresh", is_flag=True, help="Reuse nothing of earlier runs.")
def capture(*, fresh: bool) -> None:
    """Store this kernel's captures, captures/KERNEL RELEASE/, from a complete run.

    Every example runs at least twice, which tells what of its output is volatile. An earlier set
    of this kernel is replaced as a whole. A set of a host that is not genuine WSL2
    is marked, and never appears on a publication.
    """
    project = with_rounds(_project(), ROUNDS)
    with ProgressLine(terminal()) as listener:
        report = run(project, fresh=fresh, listener=listener)
    if not report.sound or not report.judged:
        print_problems(terminal(), report.problems)
        print_failures(terminal(), report)
        click.echo("kshare: no set is stored: the run is not complete", err=True)
        if report.fatal:
            _give_up(report.fatal)
        sys.exit(FAULT)
    source = read_source(project.root)
    once = {judged.example.id: judged for judged in report.judged.values()}
    manifest = Manifest(
        kernel=report.host.release,
        host=told(report.host),
        verdict=report.host.verdict,
        time=_now(),
        commit="" if source.changes else source.commit,
        records={},
        skipped={name: item.missing for name, item in once.items() if item.missing},
    )
    captures = [item.capture for item in once.values() if item.capture]
    try:
        folder = write_set(project.root, manifest, captures)
    except (SetError, OSError) as error:
        _give_up(str(error))
    marked = "" if report.host.verdict == WSL2 else "; marked: its host is no genuine WSL2 host"
    count = f"{len(captures)} captures, {len(manifest.skipped)} skipped"
    click.echo(f"{shown(folder)}/: {count}{marked}")


@main.command()
@click.argument("before")
@click.argument("after")
@click.option("--json", "as_data", is_flag=True, help="Print the differences as JSON.")
def drift(*, before: str, after: str, as_data: bool) -> None:
    """Print what differs between the sets BEFORE and AFTER: kernel releases, or folders.

    Volatile parts, such as ids, times and addresses, are masked. Exit codes: 0 the same, 1 they
    differ, 2 a set cannot be read.
    """
    sets = [_set(name) for name in (before, after)]
    differences = compare(*sets)
    if as_data:
        click.echo(json.dumps([asdict(item) for item in differences], ensure_ascii=False, indent=1))
    else:
        print_drift(terminal(stderr=False), differences, *sets)
    sys.exit(FAULT if any(item.state != SAME for item in differences) else 0)


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
        _judge_recorded(facts, as_data=as_data)
        return
    project = _project()
    found = _examine(project)
    if as_data:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print_doctor(found)
    sys.exit(0 if found["engine"] else UNABLE)


@main.command()
@click.option("--cache", is_flag=True, help="Also forget the results kept for reuse.")
def clean(*, cache: bool) -> None:
    """Remove the containers, networks and volumes that crashed runs left."""
    root = _root()
    if cache:
        shutil.rmtree(root / ".kshare", ignore_errors=True)
    try:
        engine = connect()
    except EngineError as error:
        _give_up(str(error))
    try:
        removed = engine.sweep()
    finally:
        engine.close()
    click.echo(f"removed: {removed}")


@main.command()
@click.option("--lang", default="zh", show_default=True, help="The language to serve.")
@click.option("--address", default="127.0.0.1:8000", show_default=True, help="HOST:PORT.")
def serve(*, lang: str, address: str) -> None:
    """Serve one language with live reload; an edit runs only the changed example again."""
    root = _root()
    config = root / ("mkdocs.yml" if lang == "zh" else f"mkdocs.{lang}.yml")
    if not config.is_file():
        raise click.BadParameter(f"there is no {config.name}", param_hint="--lang")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve_site(root, lang, address)


def _root() -> Path:
    root = find_root(Path.cwd())
    if root is None:
        _give_up("no images.toml in this folder or above it: not a kshare project")
    return root


def _project() -> Project:
    return read_project(_root())


def _give_up(message: str) -> NoReturn:
    click.echo(f"kshare: {message}", err=True)
    sys.exit(UNABLE)


def _apart(project: Project, console: Console) -> str:
    """Why the engine does not share the host's kernel; empty where it does, or there is none."""
    try:
        engine = connect()
    except EngineError:
        return ""  # the run says so
    try:
        return _measure(project, engine, console)
    finally:
        engine.close()


def _measure(project: Project, engine: Engine, console: Console) -> str:
    image = next((name for name, image in project.images.items() if not image.build), "")
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    shelf = Shelf(project.root, project.images, engine, say)
    outcome = measure(engine, shelf, image) if image else Outcome("", None, "there is no image")
    return why_apart(read_host(), outcome, engine.info, engine.endpoint)


def _unshown(project: Project, book: Book) -> list[str]:
    return sorted(
        f"{e.page}:{e.line}: {e.id}: was run, but no page shows it"
        for e in project.examples
        if (e.lang, e.id) not in book.shown
    )


def _state(
    report: Report, source: Source, folder: Path, started: str, *, publication: bool
) -> None:
    """Write the statement of where the site comes from into it."""
    times = Metadata(started, _now())
    write(folder, make_statement(report, source, folder, times, publication=publication))


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _select(project: Project, pages: tuple[Path, ...]) -> Project:
    """The project with these pages only; the other language's twin of an example runs with it."""
    if not pages:
        return project
    known = sorted(
        {p.relative_to(project.root).as_posix() for p in (project.root / "docs").rglob("*.md")}
    )
    wanted: set[str] = set()
    for page in pages:
        path = page.resolve()
        name = (
            path.relative_to(project.root).as_posix()
            if path.is_relative_to(project.root)
            else str(page)
        )
        if name not in known:
            raise click.BadParameter(f"{page} is no page{nearest(name, known)}")
        wanted.add(name)
    examples = tuple(e for e in project.examples if e.page in wanted)
    ids = {e.id for e in examples}
    return replace(
        project,
        examples=examples,
        plans={name: plan for name, plan in project.plans.items() if name in ids},
        problems=tuple(
            p for p in project.problems if p.file in wanted or not p.file.endswith(".md")
        ),
    )


def _refuse(console: Console, refusals: list[Refusal]) -> NoReturn:
    print_refusals(console, refusals)
    sys.exit(FAULT)


def _set(name: str) -> CaptureSet:
    folder = Path(name)
    if not folder.is_dir():
        root = _root()
        folder = root / CAPTURES / name
        known = sorted(path.name for path in (root / CAPTURES).glob("*/"))
        if folder.name != name or not folder.is_dir():
            _give_up(f"there is no set {name!r}{nearest(name, known)}")
    found, problems = read_set(folder.resolve(), shown(folder))
    for problem in problems:
        click.echo(str(problem), err=True)
    if found is None or problems:
        _give_up(f"{shown(folder)}/ is not whole")
    return found


def _judge_recorded(path: Path, *, as_data: bool) -> None:
    try:
        found = _verdict(decode_facts(path.read_bytes()))
    except (OSError, FactsError) as error:
        _give_up(f"{path}: {error}")
    if as_data:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print_verdict(terminal(stderr=False), found)


def _verdict(facts: Facts) -> dict[str, Any]:
    verdict = judge(facts)
    return {**asdict(verdict), "publishable": verdict.publishable}


def _examine(project: Project) -> dict[str, Any]:
    host = read_host()
    missing: list[dict[str, str]] = []
    found: dict[str, Any] = {
        **_verdict(read_facts(environment=dict(os.environ))),
        "host": msgspec.to_builtins(host),
        "engine": None,
        "runtimes": [],
        "apart": "",
        "images": [],
        "needs": {},
        "missing": missing,
        "errors": [str(problem) for problem in project.problems],
    }
    try:
        engine = connect()
    except EngineError as error:
        missing.append({"what": str(error), "remedy": "scripts/build --keep-engine"})
        return found
    try:
        found["engine"] = {**msgspec.to_builtins(engine.info), "endpoint": engine.endpoint}
        found["runtimes"] = list(engine.info.runtimes)
        found["apart"] = _measure(project, engine, terminal())
        for name, image in sorted(project.images.items()):
            found["images"].append({"name": name, **_image_state(engine, image)})
        found["needs"] = probe(host, engine.info)
    finally:
        engine.close()
    for name, offered in found["needs"].items():
        if not offered:
            missing.append({"what": f"{name}: {NEEDS[name].missing}", "remedy": NEEDS[name].remedy})
    return found


def _image_state(engine: Any, image: Image) -> dict[str, Any]:
    if image.build:
        return {"reference": image.build, "state": "built here from a Dockerfile"}
    if engine.image_id(image.local):
        return {"reference": image.reference, "state": "present"}
    return {
        "reference": image.reference,
        "state": "not pulled yet; the next run pulls it, or"
        " makes a stand-in where no registry answers",
    }


if __name__ == "__main__":
    main()
