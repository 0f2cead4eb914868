"""Reading tables for a forecast: columns of numbers, one row per time step.

A table that can't be read rightly is refused in one line that says what to do.
"""

import codecs
import csv
import io
import re
import sys
from itertools import islice
from pathlib import Path

import pandas as pd
from _dates import dates_in, spacing_fault, without_midnight

FEWEST_ROWS = 20
SEPARATORS = "\t;|,"
PARTS_OF_A_DATE = ["year", "month", "day", "hour", "minute", "second"]


def refuse(message):
    """End the programme with a message, put into one line."""
    sys.exit(" ".join(message.split()))


def read_table(path, target=None):
    """Read the numbers of a text file, oldest row first, and find what to forecast.

    Parameters
    ----------
    path : str
        A table with a header; its encoding, separator and decimal sign are found out.
    target : str or None, default=None
        The column to forecast; the last one with numbers if None.

    Returns
    -------
    table : DataFrame of numbers
        Dates are its index if a column holds them. Columns that count rows are left
        out.
    target : str
    """
    table = parse(decode(path), path)
    if len(table) < FEWEST_ROWS:
        refuse(
            f"{path} has {len(table)} rows of values below its header; a forecast "
            f"needs at least {FEWEST_ROWS}: give a longer table."
        )
    table = with_dates_as_index(table, target, path)
    numbers = features_of(table, target)
    if target is None and len(numbers.columns):
        target = numbers.columns[-1]
    check_target(table, numbers, target, path)
    check_values(numbers, path)
    left_out = table.columns.difference(numbers.columns, sort=False)
    if len(left_out):
        print(f"Left out, as they hold no numbers or count rows: {listed(left_out)}.")
    return numbers, target


def decode(path):
    """Return a file's text: UTF-8, UTF-16 with its mark, or Western European."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        refuse(f"Can't read {path} ({error.strerror}): give the path of a text file.")
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # latin-1 reads any bytes: control characters then tell that they are no text.
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "cp1252", "latin-1"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search("[\0-\x08\x0e-\x19]", text):
            return text
        break
    refuse(f"{path} is not text (a spreadsheet, an archive?): save it as CSV in UTF-8.")


def separator_of(text):
    """Return the separator that splits every one of the first lines."""
    lines = [
        line for line in islice(io.StringIO(text, newline=None), 50) if line.strip()
    ]
    for separator in SEPARATORS:
        if all(len(row) > 1 for row in csv.reader(lines, delimiter=separator)):
            return separator
    return ","


def parse(text, path):
    """Read text as a table, with decimal points or commas: which give more numbers."""
    if not text.strip():
        refuse(f"{path} is empty: give a table, one line of names above its values.")
    try:
        separator = separator_of(text)
        tables = [
            read_numbers(text, separator, decimal)
            for decimal in ".,"
            if decimal != separator
        ]
    except (ValueError, csv.Error) as error:
        refuse(
            f"Can't read {path} as a table ({error}): it needs a line of names, then "
            "lines with as many values, separated by commas, semicolons, tabs or |; "
            "mend or remove any other line."
        )
    check_header(tables[0], path)
    table = max(tables, key=lambda table: numbers_in(table).shape[1])
    if table is not tables[0]:
        print("Commas are read as decimal signs.")
    return without_margins(table)


def read_numbers(text, separator, decimal):
    return pd.read_csv(
        io.StringIO(text),
        sep=separator,
        decimal=decimal,
        skipinitialspace=True,
        low_memory=False,  # one kind of values for the whole of a column
    )


def check_header(table, path):
    """Refuse a table if its first line names no columns, or too few."""
    if not isinstance(table.index, pd.RangeIndex):
        refuse(
            f"The lines of {path} hold more values than the first has names: name "
            "every column, remove lines above the header and separators that end "
            "lines."
        )
    names = list(table.columns)
    counted = [str(i) for i in range(len(names))]  # pandas' names for unnamed columns
    if names != counted and all(re.fullmatch(r"[\d\s.,:/+-]+", name) for name in names):
        refuse(
            f"The first line of {path} holds values ({listed(names)}): put a line with "
            "the columns' names above it."
        )


def without_margins(table):
    """Drop columns without name and values, and empty rows at the end."""
    empty = [n for n in unnamed_columns(table) if table[n].isna().all()]
    table = table.drop(columns=empty)
    filled = table.notna().any(axis=1).to_numpy().nonzero()[0]
    return table.iloc[: filled[-1] + 1 if len(filled) else 0]


def unnamed_columns(table):
    return [name for name in table.columns if name.startswith("Unnamed: ")]


def numbers_in(table):
    return table.select_dtypes("number")


def with_dates_as_index(table, target, path):
    """Make a column of dates the index, oldest row first, wherever it stands."""
    table = with_joined_times(table)
    found = {}
    for name in table.columns.difference([target], sort=False):
        dates, fault = dates_in(table[name])
        if fault:
            refuse(f"Column {name!r} of {path} {fault}: mend it, or remove the column.")
        if dates is not None:
            found[name] = dates
    if not found:
        print("No column holds dates that can be read: rows are counted instead.")
        return table
    # Of several columns of dates, the one that steps evenly is the time of the rows.
    name = min(found, key=lambda name: bool(spacing_fault(found[name].sort_values())))
    table = table.set_index(found[name].rename(name)).drop(columns=name).sort_index()
    fault = spacing_fault(table.index)
    if fault:
        refuse(
            f"Rows of {path} must be equally spaced in time, but in column {name!r} "
            f"{fault}. If rows are to be counted instead, remove the column."
        )
    return table


def with_joined_times(table):
    """Join a date and a time, or a year, month and day, into one column of dates."""
    names = {name.casefold(): name for name in table.columns}
    parts = [names[part] for part in PARTS_OF_A_DATE if part in names]
    numeric = all(pd.api.types.is_numeric_dtype(table[part]) for part in parts)
    if parts[:3] == [names.get(part) for part in PARTS_OF_A_DATE[:3]] and numeric:
        dates = pd.to_datetime(
            table[parts].rename(columns=str.casefold), errors="coerce"
        )
        if dates.notna().all() and "date" not in names:
            return table.drop(columns=parts).assign(date=dates.astype(str))
    if {"date", "time"} <= names.keys():
        date, time = table[names["date"]], table[names["time"]]
        texts = not any(map(pd.api.types.is_numeric_dtype, (date, time)))
        if texts and not date.is_unique:
            table = table.drop(columns=time.name)
            return table.assign(**{date.name: date + " " + time})
    return table


def features_of(table, target):
    """Return the numeric columns, less those that only count rows."""
    numbers = numbers_in(table)
    unnamed = unnamed_columns(table)
    counting = [
        name
        for name in numbers.columns.difference([target], sort=False)
        if counts_rows(numbers[name], unnamed=name in unnamed)
    ]
    return numbers.drop(columns=counting)


def counts_rows(column, unnamed):
    """Tell whether a column goes up or down by the same step, row by row.

    Without a name it may skip numbers: that is the index of a table that lost rows.
    """
    steps = column.diff().iloc[1:]
    if unnamed and pd.api.types.is_integer_dtype(column):
        return bool((steps > 0).all())
    size = abs(steps.iloc[0])
    return bool(size > 0 and ((steps - steps.iloc[0]).abs() < 1e-6 * size).all())


def check_target(table, numbers, target, path):
    """Refuse a target that is no column, or a column that does not hold numbers."""
    if target in numbers.columns:
        return
    names = listed(numbers.columns) or "none"
    if target is None and len(table.columns):
        target = table.columns[-1]
    if target not in table.columns:
        refuse(
            f"{path} has no column {target!r} to forecast: choose one of its columns "
            f"of numbers: {names}."
        )
    values = table[target].dropna()
    text = values[pd.to_numeric(values, errors="coerce").isna()]
    example = [*text, *values, "no value"][0]
    refuse(
        f"Column {target!r} of {path} holds {str(example)!r}, which is no number: mend "
        f"such values, or choose one of its columns of numbers: {names}."
    )


def check_values(numbers, path):
    """Refuse values that are missing, infinite or too large to be squared."""
    bad = ~(numbers.abs() < 1e100)
    if not bad.any(axis=None):
        return
    name = numbers.columns[bad.any()][0]
    row = int(bad[name].to_numpy().argmax())
    place = numbers.index[row]
    dated = isinstance(place, pd.Timestamp)
    place = without_midnight(place) if dated else f"row {row} (from 0)"
    value = numbers[name].iloc[row]
    what = "misses a value" if pd.isna(value) else f"holds {value}"
    refuse(
        f"Column {name!r} of {path} {what} at {place}: fill or mend such values, "
        "or remove the column."
    )


def listed(names, most=8):
    """Name columns, or the first of very many."""
    names = [str(name) for name in names]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
