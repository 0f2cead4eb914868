"""What `known_columns` and rows of the future may look like; what is wrong is said."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_gru import GRUForecaster

QUICK = {"window_length": 5, "units": 3, "max_epochs": 1, "random_state": 0}
RNG = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=50)
TABLE = pd.DataFrame(RNG.normal(size=(50, 4)), DAYS, list("abcd"))
TRAIN = TABLE[:40]
AHEAD = TABLE.copy()
AHEAD.loc[DAYS[40:], ["a", "c"]] = np.nan


@pytest.fixture(scope="module")
def model():
    return GRUForecaster(**QUICK, known_columns=["b", "d"]).fit(TRAIN)


# Naming columns


@pytest.mark.parametrize(
    "known",
    [
        ["d", "b"],
        ("b", "d"),
        np.array(["b", "d"]),
        pd.Index(["b", "d"]),
        [1, 3],
        [-1, 1],
        np.array([3, 1]),
        [False, True, False, True],
        np.array([False, True, False, True]),
        TRAIN.columns.isin(["b", "d"]),
    ],
)
def test_ways_to_name_the_same_columns(model, known):
    other = GRUForecaster(**QUICK, known_columns=known).fit(TRAIN)
    np.testing.assert_array_equal(
        other.predict(AHEAD, steps=10), model.predict(AHEAD, steps=10)
    )


@pytest.mark.parametrize("none", [None, [], (), np.array([], dtype=int)])
def test_naming_none_is_as_before(none):
    model = GRUForecaster(**QUICK, known_columns=none).fit(TRAIN)
    expected = GRUForecaster(**QUICK).fit(TRAIN).forecast(5)
    np.testing.assert_array_equal(model.forecast(5), expected)
    with pytest.raises(ValueError, match="contains NaN"):
        model.predict(AHEAD, steps=10)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (["b", "x"], r"names \['x'\], but the columns of X are \['a', 'b', 'c', 'd'\]"),
        ([1, 4], "has the position 4, but X has 4 columns, 0 to 3"),
        ([-5], "has the position -5"),
        ([True, False], "mask of 2 booleans, but X has 4 columns"),
        (["b", "d", "b"], "names a column twice"),
        ([3, -1], "names a column twice"),
        (["b", 3], "must be names of columns, positions, or a mask"),
        ([1, True], "must be names of columns, positions, or a mask"),
        ([1.0], "must be names of columns, positions, or a mask"),
        ([[1, 3]], "must be names of columns, positions, or a mask"),
        (list("abcd"), "names all of X, which has n_features=4"),
        ("b", "must be an array-like or None. Got 'b' instead"),
        (1, "must be an array-like or None. Got 1 instead"),
    ],
)
def test_columns_that_are_not_there(known, message):
    model = GRUForecaster(**QUICK, known_columns=known)
    with pytest.raises(ValueError, match=message):
        model.fit(TRAIN)
    assert not hasattr(model, "n_features_in_")


def test_columns_of_the_same_name():
    twins = TRAIN.set_axis(["a", "b", "c", "b"], axis=1)
    with pytest.raises(ValueError, match="unique column names"):
        GRUForecaster(**QUICK, known_columns=["b"]).fit(twins)


def test_names_behind_a_scaler_that_returns_arrays():
    pipe = make_pipeline(MinMaxScaler(), GRUForecaster(**QUICK, known_columns=["b"]))
    with pytest.raises(ValueError, match=r"give positions .* pipe.set_output\("):
        pipe.fit(TRAIN)
    pipe.set_output(transform="pandas").fit(TRAIN)


# What is forecast


@pytest.mark.parametrize("y", [TRAIN, TRAIN[["a", "b"]], TRAIN["b"], 3 - 2 * TRAIN])
@pytest.mark.parametrize("array", [False, True])
def test_known_columns_are_not_forecast(y, array):
    X, y = (TRAIN.to_numpy(), y.to_numpy()) if array else (TRAIN, y)
    known = [1, 3] if array else ["b", "d"]
    name = "1" if array else "'b'"
    model = GRUForecaster(**QUICK, known_columns=known)
    with pytest.raises(ValueError, match=f"y holds the column {name} of X, which is"):
        model.fit(X, y)


def test_targets_like_a_known_column_by_chance():
    constant = TRAIN.assign(b=1.0)
    for y in (pd.Series(2.0, TRAIN.index), TRAIN["a"]):
        GRUForecaster(**QUICK, known_columns=["b"]).fit(constant, y)
    twice = TRAIN.assign(b=TRAIN["a"])
    GRUForecaster(**QUICK, known_columns=["b"]).fit(twice, TRAIN["a"])


# The rows of the future


def test_any_column_that_is_not_known_yet_is_nan(model):
    part = AHEAD.copy()
    part.iloc[43, 0] = 1.0
    with pytest.raises(
        ValueError, match=r"column 'a', row 40 .*2024-02-10.* X has 6 such rows"
    ):
        model.predict(part, steps=6)


@pytest.mark.parametrize("n_future", [0, 1, 4])
def test_too_few_future_rows(model, n_future):
    X = AHEAD[: 40 + n_future]
    message = rf"steps=5 needs 5 future rows .* \['a', 'c'\], but X has {n_future}"
    with pytest.raises(ValueError, match=message):
        model.predict(X, steps=5)
    with pytest.raises(ValueError, match=message):
        model.forecast(5, X)
    with pytest.raises(ValueError, match=message):
        GRUForecaster(**QUICK, known_columns=["b", "d"], calibration_fraction=0.3).fit(
            TRAIN
        ).predict_interval(X, 5, coverage=0.5)


def test_further_future_rows_are_left_alone(model):
    six = model.predict(AHEAD[:46], steps=6)
    np.testing.assert_array_equal(model.predict(AHEAD, steps=6), six)


def test_joining_tables_makes_future_rows(model):
    joined = pd.concat([TRAIN, TABLE[40:][["d", "b"]]])
    np.testing.assert_array_equal(
        model.predict(joined, steps=10), model.predict(AHEAD, steps=10)
    )


@pytest.mark.parametrize("row", [0, 20, 45])
def test_what_is_known_is_never_nan(model, row):
    holed = AHEAD.copy()
    holed.iloc[row, 3] = np.nan
    with pytest.raises(ValueError, match=f"NaN in column 'd', row {row} .* fill it"):
        model.predict(holed, steps=6)


@pytest.mark.parametrize("row", [0, 20, 39])
def test_the_past_is_never_nan(model, row):
    holed = AHEAD.copy()
    holed.iloc[row, 2] = np.nan
    message = f"NaN in column 'c', row {row} .* X has 10 such rows"
    with pytest.raises(ValueError, match=message):
        model.predict(holed, steps=6)


def test_positions_stand_for_names_that_are_missing():
    model = GRUForecaster(**QUICK, known_columns=[1, 3]).fit(TRAIN.to_numpy())
    holed = AHEAD.to_numpy(copy=True)
    holed[20, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN in column 2, row 20\. Only future"):
        model.predict(holed, steps=6)


@pytest.mark.parametrize("method", ["fit", "predict", "transform", "score"])
def test_future_rows_where_none_may_be(model, method):
    forecaster = GRUForecaster(**QUICK, known_columns=["b", "d"]).fit(TRAIN)
    with pytest.raises(
        ValueError, match=r"last 10 rows of X are future .* steps=10\), .* X\[:-10\]"
    ):
        getattr(forecaster, method)(AHEAD)


def test_infinity_is_an_error(model):
    endless = AHEAD.copy()
    endless.iloc[45, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.predict(endless, steps=6)


def test_forecasts_need_future_rows(model):
    message = r"pass X with 5 rows, in which \['b', 'd'\] have their future values"
    with pytest.raises(ValueError, match=message):
        model.forecast(5)
    with pytest.raises(ValueError, match=message):
        GRUForecaster(**QUICK, known_columns=["b", "d"], calibration_fraction=0.3).fit(
            TRAIN
        ).predict_interval(steps=5)


@pytest.mark.parametrize("steps", [0, -1, 2.5, "3"])
def test_steps_that_are_none(model, steps):
    for forecast in (model.predict, model.rolling_forecast):
        with pytest.raises(ValueError, match="steps must be an integer"):
            forecast(AHEAD, steps=steps)


def test_a_memory_map_is_read(model, tmp_path):
    path = tmp_path / "series"
    mapped = np.memmap(path, dtype=np.float64, mode="w+", shape=TRAIN.shape)
    mapped[:] = TRAIN.to_numpy()
    other = GRUForecaster(**QUICK, known_columns=[1, 3]).fit(mapped)
    np.testing.assert_array_equal(
        other.predict(AHEAD.to_numpy(), steps=6), model.predict(AHEAD, steps=6)
    )
