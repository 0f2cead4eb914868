"""darts' BlockRNNModel."""

import numpy as np
from darts import TimeSeries
from darts.models import BlockRNNModel

from benchmarks.speed import data
from benchmarks.speed.contenders.lightning import QUIET
from benchmarks.speed.timing import median_call


def model(shape):
    return BlockRNNModel(
        input_chunk_length=shape["window"],
        output_chunk_length=1,
        model="GRU",
        hidden_dim=shape["units"][0],
        n_rnn_layers=len(shape["units"]),
        batch_size=shape["batch"],
        optimizer_kwargs={"lr": 1e-3},
        random_state=0,
        pl_trainer_kwargs=QUIET,
    )


def as_series(values):
    return TimeSeries.from_values(values.astype(np.float32))


class Tutorial:
    def __init__(self, shape):
        self.shape = shape
        self.values = data.tutorial_series(shape)
        self.series = as_series(self.values)
        self.model = model(shape)

    def run(self):
        self.model.fit(self.series, epochs=self.shape["epochs"], verbose=False)
        return {"count": self.shape["epochs"]}

    def loss(self):
        fitted = model(self.shape)
        fitted.fit(self.series, epochs=self.shape["loss_epochs"], verbose=False)
        forecasts = fitted.historical_forecasts(
            self.series, retrain=False, verbose=False, show_warnings=False
        )
        return data.mean_squared_error(
            forecasts.values(), self.values, self.shape["window"]
        )


class Rolling:
    """One forecast per row of the series, as its own historical forecasts."""

    def __init__(self, shape):
        values = data.tutorial_series(shape)
        start = np.repeat(values[:1], shape["window"], axis=0)
        self.series = as_series(np.concatenate([start, values]))
        self.model = model(shape)
        self.model.fit(self.series[:500], epochs=1, verbose=False)

    def run(self):
        self.model.historical_forecasts(
            self.series, retrain=False, verbose=False, show_warnings=False
        )


class Forecast:
    def __init__(self, shape):
        self.shape = shape
        self.model = model(shape)
        series = as_series(data.tutorial_series(shape))
        self.model.fit(series, epochs=1, verbose=False)

    def once(self):
        self.model.predict(1, verbose=False, show_warnings=False)

    def run(self):
        calls, at_most = self.shape["calls"], self.shape["at_most"]
        return {"value": median_call(self.once, calls=calls, at_most=at_most)}
