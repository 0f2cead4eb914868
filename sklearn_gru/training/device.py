"""Where the arithmetic runs: the device, and the number of threads."""

import os
import threading
from contextlib import contextmanager

import torch

from sklearn_gru.nets.threads import allow_threads, have_company, n_threads
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


@contextmanager
def one_thread():
    """Run the calling thread's CPU operations of torch on one thread.

    A matrix product split over two threads may round differently than on one, and
    worker processes are given fewer threads than their parent: with one everywhere,
    a fit is the same to the last bit in both. The compiled recurrence, whose results
    do not depend on its threads, goes on to use as many as torch was given.
    """
    with _changing:
        number = torch.get_num_threads()
    allowed = allow_threads(n_threads())
    try:
        _set_own_number(1)
        yield
    finally:
        _set_own_number(number)
        allow_threads(allowed)


@contextmanager
def ready_to_train():
    """Let everything that a fit does run alike, whatever modes the caller is in.

    Tensors that are made in torch's inference mode can't be trained on, so this must
    be entered before the first is made. On one thread, a fit also works in a process
    that was forked from one in which torch has used several, where others hang.
    """
    with one_thread(), torch.inference_mode(False), torch.enable_grad():
        yield


def _set_own_number(number):
    """Set torch's number of threads for the calling thread, and for no other."""
    if torch.get_num_threads() == number:
        return
    with _changing:
        if have_company():
            _set_beside_others(number)
        else:
            torch.set_num_threads(number)


def _set_beside_others(number):
    """Do what `_set_own_number` does, where another thread might be new to torch.

    torch has a number per thread, but takes that of a new one from whichever thread
    set its own last. So one that is new reads it before, and sets it again.
    """
    was_read, is_set = threading.Lock(), threading.Lock()

    def keep_what_new_ones_get():
        for_new_ones = torch.get_num_threads()
        was_read.release()
        with is_set:
            torch.set_num_threads(for_new_ones)

    was_read.acquire()
    with is_set:
        keeper = threading.Thread(target=keep_what_new_ones_get)
        keeper.start()
        was_read.acquire()
        torch.set_num_threads(number)
    keeper.join()


# No thread may be new to torch between the two steps of a change.
_changing = threading.Lock()

if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(
        before=_changing.acquire,
        after_in_parent=_changing.release,
        after_in_child=_changing.release,
    )
