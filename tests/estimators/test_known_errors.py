"""Offsets of intervals when targets are missing in different rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru.estimators._adaptive import adaptive_offsets, adaptive_offsets_over
from sklearn_gru.estimators._conformal import offsets_by_step, quantile_offsets

ALPHA = np.array([0.1, 0.5, 0.9])
LEVELS = (0.1, 0.5, 0.9)


def holed_errors(n=120, steps=3, n_targets=2):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(n + steps, n_targets))
    truth[rng.random(truth.shape) < 0.3] = np.nan
    truth[n:] = np.nan
    return np.stack([truth[step : n + step] for step in range(steps)], axis=1)


@pytest.mark.parametrize("offsets", [offsets_by_step, adaptive_offsets])
def test_each_target_has_the_offsets_of_its_known_errors(offsets):
    errors = holed_errors()
    found = offsets(errors, ALPHA)
    assert found.shape == (3, 2, 3)
    for target in range(2):
        alone = offsets(errors[:, :, [target]], ALPHA)
        assert_array_equal(found[:, [target]], alone)
    for step in range(3):
        known = errors[:, step, 1]
        known = known[~np.isnan(known)][:, None, None]
        assert_allclose(
            offsets_by_step(errors, ALPHA)[step, 1], offsets_by_step(known, ALPHA)[0, 0]
        )


def test_quantiles_rise_by_the_known_errors_of_their_target():
    errors = holed_errors()[..., None] - np.array([-1.0, 0.0, 1.0])
    found = quantile_offsets(errors, LEVELS, ALPHA)
    for target in range(2):
        known = errors[:, 0, target, 2]
        known = np.sort(known[~np.isnan(known)])
        rank = int(np.ceil((len(known) + 1) * 0.9))
        assert_allclose(found[0, target, 2], known[rank - 1])


@pytest.mark.parametrize("first", [30, 60, 120])
def test_each_row_knows_the_known_errors_before_it_only(first):
    errors = holed_errors(steps=1)[:, 0]
    found = adaptive_offsets_over(errors, ALPHA, first)
    assert found.shape == (len(errors) - first + 1, 2, 3)
    for target in range(2):
        known = ~np.isnan(errors[:, target])
        n_first = known[:first].sum()
        alone = adaptive_offsets_over(errors[known, target, None], ALPHA, n_first)
        for row in range(first, len(errors) + 1):
            expected = alone[known[:row].sum() - n_first, 0]
            assert_array_equal(found[row - first, target], expected)
