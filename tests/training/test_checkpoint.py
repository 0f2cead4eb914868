"""A fit that was killed and called again ends with the bits of one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from deaths import (
    HELD_OUT,
    QUICK,
    SERIES,
    Died,
    X,
    Y,
    after_deaths,
    assert_same_bits,
    assert_same_net,
    dying,
    with_checkpoint,
)
from numpy.testing import assert_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler
from torch.optim import Adagrad

from sklearn_gru import (
    CharGRUGenerator,
    Checkpoint,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
)

RNG = np.random.default_rng(1)
LABELS = np.where(Y > 0, "up", "down")
RAGGED = [x[: 3 + i % 5] for i, x in enumerate(X)]
WITH_HOLES = np.where(RNG.random(SERIES.shape) < 0.05, np.nan, SERIES)
TEXTS = ["to be or not to be", "that is the question", "whether it is nobler"] * 4
STOPS = {**HELD_OUT, "max_epochs": 30, "n_iter_no_change": 2, "lr": 0.1, "tol": 0.2}


class CountBatches(Callback):
    """Remembers something of every batch, and records it."""

    def on_train_begin(self, net, **kwargs):
        self.seen = np.zeros(2)

    def on_batch_end(self, net, training=False, loss=None, **kwargs):
        self.seen[int(training)] += 1
        self.last = loss

    def on_epoch_end(self, net, **kwargs):
        net.history.record("seen", float(self.seen @ [1, 1000]))
        net.history.record("last", self.last.item())

    def state_dict(self):
        return {"seen": self.seen, "last": self.last}

    def load_state_dict(self, state):
        self.seen = state["seen"] + np.zeros(2)
        self.last = torch.clone(state["last"])


def halve(epoch):
    return 0.5**epoch


MAE = EpochScoring("neg_mean_absolute_error", lower_is_better=False, name="mae")
STOP = EarlyStopping("mae", lower_is_better=False, patience=2, load_best=True)
STEPS = LRScheduler("MultiStepLR", milestones=[1, 2], gamma=0.1)
HALVES = LRScheduler("LambdaLR", lr_lambda=halve)
CONSTANT = {"lr_schedule": "constant"}
REGRESSORS = {
    "plain": {},
    "dropout": {"units": (4, 3), "dropout": 0.3},
    "bending": {"time_warp": 0.3, "conv_filters": 4},
    "several": {"n_estimators": 2, "dropout": 0.2},
    "plateau": {"lr_schedule": "plateau", "lr": 0.1, **HELD_OUT},
    "stops": STOPS,
    "sgd": {"optimizer": "sgd", **CONSTANT},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1},
    "rmsprop": {"optimizer": "rmsprop", "dtype": "float64"},
    "adagrad": {"optimizer": Adagrad},
    "torch": {"kernel": "torch"},
    "scored": {**STOPS, "callbacks": [MAE, ("stop", STOP)]},
    "steps": {**CONSTANT, "callbacks": [STEPS]},
    "halves": {**CONSTANT, "callbacks": [HALVES]},
    "counted": {"callbacks": [CountBatches]},
}
CASES = {
    name: (GRURegressor(**QUICK | given), (X, Y)) for name, given in REGRESSORS.items()
} | {
    "bidirectional": (GRURegressor(**QUICK, bidirectional=True), (RAGGED, Y)),
    "lstm": (GRUClassifier(**QUICK, cell="lstm"), (X, LABELS)),
    "classifier": (GRUClassifier(**QUICK, **HELD_OUT, dropout=0.1), (X, LABELS)),
    "forecaster": (GRUForecaster(**QUICK), (SERIES,)),
    "calibrated": (GRUForecaster(**QUICK, calibration_fraction=0.3), (SERIES,)),
    "quantiles": (GRUForecaster(**QUICK, loss="quantile", n_estimators=2), (SERIES,)),
    "missing": (GRUForecaster(**QUICK, missing="mask"), (WITH_HOLES,)),
    "generator": (CharGRUGenerator(**QUICK, dropout=0.1), (TEXTS,)),
    "endless": (CharGRUGenerator(**QUICK, **HELD_OUT), (" ".join(TEXTS),)),
}


def results(model, data):
    if isinstance(model, CharGRUGenerator):
        return model.predict_proba(TEXTS)
    if isinstance(model, GRUForecaster):
        forecast = model.forecast(5)
        if not model.calibration_fraction:
            return forecast
        return [forecast, *model.predict_interval(data[0], steps=2)]
    return model.predict(data[0])


@pytest.mark.parametrize("name", CASES)
def test_a_fit_that_dies_after_every_epoch_has_the_same_result(
    name, tmp_path, monkeypatch
):
    model, data = CASES[name]
    expected = clone(model).fit(*data)
    mortal = with_checkpoint(model, tmp_path)
    model, n_deaths = after_deaths(monkeypatch, lambda: mortal.fit(*data))
    assert n_deaths >= expected.n_iter_ - 1
    assert_same_bits(model, expected)
    assert_equal(results(model, data), results(expected, data))
    assert os.listdir(tmp_path) == []
    for each in (model, expected):
        each.set_params(callbacks=None).partial_fit(*data)
    assert_same_bits(model, expected)


def test_early_stopping_is_among_the_cases():
    for name in ("stops", "scored"):
        model, data = CASES[name]
        assert 3 < clone(model).fit(*data).n_iter_ < model.max_epochs


def test_one_death_in_the_middle(tmp_path, monkeypatch):
    expected = GRURegressor(**QUICK, dropout=0.2).fit(X, Y)
    model = with_checkpoint(expected, tmp_path)
    for epoch in range(1, 4):
        with pytest.raises(Died, match=f"^{epoch}$"), dying(monkeypatch, after=epoch):
            model.fit(X, Y)
        assert not hasattr(model, "net_")
        assert_same_bits(clone(model).fit(X, Y), expected)


def test_a_warm_start_is_continued(tmp_path, monkeypatch):
    expected = GRURegressor(**QUICK, dropout=0.2, warm_start=True).fit(X, Y)
    model = with_checkpoint(expected, tmp_path).fit(X, Y)
    model, n_deaths = after_deaths(monkeypatch, lambda: model.fit(X, Y))
    assert n_deaths == 3
    assert_same_bits(model, expected.fit(X, Y))
    assert model.n_iter_ == 8


def test_a_warm_start_is_continued_after_a_repeated_first_fit(tmp_path, monkeypatch):
    first = with_checkpoint(GRUForecaster(**QUICK, warm_start=True), tmp_path)
    with pytest.raises(Died, match="2"), dying(monkeypatch, after=6):
        clone(first).fit(SERIES[:80]).fit(SERIES)
    again = clone(first).fit(SERIES[:80])
    (left,) = tmp_path.iterdir()
    assert_same_bits(again.fit(SERIES), clone(first).fit(SERIES[:80]).fit(SERIES))
    assert not left.exists()


def test_sktimes_forecaster_and_its_intervals(tmp_path, monkeypatch):
    pytest.importorskip("sktime")
    from sklearn_gru.sktime import GRUForecaster as Forecaster

    y = pd.Series(SERIES[:, 0])
    expected = Forecaster(**QUICK).fit(y, fh=[1, 2])
    model = Forecaster(**QUICK, checkpoint=Checkpoint(tmp_path, 0))
    model, n_deaths = after_deaths(monkeypatch, lambda: model.fit(y, fh=[1, 2]))
    intervals, n_more = after_deaths(monkeypatch, model.predict_interval)
    assert (n_deaths, n_more) == (3, 4)
    assert_same_net(model.forecaster_.net_, expected.forecaster_.net_)
    pd.testing.assert_frame_equal(intervals, expected.predict_interval(), rtol=0)
    assert os.listdir(tmp_path) == []


def test_sktimes_pretraining(tmp_path, monkeypatch):
    pytest.importorskip("sktime")
    from sklearn_gru.sktime import GRUForecaster as Forecaster

    names = pd.MultiIndex.from_product([["m", "n"], range(90)])
    panel = pd.DataFrame({"y": SERIES.T.ravel()}, index=names)
    expected = Forecaster(**QUICK).pretrain(panel)
    model = Forecaster(**QUICK, checkpoint=Checkpoint(tmp_path, 0))
    model, n_deaths = after_deaths(monkeypatch, lambda: model.pretrain(panel))
    assert n_deaths == 3
    assert_same_net(model.pretrained_.net_, expected.pretrained_.net_)


KILLED = """
import os, signal, sys
from deaths import QUICK, X, Y, with_checkpoint
from sklearn_gru import GRURegressor
from sklearn_gru.training.checkpoint import RunFile

end_epoch = RunFile.end_epoch

def end_epoch_and_die(file, net):
    end_epoch(file, net)
    os.kill(os.getpid(), signal.SIGKILL)

RunFile.end_epoch = end_epoch_and_die
with_checkpoint(GRURegressor(**QUICK, dropout=0.2), sys.argv[1]).fit(X, Y)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows kills otherwise")
def test_a_killed_process_is_continued_by_another_one(tmp_path):
    folder = Path(__file__).parents[1]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": f"{folder}:{folder.parent}"}
        run = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            env={**environment, "PYTHONHASHSEED": seed},
            check=False,
        )
        assert run.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    expected = GRURegressor(**QUICK, dropout=0.2).fit(X, Y)
    model = with_checkpoint(expected, tmp_path).set_params(verbose=1)
    model.fit(X, Y)
    assert_same_bits(model, expected)
    assert os.listdir(tmp_path) == []


class PressCtrlC(Callback):
    """Presses it in the second batch after some epochs, once."""

    n_epochs = None

    def on_batch_end(self, net, training=False, **kwargs):
        if len(net.history) == self.n_epochs and training:
            type(self).n_epochs = None
            raise KeyboardInterrupt

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def test_ctrl_c_keeps_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(PressCtrlC, "n_epochs", 3)
    expected = GRURegressor(**QUICK, callbacks=[PressCtrlC])
    model = with_checkpoint(expected, tmp_path)
    with pytest.warns(ConvergenceWarning, match="after 2 whole epochs"):
        model.fit(X, Y)
    assert len(list(tmp_path.iterdir())) == 1
    assert_same_bits(model.fit(X, Y), expected.fit(X, Y))
    assert os.listdir(tmp_path) == []


def test_a_search_shares_a_folder_among_processes(tmp_path):
    grid = {"lr": [0.01, 0.02, 0.04]}
    search = GridSearchCV(GRURegressor(**QUICK), grid, cv=2, n_jobs=2).fit(X, Y)
    model = with_checkpoint(GRURegressor(**QUICK), tmp_path)
    shared = GridSearchCV(model, grid, cv=2, n_jobs=2, error_score="raise").fit(X, Y)
    assert_equal(
        shared.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"]
    )
    assert_same_bits(shared.best_estimator_, search.best_estimator_)
    assert os.listdir(tmp_path) == []


def test_a_killed_search_continues_the_fit_that_was_under_way(tmp_path, monkeypatch):
    model = with_checkpoint(GRURegressor(**QUICK), tmp_path)
    grid = {"lr": [0.01, 0.02]}
    with pytest.raises(Died, match="2"), dying(monkeypatch, after=6):
        GridSearchCV(model, grid, cv=2).fit(X, Y)
    (left,) = tmp_path.iterdir()
    search = GridSearchCV(model, grid, cv=2).fit(X, Y)
    expected = GridSearchCV(GRURegressor(**QUICK), grid, cv=2).fit(X, Y)
    assert_equal(search.best_score_, expected.best_score_)
    assert not left.exists()
