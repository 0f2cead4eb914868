"""Forecasts without training, by the weights in the package."""

import copy
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sktime.datasets import load_airline

from sklearn_gru import GRUForecaster, load
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster
from sklearn_gru.weights import WEIGHTS

AIRLINE = load_airline().to_frame()
READY = {"weights": "synthetic"}


def test_real_series_are_forecast_better_than_by_their_last_season():
    from statsmodels.datasets import co2, sunspots

    monthly = co2.load_pandas().data.interpolate().resample("MS").mean()
    yearly = sunspots.load_pandas().data[["SUNACTIVITY"]]
    for series, season in [(AIRLINE, 12), (monthly, 12), (yearly, 1)]:
        errors = []
        for end in range(len(series) - 48, len(series) - 11, 12):
            known, truth = series[:end], series[end : end + 12].to_numpy()
            forecast = GRUForecaster(**READY, season_length=season).fit(known)
            naive = np.resize(known.to_numpy()[-season:], (12, 1))
            errors.append(
                [np.abs(f - truth).mean() for f in (forecast.forecast(12), naive)]
            )
        ours, naive = np.mean(errors, axis=0)
        assert ours < 0.9 * naive


def test_nothing_is_trained_and_the_season_is_found():
    model = GRUForecaster(**READY).fit(AIRLINE)
    assert (model.n_iter_, model.loss_curve_) == (0, [])
    assert (model.season_length_, model.window_length_) == (12, 384)
    again = GRUForecaster(**READY, random_state=3).fit(AIRLINE)
    assert_array_equal(model.forecast(30), again.forecast(30))


def test_forecasts_come_from_the_last_rows_alone():
    rng = np.random.default_rng(0)
    series = rng.normal(size=(700, 1)).cumsum(axis=0)
    short, long = (
        GRUForecaster(**READY, season_length=7, standardize=True).fit(rows)
        for rows in (series[-384:], series)
    )
    assert_allclose(short.forecast(9), long.forecast(9), rtol=1e-4)


@pytest.mark.parametrize("n_rows", [2, 3, 5, 40])
def test_short_series_are_forecast_too(n_rows):
    series = np.arange(float(n_rows))[:, None] ** 2
    model = GRUForecaster(**READY).fit(series)
    assert np.isfinite(model.forecast(100)).all()
    assert np.isfinite(model.predict(series)).all()
    assert_array_equal(GRUForecaster(**READY).fit(series * 0 + 7).forecast(5), 7.0)


def test_of_a_long_series_the_ends_are_kept():
    series = np.random.default_rng(0).normal(size=(20_000, 1)).cumsum(axis=0)
    model = GRUForecaster(**READY, season_length=7).fit(series)
    assert len(pickle.dumps(model)) < 700_000
    assert_array_equal(
        model.forecast(5),
        GRUForecaster(**READY, season_length=7).fit(series.tolist()).forecast(5),
    )
    # The first of the last rows is forecast from rows that are remembered.
    before = GRUForecaster(**READY, season_length=7).fit(series[:-250])
    assert_allclose(model.predict(series[-250:])[0], before.forecast(1)[0], rtol=1e-4)


def test_forecasts_follow_units_and_scalers():
    model = GRUForecaster(**READY).fit(AIRLINE)
    scaled = GRUForecaster(**READY).fit(1000 * AIRLINE - 3)
    assert_allclose(scaled.forecast(9), 1000 * model.forecast(9) - 3, rtol=1e-4)
    pipe = make_pipeline(MinMaxScaler(), GRUForecaster(**READY)).fit(AIRLINE, AIRLINE)
    assert_allclose(pipe.predict(AIRLINE, steps=9), model.forecast(9), rtol=1e-4)


def test_every_column_is_read_by_itself():
    table = np.hstack([AIRLINE, np.random.default_rng(0).normal(size=(144, 1))])
    both = GRUForecaster(**READY, season_length=12).fit(table)
    for k in range(2):
        alone = GRUForecaster(**READY, season_length=12).fit(table[:, k : k + 1])
        assert_allclose(both.forecast(9)[:, k], alone.forecast(9)[:, 0], rtol=1e-4)


def test_rows_are_forecast_from_the_rows_before_them():
    model = GRUForecaster(**READY).fit(AIRLINE[:120])
    rolling = model.predict(AIRLINE[120:])
    other = GRUForecaster(**READY).fit(AIRLINE[:120])
    other.partial_fit(AIRLINE[120:130])
    assert_allclose(rolling[10], other.forecast(1)[0], rtol=1e-5)
    assert other.n_iter_ == 0


def test_the_beginning_of_the_series_is_recognised():
    series = AIRLINE.to_numpy()
    model = GRUForecaster(**READY).fit(series)
    early = GRUForecaster(**READY, season_length=12).fit(series[:100])
    model.engine_ = replace(model.engine_, mixture=early.engine_.mixture)
    assert_allclose(model.predict(series[:100], steps=5), early.forecast(5), rtol=1e-4)


def test_quantiles_need_no_calibration():
    model = GRUForecaster(**READY).fit(AIRLINE)
    quantiles = model.predict_quantiles(steps=24, alpha=[0.1, 0.5, 0.9])
    assert (np.diff(quantiles, axis=-1) > 0).all()
    assert_allclose(quantiles[..., 1], model.forecast(24), rtol=1e-6)
    interval = model.predict_interval(AIRLINE, steps=24, coverage=0.8)
    assert_allclose(interval, quantiles[..., [0, 2]], rtol=1e-6)


def test_quantiles_are_calibrated_if_that_is_asked_for():
    series = np.random.default_rng(0).normal(size=(3000, 1))
    model = GRUForecaster(**READY, calibration_fraction=0.5).fit(series[:2000])
    low, high = model.predict_interval(series[2000:], coverage=0.9)[:, 0].T
    inside = (low <= series[2000:, 0]) & (series[2000:, 0] <= high)
    # Three standard deviations, of a thousand rows calibrated on a thousand.
    assert abs(inside.mean() - 0.9) < 3 * (2 * 0.9 * 0.1 / 1000) ** 0.5


def test_missing_values_are_read():
    holed = AIRLINE.astype(float).copy()
    holed.iloc[[50, 51, 100]] = np.nan
    model = GRUForecaster(**READY, missing="mask").fit(holed)
    whole = GRUForecaster(**READY).fit(AIRLINE)
    assert_allclose(model.forecast(12), whole.forecast(12), rtol=0.1)


def saved(model, path):
    model.save(path / "model.safetensors")
    return load(path / "model.safetensors")


@pytest.mark.parametrize(
    "keep",
    [
        lambda model, path: copy.deepcopy(model),
        lambda model, path: pickle.loads(pickle.dumps(model)),
        saved,
    ],
    ids=["deepcopy", "pickle", "save"],
)
def test_it_can_be_kept(keep, tmp_path):
    model = GRUForecaster(**READY).fit(AIRLINE)
    kept = keep(model, tmp_path)
    assert_array_equal(kept.forecast(20), model.forecast(20))
    rows = AIRLINE[-5:].shift(5, freq="M")
    assert_array_equal(
        kept.partial_fit(rows).forecast(3), model.partial_fit(rows).forecast(3)
    )


def test_a_search_compares_it_with_training():
    grid = [{"weights": ["synthetic"]}, {"weights": [None], "max_epochs": [2]}]
    search = GridSearchCV(GRUForecaster(), grid, cv=TimeSeriesSplit(2), n_jobs=2)
    search.fit(AIRLINE)
    assert len(search.cv_results_["params"]) == 2
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("parameters", "data", "message"),
    [
        ({"units": 64}, (), "units=64 has no effect with weights='synthetic'"),
        ({"lr": 0.1}, (), "lr=0.1 has no effect"),
        ({"window_length": 385}, (), "window_length=385 is more .* at most 384 rows"),
        ({"known_columns": [0]}, (), "read no columns that are known of the future"),
        ({}, (AIRLINE.to_numpy() ** 2,), "are no affine images of columns of X"),
        ({"weights": "real"}, (), "weights' parameter of GRUForecaster must be"),
    ],
)
def test_what_the_weights_can_not_do_is_said(parameters, data, message):
    X = AIRLINE.to_numpy()
    X = np.hstack([X, X]) if "known_columns" in parameters else X
    with pytest.raises(ValueError, match=message):
        GRUForecaster(**{**READY, **parameters}).fit(X, *data)


def test_it_is_no_onnx_file(tmp_path):
    model = GRUForecaster(**READY).fit(AIRLINE)
    with pytest.raises(ValueError, match="to_onnx can't write forecasts by the"):
        model.to_onnx(tmp_path / "model.onnx")


def test_importing_does_not_read_the_file():
    script = (
        "import sys, builtins, io\n"
        "import sklearn_gru, sklearn_gru.sktime\n"
        "from sklearn_gru.weights import reading\n"
        "print(reading._content.cache_info().currsize)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert run.stdout == "0\n"


def test_the_model_card_counts_the_weights():
    card = (Path(__file__).parents[2] / "docs/user_guide/zero_shot.rst").read_text()
    model = GRUForecaster(**READY).fit(AIRLINE)
    n_weights = sum(weight.numel() for weight in model.net_.module_.parameters())
    assert f"{n_weights:,} numbers" in card


def test_the_file_is_small():
    assert all(path.stat().st_size <= 1_000_000 for path in WEIGHTS.values())


# sktime


def test_both_faces_forecast_the_same():
    y = load_airline()
    face = SktimeForecaster(**READY).fit(y, fh=range(1, 13))
    model = GRUForecaster(**READY).fit(AIRLINE)
    assert_allclose(face.predict(), model.forecast(12)[:, 0], rtol=1e-6)
    quantiles = face.predict_quantiles(alpha=[0.1, 0.9])
    assert_allclose(
        quantiles, model.predict_quantiles(steps=12, alpha=[0.1, 0.9])[:, 0], rtol=1e-6
    )


def test_an_update_takes_rows_in():
    y = load_airline()
    face = SktimeForecaster(**READY).fit(y[:120], fh=[1, 2])
    face.update(y[120:])
    whole = SktimeForecaster(**READY).fit(y, fh=[1, 2])
    assert_allclose(face.predict(), whole.predict(), rtol=1e-3)


def panel():
    lengths = {"a": 144, "b": 60, "c": 7}
    y = load_airline()
    parts = {
        name: y[-n:].to_frame() * (i + 1) for i, (name, n) in enumerate(lengths.items())
    }
    return pd.concat(parts, names=["series", "month"])


def test_series_of_a_panel_are_forecast_as_each_alone():
    y = panel()
    face = SktimeForecaster(**READY, season_length=12).fit(y, fh=range(1, 13))
    forecasts = face.predict()
    bounds = face.predict_interval(coverage=0.8)
    for name in "abc":
        alone = SktimeForecaster(**READY, season_length=12).fit(
            y.loc[name], fh=range(1, 13)
        )
        assert_allclose(forecasts.loc[name], alone.predict(), rtol=1e-4)
        assert_allclose(
            bounds.loc[name], alone.predict_interval(coverage=0.8), rtol=1e-4
        )


def test_each_series_of_a_panel_has_its_season():
    months = load_airline().to_frame()
    walk = months * 0 + np.random.default_rng(0).normal(size=(144, 1)).cumsum(axis=0)
    parts = {"a": months, "b": walk, "c": months[-30:], "d": months[-20:]}
    y = pd.concat({**parts, "e": months[4:], "f": months[7:], "g": months[9:]})
    face = SktimeForecaster(**READY).fit(y, fh=range(1, 7))
    singles = face.forecasters_["forecasters"]
    seasons = [each.forecaster_.choices.season_length for each in singles]
    assert seasons[:4] == [12, 1, 12, 1]  # 30 rows can use a season, but not show it
    forecasts = face.predict()
    for name in "abd":
        alone = SktimeForecaster(**READY).fit(y.loc[name], fh=range(1, 7))
        assert_allclose(forecasts.loc[name], alone.predict(), rtol=1e-4)


def test_pretraining_only_finds_the_season():
    face = SktimeForecaster(**READY).pretrain(panel())
    assert face.pretrained_.choices.season_length == 12
    face.fit(load_airline(), fh=[1, 2, 3])
    alone = SktimeForecaster(**READY).fit(load_airline(), fh=[1, 2, 3])
    assert_allclose(face.predict(), alone.predict(), rtol=1e-5)


def test_a_panel_can_be_updated():
    y = panel()
    early = y.drop(y.groupby("series").tail(2).index)
    face = SktimeForecaster(**READY, season_length=12).fit(early, fh=[1, 2])
    face.update(y.groupby("series").tail(2))
    whole = SktimeForecaster(**READY, season_length=12).fit(y, fh=[1, 2])
    assert_allclose(face.predict(), whole.predict(), rtol=1e-2)


def test_a_forecast_does_not_depend_on_the_others_of_its_call():
    series = np.random.default_rng(0).normal(size=(400, 1)).cumsum(axis=0)
    engine = GRUForecaster(**READY).fit(series).engine_
    origins = np.arange(380, 401)
    together = engine.forecast_from(origins, series, 12)
    for n in (1, 2, 3, 5, 13):
        parts = np.array_split(origins, len(origins) // n)
        apart = [engine.forecast_from(part, series, 12) for part in parts]
        assert_array_equal(np.concatenate(apart), together)
