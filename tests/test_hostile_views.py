"""A view reaches values only: its template may come with a pull request."""

from __future__ import annotations

from pathlib import Path

import pytest

from kshare_docs.article.views import render_view
from kshare_docs.data.example import View
from kshare_docs.data.report import Report
from kshare_docs.history.kernels import Kernels
from kshare_docs.machine.host import read_host
from kshare_docs.pages.project import read_project
from kshare_docs.site.lookup import ViewError

from .sites import BLOCK, attack, judged, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


HOSTILE = {
    "{{ ''.__class__ }}": "the class of a value",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": "every class of the process",
    "{{ run._report.project.root.read_text() }}": "the report, by its inner name",
    "{{ run.report.project.root.read_text() }}": "a file, by the project's folder",
    "{{ run.example.__globals__ }}": "the globals of a method",
    "{{ run.example.__func__.__code__ }}": "the code of a method",
    "{{ run.link.__self__._view }}": "the object behind a method",
    "{{ cycler.__init__.__globals__.os }}": "a module, by a helper of the template language",
    "{{ lipsum.__globals__['os'].popen('id') }}": "a program, by a helper",
    "{{ self._TemplateReference__context }}": "the template's own context",
    "{{ '{0.__class__}'.format(run) }}": "an attribute by a format string",
    "{{ '{0._report}'.format_map({'0': run}) }}": "an attribute by a mapped format string",
    "{{ run | attr('_report') }}": "an attribute by a filter",
    "{{ [run] | map(attribute='_report') | first }}": "an attribute by a filter over a list",
    "{% include '/etc/passwd' %}": "a file by its path",
    "{% include '../../images.toml' %}": "a file of the project that is no template",
    "{{ run.data('../zh/secret') }}": "a file that is not beside the templates",
    "{% set _ = words.update({'failed': 'verified'}) %}": "the words of all figures",
    "{{ 'x' * 10 ** 10 }}": "a power of numbers that never ends",
    "{{ 'x' * 10000000000 }}": "all of the memory, by a product",
    "{{ '%20000000000d' % 1 }}": "all of the memory, by a format",
    "{{ '{:>20000000000}'.format(1) }}": "all of the memory, by a width",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "a macro without end",
    "<script>alert(1)</script>": "a script in a view",
    "<figure class='kshare-example'>6.6</figure>": "a figure in a view",
    "<b data-capture='sha256:1'>6.6</b>": "a digest in a view",
}


def fill_in(project: Path, template: str) -> str:
    folder = project / "docs" / "views"
    folder.mkdir(exist_ok=True)
    (folder / "hostile.html.j2").write_text(template, encoding="utf-8")
    view = View("hostile", "docs/zh/index.md", "", 1)
    report = Report(read_project(project), read_host(), {("", "real"): judged(BLOCK)})
    return str(render_view(project, view, report, Kernels()))


NOT_FILLED = "the view is refused, with its file"


@pytest.mark.parametrize(
    "template", [pytest.param(t, marks=attack(what, NOT_FILLED)) for t, what in HOSTILE.items()]
)
def test_a_view_reaches_values_only(project: Path, template: str) -> None:
    (project / "docs" / "zh" / "secret.json").write_text("1", encoding="utf-8")
    with pytest.raises(ViewError, match=r"docs/views/hostile\.html\.j2|no name of a file"):
        fill_in(project, template)


@attack("a view that counts for ever", "ended after ten seconds, and named")
def test_a_view_that_takes_for_ever(project: Path) -> None:
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(ViewError, match="not filled in within"):
        fill_in(project, loop)
    assert "<title>" in fill_in(project, "<svg class='kshare-wide'><title>x</title></svg>")
    assert fill_in(project, "{{ run.output('real', 1) }} {{ host.release | length > 0 }}") == (
        "6.6 True"
    )
