"""Windows over a series, as views: no element is copied."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray


def window_view(series: NDArray[Any], window_length: int) -> NDArray[Any]:
    """Return every window of consecutive rows of a series.

    Parameters
    ----------
    series : ndarray of shape (n_rows, ...)
        Rows are time steps, oldest first.
    window_length : int
        Rows in a window.

    Returns
    -------
    ndarray of shape (n_rows - window_length + 1, window_length, ...)
        A read-only view of `series`.

    Examples
    --------
    >>> import numpy as np
    >>> window_view(np.arange(5), 3)
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    """
    view = sliding_window_view(series, window_length, axis=0)  # (windows, ..., length)
    return np.moveaxis(view, -1, 1)


def make_windows(
    series: ArrayLike, window_length: int, horizon: int = 1, stride: int = 1
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut a series into windows and the rows that follow each of them.

    Every usable window is included, also the last one.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_features)
        Rows are equally spaced time steps, oldest first.
    window_length : int
        Rows of history in a window.
    horizon : int, default=1
        Rows after the window that make up its target.
    stride : int, default=1
        Rows from the start of one window to the start of the next.

    Returns
    -------
    windows : ndarray of shape (n_windows, window_length) or \
            (n_windows, window_length, n_features)
        A read-only view; `n_windows` is
        ``(n_rows - window_length - horizon) // stride + 1``.
    targets : ndarray of shape (n_windows, horizon) or \
            (n_windows, horizon, n_features)
        A read-only view.

    Raises
    ------
    ValueError
        If a length is not a positive integer, or if the series is too short for
        a single window and its target.

    Examples
    --------
    >>> windows, targets = make_windows([1, 2, 3, 4, 5], window_length=2, horizon=1)
    >>> windows
    array([[1, 2],
           [2, 3],
           [3, 4]])
    >>> targets
    array([[3],
           [4],
           [5]])

    A series must be long enough for one window and its target:

    >>> make_windows([1, 2], window_length=2)
    Traceback (most recent call last):
        ...
    ValueError: The series has 2 rows, but window_length=2 and horizon=1 need at \
least 3; give a longer series or a shorter window.
    """
    lengths = {"window_length": window_length, "horizon": horizon, "stride": stride}
    for name, value in lengths.items():
        require_positive_integer(name, value)
    series = np.asarray(series)
    if series.ndim not in (1, 2):
        raise ValueError(
            "series must have shape (n_rows,) or (n_rows, n_features), "
            f"got {series.shape}."
        )
    if len(series) < window_length + horizon:
        raise ValueError(
            f"The series has {len(series)} rows, but window_length={window_length} "
            f"and horizon={horizon} need at least {window_length + horizon}; "
            "give a longer series or a shorter window."
        )
    windows = window_view(series[:-horizon], window_length)[::stride]
    targets = window_view(series[window_length:], horizon)[::stride]
    return windows, targets


def lagged_windows(
    series: NDArray[Any],
    window_length: int,
    lag: int = 0,
    pad: Literal["edge", "zero"] = "edge",
    flatten: bool = False,
) -> NDArray[Any]:
    """Return, for every row, the window of rows that ends `lag` rows before it.

    Parameters
    ----------
    series : ndarray of shape (n_rows, n_features)
        Rows are time steps, oldest first.
    window_length : int
        Rows in a window.
    lag : int, default=0
        Rows between the last row of the window and the row it belongs to.
    pad : {"edge", "zero"}, default="edge"
        What stands before the first row: that row again, or zeros.
    flatten : bool, default=False
        Lay the rows of a window side by side.

    Returns
    -------
    ndarray of shape (n_rows, window_length, n_features) or \
            (n_rows, window_length * n_features)
        A read-only view of one padded copy of the series.

    Examples
    --------
    >>> import numpy as np
    >>> lagged_windows(np.array([[1], [2], [3]]), 2, flatten=True)
    array([[1, 1],
           [1, 2],
           [2, 3]])
    """
    n_rows, n_features = series.shape
    padding = window_length - 1 + lag
    first = series[:1] if pad == "edge" else np.zeros_like(series[:1])
    padded = np.empty((padding + n_rows, n_features), series.dtype)  # C-ordered
    padded[:padding], padded[padding:] = first, series
    if not flatten:
        return window_view(padded, window_length)[:n_rows]
    row, item = padded.strides
    return as_strided(
        padded,
        shape=(n_rows, window_length * n_features),
        strides=(row, item),
        writeable=False,
    )


def require_positive_integer(name: str, value: object) -> None:
    """Raise a ValueError that names `name` unless `value` is an integer above 0."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
