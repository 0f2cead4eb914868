"""Parts of an array's rows, worked on at once."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

# Parts begin at whole tiles of rows where they can.
MULTIPLE = 4

_pool = None
_allowed = threading.local()


def allow_threads(number):
    """Set how many parts this thread's calls may have; None is torch's number."""
    _allowed.number = number


def n_threads():
    """Return how many parts a call of this thread may have."""
    return getattr(_allowed, "number", None) or torch.get_num_threads()


def in_parts(function, n_rows, n_parts):
    """Call ``function(start, stop)`` for parts of the rows, each on its own thread.

    The calling thread does the first part itself. What is called must release the
    GIL, and must not care how the rows are divided.
    """
    if not n_rows:
        return
    size = -(-n_rows // n_parts)
    size = -(-size // MULTIPLE) * MULTIPLE
    first, *others = [
        (start, min(start + size, n_rows)) for start in range(0, n_rows, size)
    ]
    running = [_threads().submit(function, *part) for part in others]
    function(*first)
    for part in running:
        part.result()


def _threads():
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="sklearn_gru")
    return _pool


def _forget_threads():
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    # A forked process has none of its parent's threads.
    os.register_at_fork(after_in_child=_forget_threads)
