import numpy as np
import pytest

from sklearn_gru.data import Symbols, _scaling, _symbols, fit_symbols


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.float32])
def test_positions_are_those_of_a_loop(dtype):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 50, size=(40, 3, 1)).astype(dtype)
    symbols = fit_symbols(values)
    known = sorted(set(values.ravel().tolist()))
    assert symbols.known.tolist() == known
    assert symbols.known.dtype == np.int64
    assert len(symbols) == len(known) + 1
    new = rng.integers(0, 90, size=(20, 2)).astype(dtype)
    places = symbols.transform(new)
    assert places.dtype == np.int32
    assert places.tolist() == [
        [known.index(v) if v in known else len(known) for v in row] for row in new
    ]


def test_entries_of_weight_zero_are_not_there():
    values = np.array([[1, 2], [3, 4], [5, 1]])
    assert fit_symbols(values, np.array([0.5, 0, 2])).known.tolist() == [1, 2, 5]


def test_large_symbols_need_no_room():
    symbols = fit_symbols(np.array([2**40, 7]))
    assert len(symbols) == 3
    assert symbols.transform(np.array([2**40, 7, 2**40 + 1])).tolist() == [1, 0, 2]


def test_blocks_make_no_difference(monkeypatch, tmp_path):
    values = np.random.default_rng(0).integers(0, 1000, size=(300, 2))
    expected = fit_symbols(values).known
    monkeypatch.setattr(_symbols, "BLOCK_ELEMENTS", 7)
    np.testing.assert_array_equal(fit_symbols(values).known, expected)
    values.tofile(tmp_path / "values")
    mapped = np.memmap(tmp_path / "values", values.dtype, "r", shape=values.shape)
    np.testing.assert_array_equal(fit_symbols(mapped).known, expected)
    assert _scaling.BLOCK_ELEMENTS > 7


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "Negative values in data: X holds -1.0, but with embedding_dim"),
        (0.5, "X holds 0.5, but.*CharSequenceTransformer.*embedding_dim=None"),
        (np.nan, "X holds nan, but"),
        (np.inf, "X holds inf, but"),
    ],
)
def test_what_is_no_symbol_is_named(value, message):
    values = np.array([[1.0], [value], [2.0]])
    with pytest.raises(ValueError, match=message):
        fit_symbols(values)
    with pytest.raises(ValueError, match=message):
        Symbols(np.array([1, 2])).transform(values)
