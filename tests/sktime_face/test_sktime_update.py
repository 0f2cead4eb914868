"""New rows become history; weights change only if they are asked to."""

import numpy as np
import pandas as pd
import pytest
import torch
from sktime.split import ExpandingWindowSplitter

import sklearn_gru
from sklearn_gru.sktime import GRUForecaster

QUICK = {"window_length": 8, "units": 5, "max_epochs": 3, "random_state": 0}
N_ROWS, N_TRAINED, FH = 90, 60, [1, 2, 5]
INDEXES = {
    "months": pd.period_range("2010-01", periods=N_ROWS, freq="M"),
    "days": pd.date_range("2020-01-01", periods=N_ROWS, freq="D"),
    "month starts": pd.date_range("2010-01-01", periods=N_ROWS, freq="MS"),
    "integers": pd.RangeIndex(N_ROWS),
}


@pytest.fixture(params=INDEXES.values(), ids=INDEXES)
def y(request):
    rng = np.random.default_rng(0)
    return pd.Series(100 + rng.normal(size=N_ROWS).cumsum(), request.param)


def weights(forecaster):
    module = forecaster.forecaster_.net_.module_
    return torch.cat([p.detach().ravel() for p in module.parameters()]).clone()


def trained(y, **settings):
    return GRUForecaster(**QUICK, **settings).fit(y[:N_TRAINED], fh=FH)


@pytest.fixture
def engine(y):
    """The scikit-learn forecaster that `trained(y)` should equal."""
    rows = y.to_numpy()[:N_TRAINED, None]
    return sklearn_gru.GRUForecaster(**QUICK, horizon=5).fit(rows)


UPDATES = {
    "new rows": lambda y: [y[N_TRAINED:]],
    "the whole series": lambda y: [y],
    "rows that overlap": lambda y: [y[N_TRAINED - 20 :]],
    "one row at a time": lambda y: [y[t : t + 1] for t in range(N_TRAINED, N_ROWS)],
    "growing": lambda y: [y[:t] for t in range(N_TRAINED, N_ROWS + 1, 10)],
    "the same rows twice": lambda y: [y[N_TRAINED:], y[N_TRAINED:]],
}


@pytest.mark.parametrize("updates", UPDATES.values(), ids=UPDATES)
def test_without_training_the_rows_are_history(y, engine, updates):
    forecaster = trained(y)
    before = weights(forecaster)
    for rows in updates(y):
        forecaster.update(rows, update_params=False)
    assert torch.equal(weights(forecaster), before)
    assert forecaster.cutoff[0] == y.index[-1]
    rows = y.to_numpy()[:, None]
    expected = engine.predict(rows, steps=5)[np.array(FH) - 1, 0]
    np.testing.assert_allclose(forecaster.predict(), expected, rtol=1e-6)
    fitted = forecaster.predict([-80, -40, -3, 0])
    expected = engine.predict(rows, context="apply")[[9, 49, 86, 89], 0]
    np.testing.assert_allclose(fitted, expected, rtol=1e-6)


@pytest.mark.parametrize("n_later", [3, 20])
def test_rows_after_a_gap_are_a_history_of_their_own(y, engine, n_later):
    forecaster = trained(y)
    later = y[N_TRAINED + 10 :][:n_later]
    forecaster.update(later, update_params=False)
    rows = later.to_numpy()[:, None]
    expected = engine.predict(rows, steps=5, context="apply")[np.array(FH) - 1, 0]
    np.testing.assert_allclose(forecaster.predict(), expected, rtol=1e-6)
    with pytest.raises(ValueError, match=f"only {n_later} rows are known"):
        forecaster.predict([-n_later])


def test_training_on_new_rows_is_partial_fit(y, engine):
    forecaster = trained(y)
    before = weights(forecaster)
    forecaster.update(y[N_TRAINED:])
    assert not torch.equal(weights(forecaster), before)
    rows = y.to_numpy()[:, None]
    expected = engine.partial_fit(rows[N_TRAINED:]).forecast(5)[np.array(FH) - 1, 0]
    np.testing.assert_allclose(forecaster.predict(), expected, rtol=1e-6)


def test_known_rows_train_nothing(y):
    forecaster = trained(y)
    before, forecast = weights(forecaster), forecaster.predict()
    forecaster.update(y[:N_TRAINED])
    assert torch.equal(weights(forecaster), before)
    pd.testing.assert_series_equal(forecaster.predict(), forecast)


def test_updates_bring_exogenous_rows():
    rng = np.random.default_rng(0)
    y = pd.Series(rng.normal(size=N_ROWS).cumsum())
    X = pd.DataFrame({"p": rng.normal(size=N_ROWS + 5)})
    at_once, in_parts = (
        GRUForecaster(**QUICK).fit(y[:N_TRAINED], X[:N_TRAINED]) for _ in range(2)
    )
    at_once.update(y, X[:N_ROWS], update_params=False)
    for t in range(N_TRAINED, N_ROWS, 10):
        in_parts.update(y[t : t + 10], X[t : t + 10], update_params=False)
    forecast = at_once.predict(FH, X[N_ROWS:])
    pd.testing.assert_series_equal(in_parts.predict(FH, X[N_ROWS:]), forecast)
    # The rows of X beside the window count: other ones give other forecasts.
    other = GRUForecaster(**QUICK).fit(y[:N_TRAINED], X[:N_TRAINED])
    other.update(y, X[:N_ROWS] + 1, update_params=False)
    assert (other.predict(FH, X[N_ROWS:]) != forecast).all()
    fitted = at_once.predict([-25, -3], X[N_ROWS:])
    pd.testing.assert_series_equal(in_parts.predict([-25, -3], X[N_ROWS:]), fitted)


@pytest.mark.parametrize("update_params", [False, True])
def test_update_predict_is_a_loop_of_both(y, update_params):
    cv = ExpandingWindowSplitter(fh=[1, 2], initial_window=N_TRAINED, step_length=10)
    rolled = trained(y).update_predict(y, cv, update_params=update_params)
    forecaster, expected = trained(y), []
    for train, _ in cv.split(y):
        forecaster.update(y.iloc[train], update_params=update_params)
        expected.append(forecaster.predict([1, 2]))
    rolled = rolled.to_numpy().T  # a row per cutoff, a column per forecast time
    np.testing.assert_allclose(
        rolled[~np.isnan(rolled)], np.concatenate(expected), rtol=1e-6
    )


def test_a_constant_series_goes_on():
    y = pd.Series(7.0, index=pd.RangeIndex(60))
    forecaster = GRUForecaster(window_length=6, units=4, max_epochs=2).fit(y[:50])
    forecaster.update(y[50:53], update_params=True)
    np.testing.assert_allclose(forecaster.predict([1, 2]), 7.0, atol=0.5)
