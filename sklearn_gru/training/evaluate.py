"""Running a trained module over data, block by block."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import torch

from sklearn_gru.nets.buffers import free_buffers
from sklearn_gru.training.device import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from sklearn_gru._types import Array

BLOCK_SAMPLES = 512
# Every layer holds some numbers for each step of a block.
BLOCK_STEPS = 1 << 16


def for_inference(
    module: torch.nn.Module, compiled: bool = True
) -> tuple[torch.nn.Module, torch.device, torch.dtype]:
    """Copy a module for evaluation; the copy is kept until the weights change.

    In float32 the last digits of a sample's result depend on the other samples of its
    batch, which scikit-learn's conformance checks do not allow for. So on a CPU
    everything runs in float64 except the compiled recurrence, which computes every row
    of a batch by itself.

    Parameters
    ----------
    module : nn.Module
        Its attribute `recurrent` has the recurrent layers.
    compiled : bool, default=True
        Whether the recurrence may be the compiled one.

    Returns
    -------
    module : nn.Module
    device : torch.device
        The device of the module's inputs.
    dtype : torch.dtype
        The dtype of the module's inputs.
    """
    parameter = next(module.parameters())
    device, dtype = parameter.device, parameter.dtype
    exact = device.type == "cpu"
    own_dtype = exact and compiled and module.recurrent.is_fused
    tensors = [*module.parameters(), *module.buffers()]
    copied = _copies.get(module)
    if copied is None or not copied.matches(tensors, own_dtype):
        duplicate = copy.deepcopy(module).eval()
        if exact:
            duplicate.double()
        if own_dtype:
            duplicate.recurrent.to(dtype)
        duplicate.recurrent.freeze()
        numbers = [tensor.detach().clone() for tensor in tensors]
        _copies[module] = copied = _Copy(duplicate, numbers, own_dtype)
    return copied.module, device, torch.float64 if exact else dtype


@dataclass
class _Copy:
    """A copy of a module, and the tensors from which it was made."""

    module: torch.nn.Module
    tensors: list
    own_dtype: bool

    def matches(self, tensors, own_dtype):
        # torch counts the changes of a tensor, but misses those by fused optimizers.
        return self.own_dtype == own_dtype and all(
            old.dtype == new.dtype and torch.equal(old, new)
            for old, new in zip(self.tensors, tensors, strict=True)
        )


# Copying a module takes longer than forecasting one row with it.
_copies = WeakKeyDictionary()


def evaluate_in_blocks(
    function: Callable[..., Any],
    n_samples: int,
    take: Callable[[Array], Sequence[torch.Tensor]],
    n_steps: Array | None = None,
) -> list[Any]:
    """Apply `function` to all samples without gradients.

    Parameters
    ----------
    function : callable
        Maps what `take` returns to a tensor, or a dict of tensors, whose first axis
        is the batch.
    n_samples : int
    take : callable
        Maps indices to the arguments of `function`, a tuple of tensors.
    n_steps : array-like of shape (n_samples,), default=None
        Time steps of each sample. A block, padded to the longest of its samples, has
        at most `BLOCK_STEPS`, unless a single sample has more.

    Returns
    -------
    list
        What `function` returned for each block, as NumPy arrays.
    """
    results = []
    with one_thread(brief=True), torch.inference_mode():
        for indices in _blocks(n_samples, n_steps):
            results.append(_to_numpy(function(*take(indices))))
    if len(results) > 1:
        free_buffers()
    return results


def _blocks(n_samples, n_steps):
    """Yield the indices of each block; without `n_steps` only samples are counted."""
    start = 0
    while start < n_samples:
        end = min(start + BLOCK_SAMPLES, n_samples)
        if n_steps is not None:
            longest = np.maximum.accumulate(n_steps[start:end])
            padded = longest * np.arange(1, len(longest) + 1)
            end = start + max(1, np.searchsorted(padded, BLOCK_STEPS, side="right"))
        yield np.arange(start, end)
        start = end


def _to_numpy(result):
    if isinstance(result, torch.Tensor):
        return result.cpu().numpy()
    return {name: _to_numpy(part) for name, part in result.items()}
