"""Running a trained module over data, block by block."""

import copy

import numpy as np
import torch

from sklearn_gru.training.device import one_thread

BLOCK_SAMPLES = 512


def for_inference(module, compiled=True):
    """Copy a module for evaluation; on a CPU, a sample's result is its own.

    In float32 a sample's result depends, in the last digits, on which samples are in
    the batch beside it; scikit-learn's conformance checks do not allow for that. So
    everything runs in float64 but the compiled recurrence, which does not mix rows.

    Parameters
    ----------
    module : nn.Module
        With its recurrent layers in `recurrent`.
    compiled : bool, default=True
        Whether the recurrence will be the compiled one, if it can be.

    Returns
    -------
    module : nn.Module
    device : torch.device
    dtype : torch.dtype
        Where its inputs must be, and their type.
    """
    module = copy.deepcopy(module).eval()
    parameter = next(module.parameters())
    device, dtype = parameter.device, parameter.dtype
    if device.type != "cpu":
        return module, device, dtype
    keeps_precision = compiled and module.recurrent.is_fused
    module.double()
    if keeps_precision:
        module.recurrent.to(dtype)
    return module, device, torch.float64


def evaluate_in_blocks(function, n_samples, take):
    """Apply `function` to all samples without gradients.

    Parameters
    ----------
    function : callable
        Maps what `take` returns to a tensor, or a dict of tensors, whose first axis
        is the batch.
    n_samples : int
    take : callable
        Maps indices to the arguments of `function`, a tuple of tensors.

    Returns
    -------
    list
        What `function` returned for each block, as NumPy arrays.
    """
    results = []
    with one_thread(), torch.inference_mode():
        for start in range(0, n_samples, BLOCK_SAMPLES):
            indices = np.arange(start, min(start + BLOCK_SAMPLES, n_samples))
            results.append(_to_numpy(function(*take(indices))))
    return results


def _to_numpy(result):
    if isinstance(result, torch.Tensor):
        return result.cpu().numpy()
    return {name: _to_numpy(part) for name, part in result.items()}
