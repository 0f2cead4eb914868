"""Forecast a series and show how much better than naive that is.

    python examples/demo.py                              # Seattle's temperatures
    python examples/demo.py --csv path.csv --target column

A column of dates, if the table has one, becomes its index. The last fifth of the rows
is held out: the model never sees it before it is scored on it.
"""

import argparse
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from _dates import DAY, without_midnight
from _table import listed, read_table, refuse
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_gru import GRUForecaster
from sklearn_gru.plotting import ForecastDisplay

# Rows in a season, for each frequency of pandas.
SEASONS = {"D": 365, "B": 260, "W": 52, "ME": 12, "MS": 12, "QE": 4, "QS": 4}
STEPS = 7


def load_seattle():
    from vega_datasets import local_data

    weather = local_data.seattle_weather().set_index("date").asfreq("D")
    return weather[["temp_max", "temp_min"]], "temp_max"


def calendar_season(index):
    """Rows in a season by the index's dates: a year, or a day; None if unknown."""
    if not isinstance(index, pd.DatetimeIndex):
        return None
    step = index[1] - index[0]
    if step < DAY:
        return DAY // step if DAY % step == pd.Timedelta(0) else None
    season = SEASONS.get((pd.infer_freq(index) or "").split("-")[0])
    return 7 if season == 365 and len(index) < 2 * 365 else season


def repeating_lag(values, most=400):
    """The lag at which the values are most alike, for rows without a calendar."""
    lags = range(1, min(most, len(values) // 2) + 1)
    return min(lags, key=lambda lag: np.mean((values[lag:] - values[:-lag]) ** 2))


def one_step_errors(model, table, target, n_train):
    """RMSE on the rows after the first `n_train`: the model and naive forecasts."""
    values = table[target].to_numpy(float)
    truth = values[n_train:]
    lags = {1: "naive: the last value"}
    season = calendar_season(table.index)
    if season and season < n_train:
        lags[season] = f"seasonal naive: {season} rows ago"
    lag = repeating_lag(values[:n_train])
    lags.setdefault(lag, f"naive: the value {lag} rows ago")
    forecasts = {"GRU": model.predict(table[n_train:])}
    forecasts |= {name: values[n_train - lag : -lag] for lag, name in lags.items()}
    return {
        name: root_mean_squared_error(truth, forecast)
        for name, forecast in forecasts.items()
    }


def legible(number):
    return f"{number:.3f}" if 0.1 <= abs(number) < 1e7 else f"{number:.3g}"


def print_errors(errors, n_rows, unit):
    print(f"\nOne step ahead on the {n_rows} held-out rows, RMSE:")
    for name, error in errors.items():
        print(f"  {name:32s} {legible(error):>8s} {unit}".rstrip())
    naive = min(error for name, error in errors.items() if name != "GRU")
    if naive > 0:
        print(f"  skill against the better naive   {1 - errors['GRU'] / naive:8.1%}")
    else:
        print("  no skill to be had: a naive forecast makes no error on these rows")


def print_ahead(ahead, index, target, unit):
    print(f"\nThe next {len(ahead)} steps of {target}:")
    n_rows, n_ahead = len(index), len(ahead)
    labels = range(n_rows, n_rows + n_ahead)
    if isinstance(index, pd.DatetimeIndex):
        frequency = pd.infer_freq(index)
        labels = pd.date_range(index[-1], periods=n_ahead + 1, freq=frequency)[1:]
    for label, value in zip(labels, ahead, strict=True):
        print(f"  {without_midnight(label):20s} {legible(value):>8s} {unit}".rstrip())


def draw(model, test, target, unit, path):
    mpl.use("Agg")
    display = ForecastDisplay.from_estimator(
        model,
        test,
        test[target],
        steps=STEPS,
        n_shown=120,
        name=f"{target} ({unit})" if unit else target,
    )
    display.ax_.yaxis.label.set_parse_math(False)  # a "$" in a name is a dollar
    with warnings.catch_warnings():
        # Signs that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        display.figure_.savefig(path, dpi=150)
    mpl.pyplot.close(display.figure_)
    print(f"\nPicture: {path}")


def forecast(table, target, unit, output):
    """Train on the first four fifths of a table; score, forecast and draw the rest."""
    n_train = int(len(table) * 0.8)
    train, test = table[:n_train], table[n_train:]
    print(f"{len(table)} rows of {listed(table.columns)}; forecasting {target}.")
    model = Pipeline(
        [("scale", MinMaxScaler()), ("gru", GRUForecaster(random_state=0, verbose=1))]
    )
    try:
        model.fit(train, train[target])
        ahead = model.predict(test, steps=STEPS)
    except ValueError as error:
        refuse(f"This table can't be forecast: {error}")
    errors = one_step_errors(model, table, target, n_train)
    print_errors(errors, len(test), unit)
    print_ahead(ahead, table.index, target, unit)
    draw(model, test, target, unit, output)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", help="a table with one row per time step")
    parser.add_argument("--target", help="what to forecast (default: the last numbers)")
    parser.add_argument("--output", default="forecast.png", help="the picture's path")
    options = parser.parse_args(arguments)
    if not Path(options.output).absolute().parent.is_dir():
        sys.exit(f"There is no folder to write {options.output} into.")
    if options.csv:
        table, target = read_table(options.csv, options.target)
        forecast(table, target, "", options.output)
    else:
        forecast(*load_seattle(), "°C", options.output)


if __name__ == "__main__":
    main()
