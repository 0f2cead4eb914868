"""Rows of which some values are missing: NaN stays in `Rows`, and is read here.

The network fills the windows that it reads. Here is what needs more than one window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Floats


def carried(values):
    """Carry the last known value of each column forward.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    ndarray of shape (n_rows, n_columns), float64
        NaN before the first known value.

    Examples
    --------
    >>> import numpy as np
    >>> carried(np.array([[np.nan], [1.0], [np.nan], [2.0]])).ravel()
    array([nan,  1.,  1.,  2.])
    """
    return np.take_along_axis(np.asarray(values, np.float64), _latest(values), axis=0)


def _latest(values):
    """Return the latest known row at each row: (n_rows, n_columns); 0 without any."""
    rows = np.arange(len(values))[:, None]
    return np.maximum.accumulate(np.where(np.isnan(values), 0, rows), axis=0)


def without_long_gaps(values, window_length):
    """Let the last known value stand in where a whole window behind it is missing.

    So every window holds a known value of each column, from the first one on.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
    window_length : int

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        The same array if there is no such gap.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([[1.0], [np.nan], [np.nan], [np.nan], [5.0]])
    >>> without_long_gaps(values, 2).ravel()
    array([ 1., nan,  1.,  1.,  5.])
    """
    behind = np.arange(len(values))[:, None] - _latest(values)
    far = behind >= window_length
    return np.where(far, carried(values), values) if far.any() else values


def with_last_known(
    windows: Floats, origins: Array, values: ArrayLike, before: Array | None
) -> Floats:
    """Let the last known value end those windows in which a column has none.

    Parameters
    ----------
    windows : ndarray of shape (n_origins, window_length, n_columns)
        Changed in place.
    origins : ndarray of int, shape (n_origins,)
        How many of `values` each window has seen.
    values : array-like of shape (n_rows, n_columns)
    before : ndarray of shape (n_before, n_columns) or None
        The rows right before `values`.

    Returns
    -------
    ndarray of shape (n_origins, window_length, n_columns)
    """
    empty = np.isnan(windows).all(axis=1)
    if empty.any():
        seen = np.asarray(values)[: origins.max()]
        seen = seen if before is None else np.concatenate([before, seen])
        rows = len(seen) - origins.max() + origins - 1
        last = carried(seen)[np.maximum(rows, 0)] if len(seen) else np.nan
        windows[:, -1] = np.where(empty, last, windows[:, -1])
    return windows


def for_training(rows, relation, window_length):
    """Return rows whose values fill windows, and whose targets are to be learned.

    Parameters
    ----------
    rows : Rows
    relation : Relation
    window_length : int

    Returns
    -------
    Rows
        The targets are what the network forecasts, before it is standardised; those
        that are NaN do not count.
    """
    values = without_long_gaps(rows.values, window_length)
    return replace(rows, values=values, targets=relation.learned(rows))


def with_known_targets(starts, targets, window_length, horizon):
    """Select the windows that have anything to teach.

    Parameters
    ----------
    starts : array-like of int
        Rows at which windows begin.
    targets : ndarray of shape (n_rows, n_targets)
    window_length, horizon : int

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> import numpy as np
    >>> targets = np.array([[1.0], [2.0], [np.nan], [4.0]])
    >>> with_known_targets(range(3), targets, window_length=1, horizon=1)
    array([0, 2])
    """
    known = ~np.isnan(targets).all(axis=1)
    n_known = np.concatenate([[0], np.cumsum(known)])
    starts = np.asarray(starts, dtype=int)
    first = starts + window_length
    return starts[n_known[first + horizon] > n_known[first]]
