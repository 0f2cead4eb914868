"""Loads damaged and forged model files, and says what comes of it.

Run ``python -m benchmarks.forgeries --files 10000``. ``fuzzing.py`` looks for more by
coverage.
"""

import argparse
import collections
import resource
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from sklearn_gru import (
    CharGRUGenerator,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    ModelFileError,
    load,
)
from tests.forgeries import Forger


def models():
    """Fit a model of each kind, and one of two megabytes."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 8, 2)), rng.normal(size=30)
    labels = np.where(y > 0, "up", "down")
    series = rng.normal(size=(80, 2)).cumsum(axis=0)
    quick = {"units": 4, "max_epochs": 1, "random_state": 0}
    intervals = {"calibration_fraction": 0.3}
    models = {
        "regressor": (GRURegressor(**quick, n_estimators=2).fit(x, y), x),
        "classifier": (GRUClassifier(**quick).fit(x, labels), x),
        "forecaster": (GRUForecaster(**quick, **intervals).fit(series), series),
        "generator": (CharGRUGenerator(**quick).fit(["to be", "or not"] * 9), ["to"]),
        "large": (GRUClassifier(**quick | {"units": 256}).fit(x, labels), x),
    }
    try:
        from sktime.datasets import load_airline

        from sklearn_gru.sktime import GRUForecaster as Face
    except ImportError:
        return models
    return models | {"sktime": (Face(**quick).fit(load_airline(), fh=[1, 2]), None)}


def used(model, data):
    """Predict with a model that was loaded from a forged file."""
    predicted = model.predict() if data is None else model.predict(data)
    if isinstance(model, CharGRUGenerator):
        predicted = model.predict_proba(data)
    values = np.asarray(predicted)
    finite = values.dtype.kind not in "fc" or np.isfinite(values).all()
    return "finite" if finite else "NOT FINITE"


def outcome(path, data):
    try:
        model = load(path)
    except ModelFileError:
        return "refused"
    except Exception as error:
        return f"ESCAPED {type(error).__name__}: {error}"[:150]
    try:
        return f"loaded, {used(model, data)}"
    except ValueError:
        return "loaded, ValueError in predict"
    except Exception as error:
        return f"loaded, {type(error).__name__} in predict: {error}"[:150]


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def random_files(n_files, seed, folder):
    fitted, path = models(), folder / "forged"
    written = {}
    for name, (model, _) in fitted.items():
        model.save(folder / f"{name}.safetensors")
        written[name] = (folder / f"{name}.safetensors").read_bytes()
    forgers = {
        name: Forger(data, list(written.values()), seed)
        for name, data in written.items()
    }
    for name, (_, data) in fitted.items():  # what is imported only once
        outcome(folder / f"{name}.safetensors", data)
    outcomes, slow, large = collections.Counter(), [], []
    for number in range(n_files):
        name = list(forgers)[number % len(forgers)]
        way, data = forgers[name]()
        path.write_bytes(data)
        before, start = peak(), time.perf_counter()
        result = outcome(path, fitted[name][1])
        seconds, grown = time.perf_counter() - start, peak() - before
        outcomes[way, result] += 1
        if seconds > 1:
            slow.append((name, way, round(seconds, 2), result))
        if grown > max(10 * len(data), 1 << 23):
            large.append((name, way, grown >> 20, result))
        if (
            result.startswith("ESCAPED")
            or "NOT FINITE" in result
            or " in predict:" in result
        ):
            kept = folder / f"found_{number}"
            kept.write_bytes(data)
            print(name, way, result, kept)
    for (way, result), count in sorted(outcomes.items()):
        print(f"{count:6} {way:8} {result}")
    print(f"over 1 s: {slow}\nover 10 times the file (MB): {large}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    random_files(arguments.files, arguments.seed, Path(tempfile.mkdtemp()))


if __name__ == "__main__":
    main()
