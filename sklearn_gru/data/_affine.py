"""Finding, for each target, a column of which it is an affine image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn_gru._types import Array, Floats

BLOCK_ROWS = 1 << 16


@dataclass(frozen=True)
class AffineMap:
    """Targets as affine images of columns.

    Target j is ``slope[j] * x[:, columns[j]] + intercept[j]``.

    Attributes
    ----------
    columns : ndarray of shape (n_targets,), int
    slope, intercept : ndarray of shape (n_targets,), float64
    tolerance : ndarray of shape (n_targets,), float64, or float
        The allowed distance between a target and its image when the map was found.
    ends : ndarray of shape (n_targets, 2), float64, or None
        The two values of each column through which the line was drawn. The tolerance
        grows with the distance from them.
    """

    columns: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    tolerance: np.ndarray | float = field(default=0.0, repr=False)
    ends: np.ndarray | None = field(default=None, repr=False)

    @classmethod
    def identity(cls, n_columns: int) -> AffineMap:
        """Make the map whose targets are the columns themselves."""
        return cls(np.arange(n_columns), np.ones(n_columns), np.zeros(n_columns))

    def __call__(self, x: Array) -> Floats:
        """Map `x` of shape (..., n_columns) to targets (..., n_targets)."""
        return x[..., self.columns] * self.slope + self.intercept

    def first_contradiction(self, x: Array, y: Array) -> tuple[int, int] | None:
        """Find the first row of `y` that is not the image of the row of `x`.

        Where one of them is NaN, nothing contradicts.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows, n_targets)

        Returns
        -------
        (int, int) or None
            The row and the target; None if all rows agree, up to rounding.

        Examples
        --------
        >>> import numpy as np
        >>> double = find_affine_map(np.eye(3), 2 * np.eye(3))
        >>> double.first_contradiction(np.eye(3), 2 * np.eye(3)) is None
        True
        >>> double.first_contradiction(np.eye(3), 2 * np.eye(3) + [[0], [0.1], [0]])
        (1, 0)
        """
        x, rounding = x[:, self.columns], max(_rounding(x), _rounding(y))
        linear = x.astype(np.float64) * self.slope
        size = np.abs(linear) + np.abs(y) + np.abs(self.intercept)
        allowed = self.tolerance * self._leverage(x) + 8 * rounding * size
        wrong = np.argwhere(np.abs(linear + self.intercept - y) > allowed)
        return tuple(map(int, wrong[0])) if len(wrong) else None

    def _leverage(self, x):
        """Return the factor by which the tolerance grows away from the ends."""
        if self.ends is None:
            return 1.0
        low, high = self.ends.T
        width = np.abs(high - low)
        distance = np.abs(x - low) / np.where(width > 0, width, np.inf)
        return 1 + 2 * distance


def find_affine_map(x: Array, y: Array, skip_nan: bool = False) -> AffineMap | None:
    """Find, for every column of `y`, a column of `x` of which it is an affine image.

    MinMaxScaler, StandardScaler, RobustScaler and MaxAbsScaler are affine maps. So
    behind any of them the targets, in their own units, are affine images of the scaled
    columns.

    Parameters
    ----------
    x : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows, n_targets)
    skip_nan : bool, default=False
        Whether rows do not count in which the column or the target is NaN. For most of
        a target's known rows the column must be known.

    Returns
    -------
    AffineMap or None
        None if a target is an affine image of no column, or if there are fewer than
        three rows (any two points lie on a line).

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
    match = _match_known if skip_nan else _match
    matches = [match(x, y[:, target], target) for target in range(y.shape[1])]
    if any(match is None for match in matches):
        return None
    return AffineMap(*map(np.array, zip(*matches, strict=True)))


def _match(x, target, position):
    """Return the entries of an `AffineMap`, or None.

    The column at the target's own position is tried first; for a constant target,
    constant columns are.
    """
    rounding = max(_rounding(x), _rounding(target))
    target = target.astype(np.float64)
    low, high = int(target.argmin()), int(target.argmax())
    for column in _candidates(x, target, position):
        values = x[:, column]
        ends = float(values[low]), float(values[high])
        # Values that hardly differ need a slope that no number holds: no match.
        with np.errstate(over="ignore", invalid="ignore"):
            slope = _slope(values, target, ends, (target[low], target[high]))
            intercept = target[low] - slope * ends[0]
            tolerance = _tolerance(values, target, slope, intercept, rounding)
        if not np.isfinite(tolerance):
            continue
        if _agrees(values, target, slope, intercept, tolerance):
            return int(column), float(slope), float(intercept), tolerance, ends
    return None


def _match_known(x, target, position):
    """Match as `_match` does, but each column on the rows where both are known."""
    n_known = (~np.isnan(target)).sum()
    for column in _candidates(x, target, position):
        both = ~(np.isnan(x[:, column]) | np.isnan(target))
        if both.sum() < max(3, n_known / 2):
            continue
        match = _match(x[both, column][:, None], target[both], 0)
        if match is not None:
            return int(column), *match[1:]
    return None


def _candidates(x, target, position):
    """Order the columns of `x` by how likely they are to be the target's source."""
    others = np.arange(x.shape[1]) != position
    if varies(target):
        return np.argsort(others, kind="stable")
    return np.lexsort((others, varies(x)))


def varies(values):
    """Tell of each column whether its known values differ.

    Parameters
    ----------
    values : ndarray of shape (n_rows,) or (n_rows, n_columns)

    Returns
    -------
    bool, or ndarray of shape (n_columns,)
    """
    return np.fmax.reduce(values) > np.fmin.reduce(values)


def _slope(values, target, ends, target_ends):
    if ends[0] != ends[1]:
        return (target_ends[1] - target_ends[0]) / (ends[1] - ends[0])
    # A constant shows no slope; scalers divide a constant column by 1.
    return 1.0 if values.max() == values.min() else 0.0


def _rounding(values):
    """Return the relative rounding error of an array's dtype, at most float32's."""
    return np.finfo(np.result_type(values.dtype, np.float32)).eps


def _tolerance(values, target, slope, intercept, rounding):
    spread = target.max() - target.min()
    size = abs(slope) * np.abs(values).max() + np.abs(target).max() + abs(intercept)
    return float(1e-9 * spread + 8 * rounding * size)


def _agrees(values, target, slope, intercept, tolerance):
    for start in range(0, len(values), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        image = slope * values[block].astype(np.float64) + intercept
        if (np.abs(image - target[block]) > tolerance).any():
            return False
    return True
