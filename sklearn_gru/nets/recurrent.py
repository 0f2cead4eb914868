"""Stacked recurrent layers, in one direction or both, over padded sequences."""

import torch
from torch import nn

from sklearn_gru.nets.cells import CELLS
from sklearn_gru.nets.execution import Execution, reorder, reversal

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
        self.execution = Execution(self.layers)

    @property
    def is_fused(self):
        """Whether compiled loops run all layers, every row of a batch by itself."""
        return self.execution.is_compiled

    @property
    def kernel(self):
        """What was chosen to run the layers: "auto", "fused" or "torch"."""
        return self.execution.kernel

    def freeze(self):
        """Promise that no weight will change: every cell packs its weights once."""
        self.execution.freeze()

    def use_kernel(self, kernel):
        """Choose what runs the layers: "auto", "fused" or "torch".

        Raises
        ------
        ValueError
            If "fused" can't run these layers here.
        """
        self.execution.use_kernel(kernel)

    def prepare(self):
        """Compile what will run the layers, if that is needed."""
        self.execution.prepare()

    def forward(self, x, lengths=None):
        """Map x (B, T, input_size) to hidden states (B, T, output_size), in x's dtype.

        The layers compute in the dtype of their own weights.
        """
        return self.dropout(self.states(x, lengths))

    def states(self, x, lengths=None):
        """Do what `forward` does, without the last layer's dropout."""
        return self._run(x, lengths=lengths)[0].to(x.dtype)

    def carry(self, x, state=None, resets=None):
        """Run over x in one direction, starting from a state.

        Parameters
        ----------
        x : Tensor of shape (B, T, input_size), or of integers, (B, T)
        state : tuple of Tensor of shape (n_states, B, units), default=None
            The state that an earlier call returned, one entry per layer; None is all
            zeros.
        resets : Tensor of bool, (B, T), default=None
            Where the state is set to zero before a step.

        Returns
        -------
        hidden : Tensor of shape (B, T, output_size)
        state : tuple of Tensor of shape (n_states, B, units)
        """
        hidden, after = self._run(x, state, resets=resets)
        return self.dropout(hidden), after

    def _run(self, x, state=None, **reading):
        return self.execution.run(x, state, dropout=self.dropout, **reading)

    def summary(self, x, lengths=None, resets=None):
        """Map x (B, T, input_size) to the last hidden states (B, output_size).

        `resets` is that of `carry`, without `lengths`.
        """
        if lengths is not None:
            return self.summarize(self(x, lengths), lengths)
        # Only the last layer's last states are needed, so only they have gradients.
        _, after = self._run(x, resets=resets)
        last = [state[0] for state in after[-self.directions :]]
        return self.dropout(torch.cat(last, dim=1)).to(x.dtype)

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
        *below, (first, *second) = self.layers
        if below:
            x, _ = self._run(x, lengths=lengths, n_layers=len(below))
        gates = first.gates(x)
        if second:
            order = reversal(x, lengths)
            back = second[0].gates(reorder(x, order))
            gates = [
                torch.cat([ahead, reorder(behind, order)], dim=2)
                for ahead, behind in zip(gates, back, strict=True)
            ]
        return dict(zip(first.GATES, gates, strict=True))


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

    @property
    def is_active(self):
        """Whether anything is dropped now."""
        return self.training and self.dropped > 0

    def forward(self, x):
        if not self.is_active:
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
