"""Horizons, indexes and containers."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.base import ForecastingHorizon

import sklearn_gru
from sklearn_gru.sktime import GRUForecaster

QUICK = {"window_length": 10, "units": 6, "max_epochs": 3, "random_state": 0}
N_ROWS = 80
INDEXES = {
    "months": pd.period_range("2015-03", periods=N_ROWS + 20, freq="M"),
    "quarters": pd.period_range("2000Q1", periods=N_ROWS + 20, freq="Q"),
    "days": pd.date_range("2020-01-01", periods=N_ROWS + 20, freq="D"),
    "month starts": pd.date_range("2020-01-01", periods=N_ROWS + 20, freq="MS"),
    "quarter hours": pd.date_range("2020-01-01", periods=N_ROWS + 20, freq="15min"),
    "integers": pd.RangeIndex(N_ROWS + 20),
    "later integers": pd.Index(np.arange(N_ROWS + 20) + 7),
}
every_index = pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
HORIZONS = {
    "next": [1],
    "some ahead": [1, 3, 7],
    "far only": [5],
    "in-sample": [-30, -2, 0],
    "mixed": [-3, 0, 1, 4],
    "first row": [1 - N_ROWS],
}
every_horizon = pytest.mark.parametrize("fh", HORIZONS.values(), ids=HORIZONS)


def make_series(index, n_columns=1):
    rng = np.random.default_rng(0)
    time = np.arange(N_ROWS)[:, None]
    wave = 50 + 10 * np.sin(time / 4 + np.arange(n_columns))
    table = pd.DataFrame(
        wave + rng.normal(size=wave.shape),
        index=index[:N_ROWS],
        columns=list("abc")[:n_columns],
    )
    return table["a"] if n_columns == 1 else table


def plain_forecast(y, fh, horizon, **settings):
    """Forecast rows `fh` with scikit-learn's face, one by one."""
    rows = y.to_numpy().reshape(N_ROWS, -1)
    model = sklearn_gru.GRUForecaster(**QUICK, **settings, horizon=horizon).fit(rows)
    before = model.predict(rows, context="apply")
    after = model.forecast(max(*fh, 1))
    return np.array([after[h - 1] if h > 0 else before[N_ROWS - 1 + h] for h in fh])


@every_index
@every_horizon
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("where", ["fit", "predict"])
def test_forecasts_are_those_of_the_engine(index, fh, absolute, where):
    y = make_series(index)
    labels = index[N_ROWS - 1 + np.array(fh)]
    asked = ForecastingHorizon(labels, is_relative=False) if absolute else fh
    forecaster = GRUForecaster(**QUICK)
    if where == "fit":
        forecast, horizon = forecaster.fit(y, fh=asked).predict(), max(*fh, 1)
    else:
        forecast, horizon = forecaster.fit(y).predict(asked), 1
    expected = plain_forecast(y, fh, horizon)
    assert isinstance(forecast, pd.Series)
    assert forecast.name == "a"
    pd.testing.assert_index_equal(forecast.index, labels, exact="equiv")
    np.testing.assert_allclose(forecast, expected[:, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("asked", "fh", "expected"),
    [
        (None, [1, 12], 12),
        (None, [4], 4),
        (None, [-3, 0], 1),
        (None, [1, 60], N_ROWS // 3),
        (None, None, 1),
        (2, [1, 12], 2),
    ],
)
def test_the_head_reaches_as_far_as_fh(asked, fh, expected):
    y = make_series(INDEXES["integers"])
    forecaster = GRUForecaster(**QUICK, horizon=asked).fit(y, fh=fh)
    assert forecaster.forecaster_.net_.module_.horizon == expected
    assert len(forecaster.predict([1, 40])) == 2


@pytest.mark.parametrize("settings", [{}, {"channels": "independent"}])
def test_several_columns_are_forecast_together(settings):
    y = make_series(INDEXES["months"], n_columns=3)
    fh = [-4, 1, 3]
    forecast = GRUForecaster(**QUICK, **settings).fit(y, fh=fh).predict()
    assert list(forecast.columns) == ["a", "b", "c"]
    expected = plain_forecast(y, fh, 3, **settings)
    np.testing.assert_allclose(forecast, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["a", None, "passengers", 3])
def test_series_keep_their_name(name):
    y = make_series(INDEXES["months"]).rename(name)
    assert GRUForecaster(**QUICK).fit(y).predict([1]).name == name


def test_a_frame_of_one_column_comes_back_as_one():
    y = make_series(INDEXES["months"])
    frame = GRUForecaster(**QUICK).fit(y.to_frame()).predict([1, 2, -5])
    assert list(frame.columns) == ["a"]
    pd.testing.assert_series_equal(
        frame["a"], GRUForecaster(**QUICK).fit(y).predict([1, 2, -5])
    )


def test_arrays_come_back_as_arrays():
    y = make_series(INDEXES["integers"])
    forecast = GRUForecaster(**QUICK).fit(y.to_numpy()).predict([1, 2])
    expected = GRUForecaster(**QUICK).fit(y).predict([1, 2])
    np.testing.assert_array_equal(np.ravel(forecast), expected)


def test_rows_before_the_first_are_an_error():
    y = make_series(INDEXES["months"])
    with pytest.raises(ValueError, match=r"80 rows behind .* only 80 rows"):
        GRUForecaster(**QUICK).fit(y).predict([-N_ROWS])


def test_parameters_out_of_range_are_an_error():
    y = make_series(INDEXES["months"])
    with pytest.raises(ValueError, match="'units' parameter"):
        GRUForecaster(units=0).fit(y)


def test_a_series_shorter_than_the_window_is_an_error():
    y = make_series(INDEXES["months"])
    with pytest.raises(ValueError, match=r"window_length=10 and horizon=1 need .* 11"):
        GRUForecaster(**QUICK).fit(y[:10])


# Life as an object


COPIES = {
    "pickle": lambda forecaster: pickle.loads(pickle.dumps(forecaster)),
    "deepcopy": copy.deepcopy,
    "save": lambda forecaster: type(forecaster).load_from_serial(forecaster.save()[1]),
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_copies_forecast_the_same(duplicate):
    y = make_series(INDEXES["months"])
    forecaster = GRUForecaster(**QUICK).fit(y, fh=[1, 5])
    twin = duplicate(forecaster)
    pd.testing.assert_series_equal(twin.predict(), forecaster.predict())
    before = forecaster.predict()
    twin.update(y[-1:].set_axis(INDEXES["months"][N_ROWS:][:1]))
    pd.testing.assert_series_equal(forecaster.predict(), before)


@pytest.mark.parametrize("renew", ["clone", "reset"])
def test_clones_know_the_parameters_and_nothing_else(renew):
    y = make_series(INDEXES["months"])
    forecaster = GRUForecaster(**QUICK, lr=0.01).fit(y)
    expected = forecaster.predict([1, 2])
    renewed = getattr(forecaster, renew)()
    assert renewed.get_params() == GRUForecaster(**QUICK, lr=0.01).get_params()
    assert not renewed.is_fitted
    assert not hasattr(renewed, "forecaster_")
    pd.testing.assert_series_equal(renewed.fit(y).predict([1, 2]), expected)


def test_fitting_again_starts_anew():
    y = make_series(INDEXES["months"])
    once = GRUForecaster(**QUICK).fit(y, fh=[1, 2])
    again = GRUForecaster(**QUICK).fit(-y, fh=[1, 2]).fit(y, fh=[1, 2])
    pd.testing.assert_series_equal(again.predict(), once.predict())


@pytest.mark.parametrize(("n_rows", "horizon"), [(26, 1), (30, 3), (36, 6), (60, 12)])
def test_a_head_leaves_a_short_series_windows_to_learn_from(n_rows, horizon):
    y = pd.Series(np.sin(np.arange(n_rows)))
    forecaster = GRUForecaster(window_length=24, units=4, max_epochs=1)
    forecaster.fit(y, fh=range(1, 13))
    assert forecaster.forecaster_.horizon == horizon
    assert len(forecaster.predict()) == 12


def test_arrays_of_one_column_and_of_several_are_read():
    values = np.random.default_rng(0).normal(size=(50, 2)).cumsum(axis=0)
    settings = {"units": 2, "max_epochs": 1, "random_state": 0, "window_length": 5}
    for y in (values[:, 0], values[:, :1], values):
        table = pd.DataFrame(y)
        forecast = GRUForecaster(**settings).fit(y, fh=[1, 2]).predict()
        expected = GRUForecaster(**settings).fit(table, fh=[1, 2]).predict()
        np.testing.assert_array_equal(forecast, expected)
