"""Standardisation of logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data._scaling import Scaler, fit_scaler

if TYPE_CHECKING:
    from sklearn_gru._types import Array, Floats


@dataclass(frozen=True)
class LogScaler:
    """The map ``(log(slope * x + intercept) - mean) / scale``, column by column.

    Attributes
    ----------
    slope, intercept : ndarray of shape (n_columns,), float64
        They map the values to the units in which they are positive.
    logged : ndarray of shape (n_columns,), bool
        The columns of which logarithms are taken; others are standardised as they are.
    scaler : Scaler
        Of the logarithms.
    """

    slope: np.ndarray
    intercept: np.ndarray
    logged: np.ndarray
    scaler: Scaler

    @property
    def mean(self):
        """Means of the logarithms."""
        return self.scaler.mean

    @property
    def constant(self):
        """Which columns did not vary."""
        return self.scaler.constant

    def transform(self, values, dtype=np.float64):
        """Standardise the logarithms of `values` of shape (..., n_columns).

        Raises
        ------
        ValueError
            If a value is not positive in its units.
        """
        logs = _logarithms(values, self.slope, self.intercept, self.logged)
        return self.scaler.transform(logs, dtype)

    def inverse_transform(self, values):
        """Map standardised logarithms back, in float64."""
        units = self.scaler.inverse_transform(values)
        with np.errstate(over="ignore"):
            np.exp(units, out=units, where=self.logged)
        return (units - self.intercept) / self.slope


def fit_log_scaler(
    values: Array,
    slope: Floats | float = 1.0,
    intercept: Floats | float = 0.0,
    standardize: bool = True,
    logged: Array | bool = True,
    skip_nan: bool = False,
) -> LogScaler:
    """Compute mean and standard deviation of each column's logarithms.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
    slope, intercept : float or ndarray of shape (n_columns,), default=1.0, 0.0
    standardize : bool, default=True
        Whether to standardise the logarithms.
    logged : bool or ndarray of shape (n_columns,), default=True
        The columns of which logarithms are taken.
    skip_nan : bool, default=False
        Whether NaN is left out instead of being an error.

    Returns
    -------
    LogScaler

    Raises
    ------
    ValueError
        If a value is not positive in its units, or NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> scaler = fit_log_scaler(np.exp([[1.0], [3.0]]))
    >>> scaler.transform(np.exp([[5.0]]))
    array([[3.]])
    """
    n_columns = values.shape[1]
    slope = np.broadcast_to(np.asarray(slope, dtype=float), n_columns)
    intercept = np.broadcast_to(np.asarray(intercept, dtype=float), n_columns)
    logged = np.broadcast_to(logged, n_columns)
    fit_scaler(values, skip_nan=skip_nan)  # which names the first NaN
    logarithms = _logarithms(values, slope, intercept, logged)
    scaler = fit_scaler(logarithms, skip_nan=skip_nan)
    if not standardize:
        scaler = Scaler.identity(n_columns, scaler.constant)
    return LogScaler(slope, intercept, logged, scaler)


def _logarithms(values, slope, intercept, logged):
    units = np.asarray(values, dtype=np.float64) * slope + intercept
    too_small = (units <= 0) & logged
    if too_small.any():
        place = tuple(np.argwhere(too_small)[0])
        raise ValueError(
            f'target_transform="log" needs positive values, but one of column '
            f"{place[-1]} is {units[place]:g}: use target_transform=None, or shift the "
            "series before."
        )
    return np.log(units, out=units, where=logged)
