"""Dividing the rows of an array among threads."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

# The number of rows in a part is a multiple of this, so that tiles of rows fit.
MULTIPLE = 4
PREFIX = "sklearn_gru"

_pool = None
_allowed = threading.local()


def allow_threads(number):
    """Set how many threads calls from this thread may use; None is torch's number.

    Returns the number that was set before.
    """
    before = getattr(_allowed, "number", None)
    _allowed.number = number
    return before


def n_threads():
    """Return how many threads a call from this thread may use."""
    return getattr(_allowed, "number", None) or torch.get_num_threads()


def other_threads_exist():
    """Tell whether there are threads besides this one and those of `on_threads`."""
    names = [thread.name for thread in threading.enumerate()]
    return sum(not name.startswith(PREFIX) for name in names) > 1


def parts(n_rows, number):
    """Divide rows into up to `number` parts, each a pair (start, stop)."""
    size = -(-n_rows // number)
    size = max(-(-size // MULTIPLE) * MULTIPLE, 1)
    return [(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def on_threads(function, parts, number):
    """Call ``function(*part)`` for every part, on up to `number` threads.

    The calling thread is one of them. `function` must release the GIL.
    """
    number = min(number, len(parts))
    if number < 2:
        _call(function, parts)
        return
    shares = [parts[k::number] for k in range(number)]
    running = [_threads().submit(_call, function, share) for share in shares[1:]]
    _call(function, shares[0])
    for share in running:
        share.result()


def _call(function, parts):
    for part in parts:
        function(*part)


def _threads():
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix=PREFIX)
    return _pool


def _forget_threads():
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    # A forked process has none of its parent's threads.
    os.register_at_fork(after_in_child=_forget_threads)
