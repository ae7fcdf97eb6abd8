"""A figure: a judged example as the reader sees it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

from markupsafe import Markup
from rich.ansi import AnsiDecoder
from rich.color import Color, ColorSystem
from rich.style import Style

from ..data.capture import visible
from ..data.escapes import COLOUR, colour_codes, settled
from ..data.example import Example
from ..data.needs import lacking
from ..data.report import Judged, Status
from ..words import languages, load_words
from .templates import load_template

_WEIGHTS = ("bold", "dim", "italic", "underline", "strike")


def render_figure(
    judged: Judged,
    lang: str,
    ledger: str = "",
    stored: Sequence[Judged] = (),
    *,
    flat: bool = False,
) -> Markup:
    """The HTML of an example: what ran, what it printed, what that shows; the rest is folded.

    Args:
        judged: The example with its capture and verdicts.
        lang: Language of the fixed words.
        ledger: The page that lists the article's claims; empty where there is none.
        stored: The example as stored sets of other kernels have it: a tab each.
        flat: Pages are files, and not folders: see `link`.
    """
    # A set of this very kernel is older than this run, and says nothing more.
    others = [item for item in stored if _kernel(item) != _kernel(judged)]
    html = load_template("example.html.j2").render(
        example=judged.example,
        records=[judged, *others],
        first=1 if others and not judged.capture else 0,
        why_missing=partial(why_missing, lang=lang),
        ledger=link(judged.example.page, ledger, flat=flat) if ledger else "",
        output_html=output_html,
        in_doubt=in_doubt,
        names_used=names_used,
        words=load_words(lang),
    )
    return Markup(html)  # noqa: S704  (made by a template that escapes)


def render_refusal(identifier: str, message: str, source: str, lang: str) -> Markup:
    """The HTML of a block that could not become an example; the build fails because of it."""
    words = load_words(lang)
    return Markup(  # format() escapes every argument
        '<figure class="kshare-example" id="{}" data-status="failed">'
        '<div class="language-console highlight"><pre><code>{}</code></pre></div>'
        '<p class="kshare-error">{}{}</p></figure>'
    ).format(identifier, visible(source), words["refused"], visible(message))


def render_quotation(text: str, source: str, lang: str) -> Markup:
    """The HTML of a terminal session that is somebody else's: it looks like nothing of ours."""
    words = load_words(lang)
    return Markup(  # format() escapes every argument
        '<figure class="kshare-quotation"><blockquote><pre>{}</pre></blockquote>'
        "<figcaption>{}<cite>{}</cite></figcaption></figure>"
    ).format(visible(text), words["quoted"], visible(source))


def link(start: str, target: str, anchor: str = "", *, flat: bool = False) -> str:
    """The way from one page to another of the same language.

    Args:
        start: Path of the page that has the link, from the project's root.
        target: Path of the page that it leads to.
        anchor: The place on that page.
        flat: Pages are files, such as `vms.html`, and not folders with one: MkDocs'
            `use_directory_urls` is off.
    """
    if flat:
        folder = posixpath.dirname(_path(start))
        way = posixpath.relpath(f"{_path(target)}.html", folder)
    else:
        way = f"{posixpath.relpath(_address(target), _address(start))}/"
    return f"{way}#{anchor}" if anchor else way


def in_doubt(judged: Judged) -> bool:
    """Whether not all of an example is settled: something failed, or was not asked."""
    runs = judged.counter_runs
    return (
        judged.status is not Status.VERIFIED
        or any(verdict.status is not Status.VERIFIED for verdict in judged.verdicts)
        or any(run.missing or run.fault for run in runs)
    )


def names_used(example: Example, names: Mapping[str, str]) -> list[str]:
    """What readers must be told about the names in an example's expressions, and no more."""
    text = " ".join(claim.expression for claim in example.claims)
    return [said for name, said in names.items() if re.search(rf"\b{name}\b", text)]


def why_missing(judged: Judged, lang: str) -> str:
    """Why an example was skipped, in the words of its page; empty where it was not."""
    return str(load_words(lang)["separator"]).join(lacking(name, lang) for name in judged.missing)


def output_html(text: str) -> Markup:
    """A step's output as text that can never become markup: colours kept, the rest visible."""
    terminal, shown = AnsiDecoder(), []
    for piece in COLOUR.split(settled(text)):
        if piece.startswith("\x1b"):
            terminal.decode_line(f"\x1b[{colour_codes(piece)}m")
        elif piece:
            names = " ".join(_classes(terminal.style))
            html = Markup('<span class="{}">{}</span>') if names else Markup("{1}")
            shown.append(html.format(names, visible(piece)))
    return Markup().join(shown)


def _classes(style: Style) -> list[str]:
    """The classes of a style; extra.css has them all, each legible on every ground of a text."""
    text, ground = _number(style.color), _number(style.bgcolor)
    plain = text is None and ground is None
    if style.reverse:
        text, ground = ground, text
    names = [f"kshare-{name}" for name in _WEIGHTS if getattr(style, name)]
    names += ["kshare-reverse"] if style.reverse and plain else []
    names += [f"kshare-text-{text}"] if text is not None else []
    return names + ([f"kshare-ground-{ground % 8}"] if ground is not None else [])


def _number(colour: Color | None) -> int | None:
    """The nearest of the sixteen colours that every terminal has; None for the usual one."""
    return colour.downgrade(ColorSystem.STANDARD).number if colour else None


def _kernel(judged: Judged) -> str:
    return judged.capture.provenance.kernel if judged.capture else ""


def _address(page: str) -> str:
    path = PurePosixPath(_path(page))
    return str(path.parent if path.name == "index" else path)


def _path(page: str) -> str:
    """A page's path among those of its language, without its ending."""
    parts = PurePosixPath(page).parts
    inside = 2 if len(parts) > 2 and parts[1] in languages() else 1
    return str(PurePosixPath(*parts[inside:]).with_suffix(""))
