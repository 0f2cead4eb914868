from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from sklearn_gru.estimators.forecasting import History, Rows

VALUES = np.arange(60.0).reshape(30, 2)
INDEX = pd.date_range("2024-01-01", periods=30)


def series(start=0, stop=30):
    rows = Rows(VALUES, VALUES[:, :1] ** 2, VALUES[:, 1:] + 0.5, INDEX)
    return rows.part(start, stop)


def assert_equal(rows, start, stop):
    for mine, expected in zip(rows.columns, series(start, stop).columns, strict=True):
        np.testing.assert_array_equal(mine, expected)


@pytest.mark.parametrize("kept", [None, (5, 8), (8, 5), (3, 40), (1, 1)])
@pytest.mark.parametrize("cuts", [[30], [1, 2, 30], [4, 9, 10, 29, 30], [7, 8, 15, 30]])
def test_parts_make_the_history_of_the_whole(kept, cuts):
    history = History.of(series(0, cuts[0]), kept)
    for start, stop in pairwise(cuts):
        history = history.extended(series(start, stop))
    assert history.n_rows == 30
    n_first, n_last = kept or (30, 30)
    if max(n_first, n_last) >= 30:
        n_first = n_last = 30
    assert_equal(history.first, 0, n_first)
    assert_equal(history.last, 30 - n_last, 30)
    assert history.is_whole == (n_last == 30)


def test_extending_leaves_the_former_history_alone():
    before = History.of(series(0, 10), (4, 6))
    before.extended(series(10, 20))
    assert before.n_rows == 10
    assert_equal(before.last, 4, 10)


def test_later_changes_of_the_users_arrays_are_not_seen():
    values = VALUES.copy()
    history = History.of(Rows(values), (3, 5))
    values[:] = np.nan
    assert np.isfinite(history.first.values).all()
    assert np.isfinite(history.last.values).all()


@pytest.mark.parametrize("position", range(31))
def test_rows_before_a_position_are_those_that_were_kept(position):
    before = History.of(series(), (5, 8)).before(position)
    if position == 0 or 5 < position <= 22:
        assert before is None
    else:
        assert_equal(before, 0 if position <= 5 else 22, position)


def test_rows_lose_what_one_part_lacks():
    history = History.of(series(0, 5)).extended(Rows(VALUES[5:9]))
    np.testing.assert_array_equal(history.last.values, VALUES[:9])
    assert history.last.index is None
    assert history.last.exogenous is None
