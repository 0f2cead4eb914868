import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets import IGNORED, LanguageNet, NextSymbol

BOUNDARY, UNKNOWN = 0, 1
ROUNDED = {"rtol": 1e-10, "atol": 1e-12}
FORMS = [
    {"cell": "gru"},
    {"cell": "gru", "kernel": "torch"},
    {"cell": "gru", "reset_after": False, "units": (5, 4)},
    {"cell": "lstm", "units": (5, 4)},
    {"cell": "rnn", "activation": "relu"},
]


def make_net(units=(5,), kernel="auto", dtype=torch.float64, **recurrent):
    settings = {"boundary": BOUNDARY, "unknown": UNKNOWN, "seed": 0, "dtype": dtype}
    net = LanguageNet(9, 7, units, **settings, **recurrent)
    net.recurrent.use_kernel(kernel)
    return net


@pytest.fixture(params=FORMS, ids=str)
def net(request):
    return make_net(**request.param)


def symbols_of(*rows):
    return torch.tensor(rows)


def test_a_boundary_forgets_what_was_before(net):
    first, second = [2, 3, 8, 4], [BOUNDARY, 5, 2, 3]
    third, fourth = [4, 4, 7], [BOUNDARY, 2, 6, 6, 8]
    together = symbols_of(first + second, third + fourth)
    hidden, state = net.carry(together)
    for row, (before, after) in enumerate([(first, second), (third, fourth)]):
        alone, _ = net.carry(symbols_of(before))
        assert_allclose(hidden[row, : len(before)].detach(), alone[0].detach())
        alone, last = net.carry(symbols_of(after))
        assert_allclose(hidden[row, len(before) :].detach(), alone[0].detach())
        for layer, expected in zip(state, last, strict=True):
            assert_allclose(layer[:, row].detach(), expected[:, 0].detach())


def test_gradients_stop_at_a_boundary(net):
    pieces = [[2, 3, 8, 4], [BOUNDARY, 5, 2], [BOUNDARY], [BOUNDARY, 5, 5]]
    text = [symbol for piece in pieces for symbol in piece]
    net(symbols_of(text))[0].square().sum().backward()
    together = [parameter.grad.clone() for parameter in net.parameters()]
    net.zero_grad()
    for piece in pieces:
        net(symbols_of(piece))[0].square().sum().backward()
    for parameter, expected in zip(net.parameters(), together, strict=True):
        assert_allclose(parameter.grad, expected, **ROUNDED)


def test_windows_with_a_carried_state_read_what_one_pass_reads(net):
    symbols = torch.randint(9, (3, 20), generator=torch.Generator().manual_seed(0))
    whole, state = net(symbols)
    parts, carried = [], None
    for window in symbols.split(6, dim=1):
        logits, carried = net(window, carried)
        parts.append(logits)
    assert_allclose(torch.cat(parts, 1).detach(), whole.detach(), **ROUNDED)
    for layer, expected in zip(carried, state, strict=True):
        assert_allclose(layer.detach(), expected.detach(), **ROUNDED)


@torch.inference_mode()
def test_single_steps_read_what_one_pass_reads(net):
    symbols = torch.randint(2, 9, (3, 12), generator=torch.Generator().manual_seed(0))
    whole, _ = net(symbols)
    read = net.steps(net.carry(symbols[:, :4])[1])
    for t in range(4, 12):
        logits = read(symbols[:, t].numpy())
        assert_allclose(logits, whole[:, t], **ROUNDED)


def test_an_unknown_character_begins_without_weights():
    weight = make_net().recurrent.layers[0][0].weight_ih_l0
    assert (weight[:, UNKNOWN] == 0).all()
    assert (weight[:, 2:] != 0).all()


def test_a_symbol_counts_as_much_as_standardised_features():
    settings = {"boundary": 0, "unknown": 1, "seed": 0, "dtype": torch.float64}
    for n_symbols in (50, 2000):
        net = LanguageNet(n_symbols, 7, (100,), **settings)
        weight = net.recurrent.layers[0][0].weight_ih_l0.detach()[:, 2:]
        features = np.sqrt(2 / (n_symbols + 300)) * np.sqrt(n_symbols)
        assert weight.std().item() == pytest.approx(features, rel=0.02)


def test_the_loss_is_the_mean_over_targets_that_count():
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(size=(2, 3, 4)), rng.integers(4, size=(2, 3))
    classes[0, 1] = classes[1, 2] = IGNORED
    plain = [
        np.log(np.exp(logits[i, t]).sum()) - logits[i, t, classes[i, t]]
        for i in range(2)
        for t in range(3)
        if classes[i, t] != IGNORED
    ]
    loss = NextSymbol()(torch.tensor(logits), torch.tensor(classes))
    assert loss.item() == pytest.approx(np.mean(plain), rel=1e-12)


def test_the_loss_of_nothing_is_zero():
    logits = torch.ones(2, 1, 3, requires_grad=True)
    loss = NextSymbol()(logits, torch.full((2, 1), IGNORED))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()
