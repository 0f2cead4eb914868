"""What forecasters of scikit-learn's kind and of sktime's are asked for a display."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sklearn_gru.plotting._inputs import (
    check_coverage,
    is_of_sktime,
    season_of,
    series_of,
    unwrapped,
)

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from sklearn_gru._types import Floats

# Rows that are forecast if neither the forecaster nor a season says how many.
N_STEPS = 10


class Forecasts(NamedTuple):
    """Forecasts of one target.

    Parameters
    ----------
    one_step : ndarray of shape (n_rows,) or None
    ahead : ndarray of shape (steps,)
    intervals : dict of float to ndarray of shape (steps, 2)
    season_length : int
    """

    one_step: np.ndarray | None
    ahead: np.ndarray
    intervals: dict[float, Floats]
    season_length: int


def forecasts_of(
    estimator: Any, X: Any, y: Any, steps: int | None, column: int, levels: list[float]
) -> Forecasts:
    """Forecast a target with a fitted estimator.

    Parameters
    ----------
    estimator, X, y, steps, column
        As in `ForecastDisplay.from_estimator`; `y` is given.
    levels : list of float
        Coverages of the intervals.

    Returns
    -------
    Forecasts
    """
    for coverage in levels:
        check_coverage(coverage)
    final, X_final = unwrapped(estimator, X)
    season = season_length_of(final, y, column)
    if is_of_sktime(final):
        X = None if X is y else X
        return _of_sktime(final, X, y, steps, column, levels, season)
    n_known = len(y)
    if n_known > len(X):
        raise ValueError(
            f"y has {n_known} rows, and X has only {len(X)}: pass the rows of X beside "
            "those of y, and future rows of X behind them if there are known columns."
        )
    if steps is None:
        steps = len(X) - n_known or usual_steps(final, season)
    ahead = series_of(final.predict(X_final, steps=steps), column, "the forecast")
    intervals = {
        coverage: _bounds(final, X_final, steps, coverage, column)
        for coverage in levels
    }
    one_step = series_of(final.predict(X_final[:n_known]), column, "the forecast")
    return Forecasts(one_step, ahead, intervals, season)


def season_length_of(estimator: Any, y: ArrayLike, column: int) -> int:
    """Return the season that a fitted forecaster has found, or else that of y."""
    for name in ("engine_", "forecaster_"):
        choices = getattr(getattr(estimator, name, None), "choices", None)
        if choices is not None:
            return int(choices.season_length)
    return season_of(series_of(y, column), getattr(y, "index", None))


def usual_steps(estimator: Any, season: int) -> int:
    """Return the rows that a forecaster emits at once, else a season or ten rows."""
    horizon: int = getattr(estimator, "horizon", 1)
    engine = getattr(estimator, "engine_", None)
    if horizon > 1 or (engine is not None and engine.relation.affine is None):
        return horizon
    return season if season > 1 else N_STEPS


def _bounds(estimator: Any, X: Any, steps: int, coverage: float, column: int) -> Floats:
    """Ask for the bounds of a target, (steps, 2)."""
    if not hasattr(estimator, "predict_interval"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict_interval, so there are no "
            "intervals to draw: leave coverage out, or pass a GRUForecaster, a "
            "pipeline that ends in one or a search over either."
        )
    bounds: Floats = estimator.predict_interval(X, steps, coverage=coverage)
    return bounds if bounds.ndim == 2 else bounds[:, column]


def _of_sktime(
    forecaster: Any,
    X: Any,
    y: Any,
    steps: int | None,
    column: int,
    levels: list[float],
    season: int,
) -> Forecasts:
    cutoff = forecaster.cutoff[0]
    if not hasattr(y, "index") or y.index[-1] != cutoff:
        end = y.index[-1] if hasattr(y, "index") else "without an index"
        raise ValueError(
            f"The forecaster knows the series up to {cutoff}, and y ends {end}: pass "
            "the pandas series that it knows, or the last rows of it."
        )
    if steps is None:
        steps = _furthest_step(forecaster) or (season if season > 1 else N_STEPS)
    fh = np.arange(1, steps + 1)
    ahead = series_of(forecaster.predict(fh, X=X), column, "the forecast")
    intervals = {}
    if levels:
        table = forecaster.predict_interval(fh, X=X, coverage=levels)
        names = table.columns.get_level_values(0).unique()
        intervals = {level: table[names[column]][level].to_numpy() for level in levels}
    return Forecasts(None, ahead, intervals, season)


def _furthest_step(forecaster: Any) -> int | None:
    """Return the furthest step that `fit` was told of, None if it was told of none."""
    if getattr(forecaster, "_fh", None) is None:
        return None
    return int(forecaster.fh.to_relative(forecaster.cutoff).to_numpy().max())
