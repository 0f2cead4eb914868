"""Fits that die after an epoch, and what a net has learned, to the last bit."""

from contextlib import contextmanager

import numpy as np
from numpy.testing import assert_equal
from sklearn.base import clone

from benchmarks.crashes import bits_of
from sklearn_gru import Checkpoint, GRURegressor
from sklearn_gru.training.checkpoint import RunFile
from sklearn_gru.training.keeping import learned_by

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 7, 2))
Y = X[:, :, 0].sum(axis=1)
SERIES = RNG.normal(size=(90, 2)).cumsum(axis=0) + 50
QUICK = {"units": 4, "max_epochs": 4, "random_state": 3}
HELD_OUT = {"early_stopping": True, "validation_fraction": 0.3}


MODEL = GRURegressor(**QUICK, dropout=0.2)


class Died(BaseException):
    """The end of a process, after so many epochs."""


@contextmanager
def dying(monkeypatch, after=1):
    """Let a fit die when so many of its epochs have ended, but for the last one."""
    end_epoch, counted = RunFile.end_epoch, []

    def end_epoch_and_die(file, net):
        end_epoch(file, net)
        counted.append(file.n_done)
        if len(counted) == after and file.n_done < net.max_epochs:
            raise Died(file.n_done)

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


def learned_without_durations(net):
    learned = learned_by(net)
    for epoch in learned["history"]:
        assert epoch["dur"] > 0
    learned["history"] = [
        {name: value for name, value in epoch.items() if name != "dur"}
        for epoch in learned["history"]
    ]
    return learned | {"rng": net.iterator_train__rng.bit_generator.state}


def assert_same_bits(model, expected):
    assert_same_net(model.net_, expected.net_)


def assert_same_net(net, expected):
    # The first of these says what differs, the second tells 0 from -0.
    assert_equal(learned_without_durations(net), learned_without_durations(expected))
    assert bits_of(net) == bits_of(expected)


def with_checkpoint(model, folder, seconds=0):
    return clone(model).set_params(checkpoint=Checkpoint(folder, seconds))


def only_file(folder):
    (path,) = folder.iterdir()
    return path
