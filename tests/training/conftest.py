"""A small regression problem, and nets with any settings for it."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sklearn_gru.data import Scaler
from sklearn_gru.nets import LOSSES, SequenceNet
from sklearn_gru.training import SequenceDataset, build_net, dense, loss_curve, train

CPU = torch.device("cpu")
SETTINGS = {
    "units": 4,
    "cell": "gru",
    "activation": "tanh",
    "reset_after": True,
    "dropout": 0.0,
    "dtype": "float64",
    "kernel": "auto",
    "max_epochs": 3,
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


class Model:
    """A net with the settings that it is trained by."""

    def __init__(self, seed=0, return_sequences=False, criterion=None, **settings):
        self.settings = SimpleNamespace(**{**SETTINGS, **settings})
        self.net = build_net(
            SequenceNet,
            criterion or LOSSES["squared_error"],
            self.settings,
            device=CPU,
            seed=seed,
            input_size=2,
            output_size=1,
            return_sequences=return_sequences,
        )

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
        validation = None
        if held_out is not None:
            target = plain_source(-y if turned_round else y)
            validation = SequenceDataset(plain_source(x), target, held_out, weight)
        return SequenceDataset(
            plain_source(x), plain_source(y), np.arange(10), weight, validation
        )

    return make
