r"""The recurrent cells: one class each, the mathematics in its method `step`.

Every class is the PyTorch layer of the same name with one layer and one direction, so
its parameters are PyTorch's.

    r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r)          GRU's reset gate
    z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z)          GRU's update gate
    n_t = act(W_n x_t + r_t * (U_n h_{t-1} + c) + b_n)  reset_after=True (PyTorch)
    n_t = act(W_n x_t + U_n (r_t * h_{t-1}) + c + b_n)  reset_after=False (1406.1078)
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

A new cell is a class here with `step`, and an entry in `CELLS`. If it has an attribute
`compiled`, `sklearn_gru.nets.fused` can run it; otherwise PyTorch does.
"""

import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


class Cell:
    """The base of the cells: running over time, and reading the gates."""

    # Names of what `step` returns besides the state.
    GATES = ()
    # Whether `forward` of the PyTorch layer computes the equations of `step`.
    is_pytorchs = False
    # The number of tensors that the state consists of. The hidden state is the first.
    n_states = 1

    @property
    def compiled(self):
        """The `CompiledCell` with the equations of `step`, or None."""
        return None

    def step(self, projected, state):
        """Take one time step.

        Parameters
        ----------
        projected : Tensor of shape (B, n_blocks * units)
            ``W x_t + b``.
        state : Tensor of shape (B, units), or a tuple of such

        Returns
        -------
        state : Tensor of shape (B, units), or a tuple of such
        gates : tuple of Tensor of shape (B, units)
        """
        raise NotImplementedError

    def forward(self, x, state=None):
        """Run over the time steps of x with PyTorch.

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
            A view: in memory, time is the first axis.
        state : Tensor of shape (n_states, B, units)
        """
        if state is None:
            state = self.initial_state(x)
        x = x.to(state.dtype) if x.is_floating_point() else x
        if not self.is_pytorchs:
            return self.unrolled(x, state)
        if not x.is_floating_point():
            x = F.one_hot(x, self.input_size).to(state.dtype)
        hidden, state = super().forward(x, self.split(state[:, None]))
        return hidden, self.joined(state)[:, 0]

    def unrolled(self, x, state):
        """Do what `forward` does, one `step` after the other."""
        states = [after for after, _ in self.unroll(x, state)]
        hidden = torch.stack([after[0] for after in states])  # (T, B, units)
        return hidden.transpose(0, 1), states[-1]

    def unroll(self, x, state):
        """Yield the state (n_states, B, units) and the gates of every time step."""
        projected = self.projected(x)  # (B, T, n_blocks * units)
        for t in range(x.shape[1]):
            new, gates = self.step(projected[:, t], self.split(state))
            state = self.joined(new)
            yield state, gates

    def gates(self, x):
        """Map x to a tuple of gate activations, each (B, T, units)."""
        steps = [gates for _, gates in self.unroll(x, self.initial_state(x))]
        return tuple(torch.stack(gate, dim=1) for gate in zip(*steps, strict=True))

    def projected(self, x):
        """Multiply x with the input weights: (B, T, n_blocks * units)."""
        if x.is_floating_point():
            return F.linear(x, self.weight_ih_l0, self.bias_ih_l0)
        return F.embedding(x, self.weight_ih_l0.t()) + self.bias_ih_l0

    def initial_state(self, x):
        """Return zeros (n_states, B, units)."""
        return self.weight_hh_l0.new_zeros(self.n_states, len(x), self.hidden_size)

    # `split` gives a state (n_states, ...) the form that PyTorch's layers and `step`
    # take and return; `joined` reverses that. Here the state is the hidden state alone.

    def split(self, state):
        return state[0]

    def joined(self, state):
        return state[None]


class GRU(Cell, nn.GRU):
    """Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078)."""

    GATES = ("reset", "update")

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__(input_size, units, batch_first=True)
        self.activation = activation
        self.reset_after = reset_after
        self.is_pytorchs = activation == "tanh" and reset_after

    @property
    def compiled(self):
        from sklearn_gru.nets import fused

        return fused.gru(self.activation, self.reset_after)

    def step(self, projected, h):
        act = ACTIVATIONS[self.activation]
        x_r, x_z, x_n = projected.chunk(3, dim=1)
        w_r, w_z, w_n = self.weight_hh_l0.chunk(3)
        b_r, b_z, c = self.bias_hh_l0.chunk(3)
        r = torch.sigmoid(x_r + F.linear(h, w_r, b_r))
        z = torch.sigmoid(x_z + F.linear(h, w_z, b_z))
        if self.reset_after:
            n = act(x_n + r * F.linear(h, w_n, c))
        else:
            n = act(x_n + F.linear(r * h, w_n, c))
        return (1 - z) * n + z * h, (r, z)


class LSTM(Cell, nn.LSTM):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    GATES = ("input", "forget", "output")

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__(input_size, units, batch_first=True)
        self.activation = activation
        self.is_pytorchs = activation == "tanh"

    # The hidden state and the cell state.
    n_states = 2

    @property
    def compiled(self):
        from sklearn_gru.nets import fused

        return fused.lstm(self.activation)

    def split(self, state):
        return state[0], state[1]

    def joined(self, state):
        return torch.stack(state)

    def step(self, projected, state):
        act, (h, c) = ACTIVATIONS[self.activation], state
        from_state = F.linear(h, self.weight_hh_l0, self.bias_hh_l0)
        i, f, g, o = (projected + from_state).chunk(4, dim=1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        c = f * c + i * act(g)
        return (o * act(c), c), (i, f, o)


class RNN(Cell, nn.RNN):
    """The plain recurrent network (Elman 1990), which has no gates."""

    is_pytorchs = True

    def __init__(self, input_size, units, activation="tanh", reset_after=True):
        super().__init__(input_size, units, nonlinearity=activation, batch_first=True)
        self.activation = activation

    @property
    def compiled(self):
        from sklearn_gru.nets import fused

        return fused.rnn(self.activation)

    def step(self, projected, h):
        act = ACTIVATIONS[self.activation]
        return act(projected + F.linear(h, self.weight_hh_l0, self.bias_hh_l0)), ()


CELLS = {"gru": GRU, "lstm": LSTM, "rnn": RNN}
