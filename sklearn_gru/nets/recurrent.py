"""Stacked recurrent layers, in one direction or both, over padded sequences."""

import torch
from torch import nn

from sklearn_gru.nets.cells import CELLS, GRU, has_numba

# Dropout probabilities are rounded to multiples of 1 / LEVELS.
LEVELS = 1 << 16


class Recurrent(nn.Module):
    """A stack of recurrent layers.

    Sequences of different lengths are padded at their ends. The forward direction
    reads the padding only after the whole sequence, and the backward direction reads
    each sequence reversed within its own length, so no packing is needed.

    Parameters
    ----------
    input_size : int
        Features of a time step.
    units : tuple of int
        Width of each layer.
    cell : {"gru", "lstm", "rnn"}
    activation : {"tanh", "relu"}
    reset_after : bool
    dropout : float
        Probability with which an element of a layer's output is dropped, rounded to a
        multiple of 1 / `LEVELS` below 1.
    bidirectional : bool
    seed : int
        Seeds the dropout.
    """

    def __init__(
        self,
        input_size,
        units,
        *,
        cell="gru",
        activation="tanh",
        reset_after=True,
        dropout=0.0,
        bidirectional=False,
        seed=0,
    ):
        super().__init__()
        self.directions = 2 if bidirectional else 1
        self.output_size = self.directions * units[-1]
        self.layers = nn.ModuleList()
        for width in units:
            layer = [
                CELLS[cell](input_size, width, activation, reset_after)
                for _ in range(self.directions)
            ]
            self.layers.append(nn.ModuleList(layer))
            input_size = self.directions * width
        self.dropout = Dropout(dropout, seed)

    @property
    def is_fused(self):
        """Whether all layers run as compiled loops, every row of a batch by itself."""
        return all(cell.is_fused for cell in self.cells())

    def cells(self):
        """Iterate over the cells of all layers and directions."""
        return (cell for layer in self.layers for cell in layer)

    def freeze(self):
        """Promise that no weight will change: every layer packs its weights once."""
        for cell in self.cells():
            cell.arranged = {}

    def use_kernel(self, kernel):
        """Choose what runs GRU layers: "auto", "fused" or "torch".

        Raises
        ------
        ValueError
            If "fused" can't run these layers here.
        """
        for cell in self.cells():
            cell.kernel = kernel
        if kernel == "fused" and not self.is_fused:
            cell = self.layers[0][0]
            numba = "" if has_numba() else "not "
            raise ValueError(
                'kernel="fused" runs GRU layers on a CPU and needs numba; these are '
                f"{type(cell).__name__} layers on {cell.weight_hh_l0.device}, and "
                f'numba is {numba}installed. Use kernel="auto", or cell="gru", '
                "device=\"cpu\" and pip install 'sklearn-gru[fast]'."
            )

    def forward(self, x, lengths=None):
        """Map x (B, T, input_size) to hidden states (B, T, output_size), in x's dtype.

        The layers compute in the dtype of their own weights.
        """
        return self.dropout(self.states(x, lengths))

    def states(self, x, lengths=None):
        """Do what `forward` does, without the last layer's dropout."""
        if self.directions == 1:
            return self._through_layers(x)[0].to(x.dtype)
        hidden = x
        for number, layer in enumerate(self.layers):
            hidden = self.dropout(hidden) if number else hidden
            hidden = self._both_ways(layer, _hidden, hidden, lengths)
        return hidden.to(x.dtype)

    def carry(self, x, state=None):
        """Run over x in one direction, starting from a state.

        Parameters
        ----------
        x : Tensor of shape (B, T, input_size), or of integers, (B, T)
        state : tuple of Tensor of shape (n_states, B, units), default=None
            The state that an earlier call returned, one entry per layer; None is all
            zeros.

        Returns
        -------
        hidden : Tensor of shape (B, T, output_size)
        state : tuple of Tensor of shape (n_states, B, units)
        """
        hidden, after = self._through_layers(x, state)
        return self.dropout(hidden) if self.training else hidden, after

    def _through_layers(self, x, state=None):
        """Do what `carry` does, without the last layer's dropout."""
        cells = list(self.cells())
        before = state or (None,) * len(cells)
        drops = self.training and self.dropout.dropped > 0
        if not drops and all(cell.is_fused for cell in cells):
            return GRU.stacked(cells, x, before)
        after = []
        for cell, layer_state in zip(cells, before, strict=True):
            x, layer_state = cell(self.dropout(x) if after else x, layer_state)
            after.append(layer_state)
        return x, tuple(after)

    def summary(self, x, lengths=None):
        """Map x (B, T, input_size) to the last hidden states (B, output_size)."""
        if lengths is not None or self.directions == 2:
            return self.summarize(self(x, lengths), lengths)
        # Only the last state of the last layer is needed, so only it has a gradient.
        _, after = self._through_layers(x)
        return self.dropout(after[-1][0]).to(x.dtype)

    def summarize(self, hidden, lengths=None):
        """Take each direction's last hidden state: (B, T, size) -> (B, size)."""
        if lengths is None:
            last = hidden[:, -1]
        else:
            last = hidden[torch.arange(len(hidden), device=hidden.device), lengths - 1]
        if self.directions == 1:
            return last
        width = self.output_size // 2
        return torch.cat([last[:, :width], hidden[:, 0, width:]], dim=1)

    def gates(self, x, lengths=None):
        """Map x to {gate: (B, T, output_size)} of the last layer."""
        for layer in self.layers[:-1]:
            x = self._both_ways(layer, _hidden, x, lengths)
        stacked = self._both_ways(self.layers[-1], _gates, x, lengths)
        return dict(zip(self.layers[-1][0].GATES, stacked, strict=True))

    def _both_ways(self, layer, method, x, lengths):
        first, *second = layer
        ahead = method(first, x)
        if not second:
            return ahead
        order = _reversal(x, lengths)
        back = method(second[0], _reorder(x, order))
        if isinstance(ahead, tuple):
            return tuple(
                torch.cat([a, _reorder(b, order)], dim=2)
                for a, b in zip(ahead, back, strict=True)
            )
        return torch.cat([ahead, _reorder(back, order)], dim=2)


class Dropout(nn.Module):
    """Dropout with random numbers of its own, not from torch's global state."""

    def __init__(self, probability, seed):
        super().__init__()
        self.probability = probability
        # The probability in units of 1 / LEVELS. It stays below 1, since a layer that
        # drops everything has nothing left to scale up.
        self.dropped = min(round(probability * LEVELS), LEVELS - 1)
        self.seed = seed
        self.calls = 0

    def forward(self, x):
        if not self.training or self.dropped == 0:
            return x
        generator = torch.Generator(x.device).manual_seed(self.seed + self.calls)
        self.calls += 1
        # Four 16-bit numbers per draw: drawing them one by one takes longer than the
        # layer itself.
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device)
        numbers = words.random_(-(2**63), None, generator=generator).view(torch.int16)
        numbers = numbers.as_strided(x.shape, torch.empty_like(x).stride())
        keep = numbers >= self.dropped - LEVELS // 2
        return x * keep.to(x.dtype).mul_(LEVELS / (LEVELS - self.dropped))


def _hidden(cell, x):
    return cell(x)[0]


def _gates(cell, x):
    return cell.gates(x)


def _reversal(x, lengths):
    """Return the index (B, T) that reverses each sequence within its length."""
    steps = torch.arange(x.shape[1], device=x.device)
    if lengths is None:
        return steps.flip(0).expand(len(x), -1)
    mirrored = lengths[:, None] - 1 - steps
    return torch.where(mirrored >= 0, mirrored, steps)


def _reorder(x, order):
    if x.ndim == 3:
        order = order[:, :, None].expand(-1, -1, x.shape[2])
    return x.gather(1, order)
