"""One model per series by default; one for all of them after `pretrain`."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_gru.sktime import GRUForecaster

QUICK = {"window_length": 8, "units": 6, "max_epochs": 3, "random_state": 0}
PERIOD = 6


def make_wave(i, n_rows=40, start=0):
    rng = np.random.default_rng(i)
    phase, size, level = rng.uniform(0, 6), rng.uniform(1, 50), rng.uniform(-200, 200)
    time = np.arange(start, start + n_rows)
    rows = level + size * np.sin(2 * np.pi * time / PERIOD + phase)
    index = pd.period_range("2015-01", periods=n_rows, freq="M", name="time")
    return pd.Series(rows + 0.2 * size * rng.normal(size=n_rows), index, name="y")


def make_panel(n_series=3, lengths=(40,)):
    parts = {f"s{i}": make_wave(i, lengths[i % len(lengths)]) for i in range(n_series)}
    return pd.concat(parts, names=["series"]).to_frame()


def make_hierarchy():
    panel = {g: make_panel(2) for g in ("north", "south")}
    panel["south"] = panel["south"] * 2
    return pd.concat(panel, names=["region"])


def weights(engine):
    module = engine.net_.module_
    return torch.cat([p.detach().ravel() for p in module.parameters()]).clone()


def each_series(panel):
    levels = list(range(panel.index.nlevels - 1))
    for key, series in panel.groupby(panel.index.droplevel(-1)):
        key = key if isinstance(key, tuple) else (key,)
        yield key, series.droplevel(levels)


PANELS = {
    "panel": make_panel(),
    "unequal": make_panel(lengths=(40, 30, 55)),
    "hierarchy": make_hierarchy(),
}
every_panel = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)


@every_panel
def test_by_default_every_series_has_a_model_of_its_own(panel):
    fh = [1, 3, -2]
    forecast = GRUForecaster(**QUICK).fit(panel, fh=fh).predict()
    n_series = 0
    for key, series in each_series(panel):
        alone = GRUForecaster(**QUICK).fit(series, fh=fh).predict()
        pd.testing.assert_frame_equal(forecast.loc[key], alone, check_names=False)
        n_series += 1
    assert len(forecast) == 3 * n_series


# Pretraining


@every_panel
def test_pretrained_forecasters_take_new_series_without_training(panel):
    forecaster = GRUForecaster(**QUICK).pretrain(panel)
    before = weights(forecaster.pretrained_)
    for new in (make_wave(100, 12), make_wave(101, 30)):
        forecaster.fit(new)
        assert torch.equal(weights(forecaster.forecaster_), before)
        assert np.isfinite(forecaster.predict([1, 2])).all()


def test_pretraining_is_training_on_the_windows_of_every_series():
    panel = make_panel(3, lengths=(40, 30, 55))
    forecaster = GRUForecaster(
        **{**QUICK, "max_epochs": 1, "center": None, "dtype": "float64"},
        batch_size=1000,  # one step of gradient descent over all windows
        optimizer="sgd",
        gradient_clip=None,
        lr_schedule="constant",
    ).pretrain(panel)
    windows, targets = [], []
    for _, series in each_series(panel):
        z = series["y"].to_numpy()
        z = (z - z.mean()) / z.std()
        windows += [z[t : t + 8] for t in range(len(z) - 8)]
        targets += list(z[8:])
    assert len(windows) == 32 + 22 + 47
    # The loss of the only epoch is that of the initial weights, as is the loss of a
    # forecaster that has the same seed and does not move.
    still = GRUForecaster(
        **{**QUICK, "max_epochs": 1, "center": None, "dtype": "float64"},
        batch_size=1000,
        optimizer="sgd",
        lr=1e-300,
    ).pretrain(panel)
    module = still.pretrained_.net_.module_
    with torch.no_grad():
        forecast = module(torch.tensor(np.array(windows))[:, :, None])[:, 0, 0]
    loss = np.mean((forecast.numpy() - targets) ** 2)
    assert forecaster.pretrained_.loss_curve_ == pytest.approx([loss])


@torch.no_grad()
def test_new_series_are_standardised_by_themselves():
    new = make_wave(100, 20)
    forecaster = GRUForecaster(**QUICK, dtype="float64", horizon=2)
    forecaster.pretrain(make_panel()).fit(new)
    z = torch.tensor(((new - new.mean()) / new.std(ddof=0)).to_numpy())
    block = forecaster.pretrained_.net_.module_(z[-8:][None, :, None])[0, :, 0]
    expected = block.numpy() * new.std(ddof=0) + new.mean()
    np.testing.assert_allclose(forecaster.predict([1, 2]), expected, rtol=1e-9)


@pytest.mark.parametrize("n_rows", [1, 3, 8])
def test_series_no_longer_than_the_window_can_be_taken_in(n_rows):
    forecaster = GRUForecaster(**QUICK).pretrain(make_panel())
    forecast = forecaster.fit(make_wave(100, n_rows)).predict([1, 2])
    assert np.isfinite(forecast).all()


def test_a_change_of_units_changes_the_forecast_alike():
    forecaster = GRUForecaster(**QUICK, dtype="float64").pretrain(make_panel())
    new = make_wave(100, 20)
    plain = forecaster.fit(new).predict([1, 5])
    scaled = forecaster.fit(1000 * new + 7).predict([1, 5])
    np.testing.assert_allclose(scaled, 1000 * plain + 7, rtol=1e-6)


@pytest.mark.parametrize("center", ["last", None])
@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_a_series_that_begins_with_one_row_is_forecast_in_its_own_units(size, center):
    """One row, or several alike, have no spread to standardise by."""
    forecaster = GRUForecaster(**QUICK, dtype="float64", center=center)
    forecaster.pretrain(make_panel())
    new = make_wave(100, 20)
    forecasts = []
    for series in (new, size * new):
        forecaster.fit(series[:1], fh=[1, 5])
        first = forecaster.predict()
        forecaster.update(series[1:], update_params=False)
        forecasts.append(np.concatenate([first, forecaster.predict()]))
    np.testing.assert_allclose(forecasts[1] / size, forecasts[0], rtol=1e-6)


@pytest.mark.parametrize("walks_first", [False, True])
def test_what_a_panel_teaches_is_not_chosen_on_its_last_series_alone(walks_first):
    """Panels are often sorted by kind; of some kinds there is nothing to learn."""
    waves = [make_wave(i, 80).to_numpy() for i in range(14)]
    walks = [np.random.default_rng(i).normal(size=80).cumsum() for i in range(6)]
    series = walks + waves if walks_first else waves + walks
    parts = {i: pd.Series(rows, name="y") for i, rows in enumerate(series)}
    forecaster = GRUForecaster(**QUICK, season_length=None)
    forecaster.pretrain(pd.concat(parts).to_frame())
    module = forecaster.pretrained_.net_.module_
    assert module.center == "last"
    assert module.linear_path.solved.abs().sum() > 1


def test_pretraining_goes_on():
    first, second = make_panel(4).loc[["s0", "s1"]], make_panel(4).loc[["s2", "s3"]]
    forecaster = GRUForecaster(**QUICK).pretrain(first)
    before = weights(forecaster.pretrained_)
    forecaster.pretrain(second)
    assert not torch.equal(weights(forecaster.pretrained_), before)
    assert forecaster.pretrained_.n_iter_ == 4
    assert np.isfinite(forecaster.fit(make_wave(100, 20)).predict([1])).all()


def test_fitting_leaves_the_pretrained_model_alone():
    forecaster = GRUForecaster(**QUICK).pretrain(make_panel())
    before = weights(forecaster.pretrained_)
    new = make_wave(100, 40)
    forecaster.fit(new[:30]).update(new[30:])  # trains the copy
    assert not torch.equal(weights(forecaster.forecaster_), before)
    assert torch.equal(weights(forecaster.pretrained_), before)


def test_reset_forgets_what_was_pretrained():
    forecaster = GRUForecaster(**QUICK).pretrain(make_panel())
    new = make_wave(100, 40)
    expected = GRUForecaster(**QUICK).fit(new).predict([1])
    pd.testing.assert_series_equal(forecaster.reset().fit(new).predict([1]), expected)


def test_clones_keep_what_was_pretrained():
    """As sktime has it: so a pretrained forecaster can serve in `evaluate`."""
    forecaster = GRUForecaster(**QUICK).pretrain(make_panel())
    twin = forecaster.clone()
    new = make_wave(100, 20)
    expected = forecaster.fit(new).predict([1])
    pd.testing.assert_series_equal(twin.fit(new).predict([1]), expected)
    assert torch.equal(weights(twin.forecaster_), weights(forecaster.pretrained_))


def test_panels_of_new_series_share_the_pretrained_model():
    forecaster = GRUForecaster(**QUICK).pretrain(make_panel())
    new = make_panel(6).loc[["s4", "s5"]]
    forecast = forecaster.fit(new).predict([1, 2])
    for key, series in each_series(new):
        alone = GRUForecaster(**QUICK).pretrain(make_panel()).fit(series)
        pd.testing.assert_frame_equal(
            forecast.loc[key], alone.predict([1, 2]), check_names=False
        )


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_deep_copy_changes_by_itself(pretrained):
    panel = make_panel()
    forecaster = GRUForecaster(**QUICK, calibration_fraction=0.5)
    if pretrained:
        forecaster.pretrain(panel)
    forecaster.fit(panel, fh=[1, 2])
    before, bounds = forecaster.predict(), forecaster.predict_interval()
    copied = copy.deepcopy(forecaster)
    networks = {id(each.forecaster_.net_) for each in copied.forecasters_.iloc[:, 0]}
    assert len(networks) == (1 if pretrained else len(panel.index.levels[0]))
    later = panel.groupby(level=0, group_keys=False).tail(3)
    later.index = later.index.set_levels(later.index.levels[-1] + 3, level=-1)
    assert not copied.update(later).predict().equals(before)
    pd.testing.assert_frame_equal(forecaster.predict(), before, check_exact=True)
    assert_frame_equal = pd.testing.assert_frame_equal
    assert_frame_equal(forecaster.predict_interval(), bounds, rtol=1e-9)


def test_pretraining_with_exogenous_columns():
    panel = make_panel()
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"p": rng.normal(size=len(panel))}, panel.index)
    forecaster = GRUForecaster(**QUICK).pretrain(panel, X)
    new, known = make_wave(100, 21), X.loc["s0"][:21]
    forecaster.fit(new[:20], known[:20])
    forecast = forecaster.predict([1], known[20:]).iloc[0]
    assert forecast != forecaster.predict([1], known[20:] + 1).iloc[0]
    with pytest.raises(ValueError, match=r"X 0, .* pretrained with 1 and 1"):
        forecaster.fit(new)


def test_other_columns_than_in_pretraining_are_an_error():
    forecaster = GRUForecaster(**QUICK).pretrain(make_panel())
    table = pd.concat([make_wave(0), make_wave(1)], axis=1, keys=["a", "b"])
    with pytest.raises(ValueError, match=r"y has 2 columns .* pretrained with 1"):
        forecaster.fit(table)


def test_intervals_of_a_new_series_need_no_second_model():
    settings = {**QUICK, "interval_method": "split"}
    forecaster = GRUForecaster(**settings).pretrain(make_panel())
    new = make_wave(100, 30)
    forecaster.fit(new)
    quantile = forecaster.predict_quantiles([1], alpha=0.75).to_numpy()[0, 0]
    # The errors are those of all rows behind the first window.
    errors = abs(new[8:] - forecaster.predict(range(-21, 1)))
    rank = int(np.ceil((22 + 1) * 0.5))
    expected = forecaster.predict([1]).iloc[0] + sorted(errors)[rank - 1]
    assert quantile == pytest.approx(expected, rel=1e-6)


def test_zero_shot_beats_seasonal_naive():
    panel = make_panel(30)
    forecaster = GRUForecaster(
        window_length=12, units=16, max_epochs=30, horizon=PERIOD, random_state=0
    ).pretrain(panel)
    ours, naive = [], []
    for i in range(100, 120):
        series = make_wave(i, 18 + PERIOD)
        known, truth = series[:18], series[18:].to_numpy()
        scale = known.std()
        forecast = forecaster.fit(known).predict(range(1, PERIOD + 1)).to_numpy()
        ours.append(np.abs(forecast - truth).mean() / scale)
        naive.append(np.abs(known[-PERIOD:].to_numpy() - truth).mean() / scale)
    assert np.mean(ours) < 0.9 * np.mean(naive)
