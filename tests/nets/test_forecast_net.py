import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets import ForecastNet

N_SERIES, WINDOW, HORIZON, SEGMENT = 3, 8, 5, 4
every_center = pytest.mark.parametrize("center", [None, "last", "mean"])
every_segment = pytest.mark.parametrize("segment_length", [1, SEGMENT, WINDOW])


def make_net(n_targets=N_SERIES, **choices):
    net = ForecastNet(
        N_SERIES,
        n_targets,
        (6, 4),
        **{
            "horizon": HORIZON,
            "center": None,
            "segment_length": 1,
            "independent": False,
            "seed": 0,
            "dtype": torch.float64,
            **choices,
        },
    )
    # As if measured on data, so that forgetting or exchanging them shows.
    net.input_scale.copy_(torch.tensor([0.5, 2.0, 3.0]))
    net.output_scale.copy_(torch.linspace(0.25, 4.0, n_targets))
    return net.eval()


def make_windows(n_windows=4):
    rng = np.random.default_rng(0)
    return rng.normal([10, 0, -10], size=(n_windows, WINDOW, N_SERIES))


def plain_level(window, center):
    return {None: 0 * window[-1], "last": window[-1], "mean": window.mean(axis=0)}[
        center
    ]


def plain_hidden(net, columns):
    """Run columns (WINDOW, k) of a window, segment by segment."""
    length = net.segment_length
    segments = [
        np.concatenate([columns[row] for row in range(start, start + length)])
        for start in range(0, WINDOW, length)
    ]
    return net.recurrent(torch.from_numpy(np.array(segments))[None])[0, -1]


@torch.no_grad()
def plain_forecast(net, window):
    """Forecast (HORIZON, n_targets) of one window (WINDOW, N_SERIES)."""
    level = plain_level(window, net.center)
    x = window - level
    if net.center is not None:
        x = x / net.input_scale.numpy()
    if net.independent:
        columns = [plain_hidden(net, x[:, [c]]) for c in range(N_SERIES)]
        block = np.stack([net.head(hidden).numpy() for hidden in columns], axis=1)
    else:
        flat = net.head(plain_hidden(net, x)).numpy()
        block = np.array(np.split(flat, HORIZON))  # one row of targets after another
    block = block * net.output_scale.numpy()
    return block if net.center is None else block + level


@every_center
@every_segment
@pytest.mark.parametrize("independent", [False, True])
def test_forecasts_as_window_by_window(center, segment_length, independent):
    net = make_net(
        center=center, segment_length=segment_length, independent=independent
    )
    windows = make_windows()
    expected = [plain_forecast(net, window) for window in windows]
    forecast = net(torch.from_numpy(windows)).detach()
    assert_allclose(forecast, expected, rtol=1e-12, atol=1e-12)


def test_forecasts_other_targets_than_its_columns():
    net = make_net(n_targets=2)
    windows = make_windows()
    expected = [plain_forecast(net, window) for window in windows]
    forecast = net(torch.from_numpy(windows)).detach()
    assert forecast.shape == (4, HORIZON, 2)
    assert_allclose(forecast, expected, rtol=1e-12, atol=1e-12)


@every_center
@pytest.mark.parametrize("independent", [False, True])
def test_features_are_the_last_hidden_states(center, independent):
    net = make_net(center=center, independent=independent, segment_length=SEGMENT)
    windows = make_windows()
    expected = []
    for window in windows:
        x = window - plain_level(window, center)
        x = x if center is None else x / net.input_scale.numpy()
        parts = [x[:, [c]] for c in range(N_SERIES)] if independent else [x]
        expected.append(torch.cat([plain_hidden(net, part) for part in parts]))
    features = net.features(torch.from_numpy(windows)).detach()
    assert_allclose(features, torch.stack(expected).detach(), rtol=1e-12, atol=1e-12)


def test_passes_choices_on_to_the_recurrent_layers():
    net = make_net(cell="lstm", dropout=0.3, activation="relu")
    assert net.recurrent.dropout.probability == 0.3
    assert not net.recurrent.layers[0][0].has_kernel
    assert net.recurrent.layers[0][0].GATES == ("input", "forget", "output")


def make_walks(kind):
    """Windows, and blocks that vary least around their window's `kind` of level."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, WINDOW + HORIZON, N_SERIES))
    rows = {
        None: noise + 3,
        "mean": noise + 20 * rng.normal(size=(200, 1, N_SERIES)),
        "last": noise.cumsum(axis=1) + 20 * rng.normal(size=(200, 1, N_SERIES)),
    }[kind]
    return torch.from_numpy(rows[:, :WINDOW]), torch.from_numpy(rows[:, WINDOW:])


@every_center
def test_auto_takes_the_center_around_which_targets_vary_least(center):
    net = make_net(center="auto")
    net.fit_scales(*make_walks(center))
    assert net.center == center


@pytest.mark.parametrize("asked", [None, "last", "mean"])
def test_a_center_asked_for_is_kept(asked):
    net = make_net(center=asked)
    net.fit_scales(*make_walks("last"))
    assert net.center == asked


def plain_spread(windows, levels):
    squares = np.zeros(N_SERIES)
    for window, level in zip(windows, levels, strict=True):
        squares += ((window - level) ** 2).mean(axis=0)
    return np.sqrt(squares / len(windows))


@pytest.mark.parametrize("center", ["last", "mean"])
def test_scales_are_the_spread_around_the_level(center):
    windows, blocks = make_walks("last")
    net = make_net(center=center)
    net.fit_scales(windows, blocks)
    levels = [plain_level(window, center) for window in windows.numpy()]
    expected = plain_spread(windows.numpy(), levels)
    assert_allclose(net.input_scale, expected, rtol=1e-12)
    expected = plain_spread(blocks.numpy(), levels)
    assert_allclose(net.output_scale, expected, rtol=1e-12)


def test_columns_without_spread_keep_their_unit():
    net = make_net(center="last")
    windows, blocks = make_walks("last")
    windows[:, :, 1] = blocks[:, :, 1] = 7.0
    net.fit_scales(windows, blocks)
    assert net.input_scale[1] == net.output_scale[1] == 1
    assert (net.input_scale[[0, 2]] != 1).all()


def test_without_a_center_the_standardised_data_need_no_scales():
    net = make_net(center=None)
    before = net.input_scale.clone(), net.output_scale.clone()
    net.fit_scales(*make_walks("mean"))
    assert_array_equal(net.input_scale, before[0])
    assert_array_equal(net.output_scale, before[1])
