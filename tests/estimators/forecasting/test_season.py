import numpy as np
import pandas as pd
import pytest

from sklearn_gru.estimators.forecasting.season import find_season, usual_season


def repeating(season, n_seasons=10, noise=0.2, seed=0):
    """A pattern without shorter seasons, and noise, of shape (n_rows, 1)."""
    pattern = np.random.default_rng(season).normal(size=season)
    rows = np.tile(pattern, n_seasons)
    rng = np.random.default_rng(seed)
    return (rows + noise * rng.normal(size=len(rows)))[:, None]


def trend(n_rows, slope=0.3):
    return slope * np.arange(n_rows)[:, None]


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("15min", 96),
        ("30min", 48),
        ("h", 24),
        ("6h", 4),
        ("D", 7),
        ("W", 52),
        ("MS", 12),
        ("ME", 12),
        ("QS", 4),
        ("2QS", 2),
        ("YS", 1),
        ("2D", 1),
        ("B", 5),
    ],
)
def test_dates_suggest_a_season(freq, expected):
    index = pd.date_range("2020-01-06", periods=30, freq=freq)
    assert usual_season(index) == expected


def test_a_week_has_as_many_rows_as_weekdays():
    days = pd.date_range("2020-01-06", periods=30)
    assert usual_season(days[days.dayofweek < 6]) == 6
    assert usual_season(days.delete([4, 5, 6])) == 7  # a gap


@pytest.mark.parametrize(
    ("freq", "expected"),
    [("h", 24), ("D", 7), ("W", 52), ("M", 12), ("Q", 4), ("Y", 1)],
)
def test_periods_suggest_a_season(freq, expected):
    index = pd.period_range("2020-01-06", periods=30, freq=freq)
    assert usual_season(index) == expected


@pytest.mark.parametrize("first", range(6, 13))
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_week_has_five_business_days_whatever_day_comes_first(first, zone):
    index = pd.bdate_range(f"2020-01-{first:02}", periods=30, tz=zone)
    assert usual_season(index) == 5
    days = pd.date_range(f"2020-03-{first + 14}", periods=30, tz=zone)
    assert usual_season(days) == 7  # a day of them may have 23 hours


def test_other_indexes_suggest_nothing():
    assert usual_season(None) is None
    assert usual_season(pd.RangeIndex(30)) is None
    assert usual_season(pd.Index(list("abc"))) is None
    assert usual_season(pd.date_range("2020-01-01", periods=2, freq="h")) is None


@pytest.mark.parametrize("season", [4, 7, 12, 24, 48, 52, 96])
@pytest.mark.parametrize("slope", [0.0, 0.3, -5.0])
def test_finds_usual_seasons_beside_a_trend(season, slope):
    series = repeating(season)
    series = series + trend(len(series), slope)
    assert find_season([series]) == season
    assert find_season([series], usual=season) == season


@pytest.mark.parametrize("season", [5, 10, 30])
def test_tests_the_season_that_the_index_suggests(season):
    series = repeating(season)
    assert find_season([series], usual=season) == season
    assert find_season([series], usual=season + 1) == 1
    assert find_season([series], usual=1) == 1


def test_a_multiple_of_a_season_is_none():
    assert find_season([repeating(12, n_seasons=40, noise=0.5)]) == 12
    assert find_season([repeating(24, n_seasons=40, noise=0.5)]) == 24


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: rng.normal(size=(200, 1)),
        lambda rng: rng.normal(size=(200, 1)).cumsum(axis=0),
        lambda rng: trend(200) + rng.normal(size=(200, 1)).cumsum(axis=0),
    ],
    ids=["white noise", "random walk", "walk with a trend"],
)
def test_chance_is_hardly_ever_a_season(make):
    rng = np.random.default_rng(0)
    found = [find_season([make(rng)]) for _ in range(200)]
    assert np.mean(np.greater(found, 1)) < 0.05


@pytest.mark.parametrize("period", [38, 70, 200, 1000])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_smooth_series_have_no_short_season(period, noise):
    """They resemble their near past, but do not come back to it."""
    rows = np.arange(600)
    rng = np.random.default_rng(0)
    wave = np.sin(2 * np.pi * rows / period) + noise * rng.normal(size=600)
    found = find_season([wave[:, None]])
    assert found == 1 or period / found < 1.1
    for usual in (4, 7, 12):
        assert find_season([wave[:, None]], usual) == 1


def test_drifting_changes_are_no_season():
    rng = np.random.default_rng(0)
    changes = np.zeros(2000)
    for row in range(1, 2000):
        changes[row] = 0.95 * changes[row - 1] + rng.normal()
    assert find_season([changes.cumsum()[:, None]]) == 1
    assert find_season([changes.cumsum()[:, None]], usual=7) == 1


def test_a_season_on_a_smooth_wave_is_found():
    rows = np.arange(1000)
    wave = 40 * np.sin(2 * np.pi * rows / 365)[:, None]
    assert find_season([wave + repeating(7, 143)[:1000]]) == 7


def test_an_index_makes_a_season_easier_to_believe():
    weak = [repeating(12, n_seasons=8, noise=0.7, seed=seed) for seed in range(50)]
    suggested = sum(find_season([series], usual=12) == 12 for series in weak)
    assert suggested > sum(find_season([series]) == 12 for series in weak) > 0


@pytest.mark.parametrize(
    "series",
    [np.zeros((100, 1)), trend(100), np.empty((0, 1)), np.ones((1, 1)), trend(3)],
    ids=["zeros", "line", "empty", "one row", "three rows"],
)
def test_rows_that_say_nothing_have_no_season(series):
    assert find_season([series]) == 1
    assert find_season([series], usual=12) == 1


@pytest.mark.parametrize("value", [1e200, 1e308, np.nan, np.inf])
def test_values_that_are_not_finite_or_nearly_so_have_no_season(value):
    series = repeating(12)
    series[20::2] = value
    series[21::2] = -value
    assert find_season([series]) == 1


def test_fewer_than_three_seasons_are_too_few():
    assert find_season([repeating(12, n_seasons=2)], usual=12) == 1
    assert find_season([repeating(12, n_seasons=3)], usual=12) == 12


def test_most_series_of_a_panel_must_agree():
    seasonal = repeating(12)
    walk = np.random.default_rng(0).normal(size=(120, 1)).cumsum(axis=0)
    assert find_season([seasonal, seasonal, walk]) == 12
    assert find_season([seasonal, walk, walk]) == 1
    assert find_season([np.hstack([seasonal, seasonal, walk])]) == 12
