"""Time indexes of pandas as plain data: numbers, and strings that say what they are."""

import numpy as np
import pandas as pd


def as_plain(index):
    """Describe a time index by a dict; return any other object as it is.

    An index that can't be described exactly, such as one of custom business days, is
    returned as it is, too.

    Examples
    --------
    >>> import pandas as pd
    >>> plain = as_plain(pd.period_range("2024-01", periods=2, freq="M"))
    >>> plain["values"], plain["freq"]
    (array([648, 649]), 'M')
    >>> from_plain(plain)
    PeriodIndex(['2024-01', '2024-02'], dtype='period[M]')
    """
    if not isinstance(index, pd.Index):
        return index
    plain = {
        "values": np.asarray(getattr(index, "asi8", index)),
        "freq": getattr(index, "freqstr", None),
        "name": index.name,
    }
    if isinstance(index, pd.PeriodIndex):
        plain["kind"] = "period"
    elif isinstance(index, pd.RangeIndex):
        plain |= {"kind": "range", "values": [index.start, index.stop, index.step]}
    elif hasattr(index, "unit"):
        plain["kind"] = f"{index.dtype.kind}8"  # "M8" or "m8", as NumPy calls them
        plain |= {"unit": index.unit, "tz": _zone(index)}
    else:
        plain["kind"] = "numbers"
    return plain if _is_exact(plain, index) else index


def from_plain(plain):
    """Return what `as_plain` has described."""
    if not isinstance(plain, dict):
        return plain
    kind, values, name = plain["kind"], plain["values"], plain["name"]
    if kind == "numbers":
        return pd.Index(values, name=name)
    if kind == "range":
        return pd.RangeIndex(*values, name=name)
    if kind == "period":
        dtype = pd.PeriodDtype(plain["freq"])
        return pd.PeriodIndex.from_ordinals(values, freq=dtype.freq, name=name)
    index = pd.Index(values.view(f"{kind}[{plain['unit']}]"), name=name)
    if plain["tz"] is not None:
        index = index.tz_localize("UTC").tz_convert(plain["tz"])
    index.freq = plain["freq"]
    return index


def _zone(index):
    zone = getattr(index, "tz", None)
    return None if zone is None else str(zone)


def _is_exact(plain, index):
    try:
        again = from_plain(plain)
    except (ValueError, KeyError):  # no such frequency, or no such time zone
        return False
    same_freq = getattr(again, "freq", None) == getattr(index, "freq", None)
    return same_freq and _zone(again) == _zone(index) and again.identical(index)
