"""Finding the season of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from sklearn_gru._types import Array

# Where the index says nothing, these are tried: quarters, days of a week, months,
# hours, half-hours, weeks of a year, quarters of an hour.
USUAL_SEASONS = (4, 7, 12, 24, 48, 52, 96)
# A season that is a multiple of another one must have this much more autocorrelation.
MARGIN = 1.1
# Of the normal distribution, one-sided: 5 % for a season that the index suggests, 0.1 %
# for one that nothing suggests.
LIKELY, UNLIKELY = 1.645, 3.09
MOST_ROWS, MOST_SERIES = 1 << 14, 200
DAY = pd.Timedelta(days=1)


def usual_season(index: pd.Index | None) -> int | None:
    """Return the season that an index suggests, in rows.

    A day for rows of less than a day, a week for days (five rows of business days), a
    year for weeks and more.

    Parameters
    ----------
    index : pandas.Index or None

    Returns
    -------
    int or None
        1 if such rows have no season; None if the index is not of time.

    Examples
    --------
    >>> usual_season(pd.period_range("2020-01", periods=9, freq="M"))
    12
    >>> usual_season(pd.date_range("2020-01-01", periods=9, freq="h"))
    24
    >>> usual_season(pd.RangeIndex(9)) is None
    True
    """
    if isinstance(index, pd.PeriodIndex):
        index = index[:11].to_timestamp()
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 3:
        return None
    step = pd.Series(index[:10]).diff().median()
    if step < DAY:
        return max(1, round(DAY / step))
    if step == DAY:
        # Eleven rows meet every weekday that the index has.
        return 7 if len(index) < 11 else index[:11].dayofweek.nunique()
    per_year = round(pd.Timedelta(days=365.25) / step)
    return per_year if per_year in (52, 12, 4, 2) else 1


# Values without a finite variance have no season here; standardising names them.
@np.errstate(over="ignore", invalid="ignore")
def find_season(panel: list[Array], usual: int | None = None) -> int:
    """Find the season of a series or of most series of a panel.

    A season is believed if the changes from row to row repeat after it: if their
    autocorrelation at its lag is beyond Bartlett's limits, which the autocorrelations
    at smaller lags widen (the test of the M4 competition's Naive2, on changes, so that
    a trend is no season), and so is its rise above the smallest one before. Between
    known values the series is taken to be a straight line.

    Parameters
    ----------
    panel : list of ndarray of shape (n_rows, n_columns)
    usual : int, default=None
        The season to test, 1 for none; None tests `USUAL_SEASONS`.

    Returns
    -------
    int
        1 if there is no season.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.arange(240)
    >>> months = np.sin(2 * np.pi * rows / 12) + 0.1 * rows
    >>> find_season([months[:, None]]), find_season([0.1 * rows[:, None]])
    (12, 1)
    """
    candidates = USUAL_SEASONS if usual is None else (usual,)
    limit = UNLIKELY if usual is None else LIKELY
    step = -(-len(panel) // MOST_SERIES)
    columns = [
        _changes(column) for rows in panel[::step] for column in rows[-MOST_ROWS:].T
    ]
    columns = [changes for changes in columns if changes.any()]  # constants have none
    if not columns:
        return 1
    strength = {}
    for season in candidates:
        found = [_strength(changes, season, limit) for changes in columns]
        if np.mean(np.greater(found, 0)) > 0.5:
            strength[season] = np.mean(found)
    best = 1
    for season, value in strength.items():
        if best == 1 or value > MARGIN * strength[best]:
            best = season
    return best


def _changes(column):
    column = np.asarray(column, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(column))
    if 0 < len(known) < len(column):
        column = np.interp(np.arange(len(column)), known, column[known])
    with np.errstate(invalid="ignore"):  # of infinity, which scaling reports
        changes = np.diff(column)
        return changes - changes.mean() if len(changes) else changes


def _strength(changes, season, limit):
    """Autocorrelation at the lag of a season; 0 if it may be chance."""
    n, total = len(changes), changes @ changes
    if season == 1 or n < 3 * season - 1 or not total > 0:
        return 0.0
    correlation = np.array(
        [changes[lag:] @ changes[:-lag] / total for lag in range(1, season + 1)]
    )
    error = np.sqrt((1 + 2 * (correlation[:-1] ** 2).sum()) / n)
    # Smooth series resemble their near past; those with a season come back to it.
    # Noise lowers the first autocorrelation of changes, which says nothing of that.
    lowest = correlation[1:-1].min() if season > 2 else 0.0
    rise = correlation[-1] - max(lowest, 0.0)
    return correlation[-1] if rise > limit * error else 0.0
