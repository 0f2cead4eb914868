import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from statsmodels.tsa.stattools import acf

from sklearn_gru import GRUClassifier
from sklearn_gru.plotting import ResidualDisplay

DAYS = pd.date_range("2024-01-01", periods=100)
TRUTH = pd.Series(np.random.default_rng(0).normal(size=100).cumsum(), DAYS, name="m")


def test_residuals_are_drawn_over_time_and_counted():
    forecast = TRUTH.shift(1, fill_value=0).to_numpy()
    display = ResidualDisplay.from_predictions(TRUTH, forecast)
    line = display.lines_["residuals"]
    np.testing.assert_array_equal(line.get_ydata(), TRUTH - forecast)
    np.testing.assert_array_equal(line.get_xdata(orig=True), DAYS)
    counts = [bar.get_height() for bar in display.bars_]
    edges = [bar.get_x() for bar in display.bars_]
    assert sum(counts) == 100
    for edge, bar in zip(edges, display.bars_, strict=True):
        inside = TRUTH - forecast >= edge
        inside &= TRUTH - forecast < edge + bar.get_width()
        assert abs(inside.sum() - bar.get_height()) <= 1  # at an edge
    labels = {name: ax.get_ylabel() for name, ax in display.axes_.items()}
    assert labels == {
        "time": "residual\nm",
        "autocorrelation": "autocorrelation",
        "histogram": "number of rows",
    }


def test_autocorrelation_is_that_of_statsmodels():
    display = ResidualDisplay.from_predictions(TRUTH, np.zeros(100), n_lags=20)
    tips = display.lines_["autocorrelation"]
    np.testing.assert_allclose(tips.get_ydata(), acf(TRUTH, nlags=20)[1:], atol=1e-12)
    np.testing.assert_array_equal(tips.get_xdata(), np.arange(1, 21))
    heights = display.band_.get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([heights.min(), heights.max()], [-0.196, 0.196])


def test_white_noise_stays_in_its_band_nineteen_times_of_twenty():
    noise = np.random.default_rng(0).normal(size=6000)
    display = ResidualDisplay.from_predictions(noise, np.zeros(6000), n_lags=2000)
    outside = np.abs(display.autocorrelation) > display.limit
    # Beyond long lags fewer products are summed: the band is a little too wide there.
    assert 0.02 < outside.mean() < 0.06


def test_missing_rows_have_no_residual():
    truth = TRUTH.copy()
    truth.iloc[10:15] = np.nan
    display = ResidualDisplay.from_predictions(truth, np.zeros(100), n_lags=5)
    assert sum(bar.get_height() for bar in display.bars_) == 95
    filled = truth.fillna(truth.mean())
    expected = acf(filled, nlags=5)[1:]
    np.testing.assert_allclose(display.autocorrelation, expected, atol=1e-12)


def test_estimator_predicts_one_step_ahead(model, table):
    display = ResidualDisplay.from_estimator(model, table[60:], column=1)
    expected = table["b"][60:] - model.predict(table[60:])[:, 1]
    np.testing.assert_array_equal(display.residuals, expected)
    pipe = make_pipeline(MinMaxScaler(), model).fit(table, table)
    display = ResidualDisplay.from_estimator(pipe, table, table, name="height")
    expected = table["a"] - pipe.predict(table)[:, 0]
    np.testing.assert_array_equal(display.residuals, expected)
    assert display.axes_["histogram"].get_xlabel() == "residual\nheight"


def test_given_axes_are_used():
    _, axes = plt.subplots(3)
    display = ResidualDisplay.from_predictions(
        TRUTH, np.zeros(100), ax=axes, line_kw={"color": "red"}, band_kw={"fc": "blue"}
    )
    assert list(display.axes_.values()) == list(axes)
    assert display.lines_["residuals"].get_color() == "red"
    with pytest.raises(ValueError, match=r"needs 3 axes, for time, .*, and ax has 1"):
        display.plot(axes[0])


def test_what_has_no_residuals_is_refused(table):
    classifier = GRUClassifier(units=2, max_epochs=1)
    classifier.fit(np.eye(9), np.arange(9) % 2)
    with pytest.raises(ValueError, match="GRUClassifier predicts no numbers"):
        ResidualDisplay.from_estimator(classifier, np.eye(9), np.arange(9) % 2)
    with pytest.raises(ValueError, match=r"y_pred has shape \(4,\)"):
        ResidualDisplay.from_predictions([1, 2, 3], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="n_lags=3"):
        ResidualDisplay.from_predictions([1, 2, 3], [1, 2, 2], n_lags=3)
