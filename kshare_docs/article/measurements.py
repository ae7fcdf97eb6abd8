"""Measurements: what the rounds of a repeated example say together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Sample(tuple[float, ...]):
    """The values of all rounds of one step, in the order of the rounds; empty where none ran."""

    __slots__ = ()

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The bounds of the middle half of the values, both included."""
        if len(self) == 1:
            return self[0], self[0]
        low, _, high = statistics.quantiles(self, n=4, method="inclusive")
        return low, high


def significant(value: float) -> str:
    """A number above 0 with two significant digits, written out: 0.0012, 1.7, 10, 1,300."""
    rounded = float(f"{value:.1e}")
    decimals = max(0, 1 - math.floor(math.log10(rounded)))
    return f"{rounded:,.{decimals}f}"


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale whose ends are powers of ten.

    Attributes:
        low: Its lower end.
        high: Its upper end.
    """

    low: float
    high: float

    @classmethod
    def around(cls, samples: Iterable[Sample]) -> Scale:
        """The narrowest scale that holds all values.

        Raises:
            ValueError: A value is not above 0, or there is none.
        """
        values = [value for sample in samples for value in sample]
        low = math.floor(math.log10(min(values)))
        high = math.ceil(math.log10(max(values)))
        return cls(10.0**low, 10.0 ** max(high, low + 1))

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the lower end, 1 at the upper."""
        return math.log(value / self.low) / math.log(self.high / self.low)

    @property
    def ticks(self) -> Sequence[float]:
        """The powers of ten on it."""
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return [10.0**power for power in range(first, last + 1)]
