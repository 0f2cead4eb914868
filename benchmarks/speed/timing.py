"""Timing calls that are too short to be measured one by one over a pipe."""

import statistics
import time


def median_call(function, *, at_least=0.0, at_most=float("inf"), calls=1):
    """Time `calls` calls; more until `at_least` seconds, fewer after `at_most`.

    Returns
    -------
    float
        Median of the seconds that a call took.
    """
    taken = []
    begin = time.perf_counter()
    now = begin
    while now - begin < at_most and (len(taken) < calls or now - begin < at_least):
        function()
        before, now = now, time.perf_counter()
        taken.append(now - before)
    return statistics.median(taken)
