"""Progress: what a run tells of itself while it runs."""

from __future__ import annotations

from ..data.report import Judged


class Listener:
    """Hears of the run's progress, from any thread; this one does nothing about it."""

    def say(self, text: str) -> None:
        """Something that takes a while begins."""

    def planned(self, total: int) -> None:
        """So many examples are going to run."""

    def started(self, example: str) -> None:
        """An example runs."""

    def ended(self, judged: Judged) -> None:
        """An example has run."""
