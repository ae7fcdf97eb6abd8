"""The attack table: what tests marked `attack` have tried.

A row comes of a test that passed: `pytest --attacks FILE` writes the table, which a page shows.
With `--collect-only`, it is written of what would be tried.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "write the table of the attacks that were tried, as JSON"
    parser.addoption("--attacks", type=Path, metavar="FILE", help=what)


def pytest_configure(config: pytest.Config) -> None:
    if path := config.getoption("--attacks"):
        config.pluginmanager.register(Table(path, tried=not config.option.collectonly))


class Table:
    """Collects the rows of one session."""

    def __init__(self, path: Path, *, tried: bool) -> None:
        self.path = path
        self.tried = tried
        self.marked: dict[str, dict[str, Any]] = {}
        self.rows: list[dict[str, Any]] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("attack"):
                self.marked[item.nodeid] = dict(mark.kwargs)
        if not self.tried:
            self.rows = list(self.marked.values())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed and report.nodeid in self.marked:
            self.rows.append(self.marked[report.nodeid])

    def pytest_sessionfinish(self) -> None:
        rows = sorted(self.rows, key=lambda row: (row["kind"], row["tried"]))
        text = json.dumps(rows, ensure_ascii=False, indent=1)
        self.path.write_text(f"{text}\n", encoding="utf-8")
