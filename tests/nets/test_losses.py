import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.metrics import mean_pinball_loss

from sklearn_gru.nets import FORECAST_LOSSES, LOSSES, QUANTILES, CrossEntropy


def plain_huber(difference):
    if abs(difference) < 1:
        return difference**2 / 2
    return abs(difference) - 0.5


PLAIN = {
    "squared_error": lambda difference: difference**2,
    "absolute_error": abs,
    "huber": plain_huber,
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(6,), (6, 2), (6, 4, 2)])
def test_losses_are_taken_element_by_element(name, shape):
    rng = np.random.default_rng(0)
    prediction, target = 2 * rng.normal(size=(2, *shape))
    losses = LOSSES[name]()(torch.from_numpy(prediction), torch.from_numpy(target))
    expected = np.vectorize(PLAIN[name])(prediction - target)
    assert_allclose(losses, expected, rtol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_several_networks_are_each_compared_with_the_target(name):
    rng = np.random.default_rng(0)
    prediction = torch.from_numpy(rng.normal(size=(6, 3, 4, 2)))
    target = torch.from_numpy(rng.normal(size=(6, 4, 2)))
    losses = LOSSES[name]()(prediction, target)
    assert losses.shape == prediction.shape
    for number in range(3):
        alone = LOSSES[name]()(prediction[:, number], target)
        assert_allclose(losses[:, number], alone, rtol=1e-15)


def pinball(prediction, target):
    return FORECAST_LOSSES["quantile"]()(
        torch.from_numpy(prediction), torch.from_numpy(target)
    )


def test_the_quantile_loss_is_scikit_learns_pinball_loss():
    rng = np.random.default_rng(0)
    target = rng.normal(size=(60, 4, 2))
    prediction = rng.normal(size=(60, 4, 2, len(QUANTILES)))
    losses = pinball(prediction, target)
    assert losses.shape == prediction.shape
    for number, level in enumerate(QUANTILES):
        for step in range(4):
            for column in range(2):
                expected = mean_pinball_loss(
                    target[:, step, column],
                    prediction[:, step, column, number],
                    alpha=level,
                )
                mean = losses[:, step, column, number].mean()
                assert_allclose(mean, expected, rtol=1e-12)


def test_the_quantile_loss_of_several_networks_is_that_of_each():
    rng = np.random.default_rng(0)
    target = rng.normal(size=(5, 4, 2))
    prediction = rng.normal(size=(5, 3, 4, 2, len(QUANTILES)))
    losses = pinball(prediction, target)
    for number in range(3):
        alone = pinball(prediction[:, number], target)
        assert_allclose(losses[:, number], alone, rtol=1e-15)


@pytest.mark.parametrize("level", QUANTILES)
def test_the_quantile_loss_is_least_at_the_quantile(level):
    """Which is why a network that minimises it forecasts quantiles."""
    target = np.random.default_rng(0).exponential(size=(501, 1))
    place = QUANTILES.index(level)

    def mean_loss(value):
        prediction = np.full((501, 1, len(QUANTILES)), value)
        return pinball(prediction, target)[..., place].mean()

    best = mean_loss(np.quantile(target, level, method="inverted_cdf"))
    assert best <= min(mean_loss(value) for value in np.linspace(0, 8, 101))


def test_the_quantiles_lie_around_the_median():
    assert list(QUANTILES) == sorted(QUANTILES)
    assert QUANTILES[len(QUANTILES) // 2] == 0.5


@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_cross_entropy_is_minus_the_log_probability_of_the_class(n_classes):
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(size=(8, n_classes)), rng.integers(n_classes, size=8)
    expected = [
        -math.log(math.exp(row[c]) / sum(math.exp(value) for value in row))
        for row, c in zip(logits, classes, strict=True)
    ]
    losses = CrossEntropy()(torch.from_numpy(logits), torch.from_numpy(classes))
    assert_allclose(losses, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.05, 0.9])
@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_smoothed_labels_count_a_little_for_every_class(n_classes, label_smoothing):
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(size=(8, n_classes)), rng.integers(n_classes, size=8)
    expected = []
    for row, c in zip(logits, classes, strict=True):
        log_p = [value - math.log(sum(map(math.exp, row))) for value in row]
        evenly = sum(log_p) / n_classes
        expected.append(-(1 - label_smoothing) * log_p[c] - label_smoothing * evenly)
    logits, classes = torch.from_numpy(logits), torch.from_numpy(classes)
    losses = CrossEntropy(label_smoothing)(logits, classes)
    assert_allclose(losses, expected, rtol=1e-12, atol=1e-15)
    theirs = torch.nn.CrossEntropyLoss(
        label_smoothing=label_smoothing, reduction="none"
    )
    assert_allclose(losses, theirs(logits, classes), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_cross_entropy_of_several_networks_is_that_of_each(label_smoothing):
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(8, 3, 5)))
    classes = torch.from_numpy(rng.integers(5, size=8))
    losses = CrossEntropy(label_smoothing)(logits, classes)
    assert losses.shape == (8, 3)
    for number in range(3):
        alone = CrossEntropy(label_smoothing)(logits[:, number], classes)
        assert_allclose(losses[:, number], alone, rtol=1e-15)


def test_cross_entropy_of_a_certain_mistake_is_finite():
    losses = CrossEntropy()(torch.tensor([[1e4, 0.0]]), torch.tensor([1]))
    assert_allclose(losses, 1e4)
