import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_gru.nets.time_warp import WAVES, TimeWarp

N, T = 400, 30
LENGTHS = torch.from_numpy(np.random.default_rng(0).integers(1, T + 1, size=N))


def numbered(n=N, n_steps=T):
    """Sequences whose rows tell the sequence and the step they come from."""
    sequence = torch.arange(n)[:, None].expand(n, n_steps)
    step = torch.arange(n_steps).expand(n, n_steps)
    return torch.stack([sequence, step], dim=2).double()


def warped_steps(warp, x, lengths=None):
    """Warp numbered sequences; return the steps, row by row, that were read."""
    out = warp(x, lengths)
    assert out.shape == x.shape
    assert out.dtype == x.dtype
    # Both columns of a row come from the same row of the same sequence.
    assert_array_equal(out[:, :, 0], x[:, :, 0])
    assert set(out[:, :, 1].flatten().tolist()) <= set(range(x.shape[1]))
    return out[:, :, 1]


def changed(steps):
    return (steps != torch.arange(steps.shape[1])).any(dim=1)


@pytest.mark.parametrize("strength", [0.01, 0.1, 0.9])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_rows_are_rows_of_the_same_sequence_and_ends_are_ends(strength, lengths):
    steps = warped_steps(TimeWarp(strength, 0), numbered(), lengths)
    for row, n in zip(steps, [T] * N if lengths is None else lengths, strict=True):
        assert row[0] == 0
        assert row[n - 1] == n - 1
        assert row[:n].max() <= n - 1
        assert_array_equal(row[n:], torch.arange(n, T))  # the padding is left alone


def test_time_is_bent_and_not_shuffled():
    steps = warped_steps(TimeWarp(0.02, 0), numbered(n_steps=200))
    assert (steps.diff(dim=1) >= 0).double().mean() > 0.99
    assert (steps.diff(dim=1) == 2).any()
    assert (steps.diff(dim=1) == 0).any()


def test_every_other_sequence_is_bent():
    bent = changed(warped_steps(TimeWarp(0.5, 0), numbered(2000, 100)))
    # Of 2,000 fair coins the share is within four standard deviations of a half.
    assert abs(bent.double().mean() - 0.5) < 4 * (0.25 / 2000) ** 0.5


def test_a_row_is_the_one_nearest_to_the_bent_time():
    warp, x = TimeWarp(0.1, 5), numbered(50)
    generator = torch.Generator().manual_seed(5)
    size = torch.randn(50, WAVES, generator=generator)
    bent = torch.rand(50, 1, generator=generator) < 0.5
    steps = warped_steps(warp, x)
    for n in range(50):
        for t in range(T):
            share = t / (T - 1)
            bend = sum(
                0.1
                * bent[n].item()
                * size[n, k - 1].item()
                / k
                * math.sin(math.pi * k * share)
                for k in range(1, WAVES + 1)
            )
            place = min(max(t + (T - 1) * bend, 0), T - 1)
            assert abs(steps[n, t].item() - place) < 0.5 + 1e-4


def test_a_stronger_warp_goes_further():
    far = [
        (warped_steps(TimeWarp(strength, 0), numbered()) - torch.arange(T))
        .abs()
        .mean()
        .item()
        for strength in (0.01, 0.05, 0.2)
    ]
    assert far == sorted(far)
    assert far[0] < far[2]


def test_padded_sequences_are_bent_as_without_padding():
    x, length = numbered(), 17
    alone = warped_steps(TimeWarp(0.3, 2), x[:, :length])
    padded = warped_steps(TimeWarp(0.3, 2), x, torch.full((N,), length))
    assert changed(alone).any()
    assert_array_equal(padded[:, :length], alone)


def test_equal_lengths_are_as_without_lengths():
    x = numbered()
    with_lengths = TimeWarp(0.3, 2)(x, torch.full((N,), T))
    assert_array_equal(with_lengths, TimeWarp(0.3, 2)(x))


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_nothing_changes_in_evaluation_or_without_strength(lengths):
    x = numbered()
    assert TimeWarp(0.5, 0).eval()(x, lengths) is x
    assert TimeWarp(0.0, 0)(x, lengths) is x


def test_every_call_draws_anew_and_equal_seeds_draw_alike():
    x = numbered()
    one, same, other = TimeWarp(0.3, 3), TimeWarp(0.3, 3), TimeWarp(0.3, 8)
    first, second = one(x), one(x)
    assert not torch.equal(first, second)
    assert torch.equal(same(x), first)
    assert torch.equal(same(x), second)
    assert not torch.equal(other(x), first)


def test_torchs_random_state_and_default_type_do_not_matter():
    x, results = numbered(), []
    for seed, dtype in [(1, torch.float32), (2, torch.float64)]:
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        torch.set_default_dtype(dtype)
        try:
            results.append(TimeWarp(0.3, 0)(x))
        finally:
            torch.set_default_dtype(torch.float32)
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*results)


@pytest.mark.parametrize("lengths", [None, torch.ones(6, dtype=int)])
def test_a_single_step_stays(lengths):
    x = numbered(6, 1)
    assert_array_equal(TimeWarp(0.9, 0)(x, lengths), x)


def test_symbols_are_read_along_bent_time_too():
    x = torch.arange(T, dtype=torch.int32).expand(N, T)[:, :, None]
    steps = TimeWarp(0.3, 0)(x)
    assert steps.dtype == torch.int32
    expected = warped_steps(TimeWarp(0.3, 0), numbered())
    assert_array_equal(steps[:, :, 0], expected)
