import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_gru import GRUForecaster
from sklearn_gru.plotting import ForecastDisplay

mpl.use("Agg")
INDEX = pd.date_range("2020-01-01", periods=80, freq="D")
TABLE = pd.DataFrame(
    {"a": np.sin(np.arange(80) / 3), "b": np.arange(80.0)}, index=INDEX
)


@pytest.fixture(scope="module")
def model():
    return GRUForecaster(8, 4, max_epochs=2, random_state=0).fit(TABLE[:60])


def test_lines_are_observations_and_forecasts(model):
    display = ForecastDisplay.from_estimator(model, TABLE[60:], steps=5, column=1)
    observed, one_step, ahead = (line.get_ydata() for line in display.ax_.lines)
    np.testing.assert_array_equal(observed, TABLE["b"][60:])
    np.testing.assert_array_equal(one_step, model.predict(TABLE[60:])[:, 1])
    np.testing.assert_array_equal(ahead[1:], model.predict(TABLE, steps=5)[:, 1])
    assert ahead[0] == observed[-1]
    assert display.time_ahead[0] == np.datetime64("2020-03-21")
    assert display.ax_.get_ylabel() == "b"
    mpl.pyplot.close(display.figure_)


def test_rows_of_the_future_are_forecast_only():
    model = GRUForecaster(8, 4, max_epochs=2, known_columns=["b"], random_state=0)
    model.fit(TABLE[:60], TABLE["a"][:60])
    ahead = TABLE.assign(a=TABLE["a"].where(np.arange(80) < 75))
    display = ForecastDisplay.from_estimator(model, ahead, TABLE["a"][:75], steps=5)
    np.testing.assert_array_equal(display.observed, TABLE["a"][:75])
    np.testing.assert_array_equal(display.one_step, model.predict(TABLE[:75]))
    np.testing.assert_array_equal(display.ahead, model.predict(ahead, steps=5))
    np.testing.assert_array_equal(display.time_ahead, INDEX[75:])
    mpl.pyplot.close(display.figure_)


def test_draws_into_given_axes_what_is_asked_for():
    model = GRUForecaster(8, 4, max_epochs=2).fit(TABLE[:60], TABLE["a"][:60])
    figure, ax = mpl.pyplot.subplots()
    display = ForecastDisplay.from_estimator(
        model, TABLE[60:], TABLE["a"][60:], steps=2, n_shown=10, name="°C", ax=ax
    )
    assert display.ax_ is ax
    assert len(ax.lines[0].get_ydata()) == 10
    assert ax.get_ylabel() == "°C"
    mpl.pyplot.close(figure)


def test_arrays_are_drawn_by_row_number(model):
    plain = GRUForecaster(8, 4, max_epochs=2).fit(TABLE[:60].to_numpy())
    display = ForecastDisplay.from_estimator(plain, TABLE[60:].to_numpy(), steps=2)
    np.testing.assert_array_equal(display.time_ahead, [20, 21])
    mpl.pyplot.close(display.figure_)


def test_search_is_drawn_by_its_best_estimator():
    pipe = make_pipeline(MinMaxScaler(), GRUForecaster(8, 4, max_epochs=2))
    search = GridSearchCV(
        pipe, {"gruforecaster__window_length": [6, 8]}, cv=TimeSeriesSplit(2)
    ).fit(TABLE[:60], TABLE[:60])
    display = ForecastDisplay.from_estimator(search, TABLE[60:], steps=3, column=1)
    best = search.best_estimator_
    _, one_step, ahead = (line.get_ydata() for line in display.ax_.lines)
    np.testing.assert_array_equal(one_step, best.predict(TABLE[60:])[:, 1])
    np.testing.assert_array_equal(ahead[1:], best.predict(TABLE[60:], steps=3)[:, 1])
    mpl.pyplot.close(display.figure_)


def test_times_of_a_zone_are_drawn_in_utc():
    # Noons across the change of clocks on 29 March: 11 and 10 o'clock in UTC.
    days = pd.date_range("2020-01-29 12:00", periods=60, freq="D", tz="Europe/Paris")
    table = TABLE[:60].set_index(days)
    model = GRUForecaster(8, 4, max_epochs=2).fit(table)
    display = ForecastDisplay.from_estimator(model, table, steps=3)
    assert display.time[-1] == np.datetime64("2020-03-28T11:00")
    assert display.time_ahead[0] == np.datetime64("2020-03-29T10:00")
    assert np.issubdtype(display.ax_.lines[0].get_xdata(orig=True).dtype, np.datetime64)
    mpl.pyplot.close(display.figure_)
