"""What displays read: fitted estimators, columns, times and naive forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._time_index import continued, time_index_of
from sklearn_gru.estimators.forecasting.season import find_season, usual_season

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Floats


def unwrapped(estimator: Any, X: Any = None) -> tuple[Any, Any]:
    """Find the estimator inside searches and pipelines, and what it is given.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like, default=None
        What the outermost one is given.

    Returns
    -------
    estimator
        Neither a search nor a pipeline of scikit-learn's.
    X : array-like or None
        What the steps before it make of `X`.
    """
    if is_of_sktime(estimator):
        estimator.check_is_fitted()
        return estimator, X
    check_is_fitted(estimator)
    if hasattr(estimator, "best_estimator_"):
        return unwrapped(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        if X is not None and len(estimator) > 1:
            X = estimator[:-1].transform(X)
        return unwrapped(estimator[-1], X)
    if getattr(estimator, "refit", True) is False:
        raise ValueError(
            f"{type(estimator).__name__} has refitted no estimator: search with "
            "refit=True, or pass the estimator that you want to see."
        )
    return estimator, X


def is_of_sktime(estimator: object) -> bool:
    """Tell whether an estimator is a forecaster with the interface of sktime."""
    return hasattr(type(estimator), "cutoff")


def series_of(values: ArrayLike, column: int = 0, name: str = "y") -> Floats:
    """Return a column of a table, or a series itself, as floats.

    Parameters
    ----------
    values : array-like of shape (n,) or (n, n_columns)
    column : int, default=0
    name : str, default="y"
        What to call `values` in an error.

    Returns
    -------
    ndarray of shape (n,)
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or not len(values):
        raise ValueError(
            f"{name} has shape {values.shape}: pass a series of shape (n,), or a table "
            "of shape (n, n_columns), that has rows."
        )
    if not -values.shape[1] <= column < values.shape[1]:
        raise ValueError(
            f"column={column} is none of the {values.shape[1]} columns of {name}: "
            "count them from 0."
        )
    return values[:, column]


def require_same_shape(**arrays: Array | None) -> None:
    """Raise unless all arrays have the shape of the first; None counts as none."""
    shapes = {name: array.shape for name, array in arrays.items() if array is not None}
    (first, expected), *others = shapes.items()
    for name, shape in others:
        if shape != expected:
            raise ValueError(
                f"{first} has shape {expected} and {name} has shape {shape}: they must "
                "be the same."
            )


def read_bands(
    intervals: Mapping[float, ArrayLike] | None, shape: tuple[int, ...]
) -> dict[float, Floats]:
    """Return intervals by coverage as arrays of shape (*shape, 2).

    Parameters
    ----------
    intervals : dict of float to array-like of shape (*shape, 2), or None
    shape : tuple of int
        That of the forecasts.

    Returns
    -------
    dict of float to ndarray
    """
    bands = {}
    for coverage, bounds in (intervals or {}).items():
        check_coverage(coverage)
        bands[coverage] = np.asarray(bounds, dtype=np.float64)
        if bands[coverage].shape != (*shape, 2):
            raise ValueError(
                f"The intervals of coverage {coverage} have shape "
                f"{bands[coverage].shape}; lower and upper bounds of the forecasts "
                f"have shape {(*shape, 2)}."
            )
    return bands


def check_coverage(coverage: float) -> None:
    """Raise unless a coverage is a share between 0 and 1."""
    if not 0 < coverage < 1:
        raise ValueError(
            f"coverage must be between 0 and 1, 0.9 for 90 %, got {coverage!r}."
        )


def name_of(values: object, column: int = 0) -> str:
    """Return the name of a column of a pandas object, or "" if it has none."""
    if hasattr(values, "columns"):
        return str(values.columns[column])
    name = getattr(values, "name", None)
    return "" if name is None else str(name)


def times_of(values: Any, n_ahead: int = 0) -> Array:
    """Return the times of rows and of the rows behind them, or else their numbers.

    Parameters
    ----------
    values : array-like or pandas.Index
        Numbered from 0 if it has no index of time with a rhythm.
    n_ahead : int, default=0
        Rows behind the last one.

    Returns
    -------
    ndarray of shape (n_rows + n_ahead,)
    """
    index = values if isinstance(values, pd.Index) else time_index_of(values)
    if index is None or isinstance(index, pd.TimedeltaIndex):
        return np.arange(len(values) + n_ahead)
    if n_ahead:
        ahead = continued(index, n_ahead)
        if ahead is None:
            return np.arange(len(values) + n_ahead)
        index = index.append(ahead)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex) and index.tz is not None:
        index = index.tz_convert(None)  # matplotlib knows no time zones
    times: Array = index.to_numpy()
    return times


def season_of(observed: ArrayLike, index: pd.Index | None = None) -> int:
    """Return the season of a series in rows, 1 if it has none."""
    return find_season([np.asarray(observed)[:, None]], usual_season(index))


def naive_forecasts(observed: Floats, n_ahead: int, season: int) -> Floats:
    """Forecast each row of a series, and the rows behind it, by the season before.

    Parameters
    ----------
    observed : ndarray of shape (n_rows,)
    n_ahead : int
    season : int
        Rows; 1 forecasts the last value.

    Returns
    -------
    ndarray of shape (n_rows + n_ahead,)
        NaN where nothing is known of the season before.

    Examples
    --------
    >>> naive_forecasts(np.array([1.0, 2, 3, 4]), 3, season=2)
    array([nan, nan,  1.,  2.,  3.,  4.,  3.])
    """
    season = min(season, len(observed))
    n_repeats = -(-n_ahead // season)
    repeated = np.tile(observed[len(observed) - season :], n_repeats)[:n_ahead]
    before = np.full(season, np.nan)
    return np.concatenate([before, observed[: len(observed) - season], repeated])
