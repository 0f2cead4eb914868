"""Reading a panel whole is reading its series one by one."""

import numpy as np
import pandas as pd
import pytest

from sklearn_gru.estimators._named_panels import read_known, read_panel, rows_behind

RNG = np.random.default_rng(0)
TIMES = {
    "days": pd.date_range("2020-01-01", periods=40),
    "business days": pd.bdate_range("2020-01-01", periods=40),
    "months": pd.period_range("2020-01", periods=40, freq="M"),
    "numbers": pd.RangeIndex(40),
    "with a time zone": pd.date_range("2020-01-01", periods=40, freq="h", tz="UTC"),
}


def make_panel(times):
    spans = {"b": (0, 30), "a": (10, 40), "d": (5, 6), "c": (0, 30)}
    parts = {
        name: pd.DataFrame(RNG.normal(size=(stop - start, 2)), times[start:stop])
        for name, (start, stop) in spans.items()
    }
    return pd.concat(parts, names=["id", "time"])


def interleaved(panel):
    return panel.sort_index(level="time", sort_remaining=False, kind="stable")


ORDERS = {
    "as it is": lambda p: p,
    "sorted": pd.DataFrame.sort_index,
    "mixed": interleaved,
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("sort", [False, True])
def test_every_series_is_read(times, order, sort):
    table = order(make_panel(times))
    panel = read_panel(table, None, [0, 1], sort=sort)
    names = sorted("abcd") if sort else list(table.index.unique("id"))
    assert panel.names.tolist() == names
    for name, rows, index in zip(names, panel.rows, panel.times, strict=True):
        expected = table.xs(name, level="id")
        np.testing.assert_array_equal(rows.values, expected)
        assert index.equals(expected.index)
    assert panel.times[names.index("b")] is panel.times[names.index("c")]


@pytest.mark.parametrize(
    "name", ["days", "business days", "months", "with a time zone"]
)
def test_dates_have_their_frequency(name):
    panel = read_panel(make_panel(TIMES[name]), None, [0, 1])
    for index in panel.times:
        assert index.freq == TIMES[name].freq


def test_series_of_different_rhythms_have_frequencies_of_their_own():
    parts = {
        "daily": pd.DataFrame({"y": range(9)}, pd.date_range("2020-01-01", periods=9)),
        "odd": pd.DataFrame(
            {"y": range(9)}, pd.date_range("2020-01-01", periods=9, freq="3D")
        ),
        "late": pd.DataFrame(
            {"y": range(9)}, pd.date_range("2021-01-01", periods=9, freq="h")
        ),
    }
    panel = read_panel(pd.concat(parts), None, ["y"], sort=False)
    for index, table in zip(panel.times, parts.values(), strict=True):
        pd.testing.assert_index_equal(index, table.index, check_names=False)
        assert index.freq == table.index.freq


def test_what_is_known_comes_by_name():
    table = make_panel(TIMES["days"])
    values, times = read_known(table, [1, 0], pd.Index(["c", "a"]))
    for name, rows, index in zip("ca", values, times, strict=True):
        expected = table.loc[name]
        np.testing.assert_array_equal(rows, expected[[1, 0]])
        assert index.equals(expected.index)
    with pytest.raises(ValueError, match=r"each of the 2 series .* misses 1 .* 'z'"):
        read_known(table, [1, 0], pd.Index(["c", "z"]))


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_rows_that_are_new_to_each_series(order):
    times = TIMES["months"]
    table = order(make_panel(times))
    names, last = pd.Index(list("dcba")), times[[0, 39, 12, 20]]
    new, found = rows_behind(table, names, last)
    later = [time > last[names.get_loc(name)] for name, time in table.index]
    pd.testing.assert_frame_equal(new, table[later])
    assert found.tolist() == list(table.index.unique("id"))
    assert rows_behind(table, names[:3], last[:3]) == (None, None)
