"""GRURegressor and GRUClassifier on sktime's and aeon's panels."""

import numpy as np
import pytest
from sktime.datasets import load_airline, load_basic_motions, load_unit_test
from sktime.forecasting.compose import make_reduction

from sklearn_gru import GRUClassifier, GRURegressor

QUICK = {"time_axis": 2, "units": 8, "max_epochs": 5, "random_state": 0}


# sktime's own forecasters announce a change of their default.
@pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
@pytest.mark.parametrize("strategy", ["recursive", "direct", "multioutput"])
def test_reduction_of_forecasting_to_regression(strategy):
    y = load_airline()
    model = make_reduction(
        GRURegressor(**QUICK),
        strategy=strategy,
        window_length=6,
        scitype="time-series-regressor",
    ).fit(y, fh=[1, 2, 3])
    # By hand: a row's target is what follows its window.
    windows = np.array([y.to_numpy()[t : t + 6] for t in range(len(y) - 6)])
    if strategy == "multioutput":
        windows = windows[:-2]
        targets = np.array([y.to_numpy()[t + 6 : t + 9] for t in range(len(y) - 8)])
    else:
        targets = y.to_numpy()[6:]
    if strategy == "direct":
        # sktime shortens all windows' set to those that know the furthest step.
        windows, targets = windows[:-2], targets[:-2]
    plain = GRURegressor(**QUICK).fit(windows[:, None, :], targets)
    expected = plain.predict(y.to_numpy()[-6:][None, None])
    forecast = model.predict()
    assert forecast.shape == (3,)
    n_same = 3 if strategy == "multioutput" else 1
    np.testing.assert_allclose(forecast[:n_same], np.ravel(expected), rtol=1e-5)


@pytest.mark.parametrize("load", [load_unit_test, load_basic_motions])
def test_sktime_panels_are_classified_better_than_by_chance(load):
    X, y = load(split="train", return_type="numpy3d")
    X_test, y_test = load(split="test", return_type="numpy3d")
    model = GRUClassifier(time_axis=2, units=16, max_epochs=150, random_state=0)
    model.fit(X, y)
    most_frequent = max(np.mean(y_test == label) for label in np.unique(y))
    assert model.n_features_in_ == X.shape[1]
    assert model.score(X_test, y_test) > most_frequent + 0.2


def test_channels_first_is_time_last():
    X, y = load_basic_motions(split="train", return_type="numpy3d")
    ours = GRUClassifier(**QUICK).fit(X, y)
    turned = GRUClassifier(**{**QUICK, "time_axis": 1}).fit(X.transpose(0, 2, 1), y)
    np.testing.assert_array_equal(
        ours.predict_proba(X), turned.predict_proba(X.transpose(0, 2, 1))
    )


@pytest.mark.parametrize("estimator", [GRUClassifier, GRURegressor])
def test_unequal_lengths_are_a_list_of_channels_by_time(estimator):
    rng = np.random.default_rng(0)
    signs = rng.choice([-1, 1], size=80)
    # The sign is in the last steps of the second channel, wherever they are.
    X = [rng.normal(size=(2, n)) for n in rng.integers(5, 15, size=80)]
    for sequence, sign in zip(X, signs, strict=True):
        sequence[1, -2:] += 3 * sign
    model = estimator(time_axis=2, units=8, max_epochs=30, random_state=0)
    model.fit(X[:60], signs[:60])
    assert model.score(X[60:], signs[60:]) > 0.8
    turned = estimator(units=8, max_epochs=30, random_state=0)
    turned.fit([sequence.T for sequence in X[:60]], signs[:60])
    expected = turned.predict([sequence.T for sequence in X[60:]])
    np.testing.assert_array_equal(model.predict(X[60:]), expected)
