"""What is known of the future is used for the row it belongs to."""

import numpy as np
import pandas as pd
import pytest
import torch
from sktime.forecasting.base import ForecastingHorizon

from sklearn_gru.sktime import GRUForecaster

QUICK = {
    "window_length": 6,
    "units": 5,
    "max_epochs": 3,
    "dtype": "float64",
    "random_state": 0,
}
N_ROWS = 60
INDEX = pd.period_range("2015-01", periods=N_ROWS + 12, freq="M")


@pytest.fixture
def known():
    rng = np.random.default_rng(1)
    return pd.DataFrame(rng.normal(size=(N_ROWS + 12, 2)), INDEX, ["p", "q"])


@pytest.fixture
def y(known):
    rng = np.random.default_rng(0)
    level = 20 + rng.normal(size=N_ROWS + 12).cumsum()
    return pd.Series(level + known["p"], INDEX)[:N_ROWS]


@torch.no_grad()
def plain_forecasts(forecaster, y, known, steps):
    """Feed windows through the network block by block, as sktime's face should."""
    module, window, n = forecaster.forecaster_.net_.module_, 6, len(y)
    rows = y.to_numpy().reshape(n, -1)
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    z = list((rows - mean) / std)
    x = known.to_numpy()
    x = (x - x[:n].mean(axis=0)) / x[:n].std(axis=0)
    while len(z) < n + steps:
        # The network reads row t of y beside row t + 1 of X.
        beside = x[len(z) - window + 1 : len(z) + module.horizon]
        batch = torch.tensor(np.array(z[-window:]))[None], torch.tensor(beside)[None]
        z.extend(module(*batch)[0].numpy())
    return np.array(z[n : n + steps]) * std + mean


@pytest.mark.parametrize("horizon", [1, 2, 4])
@pytest.mark.parametrize("channels", ["joint", "independent"])
@pytest.mark.parametrize("segment_length", [1, 3])
def test_forecasts_as_block_by_block(y, known, horizon, channels, segment_length):
    table = pd.DataFrame({"a": y, "b": y.to_numpy()[::-1]})
    forecaster = GRUForecaster(
        **QUICK, horizon=horizon, channels=channels, segment_length=segment_length
    )
    forecaster.fit(table, known[:N_ROWS])
    forecast = forecaster.predict(range(1, 9), known[N_ROWS:])
    expected = plain_forecasts(forecaster, table, known, 8)
    np.testing.assert_allclose(forecast, expected, rtol=1e-9)


def test_in_sample_forecasts_are_those_of_each_window(y, known):
    forecaster = GRUForecaster(**QUICK, center=None).fit(y, known[:N_ROWS])
    fitted = forecaster.predict([-20, -7, 0], known[:N_ROWS])
    # As forecast one step ahead, had the series ended there.
    engine = forecaster.forecaster_
    x = (known - known[:N_ROWS].mean()) / known[:N_ROWS].std(ddof=0)
    z = ((y - y.mean()) / y.std(ddof=0)).to_numpy()
    for label, value in fitted.items():
        t = INDEX.get_loc(label)
        window = torch.tensor(z[t - 6 : t])[None, :, None]
        beside = torch.tensor(x.to_numpy()[t - 5 : t + 1])[None]
        with torch.no_grad():
            expected = engine.net_.module_(window, beside).item()
        assert value == pytest.approx(expected * y.std(ddof=0) + y.mean())


@pytest.mark.parametrize("step", [1, 3, 8])
def test_a_future_row_moves_its_own_forecast_and_none_before(y, known, step):
    forecaster = GRUForecaster(**QUICK).fit(y, known[:N_ROWS])
    ahead = known[N_ROWS:]
    moved = ahead.copy()
    moved.iloc[step - 1] += 5
    fh = range(1, 10)
    same = forecaster.predict(fh, moved) == forecaster.predict(fh, ahead)
    assert same.iloc[: step - 1].all()
    assert not same.iloc[step - 1]


def test_rows_that_fh_skips_may_be_missing(y, known):
    forecaster = GRUForecaster(**QUICK).fit(y, known[:N_ROWS])
    ahead = known[N_ROWS:].iloc[[1, 4]]
    filled = known[N_ROWS:].copy()
    filled.iloc[[0, 2, 3]] = known[N_ROWS:].iloc[[1, 1, 1]].to_numpy()
    pd.testing.assert_series_equal(
        forecaster.predict([2, 5], ahead), forecaster.predict([2, 5], filled)
    )


@pytest.mark.parametrize("horizon", [1, 6])
def test_a_cause_known_ahead_is_learned(horizon):
    rng = np.random.default_rng(0)
    n, n_ahead = 400, 30
    cause = rng.uniform(-2, 2, size=n + n_ahead)
    effect = pd.Series(100 + 5 * cause**2 + rng.normal(size=n + n_ahead))
    X = pd.DataFrame({"cause": cause})
    settings = {"window_length": 4, "units": 16, "lr": 0.01, "random_state": 0}
    with_x, without = (
        GRUForecaster(**settings, horizon=horizon).fit(effect[:n], known)
        for known in (X[:n], None)
    )
    fh = range(1, n_ahead + 1)
    left = (effect[n:] - with_x.predict(fh, X[n:])).std()
    all_of_it = (effect[n:] - without.predict(fh)).std()
    assert left < all_of_it / 3  # the noise is a sixth


def test_columns_may_come_in_integers_or_booleans(y, known):
    flags = pd.DataFrame({"p": known["p"] > 0, "q": (known["q"] > 0).astype(int)})
    mixed = GRUForecaster(**QUICK).fit(y, flags[:N_ROWS].astype(int))
    plain = GRUForecaster(**QUICK).fit(y, flags[:N_ROWS].astype(float))
    pd.testing.assert_series_equal(
        mixed.predict([1, 2], flags[N_ROWS:].astype(int)),
        plain.predict([1, 2], flags[N_ROWS:].astype(float)),
    )


# What is wrong is said


def test_missing_future_rows_are_an_error(y, known):
    forecaster = GRUForecaster(**QUICK).fit(y, known[:N_ROWS])
    with pytest.raises(ValueError, match=r"misses 2 of 4, first 2020-03"):
        forecaster.predict([1, 2, 3, 4], known[N_ROWS : N_ROWS + 2])
    with pytest.raises(ValueError, match=r"misses 1 of 1, first 2020-05"):
        forecaster.predict([5], known[N_ROWS : N_ROWS + 4])


def test_x_in_fit_only_is_an_error(y, known):
    forecaster = GRUForecaster(**QUICK).fit(y, known[:N_ROWS])
    with pytest.raises(ValueError, match=r"fitted with .* is used without"):
        forecaster.predict([1])
    with pytest.raises(ValueError, match=r"fitted with .* is used without"):
        forecaster.update(pd.Series([1.0], INDEX[N_ROWS : N_ROWS + 1]))


def test_x_in_predict_only_is_an_error(y, known):
    forecaster = GRUForecaster(**QUICK).fit(y)
    with pytest.raises(ValueError, match=r"fitted without .* is used with"):
        forecaster.predict([1], known[N_ROWS:])
    later = INDEX[N_ROWS : N_ROWS + 1]
    with pytest.raises(ValueError, match=r"fitted without .* is used with"):
        forecaster.update(pd.Series([1.0], later), known.loc[later])


@pytest.mark.parametrize("change", [lambda X: X[["p"]], lambda X: X.assign(r=1.0)])
def test_other_columns_are_an_error(y, known, change):
    forecaster = GRUForecaster(**QUICK).fit(y, known[:N_ROWS])
    with pytest.raises(ValueError, match=r"fitted with \['p', 'q'\]"):
        forecaster.predict([1], change(known[N_ROWS:]))


def test_absolute_horizons_find_their_rows(y, known):
    forecaster = GRUForecaster(**QUICK).fit(y, known[:N_ROWS])
    labels = ForecastingHorizon(INDEX[[N_ROWS + 1, N_ROWS + 3]], is_relative=False)
    pd.testing.assert_series_equal(
        forecaster.predict(labels, known[N_ROWS:]),
        forecaster.predict([2, 4], known[N_ROWS:]),
    )
