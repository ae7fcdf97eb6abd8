"""Imports go down only, and edges never import each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kshare_docs"

LAYERS = (
    {"example", "capture", "host", "redact", "verdict"},
    {"article", "claim", "container", "engine", "fence", "images", "markdown"}
    | {"needs", "script", "sets", "shell", "statement", "store", "words"},
    {
        "book",
        "drift",
        "kernels",
        "gate",
        "ledger",
        "measure",
        "project",
        "render",
        "runner",
        "sharing",
        "site",
        "terminal",
        "view",
    },
    {"extension", "pytest_plugin", "cli"},
)
EDGES = LAYERS[-1]


@pytest.mark.parametrize("module", sorted(set.union(*LAYERS)))
def test_imports_go_down(module: str) -> None:
    layer = next(n for n, names in enumerate(LAYERS) if module in names)
    may = set.union(*LAYERS[: layer + 1]) - (EDGES - {module} if module in EDGES else set())
    path = PACKAGE / f"{module}.py"
    path = path if path.is_file() else PACKAGE / module / "__init__.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.module in may, f"{module} imports {node.module}"
        elif isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
            assert "docker" not in names or module == "engine", "only engine imports docker"


def test_every_module_has_its_layer() -> None:
    found = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    found |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found == set.union(*LAYERS)
