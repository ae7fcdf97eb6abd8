"""Measurements: what the rounds of a repeated example say together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..data.capture import Capture


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of all rounds of one step, in the order of the rounds.

    Attributes:
        values: Seconds, or the numbers that the step printed.
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The bounds of the middle half of the values, both included."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


def durations(capture: Capture, number: int) -> Sample:
    """How long visible step `number` took in each round, in seconds."""
    return Sample(tuple(result.seconds for result in capture.runs(number)))


def numbers(capture: Capture, number: int) -> Sample:
    """The number that visible step `number` printed in each round.

    Raises:
        ValueError: An output is no number.
    """
    return Sample(tuple(float(result.output) for result in capture.runs(number)))


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
        values = [value for sample in samples for value in sample.values]
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
