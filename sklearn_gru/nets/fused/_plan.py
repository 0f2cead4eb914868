"""The arrays of a run of a stack of layers, kept for later runs over equal batches."""

from typing import NamedTuple

import numpy as np
import torch

from sklearn_gru.nets.buffers import keep_plan, take_plan
from sklearn_gru.nets.fused._kernels import address
from sklearn_gru.nets.fused._layer import Layer
from sklearn_gru.nets.fused._parameters import Shape
from sklearn_gru.nets.threads import parts

# With fewer multiplications, a second thread costs more time than it saves.
WORTH_A_THREAD = 20_000_000
# Gradients are summed within parts of the batch, and then over the parts. There are at
# most MOST_PARTS, each with about ROWS_OF_A_PART rows or more, and with
# STEPS_OF_A_PART time steps or more when those of all its rows are counted.
MOST_PARTS = 8
ROWS_OF_A_PART = 16
STEPS_OF_A_PART = 128
# Bytes of hidden states between layers; with more, a plan that is not for training is
# not kept.
WORTH_KEEPING = 1 << 20


class Key(NamedTuple):
    """What a plan depends on."""

    kernel: object
    n_features: int
    units: tuple  # of each layer
    n_directions: int
    n_steps: int
    n_rows: int
    reads_symbols: bool
    keep: bool  # whether a backward pass will follow


class Plan:
    """The layers of a run over batches of one size, with their arrays.

    Parameters
    ----------
    key : Key
    """

    def __init__(self, key):
        self.key = key
        n_products = sum(units * units for units in key.units) * key.n_directions
        n_products *= key.n_steps * key.n_rows
        blocks = key.kernel.cell.n_blocks
        self.is_large = n_products * blocks >= WORTH_A_THREAD
        self.ranges = self._ranges()
        self.levels, n_features = [], key.n_features
        for number, units in enumerate(key.units):
            shapes = (
                Shape(
                    n_features,
                    units,
                    key.n_directions,
                    direction,
                    key.n_steps,
                    key.n_rows,
                    key.reads_symbols and number == 0,
                    key.keep,
                )
                for direction in range(key.n_directions)
            )
            self.levels.append(
                [Layer(key.kernel, shape, self.ranges) for shape in shapes]
            )
            n_features = units * key.n_directions
        self.layers = [layer for level in self.levels for layer in level]
        self.n_bytes = sum(layer.n_bytes for layer in self.layers)
        # The hidden states between layers, and their gradients.
        self._between = [self._states(units) for units in key.units[:-1]]
        self._gradients = [self._states(units) for units in key.units[:-1] if key.keep]
        self._nothing = np.zeros((key.n_rows, n_features), key.kernel.dtype)
        self.between = [address(array) for array in self._between]
        self.gradients = [address(array) for array in self._gradients]
        self.nothing = address(self._nothing)

    def hidden(self, level):
        """Return the hidden states between a layer and the next."""
        return torch.from_numpy(self._between[level])

    def _states(self, units):
        key = self.key
        shape = key.n_steps, key.n_rows, units * key.n_directions
        return np.empty(shape, key.kernel.dtype)

    def _ranges(self):
        """Divide the rows for the backward pass, by sizes alone.

        Sums depend on the division.
        """
        n_rows, n_steps = self.key.n_rows, self.key.n_steps
        number = 1
        if self.is_large:
            by_rows = max(n_rows // ROWS_OF_A_PART, 2)
            by_steps = n_rows * n_steps // STEPS_OF_A_PART
            number = max(min(by_rows, by_steps, MOST_PARTS), 1)
        return parts(n_rows, number) or [(0, 0)]

    @classmethod
    def take(cls, key):
        """Return a plan that nobody else uses."""
        return take_plan(key) or cls(key)

    def give_back(self):
        """Keep the plan for a later run."""
        for layer in self.layers:
            layer.forget()
        n_bytes = sum(array.nbytes for array in self._between)
        if self.key.keep or n_bytes < WORTH_KEEPING:
            keep_plan(self.key, self)
