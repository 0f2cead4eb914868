from itertools import chain

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_gru.data import Ragged, Scaler
from sklearn_gru.training import Batch, SequenceDataset, batches, dense, labels, ragged
from sklearn_gru.training.batches import BatchIterator

CPU = torch.device("cpu")
N_ROWS = 30
LENGTHS = np.array([4, 9, 1, 7, 9])


def table():
    return np.random.default_rng(0).normal(size=(N_ROWS, 2))


def make_dataset(indices, weight=None):
    x = dense(table(), Scaler.identity(2), torch.float64, CPU)
    y = labels(np.arange(N_ROWS), CPU)
    return SequenceDataset({"x": x}, y, indices, weight=weight)


@pytest.mark.parametrize("indices", [np.array([3, 9, 5, 11]), range(3, 14, 3)])
def test_a_batch_holds_the_entries_at_its_positions(indices):
    dataset = make_dataset(indices)
    chosen = [indices[2], indices[0]]
    batch = dataset.batch(np.array([2, 0]))
    assert len(dataset) == 4
    assert_array_equal(batch.inputs["x"], table()[chosen])
    assert_array_equal(batch.targets, chosen)
    assert batch.lengths is None
    assert batch.weight is None
    batch = dataset[1]
    assert_array_equal(batch.inputs["x"], table()[[indices[1]]])
    assert_array_equal(batch.targets, [indices[1]])


@pytest.mark.parametrize("indices", [np.array([3, 9, 5, 11]), range(3, 14, 3)])
def test_weights_are_those_of_the_entries(indices):
    weight = np.arange(N_ROWS) / 7
    batch = make_dataset(indices, weight).batch(np.array([2, 0]))
    assert_array_equal(batch.inputs["x"], table()[[indices[2], indices[0]]])
    assert_array_equal(batch.weight, weight[[indices[2], indices[0]]])
    assert batch.weight.dtype == batch.inputs["x"].dtype


@pytest.mark.parametrize("weight", [None, np.arange(5.0)])
def test_a_batch_of_ragged_sequences_knows_their_lengths(weight):
    sequences = Ragged(table(), LENGTHS)
    source = ragged(sequences, Scaler.identity(2), torch.float64, CPU)
    dataset = SequenceDataset(
        {"x": source}, source, np.arange(5), sequences.lengths, weight
    )
    batch = dataset.batch(np.array([3, 0]))
    assert_array_equal(batch.lengths, [7, 4])
    x = batch.inputs["x"]
    assert_array_equal(x[0], table()[14:21])
    assert_array_equal(x[1, :4], table()[:4])
    assert_array_equal(batch.targets, x)
    assert (batch.weight is not None) == (weight is not None)


SOME = torch.arange(3.0)


@pytest.mark.parametrize(
    ("batch", "inputs"),
    [
        (Batch({"x": SOME}, SOME), SOME),
        (Batch({"x": SOME}, SOME, weight=SOME), {"x": SOME, "weight": SOME}),
        (Batch({"x": SOME}, SOME, SOME), {"x": SOME, "lengths": SOME}),
        (Batch({"window": SOME}, SOME), {"window": SOME}),
    ],
    ids=["dense", "weighted", "ragged", "windows"],
)
def test_callbacks_get_a_pair(batch, inputs):
    assert batch.as_pair() == (inputs, SOME)


def test_a_network_is_given_inputs_and_lengths_but_no_weights():
    batch = Batch({"x": SOME}, SOME, lengths=SOME + 1, weight=SOME)
    assert batch.arguments == {"x": SOME, "lengths": batch.lengths}


@pytest.mark.parametrize("lengths", [None, SOME + 1])
def test_a_copy_of_a_batch_has_equal_tensors_of_its_own(lengths):
    batch = Batch({"x": SOME, "more": SOME + 2}, SOME + 3, lengths, SOME + 4)
    copied = batch.copied()
    assert (copied.lengths is None) == (lengths is None)
    assert len(batch.tensors()) == (4 if lengths is None else 5)
    for one, other in zip(batch.tensors(), copied.tensors(), strict=True):
        assert torch.equal(one, other)
        assert one.data_ptr() != other.data_ptr()


def passes(n_passes, rng, n_samples, batch_size):
    """Targets of every batch, which are the samples' numbers, for each pass."""
    iterator = BatchIterator(make_dataset(np.arange(n_samples)), batch_size, rng)
    return [[batch.targets.tolist() for batch in iterator] for _ in range(n_passes)]


sizes = pytest.mark.parametrize(
    ("n_samples", "batch_size"), [(30, 7), (28, 7), (5, 8), (1, 1), (29, 1)]
)


@sizes
@pytest.mark.parametrize("shuffle_at_once", [10, 1000])
def test_a_pass_visits_every_sample_once(
    monkeypatch, n_samples, batch_size, shuffle_at_once
):
    monkeypatch.setattr(batches, "SHUFFLE_AT_ONCE", shuffle_at_once)
    iterator = BatchIterator(make_dataset(np.arange(n_samples)), batch_size)
    for order in passes(3, np.random.default_rng(0), n_samples, batch_size):
        assert sorted(chain(*order)) == list(range(n_samples))
        assert len(order) == len(iterator)
        assert all(len(batch) == batch_size for batch in order[:-1])


@sizes
def test_without_a_generator_samples_keep_their_order(n_samples, batch_size):
    for order in passes(2, None, n_samples, batch_size):
        assert list(chain(*order)) == list(range(n_samples))


@pytest.mark.parametrize("shuffle_at_once", [10, 1000])
def test_passes_are_shuffled_anew_and_reproducibly(monkeypatch, shuffle_at_once):
    monkeypatch.setattr(batches, "SHUFFLE_AT_ONCE", shuffle_at_once)
    first, second = passes(2, np.random.default_rng(3), 30, 7)
    assert first != second
    assert list(chain(*first)) != list(range(30))
    assert passes(2, np.random.default_rng(3), 30, 7) == [first, second]
    assert passes(1, np.random.default_rng(4), 30, 7) != [first]
