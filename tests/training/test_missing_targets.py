"""Targets that are NaN do not count in the loss of any forecaster's net."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from sklearn_gru.nets import FORECAST_LOSSES, QUANTILES
from sklearn_gru.training import Batch, NetOfKnown, SequenceDataset
from sklearn_gru.training.batches import BatchIterator
from sklearn_gru.training.net import Run
from sklearn_gru.training.records import EveryBatch, WholeEpoch
from sklearn_gru.training.sources import Resident
from sklearn_gru.training.steps import EagerStep

NAN = float("nan")


class Parrot(nn.Module):
    """Forecasts what it is told to."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()).double())

    def forward(self, x):
        return self.scale * x


def make_net(loss="squared_error", **settings):
    net = NetOfKnown(Parrot, FORECAST_LOSSES[loss], device="cpu", **settings)
    return net.initialize()


def loss_of(net, prediction, target):
    return net.mean_loss(prediction, Batch({}, target))


def predictions(loss, n_estimators, n=6, horizon=3, k=2):
    shape = [n, horizon, k]
    if n_estimators > 1:
        shape.insert(1, n_estimators)
    if loss == "quantile":
        shape.append(len(QUANTILES))
    return torch.from_numpy(np.random.default_rng(1).normal(size=shape))


def holed_targets(n=6, horizon=3, k=2):
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(n, horizon, k))
    targets[rng.random(targets.shape) < 0.4] = NAN
    return torch.from_numpy(targets)


every_loss = pytest.mark.parametrize("loss", list(FORECAST_LOSSES))
every_number = pytest.mark.parametrize("n_estimators", [1, 3])


@every_loss
@every_number
def test_the_loss_is_the_mean_over_known_elements(loss, n_estimators):
    criterion, target = FORECAST_LOSSES[loss](), holed_targets()
    prediction = predictions(loss, n_estimators)
    losses = criterion(prediction, target).numpy()
    expected = np.mean([x for x in losses.ravel() if not np.isnan(x)])
    assert_allclose(loss_of(make_net(loss), prediction, target), expected)


@every_loss
@every_number
def test_elements_without_a_target_have_no_gradient(loss, n_estimators):
    target = holed_targets()
    prediction = predictions(loss, n_estimators).requires_grad_()
    loss_of(make_net(loss), prediction, target).backward()
    unknown = FORECAST_LOSSES[loss]()(prediction, target).isnan()
    assert unknown.any()
    assert (prediction.grad[unknown] == 0).all()
    assert prediction.grad.isfinite().all()
    assert (prediction.grad[~unknown] != 0).any()


def test_a_sample_without_targets_is_as_good_as_left_out():
    target, prediction = holed_targets(), predictions("squared_error", 1)
    target[2] = NAN
    others = [0, 1, 3, 4, 5]
    net = make_net()
    assert_allclose(
        loss_of(net, prediction, target),
        loss_of(net, prediction[others], target[others]),
    )


def test_nothing_known_is_no_loss_and_moves_nothing():
    net, target = make_net(), torch.full((6, 3, 2), NAN).double()
    batch = Batch({"x": predictions("squared_error", 1)}, target)
    assert EagerStep(net)(batch)["loss"] == 0
    assert net.module_.scale == 1


def test_a_prediction_that_is_nan_is_no_unknown_target():
    target, prediction = holed_targets(), predictions("squared_error", 1)
    prediction[0, 0, 0] = NAN
    assert loss_of(make_net(), prediction, target).isnan()


@pytest.mark.parametrize("records", [WholeEpoch, EveryBatch])
def test_the_loss_of_an_epoch_is_the_mean_over_its_known_targets(records):
    x, target = predictions("squared_error", 1), holed_targets()
    target[4:] = NAN  # the last batch has none
    net = make_net(
        lr=0.0,
        batch_size=2,
        iterator_train=BatchIterator,
        train_split=None,
        max_epochs=1,
        verbose=0,
    )
    net.run = Run(EagerStep(net), records)
    net.partial_fit(SequenceDataset({"x": Resident(x)}, Resident(target), range(6)))
    expected = np.nanmean((x - target).square().numpy())
    assert_allclose(net.history[-1]["train_loss"], expected)
