"""Uses models from many threads at once, and then for long: nothing may change or grow.

Run ``python -m benchmarks.endurance --minutes 30``. The exit status is 1 if resident
memory has grown by more than 5 percent, or if anything else is left behind.
"""

import argparse
import os
import pickle
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import clone

from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
    load,
    trusted_types,
)
from sklearn_gru.sktime import GRUForecaster as Face

N_READERS = 8
WARM_UP = 40
LARGEST_GROWTH = 0.05


def require_equal(given, expected):
    if not np.array_equal(given, expected):
        raise RuntimeError(f"A prediction has changed: {given!r}, not {expected!r}")


def use_at_once(model, data, folder, n_files):
    """Predict in 8 threads while others save a model and load it, `n_files` times.

    Returns how often each of the 8 threads has predicted.
    """
    expected, path = model.predict(data), Path(folder) / "model.safetensors"
    finished = threading.Event()
    model.save(path)

    def predict():
        count = 0
        while not finished.is_set():
            require_equal(model.predict(data), expected)
            count += 1
        return count

    def write():
        for _ in range(n_files):
            model.save(path)

    def read():
        for _ in range(n_files):
            require_equal(load(path).predict(data), expected)

    with ThreadPoolExecutor(N_READERS + 2) as pool:
        readers = [pool.submit(predict) for _ in range(N_READERS)]
        others = [pool.submit(write), pool.submit(read)]
        try:
            for other in others:
                other.result()
        finally:
            finished.set()
        return [reader.result() for reader in readers]


def cases():
    """Return an estimator of each class, and what it is fitted on."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 9, 2)), rng.normal(size=24)
    series = rng.normal(size=(70, 2)).cumsum(axis=0)
    texts = ["to be or not to be", "that is the question"] * 4
    quick = {"max_epochs": 1, "random_state": 0}
    months = pd.period_range("2020-01", periods=70, freq="M")
    return [
        (GRURegressor(**quick, dropout=0.2), (x, y)),
        (GRUClassifier(**quick, n_estimators=2), (x, y > 0)),
        (GRUForecaster(**quick, calibration_fraction=0.3), (series,)),
        (CharGRUGenerator(**quick), (texts,)),
        (CharSequenceTransformer(max_length=9, pad=True), (texts,)),
        (SlidingWindowTransformer(5), (series,)),
        (Face(**quick, window_length=6), (pd.DataFrame(series, months), None, [1, 2])),
    ]


def results(model, data):
    if isinstance(model, Face):
        return model.predict().to_numpy()
    method = "predict" if hasattr(model, "predict") else "transform"
    return getattr(model, method)(data[0])


def one_round(number, folder):
    """Fit, predict, clone and keep an estimator of each class."""
    path = folder / "model.safetensors"
    for estimator, data in cases():
        if hasattr(estimator, "units"):
            estimator.set_params(units=1 + number % 4)
        model = clone(estimator).fit(*data)
        expected = results(model, data)
        model.save(path)
        require_equal(results(load(path), data), expected)
        require_equal(results(pickle.loads(pickle.dumps(model)), data), expected)
        if not isinstance(model, Face):
            kept = skops.io.loads(skops.io.dumps(model), trusted=trusted_types())
            require_equal(results(kept, data), expected)
        path.unlink()


class Held(NamedTuple):
    """What the process holds."""

    megabytes: float
    open_files: int
    threads: int
    system_threads: int
    semaphores: int
    files: int

    @classmethod
    def now(cls, folder):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(
            megabytes=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
            open_files=len(os.listdir("/proc/self/fd")),
            threads=len(threading.enumerate()),
            system_threads=len(os.listdir("/proc/self/task")),
            semaphores=Path("/proc/self/maps").read_text().count("/dev/shm/sem."),
            files=len(list(folder.iterdir())),
        )

    def __str__(self):
        numbers = self._asdict() | {"megabytes": round(self.megabytes, 1)}
        return ", ".join(f"{name} {number}" for name, number in numbers.items())


def endure(minutes, folder):
    """Run rounds for some minutes.

    Returns what was held after the warm-up and each minute, and the number of rounds.
    """
    for number in range(WARM_UP):
        one_round(number, folder)
    held = [Held.now(folder)]
    print(f"after {WARM_UP} rounds: {held[0]}", flush=True)
    start, number = time.monotonic(), WARM_UP
    while time.monotonic() - start < 60 * minutes:
        one_round(number, folder)
        number += 1
        if time.monotonic() - start > 60 * len(held):
            held.append(Held.now(folder))
            print(f"after {number} rounds: {held[-1]}", flush=True)
    return [*held, Held.now(folder)], number


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--files", type=int, default=1000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp())
    for estimator, data in cases()[:3]:
        model = estimator.set_params(units=8).fit(*data)
        counts = use_at_once(model, data[0], folder, arguments.files)
        print(
            f"{type(model).__name__}: {sum(counts)} predictions of 8 threads and "
            f"{arguments.files} of loaded models are equal to the bit",
            flush=True,
        )
        (folder / "model.safetensors").unlink()
    held, n_rounds = endure(arguments.minutes, folder)
    folder.rmdir()
    growth = max(each.megabytes for each in held) / held[0].megabytes - 1
    left = any(
        last > first for first, last in zip(held[0][1:], held[-1][1:], strict=True)
    )
    print(f"at the end: {held[-1]}")
    print(
        f"{n_rounds} rounds; memory grew by {growth:.1%} at most; "
        f"{'something' if left else 'nothing'} is left behind"
    )
    sys.exit(growth > LARGEST_GROWTH or left)


if __name__ == "__main__":
    main()
