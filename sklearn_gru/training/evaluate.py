"""Running a trained module over data, in blocks whose results do not depend on it."""

import numpy as np
import torch

from sklearn_gru.training.device import one_thread

BLOCK_SAMPLES = 512
# Matrix products of fewer rows take other code paths, which round differently; with
# whole multiples of this a sample's result does not depend on its neighbours.
ROW_MULTIPLE = 16


def evaluate_in_blocks(module, function, n_samples, take):
    """Apply `function` to all samples without gradients.

    Parameters
    ----------
    module : nn.Module
        Put into evaluation mode.
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
    module.eval()
    results = []
    with one_thread(), torch.inference_mode():
        for start in range(0, n_samples, BLOCK_SAMPLES):
            indices = np.arange(start, min(start + BLOCK_SAMPLES, n_samples))
            padding = np.repeat(indices[-1:], -len(indices) % ROW_MULTIPLE)
            result = function(*take(np.concatenate([indices, padding])))
            results.append(_to_numpy(result, len(indices)))
    return results


def _to_numpy(result, n_rows):
    if isinstance(result, torch.Tensor):
        return result[:n_rows].cpu().numpy()
    return {name: _to_numpy(part, n_rows) for name, part in result.items()}
