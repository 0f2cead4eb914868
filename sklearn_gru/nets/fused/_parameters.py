"""The sizes of a layer's arrays, and its parameters as the compiled code reads them."""

from typing import NamedTuple

import numpy as np
import torch

from sklearn_gru.nets.fused._kernels import Record, address, laid_out
from sklearn_gru.nets.fused._packing import Weights, panels_bytes


class Shape(NamedTuple):
    """The sizes of a layer and of its batches."""

    n_features: int
    units: int
    n_directions: int
    direction: int
    n_steps: int
    n_rows: int
    reads_symbols: bool
    keep: bool  # whether a backward pass will follow


class Parameters(NamedTuple):
    """A layer's parameters as PyTorch has them: contiguous tensors."""

    weight_ih: torch.Tensor
    weight_hh: torch.Tensor
    bias_ih: torch.Tensor
    bias_hh: torch.Tensor


class Sizes:
    """Bytes of a layer's arrays.

    Parameters
    ----------
    kernel : Recurrence
    shape : Shape
    """

    def __init__(self, kernel, shape):
        cell, size, units = kernel.cell, kernel.dtype.itemsize, shape.units
        row, n_inner = units * size, cell.inner is not None
        n_inputs = 0 if shape.reads_symbols else shape.n_features
        n_from_input, n_direct = len(cell.from_input), len(cell.from_state_itself)
        inner = panels_bytes(units, row) * n_inner
        self.packed = (
            (shape.n_features if shape.reads_symbols else 1) * cell.n_sums * row,
            panels_bytes(n_inputs, n_from_input * row),
            panels_bytes(units, n_direct * row),
            inner,
        )
        self.transposed = (
            panels_bytes(n_from_input * units, n_inputs * size),
            panels_bytes(n_direct * units, row),
            inner,
        )
        # d_w_x, d_w_h, d_w_inner and d_bias lie side by side in a part.
        self.gradients = (
            shape.n_features * n_from_input * row,
            units * n_direct * row,
            units * n_inner * row,
            cell.n_sums * row,
        )
        # For each row whose factors are collected.
        self.collected = (
            cell.n_gradients * row,
            cell.n_states * row,
            n_inner * row,
            n_inputs * size,
        )
        self.state = cell.n_states * shape.n_rows * row
        n_kept = shape.n_steps if shape.keep else 1
        self.kept = n_kept, shape.n_rows, cell.n_parts * units


class Packed:
    """The parameters of a layer, packed once.

    Parameters
    ----------
    kernel : Recurrence
    parameters : Parameters
    shape : Shape
    """

    def __init__(self, kernel, parameters, shape):
        starts, end = laid_out(Sizes(kernel, shape).packed)
        self._memory = np.empty(end + 1, np.uint8)
        start = address(self._memory)
        self.addresses = tuple(start + offset for offset in starts)
        weights = weights_record(shape, self.addresses)
        weights.set(**addresses_of(parameters))
        kernel.pack(weights.address)


def weights_record(shape, packed, transposed=(0, 0, 0)):
    """Return a `Record` of `Weights` without parameters."""
    n_symbols = shape.n_features if shape.reads_symbols else 0
    sizes = shape.units, shape.n_features, n_symbols
    return Record(Weights(*sizes, 0, 0, 0, 0, *packed, *transposed))


def addresses_of(parameters):
    """Return the fields of a `Record` that say where the parameters lie."""
    pairs = zip(Parameters._fields, parameters, strict=True)
    return {name: tensor.data_ptr() for name, tensor in pairs}
