"""Kinds of pandas: indexes, and tables of numbers."""

import re

import numpy as np
import pandas as pd

from sklearn_gru.estimators._plain_index import as_plain, from_plain
from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.saving import forms
from sklearn_gru.saving.forms import LABEL
from sklearn_gru.saving.kinds import Kind

# Others are names of files for some readers of time zones.
ZONE = re.compile(r"(?!dateutil)[A-Za-z][\w+-]*(/[\w+-]+)*|UTC[+-]\d\d:\d\d")
DESCRIBED = forms.Form("a described index", lambda value: type(value) is dict)
INDEX = forms.Form("an index", lambda value: isinstance(value, pd.Index))
COLUMNS = forms.each(forms.array(1, "fiubO", finite=False), list)


def _index_state(index):
    if isinstance(index, pd.MultiIndex):
        levels = {"levels": list(index.levels), "names": list(index.names)}
        codes = [np.asarray(codes, dtype=np.int64) for codes in index.codes]
        return {"described": {"kind": "levels", "codes": codes, **levels}}
    described = as_plain(index)
    if described is index:
        raise TypeError(
            f"An index of {len(index)} entries of dtype {index.dtype} can't be saved "
            "exactly. Keep the model with pickle, or use an index of numbers, strings, "
            "dates or periods."
        )
    return {"described": described}


def _built_index(described):
    if described.get("kind") == "levels":
        return pd.MultiIndex(
            levels=described["levels"],
            codes=described["codes"],
            names=described["names"],
        )
    zone = described.get("tz")
    if zone is not None and not ZONE.fullmatch(zone):
        raise ModelFileError(f"its index has the time zone {zone!r}")
    index = from_plain(described)
    if not isinstance(index, pd.Index):
        raise ModelFileError("its index is none")
    return index


def _table_state(table):
    values = [table.iloc[:, place].to_numpy() for place in range(table.shape[1])]
    if any(
        values[place].dtype != table.dtypes.iloc[place] for place in range(len(values))
    ):
        raise TypeError(f"A table of dtypes {list(table.dtypes)} can't be saved.")
    return {"values": values, "index": table.index, "columns": table.columns}


def _built_table(values, index, columns):
    table = pd.DataFrame(dict(enumerate(values)), index=index)
    table.columns = columns
    return table


def _series_state(series):
    table = _table_state(series.to_frame())
    return {"values": table["values"], "index": series.index, "name": series.name}


def _built_series(values, index, name):
    (values,) = values
    return pd.Series(values, index=index, name=name)


INDEX_CLASSES = (
    pd.Index,
    pd.RangeIndex,
    pd.MultiIndex,
    pd.DatetimeIndex,
    pd.TimedeltaIndex,
    pd.PeriodIndex,
)
PANDAS_KINDS = (
    *(
        Kind(cls.__name__, cls, {"described": DESCRIBED}, _index_state, _built_index)
        for cls in INDEX_CLASSES
    ),
    Kind(
        "DataFrame",
        pd.DataFrame,
        {"values": COLUMNS, "index": INDEX, "columns": INDEX},
        _table_state,
        _built_table,
    ),
    Kind(
        "Series",
        pd.Series,
        {"values": COLUMNS, "index": INDEX, "name": LABEL | forms.each(LABEL)},
        _series_state,
        _built_series,
    ),
)
