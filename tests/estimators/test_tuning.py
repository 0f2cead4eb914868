"""Training on from the weights in the package."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sktime.datasets import load_airline

from sklearn_gru import GRUForecaster, load
from sklearn_gru.sktime import GRUForecaster as SktimeForecaster

AIRLINE = load_airline().to_frame()
TUNED = {"weights": "synthetic", "max_epochs": 3, "random_state": 0}
RNG = np.random.default_rng(0)


def chirp(n_rows):
    """A wave that no naive forecast repeats: it becomes faster and faster."""
    return np.sin((np.arange(n_rows) / 6) ** 1.15)[:, None]


def weights_of(model):
    return copy.deepcopy(model.net_.module_.state_dict())


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns_what_the_weights_do_not_know():
    series = chirp(600)
    known, truth = series[:-24], series[-24:]
    zero_shot = GRUForecaster(weights="synthetic", horizon=24).fit(known)
    tuned = GRUForecaster(**{**TUNED, "max_epochs": 15}, horizon=24).fit(known)
    before, after = (np.abs(m.forecast(24) - truth).mean() for m in (zero_shot, tuned))
    assert after < 0.8 * before


def test_the_best_epoch_counts_and_never_a_worse_one():
    noise = RNG.normal(size=(120, 1))
    model = GRUForecaster(**{**TUNED, "max_epochs": 20, "lr": 0.05}).fit(noise)
    plain = GRUForecaster(weights="synthetic").fit(noise)
    assert model.n_iter_ > 0
    assert same(weights_of(model), weights_of(plain))
    # Without held-out rows nothing speaks against any epoch.
    blind = GRUForecaster(**TUNED, early_stopping=False).fit(noise)
    assert not same(weights_of(blind), weights_of(plain))


def test_the_loss_is_that_of_the_kept_weights():
    model = GRUForecaster(**TUNED, n_iter_no_change=3, tol=0.0).fit(chirp(400))
    losses = model.net_.history[:, "valid_loss"]
    assert len(losses) == 3
    once = {
        **TUNED,
        "max_epochs": 1 + int(np.argmin(losses)),
        "lr_schedule": "constant",
    }
    constant = GRUForecaster(**{**once, "max_epochs": 3}, tol=0.0)
    constant.fit(chirp(400))
    best = int(np.argmin(constant.net_.history[:, "valid_loss"]))
    fewer = GRUForecaster(**{**once, "max_epochs": best + 1}, tol=0.0)
    fewer.fit(chirp(400))
    assert same(weights_of(constant), weights_of(fewer))


def test_forecasts_reach_as_far_and_the_seed_counts():
    one, other, another = (
        GRUForecaster(**{**TUNED, "random_state": seed}, horizon=3).fit(chirp(300))
        for seed in (0, 0, 1)
    )
    assert one.forecast(100).shape == (100, 1)
    assert one.net_.module_.horizon == 64
    assert_array_equal(one.forecast(9), other.forecast(9))
    assert (one.forecast(9) != another.forecast(9)).any()


@pytest.mark.parametrize("n_rows", [12, 30, 60])
def test_short_series_are_enough(n_rows):
    series = RNG.normal(size=(n_rows, 2)).cumsum(axis=0)
    model = GRUForecaster(**TUNED).fit(series)
    assert np.isfinite(model.forecast(20)).all()


def test_too_short_a_series_is_told_what_to_do():
    with pytest.raises(ValueError, match="give a longer series"):
        GRUForecaster(**TUNED).fit(np.arange(2.0)[:, None])


def test_missing_and_calibration_rows_are_left_out():
    holed = chirp(300)
    holed[50:60] = np.nan
    holed[::13] = np.nan
    model = GRUForecaster(**TUNED, missing="mask", calibration_fraction=0.2)
    model.fit(holed)
    seen = GRUForecaster(**TUNED, missing="mask").fit(holed[:240])
    assert model.n_iter_ == 3
    for name, weight in weights_of(seen).items():
        assert_allclose(weights_of(model)[name], weight, rtol=1e-4, atol=1e-6)
    assert model.predict_interval(steps=5).shape == (5, 1, 2)


def test_a_panel_is_learned_together():
    panel = pd.concat({"a": AIRLINE, "b": 3 * AIRLINE[-70:], "c": AIRLINE[:40]})
    face = SktimeForecaster(**TUNED).pretrain(panel, fh=[1, 2, 3])
    weights = face.pretrained_.net_.module_.state_dict()
    plain = GRUForecaster(weights="synthetic").fit(AIRLINE)
    assert face.pretrained_.n_iter_ == 3
    assert not same(weights, weights_of(plain))
    later = face.fit(AIRLINE, fh=[1, 2, 3])
    assert same(later.forecaster_.net_.module_.state_dict(), weights)


def test_without_pretraining_each_series_is_learned_by_itself():
    panel = pd.concat({"a": AIRLINE, "b": 3 * AIRLINE[-70:]})
    face = SktimeForecaster(**TUNED).fit(panel, fh=[1, 2, 3])
    alone = SktimeForecaster(**TUNED).fit(AIRLINE, fh=[1, 2, 3])
    assert alone.forecaster_.n_iter_ == 3
    assert_allclose(face.predict().loc["a"], alone.predict(), rtol=1e-6)


def test_new_rows_are_taken_in_without_training():
    model = GRUForecaster(**TUNED).fit(AIRLINE[:120])
    weights = weights_of(model)
    model.partial_fit(AIRLINE[120:])
    assert same(weights_of(model), weights)
    assert model.engine_.history.n_rows == 144
    assert GRUForecaster(**TUNED).partial_fit(AIRLINE).n_iter_ == 0


def test_warm_start_goes_on():
    model = GRUForecaster(**TUNED, warm_start=True, early_stopping=False).fit(AIRLINE)
    assert model.fit(AIRLINE).n_iter_ == 6


def test_it_can_be_kept(tmp_path):
    model = GRUForecaster(**TUNED).fit(chirp(200))
    model.save(tmp_path / "model.safetensors")
    kept = load(tmp_path / "model.safetensors")
    assert_array_equal(kept.forecast(20), model.forecast(20))


def test_training_needs_epochs():
    with pytest.raises(ValueError, match=r"batch_size=8 has no effect .* max_epochs"):
        GRUForecaster(weights="synthetic", batch_size=8).fit(AIRLINE)
    with pytest.raises(ValueError, match="units=8 has no effect"):
        GRUForecaster(**TUNED, units=8).fit(AIRLINE)
    assert GRUForecaster(**TUNED, batch_size=8, lr=0.01).fit(AIRLINE).n_iter_ == 3
