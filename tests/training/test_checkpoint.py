"""A fit that was killed and called again ends with the bits of one that was not."""

import errno
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
)
from torch.optim import Adagrad

from sklearn_gru import (
    CharGRUGenerator,
    Checkpoint,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
)
from sklearn_gru.exceptions import CheckpointError, ModelFileError
from sklearn_gru.training import accelerated
from sklearn_gru.training.checkpoint import RunFile
from sklearn_gru.training.keeping import learned_by

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 7, 2))
Y = X[:, :, 0].sum(axis=1)
LABELS = np.where(Y > 0, "up", "down")
RAGGED = [x[: 3 + i % 5] for i, x in enumerate(X)]
SERIES = RNG.normal(size=(90, 2)).cumsum(axis=0) + 50
WITH_HOLES = np.where(RNG.random(SERIES.shape) < 0.05, np.nan, SERIES)
TEXTS = ["to be or not to be", "that is the question", "whether it is nobler"] * 4
QUICK = {"units": 4, "max_epochs": 4, "random_state": 3}
HELD_OUT = {"early_stopping": True, "validation_fraction": 0.3}
STOPS = {**HELD_OUT, "max_epochs": 30, "n_iter_no_change": 2, "lr": 0.1, "tol": 0.2}


class CountBatches(Callback):
    """Remembers something of every batch, and records it."""

    def on_train_begin(self, net, **kwargs):
        self.seen = np.zeros(2)

    def on_batch_end(self, net, training=False, loss=None, **kwargs):
        self.seen[int(training)] += 1
        self.last = loss

    def on_epoch_end(self, net, **kwargs):
        net.history.record("seen", float(self.seen @ [1, 1000]))
        net.history.record("last", self.last.item())

    def state_dict(self):
        return {"seen": self.seen, "last": self.last}

    def load_state_dict(self, state):
        self.seen = state["seen"] + np.zeros(2)
        self.last = torch.clone(state["last"])


def halve(epoch):
    return 0.5**epoch


MAE = EpochScoring("neg_mean_absolute_error", lower_is_better=False, name="mae")
STOP = EarlyStopping("mae", lower_is_better=False, patience=2, load_best=True)
STEPS = LRScheduler("MultiStepLR", milestones=[1, 2], gamma=0.1)
HALVES = LRScheduler("LambdaLR", lr_lambda=halve)
CONSTANT = {"lr_schedule": "constant"}
REGRESSORS = {
    "plain": {},
    "dropout": {"units": (4, 3), "dropout": 0.3},
    "bending": {"time_warp": 0.3, "conv_filters": 4},
    "several": {"n_estimators": 2, "dropout": 0.2},
    "plateau": {"lr_schedule": "plateau", "lr": 0.1, **HELD_OUT},
    "stops": STOPS,
    "sgd": {"optimizer": "sgd", **CONSTANT},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1},
    "rmsprop": {"optimizer": "rmsprop", "dtype": "float64"},
    "adagrad": {"optimizer": Adagrad},
    "torch": {"kernel": "torch"},
    "scored": {**STOPS, "callbacks": [MAE, ("stop", STOP)]},
    "steps": {**CONSTANT, "callbacks": [STEPS]},
    "halves": {**CONSTANT, "callbacks": [HALVES]},
    "counted": {"callbacks": [CountBatches]},
}
CASES = {
    name: (GRURegressor(**QUICK | given), (X, Y)) for name, given in REGRESSORS.items()
} | {
    "bidirectional": (GRURegressor(**QUICK, bidirectional=True), (RAGGED, Y)),
    "lstm": (GRUClassifier(**QUICK, cell="lstm"), (X, LABELS)),
    "classifier": (GRUClassifier(**QUICK, **HELD_OUT, dropout=0.1), (X, LABELS)),
    "forecaster": (GRUForecaster(**QUICK), (SERIES,)),
    "calibrated": (GRUForecaster(**QUICK, calibration_fraction=0.3), (SERIES,)),
    "quantiles": (GRUForecaster(**QUICK, loss="quantile", n_estimators=2), (SERIES,)),
    "missing": (GRUForecaster(**QUICK, missing="mask"), (WITH_HOLES,)),
    "generator": (CharGRUGenerator(**QUICK, dropout=0.1), (TEXTS,)),
    "endless": (CharGRUGenerator(**QUICK, **HELD_OUT), (" ".join(TEXTS),)),
}


class Died(BaseException):
    """The end of a process."""


@contextmanager
def dying(monkeypatch, after=1):
    """Let a fit die when so many of its epochs have ended, but for the last one."""
    end_epoch, counted = RunFile.end_epoch, []

    def end_epoch_and_die(file, net):
        end_epoch(file, net)
        counted.append(file.n_done)
        if len(counted) == after and file.n_done < net.max_epochs:
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr(RunFile, "end_epoch", end_epoch_and_die)
        yield


def after_deaths(monkeypatch, fit):
    """Call a function again and again, until no epoch is left to die after.

    Returns what it returned, and how often it died.
    """
    n_deaths = 0
    while True:
        try:
            with dying(monkeypatch):
                return fit(), n_deaths
        except Died:
            n_deaths += 1


def bits_of(net):
    """Return all that a net has learned, but for durations."""
    learned = learned_by(net)
    for epoch in learned["history"]:
        assert epoch["dur"] > 0
    learned["history"] = [
        {name: value for name, value in epoch.items() if name != "dur"}
        for epoch in learned["history"]
    ]
    return learned | {"rng": net.iterator_train__rng.bit_generator.state}


def assert_same_bits(model, expected):
    assert_equal(bits_of(model.net_), bits_of(expected.net_))


def results(model, data):
    if isinstance(model, CharGRUGenerator):
        return model.predict_proba(TEXTS)
    if isinstance(model, GRUForecaster):
        forecast = model.forecast(5)
        if not model.calibration_fraction:
            return forecast
        return [forecast, *model.predict_interval(data[0], steps=2)]
    return model.predict(data[0])


def with_checkpoint(model, folder, seconds=0):
    return clone(model).set_params(checkpoint=Checkpoint(folder, seconds))


@pytest.mark.parametrize("name", CASES)
def test_a_fit_that_dies_after_every_epoch_has_the_same_result(
    name, tmp_path, monkeypatch
):
    model, data = CASES[name]
    expected = clone(model).fit(*data)
    mortal = with_checkpoint(model, tmp_path)
    model, n_deaths = after_deaths(monkeypatch, lambda: mortal.fit(*data))
    assert n_deaths >= expected.n_iter_ - 1
    assert_same_bits(model, expected)
    assert_equal(results(model, data), results(expected, data))
    assert os.listdir(tmp_path) == []
    assert_same_bits(model.partial_fit(*data), expected.partial_fit(*data))
