"""What all programmes of the tutorial share, from NumPy alone.

`sklearn_gru` is not imported: it would bring torch, and an OpenMP runtime, into
Keras' process.
"""

import numpy as np


class Tutorial:
    """A network that learns the next row of a series from the window before it.

    A library's own class has `begin()`, which makes the network, `fit(epochs)`, and
    `forecasts()` of all rows after the first window. `x` (n, window, 1) holds the
    windows and `y` (n, 1) the rows after them.
    """

    def __init__(self, shape):
        self.shape = shape
        # `datasets.load_temperature()`, or as many rows of it, in MinMax units
        series = 25 + 5 * np.random.RandomState(42).randn(shape["rows"], 1)
        self.series = (series - series.min()) / (series.max() - series.min())
        views = np.lib.stride_tricks.sliding_window_view(
            self.series[:-1], shape["window"], axis=0
        )
        self.x = np.ascontiguousarray(views.swapaxes(1, 2), np.float32)
        self.y = self.series[shape["window"] :].astype(np.float32)
        self.begin()
        if shape["trained"]:
            self.fit(shape["trained"])

    def begin(self):
        """Make what comes before `fit`."""

    def train(self):
        self.fit(self.shape["count"])

    def outcome(self):
        return [len(self.forecasts())]

    def loss(self):
        """Train anew; return the squared error on the training windows."""
        self.begin()
        self.fit(self.shape["loss_epochs"])
        return float(np.mean((np.ravel(self.forecasts()) - self.y[:, 0]) ** 2))
