"""Whole models as files: scaling, a network, and results in the user's units."""

from dataclasses import dataclass

import numpy as np

from sklearn_gru.exporting.forecast import add_forecast_net
from sklearn_gru.exporting.graph import Graph
from sklearn_gru.exporting.sequence import add_sequence_net


@dataclass(frozen=True)
class SequenceInput:
    """The sequences that a file takes.

    Parameters
    ----------
    scaler : Scaler
        Standardises them.
    n_steps : int
    is_table : bool
        Whether they are rows of a table, (B, n_steps), instead of 3-D.
    time_axis : {1, 2}
        The axis of time, if they are 3-D.
    """

    scaler: object
    n_steps: int
    is_table: bool
    time_axis: int

    def add_to(self, graph):
        """Declare the input, and return it standardised: (B, n_steps, n_features)."""
        n_features = len(self.scaler.mean)
        if self.is_table:
            x = graph.input("X", ["n_samples", self.n_steps])
            x = graph.reshape(x, 0, self.n_steps, 1)
        elif self.time_axis == 1:
            x = graph.input("X", ["n_samples", self.n_steps, n_features])
        else:
            x = graph.input("X", ["n_samples", n_features, self.n_steps])
            x = graph.transpose(x, 0, 2, 1)
        return _standardized(graph, x, self.scaler)


def save_regressor(path, net, sequences, y_scaler, is_flat):
    """Write a regressor.

    Parameters
    ----------
    path : str or os.PathLike
    net : SequenceNet
    sequences : SequenceInput
    y_scaler : Scaler
    is_flat : bool
        Whether the axis of outputs, the last one, is left out.
    """
    graph = Graph("GRURegressor")
    x = sequences.add_to(graph)
    y = add_sequence_net(graph, net, x, sequences.n_steps)
    y = graph.affine(y, y_scaler.scale, y_scaler.mean)
    y = _nan_unless_finite(graph, x, y, 3 if net.return_sequences else 2)
    steps = [sequences.n_steps] if net.return_sequences else []
    _add_output(graph, "prediction", y, [*steps, len(y_scaler.mean)], is_flat)
    graph.save(path)


def save_classifier(path, net, sequences, classes):
    """Write a classifier.

    Parameters
    ----------
    path : str or os.PathLike
    net : SequenceNet
    sequences : SequenceInput
    classes : ndarray of shape (n_classes,)
        Labels.

    Raises
    ------
    ValueError
        If ONNX has no type for the labels.
    """
    labels = _as_onnx_labels(classes)
    graph = Graph("GRUClassifier")
    x = sequences.add_to(graph)
    logits = add_sequence_net(graph, net, x, sequences.n_steps)
    logits = _nan_unless_finite(graph, x, logits, 2)
    probabilities = graph.add("Softmax", logits, axis=1)
    best = graph.add("ArgMax", probabilities, axis=1, keepdims=0)
    label = graph.add("Gather", labels, best, axis=0)
    graph.output("label", label, labels.dtype, ["n_samples"])
    _add_output(graph, "probabilities", probabilities, [len(classes)])
    graph.save(path)


def save_forecaster(path, net, n_rows, x_scaler, units, is_flat):
    """Write a forecaster of one block.

    Parameters
    ----------
    path : str or os.PathLike
    net : ForecastNet
    n_rows : int
        Of a window.
    x_scaler : Scaler
        Standardises windows.
    units : tuple of ndarray
        ``columns, slope, intercept``: the targets are these images of the network's
        columns.
    is_flat : bool
        Whether the axis of targets, the last one, is left out.
    """
    graph = Graph("GRUForecaster")
    window = graph.input("window", ["n_windows", n_rows, len(x_scaler.mean)])
    window = _standardized(graph, window, x_scaler)
    columns, slope, intercept = units
    block = add_forecast_net(graph, net, window, n_rows)
    block = graph.add("Gather", block, columns, axis=2)
    block = graph.affine(block, slope, intercept)
    block = _nan_unless_finite(graph, window, block, 3)
    shape = [net.horizon, len(columns)]
    _add_output(graph, "forecast", block, shape, is_flat, batch="n_windows")
    graph.save(path)


def _standardized(graph, x, scaler):
    return graph.add("Div", graph.add("Sub", x, scaler.mean), scaler.scale)


def _nan_unless_finite(graph, x, results, n_axes):
    """Let results be NaN where x (B, T, k) is not finite, whatever relu made of it."""
    zero = graph.add("Mul", x, np.array(0.0))
    zero = graph.add("ReduceMean", zero, axes=[1, 2], keepdims=0)
    return graph.add("Add", results, graph.reshape(zero, -1, *[1] * (n_axes - 1)))


def _add_output(graph, name, value, shape, is_flat=False, batch="n_samples"):
    if is_flat:
        value = graph.add("Squeeze", value, np.array([-1]))
        shape = shape[:-1]
    graph.output(name, value, np.float64, [batch, *shape])


def _as_onnx_labels(classes):
    """Convert labels to a type of ONNX."""
    kind = classes.dtype.kind
    if kind == "b":
        return classes
    if kind in "iu" and classes.max() <= np.iinfo(np.int64).max:
        return classes.astype(np.int64)
    if kind == "f":
        return classes.astype(np.float64)
    if all(isinstance(label, str) for label in classes):
        return np.array([str(label) for label in classes], dtype=object)
    raise ValueError(
        f"to_onnx can't write the labels {classes.tolist()} of dtype {classes.dtype}: "
        "files hold strings, 64-bit integers, floats or booleans. Fit with labels of "
        "one of these types."
    )
