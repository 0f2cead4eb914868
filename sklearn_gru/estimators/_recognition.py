"""Where rows lie in the series that a forecaster was fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandas.api.types import is_integer_dtype

from sklearn_gru.estimators._matching import Matcher
from sklearn_gru.estimators._time_index import (
    as_integers,
    check_same_steps,
    counts_rows,
    follows,
    is_later,
    of_one_kind,
)

if TYPE_CHECKING:
    from sklearn_gru.estimators.forecasting.history import History, Rows


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


def recognise(rows: Rows, history: History, n_enough: int, n_future: int = 0) -> Place:
    """Tell where in the known series rows begin: the only guess that is made.

    1. If both have a time index, the index decides.
    2. Rows that agree with the series from its first row on, in all that both have,
       are that series: if they are as many as it has, or at least `n_enough` that are
       not nearly constant.
    3. If the first k of them are the last k of the series (k of at least 2, not all
       equal), they overlap by k.
    4. All others continue the series. So do those of 2 and 3 that the series itself
       would go on with: it has repeated such rows before.

    An integer index that begins with 0 is the one that pandas makes for any table,
    and says nothing.

    Parameters
    ----------
    rows : Rows
    history : History
    n_enough : int
    n_future : int, default=0
        How many of the rows, the last ones, are not known yet: only when they are
        counts.

    Returns
    -------
    Place
    """
    values = rows.values[: len(rows) - n_future]
    if _both_have_an_index(rows, history):
        place = _place_by_index(rows.index, values, history)
        if place is not None:
            return place
    if len(values) < 2:
        return Place(history.n_rows)  # a single row is no evidence
    matcher = Matcher(values, history)
    if matcher.is_beginning(n_enough):
        return Place(0)
    return Place(history.n_rows - matcher.overlap())


def _both_have_an_index(rows, history):
    index, known = rows.index, history.last.index
    if index is None or known is None or counts_rows(index):
        return False
    return of_one_kind(index, known)


def _place_by_index(index, values, history):
    """Look the first label up among the known ones.

    None means that rows are numbered by themselves: these numbers are known, but
    belong to other values.
    """
    label, last = index[0], history.last.index
    later = is_later(label, last)
    check_same_steps(index, last)
    if later:
        return Place(history.n_rows, behind_gap=not follows(index, last))
    start = _position_of(index, history)
    if start is not None and is_integer_dtype(last.dtype):
        agrees = Matcher(values, history).begins_at(start)
        return Place(start) if agrees else None
    return Place(start)


def _position_of(index, history):
    """Return where the first label stands in the series; None if it precedes that."""
    label, first, last = index[0], history.first.index, history.last.index
    if label in last:
        return int(history.n_rows - len(last) + last.get_loc(label))
    if label in first:
        return int(first.get_loc(label))
    if label < first[0]:
        return None
    if history.is_whole:
        raise ValueError(
            f"X begins at {label}, between two rows of the training series. Its rows "
            "must be at the same times as those, or be later."
        )
    if last[-1] in index:
        return history.n_rows - 1 - index.get_loc(last[-1])
    start, here, end = as_integers(first[:1].append([index[:1], last[-1:]]))
    return round((here - start) / (end - start) * (history.n_rows - 1))
