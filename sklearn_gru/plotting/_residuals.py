"""What forecasts have left unexplained."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from sklearn.base import is_regressor

from sklearn_gru.plotting._axes import (
    axes_for,
    below,
    count_on,
    figure_of,
    finish,
    label_time,
    styled,
)
from sklearn_gru.plotting._inputs import (
    is_of_sktime,
    name_of,
    require_same_shape,
    series_of,
    times_of,
    unwrapped,
)

if TYPE_CHECKING:
    from typing import Any, Self

    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Floats, ManyAxes, Style

LAYOUT = [["time", "time"], ["autocorrelation", "histogram"]]
RESIDUALS: Style = {"color": "C0", "lw": 0.8, "marker": ".", "ms": 4}
BAND: Style = {"color": "0.85", "lw": 0, "label": "95 % band of white noise"}
BARS: Style = {"color": "C0", "edgecolor": "white"}
# Of the normal distribution: 95 % lie within.
TWO_SIDED = 1.96


class ResidualDisplay:
    """A plot of residuals over time, of their autocorrelation and of their histogram.

    A residual is the observed value less its forecast. Where forecasts leave out
    something that can be known, neighbouring residuals are alike, and autocorrelations
    leave the band of white noise; one in twenty does so by chance.

    Make one by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    residuals : ndarray of shape (n_rows,)
        NaN where there is none.
    time : ndarray of shape (n_rows,)
        Times or numbers of the rows.
    autocorrelation : ndarray of shape (n_lags,)
        Of the residuals at the lags 1, 2, ...
    limit : float
        Half the height of the band of white noise.
    name : str, default=""
        The series and its unit.

    Attributes
    ----------
    axes_ : dict of str to matplotlib.axes.Axes
        "time", "autocorrelation" and "histogram".
    figure_ : matplotlib.figure.Figure
    lines_ : dict of str to matplotlib.lines.Line2D
        "residuals" and "autocorrelation", the tips of its stems.
    band_ : matplotlib.collections.PolyCollection
    bars_ : matplotlib.container.BarContainer
        The histogram.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru import GRUForecaster
    >>> from sklearn_gru.plotting import ResidualDisplay
    >>> wave = np.sin(np.arange(120) / 4)[:, None]
    >>> gru = GRUForecaster(12, 4, max_epochs=2, random_state=0).fit(wave[:90])
    >>> display = ResidualDisplay.from_estimator(gru, wave[90:])
    >>> display.residuals.shape
    (30,)
    """

    axes_: dict[str, Axes]
    figure_: Figure
    lines_: dict[str, Line2D]
    band_: PolyCollection
    bars_: BarContainer

    def __init__(
        self,
        residuals: Floats,
        time: Array,
        autocorrelation: Floats,
        limit: float,
        name: str = "",
    ) -> None:
        self.residuals = residuals
        self.time = time
        self.autocorrelation = autocorrelation
        self.limit = limit
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        column: int = 0,
        n_lags: int | None = None,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the residuals of a fitted estimator, one step ahead for a forecaster.

        Parameters
        ----------
        estimator : GRUForecaster, GRURegressor, or Pipeline or search around one
            Fitted. A search predicts with its ``best_estimator_``.
        X : array-like
            As in the estimator's `predict`. Rows that training has seen have smaller
            residuals than new ones.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            The truth; `X` if None.
        column : int, default=0
            The target to draw.
        n_lags : int, default=None
            As in `from_predictions`.
        name : str, default=None
            The series and its unit; the target's name if `y` has one.
        **plot_options
            As in `plot`.

        Returns
        -------
        ResidualDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru import GRURegressor
        >>> from sklearn_gru.plotting import ResidualDisplay
        >>> X = np.random.default_rng(0).normal(size=(30, 5))
        >>> model = GRURegressor(units=4, max_epochs=3).fit(X, X[:, -1])
        >>> display = ResidualDisplay.from_estimator(model, X, X[:, -1], name="m")
        >>> print(display.axes_["time"].get_ylabel())
        residual
        m
        """
        y = X if y is None else y
        final, X = unwrapped(estimator, X)
        if is_of_sktime(final) or not is_regressor(final):
            raise ValueError(
                f"{type(final).__name__} predicts no numbers row by row, so it has "
                "no residuals: pass a GRUForecaster or a regressor, or call "
                "from_predictions with predictions of your own."
            )
        return cls.from_predictions(
            y, final.predict(X), column=column, n_lags=n_lags, name=name, **plot_options
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        column: int = 0,
        n_lags: int | None = None,
        name: str | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the residuals of predictions that were made before.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_rows,) or (n_rows, n_targets)
            In the order of time. An index of `y_true` that counts time is the
            horizontal axis. NaN is a row without a residual.
        column : int, default=0
            The target to draw.
        n_lags : int, default=None
            Lags of the autocorrelation; a third of the rows, at most 40, if None.
        name : str, default=None
            The series and its unit; the target's name if `y_true` has one.
        **plot_options
            As in `plot`.

        Returns
        -------
        ResidualDisplay

        Examples
        --------
        >>> from sklearn_gru.plotting import ResidualDisplay
        >>> display = ResidualDisplay.from_predictions(
        ...     [1, 2, 3, 4], [0, 3, 2, 5], n_lags=2
        ... )
        >>> display.autocorrelation.tolist()
        [-0.75, 0.5]
        """
        truth = series_of(y_true, column, "y_true")
        forecast = series_of(y_pred, column, "y_pred")
        require_same_shape(y_true=truth, y_pred=forecast)
        residuals = truth - forecast
        n_known = int(np.count_nonzero(~np.isnan(residuals)))
        n_lags = min(40, n_known // 3) if n_lags is None else n_lags
        if not 1 <= n_lags < n_known:
            raise ValueError(
                f"{n_known} residuals have no autocorrelation at lags up to n_lags="
                f"{n_lags}: n_lags must be at least 1 and less than their number."
            )
        name = name_of(y_true, column) if name is None else name
        limit = TWO_SIDED / np.sqrt(n_known)
        correlations = autocorrelations(residuals, n_lags)
        return cls(residuals, times_of(y_true), correlations, limit, name).plot(
            **plot_options
        )

    def plot(
        self,
        ax: ManyAxes | None = None,
        *,
        line_kw: Style | None = None,
        band_kw: Style | None = None,
        bar_kw: Style | None = None,
    ) -> Self:
        """Draw into three axes, or into a new figure.

        Parameters
        ----------
        ax : array-like of 3 matplotlib.axes.Axes, default=None
            For the residuals over time, the autocorrelation and the histogram.
        line_kw : dict, default=None
            Style of the residuals over time, as in ``Axes.plot``.
        band_kw : dict, default=None
            Style of the band of white noise, as in ``Axes.fill_between``.
        bar_kw : dict, default=None
            Style of the histogram, as in ``Axes.hist``.

        Returns
        -------
        self : ResidualDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru.plotting import ResidualDisplay
        >>> display = ResidualDisplay(np.ones(9), np.arange(9), np.zeros(3), 0.65)
        >>> list(display.plot().axes_)
        ['time', 'autocorrelation', 'histogram']
        """
        self.axes_ = axes_for(ax, LAYOUT, (9, 5))
        self.figure_ = figure_of(self.axes_["time"])
        self.lines_ = {}
        finish(*self.axes_.values())
        self._draw_residuals(self.axes_["time"], line_kw)
        self._draw_autocorrelation(self.axes_["autocorrelation"], band_kw)
        ax = self.axes_["histogram"]
        known = self.residuals[~np.isnan(self.residuals)]
        _, _, bars = ax.hist(known, bins="auto", **(BARS | (bar_kw or {})))
        self.bars_ = cast("BarContainer", bars)
        ax.set(xlabel=below("residual", self.name), ylabel="number of rows")
        return self

    def _draw_residuals(self, ax: Axes, changes: Style | None) -> None:
        ax.axhline(0, color="0.5", lw=1)
        (self.lines_["residuals"],) = ax.plot(
            self.time, self.residuals, **styled(RESIDUALS, changes)
        )
        ax.set_ylabel(below("residual", self.name))
        label_time(ax, self.time)
        finish(ax)

    def _draw_autocorrelation(self, ax: Axes, changes: Style | None) -> None:
        lags = np.arange(1, len(self.autocorrelation) + 1)
        edges = [0.5, len(lags) + 0.5]
        self.band_ = ax.fill_between(
            edges, -self.limit, self.limit, **(BAND | (changes or {}))
        )
        ax.axhline(0, color="0.5", lw=1)
        ax.vlines(lags, 0, self.autocorrelation, color="C0", lw=1.5)
        (self.lines_["autocorrelation"],) = ax.plot(
            lags, self.autocorrelation, "o", color="C0", ms=3.5
        )
        highest = 1.3 * max(self.limit, np.abs(self.autocorrelation).max())
        ax.set(xlabel="lag (steps)", ylabel="autocorrelation", xlim=edges)
        ax.set_ylim(-highest, 1.2 * highest)  # room for the legend
        count_on(ax.xaxis)
        ax.legend(frameon=False, loc="upper right")


def autocorrelations(series: Floats, n_lags: int) -> Floats:
    """Correlate a series with itself, some rows later; NaN counts as its mean.

    Examples
    --------
    >>> autocorrelations(np.array([1.0, -1, 1, -1]), 2).tolist()
    [-0.75, 0.5]
    """
    centred = np.nan_to_num(series - np.nanmean(series))
    total = np.sum(centred**2)
    if total == 0:
        return np.zeros(n_lags)
    return np.array(
        [np.sum(centred[lag:] * centred[:-lag]) / total for lag in range(1, n_lags + 1)]
    )
