"""scikit-learn's own estimator checks, over every estimator."""

import pytest
import sklearn
from packaging.version import Version
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from benchmarks.plain_network import PLAIN
from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
)

ORDERED_ROWS = dict.fromkeys(
    ("check_methods_sample_order_invariance", "check_methods_subset_invariance"),
    "rows are time steps: the result depends on the rows before",
)
WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
FLOAT32 = {
    WEIGHTS: "equal to 1e-7 only if the sums round alike; holds with dtype='float64'"
}
BATCHES = {
    WEIGHTS: (
        "time warps and dropout are drawn for each row of a batch, and batch "
        "statistics ignore weights; holds for a plain network"
    )
}
FRACTIONS = dict.fromkeys(
    (
        "check_class_weight_classifiers",
        "check_classifiers_one_label_sample_weights",
        WEIGHTS,
    ),
    "its X holds fractions, whatever the estimator's tags; test_embedding.py has these",
)
if Version(sklearn.__version__) < Version("1.8"):
    FRACTIONS["check_positive_only_tag_during_fit"] = "it takes a mean from integers"


def expected_failures(estimator):
    if isinstance(estimator, (GRUForecaster, SlidingWindowTransformer)):
        return ORDERED_ROWS
    if getattr(estimator, "embedding_dim", None) is not None:
        return FRACTIONS
    if isinstance(estimator, (GRUClassifier, GRURegressor)):
        is_plain = estimator.get_params().items() >= EXACT.items()
        if not is_plain:
            return BATCHES
    return FLOAT32 if getattr(estimator, "dtype", None) == "float32" else {}


# Nothing is drawn for a row, or counted over rows.
EXACT = {**PLAIN, "dropout": 0}
QUICK = {"max_epochs": 20, "lr": 0.01}
SEVERAL = {
    "units": 8,
    "segment_length": 3,
    "conv_filters": 8,
    "n_estimators": 2,
    "max_epochs": 10,
    "lr": 0.02,
}


# scikit-learn tests an estimator whose tags say that it reads no tables with the first
# of these only. The others of its checks fit tables of numbers, all but those here.
INTERFACE_CHECKS = [
    "check_estimator_cloneable",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_feature_names_out_error",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_param_validation",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


@pytest.mark.parametrize("check", INTERFACE_CHECKS)
def test_interface_of_an_estimator_that_reads_text(check):
    getattr(estimator_checks, check)("CharGRUGenerator", CharGRUGenerator())


@parametrize_with_checks(
    [
        GRURegressor(**QUICK),
        GRURegressor(**QUICK, **EXACT),
        GRURegressor(**QUICK, **EXACT, dtype="float64"),
        GRURegressor(**SEVERAL),
        GRUClassifier(**QUICK),
        GRUClassifier(**QUICK, **EXACT),
        GRUClassifier(**QUICK, **EXACT, dtype="float64"),
        GRUClassifier(**SEVERAL),
        GRURegressor(embedding_dim=4, lr=0.01, max_epochs=30),
        GRUClassifier(embedding_dim=4, lr=0.01, max_epochs=30),
        CharSequenceTransformer(),
        CharGRUGenerator(),
        GRUForecaster(max_epochs=20),
        GRUForecaster(window_length=3, horizon=2, max_epochs=3),
        GRUForecaster(window_length=3, known_columns=[-1], max_epochs=3),
        GRUForecaster(window_length=3, missing="mask", max_epochs=3),
        SlidingWindowTransformer(),
        SlidingWindowTransformer(window_length=3, lag=1, flatten=True),
    ],
    expected_failed_checks=expected_failures,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_estimator_check(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [GRURegressor(), GRUClassifier()],
    expected_failed_checks=expected_failures,
)
def test_estimator_check_with_nothing_set(estimator, check):
    check(estimator)
