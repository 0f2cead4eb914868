r"""The recurrent cells: one class each, the mathematics in its method `step`.

Every class is the PyTorch layer of the same name with one layer and one direction,
so its parameters are PyTorch's. Where PyTorch has a kernel for the equations, the
kernel runs; otherwise `step` is unrolled over time.

    r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r)          GRU's reset gate
    z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z)          GRU's update gate
    n_t = act(W_n x_t + r_t * (U_n h_{t-1} + c) + b_n)  reset_after=True (PyTorch)
    n_t = act(W_n x_t + U_n (r_t * h_{t-1}) + c + b_n)  reset_after=False (1406.1078)
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

A new cell is a class here with `step`, `GATES` and `has_kernel`, and an entry in
`CELLS`.
"""

import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


class _Cell:
    """What the cells share: unrolling `step`, and reading the gates."""

    def forward(self, x):
        """Map x (B, T, input_size) to the hidden states (B, T, units)."""
        if self.has_kernel:
            return super().forward(x)[0]
        return torch.stack([hidden for hidden, _ in self.unroll(x)], dim=1)

    def unroll(self, x):
        """Yield the hidden state (B, units) and the gates of every time step."""
        projected = F.linear(x, self.weight_ih_l0, self.bias_ih_l0)  # (B, T, k * units)
        state = self.initial_state(x)
        for t in range(x.shape[1]):
            state, gates = self.step(projected[:, t], state)
            yield (state[0] if isinstance(state, tuple) else state), gates

    def gates(self, x):
        """Map x to a tuple of gate activations, each (B, T, units)."""
        steps = [gates for _, gates in self.unroll(x)]
        return tuple(torch.stack(gate, dim=1) for gate in zip(*steps, strict=True))

    def initial_state(self, x):
        return x.new_zeros(len(x), self.hidden_size)


class GRU(_Cell, nn.GRU):
    """Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078)."""

    GATES = ("reset", "update")

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__(input_size, units, batch_first=True)
        self.act = ACTIVATIONS[activation]
        self.reset_after = reset_after
        self.has_kernel = activation == "tanh" and reset_after

    def step(self, projected, h):
        x_r, x_z, x_n = projected.chunk(3, dim=1)
        w_r, w_z, w_n = self.weight_hh_l0.chunk(3)
        b_r, b_z, c = self.bias_hh_l0.chunk(3)
        r = torch.sigmoid(x_r + F.linear(h, w_r, b_r))
        z = torch.sigmoid(x_z + F.linear(h, w_z, b_z))
        if self.reset_after:
            n = self.act(x_n + r * F.linear(h, w_n, c))
        else:
            n = self.act(x_n + F.linear(r * h, w_n, c))
        return (1 - z) * n + z * h, (r, z)


class LSTM(_Cell, nn.LSTM):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    GATES = ("input", "forget", "output")

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__(input_size, units, batch_first=True)
        self.act = ACTIVATIONS[activation]
        self.has_kernel = activation == "tanh"

    def initial_state(self, x):
        return super().initial_state(x), super().initial_state(x)

    def step(self, projected, state):
        h, c = state
        recurrent = F.linear(h, self.weight_hh_l0, self.bias_hh_l0)
        i, f, g, o = (projected + recurrent).chunk(4, dim=1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        c = f * c + i * self.act(g)
        return (o * self.act(c), c), (i, f, o)


class RNN(_Cell, nn.RNN):
    """The plain recurrent network (Elman 1990), which has no gates."""

    GATES = ()
    has_kernel = True

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__(input_size, units, nonlinearity=activation, batch_first=True)
        self.act = ACTIVATIONS[activation]

    def step(self, projected, h):
        return self.act(projected + F.linear(h, self.weight_hh_l0, self.bias_hh_l0)), ()


CELLS = {"gru": GRU, "lstm": LSTM, "rnn": RNN}
