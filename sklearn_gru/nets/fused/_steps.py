"""A stack of compiled GRU layers that reads one symbol per call."""

import numba
import numpy as np

from sklearn_gru.nets.fused._gru import forward, packed_weights
from sklearn_gru.nets.fused._layer import parameters_of, variant_of
from sklearn_gru.nets.fused._matmul import add_product, pack


class FusedSteps:
    """Reads symbols one by one, and returns the logits of the next symbol.

    The weights are packed once, and a step is one call of compiled code.

    Parameters
    ----------
    cells : list of sklearn_gru.nets.cells.GRU
        One per layer; the first reads symbols.
    head : torch.nn.Linear
        Maps the last layer's state to logits.
    state : tuple of Tensor of shape (1, B, units)
        One per layer, before the first call.
    """

    def __init__(self, cells, head, state):
        self.variant = variant_of(cells[0])
        self.layers = tuple(
            _layer(cell, before, is_first=i == 0)
            for i, (cell, before) in enumerate(zip(cells, state, strict=True))
        )
        self.head = pack(head.weight.detach().numpy().T)
        self.bias = head.bias.detach().numpy()

    def __call__(self, symbols):
        """Read symbols (B,), int64, and return logits (B, n_classes)."""
        logits = np.empty((len(symbols), len(self.bias)), self.bias.dtype)
        logits[:] = self.bias
        _step(symbols[None], self.layers, self.head, logits, *self.variant)
        return logits


def _layer(cell, state, is_first):
    parameters = (parameter.detach().numpy() for parameter in parameters_of(cell))
    weights = packed_weights(*parameters, cell.reset_after, is_first)
    state = state[0].numpy()
    hidden = np.stack([state, state])
    gates = np.empty((1, len(state), 4 * state.shape[1]), state.dtype)
    return *weights, hidden, gates


@numba.njit(nogil=True, cache=True)
def _step(symbols, layers, head, logits, reset_after, is_relu):
    n_rows = symbols.shape[1]
    x = np.empty((1, n_rows, 0), logits.dtype)
    for offsets, w_x, w_h, w_n, hidden, gates in layers:
        forward(
            x,
            symbols,
            hidden[1],
            offsets,
            w_x,
            w_h,
            w_n,
            hidden,
            gates,
            0,
            n_rows,
            reset_after,
            is_relu,
        )
        x = hidden[1:]
        symbols = symbols[:0]
    add_product(logits, x[0], head)
