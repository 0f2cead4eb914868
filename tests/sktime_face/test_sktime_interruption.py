"""Ctrl-C ends a backtest or a search, and not just one of its fits."""

import numpy as np
import pandas as pd
import pytest
from skorch.callbacks import Callback
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.split import ExpandingWindowSplitter

from sklearn_gru.sktime import GRUForecaster

pytestmark = pytest.mark.filterwarnings("ignore:.*remember_data:FutureWarning")
CV = ExpandingWindowSplitter(fh=[1, 2], initial_window=60, step_length=10)
Y = pd.Series(np.sin(np.arange(100) / 4))


class PressCtrlC(Callback):
    """Presses Ctrl-C in the first epoch of the n-th of all fits."""

    begun = 0

    def __init__(self, n):
        self.n = n

    def on_train_begin(self, net, **kwargs):
        PressCtrlC.begun += 1

    def on_epoch_begin(self, net, **kwargs):
        if PressCtrlC.begun == self.n:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _no_fit_has_begun(monkeypatch):
    monkeypatch.setattr(PressCtrlC, "begun", 0)


def interrupted(n):
    callbacks = [PressCtrlC(n)]
    return GRUForecaster(8, units=2, max_epochs=1, random_state=0, callbacks=callbacks)


def search(n, backend="None"):
    grid = {"units": [2, 3]}
    return ForecastingGridSearchCV(interrupted(n), CV, grid, backend=backend)


@pytest.mark.parametrize("strategy", ["refit", "update"])
@pytest.mark.parametrize("n", [1, 2])
def test_ctrl_c_ends_a_backtest(strategy, n):
    with pytest.raises(KeyboardInterrupt):
        evaluate(interrupted(n), CV, Y, strategy=strategy)
    assert PressCtrlC.begun == n


@pytest.mark.parametrize("n", [1, 2])
def test_ctrl_c_ends_a_search(n):
    with pytest.raises(KeyboardInterrupt):
        search(n).fit(Y)
    assert PressCtrlC.begun == n


def test_ctrl_c_in_a_worker_process_ends_a_search():
    with pytest.raises(KeyboardInterrupt):
        search(1, backend="loky").fit(Y)


def test_ctrl_c_in_the_final_fit_keeps_what_was_learned():
    n_folds = CV.get_n_splits(Y)
    with pytest.warns(UserWarning, match="after 0 whole epochs"):
        found = search(2 * n_folds + 1).fit(Y)
    assert np.isfinite(found.predict([1, 2])).all()
