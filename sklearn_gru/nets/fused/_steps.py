"""A stack of compiled layers that reads one symbol per call."""

import numpy as np
import torch

from sklearn_gru.nets.fused._kernels import products
from sklearn_gru.nets.fused._layer import Layer
from sklearn_gru.nets.fused._parameters import Parameters, Shape
from sklearn_gru.nets.fused._products import packed
from sklearn_gru.nets.fused._stack import kernel_of, parameters_of


class FusedSteps:
    """Reads symbols one by one, and returns the logits of the next symbol.

    The weights are packed once.

    Parameters
    ----------
    layers : sequence of sequence of sklearn_gru.nets.cells.Cell
        One cell per layer; the first reads symbols.
    head : torch.nn.Linear
        Maps the last layer's state to logits.
    state : tuple of Tensor of shape (n_states, B, units)
        One per layer, before the first call.
    """

    def __init__(self, layers, head, state):
        (self.n_texts,) = state[0].shape[1:2]
        self.symbols = torch.zeros(1, self.n_texts, dtype=torch.int64)
        self.layers, x = [], self.symbols
        self.states, self.hidden = [layer.clone() for layer in state], []
        for (cell,), before in zip(layers, self.states, strict=True):
            hidden = torch.empty_like(before[:1])
            self.layers.append(_layer(cell, x, hidden, before))
            self.hidden.append(hidden)
            x = hidden
        self.last = x[0].numpy()
        self.bias = head.bias.detach().numpy()
        self.products = products(self.bias.dtype.name)
        self.head = packed(head.weight.detach().numpy().T)

    def __call__(self, symbols):
        """Read symbols (B,), int64, and return logits (B, n_classes)."""
        self.symbols[0] = torch.from_numpy(symbols)
        for layer, hidden, state in zip(
            self.layers, self.hidden, self.states, strict=True
        ):
            layer.forward(0, self.n_texts)
            state[0] = hidden[0]
            for after, before in zip(layer.last_memory(), state[1:], strict=True):
                before.copy_(after)
        logits = np.empty((self.n_texts, len(self.bias)), self.bias.dtype)
        logits[:] = self.bias
        self.products.add(logits, self.last, self.head)
        return logits


def _layer(cell, x, hidden, state):
    parameters = Parameters(*(p.detach() for p in parameters_of(cell)))
    shape = Shape(
        n_features=parameters.weight_ih.shape[1],
        units=state.shape[2],
        n_directions=1,
        direction=0,
        n_steps=1,
        n_rows=state.shape[1],
        reads_symbols=x.ndim == 2,
        keep=False,
    )
    layer = Layer(kernel_of(cell), shape, ranges=[])
    layer.begin(parameters, None, x.data_ptr(), hidden.data_ptr(), state)
    return layer
