"""Claims that would take all time or memory are failed claims, and no more than that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from kshare_docs.data.capture import Capture, Provenance, Result
from kshare_docs.data.example import Claim, Example, Options, Step
from kshare_docs.data.host import Host
from kshare_docs.data.problem import Kind
from kshare_docs.data.project import Project
from kshare_docs.data.report import ClaimVerdict, Judged, Report, Status, as_json
from kshare_docs.pages.blocks import Vocabulary
from kshare_docs.pages.contents import read_page
from kshare_docs.pages.expressions import claim_faults, evaluate, parse_expression, result_names
from kshare_docs.run.evaluator import CPU_SECONDS
from kshare_docs.run.judge import judge_capture, judge_claim, judge_refused, redacted
from kshare_docs.run.redact import Redaction

from .conftest import ROOT, Workshop

HOST = Host("", "", "", "", "", 1, 1, "2", modules=False)
CAPTURE = Capture("x", (Result("echo hello", False, "hello", 0, 0.1),), (), Provenance(*["x"] * 9))
MEMORY = "took more than 1024 MiB"
TIME = f"took more than {CPU_SECONDS} s"


def attack(expression: str, part: str, tried: str, outcome: str = "a failed claim") -> object:
    mark = pytest.mark.attack(kind="claims", tried=tried, outcome=outcome)
    return pytest.param(expression, part, marks=mark, id=tried)


def judged(*expressions: str) -> tuple[ClaimVerdict, ...]:
    """All of them as the claims of one example, between two that hold."""
    lines = ("out[1] == 'hello'", *expressions, "code[1] == 0")
    claims = tuple(Claim(line, "", number) for number, line in enumerate(lines))
    example = Example("x", "p.md", "", 1, (Step("echo hello", 1),), claims, Options())
    first, *found, last = judge_capture(example, CAPTURE, HOST).verdicts
    assert (first.status, last.status) == (Status.VERIFIED, Status.VERIFIED)
    return tuple(found)


def children() -> list[psutil.Process]:
    """The processes that evaluate claims for this one; none is a zombie."""
    found = [p for p in psutil.Process().children() if "-P" in _command(p)]
    assert all(process.status() != psutil.STATUS_ZOMBIE for process in found)
    return found


def _command(process: psutil.Process) -> list[str]:
    return [] if process.status() == psutil.STATUS_ZOMBIE else process.cmdline()


@pytest.fixture(autouse=True)
def nothing_lingers() -> Iterator[None]:
    yield
    zombies = [p for p in psutil.Process().children() if p.status() == psutil.STATUS_ZOMBIE]
    assert zombies == []
    assert len(children()) <= 1


SLOW = "3000003 ** 3999999 == 1"
LONG = ", ".join(["out[1]"] * 100)
ENDLESS = f"len([1 for a in [{LONG}] for b in [{LONG}] for c in [{LONG}] for d in [{LONG}]]) == 0"


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        attack("'%20000000000d' % 1 == ''", MEMORY, "a claim formats a number 20 GB wide"),
        attack("'%*d' % (20000000000, 1) == ''", "", "a claim takes a format's width from a value"),
        attack("f'{1:20000000000d}' == ''", MEMORY, "a claim writes 20 GB by an f-string"),
        attack("f'{1.5:.999999999f}' == ''", "", "a claim asks for a thousand million decimals"),
        attack(
            "'%900000000d' % 1 == '%900000001d' % 1", "", "a claim compares two texts of 900 MB"
        ),
        attack("'a' * 10 ** 12 == ''", "that long", "a claim repeats a letter 10^12 times"),
        attack("[1] * 10 ** 10 == []", "that long", "a claim makes a list of 10^10 numbers"),
        attack("not " * 5000 + "True", "longer than", "a claim nests `not` 5,000 deep"),
        attack("not " * 400 + "True", "nested more than", "a claim nests `not` 400 deep"),
        attack("(" * 5000 + "1" + ")" * 5000, "longer than", "a claim nests 5,000 parentheses"),
        attack("[" * 150 + "]" * 150 + " == 1", "nested more than", "a claim nests 150 lists"),
        attack("-" * 1900 + "1 == 1", "", "a claim has 1,900 signs before a number"),
        attack("1" + "+1" * 900 + " == 901", "nested more than", "a claim adds up 900 numbers"),
        attack(
            f"matches('(a|a)*$', {'a' * 40 + 'b'!r})",
            "timed out",
            "a claim's pattern tries 2^40 ways",
        ),
        attack(
            f"matches('(x+x+)+y', {'x' * 60!r} * 200)", "timed out", "a claim's pattern backtracks"
        ),
        attack("3000003 ** 3999999 == 1", "", "a claim takes huge powers"),
        attack("10 ** 10 ** 10 == 1", "NumberTooHigh", "a claim towers powers"),
        attack(
            "'' == '%d' % (999 ** 999999)", "", "a claim writes a number of three million digits"
        ),
        attack("(3 ** 3999999) ** 3 // 7 ** 2999999 == 1", "", "a claim multiplies huge numbers"),
        attack(ENDLESS, "", "a claim's comprehension has 100^4 rounds"),
        attack(
            "sum([len(sorted([a * 9999 for b in out[1]] * 9000)) for a in out[1]]) == 0",
            "",
            "a claim sorts long lists of long texts",
        ),
        attack("len(set(('%90000000d' % 1).split(' '))) == 0", "", "a claim makes a huge set"),
        attack("().__class__.__bases__ == 1", "", "a claim climbs to Python's classes"),
        attack("__import__('os').system('id') == 0", "", "a claim imports a module"),
        attack("open('/etc/passwd') == 0", "not defined", "a claim opens a file"),
        attack("(lambda: 1)() == 1", "", "a claim defines a function"),
    ],
)
def test_a_claim_without_measure(expression: str, part: str) -> None:
    started = time.monotonic()
    (verdict,) = judged(expression)
    assert verdict.status is Status.FAILED
    assert part in verdict.detail, verdict
    assert len(verdict.detail) < 1000
    assert time.monotonic() - started < 120


@pytest.mark.attack(
    kind="claims",
    tried="one example makes twelve claims without measure",
    outcome="twelve failed claims; the others are judged",
)
def test_each_is_its_own() -> None:
    wide = "'%20000000000d' % 1 == ''"
    found = judged(*[wide, "out[1] == 'hello'"] * 12)
    assert [verdict.status for verdict in found] == [Status.FAILED, Status.VERIFIED] * 12


def test_time_is_a_limit_of_its_own() -> None:
    (verdict,) = judged(SLOW)
    assert verdict.detail == TIME


def test_what_ends_the_child_ends_one_claim() -> None:
    judged("True")
    (child,) = children()
    child.kill()
    child.wait()
    assert judge_claim(Claim("True", "", 1), CAPTURE, {}).status is Status.FAILED
    assert judge_claim(Claim("True", "", 1), CAPTURE, {}).status is Status.VERIFIED


def test_one_child_serves_all_threads() -> None:
    judged("True")
    (child,) = children()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: judged(f"{n} == {n}", f"{n} == -1"), range(1, 50)))
    assert {tuple(v.status for v in pair) for pair in found} == {(Status.VERIFIED, Status.FAILED)}
    assert children() == [child]


def test_no_claim_needs_no_child() -> None:
    code = (
        "import kshare_docs.run.evaluator as e, psutil;"
        "e.evaluate(e.Request((), {}, {}));"
        "assert not psutil.Process().children()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


JUDGE = """
import sys
from tests.test_claims import judged
assert [v.status for v in judged("1 == 1", "1 == 2")] == ["verified", "failed"]
"""


@pytest.mark.attack(
    kind="claims",
    tried="a pull request brings a module of the name of one that judging imports",
    outcome="it is not imported",
)
def test_the_child_is_of_this_package(tmp_path: Path) -> None:
    """Wherever it was found, and with nothing from the folder that it works in."""
    planted = tmp_path / "planted"
    for name in ("simpleeval", "regex", "msgspec", "kshare_docs"):
        (tmp_path / f"{name}.py").write_text(f"open({str(planted)!r}, 'w')", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-P", "-c", JUDGE], cwd=tmp_path, env=environment, check=True, timeout=60
    )
    assert not planted.exists()


@pytest.mark.parametrize("name", ["out", "host", "len"])
def test_names_are_ascii(name: str) -> None:
    """Python takes a full-width letter for the plain one."""
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    with pytest.raises(ValueError, match="FULLWIDTH LATIN SMALL LETTER"):
        parse_expression(f"{wide}(1) == 1")
    assert parse_expression(f"{name} == '{wide}'")


def test_a_detail_can_always_be_told() -> None:
    names = result_names(CAPTURE, {})
    for expression in ("host['\\ud800'] == 1", "out[1]['\\ud800'] == 1", "int('\\ud800') == 1"):
        evaluate(expression, names).detail.encode()


@pytest.mark.parametrize(
    ("claim", "part"),
    [
        pytest.param(
            expression,
            part,
            marks=pytest.mark.attack(kind="claims", tried=tried, outcome="refused, with its line"),
            id=tried,
        )
        for expression, part, tried in (
            ("not " * 5000 + "True", "longer than", "a page is read whose claim nests `not`"),
            ("not " * 400 + "True", "does not parse", "a page is read whose claim is deep"),
            ("(" * 900 + ")" * 900, "does not parse", "a page is read whose claim nests brackets"),
            ("'" + "(" * 1000 + " == 1", "does not parse", "a page is read whose text has no end"),
            ("x" + ".y" * 900, "nested more than", "a page is read whose claim asks 900 names"),
            ("１ == 1", "invalid", "a page is read whose claim has a full-width digit"),
            (
                "matches('((((a{9999}){9999}){9999}){9999})', out[1])",
                "multiply to too much",
                "a pattern takes all memory to compile",
            ),
            ("ｏut[1] == ''", "FULLWIDTH", "a page is read whose claim has a full-width letter"),
            ("out[1]\u00a0== ''", "U+00A0", "a page is read whose claim has a no-break space"),
        )
    ],
)
def test_a_page_with_such_a_claim_is_read(claim: str, part: str) -> None:
    text = f'```console exec="1" id="x"\n$ docker run alpine true\n#? {claim}  # no\n```\n'
    contents = read_page(text, "docs/p.md", words=Vocabulary(()))
    assert contents.examples == []
    assert [problem.line for problem in contents.problems] == [3]
    assert part in contents.problems[0].message


@pytest.mark.parametrize(
    ("claim", "part"),
    [
        ("matches('(', out[1])", "missing )"),
        ("not matches('[a', out[1])", "unterminated"),
        ("any(matches('*', line) for line in lines[1])", "nothing to repeat"),
        ("not matches(pattern='a{2', text=out[1]) and matches('?', '')", "nothing to repeat"),
        ("matches(b'a', out[1])", "is no text"),
        ("matches(1, out[1])", "is no text"),
        ("matches('[0-9]{4}-[0-9]{2}', out[1])", ""),
        ("matches('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', out[1])", ""),
        ("matches(out[1], '(')", ""),
    ],
)
def test_patterns_are_compiled_when_pages_are_read(claim: str, part: str) -> None:
    faults = claim_faults(Claim(claim, "", 3), 1)
    assert len(faults) == bool(part)
    assert all(part in message and kind is Kind.PATTERN for message, kind, _ in faults)


@pytest.mark.attack(
    kind="claims",
    tried="a fence's header is made to be read in 2^60 ways",
    outcome="refused, with file and line, at once",
)
def test_a_header_that_explodes() -> None:
    options = ' a="b"' * 60
    text = f'```console exec="1" id="x"{options} !\n$ true\n```\n'
    started = time.monotonic()
    contents = read_page(text, "docs/p.md", words=Vocabulary(()))
    assert time.monotonic() - started < 10
    assert contents.problems[0].line == 1


REDACT = Redaction({"alice": "user", "192.0.2.7": "ipv4", "192.0.2.8": "ipv4"})


def told(output: str, *expressions: str, code: int = 0, error: str = "") -> Judged:
    """One example as its report leaves the machine."""
    result = Result("ask", False, output, code, 0.1, error=error)
    capture = Capture("x", (result,), (), Provenance(*["by alice"] * 9))
    claims = tuple(Claim(line, "", number) for number, line in enumerate(expressions))
    example = Example("x", "p.md", "", 1, (Step("ask", 1),), claims, Options())
    host = Host("", "built by alice", "", "", "", 1, 1, "2", modules=False)
    project = Project(Path(), (example,), {}, {}, ())
    judged = judge_capture(example, capture, host)
    report = redacted(Report(project, host, {("", "x"): judged}, fatal="alice is gone"), REDACT)
    assert report.fatal == "‹user› is gone"
    assert report.host.version == "built by ‹user›"
    found = report.judged["", "x"]
    assert found.capture is not None
    assert found.capture.provenance.kernel_version == "by ‹user›"
    everything = f"{found} {as_json(report)} {found.failures}"
    assert not re.search(r"alic|192\.0", everything.replace("by alice", "")), everything
    return found


def test_what_was_printed_is_judged() -> None:
    """On what is shown, each would come out the other way."""
    found = told(
        "alice\n192.0.2.7\n192.0.2.8",
        "len(lines[1][0]) == 5",
        "lines[1][1] != lines[1][2]",
        "len(set(lines[1])) == 3",
        "'user' in out[1]",
        "lines[1][1] == lines[1][2]",
    )
    statuses = [verdict.status for verdict in found.verdicts]
    assert statuses == [Status.VERIFIED] * 3 + [Status.FAILED] * 2
    assert found.status is Status.FAILED
    assert (
        found.verdicts[3].detail == "does not hold of what was printed; what is shown is redacted"
    )
    assert found.capture
    assert found.capture.results[0].output == "‹user›\n‹ipv4›\n‹ipv4›"


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("out[1] == 'x'", "‹user›"),
        ("lines[1] == []", "‹user›"),
        ("float(out[1]) == 1", "could not convert string to float"),
        ("out[1].upper() == out[1]", "‹user›"),
        ("out[1].split('i')", "neither True nor False"),
        ("host['version'].split()", "‹user›"),
        ("out[2] == 1", "there is no step 2"),
    ],
)
def test_the_words_of_a_verdict_are_redacted(expression: str, part: str) -> None:
    """Also where a name was cut, or stands behind what `repr` made of a line's end."""
    for output in ("alice", "n\nalice\nn", "hello", "x" * 117 + " alice", "\x1b[1malice\x1b[0m"):
        (verdict,) = told(output, expression).verdicts
        assert verdict.status is Status.FAILED
        assert part in verdict.detail or output == "hello" or len(output) > 100


def test_reasons_are_redacted() -> None:
    assert told("", code=1).error.endswith("exited with 1, and no claim speaks of its code")
    assert told("", error="no folder of alice").error == "step 1 (line 1): no folder of ‹user›"
    example = Example("x", "p.md", "", 1, (), (), Options())
    refused = judge_refused(example, "/srv/alice: no room")
    report = Report(Project(Path(), (), {}, {}, ()), HOST, {("", "x"): refused})
    assert redacted(report, REDACT).judged["", "x"].error == "/srv/‹user›: no room"


@pytest.mark.live
def test_in_a_run(workshop: Workshop) -> None:
    """The others of the page are judged, and the command ends."""
    workshop.example(
        "measureless",
        """
$ docker run --rm alpine echo one
#? '%20000000000d' % 1 == ''  # never
#? 3000003 ** 3999999 == 1  # never
#? out[1] == "one"  # always
""",
    )
    row = workshop.one(code=1)
    assert [claim["status"] for claim in row["claims"]] == ["failed", "failed", "verified"]
    assert [claim["detail"] for claim in row["claims"][:2]] == [
        f"{MEMORY}, or broke the evaluation off",
        TIME,
    ]
