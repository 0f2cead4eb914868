"""Files of `to_onnx` give what `predict` gives, and models they can't hold are refused.

The reference is the estimator itself; another program, onnxruntime, runs the files.
"""

import sys

import numpy as np
import pytest
from minimal_gated_unit import MGU

import sklearn_gru
from sklearn_gru import GRUClassifier, GRUForecaster, GRURegressor
from sklearn_gru.nets import CELLS

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

# Largest difference from `predict`, as a share of the predictions' spread.
TOLERANCE = 1e-5
SEEDS = range(12)
MORE_SEEDS = range(12, 46)


def run(path, **inputs):
    """Check a file, and run it: {output: array}."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def assert_close(actual, expected, n_outputs):
    assert actual.shape == expected.shape
    difference = np.abs(actual - expected).reshape(-1, n_outputs).max(0)
    columns = expected.reshape(-1, n_outputs)
    spread = np.ptp(columns, axis=0)
    spread = np.where(spread > 0, spread, np.abs(columns).max(0) + 1)
    assert (difference <= TOLERANCE * spread).all(), (difference / spread).max()


def any_of(rng, **choices):
    """Draw an entry of each list."""
    return {name: each[rng.integers(len(each))] for name, each in choices.items()}


def recurrent_settings(rng, seed):
    return any_of(
        rng,
        units=[1, 3, 5, (4, 3), (3, 2, 4)],
        cell=["gru", "gru", "lstm", "rnn"],
        activation=["tanh", "tanh", "relu"],
        reset_after=[True, False],
        dropout=[0.0, 0.3],
        dtype=["float32", "float32", "float64"],
        kernel=["auto", "torch"],
        standardize=[True, True, False],
        max_epochs=[1],
        random_state=[seed],
    )


def sequence_settings(rng, seed):
    return recurrent_settings(rng, seed) | any_of(
        rng,
        bidirectional=["auto", True, False],
        pooling=["auto", "auto", "last", "mean", ("max", "last")],
        segment_length=["auto", 1, 3, 17],
        normalized=["auto", True, False],
        differences=["auto", True, False],
        conv_filters=["auto", "auto", None, 3, (2, 4, 3)],
        time_axis=[1, 1, 2],
    )


def sequences(rng, settings):
    """Draw sequences, as a table or 3-D, and a number for each.

    Without standardisation they are of ordinary size: large ones saturate the network,
    and what is left of the predictions' spread is rounding. LSTM layers with relu read
    short ones: their states, and rounding with them, grow like powers of time.
    """
    grows = settings["cell"] == "lstm" and settings["activation"] == "relu"
    short = rng.random() < 0.3 or grows
    n_steps = rng.integers(1, 9) if short else rng.integers(9, 150)
    X = rng.normal(size=(25, n_steps, rng.integers(1, 4))).cumsum(1)
    X = (X - X.mean((0, 1))) / X.std((0, 1))
    if settings["standardize"]:
        X = X * 10.0 ** rng.integers(-2, 3) + rng.choice([0, 5, 100])
    number = X.mean((1, 2))
    if rng.random() < 0.3:
        return X[:, :, 0].astype(np.float32), number
    X = X if settings["time_axis"] == 1 else np.swapaxes(X, 1, 2)
    return np.ascontiguousarray(X, dtype=np.float32), number


def check_regressor(seed, path):
    rng = np.random.default_rng(seed)
    settings = sequence_settings(rng, seed)
    X, number = sequences(rng, settings)
    n_outputs = rng.integers(1, 3)
    y = number[:, None] * [3.0, -0.1][:n_outputs] + 50
    y = y[:, 0] if n_outputs == 1 and rng.random() < 0.7 else y
    if rng.random() < 0.25:
        settings |= {"return_sequences": True, "pooling": "auto", "segment_length": 1}
        axis = settings["time_axis"] if X.ndim == 3 else 1
        y = np.repeat(y[:, None], X.shape[axis], axis=1)
    model = GRURegressor(**settings).fit(X, y)
    model.to_onnx(path)
    n_outputs = 1 if y.ndim == 1 else n_outputs
    assert_close(run(path, X=X)["prediction"], model.predict(X), n_outputs)


def check_classifier(seed, path):
    rng = np.random.default_rng(seed)
    settings = sequence_settings(rng, seed)
    X, number = sequences(rng, settings)
    labels = [["low", "hígh", "other"], [3, -7, 0], [1.0, 4.0, 2.0], [True, False]]
    labels = labels[rng.integers(len(labels))]
    y = np.array(labels)[np.argsort(np.argsort(number)) % len(labels)]
    y = y.astype(object) if y.dtype.kind == "U" and rng.random() < 0.5 else y
    model = GRUClassifier(**settings).fit(X, y)
    model.to_onnx(path)
    outputs, expected = run(path, X=X), model.predict_proba(X)
    assert_close(outputs["probabilities"], expected, len(labels))
    best = np.sort(expected, axis=1)
    certain = best[:, -1] - best[:, -2] > 1e-5
    np.testing.assert_array_equal(outputs["label"][certain], model.predict(X)[certain])


def forecast_settings(rng, seed):
    settings = recurrent_settings(rng, seed) | any_of(
        rng,
        horizon=[1, 2, 9],
        center=["auto", "auto", "last", "mean", "season", None],
        scale=["auto", "series", "window"],
        season_length=["auto", 1, 4],
        linear_path=[True, True, False],
        channels=["joint", "independent"],
        loss=["squared_error", "huber", "quantile"],
        target_transform=[None],
    )
    return (
        settings
        | [
            {"window_length": "auto"},
            {"window_length": 12, "segment_length": 4},
            {"window_length": 7, "segment_length": 1},
        ][rng.integers(3)]
    )


def series(rng):
    """Draw a series, and targets: none, affine images, or series of their own."""
    n_columns = rng.integers(1, 4)
    rows = np.arange(150)[:, None] / rng.uniform(0.5, 9, n_columns)
    X = np.sin(rows) + 0.3 * rng.normal(size=rows.shape) + rng.choice([0, 4, 80])
    if rng.random() < 0.2:
        X[:, 0] = 2.5
    X = X.astype(np.float32)
    kind = rng.integers(4)
    if kind == 0:
        return X, None
    if kind == 1:
        return X, 7.0 * X[:, ::-1].astype(np.float64) - 30
    if kind == 2:
        return X, -X[:, -1].astype(np.float64)
    return X, X.sum(1) ** 2 + rng.normal(size=len(X))


def check_forecaster(seed, path):
    rng = np.random.default_rng(seed)
    settings, (X, y) = forecast_settings(rng, seed), series(rng)
    own_targets = y is not None and (y.ndim == 1 and np.ptp(y + X[:, -1]) > 0)
    if own_targets:
        settings["channels"] = "joint"
    model = GRUForecaster(**settings, weights=None).fit(X, y)
    model.to_onnx(path)
    length = model.window_length_
    windows = np.stack([X[end - length : end] for end in range(length, 150, 7)])
    expected = [
        model.predict(window, steps=settings["horizon"], context="apply")
        for window in windows
    ]
    actual = run(path, window=windows)["forecast"]
    n_targets = 1 if y is not None and y.ndim == 1 else X.shape[1]
    assert_close(actual, np.stack(expected), n_targets)


CHECKS = [check_regressor, check_classifier, check_forecaster]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", CHECKS)
def test_random_models_agree_with_predict(check, seed, tmp_path):
    check(seed, tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("seed", MORE_SEEDS)
@pytest.mark.parametrize("check", CHECKS)
def test_more_random_models_agree_with_predict(check, seed, tmp_path):
    check(seed, tmp_path / "model.onnx")


def fitted_regressor(X, **settings):
    settings = {"units": 3, "max_epochs": 1, "random_state": 0} | settings
    return GRURegressor(**settings).fit(X, np.arange(float(len(X))))


def fitted_forecaster(X, y=None, **settings):
    settings = {"units": 3, "window_length": 8, "max_epochs": 1} | settings
    settings = {"weights": None, "random_state": 0} | settings
    return GRUForecaster(**settings).fit(X, y)


def a_series(n_columns=1):
    return np.random.default_rng(0).normal(size=(80, n_columns)).astype(np.float32)


def test_a_model_of_ragged_sequences_is_written_for_one_length(tmp_path):
    rng = np.random.default_rng(0)
    ragged = [rng.normal(size=(n, 2)).astype(np.float32) for n in (5, 9, 7, 9) * 5]
    model = fitted_regressor(ragged)
    for n_timesteps, length in ((None, 9), (7, 7)):
        model.to_onnx(tmp_path / "model.onnx", n_timesteps)
        X = np.stack([each for each in ragged if len(each) == length])
        actual = run(tmp_path / "model.onnx", X=X)["prediction"]
        assert_close(actual, model.predict(list(X)), 1)


def test_sequences_of_another_length_are_no_input(tmp_path):
    X = np.zeros((6, 4, 1), dtype=np.float32)
    fitted_regressor(X).to_onnx(tmp_path / "model.onnx")
    with pytest.raises(Exception, match="Expected: 4"):
        run(tmp_path / "model.onnx", X=X[:, :3])


def test_training_goes_on_after_an_export(tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    y = np.arange(20.0)
    exported, other = fitted_regressor(X), fitted_regressor(X)
    exported.to_onnx(tmp_path / "model.onnx")
    exported.partial_fit(X, y)
    other.partial_fit(X, y)
    np.testing.assert_array_equal(exported.predict(X), other.predict(X))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"embedding_dim": 2}, r"symbols \(embedding_dim=2\).*embedding_dim=None"),
        ({"n_estimators": 2}, r"2 networks, only of one.*n_estimators=1"),
    ],
)
def test_sequence_models_that_are_refused(settings, match, tmp_path):
    model = fitted_regressor(np.ones((6, 4, 1)), **settings)
    with pytest.raises(ValueError, match=match):
        model.to_onnx(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("n_timesteps", [0, -1, 2.5, "4"])
def test_n_timesteps_that_is_no_length(n_timesteps, tmp_path):
    model = fitted_regressor(np.ones((6, 4, 1)))
    with pytest.raises(ValueError, match="n_timesteps must be an integer"):
        model.to_onnx(tmp_path / "model.onnx", n_timesteps)


def test_a_table_has_its_own_number_of_columns(tmp_path):
    model = fitted_regressor(np.ones((6, 4)))
    with pytest.raises(ValueError, match=r"n_timesteps=3, but .* with 4 columns"):
        model.to_onnx(tmp_path / "model.onnx", 3)


def test_labels_that_onnx_does_not_know(tmp_path):
    dates = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]")
    model = GRUClassifier(units=3, max_epochs=1)
    model.fit(np.ones((6, 4, 1)), np.repeat([0, 1], 3))
    model.classes_ = dates
    with pytest.raises(ValueError, match="can't write the labels"):
        model.to_onnx(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"target_transform": "log"}, 'target_transform="log".*take logarithms'),
        ({"missing": "mask"}, 'missing="mask".*Fill the series'),
        ({"known_columns": [1]}, "1 known columns.*known_columns=None"),
        ({"n_estimators": 3}, "3 networks, only of one.*n_estimators=1"),
    ],
)
def test_forecasters_that_are_refused(settings, match, tmp_path):
    model = fitted_forecaster(np.abs(a_series(2)) + 1, **settings)
    with pytest.raises(ValueError, match=match):
        model.to_onnx(tmp_path / "model.onnx")


def test_a_cell_of_the_users_own_is_refused(monkeypatch, tmp_path):
    monkeypatch.setitem(CELLS, "mgu", MGU)
    monkeypatch.setitem(GRUForecaster._parameter_constraints, "cell", [type(None), str])
    model = fitted_forecaster(a_series(), cell="mgu")
    with pytest.raises(ValueError, match="layers of MGU"):
        model.to_onnx(tmp_path / "model.onnx")


def test_without_onnx_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.delattr(sklearn_gru, "exporting", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn_gru.exporting", None)
    model = fitted_forecaster(a_series())
    with pytest.raises(ImportError, match=r"pip install 'sklearn-gru\[onnx\]'"):
        model.to_onnx(tmp_path / "model.onnx")


def test_a_file_takes_any_number_of_sequences(tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 30, 2)).astype(np.float32)
    model = fitted_regressor(X, units=(3, 2))
    model.to_onnx(tmp_path / "model.onnx")
    together = run(tmp_path / "model.onnx", X=X)["prediction"]
    one_by_one = [run(tmp_path / "model.onnx", X=x[None])["prediction"] for x in X]
    np.testing.assert_allclose(np.concatenate(one_by_one), together, rtol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_what_is_not_finite_gives_nan(value, activation, tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 9, 2)).astype(np.float32)
    model = fitted_regressor(X, activation=activation)
    model.to_onnx(tmp_path / "model.onnx")
    before = run(tmp_path / "model.onnx", X=X)["prediction"]
    X[3, 4, 1] = value
    after = run(tmp_path / "model.onnx", X=X)["prediction"]
    assert np.isnan(after[3])
    others = np.arange(20) != 3
    np.testing.assert_allclose(after[others], before[others], rtol=1e-6)
