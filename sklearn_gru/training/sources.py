"""Sources of batches: views that are never copied whole, standardised.

A *source* has `take(indices)`, which returns a tensor on the device. Data are
standardised once, on the device, if they fit there; batch by batch if they are
memory-mapped, overlapping windows or too large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from sklearn_gru.data import memory_map_of, overlaps_itself, release, window_view

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import DTypeLike

    from sklearn_gru._types import Array, Encoder
    from sklearn_gru.data import Ragged

BLOCK_ROWS = 1 << 16
# The system maps some 100 KiB of a file around every place that is read.
MAPPED_AT_ONCE = 64


def dense(
    values: Array | Picked,
    scaler: Encoder,
    dtype: torch.dtype,
    device: torch.device,
    stream: bool = False,
) -> Series:
    """Make the source of an array (n, ..., n_columns), standardised by `scaler`.

    The source of a series (n_rows, n_columns) also has `windows(length, start)`, which
    makes the source of all windows from row `start` on.

    `stream` leaves the data where they are even if they fit on the device: for data
    that are read only once.
    """
    if not stream and _fits(values, dtype, device):
        return Resident(_standardized_copy(values, scaler, dtype, device))
    return Streamed(values, scaler, dtype, device)


def ragged(
    sequences: Ragged,
    scaler: Encoder,
    dtype: torch.dtype,
    device: torch.device,
    stream: bool = False,
) -> Padded:
    """Make the source of sequences of different lengths, padded batch by batch."""
    rows = dense(sequences.rows, scaler, dtype, device, stream)
    return Padded(rows, sequences.starts, sequences.lengths)


def labels(values: Array, device: torch.device) -> Resident:
    """Make the source of class indices (n,)."""
    return Resident(torch.as_tensor(values, dtype=torch.long).to(device))


@dataclass(frozen=True)
class Resident:
    """Data that lie on the device, standardised."""

    values: torch.Tensor

    def __len__(self) -> int:
        return len(self.values)

    def take(self, indices: Array) -> torch.Tensor:
        # Takes half as long as brackets do.
        flat = torch.from_numpy(indices.ravel()).to(self.values.device)
        taken = self.values.index_select(0, flat)
        return taken.view(*indices.shape, *taken.shape[1:])

    def windows(self, length: int, start: int = 0) -> Resident:
        return Resident(self.values[start:].unfold(0, length, 1).transpose(1, 2))


@dataclass(frozen=True)
class Streamed:
    """Data that stay where they are and are standardised batch by batch."""

    values: Array | Picked
    scaler: Encoder
    dtype: torch.dtype
    device: torch.device

    def __len__(self) -> int:
        return len(self.values)

    def take(self, indices: Array) -> torch.Tensor:
        batch = self.scaler.transform(gather(self.values, indices))
        return torch.from_numpy(batch).to(self.device, self.dtype)

    def windows(self, length: int, start: int = 0) -> Streamed:
        rows = window_view(np.asarray(self.values[start:]), length)
        return Streamed(rows, self.scaler, self.dtype, self.device)


@dataclass(frozen=True)
class Padded:
    """Sequences cut out of rows laid end to end, padded to the longest of a batch.

    The padding of a sequence is whatever rows follow it, so a reader of the batch must
    go by the lengths.
    """

    rows: Series
    starts: Array
    lengths: Array

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, indices: Array) -> torch.Tensor:
        lengths = self.lengths[indices]
        steps = self.starts[indices][:, None] + np.arange(lengths.max())  # (B, T)
        return self.rows.take(np.minimum(steps, len(self.rows) - 1))


# What `dense` makes, and whatever else has `take`.
Series = Resident | Streamed
Source = Series | Padded


def gather(values: Array | Picked, indices: Array) -> Array:
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
    def shape(self) -> tuple[int, ...]:
        """Shape of the picked entries."""
        return len(self.indices), *self.values.shape[1:]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: Any) -> Array:
        return gather(self.values, self.indices[item])

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> Array:
        return np.asarray(self[:], dtype)


def _fits(values: Array | Picked, dtype: torch.dtype, device: torch.device) -> bool:
    if memory_map_of(values) is not None or overlaps_itself(values):
        return False
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return values.size * dtype.itemsize < free // 2


def _standardized_copy(
    values: Array | Picked, scaler: Encoder, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    copy = torch.empty(values.shape, dtype=dtype, device=device)
    for start in range(0, len(values), BLOCK_ROWS):
        block = scaler.transform(values[start : start + BLOCK_ROWS])
        copy[start : start + BLOCK_ROWS] = torch.from_numpy(block)
    return copy
