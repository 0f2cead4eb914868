"""Forecasters of the sktime face in files of their own."""

import copy

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

sktime = pytest.importorskip("sktime")

from sktime.forecasting.base import ForecastingHorizon  # noqa: E402

from sklearn_gru import ModelFileError, load  # noqa: E402
from sklearn_gru.sktime import GRUForecaster  # noqa: E402

RNG = np.random.default_rng(0)
MONTHS = pd.period_range("2015-01", periods=72, freq="M", name="month")
DAYS = pd.date_range("2024-01-01", periods=72, freq="D")
VALUES = 20 + RNG.normal(size=(72, 2)).cumsum(axis=0)
SERIES = pd.Series(VALUES[:, 0], MONTHS, name="y")
TABLE = pd.DataFrame(VALUES, DAYS, columns=["a", "b"])
KNOWN = pd.DataFrame({"x": np.sin(np.arange(72))}, DAYS)
HOLES = TABLE.mask(RNG.random(TABLE.shape) < 0.1)
QUICK = {"units": 3, "window_length": 6, "max_epochs": 1, "random_state": 0}
FH = [1, 2, 4]


def panel_of(names):
    rows = [TABLE["a"] + i for i in range(len(names))]
    index = [(*name, day) for name in names for day in DAYS]
    index = pd.MultiIndex.from_tuples(index, names=[*"gh"[: len(names[0])], "day"])
    return pd.DataFrame({"a": np.concatenate(rows)}, index)


PANEL = panel_of([("p",), ("q",), ("r",)])
HIERARCHY = panel_of([("p", "1"), ("p", "2"), ("q", "1")])
CASES = {
    "series": ({}, SERIES, None),
    "numbers": ({}, pd.Series(VALUES[:, 0]), None),
    "columns": ({"loss": "quantile", "n_estimators": 2}, TABLE, None),
    "known": ({"interval_method": "adaptive"}, TABLE["a"], KNOWN),
    "holes": ({"missing": "mask", "dropout": 0.2}, HOLES, None),
    "panel": ({}, PANEL, None),
    "hierarchy": ({"target_transform": "log"}, HIERARCHY, None),
}


def parts(y, X):
    """Split the last twelve rows of each series off."""
    if y.index.nlevels == 1:
        known = None if X is None else X.iloc[:60]
        return y.iloc[:60], y.iloc[60:], known, X
    day = y.index.get_level_values(-1)
    return y[day < DAYS[60]], y[day >= DAYS[60]], None, None


def assert_equal(result, expected):
    check = assert_series_equal if expected.ndim == 1 else assert_frame_equal
    check(result, expected, check_exact=True)


def through_file(forecaster, tmp_path):
    path = tmp_path / "forecaster.safetensors"
    forecaster.save(path)
    return load(path)


@pytest.mark.parametrize("pretrained", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_saved_forecaster_goes_on_like_the_original(name, pretrained, tmp_path):
    options, y, X = CASES[name]
    if pretrained and y.index.nlevels == 1:
        pytest.skip("only panels are trained on beforehand")
    old, new, known, future = parts(y, X)
    forecaster = GRUForecaster(**QUICK, **options)
    if pretrained:
        forecaster = through_file(forecaster.pretrain(old), tmp_path)
    forecaster.fit(old, X=known, fh=FH)
    kept = through_file(forecaster, tmp_path)
    check_same(kept, forecaster, future)
    again = through_file(forecaster, tmp_path)  # with errors measured for intervals
    check_same(again, forecaster, future)
    for each in (kept, again):
        original = copy.deepcopy(forecaster).update(new, X=future)
        further = None if X is None else KNOWN.shift(72, freq="D")
        check_same(each.update(new, X=future), original, further)


def check_same(kept, original, X):
    assert_equal(kept.predict(X=X), original.predict(X=X))
    for coverage in (0.3, 0.6):
        expected = original.predict_interval(coverage=coverage, X=X)
        assert_equal(kept.predict_interval(coverage=coverage, X=X), expected)


@pytest.mark.parametrize(
    "fh",
    [
        None,
        ForecastingHorizon(MONTHS[59:62], is_relative=False),
        ForecastingHorizon([-3, 0, 2]),
    ],
)
def test_horizons_are_kept(fh, tmp_path):
    forecaster = GRUForecaster(**QUICK).fit(SERIES[:60], fh=fh)
    kept = through_file(forecaster, tmp_path)
    if fh is None:
        assert_equal(kept.predict(fh=[3]), forecaster.predict(fh=[3]))
    else:
        assert kept.fh.to_pandas().identical(forecaster.fh.to_pandas())
        assert_equal(kept.predict(), forecaster.predict())


def test_what_came_behind_a_gap_is_kept(tmp_path):
    forecaster = GRUForecaster(**QUICK).fit(SERIES[:40], fh=FH)
    with pytest.warns(UserWarning, match="Rows are missing"):
        forecaster.update(SERIES[50:70])
    check_same(through_file(forecaster, tmp_path), forecaster, None)


def test_configuration_is_kept(tmp_path):
    forecaster = GRUForecaster(**QUICK).set_config(warnings="off")
    kept = through_file(forecaster, tmp_path)
    assert kept.get_config() == forecaster.get_config()
    assert kept.get_params() == forecaster.get_params()
    assert not kept.is_fitted


def test_other_paths_are_sktimes(tmp_path):
    forecaster = GRUForecaster(**QUICK).fit(SERIES, fh=FH)
    forecaster.save(tmp_path / "forecaster")
    kept = sktime.base.load(tmp_path / "forecaster.zip")
    assert_equal(kept.predict(), forecaster.predict())
    with pytest.raises(ModelFileError):
        load(tmp_path / "forecaster.zip")
