import warnings
from statistics import NormalDist

import numpy as np
import pytest

from sklearn_gru.estimators._conformal import (
    conformal_offsets,
    offsets_by_step,
    quantile_offsets,
    quantiles_between,
)
from sklearn_gru.nets import QUANTILES


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("n", [19, 50])
def test_intervals_cover_the_next_error_of_an_exchangeable_sequence(coverage, n):
    rng = np.random.default_rng(0)
    errors = rng.exponential(size=(n + 1, 20_000)) - 1
    alpha = np.array([(1 - coverage) / 2, (1 + coverage) / 2])
    low, high = conformal_offsets(errors[:n], alpha).T
    share = ((low <= errors[n]) & (errors[n] <= high)).mean()
    assert coverage - 0.01 < share < coverage + 2 / (n + 1) + 0.01


def test_ranks_are_those_of_the_definition():
    errors = np.array([5.0, -1.0, 4.0, 2.0, -3.0, 6.0, 9.0, -8.0, 7.0])
    offsets = conformal_offsets(errors, np.array([0.1, 0.25, 0.5, 0.75, 0.9]))
    # Of 9 sizes, the ceil(10 * 0.8)-th and the ceil(10 * 0.5)-th smallest.
    np.testing.assert_array_equal(offsets, [-8, -5, 0, 5, 8])


def test_too_few_errors_say_how_many_are_needed():
    with pytest.raises(ValueError, match=r"8 calibration errors .* at least 9"):
        conformal_offsets(np.zeros(8), np.array([0.05, 0.95]))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 1.2])
def test_alpha_out_of_range_is_an_error(alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        conformal_offsets(np.zeros(10), np.array([alpha]))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95, 0.98, 0.99])
def test_the_number_of_errors_that_is_asked_for_is_enough_and_no_less(coverage):
    alpha = np.array([(1 - coverage) / 2, (1 + coverage) / 2])
    # The largest of n errors covers the next one with probability n / (n + 1).
    enough = next(n for n in range(1, 500) if n / (n + 1) > coverage - 1e-9)
    conformal_offsets(np.zeros(enough), alpha)
    if enough > 1:
        with pytest.raises(ValueError, match=f"at least {enough} are needed"):
            conformal_offsets(np.zeros(enough - 1), alpha)


# Levels beyond what n errors say


def test_extrapolation_leaves_other_levels_alone():
    errors = np.random.default_rng(0).normal(size=(19, 3))
    alpha = np.array([0.05, 0.3, 0.5, 0.95])
    np.testing.assert_array_equal(
        conformal_offsets(errors, alpha, extrapolate=True),
        conformal_offsets(errors, alpha),
    )


@pytest.mark.parametrize(("alpha", "side"), [(0.001, -1), (0.999, 1)])
def test_far_levels_follow_a_normal_distribution(alpha, side):
    errors = NormalDist(1, 2).samples(50, seed=0)
    with pytest.warns(UserWarning, match=r"at least 499 are needed.* stands in"):
        offset = conformal_offsets(np.array(errors), np.array([alpha]), True)
    size = np.sqrt(np.mean(np.square(errors)))
    expected = NormalDist(0, size).inv_cdf(alpha)
    assert abs(expected) > max(map(abs, errors))
    assert offset == pytest.approx(expected)
    assert np.sign(offset) == side


@pytest.mark.filterwarnings("ignore:.*too few:UserWarning")
def test_far_levels_lie_outside_of_all_errors():
    errors = np.array([-1.0, 0, 0, 0, 0, 0, 0, 0, 30])  # the normal one lies inside
    alpha = np.array([0.02, 0.98])
    np.testing.assert_array_equal(conformal_offsets(errors, alpha, True), [-30, 30])


@pytest.mark.filterwarnings("ignore:.*too few:UserWarning")
@pytest.mark.parametrize("n", [1, 2, 5])
def test_extrapolated_levels_are_in_order(n):
    errors = np.random.default_rng(0).normal(size=(n, 4))
    alpha = np.array([0.001, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999])
    offsets = conformal_offsets(errors, alpha, extrapolate=True)
    assert offsets.shape == (4, 7)
    assert (np.diff(offsets, axis=1) >= 0).all()
    assert (np.diff(offsets, axis=1)[:, 2:4] > 0).all()


def test_no_errors_can_not_be_extrapolated():
    with pytest.raises(ValueError, match="0 calibration errors are too few"):
        conformal_offsets(np.empty((0, 2)), np.array([0.1]), extrapolate=True)


def test_steps_have_errors_of_their_own_and_one_warning():
    errors = np.arange(1.0, 31.0).reshape(10, 3, 1)
    errors[8:, 2] = errors[9:, 1] = np.nan
    alpha = np.array([0.05, 0.95])
    with pytest.warns(UserWarning, match="8 calibration errors") as warned:
        offsets = offsets_by_step(errors, alpha, extrapolate=True)
    assert len(warned) == 1
    for step in range(3):
        known = errors[: 10 - step, step]
        with warnings.catch_warnings(record=True, action="ignore"):
            expected = conformal_offsets(known, alpha, extrapolate=True)
        np.testing.assert_array_equal(offsets[step], expected)


# Quantiles of a network


@pytest.mark.filterwarnings("ignore:.*too few:UserWarning")
@pytest.mark.parametrize("n", [1, 3, 9, 20, 60])
def test_true_quantiles_keep_their_coverage_however_few_the_errors(n):
    rng, alpha = np.random.default_rng(0), np.array([0.05, 0.95])
    quantiles = np.array([NormalDist().inv_cdf(level) for level in QUANTILES])
    truth = rng.normal(size=(n + 1, 2000))
    errors = (truth[:n, :, None] - quantiles)[:, None]
    offsets = quantile_offsets(errors, QUANTILES, alpha, extrapolate=True)[0]
    low, high = quantiles_between(quantiles + offsets, QUANTILES, alpha).T
    assert ((low <= truth[n]) & (truth[n] <= high)).mean() > 0.88


@pytest.mark.filterwarnings("ignore:.*too few:UserWarning")
def test_an_error_beyond_a_quantile_moves_it_out():
    errors = np.array([[-7.0, 0.0, -9.0], [2.0, 0.0, -1.0]])[:, None, None]
    levels = (0.1, 0.5, 0.9)
    offsets = quantile_offsets(errors, levels, np.array([0.1]), extrapolate=True)
    assert offsets.ravel().tolist() == [-7, 0, 0]


def test_warnings_say_what_stands_in_for_errors_of_quantiles():
    errors = np.zeros((2, 3, 1, 3))
    errors[1:, 1] = errors[:, 2] = np.nan
    with pytest.warns(UserWarning, match="too few") as warned:
        quantile_offsets(errors, (0.1, 0.5, 0.9), np.array([0.1]), extrapolate=True)
    levels, steps = (str(each.message) for each in warned)
    assert "1 calibration errors are too few" in levels
    assert "The network's own quantiles stand in" in levels
    assert "more than 2 steps: the quantiles of later ones are corrected like" in steps
