"""A figure: commands, outputs, what they show; and what is folded below."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import msgspec
import pytest

from kshare_docs.data.capture import Result
from kshare_docs.data.example import Bearing, Claim, Finding, Step, Variant
from kshare_docs.data.report import ClaimVerdict, Fault, Judged, Status
from kshare_docs.site.figure import link, render_figure

from .sites import BLOCK, judged

FOLD = re.compile(
    r'<details class="kshare-fold kshare-decided" data-search-exclude( data-doubt open)?>'
)


def with_asides() -> Judged:
    """An example that sets up before its first step, and tidies after it."""
    base = judged(BLOCK)
    assert base.capture
    parts = (
        Step("mkdir x", 3, hidden=True),
        Step("ls \\\n  x", 4),
        Step("rm -r x", 6, hidden=True),
    )
    results = tuple(Result(p.source, p.hidden, "seen" * (not p.hidden), 0, 0.1) for p in parts)
    claim = Claim('out[1] == "seen" and len(lines[1]) == 1', "it was seen", 7)
    return replace(
        base,
        example=replace(base.example, parts=parts, claims=(claim,)),
        capture=msgspec.structs.replace(base.capture, results=results),
    )


def test_what_is_copied_is_what_ran() -> None:
    html = str(render_figure(with_asides(), "en"))
    copied = re.search(r'data-copy="([^"]*)"', html)
    assert copied
    assert unescape(copied[1]) == "mkdir x\nls \\\n  x\nrm -r x"


def test_steps_carry_the_number_that_claims_use() -> None:
    html = str(render_figure(with_asides(), "en"))
    assert re.findall(
        r'class="gp"(?: data-step="(\d+)")?>\$ </span><span class="([\w-]+)">(\w+)', html
    ) == [
        ("", "kshare-aside", "mkdir"),
        ("1", "kshare-command", "ls"),
        ("", "kshare-aside", "rm"),
    ]
    assert html.count('<span class="go">seen</span>') == 1
    assert "Grey commands only set up or tidy" in html
    assert "Grey" not in str(render_figure(judged(BLOCK), "en"))


@pytest.mark.parametrize(
    ("lang", "stop"),
    [
        ("en", "; lines[n] are the lines that step n printed"),
        ("zh", "；lines[n] 是第 n 步输出的各行"),
    ],
)
def test_only_the_names_that_are_used_are_explained(lang: str, stop: str) -> None:
    html = str(render_figure(with_asides(), lang))
    assert stop in html
    for name in ("code[n]", "seconds[n]", "runs[n]", "median("):
        assert name not in html


def test_a_claim_is_a_mark_and_a_sentence() -> None:
    base = judged(BLOCK)
    claim = Claim("out[1]", "it holds", 5, (Bearing("C3", Finding.REFUTED),), "it would not")
    item = replace(base, example=replace(base.example, claims=(claim,)))
    html = str(render_figure(item, "en", "docs/ledger.md"))
    (claims,) = re.findall(r'<ul class="kshare-claims".*?</ul>', html)
    assert re.sub("<[^>]*>", "", claims) == "verified it holds"
    fold = html[html.index("kshare-decided") :]
    for part in ("<code>out[1]</code>", "Otherwise: it would not", 'href="../ledger/#claim-C3"'):
        assert part in fold


def counter_run(item: Judged, **changes: object) -> Judged:
    """The same example with a counter-run."""
    example = replace(item.example, variants=(Variant(0, Step("uname -a", 3)),))
    (varied,) = example.counter_runs
    run = replace(
        item, example=varied, status=Status.FAILED, verdicts=(ClaimVerdict(Status.FAILED),)
    )
    return replace(item, example=example, counter_runs=(replace(run, **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "is_open"),
    [
        (judged(BLOCK), False),
        (replace(judged(BLOCK), verdicts=(ClaimVerdict(Status.FAILED, "out[1] is 2"),)), True),
        (replace(judged(BLOCK), status=Status.FAILED, fault=Fault("broke")), True),
        (
            replace(
                judged(BLOCK),
                status=Status.SKIPPED,
                capture=None,
                missing={"wslc": ""},
                verdicts=(ClaimVerdict(Status.SKIPPED),),
            ),
            True,
        ),
        (counter_run(judged(BLOCK)), False),
        (counter_run(judged(BLOCK), missing={"kata": ""}, capture=None), True),
        (counter_run(judged(BLOCK), fault=Fault("broke")), True),
    ],
    ids=["holds", "fails", "broken", "skipped", "refuted", "counter-skipped", "counter-broken"],
)
def test_the_fold_is_open_where_there_is_doubt(item: Judged, is_open: bool) -> None:
    (found,) = FOLD.findall(str(render_figure(item, "en")))
    assert bool(found) == is_open


def test_a_counter_run_is_folded_in_its_example() -> None:
    html = str(render_figure(counter_run(judged(BLOCK)), "en"))
    assert "How it was decided, with a counter-run</summary>" in html
    assert html.index("kshare-decided") < html.index('id="real~1"') < html.rindex("</figure>")
    inner = html[html.index('id="real~1"') :]
    assert "refuted</span>" in inner
    assert "kshare-decided" not in inner


@pytest.mark.parametrize(
    ("start", "target", "folders", "files"),
    [
        ("docs/zh/vms.md", "docs/zh/index.md", "../#x", "index.html#x"),
        ("docs/zh/index.md", "docs/zh/vms.md", "vms/#x", "vms.html#x"),
        ("docs/en/vms.md", "docs/en/ledger.md", "../ledger/#x", "ledger.html#x"),
        ("docs/a/vms.md", "docs/b/index.md", "../../b/#x", "../b/index.html#x"),
        ("docs/vms.md", "docs/vms.md", "./#x", "vms.html#x"),
    ],
)
def test_links_fit_the_addresses_of_the_site(
    start: str, target: str, folders: str, files: str
) -> None:
    assert link(start, target, "x") == folders
    assert link(start, target, "x", flat=True) == files
