"""Many series and one network: seconds, memory, and sktime's own overhead.

    python benchmarks/panels.py [--series 10000] [--rows 200] [--steps 48]

One row a stage of sktime's forecaster: `pretrain` on all series, `fit` and `predict` on
all of them, `update` by one row of each. Beside it stands the same stage of a
forecaster that repeats the last row of each series, in one NumPy call: what sktime
takes for its checks and conversions. `loop` is `fit` and `predict` of one series after
another, measured on 100 of them and multiplied. Then the same series as columns of one
table, for scikit-learn's forecaster with `channels="independent"`.

Memory is what a stage adds to the peak of the process.
"""

import argparse
import os
import resource
import time

os.environ.setdefault("PYTHONWARNINGS", "ignore")  # sktime's own, on construction

import numpy as np
import pandas as pd
import sktime
import torch
from sktime.forecasting.base import BaseForecaster

import sklearn_gru
from sklearn_gru.sktime import GRUForecaster

FORMATS = ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"]
N_LOOP = 100
WINDOW = 24


class LastRow(BaseForecaster):
    """Repeats the last row of every series; they all end together."""

    _tags = {
        "y_inner_mtype": FORMATS,
        "X_inner_mtype": FORMATS,
        "requires-fh-in-fit": False,
        "capability:update": True,
    }
    _config = {"remember_data": False}

    def _fit(self, y, X=None, fh=None):
        self.names_ = y.index.droplevel(-1).unique()
        self.last_ = y["y"].to_numpy().reshape(len(self.names_), -1)[:, -1]
        return self

    def _update(self, y, X=None, update_params=True):
        return self._fit(y)

    def _predict(self, fh, X):
        times = fh.to_absolute_index(self._cutoff)
        index = pd.MultiIndex.from_product([self.names_, times], names=["id", "time"])
        return pd.DataFrame({"y": np.repeat(self.last_, len(times))}, index)


def make_table(n_series, n_rows):
    """Waves with noise, a column per series."""
    rng = np.random.default_rng(0)
    phase, size = rng.uniform(0, 6, n_series), 10 ** rng.uniform(0, 3, n_series)
    waves = np.sin(2 * np.pi * np.arange(n_rows)[:, None] / 12 + phase)
    return size * (3 + waves + rng.normal(0, 0.2, (n_rows, n_series)))


def as_panel(table, start=0):
    times = pd.date_range("2000-01-01", periods=start + len(table))[start:]
    names = pd.RangeIndex(table.shape[1])
    index = pd.MultiIndex.from_product([names, times], names=["id", "time"])
    return pd.DataFrame({"y": table.T.ravel()}, index)


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(function):
    """Run a function; return its seconds and the MiB that it adds to the peak."""
    before, start = peak_mib(), time.perf_counter()
    function()
    return time.perf_counter() - start, peak_mib() - before


def show(stage, function, overhead=None):
    seconds, mib = measured(function)
    beside = "" if overhead is None else f"{measured(overhead)[0]:10.2f}"
    print(f"{stage:24s} {seconds:9.2f} {mib:8.0f} {beside}", flush=True)


def sktime_face(table, options):
    """Print the rows of sktime's forecaster."""
    settings = {"max_epochs": options.epochs, "batch_size": options.batch_size}
    settings |= {"stride": options.stride, "window_length": WINDOW, "random_state": 0}
    settings |= {"weights": None}
    naive = LastRow()
    ours = GRUForecaster(**settings, early_stopping=False)
    warm_up = GRUForecaster(window_length=WINDOW, max_epochs=1, stride=50)
    fh = list(range(1, options.steps + 1))
    warm_up.pretrain(as_panel(table[:, :100]), fh=fh)
    # A copy for either, as pandas keeps what it has found out about an index.
    known, twin = (as_panel(table[:-1]) for _ in range(2))
    last, last_twin = (as_panel(table[-1:], start=len(table) - 1) for _ in range(2))
    show("pretrain", lambda: ours.pretrain(known, fh=fh))
    n_starts = len(range(0, options.rows - WINDOW - options.steps, options.stride))
    n_windows = n_starts * options.series
    n_steps = options.epochs * -(-n_windows // options.batch_size)
    print(f"  {n_windows} windows, {options.epochs} epochs, {n_steps} steps in all")
    show("fit", lambda: ours.fit(known, fh=fh), lambda: naive.fit(twin, fh=fh))
    show("predict", ours.predict, naive.predict)
    show(
        "update, a row of each",
        lambda: ours.update(last, update_params=False),
        lambda: naive.update(last_twin, update_params=False),
    )
    show("predict", ours.predict, naive.predict)
    seconds = loop(ours, known)
    print(f"{'loop: fit and predict':24s} {seconds * options.series:9.0f}", flush=True)


def loop(forecaster, panel):
    """Seconds a series of fitting and forecasting one after another."""
    series = [panel.loc[name] for name in panel.index.unique(0)[:N_LOOP]]
    start, single = time.perf_counter(), forecaster.clone()
    for y in series:
        single.fit(y, fh=forecaster.fh).predict()
    return (time.perf_counter() - start) / len(series)


def scikit_learn_face(table, options):
    model = sklearn_gru.GRUForecaster(
        channels="independent",
        horizon=options.steps,
        window_length=WINDOW,
        max_epochs=1,
        batch_size=1,
        stride=options.stride,
        weights=None,
        early_stopping=False,
        random_state=0,
    )
    show("wide table: fit", lambda: model.fit(table))
    show("wide table: forecast", lambda: model.forecast(options.steps))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--steps", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--stride", type=int, default=1)
    options = parser.parse_args()
    versions = f"sktime {sktime.__version__}, torch {torch.__version__}"
    print(f"{versions}, {os.cpu_count()} cores")
    print(f"{options.series} series of {options.rows} rows, {options.steps} steps")
    print("stage                            s      MiB  sktime, s")
    table = make_table(options.series, options.rows)
    sktime_face(table, options)
    scikit_learn_face(table, options)


if __name__ == "__main__":
    main()
