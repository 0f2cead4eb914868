"""Parts of an array's rows, worked on at once."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

# Parts begin at whole tiles of rows where they can.
MULTIPLE = 4
PREFIX = "sklearn_gru"

_pool = None
_allowed = threading.local()


def allow_threads(number):
    """Set how many threads this one's calls may use; None is torch's number.

    Returns what it was before.
    """
    before = getattr(_allowed, "number", None)
    _allowed.number = number
    return before


def n_threads():
    """Return how many threads a call of this one may use."""
    return getattr(_allowed, "number", None) or torch.get_num_threads()


def have_company():
    """Tell whether there are more threads than this one and those of `on_threads`."""
    names = [thread.name for thread in threading.enumerate()]
    return sum(not name.startswith(PREFIX) for name in names) > 1


def parts(n_rows, number):
    """Divide rows into up to `number` parts, (start, stop) each."""
    size = -(-n_rows // number)
    size = max(-(-size // MULTIPLE) * MULTIPLE, 1)
    return [(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def on_threads(function, parts, number):
    """Call ``function(*part)`` for every part, on up to `number` threads.

    The calling thread is one of them. What is called must release the GIL.
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
