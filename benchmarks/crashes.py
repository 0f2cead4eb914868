"""Kill fits at random times, continue them, and compare all bits with whole ones.

    python -m benchmarks.crashes [--kills 200] [--seed 0]

A fit with ``Checkpoint(folder, seconds=0)`` runs in a forked process, which gets
SIGKILL at a random time. It is begun again and again until it ends; what it has learned
is then compared with what an uninterrupted fit has learned. After each kill in a fit
comes one in a loop of ``save``, whose file must then be the old one or the new one.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle
from pathlib import Path

import numpy as np
from sklearn.base import clone

from sklearn_gru import (
    CharGRUGenerator,
    Checkpoint,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    load,
)
from sklearn_gru.training.keeping import learned_by

OTHER_MODELS = "saved models with other bits"
LONGEST = 600  # seconds that a fit may take
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 10, 2))
SERIES = RNG.normal(size=(150, 2)).cumsum(axis=0)
TEXT = "to be or not to be, that is the question: whether it is nobler to suffer. " * 8
SETTINGS = {"units": 8, "max_epochs": 40, "random_state": 0}
CASES = {
    "regressor": (
        GRURegressor(**SETTINGS, dropout=0.2, early_stopping=True, n_iter_no_change=40),
        (X, X[:, :, 0].sum(axis=1)),
    ),
    "classifier": (
        GRUClassifier(**SETTINGS, cell="lstm", lr_schedule="plateau", time_warp=0.2),
        (X, X[:, 0, 0] > 0),
    ),
    "forecaster": (
        GRUForecaster(**SETTINGS, n_estimators=2, calibration_fraction=0.2),
        (SERIES,),
    ),
    "generator": (CharGRUGenerator(**SETTINGS, batch_size=8), (TEXT,)),
}


def bits_of(net):
    """Return all that a net has learned, but for durations, as bytes."""
    learned = learned_by(net)
    history = [dict(epoch) for epoch in learned.pop("history")]
    for epoch in history:
        del epoch["dur"]
    state = net.iterator_train__rng.bit_generator.state
    # Text, in which a NumPy float is a float, and an array is its bytes.
    return repr(_plain([learned, history, state])).encode()


def _plain(value):
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def begin(function):
    """Run a function in a forked process; return its id."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        function()
        status = 0
    finally:
        os._exit(status)


def ended(process, seconds):
    """Wait so long for a process; tell whether it came to its end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitpid(process, os.WNOHANG)[0]:
            return True
        time.sleep(0.001)
    return False


def fit_to(path, name, checkpoint=None):
    """Fit a model, and write its bits to a file."""
    model, data = CASES[name]
    model = clone(model).set_params(checkpoint=checkpoint).fit(*data)
    beside = path.with_suffix(".part")
    beside.write_bytes(bits_of(model.net_))
    beside.replace(path)


class Crashes:
    """Kills fits in a folder, and counts what comes of it.

    Parameters
    ----------
    folder : Path
    kills : int
        After so many, fits are left in peace.
    seed : int
        Of the times at which fits are killed.
    """

    def __init__(self, folder, kills, seed):
        self.folder = folder
        self.kills = kills
        self.random = random.Random(seed)
        self.counts = Counter()
        self.whole = {}
        self.models = []

    def _whole(self, name):
        """Return how long an uninterrupted fit takes, and its bits."""
        if name not in self.whole:
            # Forked processes find imported and compiled what is needed once.
            model, data = CASES[name]
            clone(model).set_params(max_epochs=1).fit(*data)
            path, begun = self.folder / "whole", time.monotonic()
            assert ended(begin(lambda: fit_to(path, name)), LONGEST)
            self.whole[name] = time.monotonic() - begun, path.read_bytes()
        return self.whole[name]

    def run(self, name):
        """Kill a fit until one comes to its end; compare the bits."""
        seconds, expected = self._whole(name)
        checkpoints, path = self.folder / "checkpoints", self.folder / "result"
        while not self._survived(name, checkpoints, path, seconds):
            self._look(checkpoints)
        self.counts["fits"] += 1
        self.counts["fits with other bits"] += path.read_bytes() != expected
        self.counts["fits that left files"] += any(checkpoints.iterdir())
        shutil.rmtree(checkpoints)
        path.unlink()

    def _survived(self, name, checkpoints, path, seconds):
        checkpoint = Checkpoint(checkpoints, seconds=0)
        process = begin(lambda: fit_to(path, name, checkpoint))
        in_peace = self.counts["kills"] >= self.kills
        if ended(process, LONGEST if in_peace else self.random.uniform(0, seconds)):
            assert path.exists(), f"the fit of {name} failed"
            return True
        self._kill_in_save()
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        self.counts["kills"] += os.WIFSIGNALED(status)
        return path.exists()

    def _kill_in_save(self):
        """Kill a process that saves two models in turns; one of them must be there."""
        path = self.folder / "model.safetensors"
        if not self.models:
            data = CASES["regressor"][1]
            quick = GRURegressor(max_epochs=1, random_state=0)
            self.models = [clone(quick).set_params(units=n).fit(*data) for n in (1, 64)]
        models = self.models
        models[0].save(path)
        process = begin(
            lambda: [model.save(path) for _ in range(999) for model in models]
        )
        ended(process, self.random.uniform(0, 0.2))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        kept = load(path)
        same = [model for model in models if model.units == kept.units]
        self.counts["kills in save"] += 1
        self.counts[OTHER_MODELS] += not np.array_equal(
            kept.predict(X), same[0].predict(X)
        )

    def _look(self, checkpoints):
        """Count what a killed fit has left."""
        left = list(checkpoints.iterdir()) if checkpoints.exists() else []
        ends = [path.suffix for path in left]
        self.counts["kills before the first checkpoint"] += ".safetensors" not in ends
        self.counts["kills while a file was written"] += ".tmp" in ends


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        crashes = Crashes(Path(folder), options.kills, options.seed)
        for name in cycle(CASES):
            crashes.run(name)
            seconds = time.monotonic() - begun
            print(f"{seconds:5.0f} s  {name}  {dict(crashes.counts)}", flush=True)
            if crashes.counts["kills"] >= options.kills:
                break
    faults = "fits with other bits", "fits that left files", OTHER_MODELS
    sys.exit(any(crashes.counts[fault] for fault in faults))


if __name__ == "__main__":
    main()
