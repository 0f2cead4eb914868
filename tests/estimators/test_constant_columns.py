"""Columns that never vary are forecast as their level, until they do vary."""

import numpy as np
import pytest

from sklearn_gru import GRUForecaster
from sklearn_gru.data import fit_scaler

RNG = np.random.default_rng(0)
QUICK = {"units": 8, "lr": 0.01, "random_state": 0}
CENTERS = [None, "mean", "last", "auto"]


@pytest.mark.parametrize("center", CENTERS)
@pytest.mark.parametrize("channels", ["joint", "independent"])
@pytest.mark.parametrize("n_rows", [60, 700])
def test_a_column_that_never_varied_is_forecast_as_it_was(center, channels, n_rows):
    X = np.column_stack([RNG.normal(size=n_rows), np.full(n_rows, 20.6)])
    settings = {"center": center, "channels": channels, "max_epochs": 2}
    model = GRUForecaster(8, **QUICK, **settings).fit(X)
    np.testing.assert_allclose(model.forecast(5)[:, 1], 20.6, rtol=1e-6)
    np.testing.assert_allclose(model.predict(X)[:, 1], 20.6, rtol=1e-6)


@pytest.mark.parametrize("center", CENTERS)
@pytest.mark.parametrize("how", ["partial_fit", "warm start"])
def test_a_column_is_learned_from_when_it_varies(center, how):
    """The first rows of a stream may tell nothing about one of its columns."""
    X = np.column_stack([RNG.normal(size=300), np.full(300, 2.0)])
    X[30:, 1] = 2 + 3 * np.sin(np.arange(270) / 3) + 0.02 * RNG.normal(size=270)
    model = GRUForecaster(8, **QUICK, center=center, warm_start=True, max_epochs=60)
    model.fit(X[:30])
    if how == "warm start":
        model.fit(X[30:])
    else:
        for _ in range(15):
            for start in range(30, 300, 30):
                model.partial_fit(X[start : start + 30])
    error = (model.predict(X[30:], context="apply") - X[30:])[20:, 1]
    naive = np.diff(X[30:, 1])
    assert np.sqrt(np.mean(error**2)) < 0.5 * np.sqrt(np.mean(naive**2))


@pytest.mark.parametrize("value", [20.6, 0.1, 1e6 + 0.3, 0.0])
@pytest.mark.parametrize("n_rows", [3, 200, 20_000])
def test_a_constant_column_of_any_length_is_found(value, n_rows):
    """Sums of many equal values are rounded, and seem to vary."""
    values = np.column_stack([RNG.normal(size=n_rows), np.full(n_rows, value)])
    scaler = fit_scaler(values)
    assert scaler.constant.tolist() == [False, True]
    assert scaler.scale[1] == 1
    assert scaler.mean[1] == value


def test_without_a_level_nothing_is_held():
    X = np.full((60, 1), 20.6)
    model = GRUForecaster(8, **QUICK, standardize=False, center=None, max_epochs=2)
    assert model.fit(X).forecast(1)[0, 0] != 0
