import numpy as np
import pytest

from sklearn_gru.nets import buffers


@pytest.fixture(autouse=True)
def _no_buffers():
    buffers.free_buffers()
    yield
    buffers.free_buffers()


def test_an_array_is_used_again():
    first = buffers.borrow((300, 100), np.float32)
    assert (first.shape, first.dtype) == ((300, 100), np.float32)
    buffers.give_back(first)
    again = buffers.borrow((50, 300), np.float64)
    assert np.shares_memory(first, again)
    assert not np.shares_memory(again, buffers.borrow((300, 100), np.float32))


def test_what_is_too_small_or_far_too_large_is_not():
    first = buffers.borrow((100_000,), np.float32)
    buffers.give_back(first)
    for size in (100_001, 49_999):
        assert not np.shares_memory(first, buffers.borrow((size,), np.float32))


def test_no_more_than_a_few_arrays_wait():
    # As batches of sequences of ever different lengths leave them.
    for size in range(1, 1_000_000, 50_000):
        buffers.give_back(buffers.borrow((size,), np.float32))
    held = [
        buffers.borrow((size,), np.float32) for size in (1_000_000, 500_000, 100_000)
    ]
    for array in held:
        buffers.give_back(array)
    assert len(buffers._free) <= buffers.MOST_FREE
    buffers.free_buffers()
    assert not buffers._free


def test_an_empty_array_can_be_borrowed():
    empty = buffers.borrow((0, 4), np.float32)
    assert empty.shape == (0, 4)
    buffers.give_back(empty)


def test_what_is_small_does_not_wait():
    buffers.give_back(buffers.borrow((100,), np.float32))
    assert not buffers._free


class Plan:
    def __init__(self, n_bytes):
        self.n_bytes = n_bytes


def test_a_plan_has_one_user_at_a_time():
    plan = Plan(10)
    buffers.keep_plan("key", plan)
    assert buffers.take_plan("other") is None
    assert buffers.take_plan("key") is plan
    assert buffers.take_plan("key") is None


def test_no_more_than_a_few_plans_wait():
    for key in range(10):
        buffers.keep_plan(key, Plan(1))
    kept = [key for key in range(10) if buffers.take_plan(key)]
    assert kept == list(range(10))[-buffers.MOST_PLANS :]


def test_large_plans_do_not_wait():
    buffers.keep_plan("small", Plan(10))
    buffers.keep_plan("half", Plan(buffers.MOST_BYTES - 15))
    assert buffers.take_plan("small")
    buffers.keep_plan("small", Plan(20))
    assert not buffers.take_plan("half")
    buffers.keep_plan("large", Plan(buffers.MOST_BYTES + 1))
    assert not buffers.take_plan("large")
