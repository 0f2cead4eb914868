"""Compiled GRU layers as an operation of torch."""

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

# With fewer multiplications, a second thread costs more time than it saves.
WORTH_A_THREAD = 20_000_000
# Gradients are summed within parts of the batch, and then over the parts. There are at
# most MOST_PARTS, each with about ROWS_OF_A_PART rows or more, and with
# STEPS_OF_A_PART time steps or more when those of all its rows are counted.
MOST_PARTS = 8
ROWS_OF_A_PART = 16
STEPS_OF_A_PART = 128


def fused_gru(x, states, cells):
    """Run GRU layers over time, each on the hidden states of the layer below.

    Parameters
    ----------
    x : Tensor of shape (B, T, input_size), or of integers, (B, T)
        Converted to the weights' dtype.
    states : sequence of Tensor of shape (1, B, units), or of None
        One per layer; None is all zeros.
    cells : sequence of sklearn_gru.nets.cells.GRU
        The layers.

    Returns
    -------
    hidden : Tensor of shape (B, T, units)
        The last layer's. A view: in memory, time is the first axis.
    last : tuple of Tensor of shape (1, B, units)
        The last state of every layer. If no other states are needed, use these and not
        `hidden`: the backward pass then adds up no gradients that are zero.
    """
    parameters = [weight for cell in cells for weight in parameters_of(cell)]
    if x.is_floating_point():
        x = x.to(parameters[0].dtype)
    x = x.transpose(0, 1).contiguous()  # (T, B, input_size) or (T, B)
    inputs = x, *states, *parameters
    if torch.is_grad_enabled() and any(map(_has_gradient, inputs)):
        hidden, *last = _FusedGRU.apply(list(map(variant_of, cells)), *inputs)
    else:
        layers = _layers(list(map(variant_of, cells)), inputs, keep=False)
        for cell, layer in zip(cells, layers, strict=True):
            layer.weights = _kept_weights(cell, layer)
        hidden, *last = _forward(layers)
    return hidden.transpose(0, 1), tuple(last)


def _has_gradient(tensor):
    return tensor is not None and tensor.requires_grad


def _kept_weights(cell, layer):
    """Return the packed weights; a frozen layer packs them once and keeps them."""
    if cell.arranged is None:
        return layer.arranged()
    if layer.reads_symbols not in cell.arranged:
        cell.arranged[layer.reads_symbols] = layer.arranged()
    return cell.arranged[layer.reads_symbols]


class _FusedGRU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, variants, *inputs):
        ctx.layers = _layers(variants, inputs, keep=True)
        for layer in ctx.layers:
            layer.weights = layer.arranged()
        hidden, *last = _forward(ctx.layers)
        # Saved only so that torch notices if they are overwritten before `backward`.
        ctx.save_for_backward(hidden, *inputs)
        ctx.set_materialize_grads(False)
        return hidden, *(state.clone() for state in last)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_hidden, *d_last):
        _ = ctx.saved_tensors  # raises if one was overwritten
        _, wants_d_x, *_ = ctx.needs_input_grad
        gradients = _backward(ctx.layers, d_hidden, d_last, wants_d_x)
        wanted = zip(gradients, ctx.needs_input_grad[1:], strict=True)
        return None, *(torch.from_numpy(g) if wants else None for g, wants in wanted)


def _layers(variants, inputs, keep):
    """Lay out the arrays of a run; each layer reads the states of the one below."""
    x, *inputs = inputs
    x, layers = x.detach().numpy(), []
    for i, variant in enumerate(variants):
        parameters = inputs[len(variants) + 4 * i :][:4]
        layers.append(_Layer(variant, x, inputs[i], parameters, keep))
        x = layers[-1].hidden[1:]
    return layers


def _forward(layers):
    """Return the last layer's states (T, B, units), and every layer's last state."""

    def run(start, stop):
        for layer in layers:
            layer.forward(start, stop)

    threads = n_threads() if _are_large(layers) else 1
    on_threads(run, parts(layers[0].n_rows, threads), threads)
    hidden = torch.from_numpy(layers[-1].hidden)[1:]
    below = [torch.from_numpy(layer.hidden[-1:]) for layer in layers[:-1]]
    return hidden, *below, hidden[-1:]


def _backward(layers, d_hidden, d_last, wants_d_x):
    """Return the gradients of x, of the states, and of all parameters."""
    ranges = _ranges(layers)
    if d_hidden is not None:
        d_hidden = d_hidden.contiguous().numpy()
    for i, layer in reversed(list(enumerate(layers))):
        wants = wants_d_x or i > 0
        layer.prepare_backward(d_hidden, d_last[i], wants, len(ranges))
        d_hidden = layer.d_x

    def run(part, start, stop):
        for layer in reversed(layers):
            layer.backward(part, start, stop)

    on_threads(run, [(i, *ends) for i, ends in enumerate(ranges)], n_threads())
    parameters = [gradient for layer in layers for gradient in layer.gradients()]
    return [layers[0].d_x, *(layer.d_state for layer in layers), *parameters]


def _ranges(layers):
    """Divide the rows for `_backward`, by sizes alone: sums depend on the division."""
    n_rows, number = layers[0].n_rows, 1
    if _are_large(layers):
        by_rows = max(n_rows // ROWS_OF_A_PART, 2)
        by_steps = n_rows * layers[0].n_steps // STEPS_OF_A_PART
        number = max(min(by_rows, by_steps, MOST_PARTS), 1)
    return parts(n_rows, number) or [(0, 0)]


def _are_large(layers):
    return sum(layer.n_products for layer in layers) >= WORTH_A_THREAD


class _Layer:
    """One layer's arrays in a run over a batch, forward and backward."""

    def __init__(self, variant, x, state, parameters, keep):
        self.gates = None
        self.variant = self.reset_after, _ = variant
        self.parameters = [parameter.detach().numpy() for parameter in parameters]
        _, w_h, _, _ = self.parameters
        self.dtype, self.units = w_h.dtype, w_h.shape[1]
        self.n_steps, self.n_rows = x.shape[:2]
        self.n_products = self.n_steps * self.n_rows * w_h.size
        self.reads_symbols = x.ndim == 2
        self.x, self.symbols = x, NO_SYMBOLS
        if self.reads_symbols:
            self.x, self.symbols = np.empty((*x.shape, 0), self.dtype), x
        self.state = np.empty((0, self.units), self.dtype)
        if state is not None:
            self.state = state.detach().contiguous().numpy()[0]
        # The initial state comes first.
        shape = self.n_steps + 1, self.n_rows, self.units
        self.hidden = np.empty(shape, self.dtype)
        kept_steps = self.n_steps if keep else 1
        self.gates = borrow((kept_steps, self.n_rows, 4 * self.units), self.dtype)

    def __del__(self):
        # Not earlier: while torch's graph exists, a backward pass may follow.
        if self.gates is not None:
            give_back(self.gates)

    def arranged(self):
        """Return the weights, packed for `forward`."""
        return packed_weights(*self.parameters, self.reset_after, self.reads_symbols)

    def forward(self, start, stop):
        forward(
            self.x,
            self.symbols,
            self.state,
            *self.weights,
            self.hidden,
            self.gates,
            start,
            stop,
            *self.variant,
        )

    def prepare_backward(self, d_hidden, d_last, wants_d_x, n_parts):
        """Lay out the arrays of the gradients; `d_hidden` may be filled in later."""
        w_x, w_h, _, _ = self.parameters
        nothing = np.zeros((1, self.n_rows, self.units), self.dtype)
        self.d_hidden = nothing if d_hidden is None else d_hidden
        self.d_state = (nothing if d_last is None else d_last.numpy()).copy()
        self.d_x = np.empty(self.x.shape if wants_d_x else (0, 0, 0), self.dtype)
        self.turned = transposed_weights(w_x, w_h, self.reset_after, wants_d_x)
        self.d_w_x = np.zeros((n_parts, w_x.shape[1], 3 * self.units), self.dtype)
        self.d_w_h = np.zeros((n_parts, self.units, 3 * self.units), self.dtype)
        self.d_bias = np.zeros((n_parts, 4 * self.units), self.dtype)

    def backward(self, part, start, stop):
        backward(
            self.x,
            self.symbols,
            *self.turned,
            self.hidden,
            self.gates,
            len(self.state) == 0,
            self.d_hidden,
            self.d_state[0],
            self.d_x,
            self.d_w_x[part],
            self.d_w_h[part],
            self.d_bias[part],
            start,
            stop,
            *self.variant,
        )

    def gradients(self):
        """Return the gradients of w_x, w_h, b_x and b_h."""
        sums = self.d_w_x, self.d_w_h, self.d_bias
        return as_torch_has_them(*sums, self.reset_after)


NO_SYMBOLS = np.empty((0, 0), np.int64)


def parameters_of(cell):
    """List a layer's parameters: w_x, w_h, b_x, b_h."""
    # Reading attribute by attribute takes five times as long, which shows in short
    # steps.
    return list(cell._parameters.values())


def variant_of(cell):
    """Return a layer's `reset_after`, and whether its activation is relu."""
    return cell.reset_after, cell.act is torch.relu
