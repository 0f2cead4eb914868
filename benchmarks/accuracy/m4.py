"""M4 weekly and hourly: one network for all series, in one call.

    python -m benchmarks.accuracy.m4 weekly path/to/Weekly-train.csv [--test TEST.csv]
    python -m benchmarks.accuracy.m4 hourly path/to/Hourly-train.csv

The files are those of the competition, one series a row. Without test rows, the last 13
(weekly) or 48 (hourly) training rows are held back, and the network is trained without
them. sMAPE, MASE and OWA follow Makridakis et al. 2020 (The M4 Competition,
International Journal of Forecasting 36:54); Naive2, AutoETS and AutoTheta are measured
on the same rows.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd

from sklearn_gru.sktime import GRUForecaster

SHARED = {
    "loss": "absolute_error",
    "batch_size": 256,
    "lr": 0.003,
    "early_stopping": False,
}
# Chosen on the rows held back. The guide ("Which settings for which series") has them.
SETTINGS = {
    "weekly": {
        "season_length": None,
        "window_length": 52,
        "segment_length": 4,
        "stride": 3,
        "units": 64,
        "n_estimators": 3,
        "max_epochs": 15,
        **SHARED,
    },
    "hourly": {
        "season_length": 24,
        "window_length": 168,
        "stride": 4,
        "units": 128,
        "n_estimators": 3,
        "max_epochs": 30,
        **SHARED,
    },
}
HORIZON = {"weekly": 13, "hourly": 48}
SEASON = {"weekly": 1, "hourly": 24}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frequency", choices=SETTINGS)
    parser.add_argument("train")
    parser.add_argument("--test", help="test rows, in the same form")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--classics", action="store_true", help="AutoETS and AutoTheta")
    options = parser.parse_args()
    horizon, season = HORIZON[options.frequency], SEASON[options.frequency]
    series, truth = read(options, horizon)
    score = Score(series, truth, season)
    show("Naive2", score, score.naive2)
    show("naive", score, [np.repeat(y[-1], horizon) for y in series])
    for seed in options.seeds:
        start = time.perf_counter()
        forecasts = forecast(series, horizon, seed, SETTINGS[options.frequency])
        seconds = time.perf_counter() - start
        show(f"GRUForecaster, seed {seed}", score, forecasts, seconds)
    if options.classics:
        for name, forecasts, seconds in classics(series, horizon, season):
            show(name, score, forecasts, seconds)


def read(options, horizon):
    """Return training rows and the rows after them, one array for each series."""
    series = read_rows(options.train)
    if options.test:
        return series, read_rows(options.test)
    return [y[:-horizon] for y in series], [y[-horizon:] for y in series]


def read_rows(path):
    table = pd.read_csv(path).iloc[:, 1:].to_numpy(float)
    return [row[np.isfinite(row)] for row in table]


def forecast(series, horizon, seed, settings):
    panel = pd.concat(
        {i: pd.Series(y, name="y") for i, y in enumerate(series)}, names=["series", "t"]
    ).to_frame()
    fh = list(range(1, horizon + 1))
    forecaster = GRUForecaster(horizon=horizon, random_state=seed, **settings)
    forecasts = forecaster.pretrain(panel).fit(panel, fh=fh).predict()
    return forecasts["y"].to_numpy().reshape(len(series), horizon)


class Score:
    """sMAPE, MASE and OWA beside Naive2 on the same rows."""

    def __init__(self, series, truth, season):
        self.series, self.truth, self.season = series, truth, season
        self.naive2 = [
            naive2(y, len(t), season) for y, t in zip(series, truth, strict=True)
        ]

    def __call__(self, forecasts):
        smape, mase = self.errors(forecasts)
        usual = self.errors(self.naive2)
        return smape, mase, (smape / usual[0] + mase / usual[1]) / 2

    def errors(self, forecasts):
        smape, mase = [], []
        for y, t, f in zip(self.series, self.truth, forecasts, strict=True):
            error = np.abs(t - f)
            smape.append((200 * error / (np.abs(t) + np.abs(f))).mean())
            step = np.abs(y[self.season :] - y[: -self.season]).mean()
            mase.append(error.mean() / step)
        return np.mean(smape), np.mean(mase)


def naive2(y, horizon, season):
    """Repeat the last value, seasonally adjusted if the 90 % test says so."""
    if season == 1 or len(y) < 3 * season:
        return np.repeat(y[-1], horizon)
    x = y - y.mean()
    correlation = np.array([x[k:] @ x[:-k] for k in range(1, season + 1)]) / (x @ x)
    limit = 1.645 * np.sqrt((1 + 2 * (correlation[:-1] ** 2).sum()) / len(y))
    if abs(correlation[-1]) <= limit:
        return np.repeat(y[-1], horizon)
    # Classical multiplicative decomposition, by a centred moving average.
    weights = np.r_[0.5, np.ones(season - 1), 0.5] / season
    ratio = y[season // 2 : -(season // 2)] / np.convolve(y, weights, "valid")
    phase = (np.arange(len(ratio)) + season // 2) % season
    index = np.array([ratio[phase == p].mean() for p in range(season)])
    index *= season / index.sum()
    level = y[-1] / index[(len(y) - 1) % season]
    return level * index[(len(y) + np.arange(horizon)) % season]


def classics(series, horizon, season):
    from statsforecast.models import AutoETS, AutoTheta

    for make in (AutoETS, AutoTheta):
        start = time.perf_counter()
        forecasts = [
            make(season_length=season).forecast(y=y, h=horizon)["mean"] for y in series
        ]
        yield make.__name__, forecasts, time.perf_counter() - start


def show(name, score, forecasts, seconds=None):
    smape, mase, owa = score(forecasts)
    took = "" if seconds is None else f"  {seconds:.0f} s"
    print(f"{name:24s} {smape:7.3f} {mase:7.3f} {owa:7.3f}{took}", flush=True)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
