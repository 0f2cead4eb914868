import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_gru.nets.levels import LEVELS, best_level

WINDOW, SEASON = 8, 3


def plain_level(name, window, horizon):
    """Return level (n_series,) and naive forecast (horizon, n_series) of a window."""
    if name == "last":
        level = window[-1]
    elif name == "mean":
        level = window.mean(axis=0)
    else:
        latest = window[len(window) - SEASON :]
        forecast = [latest[step % SEASON] for step in range(horizon)]
        return latest.mean(axis=0), np.array(forecast)
    return level, np.array([level for _ in range(horizon)])


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("horizon", [1, 2, 3, 7])
def test_levels_are_those_of_loops(name, horizon):
    windows = np.random.default_rng(0).normal(size=(5, WINDOW, 2))
    level, base = LEVELS[name](torch.from_numpy(windows), horizon, SEASON)
    assert level.shape == (5, 1, 2)
    assert base.shape == (5, horizon, 2)
    for window, its_level, its_base in zip(windows, level, base, strict=True):
        expected_level, expected_base = plain_level(name, window, horizon)
        assert_allclose(its_level[0], expected_level, rtol=1e-14)
        assert_allclose(its_base, expected_base, rtol=1e-14)


def test_the_season_may_be_the_whole_window():
    windows = torch.arange(6.0).view(1, 6, 1)
    level, base = LEVELS["season"](windows, 8, 6)
    assert level.item() == 2.5
    assert base.flatten().tolist() == [0, 1, 2, 3, 4, 5, 0, 1]


def cut(rows, horizon=4, window=12):
    """Cut rows (n, k) into windows and the blocks behind them."""
    parts = torch.from_numpy(rows).unfold(0, window + horizon, 1).transpose(1, 2)
    return parts[:, :window], parts[:, window:]


def noise(n_rows=300):
    return np.random.default_rng(0).normal(size=(n_rows, 2))


def pattern(n_rows=300):
    return 5 * np.resize([0, 2, 1, -1], n_rows)[:, None] + 0.0 * noise(n_rows)


def jump(n_rows=300):
    """Return a level that is another one in the second half."""
    return np.where(np.arange(n_rows) < n_rows // 2, -10, 10)[:, None]


@pytest.mark.parametrize(
    ("rows", "season", "expected"),
    [
        (noise().cumsum(axis=0), 1, "last"),
        (noise() + jump(), 1, "mean"),
        (noise(), 1, None),
        (pattern() + noise().cumsum(axis=0), 4, "season"),
        (pattern() + 0.1 * noise(), 4, "season"),
        (noise().cumsum(axis=0), 4, "last"),
        (noise() + jump(), 4, "mean"),
        (noise(), 4, None),
    ],
)
def test_the_level_is_that_whose_naive_forecast_is_best(rows, season, expected):
    assert best_level(*cut(rows), season, one_series=True) == expected


def test_many_series_have_no_mean_in_common():
    assert best_level(*cut(noise()), 1, one_series=False) == "mean"


@pytest.mark.parametrize(("season", "usual"), [(1, "last"), (4, "season")])
def test_few_windows_are_not_enough_to_leave_the_usual_level(season, usual):
    window, block = cut(noise())
    assert best_level(window[:23], block[:23], season, True) == usual
    assert best_level(window[:0], block[:0], season, True) == usual
    assert best_level(window, block, season, True) is None


def test_a_level_must_be_better_in_both_halves_of_the_latest_windows():
    """What was better for a while only may not be so tomorrow."""
    steady, walk = noise(), noise().cumsum(axis=0)
    walk += 10 * np.arange(300)[:, None]
    early_walk = np.concatenate([walk[:240], walk[240] + steady[240:]])
    assert best_level(*cut(early_walk), 1, True) == "last"
    assert best_level(*cut(np.concatenate([walk[:100], steady[100:]])), 1, True) in (
        "mean",
        None,
    )


def test_a_slightly_better_level_is_not_taken():
    """Errors of 0.95 and 1 are no reason."""
    window = torch.zeros(100, 2, 1)
    window[:, 0] = 0.1  # their mean is 0.05
    block = torch.ones(100, 3, 1)
    assert best_level(window, block, 1, one_series=False) == "last"
    window[:, 0] = 0.4  # their mean is 0.2
    assert best_level(window, block, 1, one_series=False) == "mean"
