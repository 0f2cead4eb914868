"""neuralforecast's GRU.

Two things differ from the other contenders. A step draws its windows at random from the
whole series instead of going through them in turn; an epoch is as many steps as the
others have batches. The decoder is set to the others' single linear layer.
"""

import pandas as pd
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import GRU

from benchmarks.speed import data
from benchmarks.speed.contenders.lightning import QUIET
from benchmarks.speed.timing import median_call


def fitted(shape, table, epochs):
    n_batches = -(-(len(table) - shape["window"]) // shape["batch"])
    gru = GRU(
        h=1,
        input_size=shape["window"],
        encoder_n_layers=len(shape["units"]),
        encoder_hidden_size=shape["units"][0],
        decoder_layers=1,
        loss=MSE(),
        max_steps=epochs * n_batches,
        learning_rate=1e-3,
        batch_size=1,
        windows_batch_size=shape["batch"],
        scaler_type="identity",
        random_seed=0,
        **QUIET,
    )
    model = NeuralForecast([gru], freq="D")
    model.fit(table)
    return model


def as_table(values):
    days = pd.date_range("2000-01-01", periods=len(values), freq="D")
    return pd.DataFrame({"unique_id": "a", "ds": days, "y": values[:, 0]})


class Tutorial:
    def __init__(self, shape):
        self.shape = shape
        self.values = data.tutorial_series(shape)
        self.table = as_table(self.values)

    def run(self):
        fitted(self.shape, self.table, self.shape["epochs"])
        return {"count": self.shape["epochs"]}

    def loss(self):
        model = fitted(self.shape, self.table, self.shape["loss_epochs"])
        forecasts = model.predict_insample(step_size=1)["GRU"].to_numpy()
        window = self.shape["window"]
        # The others have no forecast for the rows of the first window.
        forecasts = forecasts[window - len(self.values) :]
        return data.mean_squared_error(forecasts, self.values, window)


class Forecast:
    def __init__(self, shape):
        self.shape = shape
        self.model = fitted(shape, as_table(data.tutorial_series(shape)), 1)

    def run(self):
        calls, at_most = self.shape["calls"], self.shape["at_most"]
        once = median_call(self.model.predict, calls=calls, at_most=at_most)
        return {"value": once}
