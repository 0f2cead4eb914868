"""The network behind GRUForecaster as ONNX operators."""

import numpy as np

from sklearn_gru.exporting.graph import numbers
from sklearn_gru.exporting.recurrent import add_recurrent, last_state
from sklearn_gru.nets.forecast import SMALLEST_SPREAD
from sklearn_gru.nets.linear_path import PACE


def add_forecast_net(graph, net, window, n_rows):
    """Add a network that forecasts one block.

    Parameters
    ----------
    graph : Graph
    net : ForecastNet
        One recurrent network, without exogenous columns and masks.
    window : str
        Float64 of shape (B, n_rows, n_series).
    n_rows : int

    Returns
    -------
    str
        Float64 of shape (B, horizon, n_targets): the median, of a network that
        forecasts quantiles.
    """
    z, base, spread = _parts(graph, net, window, n_rows)
    block = _corrections(graph, net, z, n_rows)
    if net.linear_path is not None:
        block = graph.add("Add", block, _linear_path(graph, net.linear_path, z))
    block = graph.add("Mul", block, spread)
    return block if base is None else graph.add("Add", block, base)


def _parts(graph, net, window, n_rows):
    """Return the scaled window, its naive forecast or None, and the spread."""
    output_scale = numbers(net.output_scale)
    if net.center is None:
        return window, None, output_scale
    level, base = _level(graph, net, window, n_rows)
    z = graph.add("Sub", window, level)
    input_scale = numbers(net.input_scale)
    if net.scale == "series":
        return graph.add("Div", z, input_scale), base, output_scale
    size = graph.mean(graph.add("Abs", z))
    size = graph.add("Max", size, SMALLEST_SPREAD * input_scale)
    return graph.add("Div", z, size), base, graph.add("Mul", size, output_scale)


def _level(graph, net, window, n_rows):
    """Return a window's level, (B, 1, n_series), and the naive forecast of it."""
    if net.center == "mean":
        level = graph.mean(window)
        return level, level
    if net.center == "last":
        level = graph.add("Gather", window, np.array([n_rows - 1]), axis=1)
        return level, level
    first = n_rows - net.season_length
    season = graph.add("Gather", window, np.arange(first, n_rows), axis=1)
    steps = first + np.arange(net.horizon) % net.season_length
    return graph.mean(season), graph.add("Gather", window, steps, axis=1)


def _corrections(graph, net, z, n_rows):
    """Return the recurrent network's part of the forecast: (B, horizon, n_targets)."""
    n_segments = n_rows // net.segment_length
    if net.independent:
        # (B, n_rows, n_targets) -> (B * n_targets, n_segments, segment_length)
        z = graph.transpose(z, 0, 2, 1)
        z = graph.reshape(z, -1, n_segments, net.segment_length)
    else:
        z = graph.reshape(z, 0, n_segments, -1)
    _, last = add_recurrent(graph, net.recurrent, z)
    weight, bias = _head_of_medians(net)
    block = graph.add("MatMul", last_state(graph, last), weight.T)
    block = graph.add("Add", block, bias)
    if not net.independent:
        return graph.reshape(block, -1, net.horizon, net.n_targets)
    return graph.transpose(
        graph.reshape(block, -1, net.n_targets, net.horizon), 0, 2, 1
    )


def _head_of_medians(net):
    """Return weight and bias of the head, without other quantiles than the median."""
    (head,) = net.head.members
    middle = net.n_quantiles // 2
    return tuple(
        numbers(each)[middle :: net.n_quantiles] for each in (head.weight, head.bias)
    )


def _linear_path(graph, path, z):
    """Add the map of each column of a window to its own forecast."""
    weight = numbers(path.solved) + PACE * numbers(path.moved)[0]
    # (B, n_rows, k) -> (B, k, 1, n_rows), times (k or 1, n_rows, horizon)
    z = graph.add("Unsqueeze", graph.transpose(z, 0, 2, 1), np.array([2]))
    block = graph.add("Squeeze", graph.add("MatMul", z, weight), np.array([2]))
    return graph.transpose(block, 0, 2, 1)
