"""Intervals, quantiles and variances."""

import warnings

import numpy as np
import pandas as pd
import pytest

import sklearn_gru
from sklearn_gru.estimators._adaptive import INTERVAL_METHODS
from sklearn_gru.sktime import GRUForecaster

QUICK = {"window_length": 6, "units": 5, "max_epochs": 3, "random_state": 0}
N_ROWS, FH = 150, [-4, 0, 1, 2, 7]
INDEX = pd.period_range("2005-01", periods=N_ROWS + 20, freq="M")


def make_series(n_columns=1):
    rng = np.random.default_rng(0)
    values = 50 + rng.normal(size=(N_ROWS, n_columns)).cumsum(axis=0)
    table = pd.DataFrame(values, INDEX[:N_ROWS], list("abc")[:n_columns])
    return table["a"] if n_columns == 1 else table


@pytest.fixture(scope="module")
def forecaster():
    return GRUForecaster(**QUICK).fit(make_series(), fh=FH)


def test_bounds_grow_with_coverage_around_the_forecast(forecaster):
    coverage = [0.3, 0.5, 0.8, 0.9]
    bounds = forecaster.predict_interval(FH, coverage=coverage)
    assert bounds.shape == (5, 8)
    assert list(bounds.columns[:2]) == [("a", 0.3, "lower"), ("a", 0.3, "upper")]
    pd.testing.assert_index_equal(bounds.index, forecaster.predict(FH).index)
    lower, upper = (bounds.xs(side, axis=1, level=2) for side in ("lower", "upper"))
    assert (lower.diff(axis=1).iloc[:, 1:] < 0).to_numpy().all()
    assert (upper.diff(axis=1).iloc[:, 1:] > 0).to_numpy().all()
    assert (lower < upper).to_numpy().all()


def test_intervals_widen_with_the_step_of_a_random_walk(forecaster):
    bounds = forecaster.predict_interval([1, 2, 4, 7], coverage=0.8)
    width = bounds.iloc[:, 1] - bounds.iloc[:, 0]
    assert (width.diff()[1:] > 0).all()


def test_quantiles_are_bounds(forecaster):
    quantiles = forecaster.predict_quantiles(FH, alpha=[0.1, 0.25, 0.75, 0.9])
    assert list(quantiles.columns) == [("a", a) for a in (0.1, 0.25, 0.75, 0.9)]
    bounds = forecaster.predict_interval(FH, coverage=[0.5, 0.8])
    expected = bounds.to_numpy()[:, [2, 0, 1, 3]]
    np.testing.assert_array_equal(quantiles, expected)


def test_variances_are_positive(forecaster):
    variances = forecaster.predict_var(FH)
    assert variances.shape == (5, 1)
    assert (variances > 0).to_numpy().all()


def test_the_order_of_levels_is_the_order_asked_for(forecaster):
    asked = forecaster.predict_quantiles(FH, alpha=[0.9, 0.1])
    assert list(asked.columns) == [("a", 0.9), ("a", 0.1)]
    assert (asked["a", 0.9] > asked["a", 0.1]).all()


@pytest.mark.parametrize("exogenous", [False, True])
def test_offsets_are_errors_of_a_model_that_has_not_seen_the_rows(exogenous):
    y = make_series()
    X = None
    if exogenous:
        rng = np.random.default_rng(1)
        X = pd.DataFrame({"p": rng.normal(size=N_ROWS + 20)}, INDEX)
    settings = {**QUICK, "calibration_fraction": 0.4, "interval_method": "split"}
    known = None if X is None else X[:N_ROWS]
    ahead = None if X is None else X[N_ROWS:]
    forecaster = GRUForecaster(**settings).fit(y, known)
    quantile = forecaster.predict_quantiles([1, 3], ahead, alpha=0.75).to_numpy()[:, 0]
    offsets = quantile - forecaster.predict([1, 3], ahead)
    # By hand: fit on the first 90 rows, then forecast from each later origin.
    as_many_steps = {**settings, "max_epochs": 5}  # 3 epochs of 150 rows
    model = GRUForecaster(**as_many_steps)
    model.fit(y[:90], None if X is None else X[:90])
    errors = {1: [], 3: []}
    for origin in range(90, N_ROWS):
        model.update(y[:origin], None if X is None else X[:origin], update_params=False)
        rest = None if X is None else X[origin:]
        forecast = model.predict([1, 3], rest)
        for step in errors:
            label = INDEX[origin + step - 1]
            if label in y.index:
                errors[step].append(abs(y[label] - forecast[label]))
    for step, offset in zip((1, 3), offsets, strict=True):
        # The upper bound of the interval that covers one half.
        rank = int(np.ceil((len(errors[step]) + 1) * 0.5))
        assert offset == pytest.approx(sorted(errors[step])[rank - 1], rel=1e-4)


@pytest.mark.parametrize("method", ["adaptive", "split"])
def test_offsets_are_those_of_the_scikit_learn_forecaster(method):
    y = make_series()
    settings = {**QUICK, "calibration_fraction": 0.4, "interval_method": method}
    ours = GRUForecaster(**settings).fit(y)
    as_many_steps = {**settings, "max_epochs": 5}  # 3 epochs of 150 rows
    theirs = sklearn_gru.GRUForecaster(**as_many_steps).fit(y.to_numpy()[:, None])
    bounds = ours.predict_interval([1, 2, 3], coverage=0.8).to_numpy()
    offsets = bounds - ours.predict([1, 2, 3]).to_numpy()[:, None]
    expected = theirs.predict_interval(steps=3, coverage=0.8)[:, 0]
    expected = expected - theirs.forecast(3)
    np.testing.assert_allclose(offsets, expected, rtol=1e-4)


def test_each_column_has_bounds_of_its_own():
    y = make_series(n_columns=2)
    y["b"] *= 100
    bounds = GRUForecaster(**QUICK).fit(y).predict_interval([1], coverage=0.8)
    assert list(bounds.columns.get_level_values(0)) == ["a", "a", "b", "b"]
    widths = bounds.to_numpy()[0, 1::2] - bounds.to_numpy()[0, ::2]
    assert widths[1] > 20 * widths[0]


def test_asking_for_bounds_changes_no_forecast():
    forecaster = GRUForecaster(**QUICK).fit(make_series(), fh=FH)
    before = forecaster.predict()
    bounds = forecaster.predict_interval(coverage=0.5)
    pd.testing.assert_series_equal(forecaster.predict(), before)
    pd.testing.assert_frame_equal(forecaster.predict_interval(coverage=0.5), bounds)


@pytest.mark.parametrize("update_params", [False, True])
def test_bounds_move_on_with_updates(update_params):
    y = make_series()
    forecaster = GRUForecaster(**QUICK).fit(y[:100])
    before = forecaster.predict_interval([1], coverage=0.5).to_numpy()
    forecaster.update(y, update_params=update_params)
    after = forecaster.predict_interval([1], coverage=0.5)
    assert after.index[0] == INDEX[N_ROWS]
    centre = forecaster.predict([1]).iloc[0]
    assert (before < after.to_numpy()).all() or (before > after.to_numpy()).all()
    assert after.to_numpy()[0, 0] < centre < after.to_numpy()[0, 1]


def make_long_series(kind, n_rows=3000, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=n_rows)
    if kind == "wave":
        return np.sin(np.arange(n_rows) / 5) + 0.3 * noise
    if kind == "walk":
        return noise.cumsum()
    values = np.zeros(n_rows)  # autoregressive, with heavy tails
    for t in range(1, n_rows):
        values[t] = 0.7 * values[t - 1] + rng.standard_t(4)
    return values


@pytest.mark.parametrize("kind", ["wave", "walk", "autoregressive"])
def test_the_coverage_on_later_rows_is_the_promised_one(kind):
    coverage = [0.5, 0.8, 0.95]
    shares = [coverage_of_later_rows(kind, coverage, seed) for seed in range(3)]
    np.testing.assert_allclose(np.mean(shares, axis=0), coverage, rtol=0, atol=0.05)


def coverage_of_later_rows(kind, coverage, seed):
    y = pd.Series(make_long_series(kind, seed=seed))
    forecaster = GRUForecaster(
        window_length=10,
        units=8,
        max_epochs=5,
        calibration_fraction=0.4,
        interval_method="split",
        random_state=0,
    ).fit(y[:2000])
    # One step ahead, all bounds are equally far from their forecasts.
    bounds = forecaster.predict_interval([1], coverage=coverage).to_numpy()[0]
    offsets = bounds - forecaster.predict([1]).iloc[0]
    forecaster.update(y[2000:], update_params=False)
    errors = y[2000:] - forecaster.predict(range(-999, 1))
    return [
        errors.between(lower, upper).mean()
        for lower, upper in zip(offsets[::2], offsets[1::2], strict=True)
    ]


def test_few_errors_are_extrapolated_with_a_warning():
    forecaster = GRUForecaster(**QUICK).fit(make_series()[:60])
    with pytest.warns(UserWarning, match="calibration errors are too few"):
        bounds = forecaster.predict_interval([1, 2], coverage=0.99)
    assert np.isfinite(bounds.to_numpy()).all()
    inner = forecaster.predict_interval([1, 2], coverage=0.5).to_numpy()
    assert (bounds.to_numpy()[:, 0] <= inner[:, 0]).all()
    assert (bounds.to_numpy()[:, 1] >= inner[:, 1]).all()


def test_too_few_rows_to_keep_some_back_are_a_warning():
    forecaster = GRUForecaster(**QUICK).fit(make_series()[:7])
    with pytest.warns(UserWarning, match="7 rows are too few to keep some"):
        bounds = forecaster.predict_interval([1], coverage=0.2)
    assert np.isfinite(bounds.to_numpy()).all()


@pytest.mark.filterwarnings("ignore:.*too few:UserWarning")
@pytest.mark.parametrize(("n_rows", "steps"), [(40, 8), (40, 12), (60, 36)])
def test_a_horizon_beyond_the_kept_rows_still_has_bounds(n_rows, steps):
    forecaster = GRUForecaster(**QUICK).fit(make_series()[:n_rows])
    bounds = forecaster.predict_interval(range(1, steps + 1), coverage=0.5)
    assert np.isfinite(bounds.to_numpy()).all()


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 20, "0.2", None])
def test_a_share_of_the_rows_that_is_none_is_refused(fraction):
    with pytest.raises(ValueError, match="'calibration_fraction' parameter"):
        GRUForecaster(**QUICK, calibration_fraction=fraction).fit(make_series())


def test_ordinary_levels_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forecaster = GRUForecaster(**QUICK).fit(make_series())
        forecaster.predict_interval([1, 2], coverage=0.9)


# Intervals that adapt


ADAPTIVE = {**QUICK, "interval_method": "adaptive"}


@pytest.mark.parametrize("method", ["adaptive", "split"])
def test_rows_that_came_later_are_forecast_by_the_forecaster_itself(method):
    y = make_series()
    forecaster = GRUForecaster(**QUICK, interval_method=method).fit(y[:100], fh=[1, 2])
    forecaster.update(y, update_params=False)
    bounds = forecaster.predict_interval(coverage=[0.5, 0.8]).to_numpy()
    # By hand: a model of the first 80 rows up to row 100, then the forecaster itself.
    early = GRUForecaster(**{**QUICK, "max_epochs": 4}).fit(y[:80], fh=[1, 2])
    late = GRUForecaster(**QUICK).fit(y[:100], fh=[1, 2])
    errors = np.full((70, 2, 1), np.nan)
    for origin in range(80, N_ROWS):
        model = early if origin < 100 else late
        model.update(y[:origin], update_params=False)
        ahead = y[origin : origin + 2]
        errors[origin - 80, : len(ahead), 0] = ahead - model.predict()[: len(ahead)]
    alpha = np.array([0.25, 0.75, 0.1, 0.9])
    offsets = INTERVAL_METHODS[method](errors, alpha)[:, 0]
    centre = forecaster.predict().to_numpy()[:, None]
    np.testing.assert_allclose(bounds - centre, offsets, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:.*too few for more than:UserWarning")
def test_rows_one_at_a_time_are_the_same_as_all_at_once():
    y = make_series(n_columns=2)
    one_by_one, at_once = (GRUForecaster(**ADAPTIVE).fit(y[:100]) for _ in range(2))
    for row in range(100, N_ROWS):
        one_by_one.update(y[row : row + 1], update_params=False)
        if row % 7 == 0:
            one_by_one.predict_interval([1, 2, 5], coverage=0.5)
    at_once.update(y[100:], update_params=False)
    pd.testing.assert_frame_equal(
        one_by_one.predict_interval([1, 2, 5], coverage=[0.5, 0.8]),
        at_once.predict_interval([1, 2, 5], coverage=[0.5, 0.8]),
    )


@pytest.mark.slow
def test_a_backtest_through_a_change_keeps_its_coverage():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=1100)
    noise[600:] *= 4
    y = pd.Series(np.sin(np.arange(1100) / 5) + 0.3 * noise)
    shares = {}
    for method in ("adaptive", "split"):
        forecaster = GRUForecaster(**QUICK, interval_method=method).fit(y[:500])
        inside = []
        for row in range(500, 1100):
            bounds = forecaster.predict_interval([1], coverage=[0.5, 0.8]).to_numpy()
            inside.append((bounds[0, ::2] <= y[row]) & (y[row] <= bounds[0, 1::2]))
            forecaster.update(y[row : row + 1], update_params=False)
        shares[method] = np.mean(inside, axis=0)
    np.testing.assert_allclose(shares["adaptive"], [0.5, 0.8], rtol=0, atol=0.03)
    assert (shares["split"] < [0.42, 0.72]).all()
