import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_gru.data import fit_log_scaler


def positive(n_rows=50):
    rng = np.random.default_rng(0)
    return np.exp(rng.normal([0, 3, -5], [1, 0.1, 2], size=(n_rows, 3)))


def test_standardises_logarithms_as_standard_scaler_does():
    values = positive()
    reference = StandardScaler().fit(np.log(values))
    scaler = fit_log_scaler(values)
    expected = reference.transform(np.log(values))
    assert_allclose(scaler.transform(values), expected, rtol=1e-10, atol=1e-12)
    assert_allclose(scaler.mean, reference.mean_, rtol=1e-12)


@pytest.mark.parametrize("standardize", [False, True])
def test_there_and_back(standardize):
    scaler = fit_log_scaler(positive(), standardize=standardize)
    other = 3 * positive(80)
    assert_allclose(
        scaler.inverse_transform(scaler.transform(other)), other, rtol=1e-12
    )
    if not standardize:
        assert_allclose(scaler.transform(other), np.log(other), rtol=1e-12)


def test_behind_an_affine_map_the_units_are_those_before_it():
    """MinMaxScaler makes zeros of values that are positive in their own units."""
    values = positive()
    front = MinMaxScaler((-1, 1)).fit(values)
    scaled = front.transform(values)
    slope = front.data_range_ / 2
    intercept = front.data_min_ + slope
    scaler = fit_log_scaler(scaled, slope, intercept)
    direct = fit_log_scaler(values)
    assert_allclose(
        scaler.transform(scaled), direct.transform(values), rtol=1e-8, atol=1e-8
    )
    back = scaler.inverse_transform(scaler.transform(scaled))
    assert_allclose(back, scaled, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_computes_in_float64_and_rounds_once(dtype):
    values = positive().astype(np.float32)
    scaler = fit_log_scaler(values)
    exact = scaler.transform(values.astype(np.float64))
    assert_array_equal(
        scaler.transform(values, dtype), exact.astype(dtype), strict=True
    )
    assert scaler.inverse_transform(exact.astype(np.float32)).dtype == np.float64


@pytest.mark.parametrize("bad", [0.0, -2.5])
def test_names_the_column_and_value_that_have_no_logarithm(bad):
    values = positive()
    scaler = fit_log_scaler(values)
    values[31, 1] = bad
    message = (
        f'target_transform="log" needs positive values, but one of column 1 is {bad:g}'
    )
    with pytest.raises(ValueError, match=message):
        fit_log_scaler(values)
    with pytest.raises(ValueError, match=message):
        scaler.transform(values[None])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_names_the_row_of_nan_and_infinity(bad):
    values = positive()
    values[31, 1] = bad
    with pytest.raises(ValueError, match="NaN or infinity, first at row 31"):
        fit_log_scaler(values)


def test_knows_columns_that_do_not_vary():
    values = positive()
    values[:, 1] = 7.0
    scaler = fit_log_scaler(values)
    assert scaler.constant.tolist() == [False, True, False]
    assert_allclose(scaler.transform(values)[:, 1], 0)
    scaler = fit_log_scaler(values, standardize=False)
    assert scaler.constant.tolist() == [False, True, False]


def test_too_large_logarithms_become_infinite_without_a_warning():
    scaler = fit_log_scaler(positive())
    assert np.isinf(scaler.inverse_transform(np.full((1, 3), 1e6))).all()


def test_reads_memory_maps(tmp_path):
    np.save(tmp_path / "table.npy", positive())
    mapped = np.load(tmp_path / "table.npy", mmap_mode="r")
    expected = fit_log_scaler(positive()).transform(positive())
    assert_array_equal(fit_log_scaler(mapped).transform(mapped), expected)


def test_other_columns_are_standardised_as_they_are():
    values = positive()
    values[:, 1] = -np.arange(50.0)
    scaler = fit_log_scaler(values, logged=np.array([True, False, True]))
    expected = np.log(values, out=values.copy(), where=[[True, False, True]])
    reference = StandardScaler().fit(expected)
    transformed = scaler.transform(values)
    assert_allclose(transformed, reference.transform(expected), rtol=1e-10, atol=1e-12)
    assert_allclose(scaler.inverse_transform(transformed), values, rtol=1e-12)
    assert values[3, 1] == -3
