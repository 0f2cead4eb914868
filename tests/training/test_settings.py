from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
import torch

from sklearn_gru import CharGRUGenerator, GRUClassifier, GRUForecaster, GRURegressor
from sklearn_gru.estimators._settings import architecture_of, training_settings_of
from sklearn_gru.training import TrainingSettings, as_units, build_net, train

ESTIMATORS = [GRURegressor, GRUClassifier, GRUForecaster, CharGRUGenerator]


@pytest.mark.parametrize(
    ("units", "expected"),
    [(3, (3,)), ((3,), (3,)), ([4, 2], (4, 2)), (np.int64(5), (5,))],
)
def test_units_are_one_per_layer(units, expected):
    assert as_units(units) == expected
    assert all(type(width) is int for width in as_units(units))


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_settings_are_the_parameters_of_the_same_name(cls):
    estimator = cls(lr=0.25, batch_size=7, n_iter_no_change=9, verbose=2)
    settings = training_settings_of(estimator)
    for field in fields(TrainingSettings):
        expected = estimator.get_params(deep=False)[field.name]
        assert getattr(settings, field.name) is expected


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_an_architecture_has_all_arguments_of_a_network_but_the_seed(cls):
    estimator = cls(units=[4, 3], cell="lstm", dropout=0.5, dtype="float64")
    assert architecture_of(estimator, n_columns=2).arguments == {
        "units": (4, 3),
        "cell": "lstm",
        "activation": "tanh",
        "reset_after": True,
        "dropout": 0.5,
        "dtype": torch.float64,
        "n_columns": 2,
    }


def test_what_a_fit_was_told_does_not_change(make_model):
    with pytest.raises(FrozenInstanceError):
        make_model().settings.lr = 0.1


def test_training_knows_no_estimator(monkeypatch):
    """What `training` is given of an estimator are its parameters, read once."""
    given = []

    def look(function):
        def looking(*args, **kwargs):
            given.extend([*args, *kwargs.values()])
            return function(*args, **kwargs)

        return looking

    base = "sklearn_gru.estimators._base"
    monkeypatch.setattr(f"{base}.build_net", look(build_net))
    monkeypatch.setattr(f"{base}.train", look(train))
    X = np.random.default_rng(0).normal(size=(20, 4, 1))
    GRURegressor(units=2, max_epochs=1).fit(X, X[:, 0, 0])
    assert len(given) > 8
    assert not any(isinstance(one, GRURegressor) for one in given)
