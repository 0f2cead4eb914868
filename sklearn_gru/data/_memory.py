"""The memory of an array: mapped from a file, or shared by views."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any


def memory_map_of(array: object) -> np.memmap[Any, Any] | None:
    """Return the :class:`numpy.memmap` behind an array or a view, or None.

    Parameters
    ----------
    array : object
        An array, or any other object: the base of a window view is not an array.

    Returns
    -------
    numpy.memmap or None
        The innermost map, the one that owns the open file.

    Examples
    --------
    >>> import numpy as np
    >>> memory_map_of(np.zeros(3)) is None
    True
    """
    found = None
    while array is not None:
        # A copy of a map has its type too, but no file.
        if isinstance(array, np.memmap) and array._mmap is not None:
            found = array
        array = getattr(array, "base", None)
    return found


def release(mapped):
    """Release those pages of a memory map that have been read.

    Otherwise a pass over a file would count the whole file as memory of this process.
    The data stay in the operating system's cache, so reading them again is cheap.

    Parameters
    ----------
    mapped : numpy.memmap or None
        Copy-on-write maps are left alone: these pages hold their changes.
    """
    if mapped is not None and mapped.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
        mapped._mmap.madvise(mmap.MADV_DONTNEED)


def overlaps_itself(array):
    """Tell whether a view shows some elements more than once, as windows do.

    Parameters
    ----------
    array : ndarray

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru.data import window_view
    >>> series = np.zeros((100, 1))
    >>> overlaps_itself(series), overlaps_itself(window_view(series, 10))
    (False, True)
    """
    axes = sorted(
        (abs(stride), n)
        for stride, n in zip(array.strides, array.shape, strict=True)
        if n > 1
    )
    extent = array.itemsize
    for stride, n in axes:
        if stride < extent:
            return True
        extent += stride * (n - 1)
    return False
