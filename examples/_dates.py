"""Dates in a column, in the ways that people write them."""

import re
import warnings

import numpy as np
import pandas as pd

DAY = pd.Timedelta(days=1)
# How dates are written as numbers, by the number of digits.
DIGITS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
# Ticks since 1970, by the number of digits that they have in this century.
TICKS = {10: "s", 13: "ms"}
# Forms that pandas can't guess from the first date.
DAY_FORMATS = ["%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y"]
TIME_FORMATS = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p"]
MONTH_FORMATS = ["%b %Y", "%B %Y", "%b-%Y", "%m/%Y", "%YM%m"]
FORMATS = [
    "ISO8601",
    *MONTH_FORMATS,
    *(day + time for day in DAY_FORMATS for time in TIME_FORMATS),
]
QUARTER = r"\d{4}[ -]?Q[1-4]"
OFFSET = r"\s*(?:[+-]\d\d:?\d\d|Z)$"


def dates_in(column):
    """Find the dates that a column holds.

    Returns
    -------
    dates : DatetimeIndex or None
        In the column's order; None if it holds no dates.
    fault : str or None
        What is wrong if most of its values are dates, but not all.
    """
    if pd.api.types.is_integer_dtype(column):
        return dates_in_integers(column), None
    if pd.api.types.infer_dtype(column, skipna=True) != "string":
        return None, None
    readings = list(readings_of(column))
    if not readings:
        return None, None
    # A day and a month can be told apart by which of them makes the steps even.
    dates = min(readings, key=lambda dates: (dates.isna().sum(), not is_even(dates)))
    unread = dates.isna()
    if unread.mean() > 0.5:
        return None, None
    if unread.any():
        row = int(unread.argmax())
        return None, f"holds {column.iloc[row]!r} among dates (row {row}, from 0)"
    return dates, None


def dates_in_integers(column):
    """Return dates written as 20230131 and the like, or as ticks since 1970."""
    digits = column.astype(str)
    n_digits = len(digits.iloc[0])
    if column.nunique() == 1 or (digits.str.len() != n_digits).any():
        return None
    if n_digits in DIGITS:
        form = DIGITS[n_digits]
        dates = pd.DatetimeIndex(pd.to_datetime(digits, format=form, errors="coerce"))
        if dates.notna().all() and dates[0].year in range(1700, 2200):
            return dates
    ordered = column.is_monotonic_increasing or column.is_monotonic_decreasing
    if n_digits in TICKS and ordered and column.is_unique:
        return pd.DatetimeIndex(pd.to_datetime(column, unit=TICKS[n_digits]))
    return None


def readings_of(text):
    """Yield the dates of a column of text, read in one way after the other."""
    if text.str.fullmatch(QUARTER, na=False).all():
        quarters = text.str.replace("[ -]", "", regex=True)
        yield pd.PeriodIndex(quarters, freq="Q").to_timestamp()
        return
    ways = [{"dayfirst": False}, {"dayfirst": True}]
    first = text.dropna().iloc[:1]
    if re.match(r"\d{4}", first.iloc[0]):
        ways.pop()  # no one writes the year first and the month last
    for way in ways + [{"format": form} for form in FORMATS]:
        # A long column is read only in ways that read its first value.
        if read_in_one_way(first, way).isna().any():
            continue
        dates = read_in_one_way(text, way)
        yield dates
        if is_even(dates):
            return


def read_in_one_way(text, way):
    """Return dates, missing where a value can't be read in this way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            dates = pd.DatetimeIndex(pd.to_datetime(text, errors="coerce", **way))
        except (TypeError, ValueError):
            return read_offsets(text, way)
    if any("infer format" in str(warning.message) for warning in caught):
        # pandas would guess each value by itself: 10:00 as today, March as in year 1.
        return pd.DatetimeIndex([pd.NaT] * len(text))
    return dates


def read_offsets(text, way):
    """Read times whose offsets from UTC change: as UTC, or as days if all are midnight.

    When a place changes its clocks, its hours are equally spaced in UTC, but its
    midnights are not.
    """
    clock = text.str.replace(OFFSET, "", regex=True)
    local = pd.DatetimeIndex(pd.to_datetime(clock, errors="coerce", **way))
    moments = pd.to_datetime(text, errors="coerce", utc=True, **way)
    days = local.notna().all() and (local == local.normalize()).all()
    return local if days else pd.DatetimeIndex(moments)


def is_even(dates):
    """Tell whether dates, once sorted, follow one another as the rows of a series."""
    return dates.notna().all() and not spacing_fault(dates.sort_values())


def spacing_fault(index):
    """Say where sorted dates repeat or leave their step, or return None."""
    if not index.is_unique:
        again = without_midnight(index[index.duplicated()][0])
        return f"{again} comes more than once: keep one row of each time"
    if len(index) < 3 or pd.infer_freq(index):
        return None  # months and the like are of unequal length
    expected = pd.date_range(index[0], periods=len(index), freq=usual_step(index))
    if (expected == index).all():
        return f"{index[0]:%Y-%m-%d} is no first or last day of a month: write that day"
    place = int(np.argmax(expected != index))
    before, found, due = map(
        without_midnight, (index[place - 1], index[place], expected[place])
    )
    return f"{before} is followed by {found}, not by {due}: add what is missing"


def usual_step(index):
    """Return the step that most of the sorted dates take."""
    steps = np.sort(np.diff(index.asi8))
    step = pd.Timedelta(steps[(len(steps) - 1) // 2], index.unit)
    if step == DAY and (index.dayofweek < 5).all():
        return pd.offsets.BDay()
    if step < 28 * DAY:
        return step
    months = round(step / (30.44 * DAY))
    if index[0].is_month_end:
        return pd.offsets.MonthEnd(months)
    return pd.DateOffset(months=months)


def without_midnight(time):
    """Write a date, and its time of day if it has one."""
    return str(time).removesuffix(" 00:00:00")
