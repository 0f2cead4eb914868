"""Reading what a forecaster is given: a table of rows in the order of time."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from sklearn_gru.data import fit_scaler, memory_map_of
from sklearn_gru.estimators._time_index import (
    check_same_index,
    check_time_index,
    time_index_of,
)
from sklearn_gru.estimators.forecasting import Form, Rows


def read_series(estimator, X, y=None, *, reset=False):
    """Validate a series and, beside it, what is to be forecast.

    Parameters
    ----------
    estimator : BaseEstimator
        Learns the columns of `X` if `reset`, else it knows them.
    X : array-like of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
        The columns of `X` if None.
    reset : bool, default=False

    Returns
    -------
    rows : Rows
    form : Form

    Raises
    ------
    ValueError
        If there are holes in the index, if `X` and `y` do not belong together, or if
        their values can't be read as finite numbers.
    """
    check_time_index(X, "X")
    check_time_index(y, "y")
    check_same_index(X, y)
    values = _read_values(estimator, X, reset)
    if y is None or (y is X and (reset or memory_map_of(X) is not None)):
        return Rows(values, index=time_index_of(X)), Form(names=_names(X))
    targets, form = _read_targets(y)
    check_consistent_length(values, targets)
    return Rows(values, targets, index=time_index_of(X)), form


def read_more(estimator, X, y, known):
    """Validate further rows of a series, or rows that are to be compared with it.

    Parameters
    ----------
    estimator, X, y
        As in `read_series`.
    known : Form
        Of the first fit. Columns of `y` in another order are the same columns.

    Returns
    -------
    Rows

    Raises
    ------
    ValueError
        As in `read_series`, or if the columns of `y` have other names.
    """
    rows, form = read_series(estimator, X, y)
    if memory_map_of(rows.values) is not None:
        fit_scaler(rows.values)  # which looks at every block for NaN
    names = form.names, known.names
    if rows.targets is None or None in names or form.names == known.names:
        return rows
    if sorted(form.names, key=str) != sorted(known.names, key=str):
        raise ValueError(
            f"y has the columns {list(form.names)}, but this model was fitted with "
            f"{list(known.names)}."
        )
    order = [form.names.index(name) for name in known.names]
    return Rows(rows.values, rows.targets[:, order], index=rows.index)


def _read_values(estimator, X, reset):
    _require_table(X)
    minimum = 2 if reset else 1
    if memory_map_of(X) is not None:
        # Neither converted, which would copy it, nor looked at here: scaling looks at
        # every block for NaN.
        return validate_data(
            estimator,
            X,
            reset=reset,
            ensure_all_finite=False,
            ensure_min_samples=minimum,
        )
    with naming_text_columns(X, "X"):
        return validate_data(
            estimator,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_min_samples=minimum,
        )


def _require_table(X):
    if isinstance(getattr(X, "index", None), pd.MultiIndex):
        raise ValueError(
            "X has an index of several levels: it is a panel of series, and this "
            "forecaster reads one. Use sklearn_gru.sktime.GRUForecaster, whose "
            "`pretrain` learns from all series of a panel, or select one of them."
        )
    if getattr(X, "ndim", 2) == 1:
        raise ValueError(
            "Expected 2D array, got 1D array instead. Reshape your data: a single "
            "series is X.reshape(-1, 1), or X.to_frame() of a pandas Series."
        )
    dates = []
    if isinstance(X, pd.DataFrame):
        dates = X.columns[[is_datetime64_any_dtype(dtype) for dtype in X.dtypes]]
    if len(dates):
        raise ValueError(
            f"Column {dates[0]!r} of X holds dates: make it the index, with "
            f"X.set_index({dates[0]!r})."
        )


def _read_targets(y):
    with naming_text_columns(y, "y"):
        targets = check_array(
            y, ensure_2d=False, dtype=[np.float64, np.float32], input_name="y"
        )
    flat = targets.ndim == 1
    return targets[:, None] if flat else targets, Form(flat, _names(y))


def _names(table):
    return tuple(table.columns) if isinstance(table, pd.DataFrame) else None


@contextmanager
def naming_text_columns(table, name):
    """Name the column, if reading a table fails because one holds text."""
    try:
        yield
    except ValueError as error:
        column = _first_text_column(table)
        if column is None or "could not convert" not in str(error):
            raise
        raise ValueError(
            f"Column {column!r} of {name} holds text ({str(error).split(': ')[-1]}). "
            "Drop it, or encode it with an OrdinalEncoder or OneHotEncoder."
        ) from error


def _first_text_column(table):
    """Return the label of the first column that is not numeric, or None."""
    if not isinstance(table, pd.DataFrame):
        return None
    for label, values in table.items():
        if is_numeric_dtype(values.dtype):
            continue
        if pd.to_numeric(values, errors="coerce").isna().any():
            return label
    return None
