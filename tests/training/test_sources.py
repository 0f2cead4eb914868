import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_gru.data import Ragged, fit_scaler, window_view
from sklearn_gru.training import dense, gather, labels, ragged, sources

CPU = torch.device("cpu")
N_ROWS = 30
LENGTHS = np.array([4, 9, 1, 7, 9])
CHOSEN = np.array([7, 0, 7, 19, 3])

both_precisions = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def table(dtype=np.float64):
    return np.random.default_rng(0).normal([5, 0], size=(N_ROWS, 2)).astype(dtype)


def on_disk(values, folder):
    np.save(folder / "values.npy", values)
    return np.load(folder / "values.npy", mmap_mode="r")


@pytest.fixture(params=["array", "memory map", "column order", "float32"])
def rows(request, tmp_path):
    return {
        "array": table,
        "memory map": lambda: on_disk(table(), tmp_path),
        "column order": lambda: np.asfortranarray(table()),
        "float32": lambda: table(np.float32),
    }[request.param]()


@pytest.fixture
def scaler():
    return fit_scaler(table())


def plain(scaler, values, dtype):
    return torch.from_numpy((values - scaler.mean) / scaler.scale).to(dtype)


def assert_identical(actual, expected):
    assert actual.dtype == expected.dtype
    assert torch.equal(actual, expected)


@both_precisions
@pytest.mark.parametrize("stream", [False, True])
def test_dense_takes_standardised_entries(monkeypatch, rows, scaler, dtype, stream):
    monkeypatch.setattr(sources, "BLOCK_ROWS", 7)
    monkeypatch.setattr(sources, "MAPPED_AT_ONCE", 2)
    source = dense(rows, scaler, dtype, CPU, stream=stream)
    assert len(source) == N_ROWS
    assert_identical(source.take(CHOSEN), plain(scaler, rows[CHOSEN], dtype))


@both_precisions
def test_dense_takes_overlapping_windows(rows, scaler, dtype):
    source = dense(window_view(rows, 6), scaler, dtype, CPU)
    expected = np.stack([rows[start : start + 6] for start in CHOSEN])
    assert len(source) == 25
    assert_identical(source.take(CHOSEN), plain(scaler, expected, dtype))


@pytest.mark.parametrize("kind", ["memory map", "overlapping windows", "stream"])
def test_what_should_not_be_copied_is_streamed(kind, scaler, tmp_path):
    values = {
        "memory map": lambda: on_disk(table(), tmp_path),
        "overlapping windows": lambda: window_view(table(), 6),
        "stream": table,
    }[kind]()
    source = dense(values, scaler, torch.float32, CPU, stream=kind == "stream")
    assert np.shares_memory(source.values, values)


@both_precisions
@pytest.mark.parametrize(("length", "start"), [(1, 0), (6, 0), (4, 11), (30, 0)])
def test_series_hands_out_all_windows(rows, scaler, dtype, length, start):
    source = dense(rows, scaler, dtype, CPU).windows(length, start)
    starts = range(start, N_ROWS - length + 1)
    assert len(source) == len(starts)
    expected = np.stack([rows[first : first + length] for first in starts])
    everything = source.take(np.arange(len(source)))
    assert_identical(everything, plain(scaler, expected, dtype))


def test_windows_of_a_series_share_its_memory(scaler, tmp_path):
    resident = dense(table(), scaler, torch.float32, CPU)
    pointers = [
        part.values.untyped_storage().data_ptr()
        for part in (resident, resident.windows(5), resident.windows(3, start=9))
    ]
    assert len(set(pointers)) == 1
    mapped = on_disk(table(), tmp_path)
    windows = dense(mapped, scaler, torch.float32, CPU).windows(5)
    assert np.shares_memory(windows.values, mapped)


def test_labels_are_taken_as_they_are():
    source = labels(np.array([2, 0, 1, 1]), CPU)
    assert len(source) == 4
    assert_identical(source.take(np.array([3, 0])), torch.tensor([1, 2]))


@both_precisions
def test_ragged_pads_to_the_longest_of_the_batch(rows, scaler, dtype):
    sequences = Ragged(rows, LENGTHS)
    source = ragged(sequences, scaler, dtype, CPU)
    assert len(source) == 5
    for chosen in ([0], [2, 0], [4, 3], [1, 4, 0, 2, 3]):
        values = source.take(np.array(chosen))
        assert values.shape == (len(chosen), LENGTHS[chosen].max(), 2)
        assert values.isfinite().all()
        for row, i in zip(values, chosen, strict=True):
            expected = plain(scaler, sequences.split()[i], dtype)
            assert_identical(row[: LENGTHS[i]], expected)


@pytest.mark.parametrize("indices", [CHOSEN, np.array([[1, 2, 3], [3, 4, 5]])])
def test_gather_equals_indexing_but_copies(monkeypatch, rows, indices):
    monkeypatch.setattr(sources, "MAPPED_AT_ONCE", 2)
    gathered = gather(rows, indices)
    assert_array_equal(gathered, table(rows.dtype)[indices], strict=True)
    assert not np.shares_memory(gathered, rows)
