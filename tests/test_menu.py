"""The menu: the page of the stored sets is in it once there is a set to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from kshare_docs.article.verify_script import script_files
from kshare_docs.article.views import render_view
from kshare_docs.data.report import Report
from kshare_docs.history.kernels import Kernels
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.build import build_site
from kshare_docs.site.lookup import Lookup

from .sites import make_project
from .test_kernels import captured

NAV = """
nav:
  - Home: index.md
  - First:
      - Other: other.md
  - Evidence:
      - Kernels: deep/kernels.md
"""


@pytest.mark.parametrize("stored", [False, True])
def test_kernels_are_in_the_menu_once_there_are_some(tmp_path: Path, *, stored: bool) -> None:
    root = make_project(tmp_path)
    with (root / "mkdocs.yml").open("a", encoding="utf-8") as file:
        file.write(f"validation: {{omitted_files: warn}}\n{NAV}")
    docs = root / "docs" / "zh"
    (docs / "index.md").write_text("# Home\n\n[there](deep/kernels.md)\n", encoding="utf-8")
    (docs / "other.md").write_text("# Other\n", encoding="utf-8")
    (docs / "deep").mkdir()
    view = '```view exec="1" name="kernels"\n```\n'
    (docs / "deep" / "kernels.md").write_text(f"# Kernels\n\n{view}", encoding="utf-8")
    (root / "docs" / "views").mkdir()
    (root / "docs" / "views" / "kernels.html.j2").write_text("<p>all of them</p>", encoding="utf-8")
    kernels = Kernels((captured("6.6", "6.6.1"),), ({},)) if stored else Kernels()
    report = Report(read_project(root), read_host())
    lookup = Lookup(root, render_view, report, kernels=kernels, final=True)
    assert build_site(lookup, root / "site", script_files) == []
    page = (root / "site" / "index.html").read_text(encoding="utf-8")
    menu = page.partition('<div role="main"')[0]
    assert ("Kernels" in menu, "Evidence" in menu) == (stored, stored)
    assert "First" in menu
    assert 'href="deep/kernels/"' in page
    assert "all of them" in (root / "site/deep/kernels/index.html").read_text(encoding="utf-8")
