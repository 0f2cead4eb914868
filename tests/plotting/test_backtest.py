import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.naive import NaiveForecaster
from sktime.performance_metrics.forecasting import MeanAbsoluteError
from sktime.performance_metrics.forecasting.probabilistic import EmpiricalCoverage
from sktime.split import ExpandingWindowSplitter

import sklearn_gru.sktime
from sklearn_gru import GRUForecaster
from sklearn_gru.plotting import BacktestDisplay

RNG = np.random.default_rng(0)
TRUTH, FORECAST, NAIVE = RNG.normal(size=(3, 4, 5))  # 4 folds, 5 steps
BANDS = {
    level: np.stack([FORECAST - width, FORECAST + width], axis=2)
    for level, width in ((0.5, 0.7), (0.9, 1.6))
}


def test_errors_and_coverage_are_drawn_by_horizon():
    display = BacktestDisplay.from_predictions(
        TRUTH, FORECAST, NAIVE, intervals=BANDS, name="m"
    )
    ours, naive = display.lines_["error"]
    for line, forecast in ((ours, FORECAST), (naive, NAIVE)):
        expected = [
            sum(abs(TRUTH[i, j] - forecast[i, j]) for i in range(4)) / 4
            for j in range(5)
        ]
        np.testing.assert_allclose(line.get_ydata(), expected)
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
    for line, (level, width) in zip(
        display.lines_["coverage"], ((0.5, 0.7), (0.9, 1.6)), strict=True
    ):
        inside = [
            sum(abs(TRUTH[i, j] - FORECAST[i, j]) <= width for i in range(4)) * 25
            for j in range(5)
        ]
        np.testing.assert_allclose(line.get_ydata(), inside)
        assert line.get_label() == f"of {100 * level:.0f} % intervals"
    assert display.axes_["error"].get_ylabel() == "mean absolute error\nm"
    assert display.axes_["error"].get_ylim()[0] == 0
    assert display.axes_["coverage"].get_ylabel() == "values inside (%)"


def test_folds_are_drawn_over_time():
    display = BacktestDisplay.from_predictions(TRUTH, FORECAST, NAIVE)
    (observed,) = display.lines_["observed"]
    np.testing.assert_array_equal(observed.get_ydata(), TRUTH.ravel())
    for fold in range(4):
        line, naive = display.lines_["forecast"][fold], display.lines_["naive"][fold]
        np.testing.assert_array_equal(line.get_ydata(), FORECAST[fold])
        np.testing.assert_array_equal(naive.get_ydata(), NAIVE[fold])
        np.testing.assert_array_equal(line.get_xdata(), 5 * fold + np.arange(5))
    shown = display.axes_["folds"].get_legend().get_texts()
    labels = [text.get_text() for text in shown]
    assert labels == ["observed", "naive forecast", "forecast"]
    assert list(display.axes_) == ["folds", "error"]


def test_folds_that_overlap_are_not_drawn():
    time = np.arange(4)[:, None] * 2 + np.arange(5)  # begin at 0, 2, 4, 6
    display = BacktestDisplay.from_predictions(TRUTH, FORECAST, time=time)
    begins = [line.get_xdata()[0] for line in display.lines_["forecast"]]
    assert begins == [0, 6]


def test_missing_truth_does_not_count():
    truth = TRUTH.copy()
    truth[0] = np.nan
    display = BacktestDisplay.from_predictions(truth, FORECAST, intervals=BANDS)
    rest = BacktestDisplay.from_predictions(
        TRUTH[1:], FORECAST[1:], intervals={k: v[1:] for k, v in BANDS.items()}
    )
    for key in ("error", "coverage"):
        for line, other in zip(display.lines_[key], rest.lines_[key], strict=True):
            np.testing.assert_allclose(line.get_ydata(), other.get_ydata())


def test_estimator_forecasts_from_every_row(table):
    pipe = make_pipeline(
        MinMaxScaler(),
        GRUForecaster(8, 4, season_length=None, max_epochs=2, random_state=0),
    ).fit(table[:50], table[:50])
    test = table[50:]
    display = BacktestDisplay.from_estimator(pipe, test, test, steps=4, column=1)
    truth = test["b"].to_numpy()
    assert display.forecast.shape == (26, 4)
    for fold in (0, 11, 25):
        known = fold + 1
        expected = pipe.predict(test[:known], steps=4)[:, 1]
        np.testing.assert_allclose(display.forecast[fold], expected, rtol=1e-5)
        np.testing.assert_array_equal(display.truth[fold], truth[known : known + 4])
        np.testing.assert_array_equal(display.naive[fold], truth[[known - 1] * 4])
        np.testing.assert_array_equal(display.time[fold], test.index[known:][:4])


@pytest.fixture(scope="module")
def evaluated():
    months = pd.period_range("2010-01", periods=72, freq="M")
    y = pd.Series(np.sin(np.arange(72) * np.pi / 6), months, name="m")
    cv = ExpandingWindowSplitter([1, 2, 3], initial_window=60, step_length=3)
    gru = sklearn_gru.sktime.GRUForecaster(
        window_length=12, units=4, max_epochs=1, random_state=0
    )
    scoring = [MeanAbsoluteError(), EmpiricalCoverage(coverage=0.5)]
    options = {"cv": cv, "y": y, "return_data": True, "backend": None}
    ours = evaluate(gru, scoring=scoring, strategy="no-update_params", **options)
    with warnings.catch_warnings(record=True, action="ignore"):
        naive = evaluate(NaiveForecaster(), scoring=scoring[0], **options)
    return ours, naive


def test_evaluation_of_sktime_is_drawn(evaluated):
    ours, naive = evaluated
    display = BacktestDisplay.from_evaluation(ours, naive)
    errors = [line.get_ydata().mean() for line in display.lines_["error"]]
    np.testing.assert_allclose(
        errors, [table["test_MeanAbsoluteError"].mean() for table in evaluated]
    )
    np.testing.assert_allclose(
        display.lines_["coverage"][0].get_ydata().mean(),
        100 * ours["test_EmpiricalCoverage"].mean(),
    )
    assert display.time[0, 0] == np.datetime64("2015-01-01")
    assert display.axes_["folds"].get_ylabel() == "m"


def test_results_that_lack_something_are_refused(evaluated):
    ours, naive = evaluated
    with pytest.raises(ValueError, match="return_data=True"):
        BacktestDisplay.from_evaluation(ours.drop(columns="y_test"))
    with pytest.raises(ValueError, match="not those of results"):
        BacktestDisplay.from_evaluation(ours, naive[1:])
    short = pd.DataFrame({"y_test": [pd.Series([1.0]), pd.Series([1.0, 2])]})
    with pytest.raises(ValueError, match="folds of one length"):
        BacktestDisplay.from_evaluation(short)


def test_wrong_shapes_and_estimators_are_refused(model, table):
    with pytest.raises(ValueError, match=r"y_true has shape \(3,\)"):
        BacktestDisplay.from_predictions([1, 2, 3], [1, 2, 3])
    with pytest.raises(ValueError, match=r"y_naive has shape \(4, 4\)"):
        BacktestDisplay.from_predictions(TRUTH, FORECAST, NAIVE[:, 1:])
    line = LinearRegression().fit(table, table)
    with pytest.raises(ValueError, match="no rolling_forecast"):
        BacktestDisplay.from_estimator(line, table)
    with pytest.raises(ValueError, match="Pass more rows, or fewer steps"):
        BacktestDisplay.from_estimator(model, table[60:], steps=20)
