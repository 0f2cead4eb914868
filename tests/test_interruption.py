"""Ctrl-C keeps what was learned, or ends a search; early stopping is no interruption.

In a search, the first fit is interrupted, or the n-th; if the search went on, more fits
would begin.
"""

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback, EarlyStopping

from sklearn_gru import GRUClassifier, GRUForecaster, GRURegressor

RNG = np.random.default_rng(0)
SEQUENCES = RNG.normal(size=(80, 5, 1))
CASES = [
    (GRURegressor, (SEQUENCES, SEQUENCES[:, 0, 0])),
    (GRUClassifier, (SEQUENCES, SEQUENCES[:, 0, 0] > 0)),
    (GRUForecaster, (RNG.normal(size=(100, 1)),)),
]


class PressCtrlC(Callback):
    def __init__(self, batch):
        self.batch = batch
        self.seen = 0

    def on_batch_end(self, net, training=False, **kwargs):
        self.seen += training
        if self.seen == self.batch:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("cls", "data"), CASES)
@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize(("batch", "epochs"), [(1, 0), (8, 2), (9, 2)])
def test_ctrl_c_keeps_what_was_learned(cls, data, verbose, batch, epochs, capsys):
    model = cls(units=4, max_epochs=50, verbose=verbose, callbacks=[PressCtrlC(batch)])
    with pytest.warns(ConvergenceWarning, match=f"after {epochs} whole epochs"):
        model.fit(*data)
    assert model.n_iter_ == len(model.loss_curve_) == epochs
    assert np.isfinite(np.asarray(model.predict(data[0]), float)).all()
    model.set_params(callbacks=None)
    assert model.partial_fit(*data).n_iter_ == epochs + 1


@pytest.mark.parametrize("own", [True, False])
def test_early_stopping_does_not_warn(own):
    X, y = SEQUENCES, RNG.normal(size=80)
    stopping = {"early_stopping": True, "n_iter_no_change": 2, "lr": 0.05}
    if not own:
        callback = EarlyStopping(monitor="train_loss", patience=2, threshold=0.5)
        stopping = {"callbacks": [callback]}
    model = GRURegressor(units=4, **stopping)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert model.n_iter_ < 100


class PressCtrlCInFit(Callback):
    """Presses Ctrl-C in the n-th of all fits and in later ones, after an epoch."""

    begun = 0

    def __init__(self, n):
        self.n = n

    def on_train_begin(self, net, **kwargs):
        type(self).begun += 1

    def on_epoch_begin(self, net, **kwargs):
        if self.begun >= self.n and len(net.history) == 2:
            raise KeyboardInterrupt


@pytest.fixture
def fits(monkeypatch):
    """The fits that have begun."""
    monkeypatch.setattr(PressCtrlCInFit, "begun", 0)
    return lambda: PressCtrlCInFit.begun


def interrupted(cls=GRURegressor, n=1):
    return cls(units=2, max_epochs=3, callbacks=[PressCtrlCInFit(n)], random_state=0)


GRID = {"lr": [0.01, 0.02, 0.04]}
SEARCHES = {
    "grid": lambda model, X, y: GridSearchCV(model, GRID, cv=3).fit(X, y),
    "random": lambda model, X, y: RandomizedSearchCV(model, GRID, n_iter=3).fit(X, y),
    "halving": lambda model, X, y: HalvingGridSearchCV(model, GRID).fit(X, y),
    "score": cross_val_score,
    "validate": cross_validate,
    "predict": cross_val_predict,
    "learning curve": learning_curve,
    "nested": lambda model, X, y: cross_val_score(GridSearchCV(model, GRID), X, y),
}
X, Y = SEQUENCES, SEQUENCES[:, 0, 0]


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("n", [1, 2])
def test_ctrl_c_ends_a_search(search, n, fits):
    with pytest.raises(KeyboardInterrupt):
        SEARCHES[search](interrupted(n=n), X, Y)
    assert fits() == n


@pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier, GRUForecaster])
def test_ctrl_c_ends_the_search_of_every_estimator(cls, fits):
    data = (RNG.normal(size=(100, 1)),) if cls is GRUForecaster else (X, Y > 0)
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(interrupted(cls), GRID).fit(*data)
    assert fits() == 1


def test_ctrl_c_ends_the_search_over_a_pipeline(fits):
    pipeline = make_pipeline(FunctionTransformer(), interrupted())
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(pipeline, {"gruregressor__lr": [0.01, 0.02]}).fit(X, Y)
    assert fits() == 1


class PressCtrlCInThread(PressCtrlCInFit):
    """Counts by itself: fits under way in other threads may outlive the test."""


def test_ctrl_c_in_a_thread_ends_the_search():
    model = interrupted().set_params(callbacks=[PressCtrlCInThread(1)])
    search = GridSearchCV(model, {"lr": np.linspace(0.001, 0.01, 40)}, n_jobs=2)
    with parallel_config(backend="threading"), pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    assert PressCtrlCInThread.begun < 40


@pytest.mark.parametrize("search", ["grid", "nested"])
def test_ctrl_c_in_the_final_fit_keeps_what_was_learned(search, fits):
    # In a nested search, the final fit of the inner one is part of the outer.
    model = interrupted(n=10)
    if search == "nested":
        with pytest.raises(KeyboardInterrupt):
            cross_val_score(GridSearchCV(model, GRID, cv=3), X, Y)
    else:
        with pytest.warns(ConvergenceWarning, match="after 1 whole epochs"):
            found = GridSearchCV(model, GRID, cv=3).fit(X, Y)
        assert found.best_estimator_.n_iter_ == 1
        assert np.isfinite(found.predict(X)).all()
    assert fits() == 10


class NeverCloned(GRUForecaster):
    def __sklearn_clone__(self):
        return self


def test_a_search_that_was_interrupted_leaves_the_estimator_as_it_was(fits):
    series = RNG.normal(size=(100, 1)).cumsum(axis=0)
    model = NeverCloned(8, units=2, max_epochs=3).fit(series)
    before, forecast = dict(vars(model)), model.forecast(5)
    model.set_params(callbacks=[PressCtrlCInFit(1)])
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(model, series[:70])
    model.set_params(callbacks=None)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(model.forecast(5), forecast)
    assert fits() == 1
