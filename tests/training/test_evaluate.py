import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets import SequenceNet
from sklearn_gru.training import evaluate as evaluation
from sklearn_gru.training import evaluate_in_blocks, for_inference

N_SAMPLES = 600  # more than a block, and no multiple of one
SUBSETS = {
    "first": [0],
    "last": [599],
    "a few": [3, 2, 590],
    "across blocks": range(500, 520),
    "all but one": range(1, 600),
    "backwards": range(599, -1, -1),
}


def make_net(dtype=torch.float64, units=(32,), output_size=1, **choices):
    choices = {"return_sequences": False, "seed": 0, **choices}
    return SequenceNet(3, output_size, units, dtype=dtype, **choices)


def make_samples():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N_SAMPLES, 6, 3, dtype=torch.float64, generator=generator)


def evaluate(function, *arrays):
    def take(indices):
        return tuple(array[indices] for array in arrays)

    return evaluate_in_blocks(function, len(arrays[0]), take)


@torch.no_grad()
def test_evaluates_every_sample_in_its_place():
    net, x = make_net(), make_samples()
    expected = torch.cat([net(sample[None]) for sample in x])
    actual = np.concatenate(evaluate(net, x))
    assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


# The widths matter: how a sum is split over a processor's registers depends on them.
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    "choices",
    [
        {"cell": "gru"},
        {"cell": "gru", "reset_after": False},
        {"cell": "lstm", "bidirectional": True},
        {"cell": "rnn", "output_size": 3},
        {"units": (50, 50), "output_size": 2},
        {"units": (7,), "output_size": 5},
    ],
    ids=str,
)
def test_a_sample_gives_the_same_whatever_its_neighbours(dtype, choices):
    net, device, dtype = for_inference(make_net(dtype, **choices))
    x = make_samples().to(device, dtype)
    together = np.concatenate(evaluate(net, x))
    for name, subset in SUBSETS.items():
        chosen = list(subset)
        alone = np.concatenate(evaluate(net, x[chosen]))
        assert_allclose(
            alone, together[chosen], rtol=1e-12, atol=1e-14, err_msg=name, strict=True
        )


def test_joins_dicts_as_well():
    net, x = make_net(), make_samples()
    blocks = evaluate(net.gates, x)
    expected = net.gates(x)
    for gate in ("reset", "update"):
        joined = np.concatenate([block[gate] for block in blocks])
        assert_allclose(joined, expected[gate].detach(), rtol=1e-12)


def test_hands_all_arguments_to_the_function():
    net, x, lengths = make_net(), make_samples(), torch.arange(N_SAMPLES) % 6 + 1
    expected = net(x, lengths).detach()
    actual = np.concatenate(evaluate(net, x, lengths))
    assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


def test_asks_for_every_sample_once():
    asked = []

    def take(indices):
        asked.extend(indices)
        return (make_samples()[indices],)

    evaluate_in_blocks(make_net(), N_SAMPLES, take)
    assert_array_equal(asked, np.arange(N_SAMPLES))


def test_a_block_of_long_samples_has_fewer_of_them(monkeypatch):
    monkeypatch.setattr(evaluation, "BLOCK_SAMPLES", 5)
    monkeypatch.setattr(evaluation, "BLOCK_STEPS", 12)
    asked = []

    def take(indices):
        asked.append(indices.tolist())
        return (make_samples()[indices],)

    n_steps = np.array([1, 1, 1, 1, 1, 1, 3, 4, 4, 30, 1, 6, 7])
    evaluate_in_blocks(make_net(), len(n_steps), take, n_steps)
    assert asked == [[0, 1, 2, 3, 4], [5, 6, 7], [8], [9], [10, 11], [12]]


def test_runs_without_gradients_on_one_thread():
    net = make_net()
    before = torch.get_num_threads()
    torch.set_num_threads(3)

    def check(x):
        assert torch.get_num_threads() == 1
        result = net(x)
        assert not result.requires_grad
        return result

    try:
        evaluate(check, make_samples())
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_inference_is_in_float64_without_dropout_and_on_a_copy(dtype):
    net = make_net(dtype, dropout=0.5).train()
    inferring, device, precision = for_inference(net, compiled=False)
    assert (device.type, precision) == ("cpu", torch.float64)
    assert net.training
    assert net.head.weight.dtype == dtype
    x = make_samples()
    expected = copy.deepcopy(net).double().eval()(x)
    assert torch.equal(inferring(x), expected)
    inferring.head.weight.data.zero_()
    assert net.head.weight.any()


def test_the_compiled_recurrence_keeps_the_precision_it_was_trained_in():
    pytest.importorskip("llvmlite")
    net = make_net(torch.float32)
    inferring, _, precision = for_inference(net)
    assert precision == inferring.head.weight.dtype == torch.float64
    assert inferring.recurrent.layers[0][0].weight_hh_l0.dtype == torch.float32
    x = make_samples()
    expected = copy.deepcopy(net).double()(x)
    assert_allclose(inferring(x).detach(), expected.detach(), atol=1e-6)


def test_the_copy_is_made_anew_when_the_module_has_changed():
    net = make_net(torch.float32)
    first, *_ = for_inference(net)
    assert for_inference(net)[0] is first
    assert for_inference(net, compiled=False)[0] is not first
    with torch.no_grad():
        net.head.bias += 1
    changed, *_ = for_inference(net)
    assert_allclose(changed.head.bias.detach(), net.head.bias.detach())
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    net(make_samples().float()).sum().backward()
    optimizer.step()
    changed, *_ = for_inference(net)
    assert_allclose(changed.head.weight.detach(), net.head.weight.detach())
    net.load_state_dict({key: 2 * value for key, value in net.state_dict().items()})
    changed, *_ = for_inference(net)
    assert_allclose(changed.head.weight.detach(), net.head.weight.detach())
