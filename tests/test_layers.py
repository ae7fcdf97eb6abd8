"""What must work where something is missing: pages are read and checked without a Docker SDK."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kshare_docs.pages.project import read_project

ROOT = Path(__file__).parent.parent

WITHOUT_DOCKER = """
import json
import sys
from pathlib import Path

sys.modules["docker"] = None  # an import of it fails, as where it is not installed

from kshare_docs.pages.project import read_project

project = read_project(Path(sys.argv[1]))
found = [[example.page, example.id] for example in project.examples]
print(json.dumps([found, [str(problem) for problem in project.problems]]))
"""


def test_pages_are_read_without_the_docker_sdk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DOCKER, ROOT],
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    examples, problems = json.loads(done.stdout)
    assert problems == []
    assert examples == [[example.page, example.id] for example in read_project(ROOT).examples]
    assert len(examples) > 50


def test_examples_are_collected_without_the_docker_sdk() -> None:
    collect = (
        "import sys; sys.modules['docker'] = None; import pytest;"
        "sys.exit(pytest.main(['--collect-only', '-q', '-p', 'no:cacheprovider', 'docs/zh']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", collect], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "docs/zh/index.md::uname" in done.stdout
