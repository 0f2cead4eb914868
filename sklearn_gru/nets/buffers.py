"""Large arrays that later training steps use again.

The operating system clears every page of a new array before it hands the array out.
That takes as long as a good part of the arithmetic that follows.
"""

import math

import numpy as np

# Bytes. The memory of smaller arrays need not come from the operating system.
WORTH_KEEPING = 1 << 16
# Number of free arrays that are kept; beyond it, the oldest are dropped.
MOST_FREE = 8

# Number of free plans that are kept, and their bytes. A larger plan is taken apart, so
# that batches of other sizes can use its memory.
MOST_PLANS = 4
MOST_BYTES = 1 << 28

# Free plans by what they are for; see `sklearn_gru.nets.fused`.
_plans = {}
# Free arrays by their id. Every access is a single operation of a dict and therefore
# safe among threads. A lock could block itself: the garbage collector may call
# `give_back` while the same thread holds it.
_free = {}


def borrow(shape, dtype):
    """Return an array with arbitrary content."""
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
    """Keep an array from `borrow` for a later `borrow` of about the same size."""
    if array.nbytes < WORTH_KEEPING:
        return
    _free[id(array.base)] = array.base
    for key in list(_free)[:-MOST_FREE]:
        _free.pop(key, None)


def take_plan(key):
    """Return a free plan, which nobody else will get, or None."""
    return _plans.pop(key, None)


def keep_plan(key, plan):
    """Keep a plan, which has the attribute `n_bytes`, for a later `take_plan`."""
    _plans[key] = plan
    kept = list(_plans.items())
    for old, _ in kept[:-MOST_PLANS]:
        _plans.pop(old, None)
    total = 0
    for old, free in reversed(kept[-MOST_PLANS:]):
        total += free.n_bytes
        if total > MOST_BYTES:
            _plans.pop(old, None)


def free_buffers():
    """Return the memory of all free arrays and plans to the operating system."""
    _plans.clear()
    _free.clear()
