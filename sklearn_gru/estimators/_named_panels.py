"""Reading pandas panels, whose series are named by the index levels before the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sklearn_gru.estimators._named_tables import known_values_of, read_tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sklearn_gru._types import Array, Table
    from sklearn_gru.estimators.forecasting import Relation


@dataclass(frozen=True)
class Panel:
    """The series of a panel.

    Parameters
    ----------
    names : pandas.Index
        A name for each series; a MultiIndex in a hierarchy.
    rows : list of Rows
    times : list of pandas.Index
        When the rows of each series were. Series of the same times share one index.
    """

    names: pd.Index
    rows: list
    times: list

    def check_times(self, check: Callable[[pd.Series, str], None]) -> None:
        """Apply a check to the index of each series; to equal ones once.

        Parameters
        ----------
        check : callable
            Takes a table with the index, and a name for errors.
        """
        first_of = {id(times): i for i, times in reversed(list(enumerate(self.times)))}
        for i in sorted(first_of.values()):
            table = pd.Series(0, index=self.times[i])
            check(table, f"the series {self.names[i]!r}")


def read_panel(
    y: Table,
    X: pd.DataFrame | None,
    columns: list[Any],
    relation: Relation | None = None,
    *,
    sort: bool = True,
) -> Panel:
    """Read the series of a panel or hierarchy.

    The tables are read as a whole and cut afterwards: pandas would take minutes to
    select the series of a large panel one by one.

    Parameters
    ----------
    y, X, columns, relation
        As in `read_tables`; the index has more than one level, of which the last is
        time.
    sort : bool, default=True
        Whether the series are sorted by name, or in the order of their first rows.

    Returns
    -------
    Panel

    Raises
    ------
    ValueError
        As in `read_tables`.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_tuples([("b", 4), ("b", 5), ("a", 5)])
    >>> panel = read_panel(pd.Series([1.0, 2.0, 3.0], index), None, [None])
    >>> panel.names.tolist(), [len(rows) for rows in panel.rows]
    (['a', 'b'], [1, 2])
    """
    names, order, bounds = _places(y.index, sort)
    whole = read_tables(y, X, columns, relation).at(order)
    parts = [whole.part(*ends) for ends in _ends(bounds)]
    return Panel(names, parts, _times(y.index, order, bounds))


def rows_behind(
    table: pd.DataFrame, names: pd.Index, last: pd.Index
) -> tuple[pd.DataFrame | None, pd.Index | None]:
    """Select the rows of a panel that are later than known ones.

    Parameters
    ----------
    table : DataFrame
    names : pandas.Index
        Of the known series.
    last : pandas.Index
        The last known time of each.

    Returns
    -------
    rows : DataFrame
    names : pandas.Index
        Of all series of the table; both are None if these are not the known ones.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_product([["b", "a"], [5, 6]])
    >>> table = pd.DataFrame({"y": [1.0, 2.0, 3.0, 4.0]}, index)
    >>> rows, names = rows_behind(table, pd.Index(["a", "b"]), pd.Index([4, 5]))
    >>> rows.index.tolist(), names.tolist()
    ([('b', 6), ('a', 5), ('a', 6)], ['b', 'a'])
    """
    found, order, bounds = _places(table.index, sort=False)
    places = names.get_indexer(found)
    if len(found) != len(names) or (places < 0).any():
        return None, None
    known = last.take(places).repeat(np.diff(bounds))
    later = np.empty(len(table), dtype=bool)
    later[order] = table.index.get_level_values(-1)[order] > known
    return table[later], found


def read_known(
    X: pd.DataFrame, columns: list[Any], names: pd.Index
) -> tuple[list[Array], list[pd.Index]]:
    """Read what is known of the future of some series, and when it is.

    Parameters
    ----------
    X : DataFrame
        A panel or hierarchy; it may hold further series.
    columns : list
    names : pandas.Index
        Of the series.

    Returns
    -------
    list of ndarray of shape (n_rows, n_columns), list of pandas.Index
        One of each for each name.

    Raises
    ------
    ValueError
        If a series is missing, or if `X` holds NaN.
    """
    known, order, bounds = _places(X.index, sort=False)
    places = known.get_indexer(names)
    missing = names[places < 0]
    if len(missing):
        raise ValueError(
            f"X must hold rows of each of the {len(names)} series of y, but misses "
            f"{len(missing)} of them, first {missing[0]!r}."
        )
    values, times = known_values_of(X[columns])[order], _times(X.index, order, bounds)
    parts = [values[start:stop] for start, stop in _ends(bounds)]
    return [parts[i] for i in places], [times[i] for i in places]


def with_labels(
    names: pd.Index, times: list[pd.Index], level_names: list[Any]
) -> pd.MultiIndex:
    """Make the index of a panel that has the same number of rows for each series.

    Parameters
    ----------
    names : pandas.Index
        Of the series.
    times : list of pandas.Index
        Of the rows of each; of one length.
    level_names : list

    Returns
    -------
    pandas.MultiIndex

    Examples
    --------
    >>> import pandas as pd
    >>> times = [pd.RangeIndex(2), pd.RangeIndex(1, 3)]
    >>> with_labels(pd.Index(["a", "b"]), times, ["id", "time"]).tolist()
    [('a', 0), ('a', 1), ('b', 1), ('b', 2)]
    """
    n_rows = len(times[0])
    different = list({id(index): index for index in times}.values())
    number = {id(index): i for i, index in enumerate(different)}
    starts = np.array([number[id(index)] for index in times]) * n_rows
    labels = different[0].append(different[1:])
    labels = labels.take((starts[:, None] + np.arange(n_rows)).ravel())
    levels = [names.get_level_values(i).repeat(n_rows) for i in range(names.nlevels)]
    return pd.MultiIndex.from_arrays([*levels, labels], names=level_names)


def _places(index, sort):
    """Find the rows of each series.

    Returns
    -------
    names : pandas.Index
    order : ndarray of shape (n_rows,)
        The rows, series after series.
    bounds : ndarray of shape (n_series + 1,)
        Where each series begins in that order.
    """
    levels = list(range(index.nlevels - 1))
    groups = pd.Series(0, index=index).groupby(level=levels, sort=sort)
    numbers = groups.ngroup().to_numpy()
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    names = index[order[starts]].droplevel(-1)
    return names, order, np.append(starts, len(index))


def _ends(bounds):
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


def _times(index, order, bounds):
    """List the times of each series; equal ones are one and the same object."""
    labels, codes = _with_freq(index.levels[-1]), index.codes[-1][order]
    n_breaks = np.cumsum(np.diff(codes, prepend=codes[:1]) != 1)
    known, times = {}, []
    for start, stop in _ends(bounds):
        places = codes[start:stop]
        if n_breaks[start] == n_breaks[stop - 1]:  # neighbours; slices cost no copy
            places = slice(int(places[0]), int(places[-1]) + 1)
        key = places.tobytes() if isinstance(places, np.ndarray) else str(places)
        if key not in known:
            known[key] = _with_freq(labels[places])
        times.append(known[key])
    return times


def _with_freq(index):
    """Give dates the frequency that they show, as sktime does for a single series."""
    dates = isinstance(index, pd.DatetimeIndex)
    if not dates or index.freq is not None or len(index) < 3:
        return index
    return pd.DatetimeIndex(index, freq=pd.infer_freq(index))
