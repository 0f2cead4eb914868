"""The last rows of a series and what is forecast behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.plotting._axes import (
    FORECAST,
    NAIVE,
    OBSERVED,
    captions,
    draw_bands,
    figure_of,
    finish,
    label_time,
    new_axes,
    styled,
)
from sklearn_gru.plotting._forecasters import forecasts_of
from sklearn_gru.plotting._inputs import (
    naive_forecasts,
    name_of,
    read_bands,
    require_same_shape,
    season_of,
    series_of,
    times_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Auto, Floats, Style

LEAST_SHOWN = 100


class ForecastDisplay:
    """A plot of the last rows of a series, their forecasts, and the next forecasts.

    Make one by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    observed : ndarray of shape (n_rows,)
        The last rows of the series.
    one_step : ndarray of shape (n_rows,) or None
        Forecasts of the same rows, each made from the rows before it.
    ahead : ndarray of shape (steps,)
        Forecasts of the rows after the end of the series.
    time : ndarray of shape (n_rows + steps,)
        Times or numbers of all these rows.
    naive : ndarray of shape (n_rows + steps,), default=None
        Naive forecasts of all these rows, NaN where there is none.
    bands : dict of float to ndarray of shape (steps, 2), default=None
        Lower and upper bounds of the next rows, by coverage.
    name : str, default=""
        Label of the vertical axis: the series and its unit.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    lines_ : dict of str to matplotlib.lines.Line2D
        "observed", "ahead" and, where there are any, "naive" and "one_step".
    bands_ : list of matplotlib.collections.PolyCollection
        The widest first.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru import GRUForecaster
    >>> from sklearn_gru.plotting import ForecastDisplay
    >>> wave = np.sin(np.arange(120) / 4)
    >>> gru = GRUForecaster(12, 4, max_epochs=2, random_state=0).fit(wave[:, None])
    >>> display = ForecastDisplay.from_estimator(gru, wave[:, None], steps=8)
    >>> list(display.lines_)
    ['observed', 'naive', 'one_step', 'ahead']
    >>> display.time_observed[-1], display.time_ahead[:2]
    (np.int64(119), array([120, 121]))
    """

    ax_: Axes
    figure_: Figure
    lines_: dict[str, Line2D]
    bands_: list[PolyCollection]

    def __init__(
        self,
        observed: Floats,
        one_step: Floats | None,
        ahead: Floats,
        time: Array,
        naive: Floats | None = None,
        bands: dict[float, Floats] | None = None,
        name: str = "",
    ) -> None:
        self.observed = observed
        self.one_step = one_step
        self.ahead = ahead
        self.time = time
        self.naive = naive
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
        coverage: float | Sequence[float] | None = None,
        n_shown: int | None = None,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Forecast with a fitted estimator and draw the result.

        The naive forecast beside it is the value a season before, where the estimator
        has found a season, else the last value.

        Parameters
        ----------
        estimator : forecaster, or Pipeline or search around one
            Fitted. A search forecasts with its ``best_estimator_``. A forecaster with
            the interface of sktime forecasts behind the end of what it has seen, and
            no one-step forecasts are drawn.
        X : array-like of shape (n_rows, n_features)
            As in the estimator's `predict`. If it ends in future rows, with
            `known_columns`, `y` is needed and has none of them. For a forecaster of
            sktime: its exogenous columns if `y` is given, else the series.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            The observed targets; `X` if None. They end where the forecasts begin.
        steps : int, default=None
            Rows to forecast after the end of `y`. None takes the future rows if there
            are any, the furthest step of `fh` or the `horizon`, if it is more than 1;
            else a season, or ten rows if there is none.
        column : int, default=0
            The target to draw.
        coverage : float or sequence of float, default=None
            Draw intervals that hold these shares of the values.
        n_shown : int, default=None
            Draw this many of the last rows of `y`; None draws four times as many as
            are forecast behind them, and at least 100.
        name : str, default=None
            Label of the vertical axis; the target's name if `y` has one.
        **plot_options
            As in `plot`.

        Returns
        -------
        ForecastDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If intervals are asked for, and the estimator has none.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru import GRUForecaster
        >>> from sklearn_gru.plotting import ForecastDisplay
        >>> wave = np.sin(np.arange(160) / 4)[:, None]
        >>> gru = GRUForecaster(12, 4, max_epochs=2, calibration_fraction=0.3)
        >>> display = ForecastDisplay.from_estimator(
        ...     gru.fit(wave), wave, steps=8, coverage=[0.5, 0.8], name="height (m)"
        ... )
        >>> display.bands[0.8].shape, display.ax_.get_ylabel()
        ((8, 2), 'height (m)')
        """
        y = X if y is None else y
        levels = [] if coverage is None else np.atleast_1d(coverage).tolist()
        forecasts = forecasts_of(estimator, X, y, steps, column, levels)
        return cls.from_predictions(
            y,
            forecasts.ahead,
            one_step=forecasts.one_step,
            intervals=forecasts.intervals,
            season_length=forecasts.season_length,
            column=column,
            n_shown=n_shown,
            name=name,
            **plot_options,
        )

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        ahead: ArrayLike,
        *,
        one_step: ArrayLike | None = None,
        intervals: Mapping[float, ArrayLike] | None = None,
        season_length: int | Auto = "auto",
        column: int = 0,
        n_shown: int | None = None,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw forecasts that were made before, by any forecaster.

        Parameters
        ----------
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The observed series. Its index, if it counts time, is the horizontal axis.
        ahead : array-like of shape (steps,)
            Forecasts of the rows behind it.
        one_step : array-like of shape (n_rows,), default=None
            Forecasts of the rows of `y`, each from the rows before it.
        intervals : dict of float to array-like of shape (steps, 2), default=None
            Lower and upper bounds of the rows behind `y`, by coverage.
        season_length : int or "auto", default="auto"
            The naive forecast is the value so many rows before, 1 for the last value.
            "auto" finds the season of `y`.
        column : int, default=0
            The column of `y` to draw.
        n_shown : int, default=None
            Draw this many of the last rows of `y`; None draws four times as many as
            are forecast behind them, and at least 100.
        name : str, default=None
            Label of the vertical axis; the column's name if `y` has one.
        **plot_options
            As in `plot`.

        Returns
        -------
        ForecastDisplay

        Examples
        --------
        >>> from sklearn_gru.plotting import ForecastDisplay
        >>> display = ForecastDisplay.from_predictions(
        ...     [1, 2, 1, 2, 1], [2, 1.2], intervals={0.9: [[1, 3], [0, 2]]}
        ... )
        >>> display.naive.tolist()
        [nan, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0]
        """
        observed = series_of(y, column)
        ahead = series_of(ahead, name="ahead")
        if one_step is not None:
            one_step = np.asarray(one_step, dtype=np.float64)
            require_same_shape(y=observed, one_step=one_step)
        if season_length == "auto":
            season_length = season_of(observed, getattr(y, "index", None))
        naive = naive_forecasts(observed, len(ahead), season_length)
        n_shown = max(LEAST_SHOWN, 4 * len(ahead)) if n_shown is None else n_shown
        first = max(len(observed) - n_shown, 0)
        return cls(
            observed[first:],
            None if one_step is None else one_step[first:],
            ahead,
            times_of(y, len(ahead))[first:],
            naive[first:],
            read_bands(intervals, ahead.shape),
            name_of(y, column) if name is None else name,
        ).plot(**plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        line_kw: Style | None = None,
        naive_kw: Style | None = None,
        band_kw: Style | None = None,
    ) -> Self:
        """Draw into `ax`, or into a new figure.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
        line_kw, naive_kw : dict, default=None
            Style of the forecasts and of the naive one, as in ``Axes.plot``.
        band_kw : dict, default=None
            Style of the intervals, as in ``Axes.fill_between``.

        Returns
        -------
        self : ForecastDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru.plotting import ForecastDisplay
        >>> display = ForecastDisplay(np.arange(3), None, np.array([3]), np.arange(4))
        >>> display.plot(line_kw={"color": "black"}).lines_["ahead"].get_color()
        'black'
        """
        ax = new_axes(ax)
        self.bands_ = draw_bands(ax, self.time_ahead, self.bands or {}, band_kw)
        self.lines_ = {}
        self._draw(ax, "observed", self.time_observed, self.observed, OBSERVED)
        if self.naive is not None:
            self._draw(ax, "naive", self.time, self.naive, styled(NAIVE, naive_kw))
        if self.one_step is not None:
            style = FORECAST | {"label": "forecast 1 step ahead", "ls": "--"}
            style = styled(style, line_kw)
            self._draw(ax, "one_step", self.time_observed, self.one_step, style)
        style = FORECAST | {
            "marker": "o",
            "ms": 3.5,
            "markevery": slice(1, None),
            "label": f"the next {_n_steps(len(self.ahead))}",
        }
        joined = np.concatenate([self.observed[-1:], self.ahead])
        time = self.time[len(self.observed) - 1 :]
        self._draw(ax, "ahead", time, joined, styled(style, line_kw))
        ax.set_ylabel(self.name)
        label_time(ax, self.time)
        finish(ax)
        ax.legend(*captions(ax), frameon=False, loc="best")
        self.ax_, self.figure_ = ax, figure_of(ax)
        return self

    @property
    def time_observed(self) -> Array:
        """Times or numbers of the observed rows."""
        return self.time[: len(self.observed)]

    @property
    def time_ahead(self) -> Array:
        """Times or numbers of the rows behind them."""
        return self.time[len(self.observed) :]

    def _draw(
        self, ax: Axes, key: str, time: Array, values: Floats, style: Style
    ) -> None:
        (self.lines_[key],) = ax.plot(time, values, **style)


def _n_steps(n: int) -> str:
    return "step" if n == 1 else f"{n} steps"
