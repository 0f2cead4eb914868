"""One network trained by several processes, through skorch's use of Accelerate."""

from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice

import torch
from skorch.callbacks import LRScheduler

_accelerator = ContextVar("accelerator", default=None)


@contextmanager
def accelerated(accelerator):
    """Train the fits inside this context with an :class:`accelerate.Accelerator`.

    Every process that ``accelerate launch`` starts calls `fit` with the same data and
    the same `random_state`, an integer. A training step takes one batch in each process
    and averages the gradients, as one step with `batch_size` times the number of
    processes would; all processes end with the same weights. Samples that do not fill
    a batch in every process are left out of an epoch, and others of the next, which is
    shuffled anew.

    Parameters
    ----------
    accelerator : accelerate.Accelerator

    Examples
    --------
    >>> import numpy as np
    >>> from accelerate import Accelerator  # doctest: +SKIP
    >>> from sklearn_gru import GRUForecaster
    >>> X = np.sin(np.arange(500) / 5)[:, None]
    >>> with accelerated(Accelerator()):  # doctest: +SKIP
    ...     model = GRUForecaster(random_state=0).fit(X)
    """
    token = _accelerator.set(accelerator)
    try:
        yield
    finally:
        _accelerator.reset(token)


def accelerator_device():
    """Return this process' own device, or None outside `accelerated`."""
    accelerator = _accelerator.get()
    if accelerator is None:
        return None
    # Accelerate numbers CPUs, and torch can't load what it has saved on a numbered CPU.
    is_cpu = accelerator.device.type == "cpu"
    return torch.device("cpu") if is_cpu else accelerator.device


@contextmanager
def with_accelerator(net):
    """Let a net train with the accelerator of `accelerated`, if there is one."""
    accelerator = _accelerator.get()
    if accelerator is None:
        yield
        return
    if net.carries_state and accelerator.num_processes > 1:
        raise ValueError(
            f"Text is read in order, so {accelerator.num_processes} processes can't "
            "share its windows; train on it in one process."
        )
    plain, module, optimizer = type(net), net.module_, net.optimizer_
    net.__class__ = _accelerated_class(plain)
    net.accelerator, net.unwrap_after_train = accelerator, False
    net.module_, net.optimizer_ = accelerator.prepare(module, optimizer)
    try:
        yield
        _share_buffers(module)
    finally:
        # The net is now like any other, and can be copied and pickled.
        net.module_, net.optimizer_ = module, optimizer
        net.__class__ = plain
        del net.accelerator, net.unwrap_after_train
        for _, callback in net.callbacks_:
            if isinstance(callback, LRScheduler):
                callback.lr_scheduler_ = None


def _share_buffers(module):
    """Give every process the statistics of the first one.

    A step shares gradients, and the statistics of earlier steps, but not its own.
    """
    from accelerate.utils import broadcast

    for buffer in module.buffers():
        buffer.copy_(broadcast(buffer))


def _accelerated_class(plain):
    from skorch.hf import AccelerateMixin

    class Accelerated(AccelerateMixin, plain):
        @property
        def plain_module(self):
            return self.accelerator.unwrap_model(self.module_)

        def get_iterator(self, dataset, training=False):
            iterator = plain.get_iterator(self, dataset, training=training)
            return _Shard(iterator, self.accelerator) if training else iterator

        def train_step_single(self, batch, **fit_params):
            step = AccelerateMixin.train_step_single(self, batch, **fit_params)
            if self.gradient_clip is not None:
                parameters = self.module_.parameters()
                self.accelerator.clip_grad_norm_(parameters, self.gradient_clip)
            return {name: value.detach() for name, value in step.items()}

    return Accelerated


class _Shard:
    """The batches of one process; every process has the same number of them."""

    def __init__(self, batches, accelerator):
        self.batches = batches
        self.rank = accelerator.process_index
        self.n_processes = accelerator.num_processes

    def __len__(self):
        whole = len(self.batches.dataset) // self.batches.batch_size
        if whole < self.n_processes:
            raise ValueError(
                f"{len(self.batches.dataset)} training samples make {whole} batches of "
                f"{self.batches.batch_size}, fewer than the {self.n_processes} "
                "processes; use a smaller batch_size or fewer processes."
            )
        return whole // self.n_processes

    def __iter__(self):
        mine = islice(self.batches, self.rank, None, self.n_processes)
        return islice(mine, len(self))
