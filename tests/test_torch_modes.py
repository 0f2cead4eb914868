"""A fit inside `inference_mode` or `no_grad` is one outside, to the bit."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_gru import CharGRUGenerator, GRUClassifier, GRUForecaster, GRURegressor

RNG = np.random.default_rng(0)
SEQUENCES = RNG.normal(size=(40, 7, 2))
RAGGED = [sequence[: 2 + i % 5] for i, sequence in enumerate(SEQUENCES)]
SYMBOLS = RNG.integers(5, size=(40, 6))
Y = SEQUENCES[:, 0, 0]
SERIES = RNG.normal(size=(90, 2)).cumsum(axis=0)
TEXTS = ["anna", "hannah", "ann", "nan"] * 10
QUICK = {"units": (4, 3), "max_epochs": 2, "dropout": 0.2, "random_state": 0}
EARLY = {**QUICK, "early_stopping": True}
CASES = {
    "regressor": (GRURegressor(**QUICK), (SEQUENCES, Y)),
    "torch": (GRURegressor(**EARLY, kernel="torch"), (SEQUENCES, Y)),
    "lstm": (GRURegressor(**QUICK, cell="lstm", bidirectional=True), (RAGGED, Y)),
    "classifier": (GRUClassifier(**EARLY), (SEQUENCES, Y > 0)),
    "symbols": (GRUClassifier(**QUICK, embedding_dim=3), (SYMBOLS, Y > 0)),
    "forecaster": (GRUForecaster(8, **EARLY), (SERIES,)),
    "intervals": (GRUForecaster(8, **QUICK, calibration_fraction=0.3), (SERIES,)),
    "text": (CharGRUGenerator(**QUICK, window_length=4), (TEXTS,)),
}
cases = pytest.mark.parametrize(("estimator", "data"), CASES.values(), ids=CASES)
every_mode = pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])


def results(model, X):
    if isinstance(model, CharGRUGenerator):
        predicted = model.predict_proba(X)
    else:
        predicted = model.predict(X)
    return [*map(np.asarray, (predicted, model.transform(X), model.loss_curve_))]


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@cases
@every_mode
def test_a_fit_inside_a_mode_is_one_outside(estimator, data, mode):
    outside, inside = clone(estimator).fit(*data), clone(estimator)
    with mode():
        inside.fit(*data)
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
        assert not torch.is_grad_enabled()
        assert_same(results(inside, data[0]), results(outside, data[0]))
    assert torch.is_grad_enabled()
    assert not any(weight.is_inference() for weight in inside.net_.module_.parameters())
    assert_same(results(inside, data[0]), results(outside, data[0]))
    inside.partial_fit(*data), outside.partial_fit(*data)
    assert_same(results(inside, data[0]), results(outside, data[0]))


@cases
@every_mode
def test_training_goes_on_inside_a_mode_as_outside(estimator, data, mode):
    outside, inside = (clone(estimator).fit(*data) for _ in range(2))
    outside.partial_fit(*data).set_params(warm_start=True).fit(*data)
    with mode():
        inside.partial_fit(*data).set_params(warm_start=True).fit(*data)
    assert_same(results(inside, data[0]), results(outside, data[0]))


@every_mode
def test_a_fit_that_fails_leaves_the_mode_as_it_was(mode):
    with mode():
        with pytest.raises(ValueError, match="diverged"):
            GRURegressor(**QUICK, lr=1e6).fit(SEQUENCES, Y)
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
