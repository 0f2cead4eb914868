"""Prediction intervals over whole backtests: adaptive beside split-conformal.

    python -m benchmarks.accuracy.intervals [--etth1 ETTh1.csv] [--only NAME ...]

A model is trained once on the first rows of a series. Then each later row is taken in
without training, and the rows 1 and 12 steps ahead get intervals of nominal coverage
50, 80 and 95 %. Printed are their coverage in percent, their mean width, and their mean
Winkler (interval) score: the width, and 2 / (1 - coverage) times the distance of a
value outside. Width and score are divided by those of split-conformal intervals.

The series: column OT of ETTh1 (its last 2,880 hours), El Niño (sea surface temperature,
its last 240 months) and sunspots (its last 109 years) from statsmodels, and made ones:
white noise, an AR(1), a season with normal and with heavy-tailed noise, noise whose
variance changes, GARCH(1, 1), and a season that drifts out of the training range.
"""

import argparse
import time
from collections import namedtuple

import numpy as np
import pandas as pd
from statsmodels.datasets import elnino, sunspots

from sklearn_gru.sktime import GRUForecaster

COVERAGE = np.array([0.5, 0.8, 0.95])
STEPS = (1, 12)
METHODS = ("split", "adaptive")
N_MADE = 2000
Case = namedtuple("Case", ["values", "n_test", "settings"])
YEARS = {"window_length": 24, "units": 16, "max_epochs": 60}
MADE = {"window_length": 24, "units": 16, "max_epochs": 10}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--etth1", help="path of ETTh1.csv")
    parser.add_argument("--only", nargs="+", help="names of series")
    options = parser.parse_args()
    cases = {**real_series(options.etth1), **made_series()}
    print("series      steps  method    coverage            width / split    ", end="")
    print("score / split")
    for name in options.only or cases:
        start = time.perf_counter()
        report(name, backtest(cases[name]))
        print(f"  ({time.perf_counter() - start:.0f} s)", flush=True)


def real_series(etth1):
    months = elnino.load_pandas().data.iloc[:, 1:].to_numpy().ravel()
    years = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    cases = {"elnino": Case(months, 240, YEARS), "sunspots": Case(years, 109, YEARS)}
    if etth1:
        hours = pd.read_csv(etth1)["OT"].to_numpy()
        settings = {"window_length": 96, "max_epochs": 8}
        cases["etth1"] = Case(hours, 2880, settings)
    return cases


def made_series():
    rng = np.random.default_rng(5)
    t, noise = np.arange(N_MADE), rng.normal(size=N_MADE)
    season = 3 * np.sin(2 * np.pi * t / 12)
    autoregressive, garch, variance = np.zeros(N_MADE), np.zeros(N_MADE), 1.0
    for i in range(1, N_MADE):
        autoregressive[i] = 0.8 * autoregressive[i - 1] + noise[i]
        variance = 0.05 + 0.1 * garch[i - 1] ** 2 + 0.85 * variance
        garch[i] = np.sqrt(variance) * noise[i]
    late = np.maximum(t - 1000, 0)
    values = {
        "white": noise,
        "ar1": autoregressive,
        "season": season + noise,
        "heavy": season + rng.standard_t(4, size=N_MADE),
        "variance": season + np.exp(np.sin(2 * np.pi * t / 700)) * noise,
        "garch": garch,
        "drift": season + late / 200 + 0.3 * (1 + late / 400) * noise,
    }
    return {name: Case(series, 1000, MADE) for name, series in values.items()}


def backtest(case):
    """Return the values at each step, and the bounds of each method.

    Returns
    -------
    truth : ndarray of shape (n_origins, steps)
    bounds : dict of ndarray of shape (n_origins, steps, levels, 2)
    """
    y, fh = pd.Series(case.values), range(1, max(STEPS) + 1)
    first = len(y) - case.n_test
    origins = range(first, len(y) - max(STEPS) + 1)
    truth = np.stack([y[i : i + max(STEPS)] for i in origins])
    bounds = {}
    for method in METHODS:
        forecaster = GRUForecaster(
            **case.settings, weights=None, interval_method=method, random_state=0
        ).fit(y[:first], fh=fh)
        folds = []
        for origin in origins:
            if origin > first:
                forecaster.update(y[origin - 1 : origin], update_params=False)
            table = forecaster.predict_interval(coverage=list(COVERAGE))
            folds.append(table.to_numpy().reshape(max(STEPS), len(COVERAGE), 2))
        bounds[method] = np.stack(folds)
    return truth, bounds


def report(name, results):
    truth, bounds = results
    for step in STEPS:
        values = truth[:, step - 1, None]
        measured = {m: measure(values, bounds[m][:, step - 1]) for m in METHODS}
        for method, (coverage, width, score) in measured.items():
            _, split_width, split_score = measured["split"]
            columns = 100 * coverage, width / split_width, score / split_score
            texts = "  ".join(
                " ".join(f"{x:{form}}" for x in column)
                for column, form in zip(columns, ("5.1f", "5.2f", "5.2f"), strict=True)
            )
            print(f"{name:11s} {step:5d}  {method:8s}  {texts}")


def measure(values, bounds):
    """Return coverage, mean width and mean score of each level."""
    lower, upper = bounds[..., 0], bounds[..., 1]
    outside = np.maximum(lower - values, 0) + np.maximum(values - upper, 0)
    score = upper - lower + 2 / (1 - COVERAGE) * outside
    return (outside == 0).mean(axis=0), (upper - lower).mean(axis=0), score.mean(axis=0)


if __name__ == "__main__":
    main()
