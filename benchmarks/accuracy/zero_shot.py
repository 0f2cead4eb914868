"""The weights in the package, on series that they were not trained on.

    python -m benchmarks.accuracy.zero_shot [--weekly TRAIN.csv [TEST.csv]]
                                            [--hourly TRAIN.csv [TEST.csv]]

M4 as in `m4`: without test rows, the last 13 or 48 training rows are held back. Each
series is forecast by itself, zero-shot and by the defaults; then the weights are
trained on, on all of them. The bundled collection as in `series`: zero-shot, trained on
for three epochs, and what zero-shot intervals of 80 % contain. Then the seconds of one
series, and of ten thousand. All of it takes half an hour on two cores.
"""

import argparse
import time
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd

from benchmarks.accuracy import m4, series
from benchmarks.accuracy.collection import load
from sklearn_gru import GRUForecaster
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster

SEASON = {"weekly": 52, "hourly": 24}
STEP = {"weekly": "W", "hourly": "h"}
START = "2000-01-03"
READY = {"weights": "synthetic"}
TUNED = {**READY, "max_epochs": 3}
PANEL = {**TUNED, "stride": 12, "batch_size": 64, "early_stopping": False}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for frequency in SEASON:
        parser.add_argument(f"--{frequency}", nargs="+", help="training, and test rows")
    options = parser.parse_args()
    for frequency in SEASON:
        if paths := getattr(options, frequency):
            of_m4(frequency, *paths)
    of_collection()
    speed()


def of_m4(frequency, train, test=None):
    horizon = m4.HORIZON[frequency]
    paths = SimpleNamespace(train=train, test=test)
    known, truth = m4.read(paths, horizon)
    score = m4.Score(known, truth, m4.SEASON[frequency])
    told = {"season_length": SEASON[frequency]}
    for name, settings in [
        ("zero-shot, season found", READY),
        ("zero-shot, season given", {**READY, **told}),
        ("defaults", {"random_state": 0, "horizon": horizon}),
    ]:
        start = time.perf_counter()
        forecasts = [forecast(y, frequency, horizon, settings) for y in known]
        m4.show(f"{frequency}, {name}", score, forecasts, time.perf_counter() - start)
    start = time.perf_counter()
    forecasts = m4.forecast(known, horizon, 0, {**PANEL, **told})
    m4.show(f"{frequency}, trained on", score, forecasts, time.perf_counter() - start)


def forecast(y, frequency, horizon, settings):
    index = pd.period_range(START, periods=len(y), freq=STEP[frequency])
    model = GRUForecaster(**settings)
    return model.fit(pd.DataFrame({"y": y}, index=index)).forecast(horizon)[:, 0]


def of_collection():
    ratios, tuned, covered = [], [], []
    for entry in load():
        naive = min(series.error(entry, f) for f in (series.last, series.last_season))
        ratios.append(series.error(entry, zero_shot) / naive)
        tuned.append(series.error(entry, trained_on) / naive)
        covered.append(np.mean([coverage(entry, *split) for split in entry.splits()]))
        figures = f"{ratios[-1]:8.3f}{tuned[-1]:8.3f}{covered[-1]:8.2f}"
        print(f"{entry.name:22s}{len(entry.y):6d}{figures}", flush=True)
    means = "".join(f"{np.exp(np.mean(np.log(x))):8.3f}" for x in (ratios, tuned))
    print(f"{'geometric means, coverage':28s}{means}{np.mean(covered):8.3f}")


def zero_shot(train, entry):
    model = GRUForecaster(**READY).fit(train.to_frame())
    return model.forecast(entry.horizon)[:, 0]


def trained_on(train, entry):
    model = GRUForecaster(**TUNED, horizon=entry.horizon, random_state=0)
    model.fit(train.to_frame())
    return model.forecast(entry.horizon)[:, 0]


def coverage(entry, train, test):
    model = GRUForecaster(**READY).fit(train.to_frame())
    bounds = model.predict_interval(steps=entry.horizon, coverage=0.8)
    low, high = bounds.reshape(-1, 2).T
    return ((low <= test.to_numpy()) & (test.to_numpy() <= high)).mean()


def speed():
    rows = np.random.default_rng(0).normal(size=(200, 1)).cumsum(axis=0)
    fits, forecasts = [], []
    for _ in range(20):
        start = time.perf_counter()
        model = GRUForecaster(**READY).fit(rows[:100])
        middle = time.perf_counter()
        model.forecast(48)
        fits.append(middle - start)
        forecasts.append(time.perf_counter() - middle)
    fit, ahead = 1000 * np.median(fits), 1000 * np.median(forecasts)
    print(f"one series of 100 rows: fit {fit:.1f} ms, 48 steps {ahead:.1f} ms")
    index = pd.MultiIndex.from_product(
        [range(10_000), pd.period_range("2000-01", periods=200, freq="M")]
    )
    values = np.random.default_rng(0).normal(size=len(index)).cumsum()
    panel = pd.DataFrame({"y": values}, index=index)
    model = SktimeForecaster(**READY)
    start = time.perf_counter()
    model.fit(panel, fh=range(1, 49))
    middle = time.perf_counter()
    model.predict()
    end = time.perf_counter()
    print(f"10,000 of 200: fit {middle - start:.1f} s, 48 steps {end - middle:.1f} s")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
