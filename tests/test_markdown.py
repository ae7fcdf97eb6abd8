"""Pages are read as they will render, and everything wrong is found with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import markdown
import pytest
import yaml
from markdown_exec import formatter, formatters, validator

from kshare_docs.fence import blocks
from kshare_docs.markdown import Vocabulary, read_page, read_pages
from kshare_docs.needs import NEEDS

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "cases" / "pages.yml").read_text(encoding="utf-8")
)
WORDS = Vocabulary(tuple(NEEDS), entries=("A1", "C3"), views=("ledger",))


@pytest.mark.parametrize("name", CASES)
def test_page(name: str) -> None:
    case = CASES[name]
    contents = read_page(case["page"], "docs/zh/p.md", "zh", words=WORDS)
    problems = contents.problems
    assert [example.id for example in contents.examples] == case["ids"]
    assert [view.name for view in contents.views] == case.get("views", [])
    expected = [text.split(": ", 1) for text in case.get("problems", [])]
    found = [(str(problem.line), problem.message) for problem in sorted(problems)]
    assert len(found) == len(expected), found
    for (line, part), (at, message) in zip(
        sorted(expected, key=lambda e: int(e[0])), found, strict=True
    ):
        assert line == at
        assert any(part in text for where, text in found if where == line), (part, message)


@pytest.mark.parametrize("name", CASES)
def test_found_is_what_renders(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []

    def note(*, code: str, md: object, **options: Any) -> str:  # noqa: ARG001
        rendered.append(options["id"])
        return "<p></p>"

    fences = []
    for lang in ("console", "view"):
        monkeypatch.setitem(formatters, lang, note)
        fences.append({"name": lang, "class": lang, "validator": validator, "format": formatter})
    text = CASES[name]["page"]
    body = text.split("---\n", 2)[2] if text.startswith("---") else text
    markdown.markdown(
        body,
        extensions=["admonition", "pymdownx.superfences", "pymdownx.tabbed"],
        extension_configs={
            "pymdownx.superfences": {"custom_fences": fences},
            "pymdownx.tabbed": {"alternate_style": True},
        },
    )
    found = [block.options.get("id", "") for block in blocks(text, lambda _line, _what: None)]
    braces = ["" for line in text.splitlines() if line.startswith("```{.console exec")]
    assert found + braces == rendered


def test_languages_must_agree(tmp_path: Path) -> None:
    for lang, command in (("zh", "uname -r"), ("en", "uname -a")):
        page = tmp_path / "docs" / lang / "p.md"
        page.parent.mkdir(parents=True)
        page.write_text(f'```console exec="1" id="same"\n$ {command}\n```\n', encoding="utf-8")
    contents = read_pages(tmp_path, words=WORDS)
    problems = contents.problems
    assert [example.lang for example in contents.examples] == ["en"]
    assert [(p.file, p.line, p.id) for p in problems] == [("docs/zh/p.md", 1, "same")]
    assert "its steps differ" in problems[0].message
    assert "docs/en/p.md:1" in problems[0].message
