"""A figure: a judged example as the reader sees it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments_ansi_color import AnsiColorLexer

from ..data.capture import Result
from ..data.example import Comment, Step
from ..data.needs import lacking
from ..data.report import Judged
from ..words import languages, load_words

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_OTHER_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-ln-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])"
)


def figure(judged: Judged, lang: str, ledger: str = "", stored: Sequence[Judged] = ()) -> Markup:
    """The HTML of an example.

    Args:
        judged: The example with its capture and verdicts.
        lang: Language of the fixed words.
        ledger: The page that lists the article's claims; empty where there is none.
        stored: The example as stored sets of other kernels have it: a tab each.
    """
    capture = judged.capture
    kernel = capture.provenance.kernel if capture else ""
    # A set of this very kernel is older than this run, and says nothing more.
    others = [item for item in stored if item.capture and _kernel(item) != kernel]
    words = load_words(lang)
    html = _template("example.html.j2").render(
        judged=judged,
        example=judged.example,
        capture=capture,
        provenance=capture.provenance if capture else None,
        commands="\n".join(step.source for step in judged.example.visible),
        records=[_record(item, words) for item in (judged, *others)],
        first=1 if others and not capture else 0,
        missing=why_missing(judged, lang),
        ledger=link(judged.example.page, ledger) if ledger else "",
        words=words,
    )
    return Markup(html)  # noqa: S704  (made by a template that escapes)


def _record(judged: Judged, words: dict[str, Any]) -> dict[str, Any]:
    """What one tab shows: an example on one kernel."""
    capture = judged.capture
    return {
        "judged": judged,
        "capture": capture,
        "provenance": capture.provenance if capture else None,
        "transcript": _transcript(judged),
        "claims": list(zip(judged.example.claims, judged.verdicts, strict=True)),
        "facts": _facts(judged, words),
    }


def _kernel(judged: Judged) -> str:
    return judged.capture.provenance.kernel if judged.capture else ""


def refusal(identifier: str, message: str, source: str, lang: str) -> Markup:
    """The HTML of a block that could not become an example; the build fails because of it."""
    words = load_words(lang)
    return Markup(  # format() escapes every argument
        '<figure class="kshare-example" id="{}" data-status="failed">'
        '<div class="language-console highlight"><pre><code>{}</code></pre></div>'
        '<p class="kshare-error">{}{}</p></figure>'
    ).format(identifier, source, words["refused"], message)


def link(start: str, target: str, anchor: str = "") -> str:
    """The way from one page to another of the same language, on a site with directory addresses.

    Args:
        start: Path of the page that has the link, from the project's root.
        target: Path of the page that it leads to.
        anchor: The place on that page.
    """
    way = posixpath.relpath(_address(target), _address(start))
    return f"{way}/#{anchor}" if anchor else f"{way}/"


def why_missing(judged: Judged, lang: str) -> str:
    """Why an example was skipped, in the words of its page; empty where it was not."""
    return str(load_words(lang)["separator"]).join(lacking(name, lang) for name in judged.missing)


def output_html(text: str) -> Markup:
    """A step's output as text that can never become markup: colours kept, controls made visible."""
    text = _OTHER_ESCAPE.sub("", text)
    if not _COLOUR.search(text):
        return escape(_CONTROL.sub(_picture, text))
    text = _CONTROL.sub(lambda match: match[0] if match[0] == "\x1b" else _picture(match), text)
    lexer = AnsiColorLexer(stripnl=False, ensurenl=False)
    return Markup(highlight(text, lexer, HtmlFormatter(nowrap=True)))  # noqa: S704


def _address(page: str) -> str:
    parts = PurePosixPath(page).parts
    inside = 2 if len(parts) > 2 and parts[1] in languages() else 1
    path = PurePosixPath(*parts[inside:]).with_suffix("")
    return str(path.parent if path.name == "index" else path)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def _transcript(judged: Judged) -> list[tuple[str, str, Markup | None, Result | None]]:
    results = iter(judged.capture.results if judged.capture else ())
    rows: list[tuple[str, str, Markup | None, Result | None]] = []
    for part in judged.example.parts:
        if isinstance(part, Comment):
            rows.append(("comment", part.text, None, None))
        elif isinstance(part, Step):
            result = next(results, None)
            if not part.hidden:
                output = output_html(result.output) if result and result.output else None
                rows.append(("step", part.source, output, result))
    return rows


def _facts(judged: Judged, words: dict[str, Any]) -> list[tuple[str, str]]:
    if judged.capture is None:
        return []
    made = judged.capture.provenance
    return [
        ("kernel", made.kernel),
        ("kernel_version", made.kernel_version),
        ("architecture", made.architecture),
        ("distribution", made.distribution),
        ("verdict", words["verdicts"].get(made.verdict, made.verdict)),
        ("engine", made.engine),
        ("storage_driver", made.storage_driver),
        ("cgroup_version", made.cgroup_version),
        ("time", made.time),
        ("seconds", f"{judged.capture.seconds:.2f} s"),
        ("capture", judged.capture.digest),
    ]


@cache
def _template(name: str) -> Any:
    environment = Environment(
        loader=PackageLoader("kshare_docs"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(name)
