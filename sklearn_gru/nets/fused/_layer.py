"""The arrays of one recurrent layer in one direction, over batches of one size."""

import sys
from math import prod

import numpy as np
import torch

from sklearn_gru.nets.buffers import borrow, give_back
from sklearn_gru.nets.fused._kernels import Record, address, laid_out
from sklearn_gru.nets.fused._layout import Adjoint, Part, Run
from sklearn_gru.nets.fused._packing import Sums
from sklearn_gru.nets.fused._parameters import (
    Parameters,
    Sizes,
    addresses_of,
    weights_record,
)
from sklearn_gru.nets.fused._products import DEPTH

# What a run reads where no state is ever reset.
NEVER = np.zeros(1, np.int64)


class Layer:
    """One layer in one direction, over batches of one size.

    Parameters
    ----------
    kernel : Recurrence
    shape : Shape
    ranges : list of (int, int)
        The parts of the batch whose gradients are summed apart.
    """

    def __init__(self, kernel, shape, ranges):
        self._memory = self._resets = None
        self.kernel, self.shape = kernel, shape
        self.sizes = sizes = Sizes(kernel, shape)
        itemsize = kernel.dtype.itemsize
        kept = prod(sizes.kept) * itemsize
        n_kept = [_n_kept(shape, stop - start) for start, stop in ranges]
        blocks = [kept, sizes.state, sizes.state, *sizes.packed]
        if shape.keep:
            blocks += [sizes.state, *sizes.transposed]
            blocks += [sum(sizes.gradients) * len(ranges)]
            blocks += [size * n for n in n_kept for size in sizes.collected]
        offsets, end = laid_out(blocks)
        self._memory = borrow((end + 1,), np.uint8)
        start = address(self._memory)
        places = [start + offset for offset in offsets]
        self._kept, self._initial, self._zeroed, *places = places
        self._packed, places = tuple(places[:4]), places[4:]
        self._run = Record(self._run_fields())
        self._weights = weights_record(shape, self._packed)
        if shape.keep:
            self._lay_out_backward(ranges, n_kept, places)

    def __del__(self, is_finalizing=sys.is_finalizing):
        # At the end of a process, `give_back` may already be gone.
        if self._memory is not None and not is_finalizing():
            give_back(self._memory)

    @property
    def n_bytes(self):
        """Bytes of all arrays."""
        return self._memory.nbytes

    def _run_fields(self):
        shape, itemsize = self.shape, self.kernel.dtype.itemsize
        several_steps = shape.keep and shape.n_steps > 1
        symbol_row = 8 if shape.reads_symbols else 0
        never = address(NEVER)
        return Run(
            n_steps=shape.n_steps,
            n_rows=shape.n_rows,
            n_inputs=0 if shape.reads_symbols else shape.n_features,
            units=shape.units,
            is_backward=shape.direction,
            starts_at_zero=1,
            x=0,
            symbols=never,
            symbol_step=symbol_row * shape.n_rows,
            symbol_row=symbol_row,
            resets=never,
            reset_step=0,
            reset_row=0,
            any_reset=never,
            any_reset_step=0,
            initial=self._initial,
            zeroed=self._zeroed,
            offsets=0,
            w_x=0,
            w_h=0,
            w_inner=0,
            hidden=0,
            hidden_row=shape.n_directions * shape.units * itemsize,
            kept=self._kept,
            kept_step=prod(self.sizes.kept[1:]) * itemsize if several_steps else 0,
        )

    def _lay_out_backward(self, ranges, n_kept, places):
        shape, itemsize = self.shape, self.kernel.dtype.itemsize
        row = shape.n_directions * shape.units * itemsize
        self._d_state, *transposed, gradients = places[:5]
        collected = places[5:]
        self._transposed = weights_record(shape, (0, 0, 0, 0), transposed)
        u_x, u_h, u_inner = transposed
        fields = Adjoint(u_x, u_h, u_inner, 0, row * shape.n_rows, row, 0, 0, 0, 0)
        self._adjoint = Record(fields)
        part_bytes = sum(self.sizes.gradients)
        length = part_bytes // itemsize
        self._parts = []
        for number, ((start, stop), n) in enumerate(zip(ranges, n_kept, strict=True)):
            own = collected[4 * number : 4 * number + 4]
            sums = self._sums_of(gradients + number * part_bytes)
            self._parts.append(Record(Part(start, stop, n, *own, length, *sums)))
        self._sums = Record(
            Sums(
                shape.units,
                shape.n_features,
                len(ranges),
                length,
                *self._sums_of(gradients),
                0,
                0,
                0,
                0,
            )
        )

    def _sums_of(self, start):
        """Return the addresses of a part's gradients."""
        w_x, w_h, w_inner, _ = self.sizes.gradients
        return start, start + w_x, start + w_x + w_h, start + w_x + w_h + w_inner

    def begin(self, parameters, packed, x, hidden, state):
        """Set what the next run reads and writes.

        Parameters
        ----------
        parameters : Parameters
        packed : Packed or None
            None packs the parameters.
        x, hidden : int
            Addresses of the arrays (T, B, n_features), or of int64, (T, B), and (T, B,
            n_directions * units).
        state : Tensor of shape (n_states, B, units) or None
            The state before the first step; None is all zeros.
        """
        self.parameters, self.packed, self.state = parameters, packed, state
        shape, itemsize = self.shape, self.kernel.dtype.itemsize
        offsets, w_x, w_h, w_inner = packed.addresses if packed else self._packed
        inputs = {"symbols" if shape.reads_symbols else "x": x}
        self._run.set(
            starts_at_zero=state is None,
            initial=self._initial if state is None else state.data_ptr(),
            offsets=offsets,
            w_x=w_x,
            w_h=w_h,
            w_inner=w_inner,
            hidden=hidden + shape.direction * shape.units * itemsize,
            **inputs,
        )
        if packed is None:
            self._weights.set(**addresses_of(parameters))
            self.kernel.pack(self._weights.address)

    def reset(self, resets):
        """Set states to zero before some steps of the next run.

        Parameters
        ----------
        resets : Tensor of shape (T, B), bool, or None
        """
        if resets is None and self._resets is None:
            return
        self._resets, never = None, address(NEVER)
        given, any_reset, size = never, never, 0
        if resets is not None:
            numbers = resets.to(torch.int64).contiguous()
            self._resets = numbers, resets.any(dim=1).to(torch.int64)
            given, any_reset = (tensor.data_ptr() for tensor in self._resets)
            size = numbers.itemsize
        self._run.set(
            resets=given,
            reset_step=self.shape.n_rows * size,
            reset_row=size,
            any_reset=any_reset,
            any_reset_step=size,
        )

    def forward(self, start, stop):
        """Run some rows of the batch through time."""
        self.kernel.forward(self._run.address, start, stop)

    @property
    def output_step(self):
        """Bytes from one time step of the output to the next."""
        shape = self.shape
        row = shape.n_directions * shape.units * self.kernel.dtype.itemsize
        return shape.n_rows * row

    def last_memory(self):
        """List what the last state has besides the hidden state, as tensors."""
        memory = self.kernel.cell.memory
        if not memory:
            return []
        nbytes = prod(self.sizes.kept) * self.kernel.dtype.itemsize
        offset = self._kept - address(self._memory)
        kept = self._memory[offset : offset + nbytes].view(self.kernel.dtype)
        steps = torch.from_numpy(
            kept.reshape(*self.sizes.kept[:2], -1, self.shape.units)
        )
        last = steps[0 if self.shape.direction else -1]
        return [last[:, part] for part in memory]

    def begin_backward(self, d_hidden, d_hidden_step, d_last, d_x):
        """Set what the next backward pass reads and writes.

        Parameters
        ----------
        d_hidden : int
            The address of an array (T, B, n_directions * units).
        d_hidden_step : int
            Bytes from one time step to the next; 0 if all have the same gradient.
        d_last : Tensor of shape (n_states, B, units) or None
        d_x : int
            The address of an array like x that is filled, or added to by the first of
            two directions, which run last first; 0 if its gradient is not wanted.
        """
        shape, itemsize = self.shape, self.kernel.dtype.itemsize
        is_last = shape.direction == shape.n_directions - 1
        self.d_last = None if d_last is None else d_last.contiguous()
        self.d_state = None if self.state is None else torch.empty_like(self.state)
        self._adjoint.set(
            d_hidden=d_hidden + shape.direction * shape.units * itemsize,
            d_hidden_step=d_hidden_step,
            d_last=0 if d_last is None else self.d_last.data_ptr(),
            d_state=self._d_state if self.state is None else self.d_state.data_ptr(),
            d_x=d_x,
            adds_d_x=not is_last,
        )
        weight_ih, weight_hh, _, _ = self.parameters
        self._transposed.set(
            weight_ih=weight_ih.data_ptr() if d_x else 0, weight_hh=weight_hh.data_ptr()
        )
        self.kernel.pack_transposed(self._transposed.address)

    def backward(self, part):
        """Run the adjoint of the rows of one part."""
        addresses = self._run.address, self._adjoint.address, self._parts[part].address
        self.kernel.backward(*addresses)

    def gradients(self):
        """Return the gradients of the parameters."""
        gradients = Parameters(*map(torch.empty_like, self.parameters))
        self._sums.set(**addresses_of(gradients))
        self.kernel.add_up(self._sums.address)
        return gradients

    def forget(self):
        """Drop the tensors that a run has brought."""
        self.parameters = self.packed = self.state = None
        self.d_last = self.d_state = None


def _n_kept(shape, n_rows):
    """Return how many rows of factors are collected before they are multiplied."""
    return min(DEPTH // max(n_rows, 1) + 1, shape.n_steps) * n_rows
