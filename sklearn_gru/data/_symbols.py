"""Symbols, integers that name something, as positions among the known symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data._memory import memory_map_of, release
from sklearn_gru.data._scaling import BLOCK_ELEMENTS

if TYPE_CHECKING:
    from sklearn_gru._types import Array, Floats


@dataclass(frozen=True)
class Symbols:
    """The map from symbols to their positions among the known symbols.

    `Symbols` transforms symbols, as `Scaler` transforms quantities.

    Parameters
    ----------
    known : ndarray of shape (n_known,), int64
        Sorted, without repetitions.

    Examples
    --------
    >>> import numpy as np
    >>> symbols = Symbols(np.array([2, 5, 9]))
    >>> symbols.transform(np.array([[9, 2], [7, 5]]))
    array([[2, 0],
           [3, 1]], dtype=int32)
    """

    known: np.ndarray

    def __len__(self) -> int:
        return len(self.known) + 1  # unknown symbols have the last position

    def transform(self, values: Array) -> Array:
        """Map symbols to their positions, int32; unknown symbols to the last one."""
        require_symbols(values)
        return positions(values, self.known, unknown=len(self.known))


def positions(values, known, unknown):
    """Find the position of each value in `known`, which is sorted, or `unknown`.

    Examples
    --------
    >>> import numpy as np
    >>> positions(np.array([5, 7, 2]), np.array([2, 5, 9]), unknown=-1)
    array([ 1, -1,  0], dtype=int32)
    """
    if not len(known):
        return np.full(np.shape(values), unknown, dtype=np.int32)
    place = np.searchsorted(known, values)
    found = known[np.minimum(place, len(known) - 1)] == values
    return np.where(found, place, unknown).astype(np.int32)


def fit_symbols(values: Array, weight: Floats | None = None) -> Symbols:
    """Collect the symbols that occur, block by block.

    Parameters
    ----------
    values : ndarray of shape (n, ...)
        May be a view or memory-mapped.
    weight : ndarray of shape (n,), default=None
        Entries of weight zero are left out.

    Returns
    -------
    Symbols

    Raises
    ------
    ValueError
        If a value is negative or no integer.

    Examples
    --------
    >>> import numpy as np
    >>> fit_symbols(np.array([[3.0, 1.0], [1.0, 7.0]]))
    Symbols(known=array([1, 3, 7]))
    """
    mapped = memory_map_of(values)
    rows = max(1, BLOCK_ELEMENTS // max(1, int(np.prod(values.shape[1:]))))
    known = np.empty(0, dtype=np.int64)
    for start in range(0, len(values), rows):
        block = np.asarray(values[start : start + rows])
        if weight is not None:
            block = block[weight[start : start + rows] > 0]
        require_symbols(block)
        known = np.union1d(known, block.astype(np.int64))
        release(mapped)
    return Symbols(known)


def require_symbols(values):
    """Raise unless all values are integers from 0 on, of whatever type."""
    advice = (
        "with embedding_dim X holds symbols, integers from 0 on. Encode texts with "
        "CharSequenceTransformer and categories with OrdinalEncoder; measured values "
        "need embedding_dim=None."
    )
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (values == np.floor(values))
        if not whole.all():
            raise ValueError(f"X holds {values[~whole][0]}, but {advice}")
    if (values < 0).any():
        # scikit-learn's checks look for these first words.
        raise ValueError(
            f"Negative values in data: X holds {values.min()}, but {advice}"
        )
