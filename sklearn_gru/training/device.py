"""Where the arithmetic runs: the device, and the number of threads."""

import os
import threading
from contextlib import contextmanager, nullcontext

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
def one_thread(brief=False):
    """Run the calling thread's CPU operations of torch on one thread.

    A matrix product split over two threads may round differently than on one, and
    worker processes are given fewer threads than their parent: with one everywhere,
    a fit is the same to the last bit in both. The compiled recurrence, whose results
    do not depend on its threads, goes on to use as many as torch was given.

    torch keeps a number per thread, and gives a thread that is new to it the number
    that was set last in any. To keep that one takes a fraction of a millisecond.
    `brief` is for what should not take longer: then it changes for that time, and only
    threads that enter this themselves do not notice.
    """
    number = _own_number()
    limited = _for_a_moment if brief or not have_company() else _beside_others
    allowed = allow_threads(n_threads())
    try:
        with nullcontext() if number == 1 else limited(number):
            yield
    finally:
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


class _Moments:
    """Threads that have changed what new ones get, and what these should get."""

    holders = 0
    number = None
    have_met_torch = threading.local()


def _own_number():
    """Return torch's number of threads for the calling thread, maybe a new one."""
    with _changing:
        if _Moments.holders and not hasattr(_Moments.have_met_torch, "yes"):
            other = threading.Thread(target=_give_new_ones_their_number)
            other.start()
            other.join()
        _Moments.have_met_torch.yes = True
        return torch.get_num_threads()


def _give_new_ones_their_number():
    # Any other number than 1 was set since, by the user.
    if torch.get_num_threads() == 1:
        torch.set_num_threads(_Moments.number)


@contextmanager
def _for_a_moment(number):
    """Limit the calling thread, which has this number, and those that are new."""
    with _changing:
        if _Moments.holders == 0:
            _Moments.number = number
        _Moments.holders += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _changing:
            _Moments.holders -= 1
            torch.set_num_threads(number)


@contextmanager
def _beside_others(number):
    """Limit the calling thread, which has this number, and no other."""
    _set_beside_others(1)
    try:
        yield
    finally:
        _set_beside_others(number)


def _set_beside_others(number):
    """Set the calling thread's number; a new thread sets what new ones get again."""
    was_read, is_set = threading.Lock(), threading.Lock()

    def keep_what_new_ones_get():
        for_new_ones = torch.get_num_threads()
        was_read.release()
        with is_set:
            torch.set_num_threads(for_new_ones)

    was_read.acquire()
    with _changing:
        with is_set:
            keeper = threading.Thread(target=keep_what_new_ones_get)
            keeper.start()
            was_read.acquire()
            torch.set_num_threads(number)
        keeper.join()


# Nobody may look at the numbers between the steps of a change.
_changing = threading.Lock()

if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(
        before=_changing.acquire,
        after_in_parent=_changing.release,
        after_in_child=_changing.release,
    )
