"""`n_estimators`: networks side by side, whose mean counts."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone

from sklearn_gru import GRUClassifier, GRURegressor
from sklearn_gru.nets.side_by_side import SEEDS_APART

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 9, 2))
RAGGED = [x[: 1 + i % 9] for i, x in enumerate(X)]
QUICK = {
    "units": 5,
    "max_epochs": 2,
    "conv_filters": 4,
    "segment_length": 2,
    "normalized": True,
    "dtype": "float64",
    "random_state": 0,
}
TARGETS = {GRURegressor: 10 * X.mean(axis=(1, 2)), GRUClassifier: np.arange(40) % 3}
both = pytest.mark.parametrize("cls", TARGETS)
several = pytest.mark.parametrize("n_estimators", [2, 3])
forms = pytest.mark.parametrize("given", [X, RAGGED], ids=["array", "ragged"])


def fitted(cls, given=X, **changes):
    return cls(**{**QUICK, **changes}).fit(given, TARGETS[cls])


def outputs(model, given):
    if isinstance(model, GRUClassifier):
        return model.predict_proba(given)
    return model.predict(given)


def alone(model, number):
    """An estimator with one of a model's networks."""
    single = clone(model).set_params(n_estimators=1, max_epochs=1)
    single.fit(X, TARGETS[type(model)])
    for name in ("_x_encoder", "_y_scaler"):
        if hasattr(model, name):
            setattr(single, name, getattr(model, name))
    weights = model.net_.module_.members[number].state_dict()
    single.net_.module_.load_state_dict(weights)
    return single


@several
@forms
def test_the_prediction_is_the_mean_of_the_networks_predictions(n_estimators, given):
    model = fitted(GRURegressor, given, n_estimators=n_estimators)
    each = [alone(model, number).predict(given) for number in range(n_estimators)]
    assert_allclose(model.predict(given), np.mean(each, axis=0), rtol=1e-9, atol=1e-9)
    assert np.ptp(each, axis=0).min() > 0


@several
@forms
def test_the_networks_logits_are_averaged(n_estimators, given):
    model = fitted(GRUClassifier, given, n_estimators=n_estimators)
    each = [alone(model, number).predict_proba(given) for number in range(n_estimators)]
    # A softmax takes logarithms of probabilities for logits.
    expected = softmax(np.mean(np.log(each), axis=0), axis=1)
    assert_allclose(model.predict_proba(given), expected, rtol=1e-9)
    assert_array_equal(model.predict(given), expected.argmax(axis=1))


@both
@forms
def test_features_and_gates_are_those_of_all_networks(cls, given):
    model = fitted(cls, given, n_estimators=2)
    networks = [alone(model, number) for number in (0, 1)]
    features = model.transform(given)
    expected = np.hstack([network.transform(given) for network in networks])
    assert_allclose(features, expected, rtol=1e-9, atol=1e-12)
    assert features.shape == (40, 2 * (3 * 10 + 4))
    names = model.get_feature_names_out()
    assert len(names) == len(set(names)) == features.shape[1]
    lengths = [-(-len(x) // 2) for x in given]
    for name, gates in model.gates(given).items():
        assert [len(gate) for gate in gates] == lengths
        joined = zip(*(network.gates(given)[name] for network in networks), strict=True)
        for gate, parts in zip(gates, joined, strict=True):
            assert_allclose(gate, np.concatenate(parts, axis=1), rtol=1e-9)


def test_outputs_of_each_step_are_averaged():
    y = X.cumsum(axis=1)[:, :, 0]
    model = GRURegressor(5, return_sequences=True, n_estimators=2, max_epochs=2)
    assert model.fit(X, y).predict(X).shape == (40, 9)
    lists = [row[: len(x)] for row, x in zip(y, RAGGED, strict=True)]
    predicted = model.fit(RAGGED, lists).predict(RAGGED)
    assert [len(p) for p in predicted] == [len(x) for x in RAGGED]


@both
def test_networks_that_train_together_train_as_alone(cls):
    """Each has its own gradients."""
    settings = {"gradient_clip": None, "optimizer": "sgd", "dropout": 0}
    together = fitted(cls, n_estimators=2, lr=0.02, **settings)
    single = fitted(cls, lr=0.01, **settings)  # the loss is the mean of both
    first = together.net_.module_.members[0].state_dict()
    for name, weight in single.net_.module_.state_dict().items():
        assert_allclose(first[name], weight, rtol=1e-6, atol=1e-9)


@both
def test_one_more_network_changes_nothing_about_the_first_weights(cls):
    still = {"optimizer": "sgd", "lr": 1e-300}
    one, two = fitted(cls, **still), fitted(cls, n_estimators=2, **still)
    first = two.net_.module_.members[0]
    for name, weight in one.net_.module_.named_parameters():
        assert_allclose(first.state_dict()[name], weight.detach(), rtol=0, atol=1e-290)
    seeds = [net.time_warp.seed for net in two.net_.module_.members]
    assert seeds[1] - seeds[0] == SEEDS_APART


@both
def test_copies_predict_the_same_and_go_on_alike(cls):
    model, y = fitted(cls, n_estimators=2), TARGETS[cls]
    expected = outputs(model, X)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(outputs(copy, X), expected)
    assert_array_equal(outputs(clone(model).fit(X, y), X), expected)
    more = outputs(model.partial_fit(X, y), X)
    assert_array_equal(outputs(copy.partial_fit(X, y), X), more)
    assert (more != expected).any()
    assert model.n_iter_ == 3
    assert model.set_params(warm_start=True).fit(X, y).n_iter_ == 5


@both
@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 3)])
def test_another_number_of_networks_needs_a_new_fit(cls, before, after):
    model = fitted(cls, n_estimators=before, warm_start=True)
    expected = outputs(model, X)
    model.set_params(n_estimators=after)
    message = f"n_estimators={after}: the fitted network has n_estimators={before}"
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            train(X, TARGETS[cls])
    assert_array_equal(outputs(model, X), expected)
    model.set_params(warm_start=False).fit(X, TARGETS[cls])


@both
def test_early_stopping_watches_the_mean(cls):
    model = fitted(cls, n_estimators=2, early_stopping=True, max_epochs=3)
    assert "valid_loss" in model.net_.history[0]
    weighted = clone(model).fit(X, TARGETS[cls], sample_weight=np.arange(40.0))
    assert np.isfinite(outputs(weighted, X)).all()


@both
def test_symbols_are_read_by_several_networks(cls):
    symbols = np.random.default_rng(1).integers(5, size=(40, 6))
    model = cls(5, embedding_dim=3, n_estimators=2, max_epochs=2, random_state=0)
    model.fit(symbols, TARGETS[cls])
    assert np.isfinite(outputs(model, symbols)).all()
    assert model.transform(symbols).shape == (40, 2 * 3 * 10)
