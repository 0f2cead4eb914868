import warnings

import numpy as np
import pytest

from sklearn_gru.estimators._adaptive import (
    FEWEST,
    GROWTH,
    POWER,
    RATE,
    WEIGHT,
    adaptive_offsets,
    adaptive_offsets_over,
)
from sklearn_gru.estimators._conformal import conformal_offsets, offsets_by_step

ALPHA = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])


def make_errors(n, steps=1, n_targets=1, seed=0):
    """Errors by step, as they are known behind the last row."""
    rng = np.random.default_rng(seed)
    growth = np.linspace(1, 3, n)[:, None, None]
    errors = growth * rng.standard_t(5, size=(n, steps, n_targets))
    for step in range(steps):
        errors[n - step :, step] = np.nan
    return errors


def slow_radii(sizes, ahead, coverage):
    """The recursion of the docstring for one series of sizes, an error at a time."""
    rate, weight = RATE / ahead**0.5, WEIGHT / ahead**0.5
    levels = np.array([(1 + coverage) / 2])

    def scale(k):
        k = max(k, FEWEST)
        weights = [(1 - weight) ** (k - 1 - i) for i in range(k)]
        return np.average(sizes[:k], weights=weights) ** POWER

    def base(k):
        end = FEWEST
        while int(GROWTH * end) <= k:
            end = int(GROWTH * end)
        scores = [sizes[i] / scale(max(i + 1 - ahead, 0)) for i in range(end)]
        with warnings.catch_warnings(record=True, action="ignore"):
            return conformal_offsets(np.array(scores), levels, extrapolate=True)[0]

    radii, tracked = {}, 0.0
    for k in range(len(sizes) + 1):
        if k and k - ahead >= FEWEST:  # the error of a forecast that had an interval
            outside = sizes[k - 1] > radii[k - ahead]
            tracked += rate * (outside - (1 - coverage))
        if k >= FEWEST:
            radii[k] = scale(k) * base(k) * np.exp(tracked)
    return radii


@pytest.mark.parametrize("step", [0, 1, 6])
def test_the_offsets_are_those_of_a_plain_loop(step):
    errors = make_errors(130, steps=7, n_targets=2)
    offsets = adaptive_offsets(errors, ALPHA)
    for target in range(2):
        sizes = np.abs(errors[: 130 - step, step, target])
        radii = [slow_radii(sizes, step + 1, c)[130 - step] for c in (0.5, 0.8, 0.95)]
        expected = np.sort(radii)
        np.testing.assert_allclose(offsets[step, target, 4:], expected, rtol=1e-9)
        np.testing.assert_allclose(offsets[step, target, 2::-1], -expected, rtol=1e-9)
        assert offsets[step, target, 3] == 0


def test_errors_that_are_missing_at_a_gap_are_left_out():
    errors = make_errors(150, steps=3)
    gap = errors.copy()
    gap[60:61, 1:] = gap[59:60, 2:] = np.nan
    offsets = adaptive_offsets(gap, ALPHA)
    np.testing.assert_array_equal(offsets[0], adaptive_offsets(errors, ALPHA)[0])
    known = np.isfinite(gap[:, 2, 0])
    radii = slow_radii(np.abs(gap[known, 2, 0]), 3, 0.8)
    assert offsets[2, 0, 5] == pytest.approx(radii[known.sum()], rel=1e-9)


def test_each_of_many_origins_knows_the_errors_before_it_only():
    errors = make_errors(200, n_targets=2)[:, 0]
    offsets = adaptive_offsets_over(errors, ALPHA, 45)
    assert offsets.shape == (156, 2, 7)
    for k in (45, 46, 120, 200):
        expected = adaptive_offsets(errors[:k, None], ALPHA)[0]
        np.testing.assert_allclose(offsets[k - 45], expected, rtol=1e-12)


def test_origins_with_few_errors_are_split_conformal():
    errors = make_errors(40)[:, 0]
    alpha = np.array([0.25, 0.75])
    offsets = adaptive_offsets_over(errors, alpha, 5)
    for k in range(5, FEWEST):
        expected = conformal_offsets(errors[:k], alpha)
        np.testing.assert_array_equal(offsets[k - 5], expected)
    expected = adaptive_offsets(errors[:FEWEST, None], alpha)[0]
    np.testing.assert_allclose(offsets[FEWEST - 5], expected)
    few = adaptive_offsets_over(errors[:8], alpha, 8)
    np.testing.assert_array_equal(few[0], conformal_offsets(errors[:8], alpha))


def test_the_first_adaptive_interval_is_the_split_conformal_one():
    errors = make_errors(FEWEST, n_targets=3)
    np.testing.assert_allclose(
        adaptive_offsets(errors, ALPHA[1:6]), offsets_by_step(errors, ALPHA[1:6])
    )


def test_steps_with_few_errors_are_split_conformal():
    errors = make_errors(FEWEST + 2, steps=6)
    alpha = np.array([0.2, 0.8])
    adaptive, split = adaptive_offsets(errors, alpha), offsets_by_step(errors, alpha)
    assert (adaptive[:2] != split[:2]).all()  # 22 and 21 errors
    np.testing.assert_array_equal(adaptive[3:], split[3:])


def test_too_few_errors_say_how_many_are_needed():
    errors = make_errors(60)
    with pytest.raises(ValueError, match=r"18 calibration errors .* at least 19"):
        adaptive_offsets(errors[:18], ALPHA)
    with pytest.raises(ValueError, match=r"18 calibration errors .* at least 19"):
        adaptive_offsets_over(errors[:, 0], ALPHA, 18)
    with pytest.raises(ValueError, match=r"30 calibration errors .* at least 99"):
        adaptive_offsets_over(errors[:, 0], np.array([0.005]), 30)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_the_share_outside_is_promised_for_any_errors(coverage):
    errors = make_errors(1500)[:, 0]
    errors[700:] *= 20
    errors[1000:] = 0.01 * errors[1000:] + 3
    alpha = np.array([(1 + coverage) / 2])
    radius = adaptive_offsets_over(errors, alpha, 100)[:-1, 0, 0]
    outside = np.abs(errors[100:, 0]) > radius
    assert abs(outside.mean() - (1 - coverage)) < 0.015


def test_exchangeable_errors_have_about_the_radius_of_split_conformal():
    errors = np.random.default_rng(0).normal(size=(3000, 12, 1))
    alpha = ALPHA[4:]
    by_origin = adaptive_offsets_over(errors[:, 0], alpha, 500)[:, 0]
    split = offsets_by_step(errors, alpha)
    np.testing.assert_allclose(by_origin.mean(axis=0), split[0, 0], rtol=0.05)
    assert (by_origin.std(axis=0) < 0.25 * split[0, 0]).all()
    np.testing.assert_allclose(adaptive_offsets(errors, alpha), split, rtol=0.6)


def test_levels_do_not_cross():
    alpha = np.linspace(0.02, 0.98, 25)
    errors = make_errors(400, steps=3, n_targets=2)
    errors[200:] = errors[200:] / 10 + 2
    by_origin = adaptive_offsets_over(errors[:, 0], alpha, 50)
    for offsets in (adaptive_offsets(errors, alpha), by_origin):
        assert (np.diff(offsets, axis=-1) >= 0).all()


def test_the_scale_and_the_size_of_the_errors_go_together():
    errors = make_errors(200, steps=2)
    once, thrice = (adaptive_offsets(k * errors, ALPHA) for k in (1, 3))
    np.testing.assert_allclose(thrice, 3 * once, rtol=1e-9)


def test_errors_of_zero_have_no_width_until_one_is_not():
    errors = np.zeros((100, 2, 1))
    assert (np.abs(adaptive_offsets(errors, ALPHA)) < 1e-100).all()
    errors[60:] = np.random.default_rng(0).normal(size=(40, 2, 1))
    offsets = adaptive_offsets(errors, ALPHA)
    assert np.isfinite(offsets).all()
    assert (offsets[:, 0, -1] > 0.1).all()


def test_nothing_is_written_to_the_errors():
    errors = make_errors(60, steps=3)
    before = errors.copy()
    errors.setflags(write=False)
    adaptive_offsets(errors, ALPHA)
    np.testing.assert_array_equal(errors, before)
