"""Batches, each gathered at once from views that are never copied whole.

A *source* has `take(indices)`, which returns a tensor on the device, or a dict of
tensors. Sources standardise the data: once, on the device, if the data fit there; batch
by batch if they are memory-mapped, overlapping windows or too large.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

from sklearn_gru.data import memory_map_of, overlaps_itself, release, window_view

BLOCK_ROWS = 1 << 16
# The system maps some 100 KiB of a file around every place that is read.
MAPPED_AT_ONCE = 64
SHUFFLE_AT_ONCE = 1 << 20


def dense(values, scaler, dtype, device, stream=False):
    """Make the source of an array (n, ..., n_columns), standardised by `scaler`.

    The source of a series (n_rows, n_columns) also has `windows(length, start)`, which
    makes the source of all windows from row `start` on.

    `stream` leaves the data where they are even if they fit on the device: for data
    that are read only once.
    """
    if not stream and _fits(values, dtype, device):
        return Resident(_standardized_copy(values, scaler, dtype, device))
    return Streamed(values, scaler, dtype, device)


def ragged(sequences, scaler, dtype, device, stream=False):
    """Make the source of sequences of different lengths, padded batch by batch."""
    rows = dense(sequences.rows, scaler, dtype, device, stream)
    return Padded(rows, sequences.starts, sequences.lengths, device)


def labels(values, device):
    """Make the source of class indices (n,)."""
    return Resident(torch.as_tensor(values, dtype=torch.long).to(device))


@dataclass(frozen=True)
class Resident:
    """Data that lie on the device, standardised."""

    values: torch.Tensor

    def __len__(self):
        return len(self.values)

    def take(self, indices):
        return self.values[torch.as_tensor(indices, device=self.values.device)]

    def windows(self, length, start=0):
        return Resident(self.values[start:].unfold(0, length, 1).transpose(1, 2))


@dataclass(frozen=True)
class Streamed:
    """Data that stay where they are and are standardised batch by batch."""

    values: np.ndarray
    scaler: object
    dtype: torch.dtype
    device: torch.device

    def __len__(self):
        return len(self.values)

    def take(self, indices):
        batch = self.scaler.transform(gather(self.values, indices))
        return torch.from_numpy(batch).to(self.device, self.dtype)

    def windows(self, length, start=0):
        rows = window_view(np.asarray(self.values[start:]), length)
        return Streamed(rows, self.scaler, self.dtype, self.device)


@dataclass(frozen=True)
class Padded:
    """Sequences cut out of rows laid end to end, padded to the longest of a batch.

    The padding of a sequence is whatever rows follow it, so a reader of the batch must
    go by `lengths`.
    """

    rows: object
    starts: np.ndarray
    lengths: np.ndarray
    device: torch.device

    def __len__(self):
        return len(self.lengths)

    def take(self, indices):
        lengths = self.lengths[indices]
        steps = self.starts[indices][:, None] + np.arange(lengths.max())  # (B, T)
        values = self.rows.take(np.minimum(steps, len(self.rows) - 1))
        return {"x": values, "lengths": torch.as_tensor(lengths, device=self.device)}


@dataclass(frozen=True)
class Together:
    """Sources by name; entries at the same position belong together."""

    sources: dict

    def take(self, indices):
        return {name: source.take(indices) for name, source in self.sources.items()}


def gather(values, indices):
    """Return ``values[indices]``; release the pages of a mapped file after reading."""
    mapped = memory_map_of(values)
    if mapped is None:
        return values[indices]
    parts = []
    for start in range(0, len(indices), MAPPED_AT_ONCE):
        parts.append(values[indices[start : start + MAPPED_AT_ONCE]])
        release(mapped)
    return np.concatenate(parts)


@dataclass(frozen=True)
class Picked:
    """Some entries of an array (n, ...), gathered only when they are read."""

    values: np.ndarray
    indices: np.ndarray

    @property
    def shape(self):
        """Shape of the picked entries."""
        return len(self.indices), *self.values.shape[1:]

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, item):
        return gather(self.values, self.indices[item])

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype)


class SequenceDataset(Dataset):
    """Samples, targets and weights, gathered a batch at a time.

    Parameters
    ----------
    x, y : source
    indices : ndarray of shape (n_samples,), or range
        The entries of the sources that are the samples of this set.
    weight : ndarray of shape (len(x),), default=None
        Sample weights, in the dtype of the arithmetic.
    validation : SequenceDataset, default=None
        The held-out samples.
    """

    def __init__(self, x, y, indices, weight=None, validation=None):
        self.x = x
        self.y = y
        self.indices = indices
        self.weight = weight
        self.validation = validation

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, item):
        return self.batch(np.atleast_1d(item))

    def batch(self, positions):
        """Gather (inputs, targets); `inputs` holds the arguments of `forward`."""
        if isinstance(self.indices, range):
            entries = self.indices.start + self.indices.step * positions
        else:
            entries = self.indices[positions]
        inputs = self.x.take(entries)
        targets = self.y.take(entries)
        if isinstance(self.y, Padded):
            targets = targets["x"]
        if self.weight is not None:
            inputs = inputs if isinstance(inputs, dict) else {"x": inputs}
            weight = torch.as_tensor(self.weight[entries])
            inputs["weight"] = weight.to(targets.device)
        return inputs, targets


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


def _fits(values, dtype, device):
    if memory_map_of(values) is not None or overlaps_itself(values):
        return False
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return values.size * dtype.itemsize < free // 2


def _standardized_copy(values, scaler, dtype, device):
    copy = torch.empty(values.shape, dtype=dtype, device=device)
    for start in range(0, len(values), BLOCK_ROWS):
        block = scaler.transform(values[start : start + BLOCK_ROWS])
        copy[start : start + BLOCK_ROWS] = torch.from_numpy(block)
    return copy
