import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_gru.data import AffineMap, _affine, find_affine_map

AFFINE_SCALERS = [
    MinMaxScaler((-1, 3)),
    StandardScaler(),
    RobustScaler(),
    MaxAbsScaler(),
]


def table(dtype=np.float64):
    rng = np.random.default_rng(0)
    return (rng.exponential(size=(200, 3)) * [0.01, 1, 1e4] + [0, 5, -1e4]).astype(
        dtype
    )


def assert_is_map_to(affine, x, y):
    # Rounding of the data's own dtype, relative to each column's largest value.
    tolerance = 8 * np.finfo(y.dtype).eps * np.abs(y).max(axis=0)
    assert (np.abs(affine(x.astype(np.float64)) - y) <= tolerance).all()


@pytest.mark.parametrize("scaler", AFFINE_SCALERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_undoes_every_affine_scaler(scaler, dtype, order):
    y = table(dtype)
    x = scaler.fit_transform(y)
    assert x.dtype == dtype
    affine = find_affine_map(x, y[:, order])
    assert_array_equal(affine.columns, order)
    assert_is_map_to(affine, x, y[:, order])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_power_transform_is_not_affine(dtype):
    y = table(dtype)
    x = PowerTransformer().fit_transform(y).astype(dtype)
    assert find_affine_map(x, y) is None


def test_finds_negative_slopes_and_repeated_columns():
    x = table()
    affine = find_affine_map(x, np.stack([-2 * x[:, 1] + 7, x[:, 1]], axis=1))
    assert_array_equal(affine.columns, [1, 1])
    assert_allclose(affine.slope, [-2, 1], rtol=1e-13)
    assert_allclose(affine.intercept, [7, 0], atol=1e-12)


def test_prefers_the_column_at_the_targets_own_place():
    x = table()[:, [0, 0, 0]]
    assert_array_equal(find_affine_map(x, 3 * x + 1).columns, [0, 1, 2])


def test_a_constant_target_is_an_image_of_anything():
    x = table()
    y = x.copy()
    y[:, 1] = 7.5
    affine = find_affine_map(x, y)
    assert_array_equal(affine.columns, [0, 1, 2])
    assert_array_equal(affine(x)[:, 1], 7.5)


def test_a_constant_column_is_no_source_but_of_constants():
    x, y = table(), table()
    x[:, 1] = 2.0
    assert find_affine_map(x, y) is None
    y[:, 1] = 2.0
    assert_array_equal(find_affine_map(x, y)(x), y)


# A few times each precision's rounding is a difference.
@pytest.mark.parametrize(("dtype", "noise"), [(np.float64, 1e-8), (np.float32, 1e-5)])
def test_small_noise_is_noise(dtype, noise):
    x = np.random.default_rng(0).uniform(-1, 1, size=(200, 1)).astype(dtype)
    y = 2 * x + noise * np.random.default_rng(1).normal(size=x.shape).astype(dtype)
    assert find_affine_map(x, y) is None


@pytest.mark.parametrize("target", [0, 1, 2])
def test_one_target_that_is_no_image_spoils_all(target):
    x, y = table(), table()
    y[:, target] = np.sqrt(y[:, target] - y[:, target].min())
    assert find_affine_map(x, y) is None


@pytest.mark.parametrize("row", [0, 3, 4, 9, 10])
def test_looks_at_every_row_of_every_block(monkeypatch, row):
    monkeypatch.setattr(_affine, "BLOCK_ROWS", 4)
    x = np.arange(11.0)[:, None]
    y = 2 * x + 1
    assert find_affine_map(x, y) is not None
    y[row] += 1e-6
    assert find_affine_map(x, y) is None


def test_two_rows_prove_nothing():
    x = table()
    assert find_affine_map(x[:2], x[:2]) is None
    assert find_affine_map(x[:3], x[:3]) is not None


def test_takes_integers():
    x = np.arange(10)[:, None]
    affine = find_affine_map(x, 3 * x - 4)
    assert_array_equal(affine(x), 3 * x - 4)


def test_map_applies_to_the_last_axis():
    affine = AffineMap(np.array([2, 0]), np.array([3.0, -1.0]), np.array([0.5, 4.0]))
    x = np.random.default_rng(0).normal(size=(4, 5, 3))
    expected = np.empty((4, 5, 2))
    for i in range(4):
        for j in range(5):
            expected[i, j] = 3.0 * x[i, j, 2] + 0.5, -1.0 * x[i, j, 0] + 4.0
    assert_array_equal(affine(x), expected)


def test_identity_changes_nothing():
    assert_array_equal(AffineMap.identity(3)(table()), table())


@pytest.mark.parametrize("scaler", AFFINE_SCALERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0]])
def test_nan_can_be_left_out(scaler, order):
    y = table()
    y[np.random.default_rng(1).random(y.shape) < 0.3] = np.nan
    x = scaler.fit_transform(y)
    affine = find_affine_map(x, y[:, order], skip_nan=True)
    assert_array_equal(affine.columns, order)
    assert_allclose(affine(x), y[:, order], rtol=1e-9, atol=1e-9)


def test_nan_in_one_of_both_says_nothing():
    x = table()
    y = 2 * x + 1
    x[5:20, 0], y[30:50, 0] = np.nan, np.nan
    affine = find_affine_map(x, y, skip_nan=True)
    assert_array_equal(affine.columns, [0, 1, 2])
    assert affine.first_contradiction(x, y) is None
    y[100, 0] += 1
    assert affine.first_contradiction(x, y) == (100, 0)
    assert find_affine_map(x, y, skip_nan=True) is None


@pytest.mark.filterwarnings("error")
def test_a_slope_that_no_number_holds_is_no_match():
    tiny = np.array([[3.5e-323], [2.5e-323], [2.0e-323]])
    target = np.array([[0.1], [-0.01], [0.6]])
    assert find_affine_map(tiny, target) is None
    other = np.array([[1.0], [0.0], [2.0]])
    found = find_affine_map(np.hstack([tiny, other]), 3 * other)
    assert found.columns.tolist() == [1]
