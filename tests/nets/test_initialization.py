from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from sklearn_gru.nets import CELLS, ForecastNet, SequenceNet, initialization
from sklearn_gru.nets.initialization import initialized, unfilled

CHOICES = {"seed": 0, "dtype": torch.float64}


def make_sequence_net(units=(8, 6), **choices):
    choices = {"return_sequences": False, "bidirectional": True, **CHOICES, **choices}
    return SequenceNet(3, 2, units, **choices)


def make_forecast_net(**choices):
    forecasting = {
        "window_length": 8,
        "horizon": 2,
        "center": "last",
        "segment_length": 4,
        "linear_path": True,
        "n_estimators": 2,
        "n_exogenous": 1,
    }
    return ForecastNet(3, 3, (8, 6), **forecasting, **{**CHOICES, **choices})


def make_symbolic_net(**choices):
    return make_sequence_net(embedding_dim=4, **choices)


def make_convolutional_net(**choices):
    in_front = {"differences": True, "conv_filters": (4, 5), "conv_kernel_size": 3}
    return make_sequence_net(**in_front, **choices)


every_net = pytest.mark.parametrize(
    "make",
    [make_sequence_net, make_symbolic_net, make_convolutional_net, make_forecast_net],
)


def assert_equal_parameters(one, other):
    pairs = zip(one.named_parameters(), other.named_parameters(), strict=True)
    for (name, parameter), (same_name, same) in pairs:
        assert name == same_name
        assert torch.equal(parameter, same)


@every_net
def test_global_random_states_are_neither_read_nor_changed(make):
    nets = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002, the global state is what this is about
        torch_state = torch.get_rng_state()
        numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
        nets.append(make())
        assert torch.equal(torch.get_rng_state(), torch_state)
        assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert_equal_parameters(*nets)


@every_net
def test_other_seeds_give_other_weights(make):
    pairs = zip(
        make(seed=0).named_parameters(), make(seed=1).named_parameters(), strict=True
    )
    for (name, one), (_, other) in pairs:
        fixed = "bias" in name or "gain" in name or begins_at_zero(name)
        assert torch.equal(one, other) == fixed


def begins_at_zero(name):
    """Tell whether weights are such as keep a forecast the naive one at first."""
    return name.startswith(("head.members", "linear_path", "effect.2"))


def test_what_corrects_a_naive_forecast_begins_at_zero():
    net = make_forecast_net()
    starts = {name: weight.any() for name, weight in net.named_parameters()}
    assert not any(value for name, value in starts.items() if begins_at_zero(name))
    assert starts["effect.0.weight"]
    assert sum(map(begins_at_zero, starts)) == 7
    assert not net.linear_path.solved.any()


@every_net
def test_precision_does_not_change_the_draw(make):
    assert_equal_parameters(make(dtype=torch.float32), make().float())


@every_net
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_everything_lies_on_the_cpu_in_the_asked_precision(make, dtype):
    net = make(dtype=dtype)
    for tensor in [*net.parameters(), *net.buffers()]:
        assert tensor.device.type == "cpu"
        assert tensor.dtype == dtype


def test_nets_built_at_the_same_time_in_threads_are_as_built_alone():
    with ThreadPoolExecutor(4) as pool:
        nets = list(pool.map(lambda seed: make_sequence_net(seed=seed), [0, 1] * 8))
    for i, net in enumerate(nets):
        assert_equal_parameters(net, make_sequence_net(seed=i % 2))


def recurrent_matrices(net):
    return [p for name, p in net.named_parameters() if "weight_hh" in name]


@pytest.mark.parametrize(("cell", "n_blocks"), [("gru", 3), ("lstm", 4), ("rnn", 1)])
def test_every_recurrent_block_is_orthogonal(cell, n_blocks):
    assert cell in CELLS
    matrices = recurrent_matrices(make_sequence_net(cell=cell))
    assert len(matrices) == 4  # two layers, two directions
    for matrix in matrices:
        blocks = matrix.detach().split(matrix.shape[1])
        assert len(blocks) == n_blocks
        for block in blocks:
            assert_allclose(block @ block.T, np.eye(len(block)), atol=1e-12)


def test_blocks_and_layers_differ():
    blocks = [
        block
        for matrix in recurrent_matrices(make_sequence_net(units=(6, 6)))
        for block in matrix.split(6)
    ]
    for i, block in enumerate(blocks):
        assert not any(torch.equal(block, other) for other in blocks[:i])


def test_other_weights_are_glorot_uniform():
    net = make_sequence_net(units=(60, 80))
    for name, weight in net.named_parameters():
        if "weight" not in name or "weight_hh" in name:
            continue
        limit = (6 / sum(weight.shape)) ** 0.5
        ordered = (weight.detach() / limit).flatten().sort().values
        uniform = torch.linspace(-1, 1, len(ordered), dtype=float)
        # Kolmogorov and Smirnov: beyond 2 / sqrt(n) lie less than one in a thousand.
        assert ordered.abs().max() <= 1, name
        assert (ordered - uniform).abs().max() < 2 * 2 / len(ordered) ** 0.5, name


@every_net
def test_biases_are_zero(make):
    biases = [p for name, p in make().named_parameters() if "bias" in name]
    assert biases
    assert not any(bias.any() for bias in biases)


def test_what_is_about_to_be_loaded_is_not_filled(monkeypatch):
    def refuse(*args):
        raise AssertionError("filled")

    def build():
        net = nn.Module()
        with initialized(net, 0, torch.float32):
            net.layer = nn.Linear(3, 2)
        return net

    monkeypatch.setattr(initialization, "_fill", refuse)
    with unfilled():
        weight = build().layer.weight
    assert (weight.shape, weight.dtype) == ((2, 3), torch.float32)
    with pytest.raises(AssertionError, match="filled"):
        build()
