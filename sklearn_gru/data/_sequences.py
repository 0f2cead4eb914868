"""Reading every accepted form of a set of sequences into one of two: dense, ragged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, TimeAxis


@dataclass(frozen=True)
class Ragged:
    """Sequences of different lengths, laid end to end.

    Attributes
    ----------
    rows : ndarray of shape (sum of lengths, n_features)
        The time steps of all sequences.
    lengths : ndarray of shape (n_sequences,)
        Time steps of each sequence.
    """

    rows: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def starts(self) -> Array:
        """The row at which each sequence starts, shape (n_sequences,)."""
        return np.cumsum(self.lengths) - self.lengths

    def split(self, rows: Array | None = None) -> list[Array]:
        """List the sequences of `rows` (this object's own by default)."""
        rows = self.rows if rows is None else rows
        return np.split(rows, np.cumsum(self.lengths)[:-1])

    def pick(self, indices: Array) -> Ragged:
        """Copy some of the sequences, in the order of `indices`."""
        sequences = self.split()
        rows = np.concatenate([sequences[i] for i in indices])
        return Ragged(rows, self.lengths[indices])


def as_sequences(X: ArrayLike, time_axis: TimeAxis = 1) -> Array | Ragged:
    """Read sequences in any accepted form.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_timesteps, n_features) or \
            (n_samples, n_timesteps), or list of arrays of shape (t_i, n_features) \
            or (t_i,)
        Lists whose members differ in length are ragged.
    time_axis : {1, 2}, default=1
        The axis of time in 3-D input; 2 reads (instances, channels, time), and the
        members of a list as (channels, time).

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps, n_features), ndarray of shape \
            (n_samples, n_timesteps), or Ragged
        2-D input is returned as it is: the caller decides what its columns mean.

    Raises
    ------
    ValueError
        If a dimension is missing, or if members of a list differ in their number
        of features or are empty.

    Examples
    --------
    >>> import numpy as np
    >>> as_sequences(np.zeros((2, 3, 4)), time_axis=2).shape
    (2, 4, 3)
    >>> as_sequences([[1, 2, 3], [4, 5]]).lengths
    array([3, 2])
    """
    if _is_ragged(X):
        return _as_ragged(X, time_axis)
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    elif isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1 and len(X):
        X = np.stack([np.asarray(member) for member in X])
    if len(X.shape) == 3 and time_axis == 2:
        X = np.swapaxes(np.asarray(X), 1, 2)
    return X


def _is_ragged(X):
    if isinstance(X, np.ndarray):
        if X.dtype != object or X.ndim != 1:
            return False
    elif not isinstance(X, (list, tuple)):
        return False
    shapes = {np.shape(member) if _has_shape(member) else None for member in X}
    return len(shapes) > 1 and None not in shapes and () not in shapes


def _has_shape(member):
    try:
        np.shape(member)
    except ValueError:
        return False
    return True


def _as_ragged(X, time_axis):
    members = [np.asarray(member) for member in X]
    dimensions = sorted({member.ndim for member in members})
    if dimensions not in ([1], [2]):
        raise ValueError(
            "A list of sequences must hold arrays of shape (t_i, n_features), or all "
            f"of shape (t_i,); got arrays with {dimensions} dimensions."
        )
    if dimensions == [1]:
        members = [member[:, None] for member in members]
    elif time_axis == 2:
        members = [member.T for member in members]
    features = sorted({member.shape[1] for member in members})
    if len(features) > 1:
        raise ValueError(
            "All sequences must have the same number of features, "
            f"got sequences with {features} features."
        )
    lengths = np.array([len(member) for member in members])
    if (lengths == 0).any():
        raise ValueError(
            f"Sequence {int(np.argmin(lengths))} has 0 time steps; at least 1 is "
            "required."
        )
    return Ragged(np.concatenate(members), lengths)
