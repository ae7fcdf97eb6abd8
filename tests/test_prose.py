"""What a reader would miss on a page is an error with its place, and says the way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.article.verify_script import script_files
from kshare_docs.article.views import render_view
from kshare_docs.data.report import Report
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.build import build_site
from kshare_docs.site.lookup import Lookup

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "prose.yml").read_text(encoding="utf-8")
)

CONFIGURATION = """\
site_name: t
docs_dir: docs/zh
theme: {name: mkdocs, custom_dir: overrides}
nav: [index.md, p.md]
markdown_extensions:
  admonition:
  attr_list:
  md_in_html:
  pymdownx.superfences:
  toc: {permalink: true}
  kshare_docs.extension: {lang: zh, complete: true}
"""


def page(description: str, keyword: str, body: str) -> str:
    return f"---\ndescription: {description}\ntags: [{keyword}]\n---\n\n{body}"


FILES = {
    "images.toml": f'[alpine]\ntag = "alpine:3"\ndigest = "sha256:{"0" * 64}"\n',
    "mkdocs.yml": CONFIGURATION,
    "mkdocs.en.yml": """\
INHERIT: mkdocs.yml
docs_dir: docs/en
site_dir: site/en

nav: [index.md, p.md]
markdown_extensions:
  kshare_docs.extension: {lang: en}
""",
    "docs/zh/index.md": page("首页。", "首页", "# 首页 {#home}\n\n[一节](p.md)\n"),
    "docs/en/index.md": page("Home.", "home", "# Home {#home}\n\n[It](p.md#part)\n"),
    "docs/zh/p.md": page("讲什么。", "东西", "# 页 {#page}\n\n## 一节 {#part}\n"),
    "docs/en/p.md": page("What.", "thing", "# Page {#page}\n\n## Part {#part}\n"),
}


def write(root: Path, files: dict[str, str | None]) -> None:
    for file, text in files.items():
        if text is not None:
            path = root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())


@pytest.mark.parametrize("name", CASES)
def test_prose(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    files = {**FILES, **case.get("files", {})}
    for file, (old, new) in case.get("instead", {}).items():
        assert old in files[file], f"{file} has no {old!r}"
        files[file] = files[file].replace(old, new, 1)
    for word, (piece, times) in case.get("repeat", {}).items():
        files = {file: text and text.replace(word, piece * times) for file, text in files.items()}
    write(tmp_path, files)
    found = sorted(map(str, read_project(tmp_path).problems))
    expected = sorted(case["problems"])
    assert len(found) == len(expected), "\n".join(found)
    for problem in expected:
        assert [line for line in found if line.startswith(problem)], (problem, found)


FAULTS: dict[str, str | None] = {
    **FILES,
    "mkdocs.yml": CONFIGURATION.replace("p.md]", "p.md, gone.md]"),
    "docs/zh/p.md": page(
        "讲什么。", "东西", "# 页 {#page}\n\n## 节 {#part}\n\n[x](gone.md) [y](#no)"
    ),
    "overrides/a.css": '@import "https://example.org/a.css";\n',
}


def test_pytest_tells_it_too(pytester: pytest.Pytester) -> None:
    write(pytester.path, FAULTS)
    result = pytester.runpytest_subprocess("docs", "-rf")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED docs/zh/p.md::line-10 - Failed: docs/zh/p.md:10:*",
            "FAILED docs/en/index.md::overrides/a.css-1 - Failed: overrides/a.css:1:*",
            "FAILED docs/en/index.md::mkdocs.yml-4 - Failed: mkdocs.yml:4:*",
        ]
    )


def test_a_build_tells_it_once(tmp_path: Path) -> None:
    write(tmp_path, FAULTS)
    project = read_project(tmp_path)
    lookup = Lookup(tmp_path, render_view, Report(project, read_host()), final=True)
    assert len(project.problems) == 4
    assert build_site(lookup, tmp_path / "site", script_files) == []
    unknown = Report(replace(project, problems=()), read_host())
    lookup = Lookup(tmp_path, render_view, unknown, final=True)
    assert len(build_site(lookup, tmp_path / "site", script_files)) >= 2


def test_a_site_without_superfences_is_told_so(tmp_path: Path) -> None:
    said = CONFIGURATION.replace("  pymdownx.superfences:\n", "")
    faults = FILES | {"mkdocs.yml": said, "overrides/a.css": ""}
    write(tmp_path, faults)
    lookup = Lookup(tmp_path, render_view, Report(read_project(tmp_path), read_host()), final=True)
    told = build_site(lookup, tmp_path / "site", script_files)
    what = "no examples render without pymdownx.superfences: list it too"
    assert f"docs/zh/index.md: {what}" in map(str, told)
