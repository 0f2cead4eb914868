"""This package's estimators."""

import numpy as np

from benchmarks.plain_network import PLAIN
from benchmarks.speed import data
from benchmarks.speed.timing import median_call
from sklearn_gru import CharGRUGenerator, GRUForecaster, GRURegressor


def forecaster(shape, **settings):
    return GRUForecaster(
        window_length=shape["window"],
        units=tuple(shape["units"]),
        center=None,
        batch_size=shape["batch"],
        cell=shape.get("cell", "gru"),
        kernel=shape.get("kernel", "auto"),
        lr=1e-3,
        lr_schedule="constant",
        early_stopping=False,
        device=shape.get("device", "cpu"),
        random_state=0,
        **settings,
    )


class Fit:
    """The whole of `fit`, divided by its epochs."""

    def __init__(self, shape):
        self.shape = shape
        self.series = data.tutorial_series(shape)

    def fit(self, epochs):
        return forecaster(self.shape, max_epochs=epochs).fit(self.series)

    def run(self):
        self.fit(self.shape["epochs"])
        return {"count": self.shape["epochs"]}


class Tutorial(Fit):
    def loss(self):
        window = self.shape["window"]
        forecasts = self.fit(self.shape["loss_epochs"]).predict(self.series)[window:]
        return data.mean_squared_error(forecasts, self.series, window)


class Rolling:
    """The forecast of every row; the first ones have a padded window."""

    def __init__(self, shape):
        self.series = data.tutorial_series(shape)
        self.model = forecaster(shape, max_epochs=1).fit(self.series[:500])

    def run(self):
        self.model.predict(self.series)


class Forecast:
    def __init__(self, shape):
        self.shape = shape
        series = data.tutorial_series(shape)
        self.model = forecaster(shape, max_epochs=1).fit(series)

    def run(self):
        calls, at_most = self.shape["calls"], self.shape["at_most"]
        once = median_call(lambda: self.model.forecast(1), calls=calls, at_most=at_most)
        return {"value": once}


class Window:
    """A regressor's prediction of one window."""

    def __init__(self, shape):
        self.shape = shape
        x, y = data.windows(data.tutorial_series(shape), shape["window"])
        self.model = GRURegressor(
            units=tuple(shape["units"]),
            max_epochs=1,
            device="cpu",
            random_state=0,
            **PLAIN,
        )
        self.model.fit(x, y[:, 0])
        self.x = x[:1]

    def run(self):
        calls, at_most = self.shape["calls"], self.shape["at_most"]
        once = median_call(
            lambda: self.model.predict(self.x), calls=calls, at_most=at_most
        )
        return {"value": once}


def writer(shape, **settings):
    return CharGRUGenerator(
        units=shape["units"],
        window_length=shape["window"],
        batch_size=shape["batch"],
        max_epochs=1,
        lr_schedule="constant",
        early_stopping=False,
        device="cpu",
        random_state=0,
        **settings,
    )


class Text:
    """An epoch over a text; every run begins anew."""

    def __init__(self, shape):
        self.shape = shape
        self.text = data.text(shape)

    def run(self):
        model = writer(self.shape).fit(self.text)
        return {"loss": model.loss_curve_[-1]}


class Writing:
    """Characters of streams written side by side, divided by their number."""

    def __init__(self, shape):
        self.shape = shape
        self.model = writer(shape).fit(data.text(shape))

    def run(self):
        length, n = self.shape["length"], self.shape["streams"]
        texts = self.model.generate("The ", length, n=n, random_state=0)
        written = "".join(np.atleast_1d(texts))
        return {"count": len(written) - n * len("The ")}
