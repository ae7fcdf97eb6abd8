"""No mistake passes without a word: what looks like a check, and checks nothing, is an error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.article.reference import TOPICS
from kshare_docs.data.needs import REMEDIES
from kshare_docs.data.problem import Kind
from kshare_docs.pages.blocks import Vocabulary
from kshare_docs.pages.contents import read_page
from kshare_docs.pages.expressions import FUNCTIONS, RESULTS
from kshare_docs.pages.fences import OWN_OPTIONS, QUOTE_OPTIONS, Finder
from kshare_docs.pages.project import read_project
from kshare_docs.words import load_reference

from .conftest import Workshop
from .sites import CONFIGURATION
from .test_fences import SEEDS, Pages

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "unseen.yml").read_text(encoding="utf-8")
)
WORDS = Vocabulary(REMEDIES, entries=("A1", "C3"), views=("ledger",))
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
TRUE = "$ docker run --rm alpine true"
UNKNOWN = "$ docker run --rm alpin true"


@pytest.mark.parametrize("name", CASES)
def test_a_page(name: str) -> None:
    case = CASES[name]
    problems = sorted(read_page(case["page"], "docs/p.md", words=WORDS).problems)
    found = [f"{p.line} {Kind(p.kind).name}" for p in problems]
    assert found == [text.partition(":")[0] for text in case["says"]], problems
    for text, problem in zip(case["says"], problems, strict=True):
        assert text.partition(": ")[2] in problem.message


@pytest.mark.parametrize("seed", SEEDS)
def test_every_executable_header_is_an_example_or_an_error(seed: int) -> None:
    pages, finder = Pages(seed), Finder()
    for _ in range(25):
        text = re.sub(r"\r\n?", "\n", pages.page())
        if "<" in text or "meta" in text:  # a comment, raw HTML or front matter may hide it
            continue
        said: list[tuple[Any, ...]] = []
        blocks = list(finder.find(text, partial(_note, said)))
        lines = {block.line for block in blocks} | {line for line, *_ in said}
        within = {n for b in blocks for n in range(b.line, b.line + len(b.lines) + 2)}
        for number, line in enumerate(text.split("\n"), 1):
            if re.match(r'[> \t]*(```|~~~).* exec="1" ', line) and number not in within:
                around = re.findall(r"(?m)^[> ]*[`~]{3,}", "\n".join(text.split("\n")[:number]))
                assert number in lines or len(around) > 1, f"{number}\n{text}"


def _note(said: list[tuple[Any, ...]], *what: Any) -> None:
    said.append(what)


def both(workshop: Workshop, zh: str, en: str | None = None) -> None:
    for lang, body in (("zh", zh), ("en", zh if en is None else en)):
        if body:
            text = f'```console exec="1" id="one"\n{body}\n```\n'
            workshop.page(f"{lang}/p.md", text)
        else:
            workshop.page(f"{lang}/p.md", "nothing\n")


def pytest_of(workshop: Workshop, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    return subprocess.run(
        [*command, *arguments],
        cwd=workshop.root,
        text=True,
        capture_output=True,
        check=False,
        env=os.environ | env,
    )


LANGUAGE_FAULTS = {
    "refused while planning": (UNKNOWN, UNKNOWN, "the image 'alpin'"),
    "another step": (TRUE, "$ docker run --rm alpine id", "its steps differ: step 1 is"),
    "another claim": (
        f"{TRUE}\n#? code[1] == 0  # a",
        f"{TRUE}\n#? code[1] == 1  # a",
        "its claims differ: claim 1 is",
    ),
    "a claim less": (f"{TRUE}\n#? code[1] == 0  # a", TRUE, r"its claims differ: \d here, \d in"),
    "no twin": (TRUE, "", "has no twin in"),
    "one is wrong": (f"{TRUE}\n#? out[7] == ''  # a", TRUE, "names step 7"),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", LANGUAGE_FAULTS)
def test_a_problem_is_one_of_every_page(workshop: Workshop, name: str, lang: str) -> None:
    zh, en, what = LANGUAGE_FAULTS[name]
    both(workshop, zh, en)
    if name == "no twin" and lang == "en":
        return  # the example does not stand there
    if name in {"no twin", "one is wrong"}:
        project = read_project(workshop.root).of_pages([f"docs/{lang}/p.md"])
        assert any(what in problem.message for problem in project.problems)
    else:
        done = workshop.kshare("check", f"docs/{lang}/p.md")
        assert done.returncode == 1, done.stdout + done.stderr
        assert re.search(rf"docs/{lang}/p.md:\d:\d+: one: {what}", done.stdout)
    done = pytest_of(workshop, "-m", "not live", f"docs/{lang}/p.md")
    assert done.returncode == 1
    assert re.search(what, done.stdout)


def test_views_have_twins_too(workshop: Workshop) -> None:
    workshop.page("views/v.html.j2", "x")
    workshop.page("zh/p.md", '```view exec="1" name="v"\n```\n')
    workshop.page("en/p.md", "x")
    (problem,) = read_project(workshop.root).problems
    assert "the view has no twin in 'en'" in problem.message
    assert (problem.file, problem.line) == ("docs/zh/p.md", 1)


LISTS = {
    "no recipe": ("images.toml", 'stand-in = "scripts/images/alpin"', "there is no such file"),
    "no Dockerfile": (
        "images.toml",
        '[x]\nbuild = "scripts/images/x"\nbase = "alpine"',
        "there is no scripts/images/x/Dockerfile",
    ),
    "a base that is its own": (
        "images.toml",
        '[x]\nbuild = "scripts/images/vm"\nbase = "x"',
        "lead back",
    ),
    "a key": ("images.toml", '[x]\nstandin = "y"', "did you mean 'stand-in'"),
    "a language": (
        "docs/claims.toml",
        '[A1]\nsection = {en = "x"}\nclaim = {zh = "x", en = "y"}',
        "its section is not said in 'zh'",
    ),
    "a mark": ("host-commands.txt", "#: setled\nuname -r", "did you mean '#: settled'"),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_beside_the_pages(workshop: Workshop, name: str) -> None:
    """Every command and builder says what is wrong with them, also where no example is."""
    file, text, what = LISTS[name]
    path = workshop.root / file
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if text.startswith("stand-in"):
        text = re.sub('stand-in = ".*?"', text, before)
        before = ""
    path.write_text(f"{before}\n{text}\n", encoding="utf-8")
    for lang in ("zh", "en"):
        workshop.page(f"{lang}/index.md", "x\n")
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    for command in (["check"], ["doctor"], ["build"], ["check", "docs/zh/index.md"]):
        done = workshop.kshare(*command, env=os.environ | NO_ENGINE)
        assert what in done.stdout + done.stderr, command
        assert "Traceback" not in done.stderr
        assert command == ["doctor"] or done.returncode == 1
    for choice in ("live", "not live"):
        done = pytest_of(workshop, "-m", choice, "docs/zh", **NO_ENGINE)
        assert what in done.stdout
        assert done.returncode == 1
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build"],
        cwd=workshop.root,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert what in done.stderr


ZENSICAL = Path(sys.executable).with_name("zensical")
BUILDERS = [
    pytest.param([sys.executable, "-m", "mkdocs", "build"], id="mkdocs"),
    pytest.param([sys.executable, "-m", "mkdocs", "build", "--strict"], id="mkdocs-strict"),
    pytest.param([str(ZENSICAL), "build"], id="zensical"),
    pytest.param([str(ZENSICAL), "build", "--strict"], id="zensical-strict"),
]
PLAIN = CONFIGURATION.replace("docs/zh", "docs").replace(
    "theme: {name: mkdocs, highlightjs: false}", "theme: {name: material}"
)


def site(workshop: Workshop, page: str, **extra: str) -> None:
    (workshop.root / "docs" / "zh").rmdir()
    configuration = PLAIN.replace("[console, view]", "[console]")
    if "module" in extra:
        (workshop.root / "saboteur.py").write_text(extra["module"], encoding="utf-8")
        configuration += "  - saboteur\n"
    (workshop.root / "mkdocs.yml").write_text(configuration, encoding="utf-8")
    workshop.page("index.md", page)


def built(workshop: Workshop, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Twice, for the second may not look at what the first kept."""
    if not Path(command[0]).exists():
        pytest.skip("zensical is not installed")
    for _ in range(2):
        done = subprocess.run(
            command,
            cwd=workshop.root,
            text=True,
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(workshop.root)},
        )
    return done


FAILING = {
    "refused": (f'```console exec="1" id="one"\n{UNKNOWN}\n```\n', "alpin"),
    "typed": ("```console\n$ uname -r\n6.6\n```\n", "was not run"),
    "indented": ("x\n\n    $ uname -r\n    6.6\n", "was not run"),
    "foreign": ('<p data-status="verified">x</p>', "pages are text"),
    "front": ('---\ntitle: "<b>"\n---\nx', "front matter"),
}


@pytest.mark.parametrize("command", BUILDERS)
@pytest.mark.parametrize("name", FAILING)
def test_every_builder_fails(workshop: Workshop, name: str, command: list[str]) -> None:
    page, what = FAILING[name]
    site(workshop, page)
    done = built(workshop, command)
    assert done.returncode == 1, done.stdout + done.stderr
    assert what in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", BUILDERS)
def test_a_quotation_looks_like_nothing_of_ours(workshop: Workshop, command: list[str]) -> None:
    page = '```console exec="0" quote="uname(1) <b>"\n$ uname -r\n<b>6.6</b>\n```\n'
    site(workshop, f"# x\n\n{page}")
    done = built(workshop, command)
    assert done.returncode == 0, done.stdout + done.stderr
    html = (workshop.root / "site" / "index.html").read_text(encoding="utf-8")
    figure = html[html.index("<figure") : html.index("</figure>")]
    assert figure.startswith('<figure class="kshare-quotation">')
    assert "$ uname -r\n&lt;b&gt;6.6&lt;/b&gt;" in figure
    assert "<cite>uname(1) &lt;b&gt;</cite>" in figure
    assert "kshare-example" not in figure
    assert "data-" not in figure
    assert "highlight" not in figure


def test_words_of_a_quotation(workshop: Workshop) -> None:
    for lang in ("zh", "en"):
        workshop.page(f"{lang}/index.md", '```console exec="0" quote="S"\n$ x\n```\n')
        name = "mkdocs.yml" if lang == "zh" else "mkdocs.en.yml"
        text = CONFIGURATION.replace("docs/zh", f"docs/{lang}") + f"      lang: {lang}\n"
        text = text.replace("kshare_docs.extension\n", "kshare_docs.extension:\n")
        text += f"site_dir: site{'' if lang == 'zh' else '/en'}\n"
        (workshop.root / name).write_text(text, encoding="utf-8")
    done = workshop.kshare("build")
    assert done.returncode == 0, done.stderr
    for folder, words in (
        ("", "引用，本站没有运行过。来源："),
        ("en", "Quoted, not run here. Source: "),
    ):
        html = (workshop.root / "site" / folder / "index.html").read_text(encoding="utf-8")
        assert f"{words}<cite>S</cite>" in html


RAISES = {
    "our formatter": "import kshare_docs.site.lookup as m\nm.Lookup.figure = None\n",
    "the project": "import kshare_docs.site.lookup as m\nm.read_project = None\n",
    "markdown-exec": "import kshare_docs.extension as m\nm._executed = None\n",
    "a quotation": "import kshare_docs.extension as m\nm.render_quotation = None\n",
}
EXTENSION = """
from markdown import Extension
def makeExtension(**_):
    return Extension()
"""


@pytest.mark.parametrize("command", BUILDERS)
@pytest.mark.parametrize("name", RAISES)
def test_what_raises_fails_the_build(workshop: Workshop, name: str, command: list[str]) -> None:
    page = f'```console exec="1" id="one"\n{UNKNOWN}\n```\n'
    page = page.replace("alpin ", "alpine ") if name == "markdown-exec" else page
    quote = '```console exec="0" quote="S"\n$ x\n```\n'
    site(workshop, quote if name == "a quotation" else page, module=RAISES[name] + EXTENSION)
    done = built(workshop, command)
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.live
@pytest.mark.parametrize("command", BUILDERS)
def test_a_false_claim_fails_every_builder(workshop: Workshop, command: list[str]) -> None:
    page = f'```console exec="1" id="one"\n{TRUE}\n#? code[1] == {{}}  # so\n```\n'
    site(workshop, page.format(1))
    done = built(workshop, command)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "claim failed" in done.stdout + done.stderr
    workshop.page("index.md", page.format(0))
    assert built(workshop, command).returncode == 0


def until_served(address: str, part: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    html = ""
    while part not in html:
        assert time.monotonic() < deadline, html
        time.sleep(0.2)
        try:
            with urllib.request.urlopen(f"http://{address}/") as answer:
                html = answer.read().decode()
        except OSError:
            continue


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def test_serve_watches_what_pages_depend_on(workshop: Workshop, unused_tcp_port: int) -> None:
    root, address = workshop.root, f"127.0.0.1:{unused_tcp_port}"
    overrides = root / "overrides"
    overrides.mkdir()
    (overrides / "main.html").write_text(
        '{% extends "base.html" %}{% block footer %}FOOT{% endblock %}'
    )
    text = CONFIGURATION.replace(
        "theme: {name: mkdocs,", "theme: {name: mkdocs, custom_dir: overrides,"
    )
    (root / "mkdocs.yml").write_text(text, encoding="utf-8")
    workshop.page(
        "zh/index.md",
        '```console exec="1" id="one"\n$ uname -r\n```\n\n```view exec="1" name="v"\n```\n',
    )
    workshop.page("views/v.html.j2", "<p>first</p>")
    command = [sys.executable, "-m", "kshare_docs.cli", "serve", "--address", address]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as server:
        try:
            until_served(address, "would run on the host")
            until_served(address, "first")
            edit(
                root / "docs" / "views" / "v.html.j2", lambda text: text.replace("first", "second")
            )
            until_served(address, "second")
            edit(overrides / "main.html", lambda text: text.replace("FOOT", "ANOTHER"))
            until_served(address, "ANOTHER")
            edit(root / "host-commands.txt", lambda _: "uname -a\n")
            until_served(address, "the nearest line is")
            workshop.page("zh/index.md", f'```console exec="1" id="one"\n{UNKNOWN}\n```\n')
            until_served(address, "did you mean")
            edit(root / "images.toml", lambda text: text.replace("[alpine]", "[alpines]"))
            until_served(address, "alpines")
            workshop.page("en/index.md", '```console exec="1" id="one"\n$ true\n```\n')
            # Another language is read where a configuration names it.
            edit(root / "mkdocs.yml", lambda text: text)
            (root / "mkdocs.en.yml").write_text(
                text.replace("docs/zh", "docs/en"), encoding="utf-8"
            )
            workshop.page("en/index.md", '```console exec="1" id="one"\n$ false\n```\n')
            until_served(address, "its steps differ")
        finally:
            server.terminate()


@pytest.fixture
def unused_tcp_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_engine_under_pytest(workshop: Workshop) -> None:
    workshop.example("one", TRUE)
    done = pytest_of(
        workshop, "docs", "--strict-markers", DOCKER_HOST="unix:///nowhere/docker.sock"
    )
    assert done.returncode == 1
    assert "no Docker Engine answers at unix:///nowhere" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "1 failed" in done.stdout


def test_a_wheel_leaves_the_tree_clean() -> None:
    root = Path(__file__).parent.parent
    ignored = subprocess.run(
        [
            "git",
            "check-ignore",
            "build/lib",
            "kshare_docs.egg-info/x",
            "kshare_docs-0.1.0-py3-none-any.whl",
        ],
        cwd=root,
        text=True,
        capture_output=True,
        check=False,
    )
    assert len(ignored.stdout.split()) == 3, "pip wheel . would leave files that git sees"


def test_a_snippet_holds_no_example(tmp_path: Path) -> None:
    extensions = "[pymdownx.snippets, pymdownx.superfences]"
    own = f'```console exec="1" id="own"\n{TRUE}\n#? code[1] == 1  # no\n```\n'
    files = {
        "mkdocs.yml": f"site_name: x\nmarkdown_extensions: {extensions}\n",
        "part.txt": f'a\nb\nc\n\n```console exec="1" id="inside"\n{TRUE}\n```\n',
        "docs/p.md": f'--8<-- "part.txt"\n\n{own}',
        "docs/q.md": '--8<-- "nothing.txt"\n\n```console exec="1" id="two"\n$ true\n```\n',
        "images.toml": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = read_project(tmp_path)
    said = {(p.file, p.line): p.message for p in project.problems}
    assert "comes from a snippet" in said["docs/p.md", 1]
    assert "cannot be rendered" in said["docs/q.md", 1]
    assert "alpine" in said["docs/p.md", 4]  # the line of the page's own step


def test_json_has_every_field(workshop: Workshop) -> None:
    workshop.example("one", f"{TRUE}\n#? otu[1] == ''  # a")
    report = json.loads(workshop.kshare("check", "--json").stdout)
    (error,) = report["errors"]
    assert (error["code"], error["line"], error["column"]) == ("KS032", 3, 4)
    assert (error["at"], error["text"]) == ("otu", "#? otu[1] == ''  # a")


def test_the_line_and_a_mark_are_shown(workshop: Workshop) -> None:
    workshop.example("one", f"{TRUE}\n#? out[1] == '内核' and otu[1] == ''  # a")
    said = workshop.kshare("check").stdout.split("\n")
    assert said[0].startswith("docs/zh/one.md:3:23: one: the claim ")
    assert said[0].endswith("did you mean 'out'? [KS032]")
    assert said[1] == "    #? out[1] == '内核' and otu[1] == ''  # a"
    assert said[2] == "    " + " " * 24 + "^^^"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_code_is_explained(workshop: Workshop, lang: str) -> None:
    words = load_reference(lang)
    assert set(words["problems"]) == set(Kind)
    assert words.keys() == load_reference("en").keys()
    assert all(words[key].keys() == load_reference("en")[key].keys() for key in words)
    assert set(words["functions"]) == set(FUNCTIONS)
    assert set(words["results"]) == {*RESULTS, "host"}
    assert set(words["options"]) == {*OWN_OPTIONS, *QUOTE_OPTIONS}
    done = workshop.kshare("explain", "ks012", "--lang", lang)
    assert done.stdout.startswith("KS012: ")
    assert words["problems"]["KS012"][1] in done.stdout
    for name in TOPICS:
        assert len(workshop.kshare("explain", name, "--lang", lang).stdout.splitlines()) > 2


def test_every_code_is_given() -> None:
    package = Path(__file__).parent.parent / "kshare_docs"
    text = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    assert {kind.name for kind in Kind if f"Kind.{kind.name}" not in text} == set()


def test_what_cannot_be_explained(workshop: Workshop) -> None:
    done = workshop.kshare("explain", "claimz")
    assert done.returncode == 2
    assert "did you mean 'claims'?" in done.stderr
