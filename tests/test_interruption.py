"""Ctrl-C keeps what was learned; early stopping is no interruption."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
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
