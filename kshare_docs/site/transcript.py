"""Transcripts: what a finished page shows of captures, held against them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from ..data.capture import Capture, visible
from .figure import output_html

_FIGURE = re.compile(
    r'<figure class="kshare-example" id="([^"]*)" data-status="(\w+)"([^>]*)>(.*?)</figure>',
    re.DOTALL,
)
_RECORD = re.compile(
    r'(?:<div class="tabbed-block"([^>]*)>)?<div class="language-console highlight"><pre>'
    r'<span></span><code data-copy="[^"]*">\n?(.*?)</code></pre></div>'
    r'(.*?)(?=<div class="tabbed-block"|$)',
    re.DOTALL,
)
_COMMENT = re.compile(r'<span class="c1">[^<]*</span>\n')
_COMMAND = re.compile(r'<span class="gp">\$ </span><span class="kshare-command">[^<]*</span>\n')
_EXIT = re.compile(r'(?<=<span class="kshare-exit">)[^<]* (?=\d+<)')  # words of some language
_CLAIM = re.compile(r'<li data-status="(\w+)">')
_OF_FIGURES = re.compile(r"<[^>]*(?:kshare-example|data-capture|data-copy)")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a run found out of an example: its capture, its status, and that of each claim."""

    capture: Capture
    status: str
    claims: tuple[str, ...]


def page_faults(page: str, known: Iterable[Verified]) -> list[str]:
    """What a page shows and none of the captures has."""
    faults = []
    captures = {_marks(item.capture): item for item in known}
    for name, status, marks, body in _FIGURE.findall(page):
        records = _RECORD.findall(body)
        if not records and (marks or status != "failed"):
            faults.append(f"{name} shows no transcript of a capture")
        for own, text, rest in records:
            said = (text, tuple(_CLAIM.findall(rest)), "" if own else status)
            fault = _fault(name, said, captures.get(own or marks), own or marks)
            if fault := fault or ("another transcript" if "<pre" in rest else ""):
                faults.append(f"{name} shows {fault}")
    if _OF_FIGURES.search(_FIGURE.sub("", page)):
        faults.append("beside its figures it shows what no capture has")
    return faults


def _fault(
    name: str, said: tuple[str, tuple[str, ...], str], item: Verified | None, marks: str
) -> str:
    """What is wrong with a transcript, the status of its claims, and that of its figure."""
    text, claims, status = said
    text = _EXIT.sub("", _COMMENT.sub("", text))
    if not marks:
        silent = not _COMMAND.sub("", text).strip() and "verified" not in (*claims, status)
        return "" if silent else "what no capture has"
    if item is None:
        return f"the capture{marks}, which the provenance does not name"
    if item.capture.id != name or text != _shown(item.capture):
        return f"what the capture {item.capture.digest} does not have"
    same = claims == item.claims and status in {"", item.status}
    return "" if same else "other verdicts than the run's"


def _marks(capture: Capture) -> str:
    """The attributes of its figure, as the template writes them."""
    made = capture.provenance
    marks = Markup(' data-kernel="{}" data-verdict="{}" data-capture="{}"')
    return str(marks.format(made.kernel, made.verdict, capture.digest))


def _shown(capture: Capture) -> str:
    """Its transcript, as the template writes it, without comments."""
    lines = []
    for result in capture.visible:
        command = Markup('<span class="gp">$ </span><span class="kshare-command">{}</span>')
        lines.append(command.format(visible(result.source)))
        if result.output:
            lines.append(Markup('<span class="go">{}</span>').format(output_html(result.output)))
        if result.code:
            lines.append(Markup('<span class="kshare-exit">{}</span>').format(result.code))
    return "".join(f"{line}\n" for line in lines)
