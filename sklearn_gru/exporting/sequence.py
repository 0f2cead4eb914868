"""The network behind GRURegressor and GRUClassifier as ONNX operators."""

import numpy as np

from sklearn_gru.exporting.graph import numbers
from sklearn_gru.exporting.recurrent import add_recurrent, every_state, last_state
from sklearn_gru.nets.convolutions import EPSILON, zeros_around
from sklearn_gru.nets.sequence import ROUNDING


def add_sequence_net(graph, net, x, n_steps):
    """Add a network for sequences that all have the same length.

    Parameters
    ----------
    graph : Graph
    net : SequenceNet
    x : str
        Float64 of shape (B, n_steps, input_size).
    n_steps : int

    Returns
    -------
    str
        Float64 of shape (B, output_size); (B, n_steps, output_size) if the network
        returns sequences.
    """
    x = _with_companions(graph, net, x, n_steps)
    convolutions = net.convolutions
    if convolutions is not None:
        x, n_steps = _add_convolutions(graph, convolutions, x, n_steps)
    inputs = _in_segments(graph, x, n_steps, net.segment_length)
    every, last = add_recurrent(graph, net.recurrent, inputs)
    if net.return_sequences:
        # Time gets its place behind the head: onnxruntime 1.31 crashes when it fuses a
        # transposition of (T, B, k), a cast and a product.
        outputs = graph.linear(graph.cast(every, np.float64), net.head)
        return graph.transpose(outputs, 1, 0, 2)
    parts = _pooled(graph, net.pooling, every, last)
    if convolutions is not None:
        parts.append(graph.reshape(graph.mean(x), 0, -1))
    return graph.linear(graph.add("Concat", *parts, axis=1), net.head)


def _pooled(graph, pooling, every, last):
    """Return what is read of the hidden states, each part (B, output_size)."""
    parts = []
    for name in pooling:
        if name == "last":
            parts.append(last_state(graph, last))
            continue
        operator = {"mean": "ReduceMean", "max": "ReduceMax"}[name]
        states = every_state(graph, every)
        parts.append(graph.add(operator, states, axes=[1], keepdims=0))
    return parts


def _with_companions(graph, net, x, n_steps):
    """Join x with its own course and its changes, if the network reads them."""
    if net.courses is not None:
        x = _joined(graph, x, _course(graph, x), net.courses)
    if net.changes is not None:
        before = graph.add("Gather", x, np.maximum(np.arange(n_steps) - 1, 0), axis=1)
        x = _joined(graph, x, graph.add("Sub", x, before), net.changes)
    return x


def _joined(graph, x, beside, norm):
    beside = graph.affine(beside, *_slope_and_intercept(norm))
    return graph.add("Concat", x, beside, axis=2)


def _course(graph, x):
    """Give each column of each sequence zero mean and unit variance."""
    first = graph.add("Gather", x, np.array([0]), axis=1)
    shifted = graph.add("Sub", x, first)
    center = graph.mean(shifted)
    distance = graph.add("Sub", shifted, center)
    variance = graph.mean(graph.add("Mul", distance, distance))
    rounding = graph.add("Mul", graph.add("Add", first, center), np.array(ROUNDING))
    floor = graph.affine(rounding, rounding, np.array(np.finfo(np.float64).tiny))
    deviation = graph.add("Sqrt", graph.add("Add", variance, floor))
    return graph.add("Div", distance, deviation)


def _add_convolutions(graph, convolutions, x, n_steps):
    """Add convolutions over time, in float32: rows (B, n_rows, width) and n_rows."""
    x = graph.cast(graph.transpose(x, 0, 2, 1), np.float32)
    for layer, norm in zip(convolutions.layers, convolutions.norms, strict=True):
        x, n_steps = _add_convolution(graph, layer, norm, x, n_steps)
        x = graph.add("Relu", x)
    return graph.cast(graph.transpose(x, 0, 2, 1), np.float64), n_steps


def _add_convolution(graph, layer, norm, x, n_steps):
    """Add a convolution, with its batch normalisation as part of its weights."""
    slope, intercept = _slope_and_intercept(norm)
    weight = numbers(layer.weight) * slope[:, None, None]
    size, stride = layer.kernel_size[0], layer.stride[0]
    before, after, n_rows = zeros_around(layer, n_steps)
    x = graph.add(
        "Conv",
        x,
        weight.astype(np.float32),
        intercept.astype(np.float32),
        pads=[before, after],
        strides=[stride],
    )
    if (before + n_steps + after - size) // stride + 1 > n_rows:
        x = graph.add("Gather", x, np.arange(n_rows), axis=2)
    return x, n_rows


def _slope_and_intercept(norm):
    """Return what a normalisation does to each channel, by its running statistics.

    A channel that never varied in training is taken to be at its mean.
    """
    gain, bias, mean, variance = (
        numbers(each) for each in (norm.gain, norm.bias, norm.mean, norm.variance)
    )
    slope = np.where(variance > 0, gain / np.sqrt(variance + EPSILON), 0.0)
    return slope, bias - mean * slope


def _in_segments(graph, rows, n_rows, length):
    """Cut rows (B, n_rows, k) into the recurrent layers' inputs."""
    if length == 1:
        return rows
    missing = -n_rows % length
    if missing:
        pads = np.array([0, 0, 0, 0, missing, 0])
        rows = graph.add("Pad", rows, pads, np.array(0.0))
    # (B, n_segments * length, k) -> (B, n_segments, length * k)
    n_segments = (n_rows + missing) // length
    return graph.reshape(rows, 0, n_segments, -1)
