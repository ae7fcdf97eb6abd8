"""What is decided from what a probe has read."""

from __future__ import annotations

import pytest

from kshare_docs.machine.probes import passes_disk_options


@pytest.mark.parametrize(
    ("version", "passes"),
    [
        ("20.10.24+dfsg1", True),
        ("24.0.9", True),
        ("25.0.0", False),
        ("25.0.6", False),
        ("25.0.7", True),
        ("26.0.0", False),
        ("26.1.5+dfsg1", False),
        ("27.1.1", False),
        ("27.1.2", True),
        ("29.6.2", True),
    ],
)
def test_commands_that_drop_disk_options_are_known(version: str, passes: bool) -> None:
    assert passes_disk_options(f"Docker version {version}, build a72d7cd\n") is passes


def test_a_version_that_cannot_be_read_proves_nothing() -> None:
    assert not passes_disk_options("")
