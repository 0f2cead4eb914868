"""Where the arithmetic runs: the device, and the number of threads."""

import threading
from contextlib import contextmanager

import torch

from sklearn_gru.nets.threads import allow_threads
from sklearn_gru.training.accelerated import accelerator_device


def resolve_device(device):
    """Turn a device's name into a :class:`torch.device`.

    Parameters
    ----------
    device : str or torch.device
        "auto" takes the first CUDA device if there is one, else the CPU; inside
        `accelerated`, the process' own.

    Raises
    ------
    ValueError
        If the name is none that torch knows, or names an absent device.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        available = "cuda" if torch.cuda.is_available() else "cpu"
        return accelerator_device() or torch.device(available)
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".") + "."
        raise ValueError(
            f'device={device!r} can\'t be used: {reason} Use "auto" or "cpu".'
        ) from error
    return resolved


class _ThreadLimit:
    """One torch thread while anybody asks for it, the user's number after that."""

    def __init__(self):
        self.lock = threading.Lock()
        self.holders = 0
        self.local = threading.local()

    def acquire(self):
        with self.lock:
            if self.holders == 0:
                self.before = torch.get_num_threads()
            self.holders += 1
            self.local.depth = getattr(self.local, "depth", 0) + 1
            # torch keeps this number per thread, so every holder sets its own.
            torch.set_num_threads(1)
            allow_threads(self.before)

    def release(self):
        with self.lock:
            self.holders -= 1
            self.local.depth -= 1
            if self.local.depth == 0:
                torch.set_num_threads(self.before)
                allow_threads(None)


_limit = _ThreadLimit()


@contextmanager
def one_thread():
    """Run torch's CPU operations on one thread.

    A matrix product split over two threads may round differently than on one, and
    worker processes are given fewer threads than their parent: with one everywhere,
    a fit is the same to the last bit in both. The compiled recurrence, whose results
    do not depend on its threads, goes on to use as many as torch was given.
    """
    _limit.acquire()
    try:
        yield
    finally:
        _limit.release()
