"""What a crash left on the engine: also over a reboot, and however the engine dates it."""

from __future__ import annotations

import datetime

import pytest

from kshare_docs.machine import engine as engines
from kshare_docs.machine.engine import LABEL, connected
from kshare_docs.machine.host import read_boot_id
from kshare_docs.machine.runs import STALE_SECONDS, is_over, this_run

REBOOTED = this_run().replace(read_boot_id(), "another-boot")
ELSEWHERE = "another-machine/another-boot/pid:[1]/1/1"
NAME = "kshare-test-reboot"


@pytest.mark.live
def test_after_a_reboot_nothing_is_left_and_no_name_is_taken() -> None:
    labels = {LABEL: REBOOTED}
    with connected() as engine:
        api = engine.client.api
        (image, *_) = engine.client.images.list()
        for _ in range(2):
            api.create_container(image.id, ["true"], name=NAME, labels=labels)
            api.create_network(NAME, labels=labels, check_duplicate=True)
            api.create_volume(NAME, labels=labels)
            assert engine.sweep() >= 3
        filters = {"label": [f"{LABEL}={REBOOTED}"]}
        assert api.containers(all=True, filters=filters) == []
        assert api.networks(filters=filters) == []
        assert not api.volumes(filters=filters)["Volumes"]


@pytest.mark.parametrize(
    ("run", "age", "over"),
    [
        (this_run(), STALE_SECONDS + 1, False),
        (REBOOTED, 0, True),
        (ELSEWHERE, 0, False),
        (ELSEWHERE, STALE_SECONDS + 1, True),
        (this_run().partition("/")[0] + "/1/2", 0, True),
        ("", 0, False),
        ("/", STALE_SECONDS + 1, True),
    ],
)
def test_whose_it_is(run: str, age: float, over: bool) -> None:
    assert is_over(run, age) is over


@pytest.mark.parametrize("hours", [0, 8, -5, 5.75])
@pytest.mark.parametrize("form", ["volume", "network", "container"])
def test_every_date_of_the_engine_is_read(hours: float, form: str) -> None:
    """Volumes have seconds, networks nanoseconds, both with the engine's own offset."""
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    moment = datetime.datetime.now(zone) - datetime.timedelta(hours=30)
    text = {
        "volume": moment.isoformat(timespec="seconds"),
        "network": moment.isoformat(timespec="microseconds").replace(
            f".{moment:%f}", f".{moment:%f}789"
        ),
        "container": str(int(moment.timestamp())),
    }[form]
    assert engines._age(text) == pytest.approx(30 * 3600, abs=5)
    assert engines._age(text.replace("+00:00", "Z")) == pytest.approx(30 * 3600, abs=5)


@pytest.mark.parametrize("text", ["", "yesterday", "x" * 100, "2026-13-01T00:00:00Z"])
def test_a_date_that_says_nothing_is_young(text: str) -> None:
    assert engines._age(text) == 0.0
