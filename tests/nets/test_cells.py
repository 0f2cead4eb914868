"""Every cell against its equations, written out one unit of time at a time."""

import numpy as np
import pytest
import torch
from cell_variants import VARIANTS
from numpy.testing import assert_allclose
from torch import nn

from sklearn_gru.nets import CELLS

ACTIVATIONS = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}

PYTORCHS = [VARIANTS[0], VARIANTS[4], *VARIANTS[6:]]
every_cell = pytest.mark.parametrize(("name", "activation", "reset_after"), VARIANTS)
every_size = pytest.mark.parametrize("size", [(1, 1, 1, 1), (3, 7, 2, 4)])


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gru_step(p, x, state, act, reset_after):
    (h,) = state
    W_r, W_z, W_n = np.split(p["weight_ih_l0"], 3)
    U_r, U_z, U_n = np.split(p["weight_hh_l0"], 3)
    a_r, a_z, a_n = np.split(p["bias_ih_l0"], 3)
    b_r, b_z, c = np.split(p["bias_hh_l0"], 3)
    r = sigmoid(W_r @ x + a_r + U_r @ h + b_r)
    z = sigmoid(W_z @ x + a_z + U_z @ h + b_z)
    if reset_after:
        n = act(W_n @ x + a_n + r * (U_n @ h + c))
    else:
        n = act(W_n @ x + a_n + U_n @ (r * h) + c)
    return ((1 - z) * n + z * h,), {"reset": r, "update": z}


def lstm_step(p, x, state, act, reset_after):
    h, c = state
    W, U = np.split(p["weight_ih_l0"], 4), np.split(p["weight_hh_l0"], 4)
    b = np.split(p["bias_ih_l0"] + p["bias_hh_l0"], 4)
    i = sigmoid(W[0] @ x + U[0] @ h + b[0])
    f = sigmoid(W[1] @ x + U[1] @ h + b[1])
    g = act(W[2] @ x + U[2] @ h + b[2])
    o = sigmoid(W[3] @ x + U[3] @ h + b[3])
    c = f * c + i * g
    return (o * act(c), c), {"input": i, "forget": f, "output": o}


def rnn_step(p, x, state, act, reset_after):
    (h,) = state
    a = p["weight_ih_l0"] @ x + p["bias_ih_l0"] + p["weight_hh_l0"] @ h
    return (act(a + p["bias_hh_l0"]),), {}


STEPS = {"gru": (gru_step, 1), "lstm": (lstm_step, 2), "rnn": (rnn_step, 1)}


def plain_run(name, activation, reset_after, parameters, x):
    """Hidden states (B, T, units), and {gate: (B, T, units)}."""
    step, n_states = STEPS[name]
    units = parameters["weight_hh_l0"].shape[1]
    hidden, gates = np.empty((*x.shape[:2], units)), {}
    for b in range(x.shape[0]):
        state = (np.zeros(units),) * n_states
        for t in range(x.shape[1]):
            state, values = step(
                parameters, x[b, t], state, ACTIVATIONS[activation], reset_after
            )
            hidden[b, t] = state[0]
            for gate, value in values.items():
                gates.setdefault(gate, np.empty_like(hidden))[b, t] = value
    return hidden, gates


def make_cell_and_input(name, activation, reset_after, size):
    batch, steps, features, units = size
    cell = CELLS[name](features, units, activation, reset_after).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(0, 0.7, generator=generator)
    x = torch.randn(batch, steps, features, dtype=float, generator=generator)
    return cell, x


@every_cell
@every_size
def test_hidden_states_follow_the_equations(name, activation, reset_after, size):
    cell, x = make_cell_and_input(name, activation, reset_after, size)
    p = {key: value.numpy() for key, value in cell.state_dict().items()}
    expected, _ = plain_run(name, activation, reset_after, p, x.numpy())
    assert_allclose(cell(x)[0].detach(), expected, rtol=1e-12, atol=1e-12)


@every_cell
@every_size
def test_gates_follow_the_equations(name, activation, reset_after, size):
    cell, x = make_cell_and_input(name, activation, reset_after, size)
    p = {key: value.numpy() for key, value in cell.state_dict().items()}
    _, expected = plain_run(name, activation, reset_after, p, x.numpy())
    assert tuple(expected) == cell.GATES
    for gate, plain in zip(cell.gates(x), expected.values(), strict=True):
        assert_allclose(gate.detach(), plain, rtol=1e-12, atol=1e-12)


def test_the_two_places_of_the_reset_gate_differ():
    cell, x = make_cell_and_input("gru", "tanh", True, (3, 7, 2, 4))
    before = CELLS["gru"](2, 4, "tanh", reset_after=False).double()
    before.load_state_dict(cell.state_dict())
    assert (cell(x)[0] - before(x)[0]).abs().max() > 0.01


def gradients(hidden, cell, x):
    loss = (hidden * torch.linspace(-1, 1, hidden[0].numel()).view_as(hidden[0])).sum()
    return torch.autograd.grad(loss, [*cell.parameters(), x])


@every_size
@pytest.mark.parametrize(("name", "activation", "reset_after"), PYTORCHS)
def test_pytorchs_layer_equals_unrolling(name, activation, reset_after, size):
    cell, x = make_cell_and_input(name, activation, reset_after, size)
    assert cell.is_pytorchs
    x.requires_grad_()
    unrolled, _ = cell.unrolled(x, cell.initial_state(x))
    assert_allclose(cell(x)[0].detach(), unrolled.detach(), rtol=1e-12, atol=1e-12)
    by_kernel, by_step = gradients(cell(x)[0], cell, x), gradients(unrolled, cell, x)
    for fast, slow in zip(by_kernel, by_step, strict=True):
        assert_allclose(fast, slow, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_parameters_are_pytorchs(name):
    layer = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}[name]
    cell, x = make_cell_and_input(name, "tanh", True, (3, 7, 2, 4))
    layer = layer(2, 4, batch_first=True).double()
    layer.load_state_dict(cell.state_dict())
    assert_allclose(cell(x)[0].detach(), layer(x)[0].detach(), rtol=1e-12, atol=1e-12)


@every_cell
def test_a_run_in_two_parts_is_the_whole_run(name, activation, reset_after):
    cell, x = make_cell_and_input(name, activation, reset_after, (3, 7, 2, 4))
    whole, last = cell(x)
    head, state = cell(x[:, :3])
    tail, state = cell(x[:, 3:], state)
    assert_allclose(torch.cat([head, tail], 1).detach(), whole.detach(), rtol=1e-12)
    assert_allclose(state.detach(), last.detach(), rtol=1e-12)


@every_cell
def test_an_integer_is_a_vector_that_is_one_there(name, activation, reset_after):
    cell, _ = make_cell_and_input(name, activation, reset_after, (3, 7, 5, 4))
    x = torch.randint(5, (3, 7), generator=torch.Generator().manual_seed(0))
    by_number, by_vector = cell(x)[0], cell(nn.functional.one_hot(x, 5).double())[0]
    assert_allclose(by_number.detach(), by_vector.detach(), rtol=1e-12, atol=1e-12)
