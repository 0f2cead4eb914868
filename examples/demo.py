"""Forecast a series and show how much better than naive that is.

    python examples/demo.py                              # Seattle's temperatures
    python examples/demo.py --csv path.csv --target column

The table's first column of dates, if it has one, becomes its index. The last fifth of
the rows is held out: the model never sees it before it is scored on it.
"""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_gru import GRUForecaster
from sklearn_gru.plotting import ForecastDisplay

# Rows in a season, for each frequency of pandas.
SEASONS = {"D": 365, "B": 260, "W": 52, "ME": 12, "MS": 12, "QE": 4, "QS": 4, "h": 24}


def load_seattle():
    from vega_datasets import local_data

    weather = local_data.seattle_weather().set_index("date").asfreq("D")
    return weather[["temp_max", "temp_min"]], "temp_max", "°C"


def load_csv(path, target):
    try:
        table = pd.read_csv(path)
        if len(table.columns) == 1 and ";" in table.columns[0]:
            table = pd.read_csv(path, sep=";")
    except (OSError, ValueError) as error:
        sys.exit(f"Can't read {path}: {error}")
    table = with_dates_as_index(table)
    numbers = table.select_dtypes("number")
    if target is None and len(numbers.columns):
        target = numbers.columns[-1]
    if target not in numbers.columns:
        kind = "no numeric" if target in table.columns else "no"
        names = ", ".join(map(str, numbers.columns)) or "none"
        sys.exit(f"{path} has {kind} column {target!r}; its numeric ones are: {names}.")
    if numbers.isna().any(axis=None):
        column = numbers.columns[numbers.isna().any()][0]
        row = numbers.index[numbers[column].isna()][0]
        sys.exit(f"{path} misses a value in column {column!r} at {row}; fill it first.")
    return numbers, target, ""


def with_dates_as_index(table):
    """Make the first column the index, oldest row first, if it holds dates."""
    first = table.columns[0]
    if pd.api.types.is_numeric_dtype(table[first]):
        return table
    for day_first in (False, True):
        dates = pd.to_datetime(table[first], errors="coerce", dayfirst=day_first)
        if dates.notna().all():
            index = pd.DatetimeIndex(dates, name=first)
            return table.set_index(index).drop(columns=first).sort_index()
    print(
        f"Column {first!r} holds no dates that can be read; rows are counted instead."
    )
    return table


def season_of(index):
    """Rows in a season: by the index's frequency, if it has one."""
    if not isinstance(index, pd.DatetimeIndex):
        return None
    frequency = pd.infer_freq(index) or ""
    season = SEASONS.get(frequency.split("-")[0])
    if season == 365 and len(index) < 2 * 365:
        season = 7
    return season


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", help="a table with one row per time step")
    parser.add_argument("--target", help="what to forecast (default: the last numbers)")
    parser.add_argument("--output", default="forecast.png", help="the picture's path")
    options = parser.parse_args()
    if not Path(options.output).absolute().parent.is_dir():
        sys.exit(f"There is no folder to write {options.output} into.")
    if options.csv:
        table, target, unit = load_csv(options.csv, options.target)
    else:
        table, target, unit = load_seattle()

    n_train = int(len(table) * 0.8)
    train, test = table.iloc[:n_train], table.iloc[n_train:]
    print(f"{len(table)} rows of {', '.join(table.columns)}; forecasting {target}.")
    model = Pipeline(
        [("scale", MinMaxScaler()), ("gru", GRUForecaster(random_state=0, verbose=1))]
    )
    try:
        model.fit(train, train[target])
    except ValueError as error:
        sys.exit(f"This table can't be forecast: {error}")

    truth = test[target].to_numpy()
    errors = {"GRU": root_mean_squared_error(truth, model.predict(test))}
    values = table[target].to_numpy()
    errors["naive: the last value"] = root_mean_squared_error(
        truth, values[n_train - 1 : -1]
    )
    season = season_of(table.index)
    if season and season < n_train:
        errors[f"seasonal naive: {season} rows ago"] = root_mean_squared_error(
            truth, values[n_train - season : -season]
        )
    print(f"\nOne step ahead on the {len(test)} held-out rows, RMSE:")
    for name, error in errors.items():
        print(f"  {name:32s} {error:8.3f} {unit}")
    others = [error for name, error in errors.items() if name != "GRU"]
    print(f"  skill against the better naive   {1 - errors['GRU'] / min(others):8.1%}")

    ahead = model.predict(test, steps=7)
    print(f"\nThe next 7 steps of {target}:")
    index = table.index
    if isinstance(index, pd.DatetimeIndex) and pd.infer_freq(index):
        labels = pd.date_range(index[-1], periods=8, freq=pd.infer_freq(index))[1:]
    else:
        labels = np.arange(len(table), len(table) + 7)
    for label, value in zip(labels, ahead, strict=True):
        print(f"  {str(label).removesuffix(' 00:00:00'):20s} {value:8.2f} {unit}")

    mpl.use("Agg")
    name = f"{target} ({unit})" if unit else target
    display = ForecastDisplay.from_estimator(
        model, test, test[target], steps=7, n_shown=120, name=name
    )
    display.figure_.savefig(options.output, dpi=150)
    print(f"\nPicture: {options.output}")


if __name__ == "__main__":
    main()
