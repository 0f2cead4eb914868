"""Defaults on bundled sets of sequences with official splits, beside other methods.

    python -m benchmarks.accuracy.sequences [classes] [numbers] [--seeds 0 1 2]
        [--only NAME ...]

The sets come with sktime and aeon: nothing is downloaded. The figure is the accuracy on
the test split or, for numbers, the root mean squared error divided by that of the mean
of the training targets; then the seconds of a fit. Nothing but the seed is given to our
estimators.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.plain_network import PLAIN
from sklearn_gru import GRUClassifier, GRURegressor

PENALTIES = np.logspace(-3, 3, 13)
# A plain GRU that reads step by step, in one direction, to its last state.
LAST_STATE = {
    **PLAIN,
    "units": 32,
    "dropout": 0,
    "lr": 0.002,
    "max_epochs": 100,
}
DAYS, WEEK, APART = 30, 7, 3
# Sequences of different lengths are lists.
EQUAL_LENGTHS_ONLY = {"MiniRocket", "ridge"}
NOT_MEASURED = np.array([np.nan]), np.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=["classes", "numbers"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", help="names of sets")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)
    for task in options.tasks:
        sets = {"classes": class_sets, "numbers": number_sets}[task]()
        methods = {"classes": classifiers, "numbers": regressors}[task]()
        print(f"{task:24s}" + "".join(f"{name:>24s}" for name in methods))
        table = []
        for name, parts in sets.items():
            if options.only and name not in options.only:
                continue
            row = [
                NOT_MEASURED
                if isinstance(parts[0], list) and method in EQUAL_LENGTHS_ONLY
                else measured(methods[method], parts, options.seeds)
                for method in methods
            ]
            print(f"{name:24s}" + "".join(map(cell, row)), flush=True)
            table.append([figures.mean() for figures, _ in row])
        means = "".join(f"{mean:10.3f}{'':14s}" for mean in np.mean(table, axis=0))
        print(f"{'mean':24s}{means}\n")


def cell(measurement):
    figures, seconds = measurement
    return f"{figures.mean():10.3f} ±{figures.std():.3f} {seconds:6.1f}s"


def measured(method, parts, seeds):
    """Fit with each seed; return the figures, and the seconds of a fit."""
    X, y, X_test, y_test = parts
    figures, seconds = [], []
    for seed in seeds if "random_state" in method.get_params() else [None]:
        model = clone(method)
        if seed is not None:
            model.set_params(random_state=seed)
        start = time.perf_counter()
        model.fit(X, y)
        seconds.append(time.perf_counter() - start)
        figures.append(figure(model, X_test, y, y_test))
    return np.array(figures), float(np.median(seconds))


def figure(model, X, y_train, y):
    if is_classifier(model):
        return np.mean(np.asarray(model.predict(X)) == y)
    error = np.sqrt(np.mean((model.predict(X) - y) ** 2))
    return error / np.sqrt(np.mean((y_train.mean() - y) ** 2))


def classifiers():
    from aeon.classification.convolution_based import MiniRocketClassifier
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier

    return {
        "GRUClassifier": GRUClassifier(time_axis=2),
        "last state only": GRUClassifier(time_axis=2, label_smoothing=0, **LAST_STATE),
        "1-NN DTW": KNeighborsTimeSeriesClassifier(distance="dtw"),
        "MiniRocket": MiniRocketClassifier(random_state=0),
        "ridge": on_flat_sequences(RidgeClassifierCV(PENALTIES)),
    }


def regressors():
    from aeon.regression.convolution_based import MiniRocketRegressor

    return {
        "GRURegressor": GRURegressor(time_axis=2),
        "last state only": GRURegressor(time_axis=2, **LAST_STATE),
        "MiniRocket": MiniRocketRegressor(random_state=0),
        "ridge": on_flat_sequences(RidgeCV(PENALTIES)),
    }


def on_flat_sequences(model):
    return make_pipeline(FunctionTransformer(flat), StandardScaler(), model)


def flat(X):
    return np.reshape(X, (len(X), -1))


def class_sets():
    """Map names to (X, y, X_test, y_test), time last."""
    from aeon import datasets
    from sktime.datasets import load_plaid

    loaders = {
        "ArrowHead": datasets.load_arrow_head,
        "BasicMotions": datasets.load_basic_motions,
        "GunPoint": datasets.load_gunpoint,
        "ItalyPowerDemand": datasets.load_italy_power_demand,
        "JapaneseVowels": datasets.load_japanese_vowels,
        "OSULeaf": datasets.load_osuleaf,
        "ACSF1": datasets.load_acsf1,
        "PickupGestureWiimoteZ": datasets.load_pickup_gesture_wiimoteZ,
        "UnitTest": datasets.load_unit_test,
    }
    sets = {name: both(load) for name, load in loaders.items()}
    train, test = (cells(*load_plaid(split=part)) for part in ("train", "test"))
    return {**sets, "PLAID": (*train, *test)}


def number_sets():
    """Map names to (X, y, X_test, y_test), time last."""
    from aeon import datasets
    from sktime.datasets import load_tecator

    train, test = (cells(*load_tecator(split=part)) for part in ("train", "test"))
    return {
        "Covid3Month": both(datasets.load_covid_3month),
        "CardanoSentiment": both(datasets.load_cardano_sentiment),
        "Tecator": (*map(np.asarray, train), *map(np.asarray, test)),
        "Seattle weather": next_weeks_mean(),
    }


def both(load):
    (X, y), (X_test, y_test) = load(split="train"), load(split="test")
    return X, y, X_test, y_test


def cells(X, y):
    """Read a table with a Series in each cell: list of (channels, time), labels."""
    return [np.stack([np.asarray(cell) for cell in row]) for row in X.to_numpy()], y


def next_weeks_mean():
    """Make months of weather, and the mean highest temperature of the week after."""
    from vega_datasets import local_data

    columns = ["temp_max", "temp_min", "wind", "precipitation"]
    days = local_data.seattle_weather()[columns].to_numpy()
    starts = np.arange(0, len(days) - DAYS - WEEK, APART)
    X = np.stack([days[i : i + DAYS].T for i in starts])
    y = np.array([days[i + DAYS :][:WEEK, 0].mean() for i in starts])
    n_train = int(0.7 * len(X))
    return X[:n_train], y[:n_train], X[n_train:], y[n_train:]


if __name__ == "__main__":
    main()
