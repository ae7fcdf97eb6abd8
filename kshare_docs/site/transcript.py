"""Transcripts: what a finished page shows of captures, held against them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import unescape

from markupsafe import Markup

from ..data.capture import Capture, visible
from .figure import output_html

_FIGURE = re.compile(
    r'<figure class="kshare-example" id="([^"]*)" data-status="(\w+)"([^>]*)>'
    r'((?:(?!<figure class="kshare-example").)*?)</figure>',
    re.DOTALL,
)
"""A figure that has none in it: a counter-run's stands in that of its example."""

_RECORD = re.compile(
    r'(?:<div class="tabbed-block"([^>]*)>)?<div class="language-console highlight"><pre>'
    r'<span></span><code data-copy="([^"]*)">\n?(.*?)</code></pre></div>'
    r'(.*?)(?=<div class="tabbed-block"|$)',
    re.DOTALL,
)
_COMMENT = re.compile(r'<span class="c1">[^<]*</span>\n')
_COMMAND = re.compile(
    r'<span class="gp"(?: data-step="\d+")?>\$ </span>'
    r'<span class="kshare-(?:command|aside)">[^<]*</span>\n'
)
_EXIT = re.compile(r'(?<=<span class="kshare-exit">)[^<]* (?=\d+<)')  # words of some language
_CLAIM = re.compile(r'<li data-status="(\w+)">')
_STEP = Markup('<span class="gp" data-step="{}">$ </span><span class="kshare-command">{}</span>')
_ASIDE = Markup('<span class="gp">$ </span><span class="kshare-aside">{}</span>')
_OF_FIGURES = re.compile(r"<[^>]*(?:kshare-example|data-capture|data-copy)")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a run found out of an example: its capture, its status, and that of each claim."""

    capture: Capture
    status: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a page says of a capture: of its text, what is copied, its verdicts and its figure's."""

    copied: str
    text: str
    claims: tuple[str, ...]
    status: str


def page_faults(page: str, known: Iterable[Verified]) -> list[str]:
    """What a page shows and none of the captures has."""
    faults = []
    captures = {_marks(item.capture): item for item in known}
    while figures := _FIGURE.findall(page):
        for name, status, marks, body in figures:
            records = _RECORD.findall(body)
            if not records and (marks or status != "failed"):
                faults.append(f"{name} shows no transcript of a capture")
            for own, copied, text, rest in records:
                said = _Said(unescape(copied), text, tuple(_CLAIM.findall(rest)), status)
                said = replace(said, status="") if own else said
                fault = _fault(name, said, captures.get(own or marks), own or marks)
                if fault := fault or ("another transcript" if "<pre" in rest else ""):
                    faults.append(f"{name} shows {fault}")
        page = _FIGURE.sub("", page)
    if _OF_FIGURES.search(page):
        faults.append("beside its figures it shows what no capture has")
    return faults


def _fault(name: str, said: _Said, item: Verified | None, marks: str) -> str:
    """What is wrong with a transcript, the status of its claims, and that of its figure."""
    text = _EXIT.sub("", _COMMENT.sub("", said.text))
    if not marks:
        verdicts = (*said.claims, said.status)
        silent = not _COMMAND.sub("", text).strip() and "verified" not in verdicts
        return "" if silent else "what no capture has"
    if item is None:
        return f"the capture{marks}, which the provenance does not name"
    capture = item.capture
    if capture.id != name or text != _shown(capture):
        return f"what the capture {capture.digest} does not have"
    if said.copied != "\n".join(result.source for result in capture.results):
        return "other commands to copy than those that ran"
    same = said.claims == item.claims and said.status in {"", item.status}
    return "" if same else "other verdicts than the run's"


def _marks(capture: Capture) -> str:
    """The attributes of its figure, as the template writes them."""
    made = capture.provenance
    marks = Markup(' data-kernel="{}" data-verdict="{}" data-capture="{}"')
    return str(marks.format(made.kernel, made.verdict, capture.digest))


def _shown(capture: Capture) -> str:
    """Its transcript, as the template writes it, without comments."""
    lines: list[Markup] = []
    number = 0
    for result in capture.results:
        source = visible(result.source)
        if result.hidden:
            lines.append(_ASIDE.format(source))
            continue
        number += 1
        lines.append(_STEP.format(number, source))
        if result.output:
            lines.append(Markup('<span class="go">{}</span>').format(output_html(result.output)))
        if result.code:
            lines.append(Markup('<span class="kshare-exit">{}</span>').format(result.code))
    return "".join(f"{line}\n" for line in lines)
