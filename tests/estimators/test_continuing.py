"""What the first fit found out stands: partial_fit and warm_start verify it."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru import GRUForecaster

RNG = np.random.default_rng(0)
X = 20 + 5 * np.sin(np.arange(140) / 4)[:, None] + 0.3 * RNG.normal(size=(140, 1))
SCALED = (X - 20) / 2
QUICK = {"window_length": 10, "units": 4, "max_epochs": 2, "random_state": 0}
# Training that moves no weight: what comes out depends on the rows alone.
STILL = {**QUICK, "optimizer": "sgd", "lr": 1e-300}
INDEX = pd.date_range("2024-01-01", periods=140)


def fitted(y=X, n_rows=100, **changes):
    return GRUForecaster(**{**QUICK, **changes}).fit(SCALED[:n_rows], y[:n_rows])


# The relation of y to X


def test_constant_rows_teach_no_relation():
    model = fitted().partial_fit(np.full((5, 1), 0.3), np.full((5, 1), 20.6))
    expected = fitted().engine_.relation
    assert_array_equal(model.engine_.relation.affine.slope, expected.affine.slope)
    # After rows of 20.6, and a wave of amplitude 5, it does not stay there for good.
    assert np.ptp(model.forecast(50)) > 0.01
    level = model.predict(np.full((1, 1), 1.0), steps=1) - model.forecast(1)
    assert 0 < level < 2 * (1.0 - 0.3) * 1.5  # in the units of y


@pytest.mark.parametrize("train", ["fit", "partial_fit"])
def test_rows_that_contradict_the_relation_are_named_and_change_nothing(train):
    model = fitted(warm_start=True)
    expected = model.forecast(3)
    wrong = X[100:120] + np.eye(20)[:, 7:8]
    with pytest.raises(ValueError, match=r"Row 7 of y .* y\[:, 0\] = 2 \* X\[:, 0\]"):
        getattr(model, train)(SCALED[100:120], wrong)
    assert_array_equal(model.forecast(3), expected)


@pytest.mark.parametrize("flat", [True, False])
def test_shape_and_units_are_those_of_the_first_fit(flat):
    y = X[:, 0] if flat else X
    model = fitted(y)
    for more in (None, X[100:105], X[100:105, 0]):
        model.partial_fit(SCALED[100:105], more)
        assert model.forecast(3).shape == y[:3].shape
        assert (np.abs(model.forecast(3) - 20) < 7).all()


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_a_few_rows_need_not_show_the_relation(n_rows):
    assert fitted().partial_fit(SCALED[100:][:n_rows], X[100:][:n_rows]).n_iter_ == 3


def test_without_y_partial_fit_knows_the_targets_from_x():
    one, two = fitted(), fitted()
    one.partial_fit(SCALED[100:120])
    two.partial_fit(SCALED[100:120], X[100:120])
    assert_array_equal(one.forecast(5), two.forecast(5))


def test_targets_of_their_own_need_y():
    model = fitted(X**2, horizon=3)
    with pytest.raises(ValueError, match="y is required"):
        model.partial_fit(SCALED[100:110])
    assert model.partial_fit(SCALED[100:101], X[100:101] ** 2).n_iter_ == 3


def test_columns_of_y_are_those_of_the_same_name():
    table = pd.DataFrame(np.hstack([X, X**2]), columns=["a", "b"])
    y = table**2
    one, two = (GRUForecaster(**QUICK).fit(table[:100], y[:100]) for _ in range(2))
    one.partial_fit(table[100:120], y[100:120])
    two.partial_fit(table[100:120], y.loc[100:119, ["b", "a"]])
    assert_array_equal(one.forecast(1), two.forecast(1))
    # Tables of another layout in memory are summed in another order.
    score = one.score(table[120:], y[["b", "a"]][120:])
    assert one.score(table[120:], y[120:]) == pytest.approx(score, rel=1e-12)
    with pytest.raises(
        ValueError, match=r"y has the columns \['a', 'c'\].*\['a', 'b'\]"
    ):
        one.partial_fit(table[120:], y[120:].rename(columns={"b": "c"}))


def test_a_warm_start_verifies_what_a_first_fit_learns():
    model = fitted(warm_start=True)
    with pytest.raises(ValueError, match="in another way"):
        model.fit(SCALED, 3 * X)
    assert model.fit(SCALED, X).n_iter_ == 4
    assert_array_equal(model.engine_.history.last.values, SCALED)


def test_training_goes_on_with_windows_of_the_same_length():
    model = fitted().set_params(window_length=12)
    with pytest.raises(ValueError, match=r"window_length=12.*window_length=10"):
        model.partial_fit(SCALED[100:120], X[100:120])


# Rows kept for calibration


@pytest.mark.parametrize("n_rows", [1, 12])
@pytest.mark.parametrize("y", [X, X**2], ids=["an image", "its own"])
def test_calibration_rows_stay(n_rows, y):
    model = fitted(y, calibration_fraction=0.2)
    before = model.engine_.calibration
    for start in range(100, 136, n_rows):
        rows = slice(start, start + n_rows)
        model.partial_fit(SCALED[rows], y[rows])
    assert model.engine_.calibration is before
    assert len(before) == 20
    assert np.isfinite(model.predict_interval(steps=1, coverage=0.8)).all()


def test_no_training_block_reaches_into_calibration_rows():
    model = fitted(calibration_fraction=0.2, horizon=3)
    for row, n_iter in [(100, 2), (101, 2), (102, 3), (103, 4)]:
        with (
            pytest.warns(UserWarning, match="horizon=3") if row < 102 else nullcontext()
        ):
            model.partial_fit(SCALED[row : row + 1], X[row : row + 1])
        assert model.n_iter_ == n_iter
    assert_array_equal(model.engine_.history.last.values, SCALED[:104])


def test_calibration_rows_are_never_replaced_by_rows_of_training():
    model = fitted(calibration_fraction=0.2)
    before = model.engine_.calibration
    model.partial_fit(SCALED[100:], X[100:]).partial_fit(SCALED, X)
    model.set_params(calibration_fraction=0.5).partial_fit(SCALED, X)
    assert model.engine_.calibration is before
    assert model.n_iter_ == 5


def test_known_rows_train_once_more_without_those_for_calibration():
    table = pd.DataFrame(X, INDEX, columns=["a"])
    model = GRUForecaster(**QUICK, calibration_fraction=0.2).fit(table[:100])
    history = model.engine_.history
    model.partial_fit(table[30:90])
    assert model.n_iter_ == 3
    assert model.engine_.history is history
    model.partial_fit(table[77:95])  # three rows, and some that are kept
    assert model.n_iter_ == 4
    with pytest.raises(ValueError, match="13 rows are kept out of training"):
        model.partial_fit(table[82:95])


def test_the_last_rows_may_be_learned_again():
    """Several epochs on the newest rows, a few at a time."""
    model = fitted()
    for _ in range(3):
        model.partial_fit(SCALED[100:104], X[100:104])
    assert model.n_iter_ == 5
    assert_array_equal(model.engine_.history.last.values, SCALED[:104])


def test_fitted_behaviour_follows_what_fit_saw():
    model = fitted().set_params(calibration_fraction=0.2)
    with pytest.raises(ValueError, match="fit with calibration_fraction"):
        model.predict_interval(steps=2)
    model.partial_fit(SCALED[100:110], X[100:110])
    with pytest.raises(ValueError, match="fit with calibration_fraction"):
        model.predict_interval(steps=2)


@pytest.mark.parametrize("coverage", [[0.8, 0.9], "0.8", 0, 1, None])
def test_coverage_is_one_number(coverage):
    model = fitted(calibration_fraction=0.2)
    with pytest.raises(ValueError, match=r"number between 0 and 1.*predict_quantiles"):
        model.predict_interval(steps=2, coverage=coverage)


# Gaps, and any split of a series into calls


def test_a_series_that_begins_anew_is_trained_by_itself():
    table = pd.DataFrame(X, INDEX, columns=["a"])
    model = GRUForecaster(**STILL).fit(table[:80])
    with pytest.warns(UserWarning, match="2024-04-05.*does not follow.*2024-03-20"):
        model.partial_fit(table[95:120])
    expected = model.predict(table[95:120], steps=4, context="apply")
    assert_allclose(model.forecast(4), expected, rtol=1e-6)


def test_too_few_rows_behind_a_gap_become_history():
    table = pd.DataFrame(X, INDEX, columns=["a"])
    model = GRUForecaster(**QUICK).fit(table[:80])
    with pytest.warns(UserWarning, match="its 3 rows are too few to train on"):
        model.partial_fit(table[95:98])
    assert model.n_iter_ == 2
    assert model.partial_fit(table[98:110]).n_iter_ == 3
    assert model.engine_.history.n_rows == 15


def test_score_takes_the_columns_that_were_fitted():
    table = pd.DataFrame({"a": X[:, 0], "b": 1000 + 3 * X[::-1, 0]})
    model = GRUForecaster(**QUICK).fit(table[:100])
    rest = table[100:]
    assert model.score(rest, rest[["b", "a"]]) == model.score(rest)
    flat = GRUForecaster(**QUICK).fit(table[:100], table["a"][:100])
    with pytest.raises(ValueError, match=r"y has 2 columns, .* fitted with 1"):
        flat.score(rest, rest)


def test_training_goes_on_with_the_same_scaling():
    model = fitted().set_params(standardize=False)
    with pytest.raises(ValueError, match=r"standardize=False.*standardize=True"):
        model.partial_fit(SCALED[100:120], X[100:120])


def test_nan_in_a_mapped_file_is_found_in_further_rows_too(tmp_path):
    rows = SCALED.copy()
    rows[120] = np.nan
    rows.tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.float64, "r", shape=rows.shape)
    model = GRUForecaster(**QUICK).fit(mapped[:100])
    with pytest.raises(ValueError, match="NaN or infinity, first at row 20"):
        model.partial_fit(mapped[100:])


def test_overlapping_rows_are_learned_once():
    one, two = fitted(n_rows=80), fitted(n_rows=80)
    one.partial_fit(SCALED[80:100], X[80:100])
    two.partial_fit(SCALED[60:100], X[60:100])
    assert_array_equal(one.forecast(5), two.forecast(5))


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(20, 139), min_size=1, max_size=4, unique=True).map(
        sorted
    ),
    overlap=st.integers(0, 15),
    horizon=st.sampled_from([1, 3]),
    own=st.booleans(),
    dated=st.booleans(),
)
def test_forecasts_do_not_depend_on_the_split_into_calls(
    cuts, overlap, horizon, own, dated
):
    """Only the first part is fitted; all rows are known in the end."""
    rows = pd.DataFrame(X, INDEX, columns=["a"]) if dated else X
    y = X**2 if own else X
    parts = GRUForecaster(**STILL, horizon=horizon).fit(rows[: cuts[0]], y[: cuts[0]])
    whole = GRUForecaster(**STILL, horizon=horizon).fit(rows[: cuts[0]], y[: cuts[0]])
    start = cuts[0]
    for stop in [*cuts[1:], 140]:
        again = max(0, start - (overlap if overlap > 1 else 0))
        assert_allclose(
            parts.predict(rows[again:stop]),
            whole.predict(rows[:stop])[again:],
            rtol=1e-5,
        )
        parts.partial_fit(rows[again:stop], y[again:stop])
        start = stop
    assert parts.engine_.history.n_rows == 140
    assert_allclose(
        parts.forecast(horizon), whole.predict(rows, steps=horizon), rtol=1e-5
    )
