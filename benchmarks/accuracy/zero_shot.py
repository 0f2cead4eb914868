"""The weights in the package, on series that they were not trained on.

    python -m benchmarks.accuracy.zero_shot [--weekly TRAIN.csv [TEST.csv]]
                                            [--hourly TRAIN.csv [TEST.csv]]

M4 as in `m4`: without test rows, the last 13 or 48 training rows are held back. The
bundled collection as in `series`, and what intervals of 80 % contain there. Then the
seconds of one series, and of ten thousand.
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
START = "2000-01-03"


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
    for name, told in [
        ("season found in each series", {}),
        ("season given to all", {"season_length": SEASON[frequency]}),
    ]:
        start = time.perf_counter()
        forecasts = [forecast(y, frequency, horizon, told) for y in known]
        m4.show(f"{frequency}, {name}", score, forecasts, time.perf_counter() - start)


def forecast(y, frequency, horizon, told):
    step = {"weekly": "W", "hourly": "h"}[frequency]
    index = pd.period_range(START, periods=len(y), freq=step)
    model = GRUForecaster(weights="synthetic", **told)
    return model.fit(pd.DataFrame({"y": y}, index=index)).forecast(horizon)[:, 0]


def of_collection():
    ratios, covered = [], []
    for entry in load():
        naive = min(series.error(entry, f) for f in (series.last, series.last_season))
        ratio = series.error(entry, zero_shot) / naive
        share = np.mean([coverage(entry, *split) for split in entry.splits()])
        print(f"{entry.name:22s}{len(entry.y):6d}{ratio:8.3f}{share:8.2f}", flush=True)
        ratios.append(ratio)
        covered.append(share)
    mean = np.exp(np.mean(np.log(ratios)))
    print(f"{'geometric mean, coverage':28s}{mean:8.3f}{np.mean(covered):8.3f}")


def zero_shot(train, entry):
    model = GRUForecaster(weights="synthetic").fit(train.to_frame())
    return model.forecast(entry.horizon)[:, 0]


def coverage(entry, train, test):
    model = GRUForecaster(weights="synthetic").fit(train.to_frame())
    bounds = model.predict_interval(steps=entry.horizon, coverage=0.8)
    low, high = bounds.reshape(-1, 2).T
    return ((low <= test.to_numpy()) & (test.to_numpy() <= high)).mean()


def speed():
    rows = np.random.default_rng(0).normal(size=(200, 1)).cumsum(axis=0)
    fits, forecasts = [], []
    for _ in range(20):
        start = time.perf_counter()
        model = GRUForecaster(weights="synthetic").fit(rows[:100])
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
    model = SktimeForecaster(weights="synthetic")
    start = time.perf_counter()
    model.fit(panel, fh=range(1, 49))
    middle = time.perf_counter()
    model.predict()
    end = time.perf_counter()
    print(f"10,000 of 200: fit {middle - start:.1f} s, 48 steps {end - middle:.1f} s")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
