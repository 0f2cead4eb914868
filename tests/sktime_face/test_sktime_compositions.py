"""Pipelines, ensembles and searches."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sktime.datasets import load_airline
from sktime.forecasting.compose import (
    EnsembleForecaster,
    MultiplexForecaster,
    TransformedTargetForecaster,
)
from sktime.forecasting.model_selection import (
    ForecastingGridSearchCV,
    ForecastingRandomizedSearchCV,
)
from sktime.forecasting.naive import NaiveForecaster
from sktime.performance_metrics.forecasting import MeanAbsolutePercentageError
from sktime.split import ExpandingWindowSplitter, SlidingWindowSplitter
from sktime.transformations.series.adapt import TabularToSeriesAdaptor
from sktime.transformations.series.boxcox import LogTransformer
from sktime.transformations.series.detrend import Detrender

from sklearn_gru.sktime import GRUForecaster

QUICK = {
    "window_length": 12,
    "units": 5,
    "max_epochs": 3,
    "dtype": "float64",
    "random_state": 0,
}
FH = [1, 2, 6]
# sktime's own forecasters announce a change of their default.
silent_sktime = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")


@pytest.fixture(scope="module")
def y():
    return load_airline()


def gru(**settings):
    return GRUForecaster(**{**QUICK, **settings})


@silent_sktime
@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler()])
def test_a_linear_scaler_in_front_changes_nothing(y, scaler):
    forecast = (scaler * gru()).fit(y, fh=FH).predict()
    np.testing.assert_allclose(forecast, gru().fit(y, fh=FH).predict(), rtol=1e-9)
    assert forecast.name == y.name


@silent_sktime
def test_a_pipeline_undoes_what_it_does(y):
    forecast = (Detrender() * gru()).fit(y, fh=FH).predict()
    trend = Detrender().fit(y)
    rest = gru().fit(trend.transform(y), fh=FH).predict()
    np.testing.assert_allclose(forecast, trend.inverse_transform(rest), rtol=1e-9)


@silent_sktime
def test_transformed_targets(y):
    steps = [("log", LogTransformer()), ("gru", gru())]
    model = TransformedTargetForecaster(steps).fit(y, fh=FH)
    expected = np.exp(gru().fit(np.log(y), fh=FH).predict())
    np.testing.assert_allclose(model.predict(), expected, rtol=1e-9)
    bounds = model.predict_interval(coverage=0.5).to_numpy()
    assert (bounds[:, 0] < bounds[:, 1]).all()


@silent_sktime
@pytest.mark.parametrize("update_params", [False, True])
def test_pipelines_update(y, update_params):
    pipe = TabularToSeriesAdaptor(MinMaxScaler(), fit_in_transform=False) * gru()
    pipe.fit(y[:120], fh=FH).update(y[120:], update_params=update_params)
    assert (pipe.predict().index == y.index[-1] + np.array(FH)).all()
    assert np.isfinite(pipe.predict()).all()


@silent_sktime
def test_ensembles_average(y):
    parts = [("small", gru()), ("large", gru(units=9))]
    forecast = EnsembleForecaster(parts).fit(y, fh=FH).predict()
    expected = [part.fit(y, fh=FH).predict() for _, part in parts]
    np.testing.assert_allclose(forecast, sum(expected) / 2, rtol=1e-9)


@silent_sktime
@pytest.mark.parametrize("chosen", ["gru", "naive"])
def test_multiplexers_choose(y, chosen):
    parts = {"gru": gru(), "naive": NaiveForecaster(sp=12)}
    model = MultiplexForecaster(list(parts.items()), selected_forecaster=chosen)
    expected = parts[chosen].fit(y, fh=FH).predict()
    pd.testing.assert_series_equal(model.fit(y, fh=FH).predict(), expected)


# Searches

GRID = {"window_length": [6, 12], "units": [3, (4, 4)]}
SPLITTERS = {
    "expanding": ExpandingWindowSplitter(fh=FH, initial_window=100, step_length=16),
    "sliding": SlidingWindowSplitter(fh=FH, window_length=90, step_length=20),
}


def plain_score(y, cv, settings):
    metric, scores = MeanAbsolutePercentageError(), []
    for train, test in cv.split(y):
        forecast = gru(**settings).fit(y.iloc[train], fh=cv.fh).predict()
        scores.append(metric(y.iloc[test], forecast))
    return np.mean(scores)


@silent_sktime
@pytest.mark.parametrize("cv", SPLITTERS.values(), ids=SPLITTERS)
def test_grid_search_finds_the_best_of_a_loop(y, cv):
    search = ForecastingGridSearchCV(
        gru(),
        cv,
        GRID,
        strategy="refit",
        backend=None,
        scoring=MeanAbsolutePercentageError(),
        error_score="raise",
    ).fit(y, fh=FH)
    results = search.cv_results_
    expected = [plain_score(y, cv, params) for params in results["params"]]
    assert len(expected) == 4
    scores = results["mean_test_MeanAbsolutePercentageError"]
    np.testing.assert_allclose(scores, expected, rtol=1e-9)
    assert search.best_params_ == results["params"][int(np.argmin(expected))]
    best = gru(**search.best_params_).fit(y, fh=FH)
    pd.testing.assert_series_equal(search.predict(), best.predict())


@silent_sktime
def test_randomized_search_draws_from_the_grid(y):
    search = ForecastingRandomizedSearchCV(
        gru(),
        SPLITTERS["expanding"],
        GRID,
        n_iter=2,
        random_state=0,
        backend=None,
        error_score="raise",
    ).fit(y, fh=FH)
    assert len(search.cv_results_) == 2
    assert search.best_params_["window_length"] in GRID["window_length"]
    assert np.isfinite(search.predict()).all()


@silent_sktime
def test_grid_search_reaches_into_pipelines(y):
    pipe = TransformedTargetForecaster([("log", LogTransformer()), ("gru", gru())])
    search = ForecastingGridSearchCV(
        pipe,
        SPLITTERS["expanding"],
        {"gru__units": [3, 6]},
        backend=None,
        error_score="raise",
    ).fit(y, fh=FH)
    assert set(search.best_params_) == {"gru__units"}
    assert len(search.predict()) == 3
