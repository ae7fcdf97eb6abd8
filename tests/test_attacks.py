"""The attack table on the site is the one that the tests make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .conftest import ROOT

TABLE = ROOT / "docs" / "views" / "attacks.json"


def test_the_table_is_of_these_tests(tmp_path: Path) -> None:
    path = tmp_path / "attacks.json"
    command = ["-m", "pytest", "tests", "-q", "--collect-only", "-m", "attack", "--attacks", path]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert all(row.keys() == {"kind", "tried", "outcome"} for row in rows)
    assert len({row["tried"] for row in rows}) == len(rows), "two rows say the same"
    assert len(rows) >= 150
    way = f"make the table anew: scripts/test -m attack --attacks {TABLE.relative_to(ROOT)}"
    assert json.loads(TABLE.read_text(encoding="utf-8")) == rows, way
