"""The compiled layers, against PyTorch's and the equations unrolled in float64."""

import copy

import numpy as np
import pytest
import torch
from cell_variants import VARIANTS
from numpy.testing import assert_allclose
from torch import nn

from sklearn_gru.nets.buffers import free_buffers
from sklearn_gru.nets.cells import CELLS
from sklearn_gru.nets.threads import allow_threads

pytest.importorskip("llvmlite")

from sklearn_gru.nets import fused
from sklearn_gru.nets.fused import _layer, _plan
from sklearn_gru.nets.fused._layer import Layer
from sklearn_gru.nets.fused._parameters import Shape

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
GRU = VARIANTS[0]
PYTORCHS = [("gru", nn.GRU), ("lstm", nn.LSTM), ("rnn", nn.RNN)]
every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
both_dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
# Relative to a float64 reference.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13}


@pytest.fixture(autouse=True)
def _one_thread():
    allow_threads(1)
    yield
    allow_threads(None)
    # A plan knows whether several threads are worth it.
    free_buffers()


def make(shape, variant=GRU, dtype=torch.float64, seed=0):
    batch, steps, features, units = shape
    generator = torch.Generator().manual_seed(seed)

    def normal(*size):
        return torch.randn(size, generator=generator, dtype=torch.float64)

    name, activation, reset_after = variant
    cell = CELLS[name](features, units, activation, reset_after)
    with torch.no_grad():
        for parameter in cell.parameters():
            # relu's states grow without bound under large weights.
            parameter.copy_(normal(*parameter.shape) * 0.7 / units**0.5)
    x = normal(batch, steps, features).to(dtype)
    state = 0.5 * normal(cell.n_states, batch, units)
    return cell.to(dtype), x, state.to(dtype)


def run(x, state, cell):
    hidden, last = last_too(x, state, cell)
    assert torch.allclose(last[0], hidden[:, -1], 0, 0, equal_nan=True)
    return hidden


def last_too(x, state, cell):
    hidden, (last,) = fused.Stack([[cell]]).run(x, [state])
    return hidden, last


def leaf(tensor, dtype=None):
    copied = tensor.detach().to(dtype or tensor.dtype, copy=True)
    return copied.requires_grad_(tensor.is_floating_point())


def gradients(hidden, weight, cell, *inputs):
    inputs = [tensor for tensor in inputs if tensor.requires_grad]
    return torch.autograd.grad((hidden * weight).sum(), [*cell.parameters(), *inputs])


def relative_error(actual, expected):
    error = (actual - expected).norm()
    # relu may leave nothing but zeros.
    return (error / expected.norm() if expected.any() else error).item()


def assert_matches_equations(cell, x, state, tolerance):
    x, state = leaf(x), leaf(state)
    hidden, last = last_too(x, state, cell)
    reference = copy.deepcopy(cell).double()
    slow_x = leaf(x, torch.float64) if x.is_floating_point() else x
    slow_state = leaf(state, torch.float64)
    slow, slow_last = reference.unrolled(slow_x, slow_state)
    assert relative_error(hidden, slow) < tolerance
    assert relative_error(last, slow_last) < tolerance
    # The last state counts, too: an LSTM's cell state is seen nowhere else.
    both = torch.cat([hidden.flatten(), last.flatten()])
    slow_both = torch.cat([slow.flatten(), slow_last.flatten()])
    weight = torch.linspace(-1, 2, slow_both.numel(), dtype=torch.float64)
    ours = gradients(both, weight.to(both.dtype), cell, x, state)
    theirs = gradients(slow_both, weight, reference, slow_x, slow_state)
    for fast, exact in zip(ours, theirs, strict=True):
        assert relative_error(fast, exact) < tolerance


@both_dtypes
@every_variant
@every_shape
def test_states_and_gradients_follow_the_equations(shape, variant, dtype):
    cell, x, state = make(shape, variant, dtype)
    assert_matches_equations(cell, x, state, TOLERANCE[dtype])


@both_dtypes
@every_variant
def test_symbols_follow_the_equations(variant, dtype):
    cell, _, state = make((9, 12, 20, 33), variant, dtype)
    x = torch.randint(20, (9, 12), generator=torch.Generator().manual_seed(0))
    assert_matches_equations(cell, x, state, TOLERANCE[dtype])


@every_variant
def test_gradcheck(variant):
    cell, x, state = make((3, 4, 2, 5), variant)

    def function(x, state, *parameters):
        names = [name for name, _ in cell.named_parameters()]
        given = copy.copy(cell)
        given._parameters = dict(zip(names, parameters, strict=True))
        return run(x, state, given)

    inputs = [leaf(tensor) for tensor in (x, state, *cell.parameters())]
    assert torch.autograd.gradcheck(function, inputs)


@pytest.mark.parametrize(("name", "layer"), PYTORCHS)
@every_shape
def test_agrees_with_pytorchs_layer_of_the_same_parameters(shape, name, layer):
    cell, x, state = make(shape, (name, "tanh", True), torch.float32)
    layer = layer(shape[2], shape[3], batch_first=True)
    layer.load_state_dict(cell.state_dict())
    x, state = leaf(x), leaf(state)
    hidden = run(x, state, cell)
    expected, _ = layer(x, state if len(state) == 1 else (state[:1], state[1:]))
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
    hidden = run(extreme, state, cell)
    exact, _ = copy.deepcopy(cell).double().unrolled(extreme.double(), state.double())
    assert_allclose(hidden.detach(), exact.detach(), atol=1e-6)
    hidden.sum().backward()
    assert extreme.grad.isfinite().all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_so_in_its_row_only(bad):
    cell, x, state = make((9, 4, 3, 20), dtype=torch.float32)
    expected = run(x, state, cell).detach()
    x[4, 2, 1] = np.nan if np.isnan(bad) else bad
    hidden = run(x, state, cell).detach()
    others = np.arange(9) != 4
    assert torch.equal(hidden[others], expected[others])
    assert torch.equal(hidden[4, :2], expected[4, :2])
    if np.isnan(bad):
        assert hidden[4, 2:].isnan().all()


@every_variant
def test_a_row_is_the_same_in_every_batch_on_any_number_of_threads(
    variant, monkeypatch
):
    monkeypatch.setattr(_plan, "WORTH_A_THREAD", 0)
    cell, x, state = make((37, 9, 5, 50), variant, torch.float32)
    with torch.no_grad():
        whole = run(x, state, cell)
        for rows in (slice(0, 1), slice(3, 30), slice(36, None), slice(None, None, 5)):
            assert torch.equal(run(x[rows], state[:, rows], cell), whole[rows])
        for number in (2, 3, 16):
            allow_threads(number)
            assert torch.equal(run(x, state, cell), whole)


@every_variant
def test_gradients_are_the_same_on_any_number_of_threads(variant, monkeypatch):
    monkeypatch.setattr(_plan, "WORTH_A_THREAD", 0)
    cell, x, state = make((37, 9, 5, 50), variant, torch.float32)

    def gradients_of_a_run():
        inputs = leaf(x), leaf(state)
        hidden = run(*inputs, cell)
        return gradients(hidden, hidden.detach(), cell, *inputs)

    alone = gradients_of_a_run()
    for number in (2, 3):
        allow_threads(number)
        for one, other in zip(gradients_of_a_run(), alone, strict=True):
            assert torch.equal(one, other)


def test_views_of_windows_need_no_copy_in_memory_order():
    cell, _, state = make((20, 6, 1, 9), dtype=torch.float32)
    series = torch.linspace(-1, 1, 25)[:, None]
    windows = series.unfold(0, 6, 1).transpose(1, 2)  # (20, 6, 1), overlapping
    expected = run(windows.contiguous(), state, cell)
    assert torch.equal(run(windows, state, cell), expected)


def test_an_empty_batch_has_no_states():
    cell, x, state = make((4, 6, 3, 5))
    assert run(x[:0], state[:, :0], cell).shape == (0, 6, 5)


def test_overwriting_a_result_before_its_gradient_is_an_error():
    cell, x, state = make((4, 6, 3, 5))
    hidden = run(x, state, cell)
    total = hidden.sum()
    hidden.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        total.backward()


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


@every_variant
def test_weights_that_change_are_packed_anew_unless_they_are_kept(variant):
    cell, x, state = make((4, 6, 3, 5), variant)
    optimizer = torch.optim.Adam(cell.parameters(), fused=True)
    with torch.no_grad():
        before = run(x, state, cell)
    run(x, state, cell).sum().backward()
    optimizer.step()
    symbols = torch.randint(3, (4, 6), generator=torch.Generator().manual_seed(0))
    kept = fused.Stack([[cell]], packed={})
    with torch.no_grad():
        expected, _ = cell.unrolled(x, state)
        assert relative_error(run(x, state, cell), expected) < 1e-13
        assert relative_error(before, expected) > 1e-4
        for inputs in (x, symbols, x, symbols):
            expected, _ = cell.unrolled(inputs, state)
            actual, _ = kept.run(inputs, [state])
            assert relative_error(actual, expected) < 1e-13


@every_variant
@pytest.mark.parametrize("steps", [1, 6, 90])
def test_no_state_is_a_state_of_zeros(steps, variant):
    cell, x, state = make((5, steps, 3, 20), variant)
    weight = torch.linspace(-1, 1, 100 * steps, dtype=torch.float64).view(5, steps, 20)
    x = leaf(x)
    given = run(x, torch.zeros_like(state), cell)
    expected = gradients(given, weight, cell, x)
    without = run(x, None, cell)
    assert torch.equal(without, given)
    for one, other in zip(gradients(without, weight, cell, x), expected, strict=True):
        assert_allclose(one, other, rtol=1e-13, atol=1e-15)


def test_other_dtypes_are_converted():
    cell, x, state = make((5, 4, 3, 20), dtype=torch.float32)
    assert torch.equal(run(x.double(), state, cell), run(x, state, cell))


@every_variant
def test_the_last_state_alone_has_the_gradients_of_its_place(variant):
    cell, x, state = make((5, 7, 3, 20), variant)
    weight = torch.linspace(-1, 1, 100, dtype=torch.float64).view(5, 20)
    x, state = leaf(x), leaf(state)
    hidden, last = last_too(x, state, cell)
    by_last = gradients(last[0], weight, cell, x, state)
    hidden, last = last_too(x, state, cell)
    by_place = gradients(hidden[:, -1], weight, cell, x, state)
    hidden, last = last_too(x, state, cell)
    by_both = gradients(hidden[:, -1] + last[0], weight, cell, x, state)
    for one, other, both in zip(by_last, by_place, by_both, strict=True):
        assert relative_error(one, other) < 1e-13
        assert relative_error(both, 2 * other) < 1e-13


@every_variant
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_stack_is_its_layers_one_after_the_other(n_threads, variant, monkeypatch):
    monkeypatch.setattr(_plan, "WORTH_A_THREAD", 0)
    allow_threads(n_threads)
    cells, states = [], []
    for size in ((21, 9, 5, 50), (21, 9, 50, 17), (21, 9, 17, 33)):
        cell, x, state = make(size, variant, seed=size[-1])
        cells.append(cell)
        states.append(leaf(state))
    _, x, _ = make((21, 9, 5, 50))
    x, states[1] = leaf(x), None
    hidden, last = fused.Stack([[cell] for cell in cells]).run(x, states)
    slow, slow_last = x, []
    for cell, state in zip(cells, states, strict=True):
        slow, after = cell.unrolled(
            slow, cell.initial_state(x) if state is None else state
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


def backward_by_hand(x, state, cell, ends):
    """Read each sequence from its end with the unrolled equations: (B, T, units)."""
    hidden, last = [], []
    for row, end in enumerate(ends):
        backward = x[row : row + 1, :end].flip(1)
        states, after = cell.unrolled(backward, state[:, row : row + 1])
        rest = states.new_zeros(x.shape[1] - end, states.shape[2])
        hidden.append(torch.cat([states[0].flip(0), rest]))
        last.append(after)
    return torch.stack(hidden), torch.cat(last, dim=1)


@every_variant
@pytest.mark.parametrize("ends", [None, [7, 1, 4, 6, 7]], ids=["whole", "lengths"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_two_layers_in_both_directions(n_threads, ends, variant, monkeypatch):
    monkeypatch.setattr(_plan, "WORTH_A_THREAD", 0)
    allow_threads(n_threads)
    sizes = [(5, 7, 3, 9), (5, 7, 3, 9), (5, 7, 18, 5), (5, 7, 18, 5)]
    made = [make(size, variant, seed=i) for i, size in enumerate(sizes)]
    cells = [cell for cell, _, _ in made]
    x = leaf(made[0][1])
    lengths = None if ends is None else torch.tensor(ends)
    stack = fused.Stack([cells[:2], cells[2:]])
    hidden, last = stack.run(x, [None] * 4, lengths)
    slow, slow_last = x, []
    for ahead, back in (cells[:2], cells[2:]):
        forward, after = ahead.unrolled(slow, ahead.initial_state(x))
        backward, before = backward_by_hand(
            slow, back.initial_state(x), back, ends or [7] * 5
        )
        slow = torch.cat([forward, backward], dim=2)
        slow_last += [after, before]
    read = torch.arange(7) < torch.tensor(ends or [7] * 5)[:, None]
    assert relative_error(hidden[read], slow[read]) < 1e-13
    for one, other in zip(last[1::2], slow_last[1::2], strict=True):
        assert relative_error(one, other) < 1e-13
    leaves = [x, *(w for cell in cells for w in cell.parameters())]
    weight = torch.linspace(-1, 1, slow[read].numel(), dtype=float)
    weight = weight.view_as(slow[read])
    ours, theirs = (
        torch.autograd.grad((h[read] * weight).sum() + s[1].sum() + s[3].sum(), leaves)
        for h, s in ((hidden, last), (slow, slow_last))
    )
    for one, other in zip(ours, theirs, strict=True):
        assert relative_error(one, other) < 1e-12


@every_variant
@pytest.mark.parametrize("reads_symbols", [False, True])
def test_a_reset_begins_a_sequence_anew(reads_symbols, variant, monkeypatch):
    monkeypatch.setattr(_plan, "WORTH_A_THREAD", 0)
    allow_threads(2)
    cell, x, state = make((21, 9, 5, 17), variant)
    generator = torch.Generator().manual_seed(0)
    if reads_symbols:
        x = torch.randint(5, (21, 9), generator=generator)
    resets = torch.rand(21, 9, generator=generator) < 0.2
    resets[3] = False
    x, state = leaf(x), leaf(state)
    hidden, (last,) = fused.Stack([[cell]]).run(x, [state], resets=resets)
    rows, slow_last = [], []
    for row in range(21):
        pieces, after = [], state[:, row : row + 1]
        for t in range(9):
            after = torch.zeros_like(after) if resets[row, t] else after
            piece, after = cell.unrolled(x[row : row + 1, t : t + 1], after)
            pieces.append(piece)
        rows.append(torch.cat(pieces, dim=1))
        slow_last.append(after)
    slow, slow_last = torch.cat(rows), torch.cat(slow_last, dim=1)
    assert relative_error(hidden, slow) < 1e-13
    assert relative_error(last, slow_last) < 1e-13
    weight = torch.linspace(-1, 1, slow.numel(), dtype=float).view_as(slow)
    ours = gradients(hidden, weight, cell, x, state)
    theirs = gradients(slow, weight, cell, x, state)
    for one, other in zip(ours, theirs, strict=True):
        assert relative_error(one, other) < 1e-12


def test_at_the_end_of_a_process_nothing_is_called(monkeypatch):
    # By then, the functions of other modules may be None.
    shape = Shape(1, 4, 1, 0, 3, 2, reads_symbols=False, keep=True)
    layer = Layer(fused.kernel_for(fused.rnn("tanh"), torch.float32), shape, [(0, 2)])
    monkeypatch.setattr(_layer, "give_back", None)
    layer.__del__(is_finalizing=lambda: True)
    with pytest.raises(TypeError):
        layer.__del__()
    monkeypatch.undo()
