"""Where rows lie in the series that a forecaster was fitted on."""

from dataclasses import dataclass

import numpy as np
from pandas.api.types import is_integer_dtype

from sklearn_gru.data import memory_map_of
from sklearn_gru.estimators._time_index import (
    as_integers,
    counts_rows,
    follows,
    is_later,
    of_one_kind,
)

# Two rows agree if they differ by no more than this share of a column's range, which
# is room for data that were float32, or rounded, in front of a scaler.
ROUNDING = 1e-5
# A stretch is nearly constant unless more than this share of it varies.
NEARLY_CONSTANT = 0.1
LOOKED_AT_FIRST = 64


@dataclass(frozen=True)
class Place:
    """Where rows begin.

    Parameters
    ----------
    start : int or None
        How many rows of the series precede the first of them; None if they do not
        belong to it.
    behind_gap : bool, default=False
        Whether they come later than right after the last row.
    """

    start: int | None
    behind_gap: bool = False


def recognise(rows, history, window_length):
    """Tell where in the known series rows begin: the only guess that is made.

    1. If both have a time index, the index decides.
    2. Rows that agree with the series from its first row on, in all that both have,
       are that series: if they are as many as it has, or at least `window_length`
       that are not nearly constant.
    3. If the first k of them are the last k of the series (k of at least 2, not all
       equal), they overlap by k.
    4. All others continue the series.

    An integer index that begins with 0 is the one that pandas makes for any table,
    and says nothing.

    Parameters
    ----------
    rows : Rows
    history : History
    window_length : int

    Returns
    -------
    Place
    """
    if _both_have_an_index(rows, history):
        place = _place_by_index(rows, history)
        if place is not None:
            return place
    if len(rows) == 1:
        return Place(history.n_rows)  # a single row is no evidence
    if _is_the_series(rows.values, history, window_length):
        return Place(0)
    return Place(history.n_rows - _overlap(rows.values, history))


def _both_have_an_index(rows, history):
    index, known = rows.index, history.last.index
    if index is None or known is None or counts_rows(index):
        return False
    return of_one_kind(index, known)


def _place_by_index(rows, history):
    """Look the first label up among the known ones.

    None means that rows are numbered by themselves: these numbers are known, but
    belong to other values.
    """
    label, last = rows.index[0], history.last.index
    if is_later(label, last):
        return Place(history.n_rows, behind_gap=not follows(rows.index, last))
    start = _position_of(rows.index, history)
    if start is not None and is_integer_dtype(last.dtype):
        return Place(start) if _agrees_at(start, rows.values, history) else None
    return Place(start)


def _position_of(index, history):
    """Return where the first label stands in the series; None if it precedes that."""
    label, first, last = index[0], history.first.index, history.last.index
    if label in last:
        return history.n_rows - len(last) + last.get_loc(label)
    if label in first:
        return first.get_loc(label)
    if label < first[0]:
        return None
    if history.is_whole:
        raise ValueError(
            f"X begins at {label}, between two rows of the training series. Its rows "
            "must be at the same times as those, or be later."
        )
    start, here, end = as_integers(first[:1].append([index[:1], last[-1:]]))
    return round((here - start) / (end - start) * (history.n_rows - 1))


def _is_the_series(values, history, window_length):
    n_common = min(len(values), history.n_rows)
    if n_common < min(window_length, history.n_rows):
        return False
    if not _agrees_at(0, values, history):
        return False
    if n_common == history.n_rows:
        return True
    return _share_that_varies(values[:n_common], history) > NEARLY_CONSTANT


def _overlap(values, history):
    """Count the first rows that are the last ones of the series."""
    known, tolerance = history.last.values, _tolerance(history)
    # Row i is compared with known row i + shift; of rows beyond the kept ones, which
    # are negative, nothing is known.
    lowest = len(known) - min(len(values), history.n_rows)
    if memory_map_of(values) is not None:
        lowest = max(lowest, 0)
    shifts = np.arange(lowest, len(known) - 1)
    begins = np.maximum(-shifts, 0)
    # Most shifts are ruled out by the first rows.
    for k in range(min(len(known), LOOKED_AT_FIRST)):
        inside = shifts + begins + k < len(known)
        there = known[np.minimum(shifts + begins + k, len(known) - 1)]
        here = values[np.minimum(begins + k, len(values) - 1)]
        possible = ~inside | _agree(there, here, tolerance)
        shifts, begins = shifts[possible], begins[possible]
    for shift, begin in zip(shifts, begins, strict=True):
        theirs = known[shift + begin :]
        mine = values[begin : begin + len(theirs)]
        if _agree(theirs, mine, tolerance).all() and _share_that_varies(mine, history):
            return len(known) - shift
    return 0


def _agrees_at(start, values, history):
    """Tell whether rows agree with all kept ones, if they begin at a place."""
    n_dropped = history.n_rows - len(history.last)
    tolerance = _tolerance(history)
    for known, position in ((history.first, 0), (history.last, n_dropped)):
        begin, end = (
            max(start, position),
            min(start + len(values), position + len(known)),
        )
        mine = values[begin - start : max(end - start, begin - start)]
        theirs = known.values[begin - position : max(end, begin) - position]
        if not _agree(mine, theirs, tolerance).all():
            return False
    return True


def _agree(some, others, tolerance):
    """Tell for each row whether all its columns agree."""
    return (np.abs(some - others) <= tolerance).all(axis=-1)


def _share_that_varies(values, history):
    """Share of the rows that differ from the median row."""
    return 1 - _agree(values, np.median(values, axis=0), _tolerance(history)).mean()


def _tolerance(history):
    """How far values that agree may be apart, by column."""
    ends = np.concatenate([history.first.values, history.last.values])
    size = np.finfo(np.float32).eps * np.abs(ends).max(axis=0)
    return ROUNDING * np.ptp(ends, axis=0) + 2 * size
