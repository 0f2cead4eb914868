"""neuralforecast's GRU.

Two things differ from the other contenders. A step draws its windows at random from the
whole series instead of going through them in turn; an epoch is as many steps as the
others have batches. The decoder is set to the others' single linear layer.
"""

import pandas as pd
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import GRU

from benchmarks.speed.contenders.lightning import QUIET
from benchmarks.speed.contenders.tutorial import Tutorial


class Forecaster(Tutorial):
    def begin(self):
        days = pd.date_range("2000-01-01", periods=len(self.series), freq="D")
        self.table = pd.DataFrame(
            {"unique_id": "a", "ds": days, "y": self.series[:, 0]}
        )

    def fit(self, epochs):
        n_windows = len(self.table) - self.shape["window"]
        n_batches = -(-n_windows // self.shape["batch"])
        gru = GRU(
            h=1,
            input_size=self.shape["window"],
            encoder_n_layers=len(self.shape["units"]),
            encoder_hidden_size=self.shape["units"][0],
            decoder_layers=1,
            loss=MSE(),
            max_steps=epochs * n_batches,
            learning_rate=1e-3,
            batch_size=1,
            windows_batch_size=self.shape["batch"],
            scaler_type="identity",
            random_seed=0,
            **QUIET,
        )
        self.model = NeuralForecast([gru], freq="D")
        self.model.fit(self.table)

    def forecasts(self):
        forecasts = self.model.predict_insample(step_size=1)["GRU"].to_numpy()
        # The others have no forecast for the rows of the first window.
        return forecasts[self.shape["window"] - len(self.table) :]

    def forecast(self):
        self.model.predict()
