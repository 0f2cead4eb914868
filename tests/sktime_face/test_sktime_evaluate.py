"""Backtesting: every splitter, strategy and backend."""

import numpy as np
import pandas as pd
import pytest
from sktime.datasets import load_airline
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.naive import NaiveForecaster
from sktime.performance_metrics.forecasting import MeanAbsolutePercentageError
from sktime.split import (
    ExpandingWindowSplitter,
    SingleWindowSplitter,
    SlidingWindowSplitter,
)

from sklearn_gru.sktime import GRUForecaster

QUICK = {"window_length": 12, "units": 5, "max_epochs": 2, "random_state": 0}
FH = [1, 2, 6]
SPLITTERS = {
    "expanding": ExpandingWindowSplitter(fh=FH, initial_window=100, step_length=12),
    "sliding": SlidingWindowSplitter(fh=FH, window_length=90, step_length=16),
    "single": SingleWindowSplitter(fh=FH, window_length=120),
}
STRATEGIES = ["refit", "update", "no-update_params"]
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES)
every_splitter = pytest.mark.parametrize("cv", SPLITTERS.values(), ids=SPLITTERS)
MAPE = MeanAbsolutePercentageError()
COLUMN = "test_MeanAbsolutePercentageError"


@pytest.fixture(scope="module")
def y():
    return load_airline()


def plain_evaluate(y, cv, strategy, X=None):
    """Forecast fold after fold in a loop."""
    forecaster, forecasts = GRUForecaster(**QUICK), []
    for fold, (train, test) in enumerate(cv.split(y)):
        y_train = y.iloc[train]
        X_train, X_test = (None, None) if X is None else (X.iloc[train], X.iloc[test])
        if fold == 0 or strategy == "refit":
            forecaster.fit(y_train, X_train, fh=FH)
        else:
            trains = strategy == "update"
            forecaster.update(y_train, X_train, update_params=trains)
        forecasts.append(forecaster.predict(FH, X_test))
    return forecasts


@every_splitter
@every_strategy
@pytest.mark.parametrize("exogenous", [False, True])
def test_evaluate_is_a_loop(y, cv, strategy, exogenous):
    X = None
    if exogenous:
        X = pd.DataFrame({"month": y.index.month.astype(float)}, index=y.index)
    results = evaluate(
        GRUForecaster(**QUICK),
        cv,
        y,
        X,
        strategy=strategy,
        scoring=MAPE,
        return_data=True,
        error_score="raise",
    )
    expected = plain_evaluate(y, cv, strategy, X)
    assert len(results) == len(expected) == cv.get_n_splits(y)
    for forecast, plain in zip(results["y_pred"], expected, strict=True):
        pd.testing.assert_series_equal(forecast, plain, check_freq=False)
    scores = [MAPE(y[plain.index], plain) for plain in expected]
    np.testing.assert_allclose(results[COLUMN], scores)


def test_the_strategies_differ(y):
    first, update, context = (
        pd.concat(plain_evaluate(y, SPLITTERS["expanding"], s)) for s in STRATEGIES
    )
    assert (first[3:] != update[3:]).all()
    assert (update[3:] != context[3:]).all()
    pd.testing.assert_series_equal(first[:3], context[:3])


@every_strategy
@pytest.mark.parametrize(
    "backend", [pytest.param("loky", marks=pytest.mark.slow), "threading", "dask"]
)
def test_backends_give_the_same_figures(y, strategy, backend):
    cv = SPLITTERS["expanding"]
    settings = {"strategy": strategy, "scoring": MAPE, "error_score": "raise"}
    if backend != "dask":
        settings["backend_params"] = {"n_jobs": 2}
    forecaster = GRUForecaster(**QUICK, dropout=0.1)
    results = evaluate(forecaster, cv, y, backend=backend, **settings)
    expected = evaluate(forecaster, cv, y, strategy=strategy, scoring=MAPE)
    np.testing.assert_array_equal(results[COLUMN], expected[COLUMN])


# sktime's own forecasters announce a change of their default.
@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
def test_airline_is_forecast_better_than_by_repeating_the_last_year(y):
    cv = ExpandingWindowSplitter(fh=range(1, 13), initial_window=96, step_length=12)
    scores = {}
    for name, forecaster in {
        "gru": GRUForecaster(window_length=24, random_state=0),
        "naive": NaiveForecaster(strategy="last", sp=12),
    }.items():
        results = evaluate(forecaster, cv, y, scoring=MAPE, error_score="raise")
        scores[name] = results[COLUMN].mean()
    assert scores["gru"] < scores["naive"]
