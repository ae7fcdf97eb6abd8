"""What is published, or taken into an image or a set, is a file of its own place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pymdownx.superfences import RE_NESTED_FENCE_START

from kshare_docs.history.capture_set import read_sets, write_set
from kshare_docs.pages.fences import LENGTH, QUOTES, endless_header
from kshare_docs.pages.project import read_project

from .conftest import Workshop
from .sites import CONFIGURATION, RAW, attack
from .test_sets import capture as stored_capture
from .test_sets import manifest


def _linked_folder(root: Path) -> None:
    (root / "docs" / "zh" / "etc").symlink_to("/etc")


def _linked_file(root: Path) -> None:
    (root / "docs" / "zh" / "shadow.txt").symlink_to("/etc/shadow")


def _linked_page(root: Path) -> None:
    (root / "docs" / "zh" / "page.md").symlink_to("/etc/passwd")


def _linked_view(root: Path) -> None:
    (root / "docs" / "views").mkdir()
    (root / "docs" / "views" / "x.html.j2").symlink_to("/etc/passwd")


def _linked_beside(root: Path) -> None:
    (root / "secret.txt").write_text("secret", encoding="utf-8")
    (root / "docs" / "zh" / "asset.css").symlink_to("../../secret.txt")


def _linked_by_links(root: Path) -> None:
    (root / "docs" / "zh" / "a").symlink_to("b")
    (root / "docs" / "zh" / "b").symlink_to("/etc")


def _linked_in_a_circle(root: Path) -> None:
    (root / "docs" / "zh" / "a").symlink_to("b")
    (root / "docs" / "zh" / "b").symlink_to("a")


def _linked_nowhere(root: Path) -> None:
    (root / "docs" / "zh" / "a.md").symlink_to("/nowhere/at/all")


def _linked_docs(root: Path) -> None:
    (root / "docs").rename(root / "real")
    (root / "docs").symlink_to("real")


def _linked_snippet(root: Path) -> None:
    (root / "docs" / "snippets").mkdir()
    (root / "docs" / "snippets" / "host.txt").symlink_to("/proc/self/environ")


def _html(root: Path) -> None:
    (root / "docs" / "zh" / "fake.html").write_text(RAW, encoding="utf-8")


def _xhtml(root: Path) -> None:
    (root / "docs" / "zh" / "fake.XHTML").write_text(RAW, encoding="utf-8")


def _fifo(root: Path) -> None:
    os.mkfifo(root / "docs" / "zh" / "pipe.txt")


def _linked_html(root: Path) -> None:
    (root / "docs" / "zh" / "fake.txt").write_text(RAW, encoding="utf-8")
    (root / "docs" / "zh" / "fake.html").symlink_to("fake.txt")


def _feed(root: Path) -> None:
    (root / "docs" / "zh" / "fake.rss").write_text(RAW, encoding="utf-8")


def _drawing(content: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        text = f'<svg xmlns="http://www.w3.org/2000/svg">{content}</svg>'
        (root / "docs" / "zh" / "drawing.SVG").write_text(text, encoding=encoding)

    return plant


NO_SITE = "refused with its path; no site is built"


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(_linked_folder, marks=attack("a link to /etc among the pages", NO_SITE)),
        pytest.param(_linked_file, marks=attack("a link to /etc/shadow as an asset", NO_SITE)),
        pytest.param(_linked_page, marks=attack("a link to /etc/passwd as a page", NO_SITE)),
        pytest.param(_linked_view, marks=attack("a link to /etc/passwd as a view", NO_SITE)),
        pytest.param(_linked_beside, marks=attack("a link to a file beside docs", NO_SITE)),
        pytest.param(_linked_by_links, marks=attack("a link to a link to /etc", NO_SITE)),
        pytest.param(_linked_in_a_circle, marks=attack("links in a circle", NO_SITE)),
        pytest.param(_linked_nowhere, marks=attack("a page that is a link to nowhere", NO_SITE)),
        pytest.param(_linked_docs, marks=attack("docs itself is a link", NO_SITE)),
        pytest.param(_linked_snippet, marks=attack("a snippet that is a link", NO_SITE)),
        pytest.param(_html, marks=attack("a page in HTML, published as it is", NO_SITE)),
        pytest.param(_xhtml, marks=attack("a page in XHTML", NO_SITE)),
        pytest.param(
            _linked_html, marks=attack("a link among the pages that has the name of one", NO_SITE)
        ),
        pytest.param(_feed, marks=attack("a page in another kind of XML", NO_SITE)),
        *(
            pytest.param(_drawing(text, code), marks=attack(f"a drawing with {what}", NO_SITE))
            for what, text, code in (
                ("a script", "<script>alert(1)</script>", "utf-8"),
                ("a script of another name space", "<s:script>alert(1)</s:script>", "utf-8"),
                ("a script in UTF-16", "<script>alert(1)</script>", "utf-16"),
                ("a script by an entity", '<!ENTITY x "y">', "utf-8"),
                ("an event", "<g onload = 'alert(1)'/>", "utf-8"),
                ("a link that is a script", "<a href='java&#10;script:alert(1)'/>", "utf-8"),
                ("a page of HTML", f"<foreignObject>{RAW}</foreignObject>", "utf-8"),
            )
        ),
        pytest.param(
            _fifo, marks=attack("a FIFO among the pages, which is read for ever", NO_SITE)
        ),
    ],
)
def test_what_may_not_be_published(workshop: Workshop, plant: Callable[[Path], None]) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    plant(root)
    done = workshop.kshare("build")
    assert done.returncode == 1
    assert "nothing is built with it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (root / "site").exists()
    problems = [p for p in read_project(root).problems if "nothing is built" in p.message]
    assert problems


@pytest.mark.parametrize("plant", [_linked_file, _html])
def test_a_bare_mkdocs_does_not_publish_it(
    workshop: Workshop, plant: Callable[[Path], None]
) -> None:
    root = workshop.root
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    plant(root)
    command = [sys.executable, "-m", "mkdocs", "build"]
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode
    published = [path.read_bytes() for path in (root / "site").rglob("*") if path.is_file()]
    assert not any(b"root:" in data or RAW.encode() in data for data in published)


def test_links_within_docs_are_fine(workshop: Workshop) -> None:
    workshop.page("zh/index.md", "x")
    workshop.page("en/index.md", "x")
    (workshop.root / "docs" / "en" / "same.md").symlink_to("../zh/index.md")
    assert read_project(workshop.root).problems == ()


IMAGE = '[x]\n{key} = "{value}"\ntag = "x:1"\ndigest = "sha256:{zeros}"\n'
NO_RECIPE = "refused, with the table's line"


def _recipe(root: Path) -> None:
    (root / "evil").write_text("#!/bin/sh\ntouch /tmp/x\n", encoding="utf-8")
    (root / "scripts" / "images" / "linked").symlink_to("../../evil")
    (root / "scripts" / "images" / "folder").mkdir()
    (root / "scripts" / "images" / "folder" / "shadow").symlink_to("/etc/shadow")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("stand-in", "docs/zh/recipe", marks=attack("a recipe in docs", NO_RECIPE)),
        pytest.param("stand-in", "/bin/sh", marks=attack("a recipe by its full path", NO_RECIPE)),
        pytest.param("stand-in", "../evil", marks=attack("a recipe outside", NO_RECIPE)),
        pytest.param(
            "stand-in",
            "scripts/images/../../evil",
            marks=attack("a recipe that leaves its folder", NO_RECIPE),
        ),
        pytest.param(
            "stand-in", "scripts/images/linked", marks=attack("a recipe that is a link", NO_RECIPE)
        ),
        pytest.param("stand-in", "scripts/build", marks=attack("another script", NO_RECIPE)),
        pytest.param("build", "/etc", marks=attack("a build folder on the host", NO_RECIPE)),
        pytest.param("build", ".", marks=attack("the project as a build folder", NO_RECIPE)),
        pytest.param("build", "scripts/images", marks=attack("all recipes at once", NO_RECIPE)),
        pytest.param(
            "build",
            "scripts/images/folder",
            marks=attack("a build folder with a link to /etc/shadow", NO_RECIPE),
        ),
    ],
)
def test_recipes_lie_in_their_folder(workshop: Workshop, key: str, value: str) -> None:
    _recipe(workshop.root)
    text = IMAGE.format(key=key, value=value, zeros="0" * 64)
    (workshop.root / "images.toml").write_text(text, encoding="utf-8")
    (problem, *_) = read_project(workshop.root).problems
    assert (problem.file, problem.line) == ("images.toml", 1)
    assert "no recipe below scripts/images" in problem.message


def test_our_own_recipes_are_fine(workshop: Workshop) -> None:
    assert read_project(workshop.root).problems == ()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "docs/claims.toml", marks=attack("a list of claims that is a device", NO_SITE)
        ),
        pytest.param("images.toml", marks=attack("a list of images that is a device", NO_SITE)),
    ],
)
def test_lists_that_are_links(workshop: Workshop, name: str) -> None:
    (workshop.root / name).unlink(missing_ok=True)
    (workshop.root / name).symlink_to("/dev/zero")
    assert any(
        "is a link" in p.message and p.file == name for p in read_project(workshop.root).problems
    )


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(
            "set.json", marks=attack("a stored set's list that is a device", "refused, named")
        ),
        pytest.param("a.json", marks=attack("a stored capture that is a device", "refused, named")),
    ],
)
def test_sets_are_files(tmp_path: Path, file: str) -> None:
    folder = write_set(tmp_path, manifest(), [stored_capture("a")])
    (folder / file).unlink()
    (folder / file).symlink_to("/dev/zero")
    _, (problem,) = read_sets(tmp_path)
    assert problem.file == f"captures/{folder.name}/{file}"
    assert "no regular file" in problem.message


@attack("a set with a signature that nothing has checked", "the page says: not attested", "results")
def test_a_set_is_attested_by_a_check_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = write_set(tmp_path, manifest(), [stored_capture("a")])
    (folder / "set.json.sigstore.json").write_text("{}", encoding="utf-8")
    (found,), problems = read_sets(tmp_path)
    assert not found.attested
    assert problems == []


ENDLESS = {
    "many options": "```x" + ' a="b"' * 60 + " !",
    "quotes that open and close": "```text" + ' a="' * 60 + "{",
    "another language": "~~~~ python" + ' title="a b"' * 60 + " !",
    "a quotation": "> > ```x" + ' a="' * 60 + "b!",
    "what Markdown drops": "``\x02`x" + ' a="' * 60 + "b!",
    "old ends of lines": "x\r```x" + ' a="' * 60 + "b!\ry",
}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(
            pytest.param(
                text,
                "x.md",
                id=what,
                marks=attack(f"a fence's header without end: {what}", NO_SITE),
            )
            for what, text in ENDLESS.items()
        ),
        (ENDLESS["many options"], "x.markdown"),
    ],
)
def test_a_header_that_takes_for_ever(workshop: Workshop, text: str, name: str) -> None:
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.page("zh/index.md", "x")
    (workshop.root / "docs" / "zh" / name).write_bytes(text.encode())
    done = workshop.kshare("build", seconds=60)
    assert done.returncode == 1
    assert re.match(rf"docs/zh/{name}:[12]:\d+: has a fence's header", done.stderr)
    assert not (workshop.root / "site").exists()


@pytest.mark.parametrize("option", ['a="b" ', 'a=" ', "a='\" "])
@pytest.mark.parametrize("wide", [False, True])
def test_a_header_that_is_let_pass_takes_no_time(option: str, wide: bool) -> None:
    """The longest ones, for SuperFences' own expression."""
    times = QUOTES // (option.count('"') + option.count("'"))
    header = "```x " + ("a" * (wide * (LENGTH // times - 8)) + option) * times + "{"
    assert not endless_header(header)
    assert endless_header(f"{header} '")
    assert endless_header(f"{header}{'a' * LENGTH}")
    begun = time.process_time()
    RE_NESTED_FENCE_START.match(header)
    assert time.process_time() - begun < 2


def test_quotes_elsewhere_are_no_header(workshop: Workshop) -> None:
    page = workshop.page("zh/index.md", '" ' * 60 + "```\n\n```text\n" + "' " * 60 + "\n```\n")
    assert read_project(workshop.root).problems == ()
    page.with_name("drawing.svg").write_text("<svg><a href='x'><path d='M0'/></a></svg>")
    assert read_project(workshop.root).problems == ()
