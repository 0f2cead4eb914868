"""SlidingWindowTransformer: the window of history that belongs to each row."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_is_fitted,
    validate_data,
)

from sklearn_gru.data import lagged_windows
from sklearn_gru.estimators._html import LinksToItsPage
from sklearn_gru.estimators._private import (
    Interval,
    StrOptions,
    check_feature_names_in,
    fit_context,
)
from sklearn_gru.estimators._saving import SavesItself

if TYPE_CHECKING:
    from typing import Literal, Self

    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array


class SlidingWindowTransformer(
    SavesItself, LinksToItsPage, TransformerMixin, BaseEstimator
):
    """Turn every row of a series into the window of rows that ends at it.

    The number of rows stays the same. The result is a read-only view of one padded
    copy of the series, so memory grows with the length of the series, not with this
    length times that of the window.

    Parameters
    ----------
    window_length : int, default=24
        Rows in a window.
    lag : int, default=0
        Rows between the end of a window and the row it belongs to: 0 includes the row
        itself, 1 ends just before it, as forecasting needs.
    pad : {"edge", "zero"}, default="edge"
        What stands before the first row: that row again, or zeros.
    flatten : bool, default=False
        Whether a window becomes one long row, for any tabular estimator. Column names
        and `set_output` exist only with True.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the series.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, if `X` was a DataFrame with names.

    See Also
    --------
    make_windows : Windows and the rows that follow them, without padding.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru import SlidingWindowTransformer
    >>> series = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> SlidingWindowTransformer(window_length=2).fit_transform(series).shape
    (4, 2, 1)
    >>> lags = SlidingWindowTransformer(window_length=2, lag=1, flatten=True)
    >>> lags.fit_transform(series)
    array([[1., 1.],
           [1., 1.],
           [1., 2.],
           [2., 3.]])
    >>> lags.get_feature_names_out()
    array(['x0_lag2', 'x0_lag1'], dtype=object)

    The training series is not remembered; every table is padded by itself:

    >>> lags.fit(series).transform(series[2:])
    array([[3., 3.],
           [3., 3.]])
    """

    _parameter_constraints = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "lag": [Interval(Integral, 0, None, closed="left")],
        "pad": [StrOptions({"edge", "zero"})],
        "flatten": ["boolean"],
    }

    # Fitted attributes.
    n_features_in_: int
    feature_names_in_: Array

    def __init__(
        self,
        window_length: int = 24,
        *,
        lag: int = 0,
        pad: Literal["edge", "zero"] = "edge",
        flatten: bool = False,
    ) -> None:
        self.window_length = window_length
        self.lag = lag
        self.pad = pad
        self.flatten = flatten

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the number and the names of the columns.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            A series; rows are equally spaced time steps, oldest first.
        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindowTransformer
        """
        validate_data(self, X)
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Make the windows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            A series; rows are equally spaced time steps, oldest first.

        Returns
        -------
        ndarray of shape (n_rows, window_length, n_features) or \
                (n_rows, window_length * n_features)
            A read-only view, oldest row of each window first; 2-D if `flatten`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return lagged_windows(X, self.window_length, self.lag, self.pad, self.flatten)

    @available_if(lambda self: self.flatten)  # type: ignore[untyped-decorator]
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Name the columns of flattened windows, for example ``x0_lag3``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the series' columns; those seen in `fit` by default.

        Returns
        -------
        ndarray of shape (window_length * n_features,), object
        """
        names = check_feature_names_in(self, input_features)
        lags = range(self.lag + self.window_length - 1, self.lag - 1, -1)
        return np.array([f"{name}_lag{lag}" for lag in lags for name in names], object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")
