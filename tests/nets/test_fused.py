"""The compiled GRU layer, against nn.GRU and the equations unrolled in float64."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from sklearn_gru.nets.cells import GRU
from sklearn_gru.nets.threads import allow_threads

pytest.importorskip("numba")

from sklearn_gru.nets import fused
from sklearn_gru.nets.fused import _layer

# batch, time steps, features, units: below, at and above the registers' and tiles'
# widths.
SHAPES = [
    (1, 1, 1, 1),
    (3, 5, 4, 7),
    (8, 20, 3, 16),
    (33, 11, 50, 50),
    (5, 3, 2, 17),
    (64, 9, 65, 128),
    (2, 40, 1, 97),
]
every_variant = pytest.mark.parametrize(
    ("activation", "reset_after"),
    [("tanh", True), ("tanh", False), ("relu", True), ("relu", False)],
)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
both_dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
# Relative to a float64 reference.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13}


@pytest.fixture(autouse=True)
def _one_thread():
    allow_threads(1)
    yield
    allow_threads(None)


def make(shape, activation="tanh", reset_after=True, dtype=torch.float64, seed=0):
    batch, steps, features, units = shape
    generator = torch.Generator().manual_seed(seed)

    def normal(*size):
        return torch.randn(size, generator=generator, dtype=torch.float64)

    cell = GRU(features, units, activation, reset_after)
    with torch.no_grad():
        for parameter in cell.parameters():
            # relu's states grow without bound under large weights.
            parameter.copy_(normal(*parameter.shape) * 0.7 / units**0.5)
    x = normal(batch, steps, features).to(dtype)
    return cell.to(dtype), x, 0.5 * normal(batch, units).to(dtype)


def fused_gru(x, state, cell):
    hidden, last = last_too(x, state, cell)
    assert torch.allclose(last, hidden[:, -1], 0, 0, equal_nan=True)
    return hidden


def last_too(x, state, cell):
    states = [None if state is None else state[None]]
    hidden, (last,) = fused.fused_gru(x, states, [cell])
    return hidden, last[0]


def leaf(tensor, dtype=None):
    copied = tensor.detach().to(dtype or tensor.dtype, copy=True)
    return copied.requires_grad_(tensor.is_floating_point())


def gradients(hidden, weight, cell, *inputs):
    inputs = [tensor for tensor in inputs if tensor.requires_grad]
    return torch.autograd.grad((hidden * weight).sum(), [*cell.parameters(), *inputs])


def relative_error(actual, expected):
    return ((actual - expected).norm() / expected.norm()).item()


def assert_matches_equations(cell, x, state, tolerance):
    x, state = leaf(x), leaf(state)
    hidden = fused_gru(x, state, cell)
    reference = copy.deepcopy(cell).double()
    slow_x = leaf(x, torch.float64) if x.is_floating_point() else x
    slow_state = leaf(state, torch.float64)
    slow, _ = reference.unrolled(slow_x, slow_state[None])
    assert relative_error(hidden, slow) < tolerance
    weight = torch.linspace(-1, 1, slow.numel(), dtype=torch.float64).view_as(slow)
    ours = gradients(hidden, weight.to(hidden.dtype), cell, x, state)
    theirs = gradients(slow, weight, reference, slow_x, slow_state)
    for fast, exact in zip(ours, theirs, strict=True):
        assert relative_error(fast, exact) < tolerance


@both_dtypes
@every_variant
@every_shape
def test_states_and_gradients_follow_the_equations(
    shape, activation, reset_after, dtype
):
    cell, x, state = make(shape, activation, reset_after, dtype)
    assert_matches_equations(cell, x, state, TOLERANCE[dtype])


@both_dtypes
@every_variant
def test_symbols_follow_the_equations(activation, reset_after, dtype):
    cell, _, state = make((9, 12, 20, 33), activation, reset_after, dtype)
    x = torch.randint(20, (9, 12), generator=torch.Generator().manual_seed(0))
    assert_matches_equations(cell, x, state, TOLERANCE[dtype])


@every_variant
def test_gradcheck(activation, reset_after):
    cell, x, state = make((3, 4, 2, 5), activation, reset_after)

    def function(x, state, *parameters):
        names = [name for name, _ in cell.named_parameters()]
        given = copy.copy(cell)
        given._parameters = dict(zip(names, parameters, strict=True))
        return fused_gru(x, state, given)

    inputs = [leaf(tensor) for tensor in (x, state, *cell.parameters())]
    assert torch.autograd.gradcheck(function, inputs)


@every_shape
def test_agrees_with_pytorchs_layer_of_the_same_parameters(shape):
    cell, x, state = make(shape, dtype=torch.float32)
    layer = nn.GRU(shape[2], shape[3], batch_first=True)
    layer.load_state_dict(cell.state_dict())
    x, state = leaf(x), leaf(state)
    hidden, expected = fused_gru(x, state, cell), layer(x, state[None])[0]
    assert_allclose(hidden.detach(), expected.detach(), rtol=1e-5, atol=1e-6)
    weight = torch.linspace(-1, 1, hidden.numel()).view_as(hidden)
    ours = gradients(hidden, weight, cell, x, state)
    theirs = gradients(expected, weight, layer, x, state)
    for fast, slow in zip(ours, theirs, strict=True):
        assert relative_error(fast, slow) < 1e-5


@both_dtypes
def test_large_sums_saturate(dtype):
    cell, x, state = make((4, 6, 3, 20), dtype=dtype)
    extreme = (x * 1e4).requires_grad_()
    hidden = fused_gru(extreme, state, cell)
    exact, _ = (
        copy.deepcopy(cell).double().unrolled(extreme.double(), state.double()[None])
    )
    assert_allclose(hidden.detach(), exact.detach(), atol=1e-6)
    hidden.sum().backward()
    assert extreme.grad.isfinite().all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_so_in_its_row_only(bad):
    cell, x, state = make((9, 4, 3, 20), dtype=torch.float32)
    expected = fused_gru(x, state, cell).detach()
    x[4, 2, 1] = np.nan if np.isnan(bad) else bad
    hidden = fused_gru(x, state, cell).detach()
    others = np.arange(9) != 4
    assert torch.equal(hidden[others], expected[others])
    assert torch.equal(hidden[4, :2], expected[4, :2])
    if np.isnan(bad):
        assert hidden[4, 2:].isnan().all()


@every_variant
def test_a_row_is_the_same_in_every_batch_on_any_number_of_threads(
    activation, reset_after, monkeypatch
):
    monkeypatch.setattr(_layer, "WORTH_A_THREAD", 0)
    cell, x, state = make((37, 9, 5, 50), activation, reset_after, torch.float32)
    with torch.no_grad():
        whole = fused_gru(x, state, cell)
        for rows in (slice(0, 1), slice(3, 30), slice(36, None), slice(None, None, 5)):
            assert torch.equal(fused_gru(x[rows], state[rows], cell), whole[rows])
        for number in (2, 3, 16):
            allow_threads(number)
            assert torch.equal(fused_gru(x, state, cell), whole)


@every_variant
def test_gradients_are_the_same_on_any_number_of_threads(
    activation, reset_after, monkeypatch
):
    monkeypatch.setattr(_layer, "WORTH_A_THREAD", 0)
    cell, x, state = make((37, 9, 5, 50), activation, reset_after, torch.float32)

    def run():
        inputs = leaf(x), leaf(state)
        hidden = fused_gru(*inputs, cell)
        return gradients(hidden, hidden.detach(), cell, *inputs)

    alone = run()
    for number in (2, 3):
        allow_threads(number)
        for one, other in zip(run(), alone, strict=True):
            assert torch.equal(one, other)


def test_views_of_windows_need_no_copy_in_memory_order():
    cell, _, state = make((20, 6, 1, 9), dtype=torch.float32)
    series = torch.linspace(-1, 1, 25)[:, None]
    windows = series.unfold(0, 6, 1).transpose(1, 2)  # (20, 6, 1), overlapping
    expected = fused_gru(windows.contiguous(), state, cell)
    assert torch.equal(fused_gru(windows, state, cell), expected)


def test_an_empty_batch_has_no_states():
    cell, x, state = make((4, 6, 3, 5))
    assert fused_gru(x[:0], state[:0], cell).shape == (0, 6, 5)


def test_overwriting_a_result_before_its_gradient_is_an_error():
    cell, x, state = make((4, 6, 3, 5))
    hidden = fused_gru(x, state, cell)
    total = hidden.sum()
    hidden.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        total.backward()


def test_the_kernel_can_be_chosen():
    cell, x, _ = make((4, 6, 3, 5), dtype=torch.float32)
    assert cell.is_fused
    by_default = cell(x)[0].detach()
    cell.kernel = "torch"
    assert not cell.is_fused
    assert_allclose(cell(x)[0].detach(), by_default, atol=1e-6)
    assert not cell.to(torch.bfloat16).is_fused


@both_dtypes
def test_linear_layer_follows_pytorchs(dtype):
    layer = nn.Linear(50, 33, dtype=dtype)
    x = torch.randn(7, 9, 50, dtype=dtype).transpose(0, 1).requires_grad_()
    expected, actual = layer(x), fused.fused_linear(x, layer)
    weight = torch.linspace(-1, 1, actual.numel(), dtype=dtype).view_as(actual)
    assert relative_error(actual, expected) < TOLERANCE[dtype]
    ours = gradients(actual, weight, layer, x)
    for fast, slow in zip(ours, gradients(expected, weight, layer, x), strict=True):
        assert relative_error(fast, slow) < TOLERANCE[dtype]


def test_weights_that_change_are_arranged_anew_unless_frozen():
    cell, x, state = make((4, 6, 3, 5))
    optimizer = torch.optim.Adam(cell.parameters(), fused=True)
    with torch.no_grad():
        before = fused_gru(x, state, cell)
    cell(x)[0].sum().backward()
    optimizer.step()
    with torch.no_grad():
        expected, _ = cell.unrolled(x, state[None])
        assert relative_error(fused_gru(x, state, cell), expected) < 1e-13
        assert relative_error(before, expected) > 1e-4
    cell.arranged = {}
    symbols = torch.randint(3, (4, 6), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for inputs in (x, symbols, x, symbols):
            expected, _ = cell.unrolled(inputs, state[None])
            actual = fused_gru(inputs, state, cell)
            assert relative_error(actual, expected) < 1e-13


@every_variant
@pytest.mark.parametrize("steps", [1, 6, 90])
def test_no_state_is_a_state_of_zeros(steps, activation, reset_after):
    cell, x, state = make((5, steps, 3, 20), activation, reset_after)
    weight = torch.linspace(-1, 1, 100 * steps, dtype=torch.float64).view(5, steps, 20)
    x = leaf(x)
    given = fused_gru(x, torch.zeros_like(state), cell)
    expected = gradients(given, weight, cell, x)
    without = fused_gru(x, None, cell)
    assert torch.equal(without, given)
    for one, other in zip(gradients(without, weight, cell, x), expected, strict=True):
        assert_allclose(one, other, rtol=1e-13, atol=1e-15)


def test_other_dtypes_are_converted():
    cell, x, _ = make((5, 4, 3, 20), dtype=torch.float32)
    expected = cell(x)[0]
    assert torch.equal(cell(x.double())[0], expected)
    cell.kernel = "torch"
    assert cell(x.double())[0].dtype == torch.float32


@every_variant
def test_the_last_state_alone_has_the_gradients_of_its_place(activation, reset_after):
    cell, x, state = make((5, 7, 3, 20), activation, reset_after)
    weight = torch.linspace(-1, 1, 100, dtype=torch.float64).view(5, 20)
    x, state = leaf(x), leaf(state)
    hidden, last = last_too(x, state, cell)
    by_last = gradients(last, weight, cell, x, state)
    hidden, last = last_too(x, state, cell)
    by_place = gradients(hidden[:, -1], weight, cell, x, state)
    hidden, last = last_too(x, state, cell)
    by_both = gradients(hidden[:, -1] + last, weight, cell, x, state)
    for one, other, both in zip(by_last, by_place, by_both, strict=True):
        assert relative_error(one, other) < 1e-13
        assert relative_error(both, 2 * other) < 1e-13


@every_variant
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_stack_is_its_layers_one_after_the_other(
    n_threads, activation, reset_after, monkeypatch
):
    monkeypatch.setattr(_layer, "WORTH_A_THREAD", 0)
    allow_threads(n_threads)
    cells, states = [], []
    for size in ((21, 9, 5, 50), (21, 9, 50, 17), (21, 9, 17, 33)):
        cell, x, state = make(size, activation, reset_after, seed=size[-1])
        cells.append(cell)
        states.append(leaf(state))
    _, x, _ = make((21, 9, 5, 50))
    x, states[1] = leaf(x), None
    given = [None if state is None else state[None] for state in states]
    hidden, last = fused.fused_gru(x, given, cells)
    slow, slow_last = x, []
    for cell, state in zip(cells, states, strict=True):
        slow, after = cell.unrolled(
            slow, cell.initial_state(x) if state is None else state[None]
        )
        slow_last.append(after)
    for one, other in zip((hidden, *last), (slow, *slow_last), strict=True):
        assert relative_error(one, other) < 1e-13
    leaves = [
        x,
        states[0],
        states[2],
        *(w for cell in cells for w in cell.parameters()),
    ]
    # The first layer's last state counts by itself, too, and the others' do not.
    ours = torch.autograd.grad((hidden * hidden).sum() + last[0].sum(), leaves)
    theirs = torch.autograd.grad((slow * slow).sum() + slow_last[0].sum(), leaves)
    for one, other in zip(ours, theirs, strict=True):
        assert relative_error(one, other) < 1e-12
