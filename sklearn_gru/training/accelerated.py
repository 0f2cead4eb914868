"""One network trained by several processes, with Accelerate."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import TYPE_CHECKING

import torch

from sklearn_gru.training.steps import EagerStep

if TYPE_CHECKING:
    from typing import Any

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
    >>> from accelerate import Accelerator
    >>> from sklearn_gru import GRUForecaster
    >>> from sklearn_gru.training import accelerated
    >>> X = np.sin(np.arange(200) / 5)[:, None]
    >>> with accelerated(Accelerator(cpu=True)):
    ...     model = GRUForecaster(max_epochs=2, random_state=0).fit(X)
    >>> model.n_iter_
    2
    """
    token = _accelerator.set(accelerator)
    try:
        yield
    finally:
        _accelerator.reset(token)


def accelerator_device() -> torch.device | None:
    """Return this process' own device, or None outside `accelerated`."""
    accelerator = _accelerator.get()
    if accelerator is None:
        return None
    # Accelerate numbers CPUs, and torch can't load what it has saved on a numbered CPU.
    is_cpu = accelerator.device.type == "cpu"
    return torch.device("cpu") if is_cpu else accelerator.device


def current_accelerator() -> Any | None:
    """Return the accelerator of `accelerated`, or None outside of it."""
    return _accelerator.get()


class AcceleratedStep(EagerStep):
    """A step that Accelerate takes in several processes, or in mixed precision.

    Parameters
    ----------
    net : Net
    gradient_clip : float or None
        Limit of the gradient's norm.
    accelerator : accelerate.Accelerator
    """

    def __init__(self, net, gradient_clip, accelerator):
        super().__init__(net, gradient_clip)
        if net.carries_state and accelerator.num_processes > 1:
            raise ValueError(
                f"Text is read in order, so {accelerator.num_processes} processes "
                "can't share its windows; train on it in one process."
            )
        self.accelerator = accelerator
        prepared = accelerator.prepare(self.module, self.optimizer)
        self.module, self.optimizer = prepared

    def __call__(self, batch):
        with self.accelerator.accumulate(self.module):
            return super().__call__(batch)

    def zero_grad(self):
        self.optimizer.zero_grad()

    def gradient(self, batch):
        self.set_training(True)
        with self.accelerator.autocast():
            loss, y_pred = self.net.loss_of(batch, self.module)
            self.accelerator.backward(loss)
        if self.gradient_clip is not None:
            parameters = self.module.parameters()
            self.accelerator.clip_grad_norm_(parameters, self.gradient_clip)
        return {"loss": loss.detach(), "y_pred": y_pred.detach()}

    def set_training(self, training):
        # What is wrapped around the module may be in another mode than the module.
        self.module.train(training)

    def share_of(self, batches):
        return _Shard(batches, self.accelerator)

    def finish(self):
        self.accelerator.wait_for_everyone()
        _share_buffers(self.net.module_)
        # Otherwise the module would go on to compute in mixed precision.
        self.accelerator.unwrap_model(self.module, keep_fp32_wrapper=False)


def _share_buffers(module):
    """Give every process the statistics of the first one.

    A step shares gradients, and the statistics of earlier steps, but not its own.
    """
    from accelerate.utils import broadcast

    for buffer in module.buffers():
        buffer.copy_(broadcast(buffer))


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
