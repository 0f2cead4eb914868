"""Updates across a gap, and what intervals are made from."""

import threading

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import sklearn_gru
from sklearn_gru.estimators.forecasting import Rows
from sklearn_gru.sktime import GRUForecaster

QUICK = {"window_length": 6, "units": 4, "max_epochs": 2, "random_state": 0}
STILL = {**QUICK, "optimizer": "sgd", "lr": 1e-300}
RNG = np.random.default_rng(0)
INDEX = pd.date_range("2020-01-01", periods=160)
Y = pd.Series(50 + RNG.normal(size=160).cumsum(), INDEX)
ROWS = Y.to_numpy()[:, None]


def weights(forecaster):
    module = forecaster.forecaster_.net_.module_
    return torch.cat([p.detach().ravel() for p in module.parameters()]).clone()


def test_an_update_behind_a_gap_trains_on_the_rows_behind_it():
    forecaster = GRUForecaster(**QUICK).fit(Y[:100])
    before = weights(forecaster)
    with pytest.warns(UserWarning, match="Rows are missing between 2020-04-09.* and 2"):
        forecaster.update(Y[110:130])
    assert not torch.equal(weights(forecaster), before)
    plain = sklearn_gru.GRUForecaster(**QUICK).fit(ROWS[:100])
    engine = plain.engine_.restart(Rows(ROWS[110:130]), plain)
    np.testing.assert_allclose(
        forecaster.predict([1, 2, 3]), engine.forecast(3)[:, 0], rtol=1e-6
    )


def test_too_few_rows_behind_a_gap_are_history_and_a_warning():
    forecaster = GRUForecaster(**QUICK).fit(Y[:100])
    before = weights(forecaster)
    with pytest.warns(UserWarning, match=r"missing .*: 3 rows are too few to train"):
        forecaster.update(Y[110:113])
    assert torch.equal(weights(forecaster), before)
    forecaster.update(Y[113:125])  # trains, and joins the three
    assert not torch.equal(weights(forecaster), before)
    with pytest.raises(ValueError, match="only 15 rows are known"):
        forecaster.predict([-15])


@pytest.mark.parametrize("asked_before", [False, True])
@pytest.mark.parametrize("update_params", [False, True])
@pytest.mark.parametrize("n_later", [3, 25])
@pytest.mark.filterwarnings("ignore:Rows are missing")
def test_errors_measured_before_a_gap_are_kept(asked_before, update_params, n_later):
    settings = {**QUICK, "interval_method": "split"}
    forecaster = GRUForecaster(**settings).fit(Y[:100])
    if asked_before:
        forecaster.predict_interval([1, 2])
    forecaster.update(Y[110:][:n_later], update_params=update_params)
    bounds = forecaster.predict_interval([1, 2], coverage=0.8).to_numpy()
    # By hand: a model of the first 80 rows, its errors on the others before the gap;
    # behind it, the errors of the model of all rows before it.
    twin = GRUForecaster(**{**QUICK, "max_epochs": 2 * 100 // 80}).fit(Y[:80])
    twin.update(Y[80:100], update_params=False)
    errors = [(Y[80:100] - twin.predict(range(-19, 1))).abs()]
    if n_later > 6:
        twin = GRUForecaster(**QUICK).fit(Y[:100])
        twin.update(Y[110:][:n_later], update_params=False)
        behind = twin.predict(range(7 - n_later, 1))
        errors.append((Y[behind.index] - behind).abs())
    sizes = np.sort(np.concatenate(errors))
    expected = sizes[int(np.ceil((len(sizes) + 1) * 0.8)) - 1]
    assert (bounds[0, 1] - bounds[0, 0]) / 2 == pytest.approx(expected, rel=1e-5)


def test_a_second_model_is_announced_once(capsys):
    forecaster = GRUForecaster(**QUICK, verbose=1).fit(Y[:100])
    capsys.readouterr()
    forecaster.predict_interval([1])
    assert "second model on the first 80 of 100 rows" in capsys.readouterr().out
    forecaster.update(Y[:105], update_params=False).predict_interval([1, 2])
    assert "second model" not in capsys.readouterr().out


def test_bounds_do_not_depend_on_when_they_were_asked_for():
    often, once = (GRUForecaster(**QUICK).fit(Y[:100]) for _ in range(2))
    for stop in (101, 102, 110, 130):
        often.predict_interval([1, 2])
        often.predict_quantiles([5], alpha=0.5)
        often.update(Y[:stop], update_params=False)
    once.update(Y[:130], update_params=False)
    pd.testing.assert_frame_equal(
        often.predict_interval([1, 2, 5]), once.predict_interval([1, 2, 5])
    )


def test_bounds_are_the_same_for_all_that_ask_at_once():
    forecaster = GRUForecaster(**{**QUICK, "random_state": None}).fit(Y[:100])
    asked = []

    def ask():
        asked.append(forecaster.predict_interval([1, 2]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 4
    for bounds in asked:
        pd.testing.assert_frame_equal(bounds, forecaster.predict_interval([1, 2]))


def test_errors_of_a_pretrained_network_are_not_those_of_training():
    panel = pd.concat({i: Y[i * 30 : i * 30 + 60].to_frame("y") for i in range(3)})
    forecaster = GRUForecaster(**QUICK, lr=0.05).pretrain(panel)
    forecaster.fit(Y[100:140])
    untrained = forecaster.clone().fit(Y[100:140])
    untrained.update(Y[100:150], update_params=False)
    forecaster.update(Y[100:150])  # trains on these rows
    ours, theirs = (
        f.predict_interval([1], coverage=0.8).to_numpy()[0]
        for f in (forecaster, untrained)
    )
    assert np.ptp(ours) == pytest.approx(np.ptp(theirs))


def test_too_few_rows_to_train_on_become_history():
    panel = pd.concat({i: Y[i * 30 : i * 30 + 60].to_frame("y") for i in range(3)})
    forecaster = GRUForecaster(**QUICK).pretrain(panel).fit(Y[100:103])
    with pytest.warns(UserWarning, match="^5 rows are too few to train on"):
        forecaster.update(Y[103:105])
    before = weights(forecaster)
    forecaster.update(Y[105:110])
    assert not torch.equal(weights(forecaster), before)


def test_an_update_that_fails_or_brings_nothing_moves_no_cutoff():
    X = pd.DataFrame({"p": RNG.normal(size=160)}, INDEX)
    forecaster = GRUForecaster(**QUICK).fit(Y[:100], X[:100])
    expected = forecaster.predict([1, 2], X[100:])
    with pytest.raises(ValueError, match="used without it"):
        forecaster.update(Y[100:120])
    pd.testing.assert_series_equal(forecaster.predict([1, 2], X[100:]), expected)
    forecaster.update(Y[20:50], X[20:50])
    assert forecaster.cutoff[0] == INDEX[99]
    pd.testing.assert_series_equal(forecaster.predict([1, 2], X[100:]), expected)
    forecaster.update(Y[100:120], X[100:120], update_params=False)
    assert forecaster.predict([1], X[120:]).index[0] == INDEX[120]


@pytest.mark.parametrize("places", [[100, 101, 110, 111], [98, 99, 110, 111]])
def test_holes_inside_are_an_error(places):
    hole = "hole: .* is followed by 2020-04-20"
    forecaster = GRUForecaster(**QUICK).fit(Y[:100])
    with pytest.raises(ValueError, match=hole):
        forecaster.update(Y.iloc[places])
    numbered = Y.set_axis(range(160))
    with pytest.raises(ValueError, match="hole: 49 is followed by 60"):
        GRUForecaster(**QUICK).fit(numbered.drop(range(50, 60)))
    with pytest.raises(ValueError, match=r"steps of 2, .*reset_index"):
        GRUForecaster(**QUICK).fit(numbered[::2])


def test_updates_of_dates_without_freq():
    plain = Y.set_axis(INDEX._with_freq(None))
    one, two = (
        GRUForecaster(**QUICK).fit(plain[:100]),
        GRUForecaster(**QUICK).fit(Y[:100]),
    )
    for stop in (101, 120):
        one.update(plain[:stop], update_params=False)
        two.update(Y[:stop], update_params=False)
    expected = two.forecaster_.forecast(3)
    np.testing.assert_array_equal(one.forecaster_.forecast(3), expected)


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.sets(st.integers(41, 159), max_size=5).map(sorted),
    overlap=st.integers(0, 12),
    trains=st.booleans(),
    asks=st.booleans(),
)
def test_forecasts_do_not_depend_on_the_split_into_updates(cuts, overlap, trains, asks):
    parts = GRUForecaster(**STILL).fit(Y[:40], fh=[1, 3])
    whole = GRUForecaster(**STILL).fit(Y[:40], fh=[1, 3]).update(Y, update_params=False)
    start = 40
    for stop in [*cuts, 160]:
        if asks:
            parts.predict_interval(coverage=0.5)
        parts.update(Y[max(0, start - overlap) : stop], update_params=trains)
        start = stop
    fh = [-100, -30, -1, 0, 1, 3, 7]
    np.testing.assert_allclose(parts.predict(fh), whole.predict(fh), rtol=1e-5)
    if not trains:  # training makes a new second model
        bounds = parts.predict_interval(fh), whole.predict_interval(fh)
        np.testing.assert_allclose(*bounds, rtol=1e-5)
