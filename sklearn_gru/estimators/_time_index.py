"""Checking that the rows of a pandas object are equally spaced in time."""

from bisect import bisect_left

import numpy as np
import pandas as pd


def time_index_of(table):
    """Return the index of a pandas object if it counts time or rows, else None."""
    index = getattr(table, "index", None)
    if isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)):
        return index
    if isinstance(index, pd.Index) and pd.api.types.is_integer_dtype(index.dtype):
        return index
    return None


def calendar_of(table):
    """Return the index of a pandas object if it holds dates, else None."""
    index = getattr(table, "index", None)
    return index if isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)) else None


def check_time_index(table, name):
    """Raise unless the time index of a pandas object is regular.

    Parameters
    ----------
    table : object
        Anything; only pandas objects with a time or integer index are looked at.
    name : str
        What to call it in the error.

    Raises
    ------
    ValueError
        If the index repeats itself, goes back or has a hole. The message names the
        place.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05"])
    >>> check_time_index(pd.Series([1.0, 2.0, 3.0], index=days), "y")
    Traceback (most recent call last):
        ...
    ValueError: The index of y has a hole: 2024-01-02 00:00:00 is followed by \
2024-01-05 00:00:00, where one step is 1 days 00:00:00. Rows must be equally spaced \
time steps: insert the missing rows (asfreq, then interpolate or ffill), or pass \
y.to_numpy() if the rows are to be taken as consecutive. In cross-validation use \
TimeSeriesSplit: KFold cuts holes.
    """
    index = time_index_of(table)
    if index is None or len(index) < 2:
        return
    if index.hasnans:
        raise ValueError(f"The index of {name} holds missing values (NaT).")
    positions = _positions(index)
    steps = np.diff(positions)
    if (steps <= 0).any():
        place = int(np.argmax(steps <= 0))
        raise ValueError(
            f"The index of {name} must increase, oldest row first, but {index[place]} "
            f"is followed by {index[place + 1]}. Sort it with sort_index() and drop "
            "repeated entries; in cross-validation use TimeSeriesSplit, not a shuffled "
            "splitter."
        )
    if (steps == steps[0]).all() or _follows_a_calendar(index):
        return
    place, usual = _find_hole(index, steps)
    raise ValueError(
        f"The index of {name} has a hole: {index[place]} is followed by "
        f"{index[place + 1]}, where one step is {usual}. Rows must be equally spaced "
        "time steps: insert the missing rows (asfreq, then interpolate or ffill), or "
        f"pass {name}.to_numpy() if the rows are to be taken as consecutive. In "
        "cross-validation use TimeSeriesSplit: KFold cuts holes."
    )


def _positions(index):
    """The index as integers."""
    return index.asi8 if hasattr(index, "asi8") else index.to_numpy()


def _find_hole(index, steps):
    """Return where the index first breaks its rhythm, and its usual step."""
    usual = np.sort(steps)[(len(steps) - 1) // 2]
    wide = steps > 1.2 * usual
    place = int(np.argmax(wide if wide.any() else steps != usual))
    if isinstance(index, pd.DatetimeIndex):
        # Weekends are no holes in business days: look for the longest regular start.
        lengths = range(3, len(index))
        regular = bisect_left(
            lengths, True, key=lambda length: pd.infer_freq(index[:length]) is None
        )
        place = regular + 1 if regular else place
    return place, pd.Timedelta(usual, index.unit) if hasattr(index, "unit") else usual


def _follows_a_calendar(index):
    """Tell whether steps of unequal length are months, business days or the like."""
    if not isinstance(index, pd.DatetimeIndex):
        return False
    return index.freq is not None or (
        len(index) >= 3 and pd.infer_freq(index) is not None
    )
