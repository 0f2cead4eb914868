"""Reading what a forecaster is given: a table of rows in the order of time."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from sklearn_gru.data import fit_scaler, memory_map_of
from sklearn_gru.estimators._known_columns import (
    check_missing,
    names_known_columns,
    other_places,
    places_of_known,
    refuse_known_targets,
)
from sklearn_gru.estimators._time_index import (
    check_same_index,
    check_time_index,
    refuse_dates_as_text,
    time_index_of,
)
from sklearn_gru.estimators.forecasting import Form, Rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sklearn_gru.estimators.forecaster import GRUForecaster


def read_series(
    estimator: GRUForecaster,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    known: Form | None = None,
    may_end_in_future: bool = False,
) -> tuple[Rows, Form]:
    """Validate a series and, beside it, what is to be forecast.

    Parameters
    ----------
    estimator : GRUForecaster
        Learns the columns of `X` in the first fit, and knows them later.
    X : array-like of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
        The columns of `X` if None, but for those that are known of the future.
    known : Form, default=None
        Of the first fit; None if this is it.
    may_end_in_future : bool, default=False
        Whether the last rows may be NaN in all but the columns that are known.

    Returns
    -------
    rows : Rows
    form : Form
        Of `X` and `y` as they are here.

    Raises
    ------
    ValueError
        If there are holes in the index, if `X` and `y` do not belong together, or if
        their values can't be read as finite numbers, or, with ``missing="mask"``, NaN.
    """
    for table, name in ((X, "X"), (y, "y")):
        refuse_dates_as_text(table, name)
        check_time_index(table, name)
    check_same_index(X, y)
    splits = names_known_columns(estimator) if known is None else known.known_columns
    missing = estimator if known is None else estimator.engine_.relation
    masked = missing.missing == "mask"
    may_hold_nan = masked or bool(splits)
    table = _read_table(estimator, X, reset=known is None, may_hold_nan=may_hold_nan)
    places = places_of_known(estimator) if known is None else known.known_columns
    rows = replace(_split(table, places), index=time_index_of(X))
    if places:
        check_missing(estimator, rows, places, may_end_in_future, masked)
    is_x = y is X and (known is None or memory_map_of(X) is not None)
    if y is None or (is_x and not places):
        return rows, Form(names=_names(X, places), known_columns=places)
    targets, form = _read_targets(y, may_hold_nan=masked)
    check_consistent_length(table, targets)
    if places and known is None:
        refuse_known_targets(estimator, table, places, targets, form.names, masked)
    return replace(rows, targets=targets), replace(form, known_columns=places)


def read_more(
    estimator: GRUForecaster, X: ArrayLike, y: ArrayLike | None, known: Form
) -> Rows:
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
    rows, form = read_series(estimator, X, y, known=known)
    if memory_map_of(rows.values) is not None and not estimator.engine_.relation.masked:
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
    return replace(rows, targets=rows.targets[:, order])


def _split(table, places):
    """Take the columns that are known of the future from the others."""
    if not places:
        return Rows(table)
    others = other_places(places, table.shape[1])
    return Rows(
        np.take(table, others, axis=1), exogenous=np.take(table, places, axis=1)
    )


def _read_table(estimator, X, reset, may_hold_nan):
    _require_table(X)
    minimum = 2 if reset else 1
    if memory_map_of(X) is not None and not may_hold_nan:
        # Neither converted, which would copy it, nor looked at here: scaling looks at
        # every block for NaN.
        return validate_data(
            estimator,
            X,
            reset=reset,
            ensure_all_finite=False,
            ensure_min_samples=minimum,
        )
    with saying_what_to_do(X, "X"):
        return validate_data(
            estimator,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan" if may_hold_nan else True,
            ensure_min_samples=minimum,
        )


def _require_table(X):
    if isinstance(getattr(X, "index", None), pd.MultiIndex):
        raise ValueError(
            "X has an index of several levels: it is a panel of series, and this "
            "forecaster reads one. Use sklearn_gru.sktime.GRUForecaster, whose "
            "`pretrain` learns from all series of a panel, or select one of them."
        )
    is_flat = isinstance(X, (list, tuple)) and len(X) and np.isscalar(X[0])
    if is_flat or getattr(X, "ndim", 2) == 1:
        raise ValueError(
            "Expected 2D array, got 1D array instead. Reshape your data: a single "
            "series is np.reshape(X, (-1, 1)), or X.to_frame() of a pandas Series."
        )
    dates = []
    if isinstance(X, pd.DataFrame):
        dates = X.columns[[is_datetime64_any_dtype(dtype) for dtype in X.dtypes]]
    if len(dates):
        raise ValueError(
            f"Column {dates[0]!r} of X holds dates: make it the index, with "
            f"X.set_index({dates[0]!r})."
        )


def _read_targets(y, may_hold_nan):
    with saying_what_to_do(y, "y"):
        targets = check_array(
            y,
            ensure_2d=False,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan" if may_hold_nan else True,
            input_name="y",
        )
    flat = targets.ndim == 1
    return targets[:, None] if flat else targets, Form(flat, _names(y))


def _names(table, left_out=()):
    if not isinstance(table, pd.DataFrame):
        return None
    return tuple(table.columns[other_places(left_out, table.shape[1])])


@contextmanager
def saying_what_to_do(table, name):
    """Say what to do if reading a table fails because of NaN or a column of text."""
    try:
        yield
    except ValueError as error:
        if "contains NaN" in str(error):
            raise ValueError(
                f"Input {name} contains NaN. Fill such values, or fit with "
                'missing="mask", which reads them as missing.'
            ) from error
        if "could not convert" not in str(error):
            raise
        column, text = _first_text_column(table), str(error).split(": ")[-1]
        place = name if column is None else f"Column {column!r} of {name}"
        advice = (
            "It must be numbers."
            if column is None
            else "Drop it, or encode it with an OrdinalEncoder or OneHotEncoder."
        )
        raise ValueError(f"{place} holds text ({text}). {advice}") from error


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
