"""Columns of X that are known of the future, and rows that lie in it."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data import find_affine_map, varies

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from sklearn_gru._types import Array
    from sklearn_gru.estimators._forecasts import Forecasts
    from sklearn_gru.estimators.forecaster import GRUForecaster


def names_known_columns(estimator):
    """Tell whether `known_columns` names any."""
    return estimator.known_columns is not None and len(estimator.known_columns) > 0


def places_of_known(estimator: GRUForecaster) -> tuple[int, ...]:
    """Return where the columns stand in X that `known_columns` names.

    Parameters
    ----------
    estimator : GRUForecaster
        Which has seen the columns of X.

    Returns
    -------
    tuple of int
        In the order of X.

    Raises
    ------
    ValueError
        If X has no such columns, or no others.
    """
    if not names_known_columns(estimator):
        return ()
    given, n_columns = list(estimator.known_columns), estimator.n_features_in_
    if all(isinstance(entry, (bool, np.bool_)) for entry in given):
        places = _places_in_mask(given, n_columns)
    elif all(isinstance(entry, str) for entry in given):
        places = _places_of_names(given, estimator)
    elif all(_is_position(entry) for entry in given):
        places = _places_of_positions(given, n_columns)
    else:
        raise ValueError(
            "known_columns must be names of columns, positions, or a mask of booleans, "
            f"and all of one kind; got {given}."
        )
    if len(set(places)) < len(places):
        raise ValueError(f"known_columns names a column twice: {given}.")
    if len(places) == n_columns:
        raise ValueError(
            f"known_columns names all of X, which has n_features={n_columns}: there is "
            "no series to forecast. Its past must be a column of X, too: "
            'fit(df, df[["demand"]]), and not fit(df[["holiday"]], df[["demand"]]).'
        )
    return tuple(sorted(places))


def _is_position(entry):
    return isinstance(entry, Integral) and not isinstance(entry, bool)


def _places_in_mask(given, n_columns):
    if len(given) != n_columns:
        raise ValueError(
            f"known_columns is a mask of {len(given)} booleans, but X has {n_columns} "
            "columns: give one for each."
        )
    return np.flatnonzero(given).tolist()


def _places_of_names(given, estimator):
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        raise ValueError(
            f"known_columns={given} are names, but X has come without names of its "
            "columns. A scaler in front returns arrays: give positions instead, or let "
            'the names through with pipe.set_output(transform="pandas").'
        )
    names = list(names)
    missing = [name for name in given if name not in names]
    if missing:
        raise ValueError(
            f"known_columns names {missing}, but the columns of X are {names}."
        )
    # scikit-learn 1.9 refuses such tables itself.
    twins = [name for name in given if names.count(name) > 1]
    if twins:
        raise ValueError(
            f"known_columns names {twins}, but X has several columns of that name: "
            "give X unique column names."
        )
    return [names.index(name) for name in given]


def _places_of_positions(given, n_columns):
    outside = [place for place in given if not -n_columns <= place < n_columns]
    if outside:
        raise ValueError(
            f"known_columns has the position {outside[0]}, but X has {n_columns} "
            f"columns, 0 to {n_columns - 1}."
        )
    return [int(place) % n_columns for place in given]


def other_places(places, n_columns):
    """List the columns that are not known of the future."""
    return [place for place in range(n_columns) if place not in places]


def names_at(estimator: Forecasts, places: Iterable[int]) -> list[Any]:
    """List columns of X by name, or by position if they have none."""
    names = getattr(estimator, "feature_names_in_", range(estimator.n_features_in_))
    return [names[place] for place in places]


def refuse_known_targets(estimator, table, places, targets, names, skip_nan):
    """Raise if a target is a column that is known of the future.

    Parameters
    ----------
    estimator : GRUForecaster
    table : ndarray of shape (n_rows, n_features)
    places : tuple of int
        The known columns of `table`.
    targets : ndarray of shape (n_rows, n_targets)
    names : tuple or None
        Of the targets.
    skip_nan : bool
        Whether NaN may stand in `table` and `targets`, and says nothing.
    """
    known = names_at(estimator, places)
    held = [name for name in names or () if name in known]
    others = table[:, other_places(places, table.shape[1])]
    for target in targets.T[:, :, None]:
        if held or not varies(target).all():
            continue
        if find_affine_map(others, target, skip_nan) is not None:
            continue
        source = find_affine_map(table, target, skip_nan)
        if source is not None:
            held = names_at(estimator, source.columns)
    if held:
        raise ValueError(
            f"y holds the column {held[0]!r} of X, which is known of the future "
            "(known_columns) and not forecast. Let y be what is to be forecast: "
            f"{names_at(estimator, other_places(places, table.shape[1]))}."
        )


def count_future_rows(values: Array) -> int:
    """Count the last rows in which everything is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> count_future_rows(np.array([[1.0, 2.0], [3.0, np.nan], [np.nan, np.nan]]))
    1
    """
    known = np.flatnonzero(~np.isnan(values).all(axis=1))
    return len(values) - (int(known[-1]) + 1 if len(known) else 0)


def check_missing(estimator, rows, places, may_end_in_future, masked):
    """Raise if NaN stands anywhere but in what is not known yet.

    Parameters
    ----------
    estimator : GRUForecaster
    rows : Rows
    places : tuple of int
        The columns of X that are known of the future.
    may_end_in_future : bool
        Whether the last rows may be NaN in all columns but those.
    masked : bool
        Whether any value in other columns may be missing.
    """
    others = other_places(places, estimator.n_features_in_)
    known, unknown = names_at(estimator, places), names_at(estimator, others)
    n_future = count_future_rows(rows.values)
    n_past = len(rows) - n_future
    hole = _first_nan(rows.exogenous, known, rows.index)
    if hole:
        raise ValueError(
            f"X holds NaN in {hole}. known_columns={known} must be known in every row, "
            "future ones too: fill it."
        )
    if masked:
        return
    hole = _first_nan(rows.values[:n_past], unknown, rows.index)
    if hole:
        raise ValueError(
            f"X holds NaN in {hole}. Only future rows may, the last ones, in all of "
            f"{unknown} at once; X has {n_future} such rows. Fill or interpolate the "
            'others, or fit with missing="mask".'
        )
    if n_future and not may_end_in_future:
        raise ValueError(
            f"The last {n_future} rows of X are future ones: all of {unknown} is NaN "
            f"there. Forecast them with predict(X, steps={n_future}), or leave them "
            f"out: X[:-{n_future}]."
        )


def _first_nan(values, names, index):
    """Tell where the first NaN is, or return None."""
    places = np.argwhere(np.isnan(values))
    if not len(places):
        return None
    row, column = map(int, places[0])
    label = row if index is None else f"{row} ({index[row]})"
    return f"column {names[column]!r}, row {label}"


def require_future_rows(
    n_future: int, steps: int, estimator: Forecasts, places: tuple[int, ...]
) -> None:
    """Raise unless there are `steps` future rows.

    If values may be missing, there must be no more of them: rows of the past may look
    the same.
    """
    unknown = names_at(estimator, other_places(places, estimator.n_features_in_))
    if n_future > steps and estimator.engine_.relation.masked:
        raise ValueError(
            f"X ends in {n_future} rows that are NaN in all of {unknown}, more than "
            f'steps={steps}. With missing="mask" some of them may be rows of the past: '
            f"forecast all with steps={n_future}, or leave the last ones out."
        )
    if n_future >= steps:
        return
    raise ValueError(
        f"steps={steps} needs {steps} future rows at the end of X, with the values of "
        f"known_columns={names_at(estimator, places)} and NaN in all of {unknown}, but "
        f"X has {n_future}. Append them: pd.concat([X, known]) fills in the NaN."
    )
