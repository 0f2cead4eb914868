"""The data of the cases, from NumPy alone.

`sklearn_gru` is not imported: it would bring torch, and an OpenMP runtime, into
Keras' process.
"""

from pathlib import Path

import numpy as np


def tutorial_series(shape):
    """Make `datasets.load_temperature()`, or its start, in MinMax units: (n, 1)."""
    values = 25 + 5 * np.random.RandomState(42).randn(8000)[: shape["rows"], None]
    return (values - values.min()) / (values.max() - values.min())


def windows(series, length):
    """Cut windows (n - length, length, 1) and the rows after them (n - length, 1)."""
    views = np.lib.stride_tricks.sliding_window_view(series[:-1], length, axis=0)
    x = np.ascontiguousarray(views.swapaxes(1, 2), np.float32)
    return x, series[length:].astype(np.float32)


def padded_windows(series, length):
    """Cut the window before each row; the first row stands before the series."""
    start = np.repeat(series[:1], length, axis=0)
    return windows(np.concatenate([start, series]), length)[0]


def text(shape):
    """Read the text file of the shape, or Python's own help texts, up to a length."""
    if shape["text"]:
        whole = Path(shape["text"]).read_text(encoding="utf-8")
    else:
        from pydoc_data.topics import topics

        whole = "\n\n".join(topics[name] for name in sorted(topics))
    return whole[: shape["characters"]]


def encoded(string):
    """Number the characters of a text: return codes (n,) and the number of kinds."""
    characters = np.frombuffer(string.encode("utf-32-le"), np.uint32)
    kinds, codes = np.unique(characters, return_inverse=True)
    return codes, len(kinds)


def streams(codes, n_streams, window):
    """Lay a text out as batches of windows side by side, with their next characters.

    Returns
    -------
    inputs, targets : ndarray of shape (n_batches, n_streams, window)
        Batch k + 1 goes on where batch k ends. The characters left over at the end are
        dropped.
    """
    n_batches = (len(codes) - 1) // (n_streams * window)
    used = n_batches * n_streams * window
    laid_out = [
        part.reshape(n_streams, n_batches, window).swapaxes(0, 1)
        for part in (codes[:used], codes[1 : used + 1])
    ]
    return [np.ascontiguousarray(part) for part in laid_out]


def mean_squared_error(forecasts, series, window):
    """Compare the forecasts of all rows after the first window with these rows."""
    errors = np.ravel(forecasts) - series[window:, 0]
    return float(np.mean(errors**2))
