"""Accuracy on ETTh1, 96 to 720 hours ahead, beside published figures.

    python benchmarks/etth1.py path/to/ETTh1.csv [--horizon 96] [--seeds 0 1 2]

The conventions of the published tables: 12, 4 and 4 months of 30 days for training,
validation and test; columns standardised with the training rows; MSE and MAE averaged
over all columns, all horizons and every test window.
"""

import argparse
import time

import numpy as np
import pandas as pd

from sklearn_gru import GRUForecaster

TRAIN, VALIDATION, TEST = 8640, 2880, 2880
# SegRNN's figures (arXiv:2308.11200), by horizon.
PUBLISHED = {
    96: (0.351, 0.392),
    192: (0.390, 0.418),
    336: (0.449, 0.452),
    720: (0.492, 0.494),
}

SHARED = {
    "units": 128,
    "center": "last",
    "scale": "series",
    "segment_length": 48,
    "channels": "independent",
    "loss": "absolute_error",
    "dropout": 0.5,
    "batch_size": 64,
    "max_epochs": 15,
    "early_stopping": True,
    "n_iter_no_change": 5,
}
# Chosen on the validation rows: a month of history and no linear path for the next days,
# two weeks and a linear path for more.
NEAR = {**SHARED, "window_length": 720, "linear_path": False, "lr": 1e-3}
FAR = {**SHARED, "window_length": 336, "linear_path": True, "lr": 2e-4, "tol": 1e-3}
SETTINGS = {96: NEAR, 192: FAR, 336: FAR, 720: FAR}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="ETTh1.csv")
    parser.add_argument("--horizon", type=int, default=96, choices=PUBLISHED)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    table = pd.read_csv(options.path).drop(columns="date").to_numpy(np.float64)
    train = table[:TRAIN]
    z = ((table - train.mean(axis=0)) / train.std(axis=0)).astype(np.float32)
    end, horizon = TRAIN + VALIDATION, options.horizon
    window = SETTINGS[horizon]["window_length"]
    # The first test window's forecast is made from the rows up to `end - 1`.
    known = z[end - window : end + TEST]
    truth = np.lib.stride_tricks.sliding_window_view(z[end : end + TEST], horizon, 0)
    truth = truth.swapaxes(1, 2)  # (windows, horizon, columns)

    print(f"{len(truth)} test windows of {horizon} hours   MSE    MAE")
    scores = []
    for seed in options.seeds:
        forecaster, seconds = fitted(z[:end], horizon, seed)
        forecast = forecaster.rolling_forecast(known, horizon, context="apply")
        error = forecast[window - 1 : window + TEST - horizon] - truth
        scores.append(show(f"GRUForecaster, seed {seed}, {seconds:.0f} s", error))
    mean, spread = np.mean(scores, axis=0), np.std(scores, axis=0)
    print(f"{'mean':38s} {mean[0]:.3f}  {mean[1]:.3f}")
    print(f"{'standard deviation':38s} {spread[0]:.3f}  {spread[1]:.3f}")
    show("naive: the last row", z[end - 1 : end + TEST - horizon, None] - truth)
    day = [known[window - 24 + h % 24 :][: len(truth)] for h in range(horizon)]
    show("seasonal naive: a day ago", np.stack(day, axis=1) - truth)
    mse, mae = PUBLISHED[horizon]
    print(f"{'SegRNN, as published':38s} {mse:.3f}  {mae:.3f}")


def fitted(rows, horizon, seed):
    """Train on the training rows, and stop by the validation rows behind them."""
    settings = SETTINGS[horizon]
    held_out = VALIDATION / (len(rows) - settings["window_length"] - horizon)
    forecaster = GRUForecaster(
        horizon=horizon, validation_fraction=held_out, random_state=seed, **settings
    )
    start = time.perf_counter()
    forecaster.fit(rows)
    return forecaster, time.perf_counter() - start


def show(name, errors):
    score = (errors**2).mean(), np.abs(errors).mean()
    print(f"{name:38s} {score[0]:.3f}  {score[1]:.3f}", flush=True)
    return score


if __name__ == "__main__":
    main()
