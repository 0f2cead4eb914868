"""Defaults on the bundled collection, beside naive and classical methods.

    python -m benchmarks.accuracy.series [--seeds 0 1 2] [--only NAME ...] [--json PATH]

Each series is forecast from its last four origins, one horizon apart. The figure is the
mean MASE over the origins, divided by that of the better one of naive and seasonal
naive; the last line is the geometric mean over the series. Nothing but the series and
`fh` is given to the forecasters here; the classical ones of statsforecast are told the
season that goes with the frequency.
"""

import argparse
import json
import time
import warnings

import numpy as np

from benchmarks.accuracy.collection import load
from sklearn_gru import GRUForecaster
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster

# AutoARIMA takes minutes for long seasons.
LONGEST_SEASON, MOST_ROWS = 24, 3000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", help="names of series")
    parser.add_argument("--json", help="where to write all figures")
    options = parser.parse_args()
    methods = contenders(options.seeds)
    print(f"{'series':22s}{'rows':>6s}" + "".join(f"{m:>12s}" for m in methods))
    table = {}
    for series in load():
        if options.only and series.name not in options.only:
            continue
        table[series.name] = row = measured(series, methods)
        figures = "".join(f"{ratio:12.3f}" for ratio, _ in row.values())
        print(f"{series.name:22s}{len(series.y):6d}{figures}", flush=True)
        if options.json:
            with open(options.json, "w") as file:
                json.dump(table, file, indent=1)
    summarise(table, methods)


def contenders(seeds):
    """Map names to functions of a series' training rows and the series."""
    ours = {f"gru {seed}": sktime_face(seed) for seed in seeds}
    return {**ours, "gru sklearn": sklearn_face, **classics()}


def sktime_face(seed):
    def forecast(train, series):
        fh = list(range(1, series.horizon + 1))
        return SktimeForecaster(random_state=seed).fit(train, fh=fh).predict()

    return forecast


def sklearn_face(train, series):
    model = GRUForecaster(random_state=0).fit(train.to_frame())
    return model.forecast(series.horizon)[:, 0]


def classics():
    try:
        from statsforecast import models
    except ImportError:
        return {}

    def forecaster(make):
        def forecast(train, series):
            slow = series.season > LONGEST_SEASON or len(train) > MOST_ROWS
            if make is models.AutoARIMA and slow:
                return np.full(series.horizon, np.nan)
            model = make(season_length=series.season)
            return model.forecast(y=train.to_numpy(), h=series.horizon)["mean"]

        return forecast

    makers = models.AutoETS, models.AutoTheta, models.AutoARIMA
    return {make.__name__: forecaster(make) for make in makers}


def measured(series, methods):
    """Return, for each method, its relative error and its seconds for an origin."""
    naive = min(error(series, last), error(series, last_season))
    row = {}
    for name, forecast in methods.items():
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ratio = error(series, forecast) / naive
        row[name] = ratio, (time.perf_counter() - start) / 4
    return row


def last(train, series):
    return np.repeat(train.iloc[-1], series.horizon)


def last_season(train, series):
    places = np.arange(series.horizon) % series.season
    return train.to_numpy()[len(train) - series.season + places]


def error(series, forecast):
    """Mean MASE over the origins."""
    errors = [
        np.abs(test.to_numpy() - np.asarray(forecast(train, series))).mean()
        / series.scale(train)
        for train, test in series.splits()
    ]
    return float(np.mean(errors))


def summarise(table, methods):
    print(f"{'geometric mean':28s}", end="")
    for name in methods:
        ratios = [row[name][0] for row in table.values()]
        print(f"{np.exp(np.nanmean(np.log(ratios))):12.3f}", end="")
    print(f"\n{'most seconds an origin':28s}", end="")
    for name in methods:
        print(f"{max(row[name][1] for row in table.values()):12.1f}", end="")
    print()


if __name__ == "__main__":
    main()
