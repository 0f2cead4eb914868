import numpy as np
import pytest
from numpy.lib.array_utils import byte_bounds
from numpy.testing import assert_array_equal

from sklearn_gru.data import lagged_windows, make_windows, window_view


def numbered(*shape):
    return np.arange(1, np.prod(shape) + 1).reshape(shape)


@pytest.mark.parametrize("shape", [(7,), (7, 2), (7, 2, 3)])
@pytest.mark.parametrize("window_length", [1, 3, 7])
def test_window_view_shows_every_run_of_rows(shape, window_length):
    series = numbered(*shape)
    expected = [
        series[start : start + window_length] for start in range(7 - window_length + 1)
    ]
    view = window_view(series, window_length)
    assert_array_equal(view, expected, strict=True)
    assert np.shares_memory(view, series)
    assert not view.flags.writeable


@pytest.mark.parametrize("n_features", [None, 1, 3])
@pytest.mark.parametrize("window_length", [1, 2, 5])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("n_rows", [8, 9, 13])
def test_make_windows_cuts_every_usable_window(
    n_features, window_length, horizon, stride, n_rows
):
    series = numbered(n_rows) if n_features is None else numbered(n_rows, n_features)
    usable = [
        start
        for start in range(0, n_rows, stride)
        if start + window_length + horizon <= n_rows
    ]
    ends = [start + window_length for start in usable]
    windows, targets = make_windows(series, window_length, horizon, stride)
    assert_array_equal(
        windows,
        [series[start:end] for start, end in zip(usable, ends, strict=True)],
        strict=True,
    )
    assert_array_equal(
        targets, [series[end : end + horizon] for end in ends], strict=True
    )


def test_make_windows_reaches_the_last_row():
    # range(len(data) - window - 1), of many a tutorial, stops one window before it.
    _, targets = make_windows(np.arange(10), window_length=3)
    assert targets[-1] == 9


def test_make_windows_returns_read_only_views():
    series = numbered(20, 2)
    for part in make_windows(series, window_length=4, horizon=2, stride=3):
        assert np.shares_memory(part, series)
        assert not part.flags.writeable


@pytest.mark.parametrize("n_rows", [0, 1, 6])
def test_make_windows_asks_for_one_window_and_its_target(n_rows):
    with pytest.raises(ValueError, match=rf"has {n_rows} rows.* need at least 7"):
        make_windows(np.zeros(n_rows), window_length=4, horizon=3)


@pytest.mark.parametrize("series", [3.0, np.zeros((9, 2, 2))])
def test_make_windows_asks_for_one_or_two_dimensions(series):
    with pytest.raises(ValueError, match=r"must have shape .* got \("):
        make_windows(series, window_length=2)


@pytest.mark.parametrize("name", ["window_length", "horizon", "stride"])
@pytest.mark.parametrize("value", [0, -1, 1.0, True, "2", None])
def test_make_windows_asks_for_positive_integers(name, value):
    lengths = {"window_length": 2, name: value}
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1"):
        make_windows(np.zeros(9), **lengths)


def test_make_windows_takes_numpy_integers():
    windows, _ = make_windows(np.zeros(9), np.int64(2), np.int32(1), np.uint8(1))
    assert len(windows) == 7


def plain_lagged_windows(series, window_length, lag, pad):
    before = series[0] if pad == "edge" else np.zeros_like(series[0])
    return [
        [
            series[row] if row >= 0 else before
            for row in range(t - lag - window_length + 1, t - lag + 1)
        ]
        for t in range(len(series))
    ]


# A DataFrame's values are in column order, others mostly in row order.
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (6, 1), (6, 3)])
@pytest.mark.parametrize("window_length", [1, 2, 3, 9])
@pytest.mark.parametrize("lag", [0, 1, 4])
@pytest.mark.parametrize("pad", ["edge", "zero"])
def test_lagged_windows_end_lag_rows_before_their_row(
    order, shape, window_length, lag, pad
):
    series = np.array(numbered(*shape), order=order, dtype=np.float32)
    expected = plain_lagged_windows(series, window_length, lag, pad)
    deep = lagged_windows(series, window_length, lag, pad)
    assert_array_equal(deep, np.array(expected), strict=True)
    flat = lagged_windows(series, window_length, lag, pad, flatten=True)
    assert_array_equal(flat, np.reshape(expected, (len(series), -1)), strict=True)


@pytest.mark.parametrize("flatten", [False, True])
def test_lagged_windows_are_read_only_and_need_no_more_than_one_padded_copy(flatten):
    series = numbered(100, 2)
    windows = lagged_windows(series, 10, lag=3, flatten=flatten)
    low, high = byte_bounds(windows)
    assert high - low <= (100 + 9 + 3) * series[0].nbytes
    assert not windows.flags.writeable
