"""Counter-runs: a claim that decides something has come out false once, for real."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kshare_docs.pages.blocks import Vocabulary
from kshare_docs.pages.contents import read_page
from kshare_docs.pages.project import read_project

from .conftest import Workshop
from .sites import CONFIGURATION

STEP = "$ docker run --rm alpine uname -r\n"


def block(body: str) -> str:
    return f'```console exec="1" id="x"\n{body}\n```\n'


def test_a_variant_takes_the_place_of_the_step_before_it() -> None:
    body = (
        "#$ docker run --rm alpine true\n"
        "#~ docker run --rm alpine \\\n    false\n"
        "$ docker run --rm alpine echo one\n"
        "#~ docker run --rm alpine echo 2\n"
        "#~ docker run --rm alpine echo 3\n"
        "#? out[1] == 'one'  # it says so"
    )
    (example,) = read_page(block(body), "docs/p.md", words=Vocabulary(())).examples
    assert [run.id for run in example.counter_runs] == ["x~1", "x~2", "x~3"]
    hidden, one = example.commands
    assert [run.commands for run in example.counter_runs] == [
        (("docker run --rm alpine \\\n    false", True), one),
        (hidden, ("docker run --rm alpine echo 2", False)),
        (hidden, ("docker run --rm alpine echo 3", False)),
    ]
    assert all(run.claims == example.claims for run in example.counter_runs)


@pytest.mark.parametrize(
    ("body", "line", "part"),
    [
        (f"#~ docker run alpine true\n{STEP}", 2, "there is none"),
        (f"# a comment\n#~ true\n{STEP}", 3, "there is none"),
        (f"{STEP}#~ docker run --rm alpine uname -r", 3, "equal to its step"),
        (f"{STEP}#~ docker run --rm \\\n    alpine uname -r", 3, "equal to its step"),
        (f"{STEP}#~", 3, "has no command"),
        (f"{STEP}#~ docker run --rm alpine \\", 3, "its next line is missing"),
        (f"{STEP}#~ none:", 3, "why there can be no counter-run"),
        (f"{STEP}#~ none", 3, "why there can be no counter-run"),
        (f"{STEP}#~ none: because\n#~ none: because", 4, "says, once"),
        (f"{STEP}#~ none: because\n#~ docker run alpine true", 4, "can be no counter-run"),
        (f"{STEP}#~ docker run alpine true\n#~ none: because", 4, "in the place of all others"),
        (f"{STEP}#? code[1] == 0  # [D1] it is", 3, "nothing shows that it can fail"),
    ],
)
def test_what_is_no_variant(body: str, line: int, part: str) -> None:
    contents = read_page(block(body), "docs/p.md", words=Vocabulary((), ("D1",)))
    assert contents.examples == []
    (problem,) = contents.problems
    assert (problem.line, problem.id) == (line, "x")
    assert part in problem.message


@pytest.mark.parametrize(
    ("variant", "part"),
    [
        ("docker run --rm alpin uname -r", "the image 'alpin' is not in images.toml"),
        ("uname -r", "host-commands.txt"),
        ("docker run --rm --pid host alpine uname -r", "host-commands.txt"),
        ("docker run --rm -v /etc:/etc alpine uname -r", "host-commands.txt"),
        ("docker run --rm --no-such alpine uname -r", "--no-such"),
    ],
)
def test_a_variant_is_checked_as_a_step_is(workshop: Workshop, variant: str, part: str) -> None:
    workshop.example("x", f"{STEP}#~ {variant}\n#? code[1] == 0  # it is")
    project = read_project(workshop.root)
    (problem,) = project.problems
    assert (problem.line, problem.id) == (3, "x")
    assert part in problem.message
    assert project.runnables == {}


@pytest.mark.parametrize("other", ["", "#~ docker run --rm alpine uname -m\n", "#~ none: weil\n"])
def test_languages_have_the_same(workshop: Workshop, other: str) -> None:
    claim = "#? code[1] == 0  # it is"
    workshop.page("zh/x.md", block(f"{STEP}#~ docker run --rm alpine uname -s\n{claim}"))
    workshop.page("en/x.md", block(f"{STEP}{other}{claim}"))
    project = read_project(workshop.root)
    assert {problem.file for problem in project.problems} == {"docs/zh/x.md", "docs/en/x.md"}
    assert all("differ" in p.message or "`#~ none:`" in p.message for p in project.problems)
    assert project.runnables == {}


def entries(root: Path) -> None:
    table = '[D1]\nsection = { zh = "一", en = "one" }\nclaim = { zh = "是", en = "it is" }\n'
    (root / "docs" / "claims.toml").write_text(table, encoding="utf-8")


def checked(workshop: Workshop, body: str, options: str = "", code: int = 0) -> dict[str, Any]:
    entries(workshop.root)
    workshop.example("x", body, options)
    return workshop.one(code)


@pytest.mark.live
def test_a_claim_that_failed_once(workshop: Workshop) -> None:
    row = checked(
        workshop,
        "$ docker run --rm alpine echo one\n"
        "#~ docker run --rm alpine echo two\n"
        "$ docker run --rm alpine echo end\n"
        "#~ docker run --rm alpine sh -c 'echo end; exit 3'\n"
        "#? out[1] == 'one'  # [D1] refuted by the first\n"
        "#? out[2] == 'end' and code[2] == 0  # [D1] refuted by the second\n"
        "#? len(out[2]) > 0  # decides nothing, and need not fail",
    )
    assert [claim["counter"] for claim in row["claims"]] == ["refuted", "refuted", "held"]
    assert {claim["status"] for claim in row["claims"]} == {"verified"}


@pytest.mark.live
@pytest.mark.parametrize(
    "claim", ["len(out[1]) > 0", "code[1] == 0 or out[1] == 'one'", "out[1] == out[1]"]
)
def test_an_empty_claim_is_found_out(workshop: Workshop, claim: str) -> None:
    body = f"{STEP}#~ docker run --rm alpine uname -s\n#? {claim}  # [D1] it proves nothing"
    row = checked(workshop, body, code=1)
    assert row["status"] == "failed"
    assert [item["counter"] for item in row["claims"]] == ["held"]
    report = workshop.kshare("check").stdout
    assert f"docs/zh/x.md:4:4: x: claim cannot fail: {claim} decides D1" in report


@pytest.mark.live
@pytest.mark.parametrize(
    ("variant", "options", "part"),
    [
        ("sleep 60", 'timeout="3"', "timed out"),
        ("no-such-command", "", "could not begin"),
        ("sh -c no-such-command", "", "could not begin"),
        ("/etc", "", "could not begin"),
    ],
)
def test_a_counter_run_that_shows_nothing(
    workshop: Workshop, variant: str, options: str, part: str
) -> None:
    """An error of its own, and no refutation."""
    body = f"{STEP}#~ docker run --rm alpine {variant}\n#? matches('[0-9]', out[1])  # [D1] it is"
    row = checked(workshop, body, options, code=1)
    assert row["status"] == "failed"
    assert [claim["counter"] for claim in row["claims"]] == ["skipped"]
    printed = workshop.kshare("check").stdout
    assert "docs/zh/x.md:3:1: x: counter-run: step 1 (line 3)" in printed
    assert part in printed


@pytest.mark.live
def test_a_claim_that_only_raises_is_not_refuted(workshop: Workshop) -> None:
    body = "$ docker run --rm alpine echo 1\n#~ docker run --rm alpine echo one\n"
    row = checked(workshop, f"{body}#? int(out[1]) == 1  # [D1] it is", code=1)
    assert [claim["counter"] for claim in row["claims"]] == ["held"]


@pytest.mark.live
def test_a_counter_run_that_this_host_cannot_do(workshop: Workshop) -> None:
    """It is skipped as an example would be: the claim holds, and nothing says that it can fail."""
    variant = "docker run --rm --runtime kata alpine uname -r"
    row = checked(workshop, f"{STEP}#~ {variant}\n#? matches('[.]', out[1])  # [D1] it is")
    assert row["status"] == "verified"
    assert [claim["counter"] for claim in row["claims"]] == ["skipped"]


@pytest.mark.live
def test_a_page_shows_what_was_refuted(workshop: Workshop) -> None:
    """And the site is what its provenance says, counter-runs too."""
    entries(workshop.root)
    (workshop.root / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    workshop.example(
        "index",
        "#$ docker run --rm alpine true\n"
        "$ docker run --rm alpine echo one\n"
        "#~ docker run --rm alpine echo another\n"
        "#~ docker run --rm --runtime kata alpine echo one\n"
        "#? out[1] == 'one'  # [D1] it says so",
    )
    workshop.allow("docker run --rm --runtime kata alpine echo one")
    assert workshop.kshare("build").returncode == 0
    html = (workshop.root / "site" / "index.html").read_text(encoding="utf-8")
    runs = r'(?s)<details class="kshare-fold kshare-counter">.*?</figure>'
    shown, skipped = re.findall(runs, html)
    assert "反证：把第 1 步换成 <code>docker run --rm alpine echo another</code>" in shown
    assert "被推翻，理当如此 D1</summary>" in shown
    assert '<span class="go">another</span>' in shown
    assert "没有在这台宿主机上运行" in skipped
    assert workshop.kshare("verify-site", "site").returncode == 0
