"""Two things measured in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Ratio(NamedTuple):
    """What came of the rounds; times in microseconds.

    Args:
        ratio: Median over the rounds of (median of A / median of B).
        a_p99: 99th percentile of A over all rounds, over the median of B.
    """

    ratio: float
    a_us: float
    b_us: float
    a_p99: float


def in_turns(
    a: Callable[[], object], b: Callable[[], object], *, rounds: int, per_round: int
) -> Ratio:
    """Measure A and B in turns; the first round only warms up."""
    ratios: list[float] = []
    every_a: list[float] = []
    every_b: list[float] = []
    for number in range(rounds + 1):
        times_a, times_b = _times(a, per_round), _times(b, per_round)
        if number == 0:
            continue
        ratios.append(statistics.median(times_a) / statistics.median(times_b))
        every_a += times_a
        every_b += times_b
    median_b = statistics.median(every_b)
    p99 = sorted(every_a)[int(len(every_a) * 0.99)]
    return Ratio(
        statistics.median(ratios), statistics.median(every_a) * 1e6, median_b * 1e6, p99 / median_b
    )


def _times(work: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times
