"""The functions that split windows into training and held-out ones."""

import numpy as np
import pytest
from skorch.callbacks import Callback

from sklearn_gru import GRUForecaster
from sklearn_gru.estimators.forecasting import split_windows

SPLITS = [
    (n, stride, horizon, fraction)
    for n in (1, 2, 7, 50)
    for stride in (1, 3)
    for horizon in (1, 5)
    for fraction in (None, 0.1, 0.5)
]


@pytest.mark.parametrize(("n_windows", "stride", "horizon", "fraction"), SPLITS)
def test_splits_are_those_of_a_loop(n_windows, stride, horizon, fraction):
    """Window w has the targets w to w + horizon - 1, counted from the first target."""
    split = split_windows(n_windows, stride, horizon, fraction)
    if fraction is None:
        assert [list(part) for part in split] == [list(range(0, n_windows, stride)), []]
        return
    first_held_out = n_windows - max(1, round(n_windows * fraction))
    training, held_out = [], []
    for window in range(0, n_windows, stride):
        if window >= first_held_out:
            held_out.append(window)
        elif window + horizon - 1 < first_held_out:
            training.append(window)
    assert [list(part) for part in split] == [training, held_out]


class KeepDataset(Callback):
    def on_train_begin(self, net, X=None, **kwargs):
        self.dataset_ = X


def test_early_stopping_trains_on_the_windows_of_the_split():
    series = np.random.default_rng(0).normal(size=(200, 1))
    settings = {"horizon": 5, "stride": 2, "max_epochs": 1, "early_stopping": True}
    keep = KeepDataset()
    GRUForecaster(10, 4, **settings, callbacks=[keep]).fit(series)
    training, held_out = split_windows(200 - 10 - 5 + 1, 2, 5, 0.1)
    assert list(keep.dataset_.indices) == list(training)
    assert list(keep.dataset_.validation.indices) == list(held_out)
