"""What a reader would miss on a page is an error with its place, and says the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kshare_docs.pages.project import read_project

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


@pytest.mark.parametrize("name", CASES)
def test_prose(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    files = {**FILES, **case.get("files", {})}
    for file, (old, new) in case.get("instead", {}).items():
        assert old in files[file], f"{file} has no {old!r}"
        files[file] = files[file].replace(old, new, 1)
    for file, text in files.items():
        if text is not None:
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    found = sorted(map(str, read_project(tmp_path).problems))
    expected = sorted(case["problems"])
    assert len(found) == len(expected), "\n".join(found)
    for problem in expected:
        assert [line for line in found if line.startswith(problem)], (problem, found)
