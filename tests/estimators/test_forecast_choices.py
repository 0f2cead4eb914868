"""What forecasters choose by themselves, through both faces."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_gru import GRUForecaster
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster

QUICK = {"units": 8, "max_epochs": 3, "random_state": 0}
SEASON = 12


def seasonal(n_rows=240, noise=0.3, seed=0):
    """A season, a trend, and noise around both, of shape (n_rows, 1)."""
    rng = np.random.default_rng(seed)
    months = np.resize(3 * rng.normal(size=SEASON), n_rows)
    return (30 + months + 0.05 * np.arange(n_rows) + noise * rng.normal(size=n_rows))[
        :, None
    ]


def naive_errors(series, start, lag):
    return series[start:] - series[start - lag : -lag]


def mean_absolute(values):
    return np.abs(values).mean()


# Forecasts are better than naive ones where something can be learned


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_a_seasonal_series_is_forecast_better_than_by_its_last_season(loss):
    series = seasonal()
    model = GRUForecaster(units=8, loss=loss, random_state=0).fit(series[:180])
    assert model.net_.module_.season_length == SEASON
    assert model.net_.module_.center == "season"
    error = model.predict(series[180:]) - series[180:]
    assert mean_absolute(error) < 0.9 * mean_absolute(naive_errors(series, 180, 12))


def test_white_noise_is_forecast_about_as_well_as_by_its_mean():
    skills = []
    for seed in range(5):
        series = 5 + np.random.default_rng(seed).normal(size=(400, 1))
        model = GRUForecaster(units=8, random_state=0).fit(series[:300])
        error = model.predict(series[300:]) - series[300:]
        by_mean = series[300:] - series[:300].mean()
        skills.append(1 - (error**2).mean() / (by_mean**2).mean())
    assert -0.1 < np.mean(skills) < 0.05


def test_a_flat_window_in_the_middle_of_a_series_is_forecast_flat():
    series = np.random.default_rng(0).normal(size=(400, 1)).cumsum(axis=0)
    series[200:260] = series[200]
    model = GRUForecaster(20, units=8, random_state=0).fit(series)
    forecast = model.predict(series)[221:260]
    usual = np.abs(np.diff(series[:200], axis=0)).mean()
    np.testing.assert_allclose(forecast, series[200, 0], atol=0.05 * usual)


def test_a_series_shorter_than_its_season_is_forecast_all_the_same():
    index = pd.period_range("2020-01", periods=10, freq="M")
    y = pd.DataFrame({"a": np.arange(10.0)}, index=index)
    model = GRUForecaster(**QUICK).fit(y)
    assert model.net_.module_.season_length == 1
    assert model.window_length_ == 5
    assert model.forecast(24).shape == (24, 1)
    assert np.isfinite(SktimeForecaster(**QUICK).fit(y["a"]).predict([1, 24])).all()


def test_the_index_tells_the_season_that_is_tested():
    values = np.resize([0.0, 3, 1, -2, 5], 100) + np.random.default_rng(0).normal(
        size=100
    )
    index = pd.date_range("2020-01-01", periods=100, freq="W")
    by_index = GRUForecaster(**QUICK).fit(pd.DataFrame({"a": values}, index=index))
    assert by_index.net_.module_.season_length == 1
    asked = GRUForecaster(**QUICK, season_length=5).fit(values[:, None])
    assert asked.net_.module_.season_length == 5


@pytest.mark.parametrize("beside", ["noise", "walk", "constant", "two of noise"])
def test_columns_beside_the_target_do_not_hide_its_season(beside):
    series = seasonal(240)
    noise = np.random.default_rng(1).normal(size=(240, 2))
    columns = {
        "noise": noise[:, :1],
        "walk": noise[:, :1].cumsum(axis=0),
        "constant": np.full((240, 1), 7.0),
        "two of noise": noise,
    }[beside]
    X = np.hstack([columns, series])
    model = GRUForecaster(**QUICK).fit(X[:216], series[:216, 0])
    assert model.season_length_ == SEASON
    error = mean_absolute(model.predict(X[:216], steps=24) - series[216:, 0])
    assert error < mean_absolute(naive_errors(series, 216, 1))


def test_constant_columns_have_no_say_about_the_season_of_all():
    table = np.hstack([seasonal(240), np.ones((240, 2))])
    assert GRUForecaster(**QUICK).fit(table).season_length_ == SEASON
    assert GRUForecaster(**QUICK).fit(np.ones((60, 2))).season_length_ == 1


def test_a_season_that_can_not_be_used_is_told():
    with pytest.warns(UserWarning, match="season_length=500 is not used.*windows of 1"):
        model = GRUForecaster(**QUICK, season_length=500).fit(seasonal(240))
    assert model.season_length_ == 1


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_what_follows_flat_windows_does_not_count_for_all_the_rest(loss, share):
    """A series of zeros and a few large values is no reason to diverge."""
    rng = np.random.default_rng(0)
    series = (rng.random((500, 1)) < share) * rng.exponential(50, size=(500, 1))
    model = GRUForecaster(units=8, loss=loss, random_state=0).fit(series)
    assert np.isfinite(model.predict(series)).all()
    assert max(model.loss_curve_) < 900


# Both faces

CHOICES = [
    {},
    {"n_estimators": 3},
    {"target_transform": "log"},
    {"loss": "quantile", "n_estimators": 2},
    {"scale": "series", "center": "mean", "season_length": None},
    {"linear_path": False, "center": "season"},
    {"max_epochs": "auto"},
]


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_both_faces_forecast_alike(choices):
    index = pd.period_range("2000-01", periods=120, freq="M")
    y = pd.DataFrame({"a": seasonal(120)[:, 0]}, index=index)
    settings = {**QUICK, "horizon": 3, **choices}
    ours = GRUForecaster(**settings).fit(y).forecast(7)
    theirs = SktimeForecaster(**settings).fit(y).predict(range(1, 8))
    np.testing.assert_array_equal(theirs, ours)


# What estimators can do, they can do with every choice


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_pickles_and_clones_forecast_alike(choices):
    series = seasonal(120)
    model = GRUForecaster(**{**QUICK, **choices}).fit(series)
    expected = model.forecast(5)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.forecast(5), expected)
    np.testing.assert_array_equal(clone(model).fit(series).forecast(5), expected)


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_partial_fit_goes_on(choices):
    series = seasonal(240)
    model = GRUForecaster(**{**QUICK, **choices}).fit(series[:180])
    before, n_iter = model.forecast(5), model.n_iter_
    model.partial_fit(series[180:])
    assert model.n_iter_ == n_iter + 1
    assert (model.forecast(5) != before).all()
    assert mean_absolute(model.predict(series) - series) < 3


@pytest.mark.parametrize("channels", ["joint", "independent"])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_transform_has_the_hidden_states_of_all_networks(channels, n_estimators):
    series = np.hstack([seasonal(120), seasonal(120, seed=1)])
    model = GRUForecaster(**QUICK, channels=channels, n_estimators=n_estimators)
    states = model.fit(series).transform(series)
    n_columns = 2 if channels == "independent" else 1
    assert states.shape == (120, 8 * n_estimators * n_columns)
    assert len(model.get_feature_names_out()) == states.shape[1]


def test_several_networks_give_the_median_of_their_forecasts():
    series = seasonal(120)
    model = GRUForecaster(**QUICK, n_estimators=3).fit(series)
    module = model.net_.module_
    alone = []
    for number in range(3):
        one = pickle.loads(pickle.dumps(model))
        for members in (one.net_.module_.recurrent, one.net_.module_.head):
            same = members.members[number].state_dict()
            for member in members.members:
                member.load_state_dict(same)
        moved = one.net_.module_.linear_path.moved.data
        moved[:] = moved[number].clone()
        alone.append(one.predict(series))
    assert len(module.head.members) == 3
    assert (alone[0] != alone[1]).any()
    expected = np.median(alone, axis=0)
    np.testing.assert_allclose(model.predict(series), expected, rtol=1e-6)


@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler()])
def test_logarithms_are_those_of_the_targets_units(scaler):
    """Behind a scaler, forecasts are as without it."""
    series = np.exp(seasonal(150) / 10)
    model = GRUForecaster(**QUICK, target_transform="log", dtype="float64")
    pipe = make_pipeline(scaler, clone(model)).fit(series, series)
    model.fit(series)
    forecast = pipe.predict(series, steps=20)
    np.testing.assert_allclose(forecast, model.forecast(20), rtol=1e-5)
    assert (forecast > 0).all()


def test_logarithms_leave_columns_alone_that_are_no_targets():
    """They may be zero, as the least value behind MinMaxScaler is."""
    series = np.hstack([np.exp(seasonal(150) / 10), seasonal(150, seed=1) - 30])
    model = GRUForecaster(**QUICK, target_transform="log")
    pipe = make_pipeline(MinMaxScaler(), model).fit(series, series[:, :1])
    assert (pipe.predict(series, steps=20) > 0).all()


def test_a_constant_target_takes_no_logarithm_of_a_column_that_varies():
    series = np.exp(seasonal(150) / 10)
    constant = np.full_like(series, 4.0)
    model = GRUForecaster(**QUICK, target_transform="log", dtype="float64")
    alone = clone(model).fit(series, constant).forecast(5)
    np.testing.assert_allclose(alone, constant[:5])
    both = clone(model).fit(series, np.hstack([series, constant])).forecast(5)
    np.testing.assert_allclose(both[:, :1], model.fit(series).forecast(5))
    np.testing.assert_allclose(both[:, 1:], constant[:5])


def test_series_that_are_not_positive_have_no_logarithms():
    series = seasonal(150) - 30
    model = GRUForecaster(**QUICK, target_transform="log")
    with pytest.raises(ValueError, match='"log" needs positive values'):
        model.fit(series)
    model.fit(series + 30)
    with pytest.raises(ValueError, match='"log" needs positive values'):
        model.predict(series)


# Going on with other settings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("window_length", 36, "go on with window_length=36.*window_length=24"),
        ("segment_length", 6, "go on with segment_length=6.*segment_length=12"),
        ("scale", "series", "go on with scale='series'.*scale='window'"),
        ("target_transform", "log", "go on with target_transform='log'"),
        ("n_estimators", 2, "n_estimators"),
        ("center", "last", "center"),
        ("loss", "quantile", "loss|quantiles"),
        ("season_length", 4, "go on with season_length=4.*season_length=12"),
        ("linear_path", False, "go on with linear_path=False"),
    ],
)
@pytest.mark.parametrize("how", ["partial_fit", "warm start"])
def test_going_on_with_other_settings_is_refused(name, value, message, how):
    series = seasonal(120)
    model = GRUForecaster(24, **QUICK, warm_start=True).fit(series)
    expected = model.forecast(5)
    model.set_params(**{name: value})
    with pytest.raises(ValueError, match=message):
        (model.fit if how == "warm start" else model.partial_fit)(series)
    np.testing.assert_array_equal(model.forecast(5), expected)


def test_asking_for_what_was_found_changes_nothing():
    series = seasonal(120)
    model = GRUForecaster(24, **QUICK).fit(series[:100])
    found = {"season_length": 12, "segment_length": 12, "scale": "window"}
    asked = clone(model).set_params(**found, target_transform=None).fit(series[:100])
    np.testing.assert_array_equal(asked.forecast(5), model.forecast(5))
    model.set_params(**found, target_transform=None)
    np.testing.assert_array_equal(
        model.partial_fit(series).forecast(5), asked.partial_fit(series).forecast(5)
    )


def test_a_warm_start_trains_further():
    series = seasonal(120)
    model = GRUForecaster(**QUICK, n_estimators=2, warm_start=True).fit(series)
    first = model.loss_curve_[0]
    for _ in range(5):
        model.fit(series)
    assert model.n_iter_ == 18
    assert model.loss_curve_[-1] < first


@pytest.mark.parametrize("choices", CHOICES[:4], ids=str)
def test_a_memory_map_is_forecast_as_its_array(choices, tmp_path):
    series = seasonal(200)
    np.save(tmp_path / "series.npy", series)
    mapped = np.load(tmp_path / "series.npy", mmap_mode="r")
    model = GRUForecaster(**{**QUICK, **choices})
    expected = clone(model).fit(series).predict(series)
    np.testing.assert_array_equal(model.fit(mapped).predict(mapped), expected)


def test_what_a_short_window_gave_up_may_be_asked_for_again():
    """A season longer than the window is none, in the first fit and later ones."""
    series = seasonal(120)
    model = GRUForecaster(10, **QUICK, season_length=12).fit(series[:100])
    assert model.net_.module_.season_length == 1
    assert model.partial_fit(series).n_iter_ == 4
