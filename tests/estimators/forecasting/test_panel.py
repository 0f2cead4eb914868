"""Series that share a network are forecast together as they would be one by one."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_gru import GRUForecaster
from sklearn_gru.estimators.forecasting import (
    ForecastEngine,
    Rows,
    forecast_panel,
    share_networks,
)
from sklearn_gru.training import evaluate

QUICK = {"window_length": 6, "units": 4, "max_epochs": 1, "random_state": 0}
N_AHEAD = 9


def make_rows(n_rows, seed, n_exogenous):
    """A table of two columns and what is known beside it, in units of its own."""
    rng = np.random.default_rng(seed)
    values = 10**seed * (seed + rng.normal(size=(n_rows, 2)).cumsum(axis=0))
    exogenous = rng.normal(size=(n_rows, n_exogenous)) if n_exogenous else None
    return Rows(values, exogenous=exogenous)


@pytest.fixture(params=[0, 3], ids=["alone", "exogenous"])
def engines(request):
    panel = [make_rows(n, i, request.param) for i, n in enumerate((40, 30, 35))]
    settings = GRUForecaster(**QUICK, horizon=2)
    engine = ForecastEngine.fit_panel(panel, settings, 0)
    lengths = (30, 1, 4, 12, 30)  # some are shorter than the window
    return [engine.adopt(make_rows(n, i, request.param)) for i, n in enumerate(lengths)]


def known_ahead(engines):
    if engines[0].history.last.exogenous is None:
        return None
    rng = np.random.default_rng(9)
    return [rng.normal(size=(N_AHEAD, 3)) for _ in engines]


@pytest.mark.parametrize("steps", [1, 2, 5, N_AHEAD])
@pytest.mark.parametrize("block", [1, 2, 3, 512])
def test_the_rows_ahead_are_those_of_each_alone(engines, steps, block, monkeypatch):
    monkeypatch.setattr(evaluate, "BLOCK_SAMPLES", block)
    known = known_ahead(engines)
    expected = [
        engine.forecast(steps, None if known is None else known[i])
        for i, engine in enumerate(engines)
    ]
    ends = [[len(engine.history.last)] for engine in engines]
    forecast = forecast_panel(engines, ends, steps, known)
    assert forecast.shape == (5, steps, 2)
    np.testing.assert_allclose(forecast, expected, rtol=1e-12)


@pytest.mark.parametrize("block", [4, 512])
def test_any_number_of_origins_of_each_series(engines, block, monkeypatch):
    monkeypatch.setattr(evaluate, "BLOCK_SAMPLES", block)
    origins = [range(31), [0, 1], [], [12], [3, 30, 0, 7]]
    expected = []
    for engine, places in zip(engines, origins, strict=True):
        rows = engine.history.last
        if len(places):
            expected.append(
                engine.forecast_from(places, rows.values, 3, exogenous=rows.exogenous)
            )
    forecast = forecast_panel(engines, origins, 3)
    np.testing.assert_allclose(forecast, np.concatenate(expected), rtol=1e-12)


def test_targets_that_are_affine_images_of_columns():
    rows = make_rows(40, 1, 0)
    targets = 3 * rows.values[:, :1] - 2
    settings = GRUForecaster(**QUICK)
    engine = ForecastEngine.fit(Rows(rows.values, targets), settings, 0)
    engines = [engine.adopt(make_rows(20, i, 0)) for i in range(3)]
    forecast = forecast_panel(engines, [[20]] * 3, 2)
    expected = [one.forecast(2) for one in engines]
    np.testing.assert_allclose(forecast, expected, rtol=1e-12)


def test_which_engines_share_networks(engines):
    assert share_networks(engines)
    trained = engines[0].train_panel(
        [engines[0].history.last], GRUForecaster(**QUICK, horizon=2)
    )
    assert share_networks([*engines, trained])  # two networks of six series
    assert not share_networks([engines[0], trained])
    mixed = replace(engines[0], mixture="anything")
    assert not share_networks([*engines, mixed])


def test_several_networks_forecast_their_own_series(engines):
    settings = GRUForecaster(**QUICK, horizon=2)
    trained = engines[0].train_panel([engines[0].history.last], settings)
    panel = [engines[1], trained.adopt(engines[2].history.last), *engines[2:]]
    known = known_ahead(panel)
    expected = [
        engine.forecast(3, None if known is None else known[i])
        for i, engine in enumerate(panel)
    ]
    ends = [[len(engine.history.last)] for engine in panel]
    forecast = forecast_panel(panel, ends, 3, known)
    np.testing.assert_allclose(forecast, expected, rtol=1e-12)


def test_too_many_steps_are_an_error(engines):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        forecast_panel(engines, [[1]] * 5, 0)
