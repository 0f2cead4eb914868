"""What needs more rows than a window: long gaps, targets, what is kept of a series."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.estimators.forecasting import History, Relation, Rows
from sklearn_gru.estimators.forecasting.missing import (
    carried,
    with_known_targets,
    with_last_known,
    without_long_gaps,
)
from sklearn_gru.estimators.forecasting.season import find_season

NAN = np.nan


def holed(n_rows=60, n_columns=2, share=0.5, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_rows, n_columns))
    values[rng.random(values.shape) < share] = NAN
    return values


def plainly_carried(values):
    result, last = values.copy(), np.full(values.shape[1], NAN)
    for row in result:
        for column in range(len(row)):
            if np.isnan(row[column]):
                row[column] = last[column]
            last[column] = row[column]
    return result


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_carries_as_a_plain_loop(share):
    values = holed(share=share)
    assert_array_equal(carried(values), plainly_carried(values))


@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_every_window_behind_a_known_value_holds_one(length, share):
    values = holed(share=share)
    bridged = without_long_gaps(values, length)
    changed = ~((bridged == values) | (np.isnan(bridged) & np.isnan(values)))
    assert np.isnan(values[changed]).all()
    assert_array_equal(bridged[changed], carried(values)[changed])
    for column in range(2):
        known = np.flatnonzero(~np.isnan(values[:, column]))
        for end in range(known[0] + 1, len(values) + 1):
            window = slice(max(0, end - length), end)
            assert not np.isnan(bridged[window, column]).all()
            # Only where nothing else is known does the last known value stand in.
            if not np.isnan(values[window, column]).all():
                continue
            last = values[known[known < end][-1], column]
            assert bridged[end - 1, column] == last


def test_gaps_shorter_than_a_window_cost_no_copy():
    values = np.array([[1.0], [NAN], [NAN], [4.0]])
    assert without_long_gaps(values, 3) is values


@pytest.mark.parametrize("n_before", [0, 7])
def test_a_window_without_known_values_ends_with_the_last_one(n_before):
    series, length = holed(40, share=0.8), 3
    before = series[:n_before] if n_before else None
    values, origins = series[n_before:], np.array([30, 3, 12, 18, 4])
    windows = np.stack(
        [series[n_before + o - length : n_before + o] for o in origins]
    ).copy()
    expected = windows.copy()
    for window, origin in zip(expected, origins, strict=True):
        for column in range(2):
            if np.isnan(window[:, column]).all():
                known = series[: n_before + origin, column]
                known = known[~np.isnan(known)]
                window[-1, column] = known[-1] if len(known) else NAN
    assert (np.isnan(expected).sum() < np.isnan(windows).sum()).all()
    assert_array_equal(with_last_known(windows, origins, values, before), expected)


@pytest.mark.parametrize("length", [1, 4])
@pytest.mark.parametrize("horizon", [1, 3])
def test_windows_that_teach_have_a_known_target(length, horizon):
    targets = holed(share=0.7)
    starts = range(0, len(targets) - length - horizon + 1, 2)
    expected = [
        start
        for start in starts
        if not np.isnan(targets[start + length :][:horizon]).all()
    ]
    assert_array_equal(
        with_known_targets(starts, targets, length, horizon), np.array(expected, int)
    )


# What is kept of a series


@pytest.mark.parametrize("at_once", [True, False])
def test_the_last_known_value_is_never_forgotten(at_once):
    series = np.full((50, 2), NAN)
    series[:, 1] = np.arange(50)
    series[3, 0] = 7.0
    if at_once:
        history = History.of(Rows(series), kept=(5, 10))
    else:
        history = History.of(Rows(series[:6]), kept=(5, 10))
        for row in series[6:]:
            history = history.extended(Rows(row[None]))
    assert len(history.last) == 10
    assert_array_equal(history.last.values[:, 0], [7.0] + 9 * [NAN])
    assert_array_equal(history.last.values[:, 1], np.arange(40, 50))
    assert np.isnan(series[-10:, 0]).all()


# What targets are to columns


def learned(x, y, **options):
    return Relation.learn(Rows(x, y), len(x), missing="mask", **options)


def test_a_relation_is_found_between_holes():
    x = holed(share=0.2)
    relation = learned(x, 3 * x[:, ::-1] + 5)
    assert_array_equal(relation.affine.columns, [1, 0])
    assert_allclose(relation.affine.slope, 3)
    assert_allclose(relation.affine.intercept, 5)


def test_scalers_are_those_of_the_known_values():
    x = holed(share=0.4)
    relation = learned(x, None)
    assert_allclose(relation.x_scaler.mean, np.nanmean(x, axis=0))
    assert_allclose(relation.x_scaler.scale, np.nanstd(x, axis=0))
    logs = learned(np.exp(x), None, transform="log").x_scaler.scaler
    assert_allclose(logs.mean, np.nanmean(x, axis=0))


def test_a_few_rows_in_common_are_no_relation():
    x = holed(share=0.0)
    y = x.copy()
    y[10:, 0] = NAN
    x[3:10, 0] = NAN
    assert learned(x, y).affine is None


def test_targets_may_be_missing_where_their_columns_are_known():
    x = holed(share=0.2)
    y = x.copy()
    y[4:9, 1] = NAN
    relation = learned(x, y)
    rows = relation.as_kept(Rows(x, y))
    assert_array_equal(relation.learned(rows), y)
    assert_array_equal(relation.targets_of(rows), y)
    assert_array_equal(relation.learned(Rows(x)), x)


def test_rows_that_contradict_are_named_between_holes():
    x = holed(share=0.2)
    relation = learned(x, 2 * x)
    y = 2 * x
    assert relation.verified(Rows(x, y)) is not None
    row = np.flatnonzero(~np.isnan(x[:, 1]))[3]
    y[row, 1] += 1
    with pytest.raises(ValueError, match=f"Row {row} of y .* in another way"):
        relation.verified(Rows(x, y))


# The season


@pytest.mark.parametrize("usual", [12, None])
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_season_is_found_between_holes_and_only_if_there_is_one(share, usual):
    rng = np.random.default_rng(0)
    rows = np.arange(240)
    trend, season = 0.05 * rows, 2 * np.sin(2 * np.pi * rows / 12)
    for wave, expected in [(season, 12), (0 * season, 1)]:
        values = (trend + wave + 0.5 * rng.normal(size=240))[:, None]
        values[rng.random(240) < share] = NAN
        assert find_season([values], usual) == expected


def test_a_column_without_known_values_has_no_season():
    assert find_season([np.full((50, 1), NAN)], 4) == 1
