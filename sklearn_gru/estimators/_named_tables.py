"""Reading pandas tables whose rows and columns are paired by their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

from sklearn_gru.estimators._time_index import check_time_index
from sklearn_gru.estimators.forecasting import Form, Rows

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru._types import Floats, Table
    from sklearn_gru.estimators.forecasting import Relation


def check_steps_of_one(table: Table, name: str = "y") -> None:
    """Raise if the index has holes, or counts in other steps than 1.

    Parameters
    ----------
    table : Series or DataFrame
    name : str, default="y"
        What to call it in the error.
    """
    check_time_index(table, name)
    index = table.index
    if is_integer_dtype(index.dtype) and len(index) > 1 and index[1] - index[0] != 1:
        raise ValueError(
            f"The index of {name} counts in steps of {index[1] - index[0]}, but "
            "sktime's horizons count integers one by one: use "
            "y.reset_index(drop=True)."
        )


def columns_of(table: Table) -> list[Any]:
    """List the columns of a table; a Series is one."""
    return list(table.columns) if isinstance(table, pd.DataFrame) else [None]


def values_of(table):
    """Read a Series or DataFrame as float rows (n, columns); None stays None."""
    if table is None:
        return None
    values = table.to_numpy(dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values


def form_of(y: Table, X: pd.DataFrame | None) -> Form:
    """Note the names of the columns of y and X."""
    known = None if X is None else tuple(X.columns)
    return Form(names=tuple(columns_of(y)), exogenous_names=known)


def in_known_order(y: Table, names: tuple[Any, ...]) -> list[Any]:
    """List the columns of `y` in the order of known ones, if they are the same."""
    columns = columns_of(y)
    return list(names) if set(columns) == set(names) else columns


def places_of(table: Table, columns: list[Any]) -> list[int]:
    """List where the columns of a table stand among `columns`."""
    return [columns.index(column) for column in columns_of(table)]


def read_tables(
    y: Table,
    X: pd.DataFrame | None,
    columns: list[Any],
    relation: Relation | None = None,
) -> Rows:
    """Read a series and what is known of the future beside it.

    Parameters
    ----------
    y : Series or DataFrame
    X : DataFrame or None
        Rows are paired with those of `y` by index; further ones are left out.
    columns : list
        The columns of `y`, in the order in which they are to be read.
    relation : Relation, default=None
        What was learned before: `X` has the same columns then, in any order.

    Returns
    -------
    Rows

    Raises
    ------
    ValueError
        If columns are others than before, or if `X` misses rows of `y` or holds NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 2.0], index=[5, 6])
    >>> X = pd.DataFrame({"p": [40.0, 50.0, 60.0]}, index=[4, 5, 6])
    >>> read_tables(y, X, [None]).exogenous
    array([[50.],
           [60.]])
    """
    if relation is not None:
        check_exogenous(X, relation)
    X = _paired(y, X)
    if relation is not None and X is not None:
        X = X[list(relation.form.exogenous_names)]
    return Rows(values_of(_select(y, columns)), exogenous=known_values_of(X))


def known_values_of(X: pd.DataFrame | None) -> Floats | None:
    """Read a DataFrame of what is known of the future; None stays None.

    Raises
    ------
    ValueError
        If it holds NaN.
    """
    values = values_of(X)
    if values is None or not np.isnan(values).any():
        return values
    row, column = np.argwhere(np.isnan(values))[0]
    raise ValueError(
        f"X holds NaN in column {X.columns[column]!r}, row {X.index[row]}. Exogenous "
        "columns must be known in every row, future ones too: fill them."
    )


def check_counts(y: Table, X: pd.DataFrame | None, relation: Relation) -> None:
    """Raise unless there are as many columns as in pretraining."""
    n_columns, n_known = len(columns_of(y)), 0 if X is None else X.shape[1]
    expected = relation.n_targets, relation.n_exogenous
    if (n_columns, n_known) != expected:
        raise ValueError(
            f"y has {n_columns} columns and X {n_known}, but this forecaster was "
            f"pretrained with {expected[0]} and {expected[1]}."
        )


def check_exogenous(X: pd.DataFrame | None, relation: Relation) -> None:
    """Raise unless the columns of X are those of the first fit.

    Parameters
    ----------
    X : DataFrame or None
    relation : Relation
    """
    names = relation.form.exogenous_names
    if (X is None) != (names is None):
        was, now = ("with", "without") if X is None else ("without", "with")
        raise ValueError(
            f"This forecaster was fitted {was} exogenous X, but is used {now} it: "
            "pass X, with the rows to forecast, to both or to neither."
        )
    if X is not None and set(X.columns) != set(names):
        raise ValueError(
            f"X has the columns {list(X.columns)}, but the forecaster was fitted "
            f"with {list(names)}."
        )


def _select(y, columns):
    """Order the columns of `y`; a single one may have any name."""
    given = columns_of(y)
    if set(given) == set(columns):
        return y[columns] if isinstance(y, pd.DataFrame) else y
    if len(given) == len(columns) == 1:
        return y
    raise ValueError(
        f"y has the columns {given}, but the forecaster was fitted with {columns}."
    )


def _paired(y, X):
    """Select the rows of X that stand beside those of y."""
    if X is None or X.index.equals(y.index):
        return X
    places = X.index.get_indexer(y.index)
    missing = y.index[places < 0]
    if len(missing):
        raise ValueError(
            f"X must have a row for each of y, but misses {len(missing)} of {len(y)}, "
            f"first {missing[0]}."
        )
    return X.iloc[places]
