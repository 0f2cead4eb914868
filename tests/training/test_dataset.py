from itertools import chain

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_gru.data import Ragged, Scaler
from sklearn_gru.training import SequenceDataset, batches, dense, labels, ragged
from sklearn_gru.training.batches import BatchIterator

CPU = torch.device("cpu")
N_ROWS = 30
LENGTHS = np.array([4, 9, 1, 7, 9])


def table():
    return np.random.default_rng(0).normal(size=(N_ROWS, 2))


def make_dataset(indices, weight=None, **sources):
    x = dense(table(), Scaler.identity(2), torch.float64, CPU)
    y = labels(np.arange(N_ROWS), CPU)
    return SequenceDataset(sources.get("x", x), sources.get("y", y), indices, weight)


@pytest.mark.parametrize("indices", [np.array([3, 9, 5, 11]), range(3, 14, 3)])
def test_a_batch_holds_the_entries_at_its_positions(indices):
    dataset = make_dataset(indices)
    chosen = [indices[2], indices[0]]
    inputs, targets = dataset.batch(np.array([2, 0]))
    assert len(dataset) == 4
    assert_array_equal(inputs, table()[chosen])
    assert_array_equal(targets, chosen)
    inputs, targets = dataset[1]
    assert_array_equal(inputs, table()[[indices[1]]])
    assert_array_equal(targets, [indices[1]])


@pytest.mark.parametrize("indices", [np.array([3, 9, 5, 11]), range(3, 14, 3)])
def test_weights_are_those_of_the_entries(indices):
    weight = np.arange(N_ROWS) / 7
    inputs, _ = make_dataset(indices, weight).batch(np.array([2, 0]))
    assert set(inputs) == {"x", "weight"}
    assert_array_equal(inputs["x"], table()[[indices[2], indices[0]]])
    assert_array_equal(inputs["weight"], weight[[indices[2], indices[0]]])
    assert inputs["weight"].dtype == inputs["x"].dtype


@pytest.mark.parametrize("weight", [None, np.arange(5.0)])
def test_a_batch_of_ragged_sequences_knows_their_lengths(weight):
    sequences = Ragged(table(), LENGTHS)
    source = ragged(sequences, Scaler.identity(2), torch.float64, CPU)
    dataset = make_dataset(np.arange(5), weight, x=source, y=source)
    inputs, targets = dataset.batch(np.array([3, 0]))
    assert_array_equal(inputs["lengths"], [7, 4])
    assert_array_equal(inputs["x"][0], table()[14:21])
    assert_array_equal(inputs["x"][1, :4], table()[:4])
    assert_array_equal(targets, inputs["x"])
    assert ("weight" in inputs) == (weight is not None)


def passes(n_passes, rng, n_samples, batch_size):
    """Targets of every batch, which are the samples' numbers, for each pass."""
    iterator = BatchIterator(make_dataset(np.arange(n_samples)), batch_size, rng)
    return [[targets.tolist() for _, targets in iterator] for _ in range(n_passes)]


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
