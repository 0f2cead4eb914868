import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets import LOSSES, CrossEntropy


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


def test_cross_entropy_of_a_certain_mistake_is_finite():
    losses = CrossEntropy()(torch.tensor([[1e4, 0.0]]), torch.tensor([1]))
    assert_allclose(losses, 1e4)
