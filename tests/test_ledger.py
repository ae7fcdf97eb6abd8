"""What claims on pages say of the article's: none is undecided, the gravest outcome counts."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from kshare_docs.article.ledger import ledger_rows
from kshare_docs.article.views import render_view
from kshare_docs.data.example import Bearing, Claim, Example, Finding, Options
from kshare_docs.data.project import Entry
from kshare_docs.data.report import ClaimVerdict, Judged, Report, Status
from kshare_docs.history.kernels import Kernels
from kshare_docs.machine.host import read_host
from kshare_docs.pages.catalogues import read_entries
from kshare_docs.pages.project import read_project

from .conftest import ROOT, Workshop

ENTRIES = """\
[A1]
section = {zh = "一", en = "one"}
claim = {zh = "甲", en = "first"}

[A2]
section = {zh = "二", en = "two"}
claim = {zh = "乙", en = "second"}
"""

LEDGER = """\
{% for row in run.ledger %}
<p id="{{ row.id }}" class="{{ row.status }}">{{ row.entry.claim[lang] }}</p>
{% endfor %}
"""


def test_every_claim_of_the_article_is_decided() -> None:
    project = read_project(ROOT)
    assert len(project.entries) == 39
    for lang in ("zh", "en"):
        decided = {
            bearing.entry
            for example in project.examples
            if example.lang == lang
            for claim in example.claims
            for bearing in claim.bearings
        }
        assert project.entries.keys() - decided == set(), f"tag a claim of docs/{lang} with them"


def test_an_undecided_claim_is_an_error(workshop: Workshop) -> None:
    (workshop.root / "docs" / "claims.toml").write_text(ENTRIES, encoding="utf-8")
    workshop.example(
        "tagged", "$ docker run --rm alpine true\n#~ none: a test\n#? code[1] == 0  # [A1] it ran"
    )
    (error,) = read_project(workshop.root).problems
    assert str(error).startswith("docs/claims.toml:5: no example decides the article's claim A2")


def test_a_claims_file_that_is_none(workshop: Workshop) -> None:
    path = workshop.root / "docs" / "claims.toml"
    for text, says in (("[A1\n", "line 1"), ("[A1]\nsaction = 1\n", "saction")):
        path.write_text(text, encoding="utf-8")
        entries, (problem,) = read_entries(workshop.root)
        assert not entries
        assert problem.file == "docs/claims.toml"
        assert says in problem.message


@pytest.mark.parametrize(
    ("decisions", "status"),
    [
        ([], "undecided"),
        ([("verified", "verified", "verified")], "verified"),
        ([("verified", "verified", "verified"), ("verified", "verified", "refuted")], "refuted"),
        ([("verified", "verified", "corrected"), ("skipped", "skipped", "refuted")], "corrected"),
        ([("skipped", "skipped", "verified")], "skipped"),
        ([("failed", "failed", "verified"), ("verified", "verified", "verified")], "failed"),
        # Another claim of the example failed; the one that decides holds.
        ([("failed", "verified", "verified")], "verified"),
    ],
)
def test_the_gravest_outcome_counts(decisions: list[tuple[str, str, str]], status: str) -> None:
    (row,) = ledger_rows(
        {"A1": Entry({"en": "one"}, {"en": "first"})},
        [judged(number, *decision) for number, decision in enumerate(decisions)],
    )
    assert row.status == status
    assert len(row.deciders) == len(decisions)


def judged(number: int, example: str, claim: str, finding: str) -> Judged:
    """An example of this status, with one claim of that one."""
    tagged = Claim("True", "it holds", 2, (Bearing("A1", Finding(finding)),))
    made = Example(f"e{number}", "docs/en/p.md", "en", 1, (), (tagged,), Options())
    return Judged(made, Status(example), verdicts=(ClaimVerdict(Status(claim)),))


def all_hold(lang: str) -> dict[str, str]:
    """The ledger's views, of a run in which every example holds."""
    project = read_project(ROOT)
    judged = {
        (e.lang, e.id): Judged(
            e, Status.VERIFIED, verdicts=(ClaimVerdict(Status.VERIFIED),) * len(e.claims)
        )
        for e in project.examples
    }
    report = Report(project, read_host(), judged)
    return {
        view.name: str(render_view(ROOT, view, report, Kernels()))
        for view in project.views
        if view.lang == lang and view.name.startswith("ledger")
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_row_is_a_section_of_its_own_and_those_amiss_come_first(lang: str) -> None:
    views = all_hold(lang)
    ids = {name: re.findall(r'<h[34] id="claim-(\w+)">\1 ', shown) for name, shown in views.items()}
    first, rest = ids["ledger"], ids["ledger-sections"]
    assert sorted(first + rest) == sorted(read_project(ROOT).entries)
    rows = re.findall(r'<section class="kshare-row" data-status="(\w+)">', views["ledger"])
    assert rows == sorted(rows, key=["refuted", "corrected"].index)
    assert {"G1", "C2", "C3", "C4", "C5", "D6", "E4"} == set(first)
    assert set(re.findall(r'kshare-row" data-status="(\w+)"', views["ledger-sections"])) == {
        "verified"
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_row_amiss_has_one_sentence_of_why(lang: str) -> None:
    shown = all_hold(lang)["ledger"]
    why = re.findall(r'<span class="kshare-mark">[^<]+</span> ([^<]+)<span class="kshare-s', shown)
    texts = {
        claim.text.lower()
        for example in read_project(ROOT).examples
        for claim in example.claims
        for bearing in claim.bearings
        if bearing.finding is not Finding.VERIFIED
    }
    assert len(why) == shown.count('<section class="kshare-row"')
    for sentence in why:
        assert unescape(sentence).strip().rstrip(".。").lower() in texts
    folded = re.sub(r"<details.*?</details>", "", shown, flags=re.DOTALL)
    assert "<li" not in folded, "the evidence is folded"


def test_what_failed_is_amiss() -> None:
    failed = Claim("True", "it holds", 2, (Bearing("A1", Finding.VERIFIED),))
    corrects = Claim("True", "it is more", 3, (Bearing("A1", Finding.CORRECTED),))
    made = Example("e", "docs/en/p.md", "en", 1, (), (failed, corrects), Options())
    verdicts = (ClaimVerdict(Status.FAILED), ClaimVerdict(Status.VERIFIED))
    entries = {"A1": Entry({"en": "one"}, {"en": "first"})}
    (row,) = ledger_rows(entries, [Judged(made, Status.FAILED, verdicts=verdicts)])
    assert (row.status, row.amiss, row.why) == ("failed", True, "it holds")
    assert [(part.status, part.text) for part in row.parts] == [
        ("failed", "it holds"),
        ("corrected", "it is more"),
    ]


@pytest.mark.live
def test_a_view_shows_what_became_of_the_claims(workshop: Workshop) -> None:
    root = workshop.root
    (root / "docs" / "claims.toml").write_text(ENTRIES, encoding="utf-8")
    (root / "docs" / "views").mkdir()
    (root / "docs" / "views" / "ledger.html.j2").write_text(LEDGER, encoding="utf-8")
    (root / "mkdocs.yml").write_text(
        "site_name: t\nstrict: true\ndocs_dir: docs/zh\ntheme: mkdocs\n"
        "plugins: [{markdown-exec: {languages: [console, view]}}]\n"
        "markdown_extensions: [pymdownx.superfences, kshare_docs.extension]\n",
        encoding="utf-8",
    )
    workshop.example(
        "tagged",
        """
$ docker run --rm alpine echo one
#~ docker run --rm alpine echo two
#? out[1] == "one"  # [A1] it is
#? out[1] != "two"  # [A2: corrected] it is not
""",
    )
    page = workshop.page("zh/index.md", '```view exec="1" name="ledger"\n```\n')
    done = workshop.kshare("build")
    assert done.returncode == 0, done.stderr
    shown = (root / "site" / "index.html").read_text(encoding="utf-8")
    assert '<p id="A1" class="verified">甲</p>' in shown
    assert '<p id="A2" class="corrected">乙</p>' in shown

    (root / "docs" / "views" / "ledger.html.j2").write_text("\n{{ run.nothing }}", encoding="utf-8")
    done = workshop.kshare("build")
    assert done.returncode == 1
    assert "docs/zh/index.md:1:24: view ledger: docs/views/ledger.html.j2" in done.stderr
    assert "nothing" in done.stderr

    page.write_text('```view exec="1" name="leger"\n```\n', encoding="utf-8")
    report = json.loads(workshop.kshare("check", "--json").stdout)
    assert "did you mean 'ledger'" in report["errors"][0]["message"]
