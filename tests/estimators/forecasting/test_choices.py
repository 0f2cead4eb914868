"""What "auto" means: windows, segments, seasons, scales and transforms."""

import numpy as np
import pytest

from sklearn_gru import GRUForecaster
from sklearn_gru.estimators.forecasting import Rows
from sklearn_gru.estimators.forecasting.choices import Choices


def seasonal(n_rows, season=12):
    """Rows that repeat, around a level of 10."""
    rng = np.random.default_rng(0)
    pattern = np.resize(rng.permutation(season), n_rows)
    return (10 + pattern + 0.1 * rng.normal(size=n_rows))[:, None]


def walk(n_rows):
    return np.random.default_rng(0).normal(size=(n_rows, 1)).cumsum(axis=0)


def choose(*series, usual_season=None, **settings):
    panel = [Rows(values) for values in series]
    return Choices.of(GRUForecaster(**settings), panel, usual_season)


@pytest.mark.parametrize(
    ("n_rows", "expected"),
    [(5000, 52), (1000, 52), (999, 24), (200, 24), (47, 23), (20, 10), (2, 1)],
)
def test_windows_without_a_season(n_rows, expected):
    chosen = choose(walk(n_rows), season_length=None)
    assert (chosen.window_length, chosen.segment_length) == (expected, 1)
    assert chosen.season_length == 1


@pytest.mark.parametrize(
    ("n_rows", "season", "n_seasons"),
    [
        (60, 12, 2),  # never fewer
        (100, 4, 6),  # at least 24 rows
        (36, 12, 1),  # never more than half the series
        (288, 12, 4),  # a sixth of the series
        (10_000, 12, 7),  # never more
    ],
)
def test_windows_with_a_season_are_whole_seasons(n_rows, season, n_seasons):
    chosen = choose(seasonal(n_rows, season), season_length=season)
    assert chosen.window_length == n_seasons * season
    assert chosen.segment_length == chosen.season_length == season


def test_the_horizon_leaves_room_for_the_window():
    assert choose(walk(30), horizon=11, season_length=None).window_length == 10
    assert choose(walk(30), horizon=40, season_length=None).window_length == 1


def test_automatic_windows_are_whole_segments():
    assert choose(walk(200), segment_length=7).window_length == 21
    assert choose(walk(5), segment_length=7).window_length == 7


@pytest.mark.parametrize(("window", "segment"), [(24, 12), (30, 1), (12, 12)])
def test_segments_are_seasons_if_the_window_is_whole_seasons(window, segment):
    chosen = choose(seasonal(200), window_length=window)
    assert (chosen.season_length, chosen.segment_length) == (12, segment)


@pytest.mark.parametrize(("window", "offer"), [(30, "28 or 35"), (5, "7 or 7")])
def test_windows_that_are_no_whole_segments_are_an_error(window, offer):
    message = f"={window} is not a multiple of segment_length=7: use {offer}"
    with pytest.raises(ValueError, match=message):
        choose(walk(200), window_length=window, segment_length=7)


def test_a_season_longer_than_the_window_is_none():
    chosen = choose(seasonal(200), window_length=10)
    assert (chosen.season_length, chosen.segment_length) == (1, 1)
    with pytest.warns(UserWarning, match="season_length=12 is not used"):
        chosen = choose(seasonal(20), season_length=12)
    assert (chosen.window_length, chosen.season_length) == (10, 1)
    with pytest.raises(ValueError, match="=10 is less than season_length=12"):
        choose(seasonal(200), window_length=10, center="season")


def test_the_season_is_found_or_taken_from_the_index():
    assert choose(seasonal(200)).season_length == 12
    assert choose(seasonal(200), usual_season=12).season_length == 12
    assert choose(seasonal(200), usual_season=1).season_length == 1
    assert choose(seasonal(200), season_length=None).season_length == 1
    assert choose(seasonal(200), season_length=9).season_length == 9
    assert choose(walk(200)).season_length == 1
    assert choose(walk(200), usual_season=7).season_length == 1


@pytest.mark.parametrize("asked", ["series", "window"])
def test_a_scale_asked_for_is_kept(asked):
    assert choose(walk(200), scale=asked).scale == asked
    assert choose(walk(200)).scale == "window"


def test_only_positive_seasonal_panels_are_logarithms():
    positive = [seasonal(200), seasonal(150)]
    assert choose(*positive).transform == "log"
    assert choose(positive[0]).transform is None
    assert choose(*positive, target_transform=None).transform is None
    assert choose(positive[0], -positive[1]).transform is None
    assert choose(positive[0], positive[1] - positive[1].min()).transform is None
    assert choose(*positive, season_length=None).transform is None
    assert choose(positive[0], target_transform="log").transform == "log"


def test_the_shortest_series_of_a_panel_limits_the_window():
    chosen = choose(walk(200), walk(31), season_length=None)
    assert chosen.window_length == 15


def test_one_short_series_that_shortens_all_windows_is_named():
    panel = [walk(200), walk(200), walk(2)]
    with pytest.warns(UserWarning, match="series 2 of the panel has 2 rows"):
        assert choose(*panel, season_length=None).window_length == 1


def test_long_windows_have_no_linear_path():
    """Solving it takes the cube of the window's length in time."""
    assert choose(walk(3000), window_length=1024).linear_path
    assert not choose(walk(3000), window_length=1025).linear_path
    assert not choose(walk(300), linear_path=False).linear_path


@pytest.mark.parametrize("name", ["window_length", "segment_length", "season_length"])
def test_lengths_may_be_numpys(name):
    """Those of a grid made by np.arange are."""
    chosen = choose(seasonal(200), **{"window_length": 24, name: np.int64(12)})
    for length in (chosen.window_length, chosen.segment_length, chosen.season_length):
        assert type(length) is int
    model = GRUForecaster(units=4, max_epochs=1, **{name: np.int64(12)})
    model.fit(seasonal(200)).partial_fit(seasonal(220))
    assert model.n_iter_ == 2
