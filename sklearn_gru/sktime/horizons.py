"""Forecasting horizons as numbers of rows, counted from the end of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sktime.forecasting.base import ForecastingHorizon

if TYPE_CHECKING:
    from sklearn_gru._types import Array


def steps_of(fh: ForecastingHorizon, cutoff: pd.Index) -> Array:
    """Read a horizon as steps from the cutoff, shape (n,)."""
    return np.asarray(fh.to_relative(cutoff).to_numpy(), dtype=int)


def require_known(steps: Array, n_rows: int, name: str = "") -> None:
    """Raise if steps back reach behind the first of `n_rows` rows.

    Parameters
    ----------
    steps : ndarray of int
        0 is the last row.
    n_rows : int
    name : str, default=""
        Of the series, to be put behind the number.
    """
    if len(steps) and steps.min() <= -n_rows:
        raise ValueError(
            f"fh reaches {-int(steps.min())} rows behind the cutoff, but only "
            f"{n_rows} rows{name} are known."
        )


def places_ahead(
    times: pd.Index, cutoff: pd.Index, n_steps: int, steps: Array
) -> Array:
    """Find the rows of X that stand for the `n_steps` after the cutoff.

    Parameters
    ----------
    times : pandas.Index
        Of the rows of X.
    cutoff : pandas.Index
    n_steps : int
    steps : ndarray of int
        The steps whose rows must be there. For another the row before it stands in,
        or the one after the first ones.

    Returns
    -------
    ndarray of int, shape (n_steps,)

    Raises
    ------
    ValueError
        If a row is missing.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> times = pd.Index([7, 9])
    >>> places_ahead(times, pd.Index([5]), 5, np.array([2, 4]))
    array([0, 0, 0, 1, 1])
    """
    horizon = ForecastingHorizon(range(1, n_steps + 1))
    index = horizon.to_absolute_index(cutoff)
    missing = index[steps - 1].difference(times)
    if len(missing):
        raise ValueError(
            f"X must hold the future rows that are forecast, but misses "
            f"{len(missing)} of {len(steps)}, first {missing[0]}."
        )
    places = pd.Series(times.get_indexer(index))
    return places.where(places >= 0).ffill().bfill().to_numpy(dtype=int)
