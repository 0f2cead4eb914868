"""The compiled GRU layer as an operation of torch."""

import numpy as np
import torch

from sklearn_gru.nets.buffers import borrow, give_back
from sklearn_gru.nets.fused._gru import (
    ROWS_OF_A_SUM,
    add_by_symbol,
    backward,
    forward,
)
from sklearn_gru.nets.fused._matmul import (
    add_product_in_parts,
    pack,
    transposed_product,
)
from sklearn_gru.nets.threads import in_parts, n_threads

# With fewer multiplications, a second thread costs more than it takes over.
WORTH_A_THREAD = 40_000_000


def fused_gru(x, state, cell):
    """Run a GRU layer over time.

    Parameters
    ----------
    x : Tensor of shape (B, T, input_size), or of integers, (B, T)
    state : Tensor of shape (B, units)
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
    variant = variant_of(cell)
    x = x.transpose(0, 1).contiguous()  # (T, B, input_size) or (T, B)
    inputs = (x, state, *parameters_of(cell))
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        hidden, last = _FusedGRU.apply(variant, *inputs)
    else:
        once = _Pass(variant, *inputs)
        weights = _kept_weights(cell, once)
        hidden = once.forward(weights, keep=False)[1:]
        last = hidden[-1]
    return hidden.transpose(0, 1), last


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
        if d_hidden is None:
            d_hidden = torch.zeros_like(hidden[:1])
        if d_last is None:
            d_last = torch.zeros_like(hidden[0])
        d_hidden, d_last = d_hidden.contiguous().numpy(), d_last.contiguous().numpy()
        wants_d_x = ctx.needs_input_grad[1]
        gradients = ctx.once.backward(hidden.numpy(), d_hidden, d_last, wants_d_x)
        return None, *gradients


class _Pass:
    """One run over the arrays of a batch, forward and backward."""

    def __init__(self, variant, x, state, w_x, w_h, b_x, b_h):
        self.variant = self.reset_after, _ = variant
        self.gates = None
        self.state = state.detach()
        self.w_x, self.w_h, self.b_x, self.b_h = (
            parameter.detach().numpy() for parameter in (w_x, w_h, b_x, b_h)
        )
        self.n_steps, self.n_rows = x.shape[:2]
        self.units = state.shape[1]
        self.reads_symbols = not x.is_floating_point()
        self.x = x.detach().numpy()
        products = self.n_steps * self.n_rows * self.w_h.size
        self.n_threads = n_threads() if products >= WORTH_A_THREAD else 1

    def weights(self):
        """Arrange the weights for `forward`."""
        parameters = self.w_x, self.w_h, self.b_x, self.b_h
        return packed_weights(*parameters, self.reset_after, self.reads_symbols)

    def forward(self, weights, keep):
        """Return the hidden states (T + 1, B, units), the initial one first."""
        units, n_rows = self.units, self.n_rows
        shape = (self.n_steps + 1, n_rows, units)
        hidden = torch.empty(shape, dtype=self.state.dtype)
        hidden[0] = self.state
        kept_steps = self.n_steps if keep else 1
        self.gates = borrow((kept_steps, n_rows, 4 * units), self.w_h.dtype)
        x, symbols = self.x, np.empty((0, 0), np.int64)
        if self.reads_symbols:
            x, symbols = np.empty((*self.x.shape, 0), self.w_h.dtype), self.x
        arrays = (x, symbols, *weights, hidden.numpy(), self.gates)
        in_parts(
            lambda start, stop: forward(*arrays, start, stop, *self.variant),
            n_rows,
            self.n_threads,
        )
        return hidden

    def backward(self, hidden, d_hidden, d_last, wants_d_x):
        """Return the gradients of x, state, w_x, w_h, b_x and b_h."""
        units = self.units
        n_direct = 3 * units if self.reset_after else 2 * units
        d_state = d_last.copy()
        d_gates = borrow(self.gates.shape, self.gates.dtype)
        n_groups = -(-self.n_rows // ROWS_OF_A_SUM)
        d_biases = np.zeros((n_groups, 4 * units), d_gates.dtype)
        arrays = (
            hidden,
            self.gates,
            d_hidden,
            pack(self.w_h[:n_direct]),
            pack(self.w_h[2 * units :]),
            d_state,
            d_gates,
            d_biases,
        )
        in_parts(
            lambda start, stop: backward(*arrays, start, stop, *self.variant),
            self.n_rows,
            self.n_threads,
        )
        d_sums = d_gates.reshape(-1, 4 * units)  # (T * B, 4 * units)
        d_bias = d_biases.sum(axis=0)
        d_w_h = self._d_w_h(hidden, d_sums)
        d_b_x = _n_last(d_bias[: 3 * units], units)
        d_b_h = d_b_x.copy()
        if self.reset_after:
            d_b_h[2 * units :] = d_bias[3 * units :]
        d_x = self._d_x(d_sums) if wants_d_x else None
        gradients = (d_x, d_state, self._d_w_x(d_sums), d_w_h, d_b_x, d_b_h)
        give_back(d_gates)
        return [None if g is None else torch.from_numpy(g) for g in gradients]

    def __del__(self):
        # Not before: as long as the graph exists, there may be a backward pass.
        if self.gates is not None:
            give_back(self.gates)

    def _d_w_h(self, hidden, d_sums):
        units = self.units
        before = hidden[:-1].reshape(-1, units)
        if self.reset_after:
            return transposed_product(before, d_sums[:, units:], self.n_threads).T
        r_and_z = transposed_product(
            before, d_sums[:, units : 3 * units], self.n_threads
        )
        reset = self.gates.reshape(-1, 4 * units)[:, 3 * units :]
        n = transposed_product(reset, d_sums[:, :units], self.n_threads)
        return np.concatenate([r_and_z.T, n.T])

    def _d_w_x(self, d_sums):
        d_sums = d_sums[:, : 3 * self.units]
        if self.reads_symbols:
            total = np.zeros((self.w_x.shape[1], 3 * self.units), d_sums.dtype)
            add_by_symbol(total, self.x.reshape(-1), d_sums)
        else:
            x = self.x.reshape(len(d_sums), -1)
            total = transposed_product(x, d_sums, self.n_threads)
        return _n_last(total.T, self.units)

    def _d_x(self, d_sums):
        panels = pack(_n_first(self.w_x, self.units))
        d_x = np.zeros((len(d_sums), self.x.shape[2]), d_sums.dtype)
        sums = d_sums[:, : 3 * self.units]
        add_product_in_parts(d_x, sums, panels, self.n_threads)
        return d_x.reshape(self.x.shape)


def parameters_of(cell):
    """List a layer's parameters: w_x, w_h, b_x, b_h."""
    return [
        getattr(cell, name)
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    ]


def variant_of(cell):
    """Return a layer's `reset_after`, and whether its activation is relu."""
    return cell.reset_after, cell.act is torch.relu


def packed_weights(w_x, w_h, b_x, b_h, reset_after, reads_symbols):
    """Arrange a layer's parameters as `forward` takes them.

    Returns
    -------
    tuple
        offsets, w_x, w_h, w_n
    """
    units = w_h.shape[1]
    w_x = _n_first(w_x, units)
    offset = np.zeros(4 * units, w_h.dtype)
    offset[: 3 * units] = _n_first(b_x, units)
    offset[units : 3 * units] += b_h[: 2 * units]
    if reset_after:
        offset[3 * units :] = b_h[2 * units :]
    else:
        offset[:units] += b_h[2 * units :]
    offsets = offset[None]
    if reads_symbols:
        offsets = np.repeat(offsets, w_x.shape[1], axis=0)
        offsets[:, : 3 * units] += w_x.T
        w_x = w_x[:, :0]
    n_direct = 3 * units if reset_after else 2 * units
    return offsets, pack(w_x.T), pack(w_h[:n_direct].T), pack(w_h[2 * units :].T)


def _n_first(rows, units):
    """Reorder the parts (r, z, n) of the first axis as (n, r, z)."""
    return np.concatenate([rows[2 * units :], rows[: 2 * units]])


def _n_last(rows, units):
    """Undo `_n_first`."""
    return np.concatenate([rows[units:], rows[:units]])
