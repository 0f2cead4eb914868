import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_gru import GRUClassifier, GRURegressor
from sklearn_gru.plotting import GateDisplay

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 9, 2))
Y = X[:, -1, 0]
SMALL = {"units": 3, "max_epochs": 1, "random_state": 0}


def assert_draws(display, gates):
    for gate, values in gates.items():
        drawn = display.images_[gate].get_array()
        order = np.argsort(values.mean(axis=0), kind="stable")
        # A batch of another size may round differently.
        np.testing.assert_allclose(drawn, values[:, order].T, atol=1e-6)


def test_sequence_and_gates_are_drawn():
    model = GRURegressor(**SMALL).fit(X, Y)
    display = GateDisplay.from_estimator(model, X, sample=4, names=["a", "b (m)"])
    for line, values in zip(display.lines_, X[4].T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert_draws(display, {k: v[4] for k, v in model.gates(X).items()})
    assert list(display.axes_) == ["sequence", "update", "reset"]
    legend = display.axes_["sequence"].get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["a", "b (m)"]
    assert display.axes_["reset"].get_xlabel() == "time step"
    assert display.axes_["reset"].get_xlim() == (-0.5, 8.5)


def test_gates_of_an_lstm_are_drawn_for_lists_and_tables():
    model = GRUClassifier(cell="lstm", **SMALL).fit(X[:, :, 0], Y > 0)
    for given in (X[:, :, 0], list(X[:, :, 0]), pd.DataFrame(X[:, :, 0])):
        display = GateDisplay.from_estimator(model, given, sample=-1)
        assert list(display.gates) == ["input", "forget", "output"]
        expected = model.gates(X[-1:, :, 0])
        assert_draws(display, {k: v[0] for k, v in expected.items()})
        np.testing.assert_array_equal(display.sequence[:, 0], X[-1, :, 0])


def test_segments_are_as_wide_as_their_steps():
    model = GRURegressor(segment_length=4, **SMALL).fit(X, Y)
    display = GateDisplay.from_estimator(model, X)
    assert display.segment_length == 4
    image = display.images_["update"]
    assert image.get_array().shape == (6, 3)  # units of two directions, 3 segments
    assert image.get_extent()[:2] == [-0.5, 11.5]
    assert display.axes_["update"].get_xlim() == (-0.5, 8.5)


def test_time_may_come_last_and_pipelines_may_stand_before():
    model = GRURegressor(time_axis=2, **SMALL)
    pipe = make_pipeline(FunctionTransformer(np.negative), model)
    pipe.fit(X.swapaxes(1, 2), Y)
    display = GateDisplay.from_estimator(pipe, X.swapaxes(1, 2))
    np.testing.assert_array_equal(display.sequence, -X[0])


def test_styles_and_axes_are_those_asked_for():
    gates = {"update": np.full((9, 3), 0.5)}
    display = GateDisplay.from_predictions(
        X[0], gates, line_kw={"lw": 3}, image_kw={"cmap": "gray"}
    )
    assert display.lines_[0].get_linewidth() == 3
    assert display.images_["update"].get_cmap().name == "gray"
    with pytest.raises(ValueError, match="needs 2 axes, for sequence, update"):
        display.plot([display.axes_["update"]])


def test_what_has_no_gates_is_refused(model, table):
    with pytest.raises(NotFittedError):
        GateDisplay.from_estimator(GRURegressor(), X)
    with pytest.raises(ValueError, match="GRUForecaster has no method gates"):
        GateDisplay.from_estimator(model, table)
    plain = GRURegressor(cell="rnn", **SMALL).fit(X, Y)
    with pytest.raises(ValueError, match="no gates"):
        GateDisplay.from_estimator(plain, X)
    gru = GRURegressor(**SMALL).fit(X, Y)
    with pytest.raises(ValueError, match="sample=30 is none"):
        GateDisplay.from_estimator(gru, X, sample=30)
    with pytest.raises(ValueError, match="1 names for 2 features"):
        GateDisplay.from_estimator(gru, X, names=["a"])
    with pytest.raises(ValueError, match=r"need shape \(5, units\)"):
        GateDisplay.from_predictions(
            np.ones(9), {"update": np.ones((9, 2))}, segment_length=2
        )


def test_features_without_names_are_numbered():
    display = GateDisplay.from_predictions(np.ones((5, 2)), {"update": np.ones((5, 3))})
    legend = display.axes_["sequence"].get_legend()
    assert [text.get_text() for text in legend.texts] == ["feature 0", "feature 1"]
