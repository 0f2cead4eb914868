"""A small regression problem, and nets with any settings for it."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from deaths import MODEL, Died, X, Y, dying, with_checkpoint
from sklearn.base import clone

from sklearn_gru.data import Scaler
from sklearn_gru.nets import LOSSES, SequenceNet
from sklearn_gru.training import (
    Architecture,
    SequenceDataset,
    TrainingSettings,
    as_units,
    build_net,
    dense,
    loss_curve,
    train,
)

CPU = torch.device("cpu")
ARCHITECTURE = {
    "units": 4,
    "cell": "gru",
    "activation": "tanh",
    "reset_after": True,
    "dropout": 0.0,
    "dtype": torch.float64,
}
SETTINGS = {
    "kernel": "auto",
    "batch_size": 4,
    "lr": 0.05,
    "lr_schedule": "constant",
    "optimizer": "adam",
    "weight_decay": 0.0,
    "gradient_clip": None,
    "early_stopping": False,
    "n_iter_no_change": 3,
    "tol": 1e-4,
    "callbacks": None,
    "verbose": 0,
}


def make_architecture(given, **others):
    """Take an architecture out of `given`, a dict, which keeps the rest."""
    arguments = {name: given.pop(name, ARCHITECTURE[name]) for name in ARCHITECTURE}
    arguments["units"] = as_units(arguments["units"])
    return Architecture(**arguments, others=others)


def make_settings(given):
    return TrainingSettings(**SETTINGS | given)


class Model:
    """A net with the settings that it is trained by."""

    def __init__(self, seed=0, return_sequences=False, criterion=None, **given):
        others = {"input_size": 2, "output_size": 1}
        architecture = make_architecture(
            given, **others, return_sequences=return_sequences
        )
        self.settings = make_settings(given)
        self.net = build_net(
            SequenceNet,
            criterion or LOSSES["squared_error"],
            architecture,
            self.settings,
            device=CPU,
            seed=seed,
        )

    def set(self, **settings):
        self.settings = replace(self.settings, **settings)

    def train(self, dataset, epochs):
        train(self.net, dataset, self.settings, epochs)
        return self

    @property
    def module(self):
        return self.net.module_

    @property
    def weights(self):
        return copy.deepcopy(self.module.state_dict())

    @property
    def losses(self):
        return loss_curve(self.net)

    def recorded(self, name):
        return self.net.history[:, name]


@pytest.fixture
def make_model():
    return Model


def plain_source(values):
    return dense(values, Scaler.identity(values.shape[-1]), torch.float64, CPU)


@pytest.fixture
def make_dataset():
    """Ten sequences of five steps; held-out targets can be turned round."""

    def make(weight=None, held_out=None, turned_round=False):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(10, 5, 2))
        y = x.sum(axis=(1, 2))[:, None]
        inputs, validation = {"x": plain_source(x)}, None
        if held_out is not None:
            target = plain_source(-y if turned_round else y)
            validation = SequenceDataset(inputs, target, held_out, weight=weight)
        return SequenceDataset(
            inputs,
            plain_source(y),
            np.arange(10),
            weight=weight,
            validation=validation,
        )

    return make


@pytest.fixture(scope="session")
def whole_fit():
    """A fit that nothing has interrupted."""
    return clone(MODEL).fit(X, Y)


@pytest.fixture
def died(tmp_path, monkeypatch):
    """A fit that has died after its second epoch."""
    model = with_checkpoint(MODEL, tmp_path)
    with pytest.raises(Died), dying(monkeypatch, after=2):
        model.fit(X, Y)
    return model
