import numpy as np
import pandas as pd
import pytest

from sklearn_gru.estimators._time_index import check_time_index


def days(n):
    return pd.date_range("2020-01-01", periods=n, freq="D")


@pytest.mark.parametrize(
    "index",
    [
        days(10),
        days(10)._with_freq(None),
        pd.date_range("2020-01-31", periods=30, freq="ME")._with_freq(None),
        pd.date_range("2020-01-01", periods=12, freq="QS")._with_freq(None),
        pd.bdate_range("2020-01-01", periods=40)._with_freq(None),
        pd.date_range("2024-03-01", periods=60, freq="D", tz="Europe/Berlin"),
        pd.period_range("2020-01", periods=10, freq="M"),
        pd.timedelta_range(0, periods=5, freq="h"),
        pd.RangeIndex(3, 30, 3),
        pd.Index(["c", "a", "b"]),
        days(1),
    ],
)
def test_regular_and_timeless_indexes_pass(index):
    check_time_index(pd.DataFrame({"a": np.zeros(len(index))}, index=index), "X")


@pytest.mark.parametrize(
    ("index", "place"),
    [
        (days(10).delete(4), "2020-01-04 00:00:00 is followed by 2020-01-06"),
        (
            pd.date_range("2020-01-31", periods=30, freq="ME").delete(5),
            "2020-05-31 00:00:00 is followed by 2020-07-31",
        ),
        (
            pd.bdate_range("2000-01-03", periods=60).delete(20),
            "2000-01-28 00:00:00 is followed by 2000-02-01",
        ),
        (pd.period_range("2020-01", periods=9, freq="M").delete(2), "2020-02 is"),
        (pd.Index([0, 1, 2, 5, 6]), "2 is followed by 5"),
        (pd.Index([0, 4, 5, 6]), "0 is followed by 4"),
    ],
)
def test_a_hole_is_named(index, place):
    with pytest.raises(ValueError, match="hole") as error:
        check_time_index(pd.Series(0.0, index=index), "X")
    assert place in str(error.value)


@pytest.mark.parametrize(
    "index", [days(5)[::-1], pd.Index([0, 2, 1]), pd.Index([0, 1, 1])]
)
def test_an_index_that_does_not_increase_is_an_error(index):
    with pytest.raises(ValueError, match="must increase"):
        check_time_index(pd.Series(0.0, index=index), "X")


def test_missing_stamps_are_an_error():
    index = pd.DatetimeIndex(["2020-01-01", pd.NaT, "2020-01-03"])
    with pytest.raises(ValueError, match="NaT"):
        check_time_index(pd.Series(0.0, index=index), "X")
