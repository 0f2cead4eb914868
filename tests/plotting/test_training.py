import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import sklearn_gru.sktime
from sklearn_gru import CharGRUGenerator, GRUClassifier, GRUForecaster, GRURegressor
from sklearn_gru.plotting import TrainingDisplay

SEQUENCES = np.random.default_rng(0).normal(size=(40, 6))


def assert_draws(display, net):
    np.testing.assert_array_equal(
        display.lines_["training"].get_ydata(), net.history[:, "train_loss"]
    )
    epochs = np.arange(1, len(net.history) + 1)
    np.testing.assert_array_equal(display.lines_["training"].get_xdata(), epochs)


def test_losses_the_lowest_one_and_the_rate_are_drawn(table):
    forecaster = GRUForecaster(
        8, 4, max_epochs=6, early_stopping=True, lr=0.1, random_state=0
    ).fit(table)
    display = TrainingDisplay.from_estimator(forecaster)
    history = forecaster.net_.history
    assert_draws(display, forecaster.net_)
    held_out = history[:, "valid_loss"]
    np.testing.assert_array_equal(display.lines_["held_out"].get_ydata(), held_out)
    best = display.lines_["best"]
    assert best.get_ydata()[0] == min(held_out)
    assert held_out[best.get_xdata()[0] - 1] == min(held_out)
    assert f"epoch {best.get_xdata()[0]}" in best.get_label()
    np.testing.assert_array_equal(
        display.lines_["rate"].get_ydata(), history[:, "event_lr"]
    )
    assert display.rate_ax_.get_ylabel() == "learning rate"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")
    shown = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert shown == [line.get_label() for line in display.lines_.values()]


def test_every_estimator_is_drawn_also_inside_others(table):
    sequences = {"units": 2, "max_epochs": 2}
    forecaster = GRUForecaster(6, 2, max_epochs=2)
    regressor = GRURegressor(**sequences).fit(SEQUENCES, SEQUENCES[:, 0])
    classifier = GRUClassifier(**sequences).fit(SEQUENCES, SEQUENCES[:, 0] > 0)
    generator = CharGRUGenerator(units=2, max_epochs=2).fit(["to be or not to be"] * 9)
    for estimator in (regressor, classifier, generator):
        assert_draws(TrainingDisplay.from_estimator(estimator), estimator.net_)
    pipe = make_pipeline(MinMaxScaler(), forecaster).fit(table, table)
    assert_draws(TrainingDisplay.from_estimator(pipe), pipe[-1].net_)
    search = GridSearchCV(
        pipe, {"gruforecaster__units": [2]}, cv=TimeSeriesSplit(2)
    ).fit(table, table)
    net = search.best_estimator_[-1].net_
    assert_draws(TrainingDisplay.from_estimator(search), net)
    around = TransformedTargetRegressor(pipe).fit(table, table)
    assert_draws(TrainingDisplay.from_estimator(around), around.regressor_[-1].net_)
    face = sklearn_gru.sktime.GRUForecaster(window_length=6, units=2, max_epochs=2)
    face.fit(table["a"])
    assert_draws(TrainingDisplay.from_estimator(face), face.forecaster_.net_)


def test_what_was_not_recorded_is_not_drawn(table):
    forecaster = GRUForecaster(8, 4, lr_schedule="constant", max_epochs=2).fit(table)
    display = TrainingDisplay.from_estimator(forecaster)
    assert list(display.lines_) == ["training"]
    assert display.rate_ax_ is None


def test_epochs_without_held_out_data_are_gaps(table):
    forecaster = GRUForecaster(8, 4, max_epochs=2, early_stopping=True).fit(table)
    display = TrainingDisplay.from_estimator(forecaster.partial_fit(table))
    held_out = display.lines_["held_out"].get_ydata()
    assert np.isnan(held_out).tolist() == [False, False, True]


def test_styles_are_those_asked_for():
    display = TrainingDisplay.from_predictions(
        [2, 1],
        [3, 2],
        [0.1, 0.2],
        name="squared error",
        line_kw={"lw": 4},
        best_kw={"marker": "D"},
        rate_kw={"color": "red"},
    )
    assert display.lines_["training"].get_linewidth() == 4
    assert display.lines_["best"].get_marker() == "D"
    assert display.lines_["rate"].get_color() == "red"
    assert display.ax_.get_ylabel() == "squared error"


def test_estimators_without_a_network_are_refused():
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(GRUForecaster())
    with pytest.raises(ValueError, match="LinearRegression holds no network"):
        TrainingDisplay.from_estimator(
            LinearRegression().fit(SEQUENCES, SEQUENCES[:, 0])
        )
    with pytest.raises(ValueError, match=r"held_out_loss has shape \(3,\)"):
        TrainingDisplay.from_predictions([1, 2], [1, 2, 3])
