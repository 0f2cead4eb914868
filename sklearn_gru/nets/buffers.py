"""Large arrays that one training step leaves to the next.

The system clears every page of a fresh array before it hands it out, which takes as
long as a good part of the arithmetic that follows.
"""

import math

import numpy as np

# Of smaller arrays, in bytes, the pages need not come from the system.
WORTH_KEEPING = 1 << 16
# Arrays that wait for their next use; of more, the oldest are let go.
MOST = 8

# By identity. Every access is a single operation of a dict, and safe among threads; a
# lock would be held when the garbage collector, too, gives something back.
_free = {}


def borrow(shape, dtype):
    """Return an array with anything in it."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if n_bytes < WORTH_KEEPING:
        return np.empty(shape, dtype)
    return _raw(n_bytes)[:n_bytes].view(dtype).reshape(shape)


def _raw(n_bytes):
    for key, raw in list(_free.items()):
        fits = n_bytes <= raw.nbytes <= 2 * n_bytes
        if fits and _free.pop(key, None) is not None:
            return raw
    return np.empty(n_bytes, np.uint8)


def give_back(array):
    """Leave an array from `borrow` to whoever borrows one of about its size next."""
    if array.nbytes < WORTH_KEEPING:
        return
    _free[id(array.base)] = array.base
    for key in list(_free)[:-MOST]:
        _free.pop(key, None)


def free_buffers():
    """Give all arrays that nobody uses back to the system."""
    _free.clear()
