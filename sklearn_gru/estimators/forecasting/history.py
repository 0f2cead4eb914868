"""Rows of a series, and those that precede the next forecast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.estimators._plain_index import as_plain, from_plain
from sklearn_gru.estimators._time_index import continued, counts_rows
from sklearn_gru.training import gather

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru._types import Array

# What a history keeps: the first rows; beside those of the last window, rows that
# later ones may overlap with; and of either end no more numbers than these.
FIRST_ROWS = 128
OVERLAP = 256
NUMBERS = 1 << 16


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a series, and what belongs to each of them.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        What windows are cut from.
    targets : ndarray of shape (n_rows, n_targets), default=None
        What is forecast, unless it follows from the values.
    exogenous : ndarray of shape (n_rows, n_exogenous), default=None
        What is known of the row before it comes.
    index : pandas.Index, default=None
        When each row was, if that is known.
    """

    values: Array
    targets: Array | None = None
    exogenous: Array | None = None
    index: Any = None

    def __len__(self) -> int:
        return len(self.values)

    def __getstate__(self):
        return {**vars(self), "index": as_plain(self.index)}

    def __setstate__(self, state):
        vars(self).update(state, index=from_plain(state["index"]))

    def part(self, start: int, stop: int | None = None) -> Rows:
        """Cut rows out, as a slice does."""
        return self._each(lambda column: column[start:stop])

    def at(self, places: Array) -> Rows:
        """Gather rows, also from a file."""
        return self._each(lambda column: gather(column, places))

    def copied(self) -> Rows:
        """Copy, so that no change of the caller's arrays is seen here."""
        return self._each(lambda column: column.copy())

    def without_targets(self) -> Rows:
        """Drop the targets, which then follow from the values."""
        return replace(self, targets=None)

    @property
    def columns(self):
        """All there is of the rows, in the order of the parameters."""
        return self.values, self.targets, self.exogenous, self.index

    def _each(self, function):
        return Rows(
            *(None if part is None else function(part) for part in self.columns)
        )


def end_to_end(parts: list[Rows]) -> Rows:
    """Join rows; what one of them lacks, all lose."""
    columns = zip(*(rows.columns for rows in parts), strict=True)
    return Rows(*map(_joined, columns))


def _joined(columns):
    if any(column is None for column in columns):
        return None
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return columns[0].append(list(columns[1:]))


def kept_rows(rows: Rows, needed: int) -> tuple[int, int]:
    """Return how many first and last rows to keep, so that a series is known again.

    Parameters
    ----------
    rows : Rows
    needed : int
        Last rows that training on a further one needs.

    Returns
    -------
    (int, int)
    """
    most = NUMBERS // rows.values.shape[1]
    n_first = max(needed, min(FIRST_ROWS, most))
    return n_first, max(needed, min(needed + OVERLAP, most))


@dataclass(frozen=True)
class History:
    """The rows of a series up to the next forecast.

    Of a long series only the first and the last rows are kept. Nothing here changes:
    `extended` returns another history.

    Parameters
    ----------
    first, last : Rows
        The same rows, if all are kept.
    n_rows : int
        Rows of the whole series.
    kept : (int, int) or None
        How many first and last rows are kept; None keeps all.
    """

    first: Rows
    last: Rows
    n_rows: int
    kept: tuple[int, int] | None

    @classmethod
    def of(cls, rows: Rows, kept: tuple[int, int] | None = None) -> History:
        """Remember a series."""
        if kept is None or len(rows) <= max(kept):
            whole = rows.copied()
            return cls(whole, whole, len(rows), kept)
        n_first, n_last = kept
        first = rows.part(0, n_first).copied()
        return cls(first, _ending([rows], n_last), len(rows), kept)

    def extended(self, rows: Rows) -> History:
        """Return the history of the same series with further rows behind it."""
        n_rows = self.n_rows + len(rows)
        if self.kept is None or n_rows <= max(self.kept):
            whole = end_to_end([self.last, rows])
            return History(whole, whole, n_rows, self.kept)
        n_first, n_last = self.kept
        missing = max(n_first - len(self.first), 0)
        first = (
            end_to_end([self.first, rows.part(0, missing)]) if missing else self.first
        )
        first = first.part(0, n_first).copied()
        last = _ending([self.last, rows], n_last)
        return History(first, last, n_rows, self.kept)

    def dated(self, rows: Rows) -> Rows:
        """Return rows that follow with the labels that follow, if they have none.

        Row numbers that begin with 0 count as none.
        """
        index = self.last.index
        if index is None or not (rows.index is None or counts_rows(rows.index)):
            return rows
        return replace(rows, index=continued(index, len(rows)))

    @property
    def is_whole(self) -> bool:
        """Whether all rows are kept."""
        return len(self.last) == self.n_rows

    def before(self, position: int) -> Rows | None:
        """Return the rows right before a position of the series, or None.

        None is returned before the first row, and where the rows were not kept.
        """
        n_dropped = self.n_rows - len(self.last)
        if position > n_dropped:
            return self.last.part(0, position - n_dropped)
        if 0 < position <= len(self.first):
            return self.first.part(0, position)
        return None


def _ending(parts, n_last):
    """Copy the last rows of consecutive parts.

    A column without a known value in them keeps its last one in the first of them.
    """
    last = end_to_end([part.part(-n_last) for part in parts]).part(-n_last).copied()
    for column in np.flatnonzero(np.isnan(last.values).all(axis=0)):
        for part in parts:
            known = part.values[~np.isnan(part.values[:, column]), column]
            if len(known):
                last.values[0, column] = known[-1]
    return last
