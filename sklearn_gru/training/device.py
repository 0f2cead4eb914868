"""Where the arithmetic runs: on which device, and on how many threads."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import torch

from sklearn_gru.nets.threads import allow_threads, n_threads, other_threads_exist
from sklearn_gru.training.accelerated import accelerator_device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sklearn_gru._types import Device


def resolve_device(device: Device) -> torch.device:
    """Turn a device's name into a :class:`torch.device`.

    Parameters
    ----------
    device : str or torch.device
        "auto" takes the first CUDA device if there is one, else the CPU; inside
        `accelerated`, this process' own device.

    Raises
    ------
    ValueError
        If torch does not know the name, or the device is absent.

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
def one_thread(brief: bool = False) -> Iterator[None]:
    """Run the calling thread's CPU operations of torch on one thread.

    A matrix product on two threads may be rounded differently than on one, and worker
    processes are given fewer threads than their parent. With one thread everywhere, a
    fit is the same to the last bit in both. The compiled recurrence, whose results do
    not depend on its threads, still uses as many as torch was given.

    torch keeps a number per thread, and gives a new thread the number that was set last
    in any thread. Restoring that number for new threads takes a fraction of a
    millisecond. `brief` saves this time: threads that meet torch for the first time
    while the context is open then get one thread, unless they enter a context of this
    kind themselves.
    """
    number = _own_number()
    brief = brief or not other_threads_exist()
    limited = _limit_new_threads_too if brief else _limit_only_this_thread
    allowed = allow_threads(n_threads())
    try:
        with nullcontext() if number == 1 else limited(number):
            yield
    finally:
        allow_threads(allowed)


@contextmanager
def ready_to_train() -> Iterator[None]:
    """Let a fit run on one thread and with gradients, whatever modes the caller is in.

    Tensors made in torch's inference mode can't be trained on, so enter this context
    before the first tensor is made. On one thread, a fit also works in a process that
    was forked after torch had used several threads; on several threads it would hang.
    """
    with one_thread(), torch.inference_mode(False), torch.enable_grad():
        yield


class _NewThreads:
    """The number of torch's threads that threads new to torch should get."""

    # The number, while contexts are open that have set it to 1, and how many are.
    number = None
    n_contexts = 0
    # A thread that torch knows has the attribute `yes` here.
    known_to_torch = threading.local()


def _own_number():
    """Return torch's number of threads for the calling thread, even if it is new."""
    with _changing:
        if _NewThreads.n_contexts and not hasattr(_NewThreads.known_to_torch, "yes"):
            other = threading.Thread(target=_restore_number_of_new_threads)
            other.start()
            other.join()
        _NewThreads.known_to_torch.yes = True
        return torch.get_num_threads()


def _restore_number_of_new_threads():
    # If the number is not 1, the user has set it in the meantime.
    if torch.get_num_threads() == 1:
        torch.set_num_threads(_NewThreads.number)


@contextmanager
def _limit_new_threads_too(number):
    """Limit the calling thread, which has this number, and threads new to torch."""
    with _changing:
        if _NewThreads.n_contexts == 0:
            _NewThreads.number = number
        _NewThreads.n_contexts += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _changing:
            _NewThreads.n_contexts -= 1
            torch.set_num_threads(number)


@contextmanager
def _limit_only_this_thread(number):
    """Limit the calling thread, which has this number, and no other."""
    _set_only_this_thread(1)
    try:
        yield
    finally:
        _set_only_this_thread(number)


def _set_only_this_thread(number):
    """Set the calling thread's number; a helper thread restores that of new threads."""
    was_read, is_set = threading.Lock(), threading.Lock()

    def restore_number_of_new_threads():
        of_new_threads = torch.get_num_threads()
        was_read.release()
        with is_set:
            torch.set_num_threads(of_new_threads)

    was_read.acquire()
    with _changing:
        with is_set:
            helper = threading.Thread(target=restore_number_of_new_threads)
            helper.start()
            was_read.acquire()
            torch.set_num_threads(number)
        helper.join()


# Held during a change, so that no other thread reads numbers that are half changed.
_changing = threading.Lock()

if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(
        before=_changing.acquire,
        after_in_parent=_changing.release,
        after_in_child=_changing.release,
    )
