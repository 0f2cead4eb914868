"""skorch as its documentation shows it, with its own loader and callbacks."""

import torch
from skorch import NeuralNetRegressor

from benchmarks.speed.contenders.plain_torch import Net
from benchmarks.speed.contenders.tutorial import Tutorial


class Regressor(Tutorial):
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
        self.net = net.fit(self.x, self.y)

    def forecasts(self):
        return self.net.predict(self.x)
