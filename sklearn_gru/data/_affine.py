"""Finding, for each target, the column that it is an affine image of."""

from dataclasses import dataclass

import numpy as np

BLOCK_ROWS = 1 << 16


@dataclass(frozen=True)
class AffineMap:
    """Targets as affine images of columns.

    Target j is ``slope[j] * x[:, columns[j]] + intercept[j]``.

    Attributes
    ----------
    columns : ndarray of shape (n_targets,), int
    slope, intercept : ndarray of shape (n_targets,), float64
    """

    columns: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray

    @classmethod
    def identity(cls, n_columns):
        """Make the map whose targets are the columns themselves."""
        return cls(np.arange(n_columns), np.ones(n_columns), np.zeros(n_columns))

    def __call__(self, x):
        """Map `x` of shape (..., n_columns) to targets (..., n_targets)."""
        return x[..., self.columns] * self.slope + self.intercept


def find_affine_map(x, y):
    """Find for every column of `y` a column of `x` that it is an affine image of.

    This is what MinMaxScaler, StandardScaler, RobustScaler and MaxAbsScaler make:
    behind any of them the targets, in their own units, are affine images of the
    scaled columns.

    Parameters
    ----------
    x : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows, n_targets)

    Returns
    -------
    AffineMap or None
        None if some target is no such image, or if there are fewer than three
        rows (any two points lie on a line).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0, 5.0], [1.0, 1.0], [2.0, 4.0]])
    >>> find_affine_map(x, 10 * x[:, 1:] + 3)
    AffineMap(columns=array([1]), slope=array([10.]), intercept=array([3.]))
    >>> find_affine_map(x, x[:, :1] ** 2) is None
    True
    """
    if len(x) < 3:
        return None
    matches = [_match(x, y[:, target], target) for target in range(y.shape[1])]
    if any(match is None for match in matches):
        return None
    columns, slope, intercept = zip(*matches, strict=True)
    return AffineMap(np.array(columns), np.array(slope), np.array(intercept))


def _match(x, target, position):
    """Return (column, slope, intercept), looking at the target's own position first."""
    order = np.argsort(np.arange(x.shape[1]) != position, kind="stable")
    rounding = max(_rounding(x), _rounding(target))
    target = target.astype(np.float64)
    low, high = int(target.argmin()), int(target.argmax())
    for column in order:
        values = x[:, column]
        x_low, x_high = float(values[low]), float(values[high])
        if x_low == x_high:
            slope = 0.0
        else:
            slope = (target[high] - target[low]) / (x_high - x_low)
        intercept = target[low] - slope * x_low
        if _agrees(values, target, slope, intercept, rounding):
            return int(column), float(slope), float(intercept)
    return None


def _rounding(values):
    """Relative rounding error of an array's dtype, at least that of float64."""
    return np.finfo(np.result_type(values.dtype, np.float32)).eps


def _agrees(values, target, slope, intercept, rounding):
    spread = target.max() - target.min()
    size = abs(slope) * np.abs(values).max() + np.abs(target).max() + abs(intercept)
    tolerance = 1e-9 * spread + 8 * rounding * size
    for start in range(0, len(values), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        image = slope * values[block].astype(np.float64) + intercept
        if (np.abs(image - target[block]) > tolerance).any():
            return False
    return True
