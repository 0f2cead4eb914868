"""Accuracy on ETTh1, 96 hours ahead, beside published figures.

    python benchmarks/etth1.py path/to/ETTh1.csv [--seed 0]

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
HORIZON, WINDOW = 96, 720
PUBLISHED = {
    "plain GRU (published tables)": (1.1, np.nan),
    "SegRNN (arXiv:2308.11200)": (0.351, 0.392),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="ETTh1.csv")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    table = pd.read_csv(options.path).drop(columns="date").to_numpy(np.float64)
    train = table[:TRAIN]
    z = ((table - train.mean(axis=0)) / train.std(axis=0)).astype(np.float32)
    end = TRAIN + VALIDATION

    forecaster = GRUForecaster(
        window_length=WINDOW,
        units=128,
        horizon=HORIZON,
        center="last",
        segment_length=48,
        channels="independent",
        loss="absolute_error",
        dropout=0.5,
        batch_size=64,
        lr=1e-3,
        max_epochs=15,
        early_stopping=True,
        validation_fraction=VALIDATION / (end - WINDOW - HORIZON),
        n_iter_no_change=5,
        random_state=options.seed,
        verbose=1,
    )
    start = time.perf_counter()
    forecaster.fit(z[:end])
    seconds = time.perf_counter() - start

    # The first test window's forecast is made from the rows up to `end - 1`.
    known = z[end - WINDOW : end + TEST]
    forecast = forecaster.rolling_forecast(known, HORIZON, context="apply")
    forecast = forecast[WINDOW - 1 : WINDOW + TEST - HORIZON]
    truth = np.lib.stride_tricks.sliding_window_view(z[end : end + TEST], HORIZON, 0)
    truth = truth.swapaxes(1, 2)  # (windows, horizon, columns)
    rows = {f"GRUForecaster, {seconds:.0f} s of training": forecast - truth}
    last = z[end - 1 : end + TEST - HORIZON, None]
    rows["naive: the last row"] = last - truth
    day = np.stack(
        [known[WINDOW - 24 + h % 24 :][: len(truth)] for h in range(HORIZON)]
    )
    rows["seasonal naive: a day ago"] = day.swapaxes(0, 1) - truth

    print(f"{len(truth)} test windows            MSE    MAE")
    for name, errors in rows.items():
        print(f"{name:34s} {(errors**2).mean():.3f}  {np.abs(errors).mean():.3f}")
    for name, (mse, mae) in PUBLISHED.items():
        print(f"{name:34s} {mse:.3f}  {mae:.3f}")


if __name__ == "__main__":
    main()
