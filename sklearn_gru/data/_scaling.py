"""Standardisation, computed a block at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data._memory import memory_map_of, release

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from sklearn_gru._types import Array, Floats

BLOCK_ELEMENTS = 1 << 18


@dataclass(frozen=True)
class Scaler:
    """The map ``(x - mean) / scale``, column by column.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_columns,), float64
    constant : ndarray of shape (n_columns,), bool, or None
        Which columns did not vary.
    """

    mean: np.ndarray
    scale: np.ndarray
    constant: np.ndarray | None = field(default=None, repr=False)

    @classmethod
    def identity(cls, n_columns: int, constant: Array | None = None) -> Scaler:
        """Make the scaler that changes nothing."""
        return cls(np.zeros(n_columns), np.ones(n_columns), constant)

    def with_size_for_spread(self):
        """Return the scaler that divides constant columns by their size, if any."""
        size = np.where(self.mean == 0, self.scale, np.abs(self.mean))
        return replace(self, scale=np.where(self.constant, size, self.scale))

    def transform(self, values: Array, dtype: DTypeLike = np.float64) -> Array:
        """Standardise `values` of shape (..., n_columns)."""
        # What overflows is infinite; what follows is refused where it is not finite.
        with np.errstate(over="ignore"):
            return ((values - self.mean) / self.scale).astype(dtype, copy=False)

    def inverse_transform(self, values: Array) -> Floats:
        """Map standardised `values` back, in float64."""
        return values.astype(np.float64) * self.scale + self.mean


def fit_scaler(
    values: Array, weight: Floats | None = None, skip_nan: bool = False
) -> Scaler:
    """Compute the mean and the standard deviation of each column, the last axis.

    The values are read a block at a time, in float64, so that neither a view of
    overlapping windows nor a memory-mapped file is ever copied whole.

    Parameters
    ----------
    values : ndarray of shape (n, ..., n_columns)
        May be a view or memory-mapped.
    weight : ndarray of shape (n,), default=None
        Weights of the first axis' entries.
    skip_nan : bool, default=False
        Whether NaN is left out instead of being an error; not together with `weight`.

    Returns
    -------
    Scaler
        Columns that do not vary get a scale of 1.

    Raises
    ------
    ValueError
        If a value is NaN or infinite, or if the values are so large that their
        variance overflows float64. With `skip_nan`, if a column is all NaN.

    Examples
    --------
    >>> import numpy as np
    >>> fit_scaler(np.array([[1.0, 7.0], [3.0, 7.0]]))
    Scaler(mean=array([2., 7.]), scale=array([1., 1.]))
    >>> fit_scaler(np.array([[1.0], [np.nan], [3.0]]), skip_nan=True)
    Scaler(mean=array([2.]), scale=array([1.]))
    """

    def summed(function):
        return _weighted_sum(values, weight, function, skip_nan)

    total = len(values) if weight is None else weight.sum()
    total = total * int(np.prod(values.shape[1:-1]))
    if skip_nan:
        total = summed(np.ones_like)
        _require_known(total)
    mean = summed(lambda block: block) / total
    variance = summed(lambda block: (block - mean) ** 2) / total
    scale = np.sqrt(variance)
    if not np.isfinite(scale).all():
        raise ValueError(
            "X or y contains values whose variance is too large for float64 "
            f"(columns {np.flatnonzero(~np.isfinite(scale)).tolist()}); rescale them."
        )
    constant = scale <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    # Rounding of long sums can hide that all values are the same.
    same = _are_the_same(values)
    mean, constant = np.where(same, _first_row(values), mean), constant | same
    return Scaler(mean, np.where(constant, 1.0, scale), constant)


def _first_row(values):
    """Return the first value of each column that is not NaN."""
    first = np.array(values[0], dtype=np.float64).reshape(-1, values.shape[-1])[0]
    for column in np.flatnonzero(np.isnan(first)):
        known = values[..., column][~np.isnan(values[..., column])]
        first[column] = known[0]
    return first


def _are_the_same(values):
    """Tell for each column whether it holds one value only."""
    first, rows = _first_row(values), _rows_at_once(values)
    same = np.ones(len(first), dtype=bool)
    for start in range(0, len(values), rows):
        if not same.any():
            break
        block = np.asarray(values[start : start + rows], dtype=np.float64)
        alike = (block == first) | np.isnan(block)
        same &= alike.reshape(-1, len(first)).all(axis=0)
        release(memory_map_of(values))
    return same


def _rows_at_once(values):
    return max(1, BLOCK_ELEMENTS // max(1, int(np.prod(values.shape[1:]))))


def _weighted_sum(values, weight, function, skip_nan):
    mapped = memory_map_of(values)
    rows = _rows_at_once(values)
    total = np.zeros(values.shape[-1])
    with np.errstate(over="ignore"):
        for start in range(0, len(values), rows):
            block = np.asarray(values[start : start + rows], dtype=np.float64)
            _require_finite(block, start, skip_nan)
            inner = function(block)
            if skip_nan:
                inner = np.where(np.isnan(block), 0.0, inner)
            inner = inner.reshape(len(block), -1, values.shape[-1]).sum(1)
            if weight is not None:
                inner = inner * weight[start : start + rows, None]
            total += inner.sum(0)
            release(mapped)
    return total


def _require_finite(block, start, skip_nan):
    bad = np.isinf(block) if skip_nan else ~np.isfinite(block)
    if not bad.any():
        return
    entry = np.argwhere(bad)[0]
    row, value = start + int(entry[0]), block[tuple(entry)]
    way_out = ' (the forecasters read NaN with missing="mask")'
    raise ValueError(
        f"Input contains NaN or infinity, first at row {row}: {value}; remove or fill "
        f"such rows{way_out if np.isnan(value) else ''}."
    )


def _require_known(n_known):
    empty = np.flatnonzero(n_known == 0)
    if len(empty):
        raise ValueError(
            f"X or y holds nothing but NaN in columns {empty.tolist()}, and a series "
            "needs a known value: leave such columns out, or give a longer series."
        )
