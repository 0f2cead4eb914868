import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklearn_gru import SlidingWindowTransformer

SERIES = np.arange(12.0).reshape(6, 2)


def slow_windows(series, window_length, lag, pad):
    rows = []
    for t in range(len(series)):
        window = []
        for row in range(t - lag - window_length + 1, t - lag + 1):
            outside = series[0] if pad == "edge" else np.zeros_like(series[0])
            window.append(series[row] if row >= 0 else outside)
        rows.append(window)
    return np.array(rows)


@pytest.mark.parametrize("window_length", [1, 2, 5, 9])
@pytest.mark.parametrize("lag", [0, 1, 3])
@pytest.mark.parametrize("pad", ["edge", "zero"])
def test_windows_are_those_of_a_loop(window_length, lag, pad):
    transformer = SlidingWindowTransformer(window_length, lag=lag, pad=pad)
    expected = slow_windows(SERIES, window_length, lag, pad)
    np.testing.assert_array_equal(transformer.fit_transform(SERIES), expected)
    flat = transformer.set_params(flatten=True).fit_transform(SERIES)
    np.testing.assert_array_equal(flat, expected.reshape(len(SERIES), -1))


@pytest.mark.parametrize("flatten", [False, True])
def test_memory_grows_with_the_series_and_not_with_the_window(flatten):
    series = np.zeros((1000, 2))
    windows = SlidingWindowTransformer(500, flatten=flatten).fit_transform(series)
    owner = windows
    while getattr(owner, "base", None) is not None:
        owner = owner.base
    assert windows.nbytes > 100 * series.nbytes
    assert owner.nbytes < 2 * series.nbytes
    assert not windows.flags.writeable


def test_names_tell_column_and_lag():
    table = pd.DataFrame(SERIES, columns=["a", "b"])
    transformer = SlidingWindowTransformer(2, lag=1, flatten=True)
    transformer.set_output(transform="pandas")
    windows = transformer.fit_transform(table)
    assert list(windows.columns) == ["a_lag2", "b_lag2", "a_lag1", "b_lag1"]
    np.testing.assert_array_equal(windows["b_lag1"].iloc[1:], table["b"].iloc[:-1])


def test_windows_without_flatten_have_no_column_names():
    assert not hasattr(SlidingWindowTransformer(), "get_feature_names_out")


def test_any_regressor_forecasts_from_windows():
    series = np.sin(np.arange(200) / 5)[:, None]
    model = make_pipeline(
        SlidingWindowTransformer(4, lag=1, flatten=True), LinearRegression()
    ).fit(series[:150], series[:150, 0])
    assert model.score(series[150:][10:], series[150:, 0][10:]) > 0.9
