"""Batches: the samples that a step takes together, and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

if TYPE_CHECKING:
    from sklearn_gru._types import Array
    from sklearn_gru.training.sources import Source

SHUFFLE_AT_ONCE = 1 << 20


class Batch(NamedTuple):
    """Samples that a training step takes together, on the device.

    Parameters
    ----------
    inputs : dict
        Tensors (B, ...) by the names that the network's `forward` gives them.
    targets : Tensor of shape (B, ...)
    lengths : Tensor of shape (B,) or None
        Time steps of each sequence, if they differ.
    weight : Tensor of shape (B,) or None
        Sample weights.
    """

    inputs: dict
    targets: torch.Tensor
    lengths: torch.Tensor | None = None
    weight: torch.Tensor | None = None

    @property
    def arguments(self):
        """What the network's `forward` is given."""
        if self.lengths is None:
            return self.inputs
        return {**self.inputs, "lengths": self.lengths}

    def as_pair(self):
        """Return the inputs and the targets, as skorch's callbacks get a batch.

        Inputs are a tensor if there is nothing but `x`, otherwise a dict.
        """
        inputs = dict(self.arguments)
        if self.weight is not None:
            inputs["weight"] = self.weight
        return (inputs["x"] if inputs.keys() == {"x"} else inputs), self.targets

    def tensors(self):
        """List all tensors, always in the same order."""
        others = self.targets, self.lengths, self.weight
        return [*self.inputs.values(), *(x for x in others if x is not None)]

    def copied(self):
        """Return a copy that shares no memory."""
        inputs = {name: x.clone() for name, x in self.inputs.items()}
        others = (x if x is None else x.clone() for x in self[1:])
        return Batch(inputs, *others)


class SequenceDataset(Dataset):
    """Samples, targets and weights, gathered a batch at a time.

    Parameters
    ----------
    inputs : dict
        Sources by the names that the network's `forward` gives them.
    targets : source
    indices : ndarray of shape (n_samples,), or range
        The entries of the sources that are the samples of this set.
    lengths : ndarray of shape (n_entries,), default=None
        Time steps of each sequence, if they differ.
    weight : ndarray of shape (n_entries,), default=None
        Sample weights, in the dtype of the arithmetic.
    validation : SequenceDataset, default=None
        The held-out samples.
    """

    def __init__(
        self,
        inputs: dict[str, Source],
        targets: Source,
        indices: Array | range,
        lengths: Array | None = None,
        weight: Array | None = None,
        validation: SequenceDataset | None = None,
    ) -> None:
        self.inputs = inputs
        self.targets = targets
        self.indices = indices
        self.lengths = lengths
        self.weight = weight
        self.validation = validation

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item):
        return self.batch(np.atleast_1d(item))

    def batch(self, positions: Array) -> Batch:
        """Gather the samples at some positions into a `Batch`."""
        if isinstance(self.indices, range):
            entries = self.indices.start + self.indices.step * positions
        else:
            entries = self.indices[positions]
        inputs = {name: source.take(entries) for name, source in self.inputs.items()}
        targets = self.targets.take(entries)
        lengths, weight = (
            values if values is None else _tensor(values[entries], targets.device)
            for values in (self.lengths, self.weight)
        )
        return Batch(inputs, targets, lengths, weight)


class BatchIterator:
    """Iterates over a SequenceDataset; skorch's `iterator_train` and `iterator_valid`.

    Parameters
    ----------
    dataset : SequenceDataset
    batch_size : int
    rng : numpy.random.Generator, default=None
        Shuffles the samples anew in every pass; None keeps their order.
    """

    def __init__(self, dataset, batch_size, rng=None):
        self.dataset = dataset
        self.batch_size = batch_size
        self.rng = rng

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        if self.rng is None:
            order = [np.arange(len(self.dataset))]
        else:
            order = shuffled(len(self.dataset), self.batch_size, self.rng)
        for positions in order:
            for start in range(0, len(positions), self.batch_size):
                yield self.dataset.batch(positions[start : start + self.batch_size])


def shuffled(n_samples, batch_size, rng):
    """Yield all positions below `n_samples` in random order, in parts of whole batches.

    Up to `SHUFFLE_AT_ONCE` samples are one part, a uniform permutation. More samples
    are divided into parts, each spread evenly over the whole set, so that the order of
    a hundred million windows takes no more memory than that of one million.
    """
    n_parts = -(-n_samples // SHUFFLE_AT_ONCE)
    left_over = np.empty(0, dtype=np.int64)
    for part in rng.permutation(n_parts):
        positions = np.arange(part, n_samples, n_parts)
        rng.shuffle(positions)
        positions = np.concatenate([left_over, positions])
        n_whole = len(positions) - len(positions) % batch_size
        left_over = positions[n_whole:]
        yield positions[:n_whole]
    yield left_over


def _tensor(values, device):
    return torch.as_tensor(values, device=device)
