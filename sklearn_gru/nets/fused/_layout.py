"""The arrays of a run, and where things lie in them.

A run is one layer in one direction. In memory, time is the first axis of all arrays,
rows of the batch are the second, and the parts of a row lie side by side.
"""

from typing import NamedTuple

from sklearn_gru.nets.fused._code import Number
from sklearn_gru.nets.fused._lanes import (
    SIZES,
    clear_lanes,
    copy_lanes,
    for_all_lanes,
)
from sklearn_gru.nets.fused._products import Matrix


class Run(NamedTuple):
    """What both passes read: sizes, and addresses of arrays.

    A `_step` is the bytes from one time step to the next, 0 where all steps share one
    entry; a `_row` is the bytes from one row of the batch to the next.
    """

    n_steps: Number
    n_rows: Number
    n_inputs: Number  # 0 if the inputs are symbols
    units: Number
    is_backward: Number  # 1 if the last time step is read first
    starts_at_zero: Number  # 1 if the initial state is zero and needs no gradient
    x: Number  # (T, B, n_inputs)
    symbols: Number  # int64: the row of `offsets` that a row's sums begin with
    symbol_step: Number
    symbol_row: Number
    resets: Number  # int64: 1 where a row's state is set to zero before the step
    reset_step: Number
    reset_row: Number
    any_reset: Number  # int64: whether any row has a reset at a step
    any_reset_step: Number
    initial: Number  # (n_states, B, units)
    zeroed: Number  # (n_states, B, units), for states of which some are reset
    offsets: Number  # (n_symbols, n_sums * units)
    w_x: Number  # packed, as the next two
    w_h: Number
    w_inner: Number
    hidden: Number  # (T, B, ...): output
    hidden_row: Number
    kept: Number  # (T, B, n_parts * units): output
    kept_step: Number  # 0 if no backward pass will follow


class Adjoint(NamedTuple):
    """What the backward pass reads and writes besides a `Run`."""

    u_x: Number  # the transposes of the run's weights, packed
    u_h: Number
    u_inner: Number
    d_hidden: Number  # (T, B, ...), the gradient of the output
    d_hidden_step: Number
    d_hidden_row: Number
    d_last: Number  # (n_states, B, units), the gradient of the last state; 0 if none
    d_state: Number  # (n_states, B, units): output, the gradient of the first state
    d_x: Number  # (T, B, n_inputs); 0 if it is not wanted
    adds_d_x: Number  # 1 if `d_x` already holds a gradient, to be added to


class Part(NamedTuple):
    """The rows of the batch that a call of the backward pass is for, and its arrays.

    The gradients from these rows lie side by side. The factors of the weights'
    gradients are collected over a few steps in arrays with `n_kept` rows, and then
    multiplied in one long product.
    """

    start: Number
    stop: Number
    n_kept: Number
    sums: Number  # (n_kept, n_gradients * units)
    states: Number  # (n_kept, n_states * units)
    inners: Number  # (n_kept, units)
    inputs: Number  # (n_kept, n_inputs)
    length: Number  # numbers in all gradients of this part
    d_w_x: Number  # (n_inputs or n_symbols, len(from_input) * units): output
    d_w_h: Number  # (units, len(from_state_itself) * units)
    d_w_inner: Number  # (units, units)
    d_bias: Number  # (n_sums * units,)


class Layout:
    """Where things lie in the arrays of a run, for some rows of the batch."""

    def __init__(self, code, cell, run, start, stop):
        self.code = code
        self.cell = cell
        self.run = run
        self.start = start
        self.n_rows = stop - start
        self.size = SIZES[code.dtype]

    def time(self, step):
        """Return the index in time of a step of the recurrence."""
        backward = self.run.is_backward.compared("!=", 0)
        return self.code.either(backward, self.run.n_steps - 1 - step, step)

    def is_at_zero(self, step):
        """Return 1 if no product with the state before a step is needed, else 0."""
        first = step.compared("==", 0)
        return self.code.either(first, self.run.starts_at_zero, 0)

    def is_reset(self, t, row):
        place = self.run.resets + t * self.run.reset_step
        reset = self.code.load(place + (self.start + row) * self.run.reset_row)
        return reset.compared("!=", 0)

    def matrix(self, start, width):
        """Return a matrix of `n_rows` rows without gaps."""
        size = self.code.number(self.size)
        return Matrix(start, self.n_rows, width, width * self.size, size)

    def rows(self, start, width, row):
        """Return the rows of this part of the batch; `start` is the batch's first."""
        matrix = self.matrix(start + row * self.start, width)
        return matrix._replace(row=row)

    def x(self, t, start=None):
        """Return the inputs of a time step, or what lies like them in another array."""
        start, width = start or self.run.x, self.run.n_inputs
        row = width * self.size
        return self.rows(start + t * self.run.n_rows * row, width, row)

    def kept(self, t):
        width = self.run.units * self.cell.n_parts
        start = self.run.kept + t * self.run.kept_step
        return self.rows(start, width, width * self.size)

    def hidden(self, t):
        start = self.run.hidden + t * self.run.n_rows * self.run.hidden_row
        return self.rows(start, self.run.units, self.run.hidden_row)

    def state_matrices(self, start):
        """Return an array (n_states, B, units) as matrices."""
        units = self.run.units
        row = units * self.size
        return [
            self.rows(start + self.run.n_rows * row * k, units, row)
            for k in range(self.cell.n_states)
        ]

    def after(self, t):
        """Return where a step leaves the state, a matrix for each of its parts."""
        memories = (self.part(self.kept(t), part) for part in self.cell.memory)
        return [self.hidden(t), *memories]

    def before(self, step):
        """Return where the state before a step lies."""
        first = step.compared("==", 0)
        pairs = zip(
            self.state_matrices(self.run.initial),
            self.after(self.time(step - 1)),
            strict=True,
        )
        return [
            initial._replace(
                start=self.code.either(first, initial.start, earlier.start),
                row=self.code.either(first, initial.row, earlier.row),
            )
            for initial, earlier in pairs
        ]

    def part(self, matrix, part):
        return matrix.columns(self.run.units * part, self.run.units)

    def parts(self, matrix, row):
        """Return the addresses of a row's parts."""
        start, n_parts = matrix[row], max(self.cell.n_parts, self.cell.n_gradients)
        return [start + self.run.units * (self.size * k) for k in range(n_parts)]

    def sums(self, matrix, sums):
        """Return the columns of adjoining sums."""
        units = self.run.units
        return matrix.columns(units * min(sums), units * len(sums))

    def copy_state(self, t, row, sources, targets):
        """Copy the state of a row, or zeros if the row is reset at this step."""
        code, units = self.code, self.run.units
        with code.when_else(self.is_reset(t, row)) as (is_reset, goes_on):
            with is_reset:
                for target in targets:
                    for_all_lanes(code, clear_lanes, units, [target[row]])
            with goes_on:
                for source, target in zip(sources, targets, strict=True):
                    for_all_lanes(code, copy_lanes, units, [source[row]], [target[row]])


def of_row(matrices, row):
    """Return the addresses of a row of several matrices."""
    return [matrix[row] for matrix in matrices]
