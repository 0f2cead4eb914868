"""Forecasts from many moments of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.plotting._axes import (
    FORECAST,
    NAIVE,
    OBSERVED,
    axes_for,
    below,
    captions,
    count_on,
    draw_bands,
    figure_of,
    finish,
    label_time,
    percent,
    styled,
)
from sklearn_gru.plotting._folds import folds_of_estimator, folds_of_evaluation
from sklearn_gru.plotting._inputs import read_bands, require_same_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Self

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Floats, ManyAxes, Style
    from sklearn_gru.plotting._folds import Folds

# Each coverage has a marker of its own.
MARKERS = "osD^v"


class BacktestDisplay:
    """A plot of the folds of a backtest, of its errors and coverage by horizon.

    Make one by `from_evaluation`, which reads results of sktime's `evaluate`, by
    `from_estimator` or by `from_predictions`.

    Parameters
    ----------
    truth, forecast : ndarray of shape (n_folds, horizon)
        Row i holds the steps 1, 2, ... behind the moment of fold i.
    naive : ndarray of shape (n_folds, horizon) or None
        Naive forecasts of the same rows.
    time : ndarray of shape (n_folds, horizon)
        Times or numbers of these rows.
    bands : dict of float to ndarray of shape (n_folds, horizon, 2)
        Lower and upper bounds by coverage.
    name : str, default=""
        The series and its unit.

    Attributes
    ----------
    axes_ : dict of str to matplotlib.axes.Axes
        "folds", "error" and, if there are intervals, "coverage".
    figure_ : matplotlib.figure.Figure
    lines_ : dict of str to list of matplotlib.lines.Line2D
        "observed" holds a line, "forecast" and "naive" one for each fold that is drawn,
        "error" those of the forecast and the naive one, "coverage" one for each level.
    bands_ : list of matplotlib.collections.PolyCollection

    Examples
    --------
    >>> from sklearn_gru.plotting import BacktestDisplay
    >>> truth, forecast, naive = [[3, 4], [5, 6]], [[3, 5], [5, 5]], [[2, 2], [4, 4]]
    >>> display = BacktestDisplay.from_predictions(truth, forecast, naive)
    >>> [line.get_ydata().tolist() for line in display.lines_["error"]]
    [[0.0, 1.0], [1.0, 2.0]]
    """

    axes_: dict[str, Axes]
    figure_: Figure
    lines_: dict[str, list[Line2D]]
    bands_: list[PolyCollection]

    def __init__(
        self,
        truth: Floats,
        forecast: Floats,
        naive: Floats | None,
        time: Array,
        bands: dict[float, Floats],
        name: str = "",
    ) -> None:
        self.truth = truth
        self.forecast = forecast
        self.naive = naive
        self.time = time
        self.bands = bands
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        steps: int | None = None,
        column: int = 0,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Forecast from every row of `X` with a fitted forecaster.

        The naive forecasts repeat the season before the moment of the forecast, if the
        forecaster has found a season, else the last value. Only moments are counted
        that have a season of `X` before them and all steps of `y` behind them.

        Parameters
        ----------
        estimator : GRUForecaster, or Pipeline or search around one
            Fitted, best on rows before those of `X`.
        X : array-like of shape (n_rows, n_features)
            As in `GRUForecaster.rolling_forecast`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            The observed targets; `X` if None.
        steps : int, default=None
            The horizon. None takes that of the estimator, if it is more than 1; else a
            season, or ten rows if there is none.
        column : int, default=0
            The target to draw.
        name : str, default=None
            The series and its unit; the target's name if `y` has one.
        **plot_options
            As in `plot`.

        Returns
        -------
        BacktestDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru import GRUForecaster
        >>> from sklearn_gru.plotting import BacktestDisplay
        >>> wave = np.sin(np.arange(120) / 4)[:, None]
        >>> gru = GRUForecaster(
        ...     12, 4, season_length=None, max_epochs=2, random_state=0
        ... ).fit(wave[:90])
        >>> display = BacktestDisplay.from_estimator(gru, wave[90:], steps=5)
        >>> display.forecast.shape
        (25, 5)
        """
        folds = folds_of_estimator(estimator, X, X if y is None else y, steps, column)
        return cls._of(folds, name, plot_options)

    @classmethod
    def from_evaluation(
        cls,
        results: pd.DataFrame,
        naive_results: pd.DataFrame | None = None,
        *,
        column: int = 0,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the results of sktime's `evaluate`.

        Parameters
        ----------
        results : pandas.DataFrame
            From ``evaluate(..., return_data=True)``, of one series. With a metric of
            intervals among the `scoring` it holds intervals, too.
        naive_results : pandas.DataFrame, default=None
            The same of a naive forecaster over the same folds.
        column : int, default=0
            The column of the series to draw.
        name : str, default=None
            The series and its unit; the name of the series if None.
        **plot_options
            As in `plot`.

        Returns
        -------
        BacktestDisplay

        Examples
        --------
        >>> import pandas as pd
        >>> from sklearn_gru.plotting import BacktestDisplay
        >>> truth, forecast = pd.Series([1.0, 2], name="m"), pd.Series([1.0, 3])
        >>> results = pd.DataFrame({"y_test": [truth], "y_pred": [forecast]})
        >>> display = BacktestDisplay.from_evaluation(results)
        >>> print(display.axes_["error"].get_ylabel())
        mean absolute error
        m
        """
        folds = folds_of_evaluation(results, naive_results, column)
        return cls._of(folds, name, plot_options)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        y_naive: ArrayLike | None = None,
        *,
        intervals: Mapping[float, ArrayLike] | None = None,
        time: ArrayLike | None = None,
        name: str = "",
        **plot_options: Any,
    ) -> Self:
        """Draw forecasts that were made before, by any forecaster.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_folds, horizon)
            The truth and its forecasts: row i is fold i, column j step j + 1.
        y_naive : array-like of shape (n_folds, horizon), default=None
            Naive forecasts.
        intervals : dict of float to array-like of shape (n_folds, horizon, 2), \
                default=None
            Lower and upper bounds by coverage.
        time : array-like of shape (n_folds, horizon), default=None
            Times of the rows. None numbers them as if the folds followed each other.
        name : str, default=""
            The series and its unit.
        **plot_options
            As in `plot`.

        Returns
        -------
        BacktestDisplay

        Examples
        --------
        >>> from sklearn_gru.plotting import BacktestDisplay
        >>> display = BacktestDisplay.from_predictions(
        ...     [[3, 4]], [[3, 5]], intervals={0.8: [[[2, 4], [4.5, 6]]]}
        ... )
        >>> display.lines_["coverage"][0].get_ydata().tolist()
        [100.0, 0.0]
        """
        truth, forecast = (np.asarray(y, dtype=np.float64) for y in (y_true, y_pred))
        if truth.ndim != 2 or not truth.size:
            raise ValueError(
                f"y_true has shape {truth.shape}: pass a row for each fold and a "
                "column for each step, (n_folds, horizon)."
            )
        naive = None if y_naive is None else np.asarray(y_naive, dtype=np.float64)
        time = np.arange(truth.size).reshape(truth.shape) if time is None else time
        time = np.asarray(time)
        require_same_shape(y_true=truth, y_pred=forecast, y_naive=naive, time=time)
        bands = read_bands(intervals, truth.shape)
        return cls(truth, forecast, naive, time, bands, name).plot(**plot_options)

    @classmethod
    def _of(cls, folds: Folds, name: str | None, plot_options: dict[str, Any]) -> Self:
        return cls.from_predictions(
            folds.truth,
            folds.forecast,
            folds.naive,
            intervals=folds.intervals,
            time=folds.time,
            name=folds.name if name is None else name,
            **plot_options,
        )

    def plot(
        self,
        ax: ManyAxes | None = None,
        *,
        line_kw: Style | None = None,
        naive_kw: Style | None = None,
        band_kw: Style | None = None,
    ) -> Self:
        """Draw into two axes, or three if there are intervals, or into a new figure.

        Of folds that overlap, as those of neighbouring rows do, only the first one is
        drawn over time. Errors and coverage are those of all folds. Rows whose truth or
        forecast is NaN do not count.

        Parameters
        ----------
        ax : array-like of 2 or 3 matplotlib.axes.Axes, default=None
            For the folds, the error and, if there are intervals, the coverage.
        line_kw, naive_kw : dict, default=None
            Style of the forecasts and of the naive ones, as in ``Axes.plot``.
        band_kw : dict, default=None
            Style of the intervals, as in ``Axes.fill_between``.

        Returns
        -------
        self : BacktestDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru.plotting import BacktestDisplay
        >>> ones, time = np.ones((1, 3)), np.arange(3)[None]
        >>> display = BacktestDisplay(ones, ones, None, time, {})
        >>> list(display.plot().axes_)
        ['folds', 'error']
        """
        bottom = ["error", "coverage"] if self.bands else ["error", "error"]
        self.axes_ = axes_for(ax, [["folds", "folds"], bottom], (9, 6))
        self.figure_ = figure_of(self.axes_["folds"])
        self.lines_ = {"observed": [], "forecast": [], "naive": [], "error": []}
        self._draw_folds(self.axes_["folds"], line_kw, naive_kw, band_kw)
        self._draw_errors(self.axes_["error"], line_kw, naive_kw)
        if self.bands:
            self.lines_["coverage"] = []
            self._draw_coverage(self.axes_["coverage"])
        finish(*self.axes_.values())
        return self

    def _draw_folds(
        self,
        ax: Axes,
        line_kw: Style | None,
        naive_kw: Style | None,
        band_kw: Style | None,
    ) -> None:
        times, first = np.unique(self.time, return_index=True)
        truth = self.truth.ravel()[first]
        self.lines_["observed"] += ax.plot(times, truth, **OBSERVED)
        self.bands_ = []
        for k, fold in enumerate(_apart(self.time)):
            time = self.time[fold]
            if k % 2:
                ax.axvspan(time[0], time[-1], color="0.95", lw=0, zorder=0)
            bands = {level: bounds[fold] for level, bounds in self.bands.items()}
            self.bands_ += draw_bands(ax, time, bands, band_kw)
            if self.naive is not None:
                style = styled(NAIVE, naive_kw)
                self.lines_["naive"] += ax.plot(time, self.naive[fold], **style)
            style = styled(FORECAST | {"marker": ".", "ms": 5}, line_kw)
            self.lines_["forecast"] += ax.plot(time, self.forecast[fold], **style)
        ax.set_ylabel(self.name)
        label_time(ax, self.time)
        ax.legend(*captions(ax), frameon=False, loc="best")

    def _draw_errors(
        self, ax: Axes, line_kw: Style | None, naive_kw: Style | None
    ) -> None:
        pairs = [(self.forecast, styled(FORECAST | {"marker": "o"}, line_kw))]
        if self.naive is not None:
            pairs.append((self.naive, styled(NAIVE | {"marker": "s"}, naive_kw)))
        for forecast, style in pairs:
            errors = np.nanmean(np.abs(self.truth - forecast), axis=0)
            self.lines_["error"] += ax.plot(self._steps, errors, ms=4, **style)
        ax.set_ylim(0, ax.get_ylim()[1])
        _label_steps(ax, below("mean absolute error", self.name))

    def _draw_coverage(self, ax: Axes) -> None:
        known = ~np.isnan(self.truth)
        for k, (level, bounds) in enumerate(sorted(self.bands.items())):
            lower, upper = bounds[..., 0], bounds[..., 1]
            inside = (lower <= self.truth) & (self.truth <= upper)
            share = 100 * np.sum(inside, axis=0, where=known) / np.sum(known, axis=0)
            color, marker = f"{0.15 + 0.4 * k / len(self.bands)}", MARKERS[k % 5]
            label = f"of {percent(level)} intervals"
            style: Style = {"color": color, "marker": marker, "ms": 4, "label": label}
            self.lines_["coverage"] += ax.plot(self._steps, share, **style)
            ax.axhline(100 * level, color=color, ls=":", lw=1)
        ax.set_ylim(0, 105)
        _label_steps(ax, "values inside (%)")

    @property
    def _steps(self) -> Array:
        return np.arange(1, self.truth.shape[1] + 1)


def _label_steps(ax: Axes, label: str) -> None:
    ax.set(xlabel="steps ahead", ylabel=label)
    count_on(ax.xaxis)
    ax.legend(frameon=False, loc="best")


def _apart(time: Array) -> Iterator[int]:
    """Yield the numbers of folds that begin behind the end of the last one yielded."""
    end = None
    for fold in np.argsort(time[:, 0], kind="stable"):
        if end is None or time[fold, 0] > end:
            end = time[fold, -1]
            yield fold
