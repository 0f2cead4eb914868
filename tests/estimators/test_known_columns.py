"""Columns that are known of the future help to forecast the rows they stand in."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from skorch.callbacks import EpochScoring

from sklearn_gru import GRUForecaster

QUICK = {
    "window_length": 8,
    "units": 5,
    "max_epochs": 3,
    "dtype": "float64",
    "random_state": 0,
}
N, N_ALL = 120, 150
DAYS = pd.date_range("2024-01-01", periods=N_ALL)


def make_table(index=DAYS):
    """Return a table whose columns "price" and "holiday" are known of the future."""
    rng = np.random.default_rng(0)
    price = rng.normal(10, 2, size=N_ALL)
    holiday = (rng.random(N_ALL) < 0.15).astype(float)
    demand = 50 + rng.normal(size=N_ALL).cumsum() - 3 * price + 8 * holiday
    stock = 500 + rng.normal(size=N_ALL).cumsum()
    columns = {"price": price, "demand": demand, "holiday": holiday, "stock": stock}
    return pd.DataFrame(columns, index)


TABLE = make_table()
KNOWN, UNKNOWN = ["price", "holiday"], ["demand", "stock"]
TRAIN = TABLE[:N]


def with_future(table, n_known, steps):
    """Cut a table after n_known + steps rows, and forget what is not known yet."""
    table = table[: n_known + steps].copy()
    table.iloc[n_known:, table.columns.get_indexer(UNKNOWN)] = np.nan
    return table


@pytest.fixture(scope="module")
def model():
    return GRUForecaster(**QUICK, horizon=2, known_columns=KNOWN).fit(TRAIN)


# What is forecast, and from what


@pytest.mark.parametrize("y", ["demand", ["demand"], ["stock", "demand"]])
@pytest.mark.parametrize("horizon", [1, 3])
def test_forecasts_have_the_columns_of_y(y, horizon):
    model = GRUForecaster(**QUICK, horizon=horizon, known_columns=KNOWN)
    model.fit(TRAIN, TRAIN[y])
    shape = TRAIN[y].shape
    assert model.predict(TRAIN).shape == shape
    ahead = with_future(TABLE, N, 7)
    assert model.predict(ahead, steps=7).shape == (7, *shape[1:])
    # Other columns are forecast along, and the result does not depend on that.
    alone = clone(model).fit(TRAIN).predict(ahead, steps=7)
    mine = np.reshape(model.predict(ahead, steps=7), (7, -1))
    columns = [UNKNOWN.index(name) for name in np.atleast_1d(y)]
    np.testing.assert_allclose(mine, alone[:, columns], rtol=1e-9)


def test_each_row_is_forecast_from_rows_before_it_and_from_what_is_known_of_it(model):
    one_step = model.predict(TABLE[N:])
    rolling = model.rolling_forecast(TABLE[N:], 5)
    assert one_step.shape == (30, 2)
    assert rolling.shape == (25, 5, 2)
    for row in (0, 1, 7, 12, 24):
        ahead = with_future(TABLE, N + row, 1)
        expected = model.predict(ahead, steps=1)[0]
        np.testing.assert_allclose(one_step[row], expected, rtol=1e-9)
        expected = model.predict(with_future(TABLE, N + row + 1, 5), steps=5)
        np.testing.assert_allclose(rolling[row], expected, rtol=1e-9)


@pytest.mark.parametrize("row", [0, 1, 9])
def test_a_known_value_moves_its_own_forecast_and_none_before(model, row):
    ahead = with_future(TABLE, N, 12)
    moved = ahead.copy()
    moved.iloc[N + row, 0] += 5
    same = model.predict(moved, steps=12) == model.predict(ahead, steps=12)
    assert same[:row].all()
    assert not same[row:].any()
    # So it is in forecasts one row ahead, up to where no window reaches back to it.
    moved = TABLE.copy()
    moved.iloc[N + row, 0] += 5
    same = (model.predict(moved) == model.predict(TABLE)).all(axis=1)
    assert same[: N + row].all()
    assert not same[N + row]
    assert same[N + row + 8 :].all()


@pytest.mark.parametrize("row", [0, 3, 20])
def test_an_unknown_value_moves_no_forecast_of_itself_or_before(model, row):
    spiked = TABLE.copy()
    spiked.iloc[N + row, [1, 3]] += 100
    same = (model.predict(spiked[N:]) == model.predict(TABLE[N:])).all(axis=1)
    assert same[: row + 1].all()
    assert not same[row + 1 : row + 9].any()
    rolling = model.rolling_forecast(spiked[N:], 4)
    same = (rolling == model.rolling_forecast(TABLE[N:], 4)).all(axis=(1, 2))
    assert same[:row].all()
    assert not same[row]
    hidden = (model.transform(spiked[N:]) == model.transform(TABLE[N:])).all(axis=1)
    assert hidden[: row + 1].all()


def test_a_cause_that_is_known_is_learned():
    rng = np.random.default_rng(0)
    cause = rng.uniform(-2, 2, size=430)
    effect = 100 + 5 * cause**2 + rng.normal(size=430)
    table = np.column_stack([effect, cause])
    settings = {"window_length": 4, "units": 16, "lr": 0.01, "random_state": 0}
    model = GRUForecaster(**settings, known_columns=[1]).fit(table[:400])
    ahead = np.where(np.arange(430)[:, None] < 400, table, [np.nan, 1] * table)
    left = (effect[400:] - model.predict(ahead, steps=30)[:, 0]).std()
    assert left < effect[400:].std() / 3  # the noise is a sixth


def test_targets_that_are_no_columns_go_as_far_as_the_horizon():
    y = np.exp(TRAIN["demand"] / 20)
    model = GRUForecaster(**QUICK, horizon=3, known_columns=KNOWN).fit(TRAIN, y)
    assert model.predict(with_future(TABLE, N, 5), steps=3).shape == (3,)
    with pytest.raises(ValueError, match="steps=4 is more than horizon=3"):
        model.predict(with_future(TABLE, N, 5), steps=4)


def test_rolling_forecasts_reach_into_future_rows(model):
    both = model.rolling_forecast(with_future(TABLE, N, 6), 6)
    assert both.shape == (N, 6, 2)
    np.testing.assert_allclose(
        both[-1], model.predict(with_future(TABLE, N, 6), steps=6), rtol=1e-9
    )
    np.testing.assert_array_equal(both[: N - 6], model.rolling_forecast(TRAIN, 6))
    with pytest.raises(ValueError, match="No row of X has steps=6 rows behind it"):
        model.rolling_forecast(TABLE[N : N + 6], 6)


# Where X lies


@pytest.mark.parametrize("start", [0, 60, N - 8, N - 1, N])
@pytest.mark.parametrize("array", [False, True])
def test_x_may_begin_anywhere_before_its_future_rows(start, array):
    values = TABLE.to_numpy() if array else TABLE
    known = [0, 2] if array else KNOWN
    model = GRUForecaster(**QUICK, horizon=2, known_columns=known).fit(values[:N])
    ahead = with_future(TABLE, N, 9)
    ahead = ahead.to_numpy() if array else ahead
    if array and start == N - 1:
        start = N - 2  # a single row is no evidence of an overlap
    if array and start == 60:
        start = 70
    expected = model.predict(ahead, steps=9)
    np.testing.assert_allclose(model.predict(ahead[start:], 9), expected, rtol=1e-9)
    np.testing.assert_allclose(model.forecast(9, ahead[start:]), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2020-01", periods=N_ALL, freq="M"),
        pd.RangeIndex(40, 40 + N_ALL),
        pd.RangeIndex(N_ALL),
        pd.bdate_range("2024-01-01", periods=N_ALL),
        pd.Index([f"row {i}" for i in range(N_ALL)]),
        pd.timedelta_range("0h", periods=N_ALL, freq="h"),
    ],
)
def test_any_index(model, index):
    table = make_table(index)
    other = clone(model).fit(table[:N])
    expected = model.predict(with_future(TABLE, N, 9), steps=9)
    ahead = with_future(table, N, 9)
    np.testing.assert_array_equal(other.predict(ahead, steps=9), expected)
    np.testing.assert_array_equal(other.forecast(9, ahead[N:]), expected)


def test_future_rows_behind_a_gap_warn(model):
    ahead = with_future(TABLE, N, 9)
    with pytest.warns(UserWarning, match=r"begins at 2024-05-03 .* 2024-04-29"):
        model.predict(ahead[N + 3 :], steps=6)


def test_future_rows_by_themselves_need_a_context(model):
    ahead = with_future(TABLE, N, 9)
    with pytest.raises(ValueError, match="9 future rows, and none before them"):
        model.predict(ahead[N:], steps=9, context="apply")
    assert model.predict(ahead[N - 1 :], steps=9, context="apply").shape == (9, 2)


def test_the_index_of_future_rows_is_checked(model):
    ahead = with_future(TABLE, N, 9)
    with pytest.raises(ValueError, match=r"has a hole: 2024-05-01 .* 2024-05-05"):
        model.predict(ahead.drop(ahead.index[N + 2 : N + 5]), steps=6)


# Life in scikit-learn


@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler()])
@pytest.mark.parametrize("names", [False, True])
def test_a_scaler_in_front_lets_the_future_through(model, scaler, names):
    known = KNOWN if names else [0, 2]
    gru = GRUForecaster(**QUICK, horizon=2, known_columns=known)
    pipe = Pipeline([("scale", scaler), ("gru", gru)])
    if names:
        pipe.set_output(transform="pandas")
    pipe.fit(TRAIN, TRAIN[UNKNOWN])
    ahead = with_future(TABLE, N, 9)
    expected = model.predict(ahead, steps=9)
    np.testing.assert_allclose(pipe.predict(ahead, steps=9), expected, rtol=1e-6)
    np.testing.assert_allclose(pipe.predict(TABLE), model.predict(TABLE), rtol=1e-6)
    assert pipe.score(TABLE[N:], TABLE[N:][UNKNOWN]) == pytest.approx(
        model.score(TABLE[N:])
    )


def test_columns_may_be_made_from_the_index_in_the_pipeline():
    def with_weekday(table):
        return table.assign(sunday=(table.index.weekday == 6).astype(float))

    gru = GRUForecaster(**QUICK, known_columns=["sunday"])
    pipe = make_pipeline(FunctionTransformer(with_weekday), gru)
    pipe.fit(TRAIN[UNKNOWN], TRAIN[UNKNOWN])
    ahead = pipe.predict(TRAIN[UNKNOWN].reindex(DAYS[: N + 9]), steps=9)
    by_hand = with_weekday(TRAIN[UNKNOWN].reindex(DAYS[: N + 9]))
    np.testing.assert_array_equal(ahead, gru.predict(by_hand, steps=9))


def test_searches_and_cross_validation():
    gru = GRUForecaster(**QUICK, known_columns=[0, 2])
    pipe = Pipeline([("scale", MinMaxScaler()), ("gru", gru)])
    y, cv = TRAIN[["demand"]], TimeSeriesSplit(3)
    grid = {"gru__known_columns": [None, [0], [0, 2]], "gru__window_length": [4, 8]}
    search = GridSearchCV(pipe, grid, cv=cv).fit(TRAIN, y)
    scores = search.cv_results_["mean_test_score"]
    assert len(set(scores)) == 6
    expected = []
    for train, test in cv.split(TRAIN):
        fitted = clone(pipe).fit(TRAIN.iloc[train], y.iloc[train])
        expected.append(fitted.score(TRAIN.iloc[test], y.iloc[test]))
    np.testing.assert_allclose(cross_val_score(pipe, TRAIN, y, cv=cv), expected)
    assert scores[-1] == pytest.approx(np.mean(expected))


def test_transformed_targets():
    gru = GRUForecaster(**QUICK, known_columns=KNOWN)
    model = TransformedTargetRegressor(gru, transformer=MinMaxScaler())
    model.fit(TRAIN, TRAIN["demand"])
    plain = clone(gru).fit(TRAIN, TRAIN["demand"])
    ahead = with_future(TABLE, N, 9)
    np.testing.assert_allclose(
        model.predict(ahead, steps=9), plain.predict(ahead, steps=9), rtol=1e-9
    )


# Intervals, and training on


def test_intervals_are_those_of_errors_with_known_columns():
    model = GRUForecaster(**QUICK, known_columns=KNOWN, calibration_fraction=0.3)
    model.fit(TRAIN, TRAIN["demand"])
    ahead = with_future(TABLE, N, 4)
    rolling = model.rolling_forecast(TRAIN, 4)[-33:, :, 0]
    rows = np.arange(N - 36, N - 3)[:, None] + np.arange(4)
    sizes = np.sort(np.abs(TRAIN["demand"].to_numpy()[rows] - rolling)[:, 3])
    upper = model.predict_quantiles(ahead, 4, alpha=0.9)[:, 0]
    offset = upper[3] - model.predict(ahead, steps=4)[3]
    assert offset == pytest.approx(sizes[27])  # ceil(34 * 0.8) = 28
    bounds = model.predict_interval(ahead, 4, coverage=0.8)
    assert (bounds[:, 0] < bounds[:, 1]).all()
    assert model.predict_interval(TABLE[N:], coverage=0.8).shape == (30, 2)


@pytest.mark.parametrize("kept", [1, 1 << 16])
def test_partial_fit_takes_the_rows_that_follow(monkeypatch, kept):
    monkeypatch.setattr("sklearn_gru.estimators.forecasting.history.NUMBERS", kept)
    model = GRUForecaster(**QUICK, known_columns=KNOWN).partial_fit(TABLE[:60])
    for start in range(60, N, 15):
        model.partial_fit(TABLE[start : start + 15])
    assert model.n_iter_ == 5
    known_again = model.predict(with_future(TABLE, N, 5), steps=5)
    np.testing.assert_allclose(
        model.forecast(5, with_future(TABLE, N, 5)[N:]), known_again, rtol=1e-9
    )


def test_columns_of_y_may_change_places(model):
    swapped = model.score(TABLE[N:], TABLE[N:][UNKNOWN[::-1]])
    assert swapped == model.score(TABLE[N:], TABLE[N:][UNKNOWN])


def test_training_goes_on_behind_calibration_rows_and_gaps():
    model = GRUForecaster(**QUICK, known_columns=KNOWN, calibration_fraction=0.3)
    model.fit(TABLE[:80]).partial_fit(TABLE[:80]).partial_fit(TABLE[80:100])
    with pytest.warns(UserWarning, match="begins anew"):
        model.partial_fit(TABLE[105:N])
    ahead = with_future(TABLE, N, 5)
    expected = model.predict(ahead[105:], steps=5, context="apply")
    np.testing.assert_allclose(model.forecast(5, ahead[N:]), expected, rtol=1e-9)


def test_callbacks_score_forecasts_with_known_columns():
    model = GRUForecaster(
        **{**QUICK, "max_epochs": 1},
        known_columns=KNOWN,
        early_stopping=True,
        callbacks=[EpochScoring("r2", name="r2")],
    ).fit(TRAIN, TRAIN["demand"])
    held_out = TRAIN[-11:]  # a tenth of 112 windows
    expected = model.score(held_out, held_out["demand"])
    assert model.net_.history[-1, "r2"] == pytest.approx(expected)


def test_warm_starts_go_on():
    model = GRUForecaster(**QUICK, known_columns=KNOWN, warm_start=True)
    assert model.fit(TRAIN).fit(TRAIN).n_iter_ == 6
    model.set_params(known_columns=["price"])
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"go on with known_columns=\['price'\]"):
            go_on(TRAIN)
    assert model.predict(with_future(TABLE, N, 5), steps=5).shape == (5, 2)
