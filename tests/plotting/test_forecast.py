import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import sklearn_gru.sktime
from sklearn_gru import GRUForecaster
from sklearn_gru.plotting import ForecastDisplay


def drawn(display, key):
    return display.lines_[key].get_ydata()


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_lines_are_observations_and_forecasts(model, table):
    display = ForecastDisplay.from_estimator(model, table[60:], steps=5, column=1)
    np.testing.assert_array_equal(drawn(display, "observed"), table["b"][60:])
    np.testing.assert_array_equal(
        drawn(display, "one_step"), model.predict(table[60:])[:, 1]
    )
    ahead = drawn(display, "ahead")
    np.testing.assert_array_equal(ahead[1:], model.predict(table, steps=5)[:, 1])
    assert ahead[0] == table["b"].iloc[-1]
    assert display.time_ahead[0] == np.datetime64("2020-03-21")
    assert display.ax_.get_ylabel() == "b"
    assert display.ax_.get_xlabel() == ""
    assert labels(display.ax_) == [
        "observed",
        "naive forecast",
        "forecast 1 step ahead",
        "the next 5 steps",
    ]


@pytest.mark.parametrize("season", [1, 7])
def test_naive_forecast_is_that_of_a_season_before(table, season):
    y = table["a"]
    display = ForecastDisplay.from_predictions(
        y, np.zeros(9), season_length=season, n_shown=20
    )
    known = list(y)
    for _ in range(9):
        known.append(known[-season])
    expected = [known[row - season] for row in range(60, 80)] + known[80:]
    np.testing.assert_array_equal(drawn(display, "naive"), expected)


def test_season_of_the_forecaster_counts_unless_there_is_one(table):
    rows = np.arange(300)
    noise = 0.1 * np.random.default_rng(0).normal(size=300)
    weeks = np.sin(2 * np.pi * rows / 7) + noise
    fitted = GRUForecaster(14, 4, max_epochs=1, season_length=7).fit(weeks[:, None])
    display = ForecastDisplay.from_estimator(fitted, weeks[:, None])
    assert len(display.ahead) == 7
    # The last hundred rows are shown.
    np.testing.assert_array_equal(display.observed, weeks[200:])
    np.testing.assert_array_equal(display.naive[:100], weeks[193:293])
    # The same is found where nothing was fitted.
    found = ForecastDisplay.from_predictions(weeks, display.ahead)
    np.testing.assert_array_equal(found.naive, display.naive)


def test_horizon_is_the_default_number_of_steps(table):
    fitted = GRUForecaster(8, 4, horizon=6, max_epochs=1).fit(table)
    assert len(ForecastDisplay.from_estimator(fitted, table).ahead) == 6


def test_direct_forecaster_goes_as_far_as_it_can(table):
    target = np.exp(table["b"] / 40)
    fitted = GRUForecaster(8, 4, horizon=1, max_epochs=1).fit(table[["a"]], target)
    display = ForecastDisplay.from_estimator(fitted, table[["a"]], target)
    assert len(display.ahead) == 1


def test_rows_of_the_future_are_forecast_only(table):
    model = GRUForecaster(8, 4, max_epochs=2, known_columns=["b"], random_state=0)
    model.fit(table[:60], table["a"][:60])
    ahead = table.assign(a=table["a"].where(np.arange(80) < 75))
    display = ForecastDisplay.from_estimator(model, ahead, table["a"][:75])
    np.testing.assert_array_equal(display.observed, table["a"][:75])
    np.testing.assert_array_equal(display.one_step, model.predict(table[:75]))
    np.testing.assert_array_equal(display.ahead, model.predict(ahead, steps=5))
    np.testing.assert_array_equal(display.time_ahead, table.index[75:])


def test_draws_into_given_axes_what_is_asked_for(table):
    from matplotlib import pyplot as plt

    model = GRUForecaster(8, 4, max_epochs=2).fit(table[:60], table["a"][:60])
    _, ax = plt.subplots()
    display = ForecastDisplay.from_estimator(
        model, table[60:], table["a"][60:], steps=2, n_shown=10, name="°C", ax=ax
    )
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert len(drawn(display, "observed")) == 10
    assert ax.get_ylabel() == "°C"


def test_styles_are_those_asked_for(calibrated, table):
    display = ForecastDisplay.from_estimator(
        calibrated,
        table[["a"]],
        steps=2,
        coverage=0.5,
        line_kw={"c": "red", "linewidth": 3},
        naive_kw={"ls": "-."},
        band_kw={"alpha": 0.7},
    )
    assert display.lines_["ahead"].get_color() == "red"
    assert display.lines_["ahead"].get_linewidth() == 3
    assert display.lines_["naive"].get_linestyle() == "-."
    assert display.bands_[0].get_alpha() == 0.7


def test_arrays_are_drawn_by_row_number(table):
    plain = GRUForecaster(8, 4, max_epochs=2).fit(table[:60].to_numpy())
    display = ForecastDisplay.from_estimator(plain, table[60:].to_numpy(), steps=2)
    np.testing.assert_array_equal(display.time_ahead, [20, 21])
    assert display.ax_.get_xlabel() == "step"


def test_search_is_drawn_by_its_best_estimator(table):
    pipe = make_pipeline(MinMaxScaler(), GRUForecaster(8, 4, max_epochs=2))
    search = GridSearchCV(
        pipe, {"gruforecaster__window_length": [6, 8]}, cv=TimeSeriesSplit(2)
    ).fit(table[:60], table[:60])
    display = ForecastDisplay.from_estimator(search, table[60:], steps=3, column=1)
    best = search.best_estimator_
    np.testing.assert_array_equal(display.one_step, best.predict(table[60:])[:, 1])
    np.testing.assert_array_equal(
        display.ahead, best.predict(table[60:], steps=3)[:, 1]
    )


def test_bands_are_intervals_also_through_a_pipeline(calibrated, table):
    series = table[["a"]]
    pipe = make_pipeline(MinMaxScaler(), calibrated).fit(series, series)
    display = ForecastDisplay.from_estimator(pipe, series, steps=4, coverage=[0.5, 0.8])
    wide, narrow = display.bands_
    scaled = pipe[0].transform(series)
    for band, coverage in ((wide, 0.8), (narrow, 0.5)):
        expected = pipe[-1].predict_interval(scaled, 4, coverage=coverage)[:, 0]
        np.testing.assert_array_equal(display.bands[coverage], expected)
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == expected.min()
        assert heights.max() == expected.max()
    assert labels(display.ax_)[-2:] == ["80 % interval", "50 % interval"]


def test_forecaster_of_sktime_is_drawn_from_its_end():
    months = pd.period_range("2010-01", periods=72, freq="M")
    y = pd.Series(np.sin(np.arange(72) * np.pi / 6), months, name="m")
    forecaster = sklearn_gru.sktime.GRUForecaster(
        window_length=12, units=4, max_epochs=2, season_length=12, random_state=0
    ).fit(y, fh=[1, 2, 3, 4])
    display = ForecastDisplay.from_estimator(forecaster, y, coverage=0.5, n_shown=30)
    np.testing.assert_array_equal(display.ahead, forecaster.predict())
    np.testing.assert_array_equal(
        display.bands[0.5], forecaster.predict_interval(coverage=0.5)
    )
    np.testing.assert_array_equal(display.naive[-4:], y[-12:-8])
    assert display.time_ahead[0] == np.datetime64("2016-01-01")
    assert list(display.lines_) == ["observed", "naive", "ahead"]
    with pytest.raises(ValueError, match="knows the series up to 2015-12"):
        ForecastDisplay.from_estimator(forecaster, y[:-1])


def test_times_of_a_zone_are_drawn_in_utc(table):
    # Noons across the change of clocks on 29 March: 11 and 10 o'clock in UTC.
    days = pd.date_range("2020-01-29 12:00", periods=60, freq="D", tz="Europe/Paris")
    zoned = table[:60].set_index(days)
    model = GRUForecaster(8, 4, max_epochs=2).fit(zoned)
    display = ForecastDisplay.from_estimator(model, zoned, steps=3)
    assert display.time_observed[-1] == np.datetime64("2020-03-28T11:00")
    assert display.time_ahead[0] == np.datetime64("2020-03-29T10:00")
    drawn_at = display.ax_.lines[0].get_xdata(orig=True)
    assert np.issubdtype(drawn_at.dtype, np.datetime64)


def test_estimators_that_can_not_are_refused(model, table):
    X = table[60:]
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(GRUForecaster(), X)
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(
            make_pipeline(MinMaxScaler(), GRUForecaster()), X
        )
    with pytest.raises(ValueError, match="calibration_fraction"):
        ForecastDisplay.from_estimator(model, X, coverage=0.9)
    with pytest.raises(ValueError, match="coverage must be between 0 and 1"):
        ForecastDisplay.from_estimator(model, X, coverage=90)
    with pytest.raises(ValueError, match="column=2 is none of the 2 columns"):
        ForecastDisplay.from_estimator(model, X, column=2)
    with pytest.raises(ValueError, match="y has 81 rows, and X has only 20"):
        ForecastDisplay.from_estimator(model, X, np.zeros((81, 2)))
    logs = TransformedTargetRegressor(
        GRUForecaster(8, 4, max_epochs=1), func=np.exp, inverse_func=np.log
    ).fit(table[["a"]], table[["a"]])
    with pytest.raises(ValueError, match="has no predict_interval"):
        ForecastDisplay.from_estimator(logs, table[["a"]], steps=1, coverage=0.9)
    search = GridSearchCV(LinearRegression(), {}, cv=2, refit=False)
    with pytest.raises(ValueError, match="refit=True"):
        ForecastDisplay.from_estimator(search.fit(table[["a"]], table["b"]), X)


def test_predictions_of_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"one_step has shape \(2,\)"):
        ForecastDisplay.from_predictions([1, 2, 3], [4], one_step=[1, 2])
    with pytest.raises(ValueError, match=r"have shape \(2,\); .* \(1, 2\)"):
        ForecastDisplay.from_predictions([1, 2, 3], [4], intervals={0.9: [3, 5]})
    with pytest.raises(ValueError, match="has rows"):
        ForecastDisplay.from_predictions([], [4])


def test_four_times_as_many_rows_are_shown_as_are_forecast():
    rows = np.arange(400.0)
    assert len(ForecastDisplay.from_predictions(rows, rows[:50]).observed) == 200
    assert len(ForecastDisplay.from_predictions(rows, rows[:9]).observed) == 100
    shown = ForecastDisplay.from_predictions(rows, rows[:9], n_shown=400)
    assert len(shown.observed) == 400
