"""The time of a backtest over a thousand origins, beside sktime's own overhead.

    python benchmarks/backtesting.py [--rows 10000] [--origins 1000] [--repeats 3]

`evaluate(strategy="no-update_params")` fits once and forecasts from every origin. Its
time is compared with one `rolling_forecast` over the same rows plus the time of the
same backtest with NaiveForecaster, which is sktime's overhead. Medians of interleaved
runs.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("PYTHONWARNINGS", "ignore")  # sktime's own, on construction

import numpy as np
import pandas as pd
import sktime
import torch
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.naive import NaiveForecaster
from sktime.performance_metrics.forecasting import MeanAbsoluteError
from sktime.split import ExpandingWindowSplitter

from sklearn_gru.sktime import GRUForecaster

NETS = {
    "default": {"window_length": 24},
    "tutorial": {"window_length": 100, "units": (50, 50)},
}


def seconds(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--origins", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    noise = np.random.default_rng(0).normal(size=options.rows)
    index = pd.date_range("2000-01-01", periods=options.rows, freq="h")
    y = pd.Series(np.sin(np.arange(options.rows) / 20) + 0.1 * noise, index=index)
    cv = ExpandingWindowSplitter(
        initial_window=options.rows - options.origins, step_length=1, fh=[1]
    )
    versions = f"sktime {sktime.__version__}, torch {torch.__version__}"
    print(f"{versions}, {os.cpu_count()} cores")
    print("net       origins  rolling s  naive s   ours s  bound s  ours / bound")
    for name, settings in NETS.items():
        compare(name, settings, y, cv, options)


def compare(name, settings, y, cv, options):
    """Print one row of the table."""
    backtest = {"y": y, "cv": cv, "scoring": MeanAbsoluteError()}
    backtest |= {"strategy": "no-update_params", "error_score": "raise"}
    settings = {**settings, "weights": None, "max_epochs": 1, "stride": 10}
    forecaster = GRUForecaster(**settings, random_state=0)
    engine = forecaster.clone().fit(y[: -options.origins], fh=[1]).forecaster_
    rows, before = y.to_numpy()[-options.origins :, None], engine.history.last
    origins = np.arange(1, len(rows) + 1)
    times = {"rolling": [], "naive": [], "ours": []}
    for _ in range(options.repeats):
        times["rolling"].append(
            seconds(lambda: engine.forecast_from(origins, rows, before=before))[0]
        )
        times["naive"].append(
            seconds(lambda: evaluate(NaiveForecaster(), **backtest))[0]
        )
        taken, folds = seconds(lambda: evaluate(forecaster, **backtest))
        times["ours"].append(taken - folds["fit_time"].iloc[0])
    rolling, naive, ours = (statistics.median(times[key]) for key in times)
    bound = 5 * rolling + naive
    print(
        f"{name:9s} {len(folds):7d} {rolling:10.3f} {naive:8.2f} {ours:8.2f} "
        f"{bound:8.2f} {ours / bound:13.2f}"
    )


if __name__ == "__main__":
    main()
