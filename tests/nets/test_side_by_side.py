import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets import ForecastNet
from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Recurrent
from sklearn_gru.nets.side_by_side import SEEDS_APART, Heads, SideBySide, median

N_SERIES, WINDOW, HORIZON = 2, 6, 3


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("dim", [0, 1, 2])
def test_the_median_is_numpys(n, dim):
    shape = [4, 4, 4]
    shape[dim] = n
    x = np.random.default_rng(0).normal(size=shape)
    expected = np.median(x, axis=dim)
    assert_allclose(median(torch.from_numpy(x), dim), expected, rtol=1e-15)


def make_members(n_members, **choices):
    module = torch.nn.Module()
    with initialized(module, 0, torch.float64):
        module.networks = SideBySide(
            Recurrent(N_SERIES, (5, 4), seed=number * SEEDS_APART, **choices)
            for number in range(n_members)
        )
    return module.networks.eval()


def test_each_network_reads_the_whole_input_by_itself():
    networks = make_members(3)
    x = torch.randn(7, WINDOW, N_SERIES, dtype=torch.float64)
    states = networks.summary(x).detach()
    assert states.shape == (7, 3, 4)
    assert networks.output_size == 12
    for number, member in enumerate(networks.members):
        assert_array_equal(states[:, number], member.summary(x).detach())


def test_networks_begin_with_different_weights():
    first, second = make_members(2).members
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert one.ndim < 2 or (one != other).any()


def test_networks_drop_different_elements():
    networks = make_members(2, dropout=0.5).train()
    same = networks.members[0].state_dict()
    networks.members[1].load_state_dict(same)
    x = torch.randn(7, WINDOW, N_SERIES, dtype=torch.float64)
    first, second = networks.summary(x).detach().unbind(1)
    assert (first != second).any()


def test_what_is_asked_of_one_holds_for_all():
    networks = make_members(2, dropout=0.5)
    networks.use_kernel("torch")
    assert not networks.is_fused
    networks.freeze()
    assert networks.dropout is networks.members[0].dropout
    assert networks.layers is networks.members[0].layers


def test_every_network_has_a_head_of_its_own():
    heads = Heads(3, 4, 5)
    hidden = torch.randn(7, 3, 4)
    outputs = heads(hidden)
    assert outputs.shape == (7, 3, 5)
    for number, head in enumerate(heads.members):
        assert_array_equal(
            outputs[:, number].detach(), head(hidden[:, number]).detach()
        )
    heads.reset()
    assert not heads(hidden).any()


def make_net(n_estimators, **choices):
    return ForecastNet(
        N_SERIES,
        N_SERIES,
        (5, 4),
        window_length=WINDOW,
        horizon=HORIZON,
        center="last",
        n_estimators=n_estimators,
        seed=0,
        dtype=torch.float64,
        **choices,
    ).eval()


@pytest.mark.parametrize("n_estimators", [2, 3])
@pytest.mark.parametrize("independent", [False, True])
def test_several_networks_forecast_the_median_of_each_alone(n_estimators, independent):
    together = make_net(n_estimators, independent=independent)
    with torch.no_grad():
        for weight in together.head.parameters():
            weight.normal_(generator=torch.Generator().manual_seed(weight.numel()))
            weight.mul_(torch.rand(1, generator=torch.Generator().manual_seed(1)))
        for number, head in enumerate(together.head.members):
            head.weight.mul_(1 + number)
    x = torch.randn(7, WINDOW, N_SERIES, dtype=torch.float64)
    forecasts = []
    for number in range(n_estimators):
        alone = make_net(1, independent=independent)
        member = together.recurrent.members[number]
        alone.recurrent.load_state_dict(member.state_dict())
        head = together.head.members[number]
        alone.head.members[0].load_state_dict(head.state_dict())
        forecasts.append(alone(x).detach().numpy())
    expected = np.median(forecasts, axis=0)
    assert_allclose(together(x).detach(), expected, rtol=1e-12)
    assert not np.allclose(forecasts[0], forecasts[1])
