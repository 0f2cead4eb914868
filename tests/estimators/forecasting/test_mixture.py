"""Zero-shot and naive forecasts, mixed into those of a trained network."""

import copy
import hashlib
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sktime.datasets import load_airline

from sklearn_gru import GRUForecaster, load
from sklearn_gru.estimators.forecasting import Rows
from sklearn_gru.estimators.forecasting.comparison import MOST_VALUES, usual_errors
from sklearn_gru.estimators.forecasting.mixture import Mixture
from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster
from sklearn_gru.weights import WEIGHTS

AIRLINE = load_airline().to_frame()
QUICK = {"units": 4, "max_epochs": 2, "random_state": 0}
RNG = np.random.default_rng(0)
WALK = RNG.normal(size=(300, 2)).cumsum(axis=0)
LONG = np.concatenate([WALK, -WALK, WALK])[:, :1]


def alone(model):
    """Copy a forecaster, without what is mixed into its forecasts."""
    copied = copy.copy(model)
    copied.engine_ = replace(model.engine_, mixture=None)
    return copied


def with_mixture(model, share, naive):
    """Copy a forecaster, with these entries for every step."""
    copied = copy.copy(model)
    mixture = Mixture("synthetic", 12, np.array([[share]]), np.array([[naive]]))
    copied.engine_ = replace(model.engine_, mixture=mixture)
    return copied


# What is mixed


@pytest.mark.parametrize("horizon", [1, 5])
def test_a_forecast_is_the_mean_of_both_by_their_shares(horizon):
    model = GRUForecaster(**QUICK, horizon=horizon).fit(AIRLINE)
    trained = GRUForecaster(**QUICK, horizon=horizon, weights=None).fit(AIRLINE)
    zero_shot = alone(GRUForecaster(weights="synthetic").fit(AIRLINE))
    share = model.zero_shot_share_
    assert len(share) == (12 if horizon == 1 else horizon)
    assert ((share > 0.1) & (share < 0.9)).all()
    of_steps = share[np.minimum(np.arange(20), len(share) - 1)]
    expected = (1 - of_steps) * trained.forecast(20) + of_steps * zero_shot.forecast(20)
    assert_allclose(model.forecast(20), expected, rtol=1e-9)
    # Row by row, the first step's share counts.
    expected = (1 - share[0]) * trained.predict(AIRLINE) + share[0] * zero_shot.predict(
        AIRLINE
    )
    assert_allclose(model.predict(AIRLINE), expected, rtol=1e-9)


def test_quantiles_are_mixed_like_forecasts():
    model = GRUForecaster(**QUICK, loss="quantile", calibration_fraction=0.3)
    model.fit(AIRLINE)
    engine = model.engine_
    known = [len(AIRLINE)], AIRLINE.to_numpy(), 30
    zero_shot = engine.mixture.reader(engine)
    own, other = (
        e.raw_forecasts(*known, quantiles=True)
        for e in (alone(model).engine_, zero_shot)
    )
    share = model.zero_shot_share_[np.minimum(np.arange(30), 11)][..., None]
    quantiles = engine.quantiles_from(*known)
    assert_allclose(quantiles, (1 - share) * own + share * other, rtol=1e-9)
    assert (np.diff(quantiles, axis=-1) >= 0).all()


@pytest.mark.parametrize(
    ("naive", "expected"), [(1, [46.0] * 5), (2, [43, 44, 45, 46, 43])]
)
def test_a_naive_forecast_stands_in(naive, expected):
    series = np.arange(47.0)[:, None]
    model = GRUForecaster(**QUICK, loss="quantile").fit(series)
    mixture = Mixture("synthetic", 4, np.array([[0.3]]), np.array([[naive]]))
    model.engine_ = replace(model.engine_, mixture=mixture)
    assert_allclose(model.forecast(5)[:, 0], expected)
    known = [47], series, 5
    moved = model.engine_.quantiles_from(*known)
    assert_allclose(moved[0, :, 0, 3], expected)
    own = alone(model).engine_.quantiles_from(*known)
    other = model.engine_.mixture.reader(model.engine_).quantiles_from(*known)
    spread = np.diff(0.7 * own + 0.3 * other, axis=-1)
    assert_allclose(np.diff(moved, axis=-1), spread, atol=1e-9)


def test_naive_forecasts_of_early_and_missing_rows_repeat_what_is_known():
    series = np.arange(47.0)[:, None]
    model = GRUForecaster(**QUICK, missing="mask").fit(series)
    naive = with_mixture(model, 0.0, 1)
    holed = series.copy()
    holed[20:23] = np.nan
    assert_array_equal(naive.predict(holed)[20:25, 0], [19, 19, 19, 19, 23])
    season = with_mixture(model, 0.0, 2)
    assert_array_equal(season.predict(series)[[3, 13, 40], 0], [0, 1, 28])


# What is chosen


def test_shares_are_those_of_errors_on_the_latest_rows():
    still = {"optimizer": "sgd", "lr": 1e-300, "max_epochs": 1, "window_length": 12}
    settings = {**QUICK, **still, "season_length": 1, "horizon": 6, "center": "last"}
    series = WALK[:200, :1]
    model = GRUForecaster(**settings).fit(series)
    # Nothing was learned but the linear path, of all rows but the last 24.
    path = GRUForecaster(**settings, weights=None).fit(series[:176])
    zero_shot = alone(GRUForecaster(weights="synthetic", season_length=1).fit(series))
    errors = np.zeros((2, 6))
    for origin in range(176, 195):
        for number, each in enumerate([path, zero_shot]):
            forecast = each.predict(series[:origin], steps=6)
            errors[number] += np.abs(forecast - series[origin : origin + 6])[:, 0]
    own, other = errors.cumsum(axis=1) ** 3
    assert_allclose(model.zero_shot_share_[:, 0], own / (own + other), rtol=1e-3)


def test_each_column_has_shares_of_its_own():
    table = np.hstack([WALK[:, :1], np.sin(np.arange(300) / 5)[:, None] ** 3])
    share = GRUForecaster(**QUICK).fit(table).zero_shot_share_
    assert share.shape == (12, 2)
    assert (share[:, 0] > 0.3).all()
    assert_array_equal(share[:, 1], 0.0)  # the linear path has no errors there


def test_what_repeats_exactly_is_forecast_so():
    series = np.tile(RNG.normal(size=(24, 1)), (12, 1))
    model = GRUForecaster(weights="synthetic", season_length=24).fit(series)
    assert_array_equal(model.engine_.mixture.naive, 2)
    assert_allclose(model.forecast(48), series[:48], rtol=1e-12)
    assert_allclose(
        model.predict_quantiles(steps=48, alpha=[0.5])[..., 0], series[:48], atol=1e-9
    )
    assert (alone(model).forecast(48) != model.forecast(48)).all()


@pytest.mark.parametrize("n_rows", [4, 6, 11, 20, 47])
def test_what_can_not_be_compared_is_mixed_evenly(n_rows):
    model = GRUForecaster(**QUICK, horizon=2, window_length=2).fit(WALK[:n_rows])
    assert_array_equal(model.zero_shot_share_, 0.5)
    assert not model.engine_.mixture.naive.any()
    assert np.isfinite(model.forecast(9)).all()


def test_a_forecast_that_is_no_number_has_the_largest_error():
    truth = np.array([[[1.0], [2.0], [np.nan]], [[np.nan], [4.0], [np.nan]]])
    forecast = np.array([[[0.0], [0.0], [0.0]], [[0.0], [np.nan], [0.0]]])
    largest = np.finfo(float).max
    assert_array_equal(
        usual_errors(np.zeros_like(truth), truth)[:, 0], [1, 7 / 3, 7 / 3]
    )
    assert_array_equal(usual_errors(forecast, truth)[:, 0], [1, largest, largest])
    nothing = usual_errors(forecast[:, 2:], truth[:, 2:])
    assert np.isnan(nothing).all()


def test_missing_rows_do_not_count():
    holed = WALK.copy()
    holed[280:290] = np.nan
    holed[::7, 1] = np.nan
    model = GRUForecaster(**QUICK, missing="mask").fit(holed)
    assert np.isfinite(model.zero_shot_share_).all()
    assert np.isfinite(model.forecast(30)).all()
    unknown = WALK.copy()
    unknown[200:, 0] = np.nan  # of this column nothing is known to compare
    share = GRUForecaster(**QUICK, missing="mask").fit(unknown).zero_shot_share_
    assert_array_equal(share[:, 0], 0.5)


def test_rows_kept_for_calibration_are_not_compared():
    model = GRUForecaster(**QUICK, window_length=9, calibration_fraction=0.2)
    seen = GRUForecaster(**QUICK, window_length=9).fit(WALK[:240])
    assert_allclose(model.fit(WALK).zero_shot_share_, seen.zero_shot_share_, rtol=1e-6)


# When nothing is mixed


@pytest.mark.parametrize(
    ("settings", "X", "y"),
    [
        ({"weights": None}, WALK, None),
        ({}, WALK, WALK**2),
        ({"known_columns": [1]}, WALK, None),
        ({"linear_path": False}, WALK, None),
        ({}, RNG.normal(size=(MOST_VALUES // 2 + 1, 2)), None),
    ],
    ids=["none", "targets of their own", "known columns", "no path", "large"],
)
def test_a_network_may_forecast_alone(settings, X, y):
    model = GRUForecaster(**{**QUICK, "window_length": 5, **settings}).fit(X, y)
    assert model.engine_.mixture is None
    assert not model.zero_shot_share_.any()


def test_a_network_of_many_series_forecasts_alone():
    panel = pd.concat({"a": AIRLINE, "b": 2 * AIRLINE})
    face = SktimeForecaster(**QUICK).pretrain(panel)
    assert face.fit(AIRLINE, fh=[1, 2]).forecaster_.mixture is None


# Going on


def test_rows_that_follow_are_read_by_both():
    model = GRUForecaster(**QUICK, window_length=6).fit(LONG[:850])
    rolling = model.predict(LONG[850:])
    share = model.zero_shot_share_
    later = copy.deepcopy(model)
    later.engine_ = later.engine_.extend(later._read_more(LONG[850:890], None))
    assert_allclose(later.forecast(1)[0], rolling[40], rtol=1e-6)
    model.partial_fit(LONG[850:])
    assert_array_equal(model.zero_shot_share_, share)


def test_errors_behind_a_warm_start_are_those_of_whole_windows():
    settings = {**QUICK, "window_length": 6, "calibration_fraction": 0.2}
    model = GRUForecaster(**settings, warm_start=True).fit(LONG[:800])
    model.fit(LONG)
    calibration = model.engine_.calibration
    assert model.zero_shot_share_.any()
    assert (len(calibration), calibration.n_before) == (180, 384)
    expected = model.engine_.errors(Rows(LONG), 720, 3)
    assert_allclose(calibration.errors(model.engine_, 3), expected, rtol=1e-9)


def test_too_few_remembered_rows_are_told():
    series = RNG.normal(size=(6000, 1)).cumsum(axis=0)
    index = pd.date_range("2000", periods=6000, freq="D")
    table = pd.DataFrame(series, index, columns=["a"])
    model = GRUForecaster(**QUICK, window_length=6).fit(table)
    assert model.zero_shot_share_.any()
    with pytest.warns(UserWarning, match=r"its first 384 rows are forecast from too"):
        model.predict(table[5500:])


def test_both_faces_mix_alike():
    y = load_airline()
    face = SktimeForecaster(**QUICK).fit(y, fh=range(1, 13))
    model = GRUForecaster(**QUICK, horizon=12).fit(AIRLINE)
    assert_array_equal(face.forecaster_.mixture.share, model.zero_shot_share_)
    assert_allclose(face.predict(), model.forecast(12)[:, 0], rtol=1e-6)


def test_the_same_seed_gives_the_same_bits_on_any_kernel_of_the_kind():
    one, other = (GRUForecaster(**QUICK).fit(AIRLINE) for _ in range(2))
    assert_array_equal(one.forecast(30), other.forecast(30))
    assert_array_equal(one.zero_shot_share_, other.zero_shot_share_)


# Keeping


def saved(model, path):
    model.save(path / "model.safetensors")
    return load(path / "model.safetensors")


@pytest.mark.parametrize(
    "keep",
    [lambda model, path: pickle.loads(pickle.dumps(model)), saved],
    ids=["pickle", "save"],
)
def test_a_mixture_can_be_kept(keep, tmp_path):
    model = GRUForecaster(**QUICK).fit(AIRLINE)
    kept = keep(model, tmp_path)
    assert_array_equal(kept.forecast(20), model.forecast(20))
    assert len(pickle.dumps(model)) < 60_000  # without the weights of the package


def test_weights_that_files_name_do_not_change():
    """Other weights need another name, or forecasts of saved models would change."""
    digests = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for name, path in WEIGHTS.items()
    }
    assert digests == {"synthetic": "2330427764a20b30"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": np.array([[1.5]])}, "its shares are none"),
        ({"weights": None}, "its shares are none"),
        ({"naive": np.array([[3]])}, "it names no naive forecast"),
        ({"naive": np.zeros((2, 1), dtype=int)}, "its arrays differ in shape"),
        ({"share": np.full((1, 2), 0.5)}, "its arrays differ in shape"),
        ({"weights": "of others"}, "not one of"),
        (
            {"share": np.full((1, 2), 0.5), "naive": np.zeros((1, 2), dtype=int)},
            "its mixture is not one of its targets",
        ),
    ],
)
def test_a_file_with_a_wrong_mixture_is_refused(wrong, message, tmp_path):
    model = GRUForecaster(**QUICK).fit(AIRLINE)
    mixture = replace(
        Mixture("synthetic", 12, np.array([[0.5]]), np.array([[0]])), **wrong
    )
    model.engine_ = replace(model.engine_, mixture=mixture)
    with pytest.raises(ModelFileError, match=message):
        saved(model, tmp_path)


@pytest.mark.filterwarnings("error")
def test_a_path_that_explodes_has_no_share():
    """Growth that ended: fed back, what was learned of it goes on for ever."""
    growth = np.exp(np.arange(80) / 2)
    series = np.concatenate([growth, np.full(24, growth[-1])])[:, None]
    model = GRUForecaster(**QUICK, window_length=2).fit(series)
    assert model.zero_shot_share_[-1] > 0.99
