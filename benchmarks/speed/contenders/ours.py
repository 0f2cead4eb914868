"""This package's estimators."""

import torch

from benchmarks.plain_network import PLAIN
from benchmarks.speed.contenders.recurrence import Pass
from benchmarks.speed.contenders.tutorial import Tutorial
from benchmarks.speed.plan import Skipped
from sklearn_gru import GRUForecaster, GRURegressor
from sklearn_gru.nets.recurrent import Recurrent


class Forecaster(Tutorial):
    def begin(self):
        if self.shape.get("device") == "cuda" and not torch.cuda.is_available():
            raise Skipped("torch sees no CUDA device")

    def fit(self, epochs):
        self.model = GRUForecaster(
            window_length=self.shape["window"],
            units=tuple(self.shape["units"]),
            center=None,
            weights=None,
            batch_size=self.shape["batch"],
            max_epochs=epochs,
            cell=self.shape.get("cell", "gru"),
            kernel=self.shape.get("kernel", "auto"),
            lr=1e-3,
            lr_schedule="constant",
            early_stopping=False,
            device=self.shape.get("device", "cpu"),
            random_state=0,
        ).fit(self.series)

    def forecasts(self):
        return self.model.predict(self.series)[self.shape["window"] :]

    def forecast(self):
        self.model.forecast(1)


class Regressor(Tutorial):
    def fit(self, epochs):
        self.model = GRURegressor(
            units=tuple(self.shape["units"]),
            max_epochs=epochs,
            device="cpu",
            random_state=0,
            **PLAIN,
        ).fit(self.x, self.y[:, 0])

    def forecasts(self):
        return self.model.predict(self.x)

    def predict(self):
        self.model.predict(self.x[:1])


class Recurrence(Pass):
    """The compiled loop of recurrent layers."""

    def make(self, shape):
        units = tuple(shape["units"])
        layers = Recurrent(shape["features"], units, cell=shape["cell"])
        try:
            layers.use_kernel("fused")
        except ValueError as error:
            raise Skipped(str(error)) from error
        if not shape["backward"]:
            # As predictions do.
            layers.freeze()
        return layers

    def hidden(self):
        return self.net(self.x)
