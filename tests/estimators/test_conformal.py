import numpy as np
import pytest

from sklearn_gru.estimators._conformal import conformal_offsets


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
    errors = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 9.0, 8.0, 7.0])
    offsets = conformal_offsets(errors, np.array([0.1, 0.25, 0.5, 0.75, 0.9]))
    np.testing.assert_array_equal(offsets, [1, 2, 5, 8, 9])


def test_too_few_errors_say_how_many_are_needed():
    with pytest.raises(ValueError, match=r"10 calibration errors .* at least 19"):
        conformal_offsets(np.zeros(10), np.array([0.05, 0.95]))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 1.2])
def test_alpha_out_of_range_is_an_error(alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        conformal_offsets(np.zeros(10), np.array([alpha]))
