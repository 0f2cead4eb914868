"""Recurrent layers as ONNX operators."""

import numpy as np

from sklearn_gru.exporting.graph import numbers
from sklearn_gru.nets.cells import GRU, LSTM, RNN

# The operator of each cell, and PyTorch's blocks of weights in the operator's order:
# (r, z, n) becomes (z, r, n), and (i, f, g, o) becomes (i, o, f, g).
OPERATORS = {GRU: ("GRU", (1, 0, 2)), LSTM: ("LSTM", (0, 3, 1, 2)), RNN: ("RNN", (0,))}
ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu"}


def add_recurrent(graph, recurrent, rows):
    """Add a stack of recurrent layers, which compute in float32.

    Parameters
    ----------
    graph : Graph
    recurrent : Recurrent
    rows : str
        Float64 of shape (B, T, input_size).

    Returns
    -------
    every : str
        The last layer's states at all steps, (T, B, output_size), float32.
    last : str
        What `last_state` takes.

    Raises
    ------
    ValueError
        If ONNX has no operator for the cell.
    """
    x = graph.transpose(graph.cast(rows, np.float32), 1, 0, 2)
    for layer in recurrent.layers:
        every, last = _add_layer(graph, layer, x)
        # (T, directions, B, units) -> (T, B, directions * units)
        x = graph.reshape(graph.transpose(every, 0, 2, 1, 3), 0, 0, -1)
    return x, last


def every_state(graph, every):
    """Put the batch first: (B, T, output_size), float64."""
    return graph.cast(graph.transpose(every, 1, 0, 2), np.float64)


def last_state(graph, last):
    """Return the last state of each direction: (B, output_size), float64."""
    joined = graph.reshape(graph.transpose(last, 1, 0, 2), 0, -1)
    return graph.cast(joined, np.float64)


def _add_layer(graph, cells, x):
    """Add the one operator that is a layer, in one direction or both."""
    first = cells[0]
    if type(first) not in OPERATORS:
        raise ValueError(
            f"to_onnx can't write layers of {type(first).__name__}, since ONNX has "
            "operators for GRU, LSTM and plain RNN cells only. Fit with "
            'cell="gru", "lstm" or "rnn".'
        )
    operator, order = OPERATORS[type(first)]
    attributes = {"hidden_size": first.hidden_size}
    if operator == "GRU":
        attributes["linear_before_reset"] = int(first.reset_after)
    if len(cells) == 2:
        attributes["direction"] = "bidirectional"
    every, last, *_ = graph.add(
        operator,
        x,
        *(np.stack(arrays) for arrays in zip(*_weights(cells, order), strict=True)),
        n_outputs=2,
        activations=_activations(operator, first.activation) * len(cells),
        **attributes,
    )
    return every, last


def _activations(operator, activation):
    name = ACTIVATIONS[activation]
    gated = {"GRU": ["Sigmoid", name], "LSTM": ["Sigmoid", name, name]}
    return gated.get(operator, [name])


def _weights(cells, order):
    """Yield the weights of inputs and of states, and the biases, of each direction."""
    for cell in cells:
        of_input, of_state, input_bias, state_bias = (
            _in_order(tensor, order)
            for tensor in (
                cell.weight_ih_l0,
                cell.weight_hh_l0,
                cell.bias_ih_l0,
                cell.bias_hh_l0,
            )
        )
        yield of_input, of_state, np.concatenate([input_bias, state_bias])


def _in_order(tensor, order):
    blocks = np.split(numbers(tensor).astype(np.float32), len(order))
    return np.concatenate([blocks[place] for place in order])
