"""Checking that the rows of a pandas object are equally spaced in time."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

# How many labels on both sides of a joint show whether it is a hole.
N_LABELS = 15


def time_index_of(table: object) -> pd.Index | None:
    """Return the index of a pandas object if it counts time or rows, else None."""
    index = getattr(table, "index", None)
    if isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)):
        return index
    if isinstance(index, pd.Index) and is_integer_dtype(index.dtype):
        return index
    return None


def refuse_dates_as_text(table, name):
    """Raise if the index of a pandas object holds dates that pandas takes for text.

    Their order could not be checked.

    Examples
    --------
    >>> import pandas as pd
    >>> refuse_dates_as_text(pd.Series([1.0, 2.0], index=["a", "b"]), "y")
    >>> refuse_dates_as_text(pd.Series([1.0], index=["2024-03-01"]), "y")
    Traceback (most recent call last):
        ...
    ValueError: The index of y holds dates as text ('2024-03-01'), so their order \
can't be checked. Make them dates: y.index = pd.to_datetime(y.index), then \
sort_index(). In read_csv, name the column in parse_dates, too.
    """
    index = getattr(table, "index", None)
    if not isinstance(index, pd.Index) or not len(index) or index.nlevels > 1:
        return
    first = index[0]
    if isinstance(first, str) and _is_a_date(first):
        raise ValueError(
            f"The index of {name} holds dates as text ({first!r}), so their order "
            f"can't be checked. Make them dates: {name}.index = "
            f"pd.to_datetime({name}.index), then sort_index(). In read_csv, name the "
            "column in parse_dates, too."
        )


def _is_a_date(text):
    """Tell whether a text is a day, not only a year or a number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, which can't infer a format
        try:
            pd.to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return False
    return len(re.findall(r"\d+", text)) > 1


def of_one_kind(index, other):
    """Tell whether two indexes both count rows, or both tell the time."""
    return is_integer_dtype(index.dtype) == is_integer_dtype(other.dtype)


def counts_rows(index):
    """Tell whether an index only numbers rows from 0, as pandas does by itself."""
    return bool(len(index)) and is_integer_dtype(index.dtype) and index[0] == 0


def is_later(label, index):
    """Tell whether a label comes behind the last one of an index.

    Raises
    ------
    ValueError
        If the two can't be compared.
    """
    try:
        return bool(label > index[-1])
    except TypeError as error:
        raise ValueError(
            f"The index of X begins with {label!r}, which can't be compared with the "
            f"times of the training series, the last of which is {index[-1]!r}. Give "
            "both the same kind of index and the same time zone, or use arrays."
        ) from error


def follows(later: pd.Index, index: pd.Index) -> bool:
    """Tell whether an index begins one step behind the end of another.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=9)
    >>> follows(days[5:], days[:5]), follows(days[6:], days[:5])
    (True, False)
    """
    if getattr(index, "freq", None) is not None:
        return later[0] == index[-1] + index.freq
    # Enough of them to tell days from business days.
    joined = index[-N_LABELS:].append(later[:N_LABELS])
    try:
        check_time_index(pd.Series(0, index=joined), "the two together")
    except ValueError:
        return False
    return True


def check_same_steps(later, index):
    """Raise if both indexes have steps of one length each, but not the same.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.date_range("2024-01-01", periods=24, freq="h")
    >>> check_same_steps(hours[::2], hours)
    Traceback (most recent call last):
        ...
    ValueError: The rows of X are 0 days 02:00:00 apart, those of the training series \
0 days 01:00:00. Bring both to the same steps.
    """
    if len(later) < 2 or len(index) < 2:
        return
    freq = getattr(index, "freq", None)
    if freq is not None and later[0] + freq == later[1]:
        return
    both = as_integers(later.append(index))
    mine, known = np.diff(both[: len(later)]), np.diff(both[len(later) :])
    even = (mine == mine[0]).all() and (known == known[0]).all()
    if even and mine[0] != known[0]:
        raise ValueError(
            f"The rows of X are {later[1] - later[0]} apart, those of the training "
            f"series {index[-1] - index[-2]}. Bring both to the same steps."
        )


def continued(index: pd.Index, n_rows: int) -> pd.Index | None:
    """Return the labels of the rows behind an index, or None if that has no rhythm.

    Examples
    --------
    >>> import pandas as pd
    >>> continued(pd.period_range("2024-01", periods=3, freq="M"), 2)
    PeriodIndex(['2024-04', '2024-05'], dtype='period[M]')
    """
    if isinstance(index, pd.PeriodIndex):
        return pd.period_range(index[-1] + 1, periods=n_rows, freq=index.freq)
    if is_integer_dtype(index.dtype) or not isinstance(index, pd.DatetimeIndex):
        step = index[-1] - index[-2] if len(index) > 1 else None
        ahead = None if step is None else index[-1] + step * np.arange(1, n_rows + 1)
        return None if ahead is None else pd.Index(ahead)
    freq = index.freq
    if freq is None and len(index) >= 3:
        freq = pd.infer_freq(index)
    if freq is None:
        return None
    return pd.date_range(index[-1], periods=n_rows + 1, freq=freq)[1:]


def check_same_index(X, y):
    """Raise if the indexes of X and y say that their rows do not belong together.

    Parameters
    ----------
    X, y : object
        Anything; only pandas objects with a time or integer index are looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=4)
    >>> check_same_index(pd.Series(0, days[:3]), pd.Series(0, days[1:]))
    Traceback (most recent call last):
        ...
    ValueError: X and y have different indexes: row 0 is 2024-01-01 00:00:00 in X and \
2024-01-02 00:00:00 in y. Select the same rows of both, or pass y.to_numpy() if they \
belong together in the order in which they are.
    """
    indexes = [time_index_of(table) for table in (X, y)]
    if any(index is None or not len(index) for index in indexes):
        return
    of_x, of_y = indexes
    if len(of_x) != len(of_y) or of_x.equals(of_y):
        return  # other lengths are an error of their own
    if not of_one_kind(of_x, of_y):
        return  # row numbers beside dates: they can't be compared
    pairs = enumerate(zip(of_x, of_y, strict=True))
    row = next((i for i, (a, b) in pairs if a != b), 0)
    raise ValueError(
        f"X and y have different indexes: row {row} is {of_x[row]} in X and "
        f"{of_y[row]} in y. Select the same rows of both, or pass y.to_numpy() if they "
        "belong together in the order in which they are."
    )


def check_time_index(table: object, name: str) -> None:
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
    positions = as_integers(index)
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


def as_integers(index):
    """Return the labels of a time index as integers."""
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
