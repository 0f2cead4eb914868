"""The minimal gated unit, a cell with one gate: how a cell is added.

    f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)
    n_t = act(W_n x_t + U_n (f_t * h_{t-1}) + b_n)
    h_t = (1 - f_t) * h_{t-1} + f_t * n_t

Zhou et al. (2016), arXiv:1603.09420.
"""

from functools import cache

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_gru.nets.cells import ACTIVATIONS, Cell


class MGU(Cell, nn.Module):
    """Minimal gated unit."""

    GATES = ("forget",)

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = units
        self.activation = activation
        self.weight_ih_l0 = nn.Parameter(torch.empty(2 * units, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(2 * units, units))
        self.bias_ih_l0 = nn.Parameter(torch.empty(2 * units))
        self.bias_hh_l0 = nn.Parameter(torch.empty(2 * units))

    @property
    def compiled(self):
        return mgu(self.activation)

    def step(self, projected, h):
        act = ACTIVATIONS[self.activation]
        x_f, x_n = projected.chunk(2, dim=1)
        w_f, w_n = self.weight_hh_l0.chunk(2)
        b_f, b_n = self.bias_hh_l0.chunk(2)
        f = torch.sigmoid(x_f + F.linear(h, w_f, b_f))
        n = act(x_n + F.linear(f * h, w_n, b_n))
        return (1 - f) * h + f * n, (f,)


# The numbers that a step keeps for each unit: the sums of the two blocks of weights,
# overwritten with f and n, and the product f * h.
GATE, NEW, GATED = range(3)


@cache
def mgu(activation):
    """Return the compiled cell."""
    from sklearn_gru.nets.fused import CompiledCell, Inner
    from sklearn_gru.nets.fused import activations as lanes

    act, slope = lanes.ACTIVATIONS[activation]

    def gate(kept, before):
        kept[GATE] = lanes.sigmoid(kept[GATE])
        kept[GATED] = kept[GATE] * before[0]

    def step(kept, before, after):
        n = act(kept[NEW])
        kept[NEW] = n
        after[0] = kept[GATE].times_plus(n - before[0], before[0])

    def adjoint(kept, before, after, d_state, d_hidden, d_sums):
        f, n, h = kept[GATE], kept[NEW], before[0]
        dh = d_state[0] + d_hidden[0]
        d_sums[NEW] = slope(n, dh * f)
        d_sums[GATE] = dh * (n - h) * (f * (1.0 - f))
        d_state[0] = dh * (1.0 - f)

    def adjoint_of_gate(kept, before, d_state, d_sums):
        f, d_gated = kept[GATE], d_sums[GATED]
        d_sums[GATE] = d_sums[GATE] + d_gated * before[0] * (f * (1.0 - f))
        d_state[0] = d_gated.times_plus(f, d_state[0])

    return CompiledCell(
        n_parts=3,
        from_input=(GATE, NEW),
        from_state=(GATE, NEW),
        step=step,
        adjoint=adjoint,
        inner=Inner(part=GATED, step=gate, adjoint=adjoint_of_gate),
    )
