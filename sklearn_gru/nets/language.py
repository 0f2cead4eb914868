"""The network behind CharGRUGenerator: symbols in, logits of the next symbol out."""

from itertools import pairwise

import torch
from torch import nn

from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Recurrent


class LanguageNet(nn.Module):
    """Recurrent layers that read integers, and a linear head.

    A boundary, where one text ends and the next begins, sets the state to zero before
    it is read: what comes after it does not depend on what came before.

    Parameters
    ----------
    n_symbols : int
        Symbols that can be read.
    n_classes : int
        Symbols that can come next.
    units : tuple of int
    boundary : int
        The symbol of the boundary.
    unknown : int
        The symbol of an unknown character, whose weights begin as zero.
    seed : int
    dtype : torch.dtype
    **recurrent
        As for `Recurrent`.
    """

    def __init__(
        self,
        n_symbols,
        n_classes,
        units,
        *,
        boundary,
        unknown,
        seed,
        dtype,
        **recurrent,
    ):
        super().__init__()
        self.boundary = boundary
        with initialized(self, seed, dtype):
            self.recurrent = Recurrent(n_symbols, units, seed=seed, **recurrent)
            self.head = nn.Linear(self.recurrent.output_size, n_classes)
        with torch.no_grad():
            # One symbol is to move the state as far as that many standardised features.
            for cell in self.recurrent.layers[0]:
                cell.weight_ih_l0 *= n_symbols**0.5
                cell.weight_ih_l0[:, unknown] = 0

    def forward(self, symbols, state=None):
        """Map symbols (B, T) to logits (B, T, n_classes), and the state after them."""
        hidden, state = self.carry(symbols, state)
        return self._logits(hidden), state

    def _logits(self, hidden):
        if not self.recurrent.is_fused:
            return self.head(hidden)
        from sklearn_gru.nets.fused import fused_linear

        return fused_linear(hidden, self.head)

    def carry(self, symbols, state=None):
        """Read symbols (B, T) from a state on, from zero at every boundary.

        Parameters
        ----------
        symbols : Tensor of integers, (B, T)
        state : tuple of Tensor of shape (n_states, B, units), default=None
            What an earlier call returned; None is all zeros.

        Returns
        -------
        hidden : Tensor of shape (B, T, output_size)
        state : tuple of Tensor of shape (n_states, B, units)
        """
        begins = symbols == self.boundary
        columns = begins.any(dim=0).nonzero()[:, 0].tolist()
        pieces = []
        for start, end in pairwise(sorted({0, *columns, symbols.shape[1]})):
            state = _zero_where(begins[:, start], state)
            hidden, state = self.recurrent.carry(symbols[:, start:end], state)
            pieces.append(hidden)
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1), state

    def steps(self, state):
        """Go on from a state, one symbol of each text a call.

        Parameters
        ----------
        state : tuple of Tensor of shape (n_states, B, units)

        Returns
        -------
        callable
            Maps symbols, an int64 ndarray (B,) without boundaries, to the logits of
            what comes next, an ndarray (B, n_classes), and keeps the state.
        """
        if self.recurrent.is_fused:
            from sklearn_gru.nets.fused import FusedSteps

            return FusedSteps(list(self.recurrent.cells()), self.head, state)
        return _Steps(self, state)


class _Steps:
    """What `LanguageNet.steps` returns where there is no compiled recurrence."""

    def __init__(self, net, state):
        self.net = net
        self.state = state

    def __call__(self, symbols):
        symbols = torch.from_numpy(symbols)[:, None].to(self.net.head.weight.device)
        hidden, self.state = self.net.recurrent.carry(symbols, self.state)
        return self.net.head(hidden[:, 0]).cpu().numpy()


def _zero_where(rows, state):
    """Set the state of some rows of the batch to zero."""
    if state is None:
        return None
    return tuple(layer.masked_fill(rows[:, None], 0) for layer in state)
