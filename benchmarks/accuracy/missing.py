"""Series with missing rows: read as they are, or filled by hand.

    python -m benchmarks.accuracy.missing [--share 0.1] [--long] [--only NAME ...]

Training rows of the collection's series are hidden at random, one by one or in
stretches of a season, at least 12 rows (`--long`). "mask" is the forecaster with
``missing="mask"`` on what is left; "by hand" is the same forecaster after pandas'
`interpolate`, and "complete" on the series without holes. Printed is the MASE of each
over all origins, divided by that of the better naive forecast of the interpolated
series.
"""

import argparse
import time

import numpy as np

from benchmarks.accuracy.collection import load
from sklearn_gru.sktime import GRUForecaster


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.1, help="of the rows")
    parser.add_argument("--long", action="store_true", help="hide long stretches")
    parser.add_argument("--only", nargs="+", help="names of series")
    options = parser.parse_args()
    names = ["mask", "by hand", "complete"]
    print("".join([f"{'series':20s}", *(f"{name:>10s}" for name in names)]))
    ratios = []
    for series in load():
        if options.only and series.name not in options.only:
            continue
        start = time.perf_counter()
        errors = mean_errors(series, options.share, options.long)
        naive = min(errors["last"], errors["season"])
        ratios.append([errors[name] / naive for name in names])
        seconds = time.perf_counter() - start
        print_row(series.name, ratios[-1], f"  ({seconds:.0f} s)")
    ratios = np.array(ratios)
    print_row("geometric mean", np.exp(np.log(ratios).mean(axis=0)))
    worse = np.exp(np.log(ratios[:, 0] / ratios[:, 1]).mean())
    print(f"mask / by hand: {worse:.3f}")


def print_row(name, ratios, note=""):
    print(f"{name:20s}" + "".join(f"{x:10.3f}" for x in ratios) + note, flush=True)


def mean_errors(series, share, long):
    """Return the MASE of each contender, over all origins."""
    errors = {}
    for origin, (train, truth) in enumerate(series.splits()):
        length = max(series.season, 12) if long else 1
        holed = train.mask(hidden(len(train), share, length, seed=origin))
        by_hand = holed.interpolate(limit_direction="both")
        forecasts = {
            "mask": forecast(holed, series.horizon, missing="mask"),
            "by hand": forecast(by_hand, series.horizon),
            "complete": forecast(train, series.horizon),
            "last": repeated(by_hand, 1, series.horizon),
            "season": repeated(by_hand, series.season, series.horizon),
        }
        for name, values in forecasts.items():
            if not np.isfinite(values).all():
                raise ValueError(f"{name} forecasts NaN for {series.name}.")
            error = np.abs(values - truth.to_numpy()).mean() / series.scale(train)
            errors.setdefault(name, []).append(error)
    return {name: np.mean(values) for name, values in errors.items()}


def hidden(n_rows, share, length, seed):
    """Choose about a share of the rows, in stretches of a length."""
    rng = np.random.default_rng(seed)
    starts = rng.random(n_rows) < share / length
    return np.convolve(starts, np.ones(length))[:n_rows] > 0


def forecast(y, horizon, **settings):
    forecaster = GRUForecaster(**settings, random_state=0)
    return forecaster.fit(y, fh=range(1, horizon + 1)).predict().to_numpy()


def repeated(y, length, horizon):
    """Repeat the last rows."""
    return np.resize(y.to_numpy()[-length:], horizon)


if __name__ == "__main__":
    main()
