"""Displays: pictures of fitted estimators. The only module that needs matplotlib."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import ConciseDateFormatter


class ForecastDisplay:
    """A plot of the last rows of a series, their forecasts, and the next forecasts.

    Parameters
    ----------
    observed : ndarray of shape (n_rows,)
        The last rows of the series.
    one_step : ndarray of shape (n_rows,)
        Forecasts of the same rows, each made from the rows before it.
    ahead : ndarray of shape (steps,)
        Forecasts of the rows after the end of the series.
    time, time_ahead : array-like of shape (n_rows,) and (steps,)
        Positions on the horizontal axis.
    name : str or None, default=None
        Label of the vertical axis: the series and its unit.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    """

    def __init__(self, observed, one_step, ahead, time, time_ahead, name=None):
        self.observed = observed
        self.one_step = one_step
        self.ahead = ahead
        self.time = time
        self.time_ahead = time_ahead
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, steps, column=0, n_shown=None, name=None, ax=None
    ):
        """Forecast with a fitted estimator and draw the result.

        Parameters
        ----------
        estimator : GRUForecaster, Pipeline that ends in one, or search over either
            Fitted. A search, such as ``GridSearchCV``, forecasts with its
            ``best_estimator_``.
        X : array-like of shape (n_rows, n_features)
            As in the estimator's `predict`. If it ends in `steps` future rows, with
            `known_columns`, `y` is needed and has none of them.
        steps : int
            Rows to forecast after the end of `X`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            The observed targets; `X` if None.
        column : int, default=0
            The target to draw.
        n_shown : int, default=None
            Draw only this many of the last rows of `X`.
        name : str, default=None
            Label of the vertical axis; the target's name if `y` has one.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        ForecastDisplay
        """
        # The predict method of a search takes no steps.
        estimator = getattr(estimator, "best_estimator_", estimator)
        y = X if y is None else y
        if name is None:
            name = (
                y.columns[column] if hasattr(y, "columns") else getattr(y, "name", "")
            )
        shown = slice(-n_shown if n_shown else None, None)
        observed = _column(np.asarray(y), column)
        known = X if len(y) == len(X) else X[: len(y)]
        one_step = _column(estimator.predict(known), column)
        ahead = _column(estimator.predict(X, steps=steps), column)
        time, time_ahead = _time_axis(known, steps)
        return cls(
            observed[shown], one_step[shown], ahead, time[shown], time_ahead, name
        ).plot(ax)

    def plot(self, ax=None):
        """Draw into `ax`, or into a new figure.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None

        Returns
        -------
        self : ForecastDisplay
        """
        if ax is None:
            _, ax = plt.subplots(figsize=(9, 4), layout="constrained")
        ax.plot(self.time, self.observed, color="0.25", lw=1.2, label="observed")
        ax.plot(
            self.time, self.one_step, color="C0", lw=1.2, label="forecast 1 step ahead"
        )
        joined = np.concatenate([self.observed[-1:], self.ahead])
        axis = np.concatenate([np.asarray(self.time)[-1:], np.asarray(self.time_ahead)])
        ax.plot(
            axis,
            joined,
            color="C3",
            marker="o",
            markersize=3.5,
            markevery=slice(1, None),
            label=f"the next {len(self.ahead)} steps",
        )
        ax.set_ylabel(self.name or "")
        if np.issubdtype(np.asarray(self.time).dtype, np.datetime64):
            locator = ax.xaxis.get_major_locator()
            ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="best")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _column(values, column):
    return values if values.ndim == 1 else values[:, column]


def _time_axis(X, steps):
    """Return the times, or else the numbers, of X's rows and of the rows after them."""
    index = getattr(X, "index", None)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex) and len(index) >= 3:
        frequency = index.freq or pd.infer_freq(index)
        if frequency is not None:
            ahead = pd.date_range(index[-1], periods=steps + 1, freq=frequency)[1:]
            return _as_utc(index), _as_utc(ahead)
    n_rows = len(X)
    return np.arange(n_rows), np.arange(n_rows, n_rows + steps)


def _as_utc(index):
    """Return times in UTC and without a zone: matplotlib knows no time zones."""
    return (index if index.tz is None else index.tz_convert(None)).to_numpy()
