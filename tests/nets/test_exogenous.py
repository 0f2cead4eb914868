"""What is known of the future, row by row, against plain loops."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets import ForecastNet

N_SERIES, N_KNOWN, WINDOW, HORIZON = 3, 2, 8, 5
SEASON = 3
every_center = pytest.mark.parametrize("center", [None, "last", "mean", "season"])
both_channels = pytest.mark.parametrize("independent", [False, True])


def make_net(**choices):
    settings = {
        "window_length": WINDOW,
        "horizon": HORIZON,
        "center": None,
        "season_length": SEASON,
        "n_exogenous": N_KNOWN,
        "seed": 0,
        "dtype": torch.float64,
        **choices,
    }
    net = ForecastNet(N_SERIES, N_SERIES, (6, 4), **settings)
    net.input_scale.copy_(torch.tensor([0.5, 2.0, 3.0]))
    net.output_scale.copy_(torch.tensor([0.25, 1.0, 4.0]))
    fill_in(net)
    return net.eval()


@torch.no_grad()
def fill_in(net):
    """Fill in what begins at zero: the head, and the effect of what is known."""
    generator = torch.Generator().manual_seed(1)
    for weight in [*net.head.parameters(), *net.effect[-1].parameters()]:
        weight.normal_(generator=generator)


def make_data(n_windows=4):
    rng = np.random.default_rng(0)
    windows = rng.normal(10, size=(n_windows, WINDOW, N_SERIES))
    known = rng.normal(size=(n_windows, WINDOW - 1 + HORIZON, N_KNOWN))
    return torch.from_numpy(windows), torch.from_numpy(known)


@both_channels
@every_center
def test_windows_and_series_do_not_see_each_other(independent, center):
    net = make_net(independent=independent, center=center)
    windows, known = make_data()
    together = net(windows, known).detach()
    for i in range(len(windows)):
        alone = net(windows[i : i + 1], known[i : i + 1])[0].detach()
        assert_allclose(together[i], alone, rtol=1e-12)
    moved = windows.clone()
    moved[:, :, 0] += torch.linspace(0, 1, WINDOW)
    change = (net(moved, known).detach() != together).any(dim=1)  # (B, n_series)
    assert change[:, 0].all()
    assert change[:, 1:].all() == (not independent)


@every_center
@pytest.mark.parametrize("segment_length", [1, 4])
def test_independent_series_share_the_network_and_what_is_known(center, segment_length):
    net = make_net(center=center, independent=True, segment_length=segment_length)
    windows, known = make_data()
    forecast = net(windows, known).detach()
    for column in range(N_SERIES):
        alone = ForecastNet(
            1,
            1,
            (6, 4),
            window_length=WINDOW,
            horizon=HORIZON,
            center=center,
            season_length=SEASON,
            segment_length=segment_length,
            n_exogenous=N_KNOWN,
            seed=0,
            dtype=torch.float64,
        ).eval()
        alone.load_state_dict(
            {
                **net.state_dict(),
                "input_scale": net.input_scale[[column]],
                "output_scale": net.output_scale[[column]],
            }
        )
        expected = alone(windows[:, :, [column]], known).detach()
        assert_allclose(forecast[:, :, [column]], expected, rtol=1e-12)


@both_channels
def test_a_known_row_moves_the_forecast_of_its_own_row(independent):
    net = make_net(independent=independent)
    windows, known = make_data(1)
    before = net(windows, known).detach()
    for row in range(WINDOW - 1 + HORIZON):
        moved = known.clone()
        moved[:, row] += 1
        changed = (net(windows, moved).detach() != before)[0]  # (HORIZON, n_series)
        if row < WINDOW:  # the network reads it, so every forecast may depend on it
            assert changed.all()
        else:
            assert changed[row - WINDOW + 1].all()
            assert changed.any(dim=1).sum() == 1


@both_channels
def test_the_hidden_state_sees_one_row_ahead_and_no_further(independent):
    net = make_net(independent=independent)
    windows, known = make_data(1)
    before = net.features(windows, known).detach()
    moved = known.clone()
    moved[:, WINDOW:] += 1
    assert_allclose(net.features(windows, moved).detach(), before, rtol=0)
    moved[:, WINDOW - 1] += 1  # the first row to forecast
    assert (net.features(windows, moved).detach() != before).all()
