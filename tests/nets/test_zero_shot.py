"""The network of the weights in the wheel, whatever its weights are."""

import numpy as np
import pytest
import torch

from sklearn_gru.nets import ZeroShotNet
from sklearn_gru.nets.losses import QUANTILES, Pinball


@pytest.fixture
def net():
    net = ZeroShotNet(
        1,
        1,
        (8,),
        window_length=60,
        horizon=5,
        season_length=7,
        seed=0,
        dtype=torch.float64,
    )
    with torch.no_grad():  # biases begin at zero
        for number, parameter in enumerate(net.parameters()):
            noise = np.random.default_rng(number).normal(size=tuple(parameter.shape))
            parameter.add_(0.2 * torch.from_numpy(noise))
    return net.eval()


def windows(*shape):
    return torch.from_numpy(np.random.default_rng(1).normal(size=shape).cumsum(axis=1))


def test_forecasts_are_quantiles_in_order(net):
    block = net(windows(4, 60, 2))
    assert block.shape == (4, 5, 2, len(QUANTILES))
    assert (block.diff(dim=-1) > 0).all()
    assert (net.point(block) == block[..., 3]).all()


def test_columns_and_samples_do_not_see_one_another(net):
    window = windows(3, 60, 2)
    whole = net(window)
    for sample in range(3):
        for column in range(2):
            alone = net(window[sample : sample + 1, :, column : column + 1])
            torch.testing.assert_close(alone[0, :, 0], whole[sample, :, column])


@pytest.mark.parametrize("start", [1, 20, 50])
def test_a_short_window_is_one_that_begins_later(net, start):
    window = windows(3, 60, 1)
    short = net(window[:1, start:])
    window[0, :start] = np.nan
    torch.testing.assert_close(net(window)[:1], short)
    torch.testing.assert_close(net(window[:1]), short)


def test_forecasts_follow_units(net):
    window = windows(3, 60, 1)
    torch.testing.assert_close(net(1000 * window - 5), 1000 * net(window) - 5)


@pytest.mark.parametrize("n_rows", [1, 2, 60])
def test_a_constant_window_is_forecast_flat(net, n_rows):
    block = net(torch.full((2, n_rows, 1), 3.5, dtype=torch.float64))
    torch.testing.assert_close(block, torch.full_like(block, 3.5))


def test_a_window_without_any_value_is_forecast_as_the_mean(net):
    assert (net(torch.full((1, 9, 1), torch.nan, dtype=torch.float64)) == 0).all()


def test_season_and_horizon_can_be_given(net):
    window = windows(2, 60, 1)
    longer = net(window, horizon=12)
    torch.testing.assert_close(longer[:, :5], net(window))
    assert not torch.allclose(net(window, season_length=12), net(window))


def test_losses_count_in_spreads_and_changes(net):
    window, target = windows(3, 60, 1), windows(3, 5, 1)
    block = net(window)
    loss = Pinball()(*net.in_spreads(block, target, window))
    spread = (window - window.mean(1, keepdim=True)).abs().mean(1, keepdim=True)
    z = window / spread
    changes = [(z[:, lag:] - z[:, :-lag]).abs().mean(1, keepdim=True) for lag in (1, 7)]
    size = spread * (0.1 + torch.minimum(*changes))
    torch.testing.assert_close(loss, Pinball()(block, target) / size[..., None])


def test_a_target_far_away_is_moved_nearer(net):
    window = windows(1, 60, 1)
    block = net(window)
    far, further = (
        net.in_spreads(block, torch.full((1, 5, 1), v).double(), window)[1]
        for v in (1e6, 1e9)
    )
    assert (far == further).all()


def test_states_are_those_of_each_column(net):
    window = windows(3, 60, 2)
    states = net.features(window)
    assert states.shape == (3, 16)
    torch.testing.assert_close(states[:, 8:], net.features(window[:, :, 1:]))
