"""Lags, phases and naive forecasts, beside loops over rows."""

import numpy as np
import pytest
import torch

from sklearn_gru.nets.seasonal_history import (
    N_CANDIDATES,
    N_ROW_FEATURES,
    N_STEP_FEATURES,
    SeasonalHistory,
)

HORIZON = 30


def history(n_rows, season, start=0, seed=0):
    """Return a history of one window, and its standardised values as a list."""
    values = np.random.default_rng(seed).normal(size=n_rows) + np.arange(n_rows) / 9
    values[:start] = np.nan
    known = values[start:]
    z = (known - known.mean()) / np.abs(known - known.mean()).mean()
    window = torch.from_numpy(values)[None]
    return SeasonalHistory(window, season), z.tolist()


def mean_or_first(values, begin, end):
    part = values[max(begin, 0) : max(end, 0)]
    return np.mean(part) if len(part) else values[0]


def slow_candidates(z, season, longer, n):
    """Naive forecasts of the row n steps behind z, written out."""

    def before(row, period):
        row -= period
        while row >= len(z):
            row -= period
        return z[row] if row >= 0 else None

    row, size = len(z) - 1 + n, len(z)
    rounds = -(-n // season)
    one = before(row, season)
    repeated = [z[r] for k in range(3) if (r := row - season * (rounds + k)) >= 0]
    one = z[-1] if one is None else one
    profile = np.mean(repeated) if repeated else z[-1]
    m = min(6, size) if season == 1 else min(season, size)
    now, earlier = (
        mean_or_first(z, size - m, size),
        mean_or_first(z, size - 2 * m, size - m),
    )
    change = z[-1] - z[-1 - season] if size > season else 0.0
    week = before(row, longer)
    week = one if week is None else week
    day = mean_or_first(z, size - season, size)
    day_ago = mean_or_first(z, size - longer - season, size - longer)
    seasonal = season > 1
    return [
        z[-1],
        one,
        profile,
        one + (now - earlier) * rounds * seasonal,
        one + change * seasonal,
        week,
        week + day - day_ago,
        now,
        z[-1] + (now - earlier) / m * n,
    ]


@pytest.mark.parametrize(
    ("n_rows", "season", "seasons"),
    [
        (50, 1, (1, 1)),
        (50, 7, (7, 7)),
        (50, 12, (12, 12)),
        (100, 24, (24, 168)),
        (200, 24, (24, 168)),
        (350, 48, (48, 336)),
        (10, 12, (12, 12)),
        (3, 1, (1, 1)),
        (1, 1, (1, 1)),
        (2, 2, (2, 2)),
    ],
)
def test_naive_forecasts(n_rows, season, seasons):
    told, z = history(n_rows, season) if n_rows > 1 else constant(1)
    assert told.seasons == seasons
    features, candidates = told.ahead(HORIZON)
    assert features.shape == (1, HORIZON, N_ROW_FEATURES)
    assert candidates.shape == (1, HORIZON, N_CANDIDATES)
    expected = [slow_candidates(z, *seasons, n) for n in range(1, HORIZON + 1)]
    np.testing.assert_allclose(
        candidates[0].numpy(), np.clip(expected, -30, 30), atol=1e-9
    )
    assert features.isfinite().all()


def constant(n_rows):
    return SeasonalHistory(torch.full((1, n_rows), 5.0).double(), 1), [0.0] * n_rows


@pytest.mark.parametrize("season", [1, 7, 24])
@pytest.mark.parametrize("start", [1, 40, 97])
def test_rows_before_the_first_known_one_do_not_exist(season, start):
    padded, z = history(100, season, start)
    cut = SeasonalHistory(torch.from_numpy(np.array(z))[None], season)
    for told, expected in zip(padded.ahead(9), cut.ahead(9), strict=True):
        np.testing.assert_allclose(told.numpy(), expected.numpy(), atol=1e-9)
    steps = padded.steps().numpy()
    np.testing.assert_array_equal(steps[0, :start], 0)
    np.testing.assert_allclose(steps[0, start:], cut.steps()[0].numpy(), atol=1e-9)
    assert padded.begins()[0].nonzero().tolist() == [[start]]
    assert cut.begins() is None


def test_steps_are_told_what_is_known_and_what_was_a_season_earlier():
    told, z = history(20, 7)
    steps = told.steps()[0].numpy()
    assert steps.shape == (20, N_STEP_FEATURES)
    np.testing.assert_allclose(steps[:, 0], z)
    np.testing.assert_array_equal(steps[:, 1], 1)
    np.testing.assert_allclose(steps[6:, 2], z[:14])  # of the next row
    np.testing.assert_array_equal(steps[:, 3], np.arange(20) >= 6)
    turns = 2 * np.pi * (np.arange(20) - 19) / 7
    np.testing.assert_allclose(steps[:, 6], np.sin(turns), atol=1e-12)
    np.testing.assert_allclose(steps[:, 7], np.cos(turns), atol=1e-12)


def test_missing_rows_are_filled_and_marked():
    window = torch.tensor([[1.0, torch.nan, 3.0, 4.0]])
    full = SeasonalHistory(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), 1)
    told = SeasonalHistory(window, 1)
    assert told.known.tolist() == [[1, 0, 1, 1]]
    torch.testing.assert_close(told.z, full.z)


def test_usual_changes_are_mean_absolute_differences():
    told, z = history(60, 12)
    z = np.array(z)
    expected = [np.abs(z[lag:] - z[:-lag]).mean() for lag in (1, 12, 12)]
    np.testing.assert_allclose(told.changes[0].numpy(), expected)
    assert told.change.item() == told.changes.min().item()
