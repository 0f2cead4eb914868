import numpy as np
import pandas as pd
import pytest

from sklearn_gru.estimators.forecasting import Form, Relation, Rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 2))
Y = X[:, ::-1] * [3.0, -200.0] + [1000.0, 0.5]


def learned(x=X, y=Y, n_seen=50, **options):
    return Relation.learn(Rows(x, y), n_seen, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [1, 2, 30])
def test_later_rows_of_the_same_relation_pass(dtype, n_rows):
    x = X.astype(dtype)
    y = (x[:, ::-1].astype(np.float64) * [3.0, -200.0] + [1000.0, 0.5]).astype(dtype)
    relation = learned(x[:50], y[:50])
    verified = relation.verified(Rows(x[50:][:n_rows], y[50:][:n_rows]))
    assert verified.targets is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_far_away_pass_with_the_error_of_a_line_drawn_between_near_ones(dtype):
    x = (1e-3 * X[:50, :1]).astype(dtype)
    far = np.array([[50.0], [-80.0]], dtype)
    near_y, far_y = (
        (7 * values.astype(np.float64) + 400).astype(dtype) for values in (x, far)
    )
    assert learned(x, near_y).verified(Rows(far, far_y)).targets is None


@pytest.mark.parametrize("row", [0, 3, 9])
@pytest.mark.parametrize("target", [0, 1])
def test_a_row_that_contradicts_is_named(row, target):
    y = Y[50:60].copy()
    y[row, target] += 1e-3
    with pytest.raises(ValueError, match=rf"Row {row} of y is .*in another way"):
        learned().verified(Rows(X[50:60], y))


def test_a_row_with_a_date_is_named_by_it():
    index = pd.date_range("2024-01-01", periods=3)
    with pytest.raises(ValueError, match=r"Row 1 \(2024-01-02 00:00:00\) of y"):
        learned().verified(Rows(X[:3], Y[:3] + np.eye(3)[:, 1:2], index=index))


def test_constant_rows_do_not_change_what_was_learned():
    relation = learned()
    x = np.full((5, 2), 0.3)
    relation.verified(Rows(x, relation.affine(x)))
    with pytest.raises(ValueError, match="Row 0"):
        relation.verified(Rows(x, relation.affine(x) + 0.01))


def test_targets_of_their_own_need_no_relation_but_y():
    relation = learned(y=Y**2)
    assert relation.affine is None
    rows = Rows(X[50:], Y[50:])
    assert relation.verified(rows) is rows
    with pytest.raises(ValueError, match="y is required"):
        relation.verified(Rows(X[50:]))
    with pytest.raises(ValueError, match=r"y has 1 columns.* 2"):
        relation.verified(Rows(X[50:], Y[50:, :1]))


def test_scalers_are_those_of_the_rows_that_training_sees():
    relation = learned(y=Y**2, n_seen=50)
    np.testing.assert_allclose(relation.x_scaler.mean, X[:50].mean(axis=0))
    np.testing.assert_allclose(relation.y_scaler.scale, (Y[:50] ** 2).std(axis=0))
    assert learned(standardize=False).x_scaler.scale.tolist() == [1, 1]


def test_a_constant_series_moves_on_in_its_own_units():
    """Of a constant no slope can be seen; scalers leave its unit as it is."""
    relation = learned(np.zeros((9, 1)), np.full((9, 1), 7.0), 9)
    np.testing.assert_array_equal(relation.affine(np.array([[0.0], [2.0]])), [[7], [9]])


def test_a_constant_target_is_a_constant_column_if_there_is_one():
    x = np.column_stack([X[:50, 0], np.full(50, 2.0)])
    relation = learned(x, np.full((50, 1), 12.0))
    assert relation.affine.columns.tolist() == [1]


def test_forms_give_targets_their_shape():
    values = np.zeros((4, 3, 1))
    assert learned(form=Form(flat=True)).in_shape(values).shape == (4, 3)
    assert learned().in_shape(values).shape == (4, 3, 1)
