import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.nets.pooling import POOLINGS, POOLS, is_read

LENGTHS = [4, 1, 6, 2]
PLAIN_POOLS = {"mean": lambda steps: sum(steps) / len(steps), "max": max}


def states():
    rng = np.random.default_rng(0)
    hidden = torch.from_numpy(rng.normal(size=(len(LENGTHS), max(LENGTHS), 3)) - 5)
    return hidden, torch.tensor(LENGTHS)


def pooled_by_hand(name, hidden, lengths):
    return [
        [PLAIN_POOLS[name](column[:n].tolist()) for column in row.T]
        for row, n in zip(hidden, lengths, strict=True)
    ]


def test_there_is_a_pool_for_every_name_but_last():
    assert POOLINGS == ("last", "mean", "max")
    assert list(POOLS) == list(PLAIN_POOLS)


def test_steps_up_to_the_length_are_read():
    hidden, lengths = states()
    read = is_read(hidden, lengths)
    assert read.shape == (4, 6, 1)
    for row, n in zip(read[:, :, 0].tolist(), LENGTHS, strict=True):
        assert row == [step < n for step in range(6)]


@pytest.mark.parametrize("name", POOLS)
def test_pools_are_taken_over_all_steps(name):
    hidden, _ = states()
    expected = pooled_by_hand(name, hidden, [6] * 4)
    assert_allclose(POOLS[name](hidden), expected, rtol=1e-12)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("padding", [0.0, 1e9, torch.nan, torch.inf])
def test_pools_are_taken_over_each_sequences_own_steps(name, padding):
    hidden, lengths = states()
    expected = pooled_by_hand(name, hidden, LENGTHS)
    for row, n in zip(hidden, LENGTHS, strict=True):
        row[n:] = padding
    assert_allclose(POOLS[name](hidden, lengths), expected, rtol=1e-12)


@pytest.mark.parametrize("name", POOLS)
def test_only_what_is_read_has_a_gradient(name):
    hidden, lengths = states()
    hidden.requires_grad_()
    POOLS[name](hidden, lengths).sum().backward()
    for row, gradient, n in zip(hidden.detach(), hidden.grad, LENGTHS, strict=True):
        if name == "mean":
            expected = torch.full((n, 3), 1 / n, dtype=float)
        else:
            expected = (row[:n] == row[:n].amax(0)).double()
        assert_allclose(gradient[:n], expected, rtol=1e-12)
        assert not gradient[n:].any()


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_stays(name, dtype):
    hidden, lengths = states()
    assert POOLS[name](hidden.to(dtype), lengths).dtype == dtype
    assert POOLS[name](hidden.to(dtype)).dtype == dtype


def test_a_sequence_of_one_step_is_that_step():
    hidden = torch.randn(3, 1, 2)
    for pool in POOLS.values():
        assert_array_equal(pool(hidden), hidden[:, 0])
        assert_array_equal(pool(hidden, torch.ones(3, dtype=int)), hidden[:, 0])
