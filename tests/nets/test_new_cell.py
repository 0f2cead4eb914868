"""A cell from outside the package, as the architecture page adds it."""

import numpy as np
import pytest
import torch
from minimal_gated_unit import MGU
from numpy.testing import assert_allclose

from sklearn_gru import GRUForecaster, datasets
from sklearn_gru.nets import CELLS
from sklearn_gru.nets.initialization import initialized
from sklearn_gru.nets.recurrent import Recurrent

both_activations = pytest.mark.parametrize("activation", ["tanh", "relu"])


@pytest.fixture(autouse=True)
def _mgu(monkeypatch):
    monkeypatch.setitem(CELLS, "mgu", MGU)


def make(activation="tanh", dtype=torch.float64, **settings):
    net = torch.nn.Module()
    with initialized(net, 0, dtype):
        net.recurrent = Recurrent(
            2, (9, 17), cell="mgu", activation=activation, **settings
        )
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    return net.recurrent, torch.randn(5, 12, 2, generator=generator, dtype=dtype)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def plain_states(cell, x, act):
    """The equations in NumPy, one row at a time: (B, T, units)."""
    p = {name: weight.numpy() for name, weight in cell.state_dict().items()}
    (W_f, W_n), (U_f, U_n) = (np.split(p[f"weight_{k}_l0"], 2) for k in ("ih", "hh"))
    b_f, b_n = np.split(p["bias_ih_l0"] + p["bias_hh_l0"], 2)
    states = np.zeros((*x.shape[:2], len(b_f)))
    for row, sequence in enumerate(x):
        h = np.zeros(len(b_f))
        for t, value in enumerate(sequence):
            f = sigmoid(W_f @ value + U_f @ h + b_f)
            n = act(W_n @ value + U_n @ (f * h) + b_n)
            h = states[row, t] = (1 - f) * h + f * n
    return states


@both_activations
@pytest.mark.parametrize("kernel", ["fused", "torch"])
def test_states_follow_the_equations(kernel, activation):
    recurrent, x = make(activation)
    recurrent.use_kernel(kernel)
    act = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}[activation]
    expected = x.numpy()
    for (cell,) in recurrent.layers:
        expected = plain_states(cell, expected, act)
    assert_allclose(recurrent(x).detach(), expected, rtol=1e-12, atol=1e-12)


@both_activations
@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_are_pytorchs(bidirectional, activation):
    recurrent, x = make(activation, bidirectional=bidirectional)
    found = []
    for kernel in ("fused", "torch"):
        recurrent.use_kernel(kernel)
        leaves = [x.clone().requires_grad_(), *recurrent.parameters()]
        hidden = recurrent(leaves[0])
        weight = torch.linspace(-1, 1, hidden.numel()).view_as(hidden)
        found.append(torch.autograd.grad((hidden * weight).sum(), leaves))
    for fused, torchs in zip(*found, strict=True):
        assert_allclose(fused, torchs, rtol=1e-10, atol=1e-12)


def test_an_estimator_learns_with_it(monkeypatch):
    constraints = {**GRUForecaster._parameter_constraints, "cell": [str]}
    monkeypatch.setattr(GRUForecaster, "_parameter_constraints", constraints)
    series = datasets.make_sine(300, noise=0.1, random_state=0)
    curves = [
        GRUForecaster(cell="mgu", units=8, max_epochs=3, kernel=kernel, random_state=0)
        .fit(series)
        .loss_curve_
        for kernel in ("fused", "torch")
    ]
    assert_allclose(*curves, rtol=1e-3)
    assert curves[0][-1] < curves[0][0]
