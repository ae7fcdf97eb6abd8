"""Pages are read as they will render, and everything wrong is found with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from mkdocs.config import load_config
from mkdocs.structure.files import get_files

from kshare_docs.data.needs import REMEDIES
from kshare_docs.pages.blocks import Vocabulary
from kshare_docs.pages.catalogues import read_allowed, read_settled
from kshare_docs.pages.contents import page_language, read_page, read_pages
from kshare_docs.pages.project import read_project

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "pages.yml").read_text(encoding="utf-8")
)
WORDS = Vocabulary(REMEDIES, entries=("A1", "C3"), views=("ledger",))


@pytest.mark.parametrize("name", CASES)
def test_page(name: str) -> None:
    case = CASES[name]
    contents = read_page(case["page"], "docs/zh/p.md", words=WORDS)
    problems = contents.problems
    assert [example.id for example in contents.examples] == case["ids"]
    assert [view.name for view in contents.views] == case.get("views", [])
    expected = [text.split(": ", 1) for text in case.get("problems", [])]
    found = [(str(problem.line), problem.message) for problem in sorted(problems)]
    assert len(found) == len(expected), found
    for (line, part), (at, message) in zip(
        sorted(expected, key=lambda e: int(e[0])), found, strict=True
    ):
        assert line == at
        assert any(part in text for where, text in found if where == line), (part, message)


def write(root: Path, files: dict[str, str]) -> Path:
    if "images.toml" in files:
        files = {"scripts/images/own/Dockerfile": "ARG BASE\nFROM $BASE\n", **files}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def example(identifier: str, lines: str, options: str = "") -> str:
    return f'```console exec="1" id="{identifier}" {options}\n{lines}\n```\n'


IMAGES = f"""
[alpine]
tag = "alpine:3"
digest = "sha256:{"0" * 64}"
[own]
build = "scripts/images/own"
base = "alpine"
"""


def test_languages_must_agree(tmp_path: Path) -> None:
    for lang, command in (("zh", "uname -r"), ("en", "uname -a")):
        write(tmp_path, {f"docs/{lang}/p.md": example("same", f"$ {command}")})
    contents = read_pages(tmp_path, words=WORDS)
    assert contents.examples == []
    said = [str(problem) for problem in contents.problems]
    here, there = "its steps differ: step 1 is", "make them equal"
    assert said == [
        f"docs/en/p.md:2: same: {here} 'uname -a' here, 'uname -r' in docs/zh/p.md:2: {there}",
        f"docs/zh/p.md:2: same: {here} 'uname -r' here, 'uname -a' in docs/en/p.md:2: {there}",
    ]


@pytest.mark.parametrize(
    ("page", "lang"),
    [
        ("docs/zh/p.md", "zh"),
        ("docs/en/guide/p.md", "en"),
        ("docs/p.md", ""),
        ("docs/en.md", ""),
        ("docs/guide/en/p.md", ""),
    ],
)
def test_the_folder_tells_the_language(page: str, lang: str) -> None:
    assert page_language(page) == lang


def test_a_project_of_one_language(tmp_path: Path) -> None:
    run = "$ docker run --rm alpine true"
    pages = {"docs/index.md": example("one", run), "docs/guide/p.md": example("two", run)}
    project = read_project(write(tmp_path, {"images.toml": IMAGES, **pages}))
    assert project.problems == ()
    assert [(item.id, item.lang) for item in project.examples] == [("two", ""), ("one", "")]
    assert list(project.runnables) == ["two", "one"]
    write(tmp_path, {"docs/again.md": example("one", run)})
    (problem,) = read_project(tmp_path).problems
    assert "docs/again.md:1 has it" in problem.message


def test_what_a_step_may_run(tmp_path: Path) -> None:
    steps = (
        "$ docker ps alpine",
        "$ uname -r",
        "$ uname -a",
        "$ docker run --rm alpine true | cat",
        "$ docker run --pid host alpine true",
        "$ docker run --pid host own true",
        "$ docker run --rm alpin true",
        "$ docker run --memori 1m alpine true",
    )
    files = {
        "images.toml": IMAGES,
        "host-commands.txt": "# reviewed\nuname -r\ndocker ps alpine\n"
        "docker run --pid host own true\n",
        "docs/bad.md": example("bad", "\n".join(steps)),
        "docs/good.md": example("good", "\n".join((*steps[:2], steps[5]))),
    }
    project = read_project(write(tmp_path, files))
    assert [(problem.line, problem.message.split(": ")[0]) for problem in project.problems] == [
        (4, "'uname -a'"),
        (5, "'docker run --rm alpine true | cat'"),
        (6, "--pid host reaches beyond the container"),
        (8, "the image 'alpin' is not in images.toml"),
        (9, "unknown `docker run` option --memori"),
    ]
    (good,) = project.runnables.values()
    assert good.needs == ("docker-cli",)
    assert good.images == {"alpine", "own"}
    assert [container is None for container in good.containers] == [True, True, False]


def test_what_cannot_be_in_the_script(tmp_path: Path) -> None:
    lines = """
$ docker run -d alpine true
$ docker run --rm own uname -r
$ docker run --memori 1m alpine true
$ docker ps alpine
#? out[1].split()[0] == "a"  # not in a shell
""".strip()
    files = {
        "images.toml": IMAGES,
        "docs/p.md": example("no", lines, 'script="1" needs="runsc"'),
        "host-commands.txt": "docker ps alpine\n",
    }
    project = read_project(write(tmp_path, files))
    assert [(problem.line, problem.message.split(":")[0]) for problem in project.problems] == [
        (1, "a script's example has no needs"),
        (2, "the script leaves nothing"),
        (3, "the image own is not in a registry"),
        (4, "unknown `docker run` option --memori"),
        (5, "the script runs containers by plain `docker run` lines only"),
        (6, "the claim cannot be said in a shell"),
        (6, "the script says what a difference means"),
    ]


def test_what_is_wrong_with_a_catalogue(tmp_path: Path) -> None:
    assert "is missing" in read_project(tmp_path).problems[0].message
    images = (
        IMAGES
        + '[bare]\ntag = "bare"\n["odd"]\nbuild = "scripts/images/x"\nbase = "no"\n[new]\nx = 1\n'
    )
    entries = "[A1]\nsection = {}\nclaim = {}\n[B1]\nsection = {}\n"
    files = {"images.toml": images, "docs/claims.toml": entries}
    project = read_project(write(tmp_path, files))
    assert list(project.images) == ["alpine", "own"]
    assert list(project.entries) == ["A1"]
    assert [
        re.split("`| the meaning|; known", str(problem))[0] for problem in project.problems
    ] == [
        "docs/claims.toml:1: no example decides the article's claim A1: begin",
        "docs/claims.toml:4: [B1]: Object missing required field ",
        "images.toml:8: [bare]: tag = 'bare' is not a reference with a tag, such as \"bare:1.0\"",
        "images.toml:10: [odd]: its base 'no' is not in images.toml",
        "images.toml:13: [new]: Object contains unknown field ",
    ]
    write(tmp_path, {"images.toml": "\nx\n", "docs/claims.toml": "x\n"})
    places = [(p.file, p.line, p.message[:15]) for p in read_project(tmp_path).problems]
    assert places == [
        ("docs/claims.toml", 1, "cannot be read:"),
        ("images.toml", 2, "cannot be read:"),
    ]


def test_pages_are_those_of_mkdocs(tmp_path: Path) -> None:
    names = [
        "README.md",
        "index.md",
        "a.markdown",
        "b.mdown",
        "c.mkdn",
        "d.mkd",
        "e.MD",
        "f.txt",
        "g.md.bak",
        "h.mdx",
        ".hidden.md",
        "templates/t.md",
        "deep/templates/t.md",
        ".dot/x.md",
        "deep/README.md",
        "deep/index.markdown",
        "out/x.md",
        "out/kept.md",
        "drafts/d.md",
        "drafts/kept.md",
        "alone.md",
        "only/README.md",
    ]
    files = {f"docs/{name}": example(f"e{n}", "$ true") for n, name in enumerate(names)}
    files["mkdocs.yml"] = """
site_name: x
exclude_docs: |
  /out/*
  !kept.md
draft_docs: /drafts/
not_in_nav: alone.md
"""
    write(tmp_path, files | {"images.toml": IMAGES, "host-commands.txt": "true\n"})
    (tmp_path / "docs" / "linked").symlink_to("deep")
    (tmp_path / "docs" / "again.md").symlink_to("alone.md")
    config = load_config(str(tmp_path / "mkdocs.yml"))
    expected = {
        f"docs/{file.src_uri}"
        for file in get_files(config).documentation_pages(
            inclusion=lambda level: level.is_included()
        )
    }
    project = read_project(tmp_path)
    assert project.problems == ()
    assert set(project.pages) == expected
    assert {"docs/a.markdown", "docs/linked/index.markdown", "docs/again.md"} <= expected
    assert not expected & {"docs/README.md", "docs/drafts/d.md", "docs/out/x.md"}
    assert "docs/again.md" in {item.page for item in project.examples}  # once, though shown twice
    draft = read_project(tmp_path, also={"docs/drafts/d.md"})
    assert {item.page for item in draft.examples} - {item.page for item in project.examples} == {
        "docs/drafts/d.md"
    }


@pytest.mark.parametrize("target", [".", "../deep", ".."])
def test_links_in_a_circle(tmp_path: Path, target: str) -> None:
    write(tmp_path, {"docs/deep/p.md": "x", "docs/p.md": example("one", "$ true")})
    (tmp_path / "docs" / "deep" / "loop").symlink_to(target)
    (tmp_path / "docs" / "there").symlink_to("deep")
    contents = read_pages(tmp_path, words=WORDS)
    assert [item.id for item in contents.examples] == ["one"]
    assert {"docs/deep/loop", "docs/there"} >= {problem.file for problem in contents.problems}
    assert all("nothing is built with it" in problem.message for problem in contents.problems)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_how_editors_save(tmp_path: Path, end: str, mark: bytes) -> None:
    page = "---\ntitle: x\n---\n" + example(
        "one", "$ uname -r\n#~ none: a test\n#? code[1] == 0  # [A1] well"
    )
    entries = "# \u2028\n[A1]\nsection = {}\nclaim = {}\n[B1]\nsection = 3\nclaim = {}\n"
    files = {
        "docs/p.md": page + example("No", "$ uname -r"),
        "images.toml": IMAGES,
        "host-commands.txt": "uname -r\n#: settled\ntrue\n",
        "docs/claims.toml": entries,
    }
    for name, text in files.items():
        write(tmp_path, {name: ""})
        (tmp_path / name).write_bytes(mark + text.replace("\n", end).encode())
    project = read_project(tmp_path)
    assert [example.id for example in project.examples] == ["one"]
    assert set(project.images) == {"alpine", "own"}
    assert read_allowed(tmp_path) == {"uname -r", "true"}
    assert read_settled(tmp_path) >= {"true"}
    assert [(p.file, p.line) for p in project.problems] == [
        ("docs/claims.toml", 5),
        ("docs/p.md", 9),
    ]


@pytest.mark.parametrize(
    "name", ["docs/p.md", "images.toml", "host-commands.txt", "docs/claims.toml", "mkdocs.yml"]
)
def test_no_utf8(tmp_path: Path, name: str) -> None:
    files = {"docs/p.md": "x", "docs/q.md": example("one", "$ docker run --rm alpine true")}
    write(tmp_path, files | {"images.toml": IMAGES})
    (tmp_path / name).write_bytes("# 中文".encode("gbk"))
    problems = read_project(tmp_path).problems
    assert name in {problem.file for problem in problems}
    assert all("cannot be read" in p.message for p in problems if p.file == name)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [", "error parsing the configuration"),
        ("docs_dir: ../elsewhere", "pages are read below"),
        ("docs_dir: 3", "cannot be read"),
        ("exclude_docs: [x]", "Expected a multiline string"),
        ("markdown_extensions: 3", "cannot be read"),
        ("- x", "cannot be read"),
        ("INHERIT: nothing.yml", "does not exist"),
        ("x: !!python/name:nothing.there", "cannot be read"),
    ],
)
def test_configurations_that_cannot_be_read(tmp_path: Path, text: str, what: str) -> None:
    write(tmp_path, {"docs/p.md": example("one", "$ true"), "mkdocs.yml": text})
    contents = read_pages(tmp_path, words=WORDS)
    (problem,) = contents.problems
    assert problem.file == "mkdocs.yml"
    assert what in problem.message
    assert [item.id for item in contents.examples] == ["one"]
