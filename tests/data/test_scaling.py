import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

from sklearn_gru.data import Scaler, _scaling, fit_scaler, window_view


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(_scaling, "BLOCK_ELEMENTS", 12)


def table(n_rows=50, n_columns=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_rows, n_columns)) * [1e-3, 1, 1e4] + [5, -1e3, 0]


def assert_standardises_like(scaler, reference):
    assert_allclose(scaler.mean, reference.mean_, rtol=1e-12, atol=1e-12)
    assert_allclose(scaler.scale, reference.scale_, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_fits_like_standard_scaler(small_blocks, weighted):
    values = table()
    weight = np.random.default_rng(1).random(50) if weighted else None
    reference = StandardScaler().fit(values, sample_weight=weight)
    assert_standardises_like(fit_scaler(values, weight), reference)


def test_block_size_is_no_more_than_a_matter_of_memory(monkeypatch):
    values = table()
    whole = fit_scaler(values)
    monkeypatch.setattr(_scaling, "BLOCK_ELEMENTS", 1)  # less than a row
    rowwise = fit_scaler(values)
    assert_allclose(rowwise.mean, whole.mean, rtol=1e-13)
    assert_allclose(rowwise.scale, whole.scale, rtol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_sequence_weighs_as_its_steps_do(small_blocks, weighted):
    values = np.random.default_rng(0).normal(size=(9, 4, 2))
    weight = np.arange(9.0) if weighted else None
    of_steps = None if weight is None else np.repeat(weight, 4)
    reference = StandardScaler().fit(values.reshape(-1, 2), sample_weight=of_steps)
    assert_standardises_like(fit_scaler(values, weight), reference)


def test_whole_weights_count_repeated_rows():
    values, weight = table(6), np.array([0, 1, 2, 3, 0, 1])
    repeated = fit_scaler(np.repeat(values, weight, axis=0))
    weighted = fit_scaler(values, weight)
    assert_allclose(weighted.mean, repeated.mean, rtol=1e-13)
    assert_allclose(weighted.scale, repeated.scale, rtol=1e-13)


def test_reads_a_float32_memory_map_in_float64(small_blocks, tmp_path):
    values = table().astype(np.float32)
    np.save(tmp_path / "table.npy", values)
    mapped = np.load(tmp_path / "table.npy", mmap_mode="r")
    reference = StandardScaler().fit(values.astype(np.float64))
    assert_standardises_like(fit_scaler(mapped), reference)


def test_fits_a_copy_of_a_memory_map(tmp_path):
    # NumPy calls such a copy a memmap as well, but no file is behind it.
    np.save(tmp_path / "table.npy", table())
    copy = np.load(tmp_path / "table.npy", mmap_mode="r").copy()
    assert_standardises_like(fit_scaler(copy), StandardScaler().fit(table()))


def test_fits_overlapping_windows(small_blocks):
    windows = window_view(table(), 7)
    reference = StandardScaler().fit(windows.reshape(-1, 3))
    assert_standardises_like(fit_scaler(windows), reference)


def test_never_copies_a_view_whole(monkeypatch):
    monkeypatch.setattr(_scaling, "BLOCK_ELEMENTS", 1000)
    windows = window_view(np.random.default_rng(0).normal(size=(2000, 1)), 50)
    tracemalloc.start()
    fit_scaler(windows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < windows.nbytes / 4


# The mean of many 0.1 is not 0.1, so their computed deviation is not zero.
@pytest.mark.parametrize("value", [0.0, 0.1, -7.0, 1e8 + 0.1])
def test_columns_that_do_not_vary_keep_their_unit(value):
    scaler = fit_scaler(np.full((1000, 1), value))
    assert scaler.scale == 1
    assert_allclose(scaler.mean, value, rtol=1e-14)


def test_small_variation_is_variation():
    assert_allclose(fit_scaler(np.array([[1e-30], [3e-30]])).scale, 1e-30)
    assert_allclose(fit_scaler(np.array([[1e6], [1e6 + 2]])).scale, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_names_the_row_of_nan_and_infinity(small_blocks, bad):
    values = table()
    values[[31, 40], 1] = bad
    with pytest.raises(ValueError, match="NaN or infinity, first at row 31"):
        fit_scaler(values)


@pytest.mark.parametrize(
    "column",
    [[1e200, -1e200], [1e308] * 4, [1e308, -1e308] * 50],
    ids=["square", "sum", "sum of both signs"],
)
def test_values_too_large_for_a_variance_are_an_error(column):
    values = np.stack([np.zeros(len(column)), column], axis=1)
    with pytest.raises(ValueError, match=r"too large for float64 \(columns \[1\]\)"):
        fit_scaler(values)


def test_transform_is_standard_scalers():
    values = table()
    scaler, reference = fit_scaler(values), StandardScaler().fit(values)
    transformed = scaler.transform(values)
    assert_allclose(transformed, reference.transform(values), rtol=1e-12, atol=1e-12)
    assert_allclose(scaler.inverse_transform(transformed), values, rtol=1e-12)


def test_transform_computes_in_float64_and_rounds_once():
    values = table().astype(np.float32)
    scaler = fit_scaler(values)
    exact = (values.astype(np.float64) - scaler.mean) / scaler.scale
    expected = exact.astype(np.float32)
    assert_array_equal(scaler.transform(values, np.float32), expected, strict=True)


def test_inverse_transform_returns_float64():
    z = np.array([[0.1, 0.2, 0.3]], np.float32)
    scaler = fit_scaler(table())
    expected = z.astype(np.float64) * scaler.scale + scaler.mean
    assert_array_equal(scaler.inverse_transform(z), expected, strict=True)


def test_identity_changes_nothing():
    scaler = Scaler.identity(3)
    assert_array_equal(scaler.transform(table()), table(), strict=True)
    assert_array_equal(scaler.inverse_transform(table()), table(), strict=True)


def holed_table():
    values = table()
    values[np.random.default_rng(1).random(values.shape) < 0.3] = np.nan
    values[:4, 1] = np.nan
    return values


def test_nan_can_be_left_out(small_blocks):
    values = holed_table()
    scaler = fit_scaler(values, skip_nan=True)
    assert_standardises_like(scaler, StandardScaler().fit(values))
    assert_array_equal(values, holed_table())  # it is not written to
    assert_array_equal(np.isnan(scaler.transform(values)), np.isnan(values))


def test_leaving_nothing_out_changes_no_bit():
    expected, scaler = fit_scaler(table()), fit_scaler(table(), skip_nan=True)
    assert_array_equal(scaler.mean, expected.mean)
    assert_array_equal(scaler.scale, expected.scale)


def test_a_column_of_one_value_and_nan_is_constant(small_blocks):
    values = holed_table()
    values[:, 1] = np.where(np.isnan(values[:, 1]), np.nan, 0.1)
    scaler = fit_scaler(values, skip_nan=True)
    assert_array_equal(scaler.constant, [False, True, False])
    assert_array_equal([scaler.mean[1], scaler.scale[1]], [0.1, 1])


def test_infinity_is_never_left_out(small_blocks):
    values = holed_table()
    values[31, 2] = np.inf
    with pytest.raises(ValueError, match="NaN or infinity, first at row 31: inf"):
        fit_scaler(values, skip_nan=True)


def test_a_column_of_nothing_but_nan_is_an_error():
    values = holed_table()
    values[:, [0, 2]] = np.nan
    with pytest.raises(ValueError, match=r"nothing but NaN in columns \[0, 2\]"):
        fit_scaler(values, skip_nan=True)
