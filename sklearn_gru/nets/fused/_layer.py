"""The compiled GRU layer as an operation of torch."""

import numpy as np
import torch

from sklearn_gru.nets.buffers import borrow, give_back
from sklearn_gru.nets.fused._gru import (
    as_torch_has_them,
    backward,
    forward,
    packed_weights,
    transposed_weights,
)
from sklearn_gru.nets.threads import n_threads, on_threads, parts

# With fewer multiplications, a second thread costs more than it takes over.
WORTH_A_THREAD = 20_000_000
# Gradients are summed over parts of the batch, and then over the parts: at most so
# many, each of at least so many rows, times steps.
MOST_PARTS = 8
ROWS_OF_A_PART = 16
STEPS_OF_A_PART = 128


def fused_gru(x, state, cell):
    """Run a GRU layer over time.

    Parameters
    ----------
    x : Tensor of shape (B, T, input_size), or of integers, (B, T)
        Is converted to the weights' dtype.
    state : Tensor of shape (B, units), or None
        None is all zeros.
    cell : sklearn_gru.nets.cells.GRU
        Whose parameters apply.

    Returns
    -------
    hidden : Tensor of shape (B, T, units)
        A view: in memory, time is the first axis.
    last : Tensor of shape (B, units)
        The last of them. Who needs no others should use this one: then the backward
        pass need not add up gradients that are zero.
    """
    parameters = parameters_of(cell)
    if x.is_floating_point():
        x = x.to(parameters[0].dtype)
    x = x.transpose(0, 1).contiguous()  # (T, B, input_size) or (T, B)
    if torch.is_grad_enabled() and any(map(_has_gradient, (x, state, *parameters))):
        hidden, last = _FusedGRU.apply(variant_of(cell), x, state, *parameters)
    else:
        once = _Pass(variant_of(cell), x, state, *parameters)
        hidden = once.forward(_kept_weights(cell, once), keep=False)[1:]
        last = hidden[-1]
    return hidden.transpose(0, 1), last


def _has_gradient(tensor):
    return tensor is not None and tensor.requires_grad


def _kept_weights(cell, once):
    """Arrange the weights; of a frozen layer only if that was not done."""
    if cell.arranged is None:
        return once.weights()
    if once.reads_symbols not in cell.arranged:
        cell.arranged[once.reads_symbols] = once.weights()
    return cell.arranged[once.reads_symbols]


class _FusedGRU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, variant, *inputs):
        once = _Pass(variant, *inputs)
        hidden = once.forward(once.weights(), keep=True)
        ctx.once = once
        # Only so that torch notices when they are overwritten before `backward`.
        ctx.save_for_backward(hidden, *inputs)
        ctx.set_materialize_grads(False)
        return hidden[1:], hidden[-1].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_hidden, d_last):
        hidden, *_ = ctx.saved_tensors
        wants_d_x = ctx.needs_input_grad[1]
        gradients = ctx.once.backward(hidden.numpy(), d_hidden, d_last, wants_d_x)
        wanted = zip(gradients, ctx.needs_input_grad[1:], strict=True)
        return None, *(torch.from_numpy(g) if wants else None for g, wants in wanted)


class _Pass:
    """One run over the arrays of a batch, forward and backward."""

    def __init__(self, variant, x, state, *parameters):
        self.variant = self.reset_after, _ = variant
        self.gates = None
        self.parameters = [parameter.detach().numpy() for parameter in parameters]
        _, w_h, _, _ = self.parameters
        self.dtype, self.units = w_h.dtype, w_h.shape[1]
        self.n_steps, self.n_rows = x.shape[:2]
        self.x = x.detach().numpy()
        self.reads_symbols = self.x.ndim == 2
        if self.reads_symbols:
            self.symbols, self.x = self.x, np.empty((*self.x.shape, 0), self.dtype)
        else:
            self.symbols = NO_SYMBOLS
        self.state = np.empty((0, self.units), self.dtype)
        if state is not None:
            self.state = state.detach().contiguous().numpy()
        products = self.n_steps * self.n_rows * w_h.size
        self.is_large = products >= WORTH_A_THREAD

    def weights(self):
        """Arrange the weights for `forward`."""
        return packed_weights(*self.parameters, self.reset_after, self.reads_symbols)

    def forward(self, weights, keep):
        """Return the hidden states (T + 1, B, units), the initial one first."""
        hidden = np.empty((self.n_steps + 1, self.n_rows, self.units), self.dtype)
        kept_steps = self.n_steps if keep else 1
        self.gates = borrow((kept_steps, self.n_rows, 4 * self.units), self.dtype)
        arrays = self.x, self.symbols, self.state, *weights, hidden, self.gates
        threads = n_threads() if self.is_large else 1
        on_threads(
            lambda start, stop: forward(*arrays, start, stop, *self.variant),
            parts(self.n_rows, threads),
            threads,
        )
        return torch.from_numpy(hidden)

    def backward(self, hidden, d_hidden, d_last, wants_d_x):
        """Return the gradients of x, the state, w_x, w_h, b_x and b_h."""
        units, (w_x, w_h, _, _) = self.units, self.parameters
        none = np.zeros((1, self.n_rows, units), self.dtype)
        d_hidden = none if d_hidden is None else d_hidden.contiguous().numpy()
        d_state = none[0] if d_last is None else d_last.numpy()
        d_state = d_state.copy()
        d_x = np.empty(self.x.shape if wants_d_x else (0, 0, 0), self.dtype)
        ranges = self.ranges()
        d_w_x = np.zeros((len(ranges), w_x.shape[1], 3 * units), self.dtype)
        d_w_h = np.zeros((len(ranges), units, 3 * units), self.dtype)
        d_bias = np.zeros((len(ranges), 4 * units), self.dtype)
        weights = transposed_weights(w_x, w_h, self.reset_after, wants_d_x)
        arrays = self.x, self.symbols, *weights, hidden, self.gates
        starts_at_zero = len(self.state) == 0

        def run(part, start, stop):
            totals = d_w_x[part], d_w_h[part], d_bias[part]
            gradients = d_hidden, d_state, d_x, *totals
            backward(*arrays, starts_at_zero, *gradients, start, stop, *self.variant)

        numbered = [(part, *ends) for part, ends in enumerate(ranges)]
        on_threads(run, numbered, n_threads())
        gradients = as_torch_has_them(d_w_x, d_w_h, d_bias, self.reset_after)
        return d_x, d_state, *gradients

    def ranges(self):
        """Divide the rows for `backward`, by their number alone: sums depend on it."""
        number = 1
        if self.is_large:
            by_rows = max(self.n_rows // ROWS_OF_A_PART, 2)
            by_steps = self.n_rows * self.n_steps // STEPS_OF_A_PART
            number = max(min(by_rows, by_steps, MOST_PARTS), 1)
        return parts(self.n_rows, number) or [(0, 0)]

    def __del__(self):
        # Not before: as long as the graph exists, there may be a backward pass.
        if self.gates is not None:
            give_back(self.gates)


NO_SYMBOLS = np.empty((0, 0), np.int64)


def parameters_of(cell):
    """List a layer's parameters: w_x, w_h, b_x, b_h."""
    # Attribute by attribute takes five times as long, which shows in short steps.
    return list(cell._parameters.values())


def variant_of(cell):
    """Return a layer's `reset_after`, and whether its activation is relu."""
    return cell.reset_after, cell.act is torch.relu
