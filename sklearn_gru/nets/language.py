"""The network behind CharGRUGenerator: symbols in, logits of the next symbol out."""

import torch
from torch import nn

from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Recurrent


class LanguageNet(nn.Module):
    """Recurrent layers that read integers, and a linear head.

    A boundary is a symbol between one text and the next. The state is set to zero
    before a boundary is read, so a text does not depend on the texts before it.

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
        The symbol of unknown characters; its weights start at zero.
    seed : int
    dtype : torch.dtype
    **recurrent
        Arguments of `Recurrent`.
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
            # One symbol should move the state as far as n_symbols standardised
            # features do.
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
        """Read symbols (B, T), starting from a state; a boundary sets it to zero.

        Parameters
        ----------
        symbols : Tensor of integers, (B, T)
        state : tuple of Tensor of shape (n_states, B, units), default=None
            The state that an earlier call returned; None is all zeros.

        Returns
        -------
        hidden : Tensor of shape (B, T, output_size)
        state : tuple of Tensor of shape (n_states, B, units)
        """
        begins = symbols == self.boundary
        resets = begins if begins.any() else None
        return self.recurrent.carry(symbols, state, resets)

    def steps(self, state):
        """Return a function that reads one symbol of each text per call.

        Parameters
        ----------
        state : tuple of Tensor of shape (n_states, B, units)
            The state before the first call.

        Returns
        -------
        callable
            Maps symbols, an int64 ndarray (B,) without boundaries, to the logits of
            the next symbols, an ndarray (B, n_classes), and keeps the new state.
        """
        if self.recurrent.is_fused:
            from sklearn_gru.nets.fused import FusedSteps

            return FusedSteps(self.recurrent.layers, self.head, state)
        return _Steps(self, state)


class _Steps:
    """The function of `LanguageNet.steps` if the recurrence is not compiled."""

    def __init__(self, net, state):
        self.net = net
        self.state = state

    def __call__(self, symbols):
        symbols = torch.from_numpy(symbols)[:, None].to(self.net.head.weight.device)
        hidden, self.state = self.net.recurrent.carry(symbols, self.state)
        return self.net.head(hidden[:, 0]).cpu().numpy()
