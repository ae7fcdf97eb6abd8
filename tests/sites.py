"""What the tests of a site share: a project to build, an example that is said to have run."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kshare_docs.data.capture import Capture, ImageUse, Provenance, Result
from kshare_docs.data.example import Claim, Comment, Example, Options, Step
from kshare_docs.data.report import ClaimVerdict, Judged, Status

CONFIGURATION = """\
site_name: t
docs_dir: docs/zh
theme: {name: mkdocs, highlightjs: false}
plugins: [{markdown-exec: {languages: [console, view]}}]
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - pymdownx.details
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
  - kshare_docs.extension
"""

BLOCK = """\
```console exec="1" id="real"
# a comment
$ uname -r
$ false
#? True  # it holds
```
"""


RAW = '<figure class="kshare-example" id="x" data-status="verified">x</figure>'


def judged(block: str, page: str = "docs/zh/real.md", output: str = "6.6") -> Judged:
    """An example that is said to have run: what is shown of it is the point here."""
    results = (
        Result("uname -r", hidden=False, output=output, code=0, seconds=0.1),
        Result("false", hidden=False, output="", code=1, seconds=0.1),
    )
    made = Provenance("t", "6.6", "Linux version 6", "x86_64", "Debian", "other", "28", "o", "2")
    image = ImageUse("alpine", "alpine:3", "sha256:" + "1" * 64, stand_in=False, id="sha256:2")
    parts = (Comment("a comment"), Step("uname -r", 3), Step("false", 4))
    example = Example("real", page, "", 1, parts, (Claim("True", "it holds", 5),), Options())
    lines = block.strip().split("\n")[1:-1]
    source = "\n".join(["[('id', 'real')]", *lines])
    capture = Capture("real", results, (image,), made)
    verified = ClaimVerdict(Status.VERIFIED)
    return Judged(replace(example, source=source), Status.VERIFIED, capture, (verified,))


def make_project(root: Path) -> Path:
    """One that has nothing yet but a place for pages and MkDocs' configuration."""
    (root / "docs" / "zh").mkdir(parents=True)
    (root / "images.toml").touch()
    (root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    return root


def in_our_theme(root: Path) -> None:
    """Give a project the configurations and the theme of this one; its pages are its own."""
    ours = Path(__file__).parent.parent
    shutil.copytree(ours / "overrides", root / "overrides")
    for path in ours.glob("mkdocs*.yml"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^(nav:\n(  .*\n)+|watch: .*\n)", "", text, flags=re.MULTILINE)
        (root / path.name).write_text(text, encoding="utf-8")


def attack(tried: str, outcome: str, kind: str = "site") -> pytest.MarkDecorator:
    return pytest.mark.attack(kind=kind, tried=tried, outcome=outcome)


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own in a folder."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
