"""skorch as its documentation shows it, with its own loader and callbacks."""

import torch
from skorch import NeuralNetRegressor

from benchmarks.speed import data
from benchmarks.speed.contenders.plain_torch import Net


class Tutorial:
    def __init__(self, shape):
        self.shape = shape
        self.series = data.tutorial_series(shape)
        self.x, self.y = data.windows(self.series, shape["window"])

    def fit(self, epochs):
        torch.manual_seed(0)
        net = NeuralNetRegressor(
            Net,
            module__units=self.shape["units"],
            max_epochs=epochs,
            batch_size=self.shape["batch"],
            optimizer=torch.optim.Adam,
            lr=1e-3,
            iterator_train__shuffle=True,
            train_split=None,  # the others train on all windows, too
            verbose=0,
        )
        return net.fit(self.x, self.y)

    def run(self):
        self.fit(self.shape["epochs"])
        return {"count": self.shape["epochs"]}

    def loss(self):
        forecasts = self.fit(self.shape["loss_epochs"]).predict(self.x)
        return data.mean_squared_error(forecasts, self.series, self.shape["window"])
