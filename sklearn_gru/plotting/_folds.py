"""Folds of a backtest, read from what made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sklearn_gru.plotting._forecasters import season_length_of, usual_steps
from sklearn_gru.plotting._inputs import (
    naive_forecasts,
    name_of,
    series_of,
    times_of,
    unwrapped,
)

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Floats


class Folds(NamedTuple):
    """Truths and forecasts of a series, each (n_folds, horizon).

    Parameters
    ----------
    truth, forecast : ndarray
    naive : ndarray or None
    intervals : dict of float to ndarray of shape (n_folds, horizon, 2)
    time : ndarray
    name : str
    """

    truth: np.ndarray
    forecast: np.ndarray
    naive: np.ndarray | None
    intervals: dict[float, Floats]
    time: np.ndarray
    name: str


def folds_of_estimator(
    estimator: Any, X: ArrayLike, y: ArrayLike, steps: int | None, column: int
) -> Folds:
    """Forecast from every row that has enough rows before and behind it.

    Parameters
    ----------
    estimator, X, y, steps, column
        As in `BacktestDisplay.from_estimator`; `y` is given.

    Returns
    -------
    Folds
    """
    final, X = unwrapped(estimator, X)
    if not hasattr(final, "rolling_forecast"):
        raise ValueError(
            f"{type(final).__name__} has no rolling_forecast: pass a GRUForecaster, a "
            "pipeline that ends in one or a search over either, or use from_evaluation "
            "with the results of sktime's evaluate."
        )
    season = season_length_of(final, y, column)
    steps = usual_steps(final, season) if steps is None else steps
    observed = series_of(y, column)
    moments = np.arange(season, len(observed) - steps + 1)  # rows known by then
    if not len(moments):
        raise ValueError(
            f"y has {len(observed)} rows: a backtest needs a season of {season} and "
            f"the {steps} steps behind it. Pass more rows, or fewer steps."
        )
    rows = moments[:, None] + np.arange(steps)
    forecast = final.rolling_forecast(X, steps)[moments - 1, :, column]
    naive = [naive_forecasts(observed[:n], steps, season)[n:] for n in moments]
    return Folds(
        observed[rows],
        forecast,
        np.array(naive),
        {},
        times_of(y)[rows],
        name_of(y, column),
    )


def folds_of_evaluation(
    results: pd.DataFrame, naive_results: pd.DataFrame | None, column: int
) -> Folds:
    """Read the results of sktime's `evaluate`.

    Parameters
    ----------
    results, naive_results, column
        As in `BacktestDisplay.from_evaluation`.

    Returns
    -------
    Folds
    """
    truth = _stacked(results, "y_test", column)
    first = results["y_test"].iloc[0]
    return Folds(
        truth,
        _stacked(results, "y_pred", column),
        None if naive_results is None else _naive(results, naive_results, column),
        _intervals(results, column),
        np.array([times_of(fold.index) for fold in results["y_test"]]),
        name_of(first, column),
    )


def _naive(results: pd.DataFrame, naive_results: pd.DataFrame, column: int) -> Floats:
    naive = _stacked(naive_results, "y_pred", column)
    folds = zip(results["y_test"], naive_results["y_pred"], strict=False)
    if len(naive_results) != len(results) or any(
        not truth.index.equals(forecast.index) for truth, forecast in folds
    ):
        raise ValueError(
            "The folds of naive_results are not those of results: evaluate both with "
            "the same splitter and the same series."
        )
    return naive


def _stacked(results: pd.DataFrame, key: str, column: int) -> Floats:
    """Stack the tables of all folds: (n_folds, horizon)."""
    if key not in results:
        raise ValueError(
            f"The results have no column {key!r}: call evaluate with return_data=True, "
            "and with a metric of points among its scoring."
        )
    folds = [_column(table, column) for table in results[key]]
    lengths = sorted({len(fold) for fold in folds})
    if len(lengths) != 1:
        raise ValueError(
            f"Folds have {lengths} rows: evaluate with folds of one length, which "
            "errors by horizon need."
        )
    return np.array(folds)


def _column(table: pd.DataFrame | pd.Series, column: int) -> Floats:
    if getattr(table.index, "nlevels", 1) > 1:
        raise ValueError(
            "These are results of a panel of series: evaluate one series, or pass "
            "arrays to from_predictions."
        )
    return series_of(table, column, "a fold")


def _intervals(results: pd.DataFrame, column: int) -> dict[float, Floats]:
    """Read the intervals that a metric asked for, if any did."""
    if "y_pred_interval" not in results:
        return {}
    tables = list(results["y_pred_interval"])
    name = tables[0].columns.get_level_values(0).unique()[column]
    levels = tables[0][name].columns.get_level_values(0).unique()
    return {
        float(level): np.array([table[name][level].to_numpy() for table in tables])
        for level in levels
    }
