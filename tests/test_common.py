"""scikit-learn's own estimator checks, over every estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_gru import (
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
)

ORDERED_ROWS = dict.fromkeys(
    ("check_methods_sample_order_invariance", "check_methods_subset_invariance"),
    "rows are time steps: the result depends on the rows before",
)
FLOAT32 = {
    "check_sample_weight_equivalence_on_dense_data": (
        "equal to 1e-7 only if the sums round alike; holds with dtype='float64'"
    )
}


def expected_failures(estimator):
    if isinstance(estimator, (GRUForecaster, SlidingWindowTransformer)):
        return ORDERED_ROWS
    return FLOAT32 if estimator.dtype == "float32" else {}


@parametrize_with_checks(
    [
        GRURegressor(),
        GRURegressor(dtype="float64"),
        GRUClassifier(),
        GRUClassifier(dtype="float64"),
        GRUForecaster(max_epochs=20),
        GRUForecaster(window_length=3, horizon=2, max_epochs=3),
        SlidingWindowTransformer(),
        SlidingWindowTransformer(window_length=3, lag=1, flatten=True),
    ],
    expected_failed_checks=expected_failures,
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_estimator_check(estimator, check):
    check(estimator)
