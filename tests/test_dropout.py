"""Probabilities of dropout that are next to 0 or to 1."""

import numpy as np
import pytest

from sklearn_gru import CharGRUGenerator, GRUForecaster, GRURegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6, 2))
Y = X[:, 0, 0]
SERIES = RNG.normal(size=(60, 1)).cumsum(axis=0)
QUICK = {"units": (4, 3), "max_epochs": 2, "random_state": 0}
every_kind = pytest.mark.parametrize(
    "kind",
    [
        {"kernel": "fused"},
        {"kernel": "torch"},
        {"cell": "lstm", "bidirectional": True},
        {"cell": "rnn", "activation": "relu"},
    ],
    ids=lambda kind: "-".join(map(str, kind.values())),
)
NEXT_TO_ONE = [0.99999, 0.999999, np.nextafter(1, 0)]


@every_kind
@pytest.mark.parametrize("dropout", NEXT_TO_ONE)
def test_almost_everything_is_dropped_without_an_error(kind, dropout):
    model = GRURegressor(**QUICK, **kind, dropout=dropout).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.parametrize("dropout", NEXT_TO_ONE)
@pytest.mark.parametrize(
    ("cls", "data"), [(GRUForecaster, SERIES), (CharGRUGenerator, "abcab" * 9)]
)
def test_almost_everything_is_dropped_by_other_estimators(cls, data, dropout):
    model = cls(**QUICK, dropout=dropout).fit(data)
    assert np.isfinite(model.transform(data if cls is GRUForecaster else ["a"])).all()


@every_kind
def test_next_to_nothing_is_nothing(kind):
    models = [GRURegressor(**QUICK, **kind, dropout=p).fit(X, Y) for p in (0.0, 1e-9)]
    expected, result = (model.predict(X) for model in models)
    np.testing.assert_array_equal(result, expected)
