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

from functools import cache

import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}
FUSED_DTYPES = {torch.float32, torch.float64}


@cache
def has_numba():
    """Tell whether numba, which the compiled loops need, is installed."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


class _Cell:
    """The base of the cells: unrolling `step`, and reading the gates."""

    is_fused = False

    def forward(self, x, state=None):
        """Run over the time steps of x.

        Parameters
        ----------
        x : Tensor of shape (B, T, input_size), or of integers, (B, T)
            Converted to the weights' dtype. An integer k stands for the vector whose
            element k is one and whose others are zero.
        state : Tensor of shape (n_states, B, units), default=None
            The state before the first step; None is all zeros.

        Returns
        -------
        hidden : Tensor of shape (B, T, units)
        state : Tensor of shape (n_states, B, units)
        """
        if state is None:
            state = self.initial_state(x)
        x = x.to(state.dtype) if x.is_floating_point() else x
        if not self.has_kernel:
            return self.unrolled(x, state)
        if not x.is_floating_point():
            x = F.one_hot(x, self.input_size).to(state.dtype)
        hidden, state = super().forward(x, self.split(state[:, None]))
        return hidden, self.joined(state)[:, 0]

    def unrolled(self, x, state):
        """Do what `forward` does, one `step` after the other."""
        states = [after for after, _ in self.unroll(x, state)]
        return torch.stack([after[0] for after in states], dim=1), states[-1]

    def unroll(self, x, state):
        """Yield the state (n_states, B, units) and the gates of every time step."""
        projected = self.projected(x)  # (B, T, k * units)
        for t in range(x.shape[1]):
            new, gates = self.step(projected[:, t], self.split(state))
            state = self.joined(new)
            yield state, gates

    def gates(self, x):
        """Map x to a tuple of gate activations, each (B, T, units)."""
        steps = [gates for _, gates in self.unroll(x, self.initial_state(x))]
        return tuple(torch.stack(gate, dim=1) for gate in zip(*steps, strict=True))

    def projected(self, x):
        """Multiply x with the input weights: (B, T, k * units)."""
        if x.is_floating_point():
            return F.linear(x, self.weight_ih_l0, self.bias_ih_l0)
        return F.embedding(x, self.weight_ih_l0.t()) + self.bias_ih_l0

    def initial_state(self, x):
        return self.weight_hh_l0.new_zeros(self.n_states, len(x), self.hidden_size)

    # The state is the hidden state alone. `split` gives it the form that PyTorch's
    # layers and `step` take and return; `joined` reverses that.
    n_states = 1

    def split(self, state):
        return state[0]

    def joined(self, state):
        return state[None]


class GRU(_Cell, nn.GRU):
    """Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078)."""

    GATES = ("reset", "update")

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__(input_size, units, batch_first=True)
        self.act = ACTIVATIONS[activation]
        self.reset_after = reset_after
        self.has_kernel = activation == "tanh" and reset_after
        self.kernel = "auto"
        # The packed weights of a frozen layer (`Recurrent.freeze`); None if not frozen.
        self.arranged = None

    @property
    def is_fused(self):
        """Whether `forward` runs the compiled loops of `sklearn_gru.nets.fused`."""
        weight = self.weight_hh_l0
        able = weight.device.type == "cpu" and weight.dtype in FUSED_DTYPES
        return able and self.kernel != "torch" and has_numba()

    def forward(self, x, state=None):
        if not self.is_fused:
            return super().forward(x, state)
        hidden, (state,) = GRU.stacked([self], x, [state])
        return hidden, state

    forward.__doc__ = _Cell.forward.__doc__

    @staticmethod
    def stacked(cells, x, states):
        """Run fused layers, each on the hidden states of the layer below.

        Parameters
        ----------
        cells : list of GRU
        x : Tensor of shape (B, T, input_size), or of integers, (B, T)
        states : sequence of Tensor of shape (1, B, units), or of None
            One per layer.

        Returns
        -------
        hidden : Tensor of shape (B, T, units)
            The last layer's.
        states : tuple of Tensor of shape (1, B, units)
            Every layer's, after the last step.
        """
        from sklearn_gru.nets.fused import fused_gru

        return fused_gru(x, states, cells)

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

    # The hidden state and the cell state.
    n_states = 2

    def split(self, state):
        return state[0], state[1]

    def joined(self, state):
        return torch.stack(state)

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
