"""sktime's GRUForecaster with missing="mask"."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.performance_metrics.forecasting import MeanAbsoluteError
from sktime.split import ExpandingWindowSplitter
from sktime.utils.estimator_checks import check_estimator

import sklearn_gru
from sklearn_gru.sktime import GRUForecaster

NAN = np.nan
QUICK = {"window_length": 6, "units": 4, "max_epochs": 2, "random_state": 0}
MASK = {**QUICK, "missing": "mask"}
STILL = {**MASK, "weights": None, "optimizer": "sgd", "lr": 1e-300}
INDEX = pd.period_range("2010-01", periods=120, freq="M")
FH = [1, 2, 3]


def made_table(share=0.15, n_columns=2, seed=0):
    rng = np.random.default_rng(seed)
    values = 50 + rng.normal(size=(120, n_columns)).cumsum(axis=0)
    values[rng.random(values.shape) < share] = NAN
    return pd.DataFrame(values, INDEX, list("abcd")[:n_columns])


TABLE = made_table()
Y = TABLE["a"]
KNOWN = pd.DataFrame({"p": np.sin(np.arange(120))}, INDEX)


def assert_finite(*tables):
    for table in tables:
        assert np.isfinite(np.asarray(table)).all()


@pytest.mark.parametrize("y", [Y, TABLE], ids=["one", "two"])
@pytest.mark.parametrize("X", [None, KNOWN], ids=["alone", "exogenous"])
def test_nothing_that_comes_out_is_nan(y, X):
    def known(rows):
        return None if X is None else X[rows]

    forecaster = GRUForecaster(**MASK).fit(y[:80], known(slice(80)), fh=FH)
    assert_finite(forecaster.predict(X=known(slice(80, 90))))
    assert_finite(forecaster.predict([-20, 0, 2], X=known(slice(80, 90))))
    forecaster.update(y[80:90], known(slice(80, 90)))
    assert_finite(forecaster.predict(FH, X=known(slice(90, 100))))
    for row in range(90, 100):
        here = slice(row, row + 1)
        forecaster.update(y[here], known(here), update_params=bool(row % 2))
    ahead = known(slice(100, 120))
    assert_finite(
        forecaster.predict(FH, X=ahead),
        forecaster.predict_interval(FH, X=ahead, coverage=0.5),
        forecaster.predict_quantiles(FH, X=ahead, alpha=[0.3, 0.7]),
    )


def test_forecasts_are_those_of_the_other_face():
    forecaster = GRUForecaster(**MASK).fit(TABLE, fh=FH)
    plain = sklearn_gru.GRUForecaster(**MASK, horizon=3).fit(TABLE)
    assert_allclose(forecaster.predict(), plain.forecast(3), rtol=1e-6)


def test_the_tag_is_true_exactly_with_a_mask():
    tag = "capability:missing_values"
    for missing, expected in [("error", False), ("mask", True)]:
        forecaster = GRUForecaster(missing=missing)
        assert forecaster.get_tag(tag) is expected
        assert forecaster.clone().get_tag(tag) is expected
        forecaster.set_params(missing="mask" if missing == "error" else "error")
        assert forecaster.get_tag(tag) is not expected
    forecaster = GRUForecaster(**MASK).fit(Y)
    assert forecaster.get_tag(tag) is True


def test_the_default_names_the_way_out():
    with pytest.raises(ValueError, match=r'y passed contained missing.*missing="mask"'):
        GRUForecaster(**QUICK).fit(Y)
    forecaster = GRUForecaster(**QUICK).fit(Y[:80].ffill())
    with pytest.raises(ValueError, match='missing="mask"'):
        forecaster.update(Y[80:])
    panel = pd.concat({"a": TABLE[["a"]], "b": TABLE[["a"]]})
    with pytest.raises(ValueError, match='missing="mask"'):
        GRUForecaster(**QUICK).pretrain(panel)
    with pytest.raises(ValueError, match="X passed contained missing") as error:
        GRUForecaster(**QUICK).fit(Y.ffill(), KNOWN.replace(KNOWN.iloc[3, 0], NAN))
    assert "mask" not in str(error.value)


def test_what_is_known_of_the_future_is_never_nan():
    holed = KNOWN.copy()
    holed.iloc[[10, 85], 0] = NAN
    message = "X holds NaN in column 'p', row 2010-11"
    with pytest.raises(ValueError, match=message):
        GRUForecaster(**MASK).fit(Y[:80], holed[:80])
    forecaster = GRUForecaster(**MASK).fit(Y[:80], KNOWN[:80])
    with pytest.raises(ValueError, match="X holds NaN in column 'p', row 2017-02"):
        forecaster.update(Y[80:90], holed[80:90])
    with pytest.raises(ValueError, match="X holds NaN in column 'p', row 2017-02"):
        forecaster.predict([5, 6], X=holed[80:90])
    assert_finite(forecaster.predict([5], X=holed[80:85]))


@pytest.mark.parametrize("missing", ["error", "mask"])
def test_infinity_is_an_error(missing):
    y = Y.ffill()
    y.iloc[7] = np.inf
    with pytest.raises(ValueError, match="infinity, first at row 7: inf"):
        GRUForecaster(**{**QUICK, "missing": missing}).fit(y)


def test_a_series_of_nothing_but_nan_is_an_error():
    with pytest.raises(ValueError, match="nothing but NaN in columns"):
        GRUForecaster(**MASK).fit(Y * NAN)


@pytest.mark.parametrize("train", [False, True])
def test_updates_that_are_nan_repeat_the_last_known_value(train):
    forecaster = GRUForecaster(**STILL, center="last").fit(Y[:80])
    last = Y[:80].dropna().iloc[-1]
    for row in range(80, 90):
        forecaster.update(Y[row : row + 1] * NAN, update_params=train)
    assert_allclose(forecaster.predict(FH), last)
    assert forecaster.cutoff[0] == INDEX[89]
    assert_finite(forecaster.update(Y[90:]).predict(FH))


def test_one_row_at_a_time_is_all_rows_at_once():
    one, whole = (GRUForecaster(**STILL).fit(TABLE[:80]) for _ in range(2))
    for row in range(80, 120):
        one.update(TABLE[row : row + 1])
    whole.update(TABLE[80:])
    assert_allclose(one.predict(FH), whole.predict(FH), rtol=1e-9)


def test_intervals_are_made_from_known_errors():
    forecaster = GRUForecaster(**MASK, calibration_fraction=0.5).fit(TABLE, fh=FH)
    bounds = forecaster.predict_interval(coverage=0.5)
    errors = forecaster._held_out_errors
    errors = errors.errors(forecaster.forecaster_.history.last, 3, None)
    assert np.isnan(errors[:-3]).any()
    for step in range(3):
        for place, column in enumerate(TABLE.columns):
            known = np.sort(np.abs(errors[:, step, place]))
            known = known[~np.isnan(known)]
            radius = known[int(np.ceil((len(known) + 1) * 0.5)) - 1]
            of_step = bounds[column].iloc[step]
            assert_allclose(np.ptp(of_step), 2 * radius, rtol=1e-9)


# Panels


def made_panel(share=0.15):
    series = {
        name: made_table(share, 1, seed) * 10.0**seed
        for seed, name in enumerate(["x", "y", "z"])
    }
    return pd.concat(series, names=["id", "time"])


@pytest.mark.parametrize("transform", ["log", None])
def test_a_panel_is_pretrained_on_its_known_values(transform):
    panel = made_panel()
    forecaster = GRUForecaster(**MASK, target_transform=transform).pretrain(
        panel, fh=FH
    )
    assert_finite(forecaster.pretrained_.loss_curve_)
    forecaster.fit(panel, fh=FH)
    assert_finite(forecaster.predict())
    rows = made_panel(1.0)
    later = rows.set_axis(rows.index.set_levels(INDEX + 120, level=1))
    assert_finite(forecaster.update(later, update_params=False).predict())
    forecaster.pretrain(panel)
    assert_finite(forecaster.pretrained_.loss_curve_)


def test_a_panel_is_forecast_as_each_series_by_itself():
    panel = made_panel()
    forecaster = GRUForecaster(**MASK).pretrain(panel, fh=FH)
    together = forecaster.clone()
    together.pretrained_ = forecaster.pretrained_
    together._state = "pretrained"
    ahead = together.fit(panel, fh=FH).predict()
    for name in "xyz":
        alone = forecaster.pretrained_.adopt(
            sklearn_gru.estimators.forecasting.Rows(panel.loc[name].to_numpy())
        )
        assert_allclose(ahead.loc[name], alone.forecast(3), rtol=1e-6)


def test_a_series_that_teaches_nothing_does_not_spoil_a_panel():
    panel = made_panel()
    panel.loc[("y", slice(None)), :] = NAN
    panel.loc[("y", INDEX[0]), :] = 3.0
    forecaster = GRUForecaster(**MASK).pretrain(panel, fh=FH).fit(panel, fh=FH)
    assert_finite(forecaster.predict())
    assert_allclose(forecaster.predict().loc["y"], 3.0, rtol=1e-3)


def test_a_panel_without_a_mask_trains_on_every_window():
    settings = {**STILL, "max_epochs": 1, "scale": "series"}
    losses = []
    for missing in ("error", "mask"):
        forecaster = GRUForecaster(**{**settings, "missing": missing})
        forecaster.pretrain(made_panel(0.0), fh=FH)
        losses.append(forecaster.pretrained_.loss_curve_[0])
    assert_allclose(*losses, rtol=1e-6)


# sktime's tools


@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
def test_a_backtest_goes_over_missing_values():
    class KnownRows(MeanAbsoluteError):
        def _evaluate(self, y_true, y_pred, **kwargs):
            known = y_true.notna().to_numpy().ravel()
            return float(np.abs(y_true - y_pred).to_numpy().ravel()[known].mean())

    y = Y.copy()
    y.iloc[::3] = y.iloc[::3].fillna(50.0)  # no fold without a known row
    cv = ExpandingWindowSplitter(FH, initial_window=90, step_length=10)
    results = evaluate(GRUForecaster(**MASK), cv, y, scoring=KnownRows())
    assert_finite(results["test_KnownRows"])
    search = ForecastingGridSearchCV(
        GRUForecaster(**MASK), cv, {"units": [2, 3]}, scoring=KnownRows()
    )
    assert_finite(search.fit(y, fh=FH).predict())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*calibration errors are too few:UserWarning")
@pytest.mark.filterwarnings("ignore:.*requires skpro to be present:UserWarning")
@pytest.mark.filterwarnings("ignore:Sorting by default when concatenating all")
def test_sktimes_own_checks_pass_with_a_mask():
    forecaster = GRUForecaster(**{**MASK, "window_length": 3})
    results = check_estimator(forecaster, raise_exceptions=True, verbose=0)
    assert set(results.values()) == {"PASSED"}


def test_the_history_is_what_was_given():
    forecaster = GRUForecaster(**MASK).fit(TABLE[:80]).update(TABLE[80:])
    kept = forecaster.forecaster_.history.last.values
    assert_array_equal(kept, TABLE.to_numpy())
