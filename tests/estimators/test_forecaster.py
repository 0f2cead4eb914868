import functools

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_gru import GRUForecaster, datasets

QUICK = {"window_length": 10, "units": 8, "max_epochs": 4, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    index = pd.date_range("2020-01-01", periods=200, freq="D")
    wave = 20 + 5 * np.sin(np.arange(200) / 4) + 0.3 * rng.normal(size=200)
    walk = 1000 + rng.normal(size=200).cumsum()
    return pd.DataFrame({"a": wave, "b": walk}, index=index)


def targets(table, kind):
    return {"both": table, "one": table[["a"]], "flat": table["a"]}[kind]


def assert_equal_to_rounding(forecast, expected):
    """Compare forecasts of the same rows among others, computed in float64.

    The linear path is a matrix product, which rounds by how many rows there are.
    """
    np.testing.assert_allclose(forecast, expected, rtol=1e-14)


# Forecasts don't see what they forecast


@pytest.mark.parametrize("spiked_row", [0, 1, 9, 10, 35])
@pytest.mark.parametrize("center", [None, "last", "mean"])
@pytest.mark.parametrize("context", ["extend", "apply"])
def test_a_row_moves_no_forecast_of_itself_or_of_earlier_rows(
    table, spiked_row, center, context
):
    model = GRUForecaster(**QUICK, center=center, context=context)
    model.fit(table[:150].to_numpy())
    X = table[150:].to_numpy()
    spiked = X.copy()
    spiked[spiked_row] += 100
    moved = model.predict(spiked) != model.predict(X)
    assert not moved[: spiked_row + 1].any()
    assert moved[spiked_row + 1 : spiked_row + 11].any(axis=1).all()
    # Entry i of a rolling forecast has seen row i.
    rolling = model.rolling_forecast(spiked, 3) != model.rolling_forecast(X, 3)
    assert not rolling[:spiked_row].any()
    assert rolling[spiked_row].any()


@pytest.mark.parametrize("horizon", [1, 3])
def test_forecasts_are_those_of_each_window_by_itself(table, horizon):
    X = table.to_numpy()
    model = GRUForecaster(**QUICK, horizon=horizon, weights=None).fit(X[:150])
    one_step = model.predict(X[150:])
    rolling = model.rolling_forecast(X[150:], 7)
    for row in (0, 3, 20):
        known = X[: 150 + row]
        np.testing.assert_allclose(
            one_step[row], model.predict(known[-10:], steps=1)[0], rtol=1e-6
        )
        after = model.predict(X[: 150 + row + 1], steps=7)
        np.testing.assert_allclose(rolling[row], after, rtol=1e-6)


def test_long_forecasts_feed_themselves_back(table):
    X = table.to_numpy()
    model = GRUForecaster(**QUICK, horizon=3, weights=None).fit(X)
    known, blocks = X, []
    for _ in range(3):
        block = model.predict(known, steps=3)
        blocks.append(block)
        known = np.concatenate([known, block])
    expected = np.concatenate(blocks)[:8]
    np.testing.assert_allclose(model.forecast(8), expected, rtol=1e-5)


# Shapes


@pytest.mark.parametrize("kind", ["both", "one", "flat"])
def test_shapes_follow_y(table, kind):
    y = targets(table, kind)
    model = GRUForecaster(**QUICK).fit(table, y)
    assert model.predict(table).shape == y.shape
    assert model.predict(table, steps=5).shape == y[:5].shape
    assert model.forecast(5).shape == y[:5].shape
    n_targets = 1 if y.ndim == 1 else y.shape[1]
    assert model.rolling_forecast(table, 4).shape == (200, 4, n_targets)
    assert model.predict(table).dtype == np.float64
    assert model.transform(table).shape == (200, 8)


def test_hidden_states_of_independent_channels_stand_side_by_side(table):
    model = GRUForecaster(**QUICK, channels="independent").fit(table)
    assert model.transform(table).shape == (200, 16)
    names = model.set_output(transform="pandas").transform(table).columns
    assert list(names[:2]) == ["gruforecaster0", "gruforecaster1"]
    # The channels don't see each other.
    other = table.copy()
    other["b"] += 50
    assert (model.predict(other)[1:, 1] != model.predict(table)[1:, 1]).all()
    np.testing.assert_array_equal(
        model.predict(other)[:, 0], model.predict(table)[:, 0]
    )


# Units


@pytest.mark.parametrize(
    "scaler", [MinMaxScaler(), StandardScaler(), RobustScaler(), MaxAbsScaler()]
)
@pytest.mark.parametrize("kind", ["both", "one", "flat"])
def test_a_linear_scaler_in_front_changes_nothing(table, scaler, kind):
    y = targets(table, kind)
    plain = GRUForecaster(**QUICK, dtype="float64").fit(table, y)
    scaled = make_pipeline(scaler, GRUForecaster(**QUICK, dtype="float64"))
    scaled.fit(table, y)
    np.testing.assert_allclose(scaled.predict(table), plain.predict(table), rtol=1e-6)
    np.testing.assert_allclose(
        scaled.predict(table, steps=30), plain.predict(table, steps=30), rtol=1e-6
    )


def test_units_are_found_for_float32_and_reordered_targets(table):
    X = table.to_numpy(np.float32)
    model = make_pipeline(MinMaxScaler(), GRUForecaster(**QUICK)).fit(X, X[:, ::-1])
    swapped = model.predict(X, steps=20)[:, ::-1]
    straight = make_pipeline(MinMaxScaler(), GRUForecaster(**QUICK)).fit(X, X)
    np.testing.assert_allclose(swapped, straight.predict(X, steps=20), rtol=1e-4)


def test_other_targets_can_be_forecast_for_horizon_steps_only(table):
    model = make_pipeline(PowerTransformer(), GRUForecaster(**QUICK, horizon=3))
    model.fit(table, table)
    assert model.predict(table, steps=3).shape == (3, 2)
    with pytest.raises(
        ValueError, match=r"steps=4 .* horizon=3, .* Fit with horizon=4"
    ):
        model.predict(table, steps=4)
    with pytest.raises(ValueError, match="y is required"):
        model.score(table)


def test_targets_that_are_no_columns_are_learned_in_their_own_units():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 1))
    y = 500 + 100 * np.roll(X[:, 0], 1) ** 2  # yesterday's square
    model = GRUForecaster(5, 16, lr=0.002, random_state=0).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.8


# Context


def test_the_first_rows_of_a_continuation_know_the_training_series(table):
    model = GRUForecaster(**QUICK).fit(table[:150])
    together = model.predict(table)[150:]
    assert_equal_to_rounding(model.predict(table[150:]), together)
    assert_equal_to_rounding(
        model.rolling_forecast(table[150:], 3), model.rolling_forecast(table, 3)[150:]
    )


def test_context_apply_reads_x_by_itself(table):
    model = GRUForecaster(**QUICK, context="apply", weights=None)
    model.fit(table[:150].to_numpy())
    rest = table[150:].to_numpy()
    padded = np.concatenate([np.repeat(rest[:1], 10, axis=0), rest])
    expected = model.predict(padded)[11:]
    assert_equal_to_rounding(model.predict(rest)[1:], expected)
    model.set_params(context="extend")
    assert (model.predict(rest)[:5] != model.predict(rest, context="apply")[:5]).all()
    with pytest.raises(ValueError, match='must be "extend" or "apply", got \'both\''):
        model.predict(rest, context="both")


def test_the_training_series_itself_is_recognised(table):
    model = GRUForecaster(**QUICK).fit(table[:150])
    alone = model.predict(table[:150], context="apply")
    np.testing.assert_array_equal(model.predict(table[:150]), alone)
    assert_equal_to_rounding(model.predict(table[:40]), alone[:40])


def test_dates_tell_that_a_revised_series_is_the_training_series(table):
    model = GRUForecaster(**QUICK).fit(table[:150])
    revised = table[:150] + 1.0
    alone = model.predict(revised, context="apply")
    np.testing.assert_array_equal(model.predict(revised), alone)


def test_a_gap_after_the_training_series_warns(table):
    model = GRUForecaster(**QUICK).fit(table[:150])
    with pytest.warns(UserWarning, match=r"begins at 2020-06-09 .* 2020-05-29"):
        model.predict(table[160:])
    model.predict(table[160:], context="apply")


# Life in scikit-learn


def test_grid_search_over_window_and_units(table):
    pipe = Pipeline([("scale", MinMaxScaler()), ("gru", GRUForecaster(**QUICK))])
    grid = {"gru__window_length": [5, 10], "gru__units": [4, (4, 4)]}
    search = GridSearchCV(
        pipe, grid, cv=TimeSeriesSplit(3), scoring="neg_root_mean_squared_error"
    ).fit(table, table)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(table, **{}).shape == table.shape
    assert search.best_estimator_.predict(table, steps=2).shape == (2, 2)


def test_cross_val_score_is_that_of_a_loop(table):
    model = GRUForecaster(**QUICK)
    cv = TimeSeriesSplit(3)
    expected = []
    for train, test in cv.split(table):
        forecaster = GRUForecaster(**QUICK).fit(table.iloc[train], table.iloc[train])
        extended = forecaster.predict(table.iloc[: test[-1] + 1])[test]
        expected.append(r2_score(table.iloc[test], extended))
    np.testing.assert_allclose(cross_val_score(model, table, table, cv=cv), expected)


def test_transformed_target(table):
    model = TransformedTargetRegressor(
        GRUForecaster(**QUICK), transformer=MinMaxScaler()
    )
    plain = GRUForecaster(**QUICK).fit(table, table["a"])
    model.fit(table, table["a"])
    np.testing.assert_allclose(model.predict(table), plain.predict(table), rtol=1e-5)
    assert model.predict(table, steps=3).shape == (3,)


@pytest.mark.parametrize("routing", [False, True])
def test_pipelines_forward_steps(table, routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        pipe = make_pipeline(StandardScaler(), GRUForecaster(**QUICK)).fit(table, table)
        assert pipe.predict(table, steps=6).shape == (6, 2)


def test_score_is_r2_of_one_step_forecasts(table):
    model = GRUForecaster(**QUICK).fit(table[:150], table[:150])
    expected = r2_score(table[150:], model.predict(table[150:]))
    assert model.score(table[150:]) == pytest.approx(expected)
    assert model.score(table[150:], table[150:]) == pytest.approx(expected)


# Training


def test_segments_read_the_window_in_order():
    X = np.sin(np.arange(300) / 5)[:, None]
    model = GRUForecaster(24, 8, segment_length=6, horizon=6, random_state=0).fit(X)
    assert model.net_.module_.recurrent.layers[0][0].input_size == 6
    truth = np.sin(np.arange(300, 330) / 5)
    assert np.abs(model.forecast(30)[:, 0] - truth).max() < 0.2


def test_window_must_be_whole_segments(table):
    with pytest.raises(ValueError, match=r"window_length=10 .* use 8 or 12"):
        GRUForecaster(10, segment_length=4).fit(table)


@pytest.mark.parametrize(("n_rows", "expected"), [(200, 24), (20, 10), (2, 1)])
def test_automatic_window(table, n_rows, expected):
    model = GRUForecaster(max_epochs=1).fit(table[:n_rows])
    assert model.window_length_ == expected


def test_automatic_centre_follows_the_series():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(400, 1))
    for series, centre in [(noise, None), (noise.cumsum(axis=0), "last")]:
        model = GRUForecaster(20, 4, max_epochs=1).fit(series)
        assert model.net_.module_.center == centre


@pytest.mark.parametrize("scale", ["series", "window"])
def test_early_stopping_watches_the_chronological_tail(table, scale):
    settings = {**QUICK, "max_epochs": 60, "center": "last", "weights": None}
    settings["scale"] = scale
    # With tol=0 every fall of the loss counts as an improvement.
    model = GRUForecaster(**settings, early_stopping=True, lr=0.02, tol=0.0)
    model.fit(table)
    history = model.net_.history
    held_out = history[:, "valid_loss"]
    # The kept weights are those of the best epoch: their loss on the last tenth of
    # the windows is that epoch's.
    z = (table - table.mean()) / table.std(ddof=0)
    n_held_out = round(0.1 * (200 - 10))
    forecast = (model.predict(table) - table.mean().to_numpy()) / table.std(
        ddof=0
    ).to_numpy()
    error = (forecast - z).to_numpy()[-n_held_out:]
    if scale == "window":  # each counts in units of its window's spread
        windows = [z.to_numpy()[row - 10 : row] for row in range(-n_held_out, 0)]
        error = error / [np.abs(each - each[-1]).mean(axis=0) for each in windows]
    loss = (error**2).mean()
    assert loss == pytest.approx(min(held_out), rel=1e-3)
    assert len(history) < 60


def test_partial_fit_goes_on_where_the_series_ended(table):
    X = table.to_numpy()
    model = GRUForecaster(**QUICK).fit(X[:150])
    before = model.forecast(3)
    model.partial_fit(X[150:155]).partial_fit(X[155:])
    assert model.n_iter_ == 6
    assert (model.forecast(3) != before).all()
    np.testing.assert_array_equal(model.forecast(3), model.predict(X[180:], steps=3))


def test_partial_fit_on_the_same_series_does_not_join_its_end_to_its_start(table):
    settings = {**QUICK, "calibration_fraction": 0.2, "weights": None}
    model = GRUForecaster(**settings).partial_fit(table)
    twice = model.partial_fit(table).engine_
    np.testing.assert_array_equal(twice.calibration.rows.values, table[150:])
    np.testing.assert_array_equal(twice.history.last.values, table)


def test_warm_start_goes_on_from_the_weights(table):
    model = GRUForecaster(**QUICK, warm_start=True).fit(table)
    assert model.fit(table).n_iter_ == 8
    cold = GRUForecaster(**QUICK).fit(table)
    assert model.loss_curve_[:4] == cold.loss_curve_
    assert model.loss_curve_[4] < cold.loss_curve_[0]


@pytest.mark.parametrize(
    "changed", [{"horizon": 3}, {"units": 9}, {"cell": "lstm"}, {"dtype": "float64"}]
)
def test_training_goes_on_with_the_same_network_only(table, changed):
    model = GRUForecaster(**QUICK, horizon=2, warm_start=True).fit(table)
    expected = model.forecast(5)
    model.set_params(**changed)
    for train_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"go on with {next(iter(changed))}="):
            train_on(table)
    np.testing.assert_array_equal(model.forecast(5), expected)


# Intervals


def test_intervals_contain_the_forecast_and_grow_with_coverage(table):
    model = GRUForecaster(**QUICK, calibration_fraction=0.3).fit(table, table["a"])
    narrow = model.predict_interval(steps=5, coverage=0.5)
    wide = model.predict_interval(steps=5, coverage=0.9)
    assert narrow.shape == (5, 2)
    assert (wide[:, 0] < narrow[:, 0]).all()
    assert (wide[:, 1] > narrow[:, 1]).all()
    quantiles = model.predict_quantiles(table, alpha=[0.05, 0.95])
    np.testing.assert_array_equal(model.predict_interval(table), quantiles)


@functools.cache
def calibrated_on(seed):
    """Fit the first rows of a noisy wave; return the model and the other rows."""
    series = datasets.make_sine(3000, period=30, noise=0.3, random_state=seed)
    model = GRUForecaster(
        20,
        8,
        max_epochs=5,
        calibration_fraction=0.4,
        interval_method="split",
        random_state=0,
    )
    return model.fit(series[:2000]), series[2000:]


@pytest.mark.parametrize("steps", [1, 12])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_intervals_hold_their_coverage(steps, coverage):
    shares = []
    for seed in (1, 2, 3):
        model, rest = calibrated_on(seed)
        offsets = model.predict_interval(steps=steps, coverage=coverage)[-1, 0]
        offsets = offsets - model.forecast(steps)[-1, 0]
        forecast = model.rolling_forecast(rest, steps)[:-steps, -1, 0]
        error = rest[steps:, 0] - forecast
        shares.append(((error >= offsets[0]) & (error <= offsets[1])).mean())
    assert abs(np.mean(shares) - coverage) < 0.05


# Intervals that adapt


@pytest.fixture(scope="module")
def changing():
    noise = np.random.default_rng(0).normal(size=(1600, 1))
    noise[1200:] *= 4
    return 20 + np.sin(np.arange(1600) / 5)[:, None] + 0.3 * noise


@pytest.fixture(scope="module")
def adaptive(changing):
    settings = {"calibration_fraction": 0.3, "interval_method": "adaptive"}
    return GRUForecaster(**QUICK, **settings).fit(changing[:1000], changing[:1000] / 2)


def test_rows_of_a_changing_series_are_covered(adaptive, changing):
    later = changing[1000:]
    for coverage in (0.5, 0.8):
        bounds = adaptive.predict_interval(later, coverage=coverage)[:, 0]
        inside = (bounds[:, 0] <= later[:, 0] / 2) & (later[:, 0] / 2 <= bounds[:, 1])
        assert abs(inside.mean() - coverage) < 0.02
    split = clone(adaptive).set_params(interval_method="split")
    split.fit(changing[:1000], changing[:1000] / 2)
    bounds = split.predict_interval(later, coverage=0.8)[:, 0]
    inside = (bounds[:, 0] <= later[:, 0] / 2) & (later[:, 0] / 2 <= bounds[:, 1])
    assert inside.mean() < 0.65


def test_each_row_has_the_interval_that_is_made_right_before_it(adaptive, changing):
    later = changing[1000:1100]
    bounds = adaptive.predict_quantiles(later, alpha=[0.1, 0.3, 0.9])
    for row in (1, 2, 30, 99):
        one = adaptive.predict_quantiles(later[:row], steps=1, alpha=[0.1, 0.3, 0.9])
        np.testing.assert_allclose(bounds[row], one[0], rtol=1e-9)
    none = adaptive.predict_quantiles(steps=1, alpha=[0.1, 0.3, 0.9])
    np.testing.assert_allclose(bounds[0], none[0], rtol=1e-9)


def test_no_interval_depends_on_its_own_row_or_later_ones(adaptive, changing):
    later = changing[1000:1060].copy()
    before = adaptive.predict_interval(later, coverage=0.8)
    later[40:] += 30
    after = adaptive.predict_interval(later, coverage=0.8)
    np.testing.assert_array_equal(before[:41], after[:41])
    assert (before[41:] != after[41:]).all()


def test_rows_of_the_training_series_do_not_count_again(adaptive, changing):
    width = np.ptp(adaptive.predict_interval(changing[:1010], coverage=0.8), axis=-1)
    assert np.ptp(width[:1001]) < 1e-9
    later = np.ptp(
        adaptive.predict_interval(changing[1000:1010], coverage=0.8), axis=-1
    )
    np.testing.assert_allclose(width[1000:], later, rtol=1e-6)


def test_targets_that_are_no_columns_have_the_errors_of_the_calibration_rows(changing):
    settings = {"calibration_fraction": 0.3, "interval_method": "adaptive"}
    y = np.exp(changing[:, 0] / 10)
    model = GRUForecaster(**QUICK, **settings).fit(changing[:1000], y[:1000])
    bounds = model.predict_interval(changing[1000:1100], coverage=0.8)
    np.testing.assert_allclose(np.ptp(bounds, axis=1), np.ptp(bounds[0]), rtol=1e-9)
    assert model.predict_interval(changing[1000:], steps=1).shape == (1, 2)


def test_a_series_of_its_own_is_forecast_from_padding_first(adaptive, changing):
    model = clone(adaptive).set_params(context="apply")
    model.fit(changing[:1000], changing[:1000] / 2)
    width = np.ptp(model.predict_interval(changing[1200:1300], coverage=0.8), axis=-1)
    n_padded = model.window_length_ + 1
    assert np.ptp(width[:n_padded]) < 1e-9
    assert width[-1, 0] > 2 * width[0, 0]
    one = model.predict_interval(changing[1200:1203], coverage=0.8)
    assert one.shape == (3, 1, 2)


def test_an_unknown_interval_method_is_an_error(changing):
    model = GRUForecaster(**QUICK, interval_method="normal")
    with pytest.raises(ValueError, match="'interval_method' parameter"):
        model.fit(changing[:100])


def test_intervals_need_calibration_rows(table):
    model = GRUForecaster(**QUICK).fit(table)
    with pytest.raises(ValueError, match=r"calibration_fraction=0\.2"):
        model.predict_interval(steps=1)
    model = GRUForecaster(**QUICK, calibration_fraction=0.1).fit(table)
    with pytest.raises(ValueError, match="steps=21; raise calibration_fraction"):
        model.predict_interval(steps=21)
    with pytest.raises(ValueError, match="20 calibration errors are too few"):
        model.predict_interval(steps=1, coverage=0.96)
