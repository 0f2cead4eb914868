"""darts' BlockRNNModel."""

import numpy as np
from darts import TimeSeries
from darts.models import BlockRNNModel

from benchmarks.speed.contenders.lightning import QUIET
from benchmarks.speed.contenders.tutorial import Tutorial


class Forecaster(Tutorial):
    def begin(self):
        self.darts_series = TimeSeries.from_values(self.series.astype(np.float32))
        self.model = BlockRNNModel(
            input_chunk_length=self.shape["window"],
            output_chunk_length=1,
            model="GRU",
            hidden_dim=self.shape["units"][0],
            n_rnn_layers=len(self.shape["units"]),
            batch_size=self.shape["batch"],
            optimizer_kwargs={"lr": 1e-3},
            random_state=0,
            pl_trainer_kwargs=QUIET,
        )

    def fit(self, epochs):
        self.model.fit(self.darts_series, epochs=epochs, verbose=False)

    def forecasts(self):
        quiet = {"verbose": False, "show_warnings": False}
        return self.model.historical_forecasts(
            self.darts_series, retrain=False, **quiet
        ).values()

    def forecast(self):
        self.model.predict(1, verbose=False, show_warnings=False)
