"""What the compiled layers are made of: products of matrices, and activations."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("llvmlite")

from llvmlite import ir

from sklearn_gru.nets.fused import _activations
from sklearn_gru.nets.fused._code import define
from sklearn_gru.nets.fused._compile import Functions
from sklearn_gru.nets.fused._kernels import address, products
from sklearn_gru.nets.fused._lanes import for_all_lanes
from sklearn_gru.nets.fused._products import packed

both_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
# rows, depth, columns: whole tiles, parts of tiles in every direction, single numbers
SIZES = [(8, 6, 48), (1, 1, 1), (7, 5, 3), (13, 1, 97), (32, 50, 150), (3, 600, 17)]


def matrices(size, dtype):
    rng = np.random.default_rng(0)
    n_rows, depth, n_columns = size
    shapes = [(n_rows, depth), (depth, n_columns), (n_rows, n_columns)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def add_product(c, a, b):
    products(c.dtype.name).add(c, a, packed(b))


def assert_product(actual, a, b, c):
    exact = c.astype(float) + a.astype(float) @ b.astype(float)
    precision = np.finfo(actual.dtype).eps
    bound = np.abs(c) + np.abs(a) @ np.abs(b)
    assert np.all(np.abs(actual - exact) <= precision * len(b) * bound + 1e-300)


@both_dtypes
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_products(size, dtype):
    a, b, c = matrices(size, dtype)
    result = c.copy()
    add_product(result, a, b)
    assert_product(result, a, b, c)


@both_dtypes
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_products_with_a_transpose(size, dtype):
    a, b, c = matrices(size, dtype)
    result = c.copy()
    products(dtype).add_transposed(result, np.ascontiguousarray(a.T), b)
    assert_product(result, a, b, c)


@both_dtypes
def test_products_of_parts_leave_the_rest_alone(dtype):
    a, b, _ = matrices((9, 20, 30), dtype)
    whole = np.full((12, 60), 7, dtype)
    add_product(whole[2:9, 5:25], a[1:8, 3:11], b[3:11, 4:24])
    expected = np.full((12, 60), 7, dtype)
    expected[2:9, 5:25] += a[1:8, 3:11] @ b[3:11, 4:24]
    assert_allclose(whole, expected, rtol=1e-5)
    outside = np.ones((12, 60), bool)
    outside[2:9, 5:25] = False
    assert (whole[outside] == 7).all()


def test_an_element_does_not_depend_on_the_other_rows():
    a, b, _ = matrices((29, 40, 50), "float32")
    together = np.zeros((29, 50), "float32")
    add_product(together, a, b)
    for rows in (slice(4, 5), slice(1, 12), slice(26, 29)):
        alone = np.zeros((29, 50), "float32")[rows]
        add_product(alone, a[rows], b)
        assert_array_equal(alone, together[rows])


def compiled(function):
    def apply(x, y):
        y[0] = function(x[0])

    @cache
    def for_dtype(dtype):
        module = ir.Module()
        _, code = define(module, "run", 3, dtype)
        n_lanes, x, y = code.arguments
        for_all_lanes(code, apply, n_lanes, [x], [y])
        code.builder.ret_void()
        return Functions(module).run

    def call(x):
        y = np.full(len(x), 5, x.dtype)
        for_dtype(x.dtype.name)(len(x), address(x), address(y))
        return y

    return call


tanh, sigmoid, relu, exp = map(
    compiled,
    (_activations.tanh, _activations.sigmoid, _activations.relu, _activations.exp),
)


def test_tanh_keeps_its_bounds():
    x = np.linspace(-12, 12, 2_000_001).astype("float32")
    exact = np.tanh(x.astype(float))
    assert np.all(np.abs(tanh(x) - exact) <= 4e-7 * np.abs(exact))
    x = np.linspace(-40, 40, 2_000_001)
    assert np.abs(tanh(x) - np.tanh(x)).max() <= 4e-16


def test_sigmoid_keeps_its_bounds():
    x = np.linspace(-30, 30, 2_000_001)
    exact = 1 / (1 + np.exp(-x))
    assert np.abs(sigmoid(x) - exact).max() <= 4e-16
    assert np.abs(sigmoid(x.astype("float32")) - exact).max() <= 4e-7


def test_exp_keeps_its_bounds():
    x = np.linspace(-700, 700, 2_000_001)
    assert np.abs(exp(x) / np.exp(x) - 1).max() <= 4e-16


@both_dtypes
def test_activations_at_the_ends(dtype):
    x = np.array([-np.inf, -1e30, -0.0, 0.0, 1e30, np.inf, np.nan], dtype)
    assert_allclose(tanh(x), [-1, -1, 0, 0, 1, 1, np.nan], atol=4e-7)
    assert_allclose(sigmoid(x), [0, 0, 0.5, 0.5, 1, 1, np.nan], atol=4e-7)
    assert_array_equal(relu(x), [0, 0, 0, 0, x[4], np.inf, np.nan])
