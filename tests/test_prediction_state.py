"""Predicting changes no attribute of a fitted estimator, but for one cache."""

import pickle

import numpy as np
import pandas as pd
import pytest

from sklearn_gru import CharGRUGenerator, GRUClassifier, GRUForecaster, GRURegressor
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster

RNG = np.random.default_rng(0)
QUICK = {"units": 4, "max_epochs": 2, "random_state": 0}
SERIES = pd.DataFrame(
    RNG.normal(size=(90, 2)).cumsum(axis=0),
    pd.period_range("2015-01", periods=90, freq="M"),
    ["a", "b"],
)
ROWS = SERIES.to_numpy()
SEQUENCES = RNG.normal(size=(30, 6, 1))
TEXTS = ["to be or not", "to be", "that is the question"]
# It holds a second model and its errors, from when intervals are first asked for.
CACHE = "_held_out_errors"

CASES = {
    "forecaster": (
        lambda: GRUForecaster(8, calibration_fraction=0.3, **QUICK).fit(ROWS[:70]),
        [
            lambda m: m.predict(ROWS[70:]),
            lambda m: m.predict(ROWS[60:]),
            lambda m: m.predict(ROWS, steps=3),
            lambda m: m.predict(ROWS[70:], context="apply"),
            lambda m: m.forecast(4),
            lambda m: m.rolling_forecast(ROWS[70:], 3),
            lambda m: m.transform(ROWS[70:]),
            lambda m: m.score(ROWS[70:]),
            lambda m: m.predict_interval(steps=2, coverage=0.5),
            lambda m: m.predict_quantiles(ROWS[70:]),
        ],
    ),
    "adaptive": (
        lambda: GRUForecaster(
            8, calibration_fraction=0.4, interval_method="adaptive", **QUICK
        ).fit(ROWS[:70]),
        [
            lambda m: m.predict_interval(steps=2, coverage=0.5),
            lambda m: m.predict_interval(ROWS[70:], steps=2, coverage=0.5),
            lambda m: m.predict_quantiles(ROWS[70:]),
        ],
    ),
    "sktime adaptive": (
        lambda: SktimeForecaster(
            8, calibration_fraction=0.4, interval_method="adaptive", **QUICK
        ).fit(SERIES[:70], fh=[1, 2]),
        [lambda m: m.predict_interval(coverage=0.5)],
    ),
    "sktime": (
        lambda: SktimeForecaster(8, **QUICK).fit(SERIES[:70], fh=[1, 2]),
        [
            lambda m: m.predict(),
            lambda m: m.predict_interval(coverage=0.5),
            lambda m: m.predict_quantiles(alpha=0.4),
            lambda m: m.predict_var(),
        ],
    ),
    "regressor": (
        lambda: GRURegressor(**QUICK).fit(SEQUENCES, SEQUENCES[:, 0, 0]),
        [
            lambda m: m.predict(SEQUENCES),
            lambda m: m.transform(SEQUENCES),
            lambda m: m.gates(SEQUENCES),
            lambda m: m.score(SEQUENCES, SEQUENCES[:, 0, 0]),
        ],
    ),
    "classifier": (
        lambda: GRUClassifier(**QUICK).fit(SEQUENCES, SEQUENCES[:, 0, 0] > 0),
        [
            lambda m: m.predict(SEQUENCES),
            lambda m: m.predict_proba(SEQUENCES),
            lambda m: m.transform(SEQUENCES),
            lambda m: m.score(SEQUENCES, SEQUENCES[:, 0, 0] > 0),
        ],
    ),
    "generator": (
        lambda: CharGRUGenerator(**QUICK).fit(TEXTS),
        [
            lambda m: m.predict(TEXTS),
            lambda m: m.predict_proba(TEXTS),
            lambda m: m.transform(TEXTS),
            lambda m: m.score(TEXTS),
            lambda m: m.bits_per_char(TEXTS),
            lambda m: m.generate("to", 5, random_state=0),
            lambda m: list(m.stream("to", 5, random_state=0)),
        ],
    ),
}
CALLS = [
    pytest.param(fit, call, id=f"{name}-{i}")
    for name, (fit, calls) in CASES.items()
    for i, call in enumerate(calls)
]


@pytest.mark.filterwarnings("ignore:.*calibration errors are too few")
@pytest.mark.parametrize(("fit", "call"), CALLS)
def test_predicting_changes_no_attribute(fit, call):
    model = fit()
    before = dict(vars(model))
    content = {name: pickle.dumps(value) for name, value in before.items()}
    call(model)
    after = vars(model)
    assert list(after) == list(before)
    for name, value in after.items():
        # sktime notes the horizon that it was asked for.
        if name in ("_fh", "_is_vectorized"):
            continue
        assert value is before[name], name
        if name != CACHE:
            assert pickle.dumps(value) == content[name], name


def test_what_an_engine_holds_can_not_be_set():
    engine = GRUForecaster(8, **QUICK).fit(ROWS).engine_
    for part in (engine, engine.history, engine.relation, engine.history.last):
        name = next(iter(vars(part)))
        with pytest.raises(AttributeError):
            setattr(part, name, None)
