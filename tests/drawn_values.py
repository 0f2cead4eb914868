"""Numbers, indexes and texts for property tests: plain ones, and odd ones."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st


def _walk(rng, shape):
    return rng.normal(size=shape).cumsum(axis=0)


def _season(rng, shape):
    wave = np.sin(np.arange(shape[0]) * np.pi / 3)
    return wave.reshape(-1, *[1] * (len(shape) - 1)) + 0.1 * rng.normal(size=shape)


def _with(value, share):
    def make(rng, shape):
        values = _walk(rng, shape)
        places = rng.random(size=shape) < share
        places.flat[rng.integers(places.size)] = True
        return np.where(places, value, values)

    return make


def _with_a_constant_column(rng, shape):
    values = _walk(rng, shape)
    values[..., 0] = 3.0
    return values


PLAIN = {
    "walk": _walk,
    "season": _season,
    "positive": lambda rng, shape: np.exp(rng.normal(size=shape)),
    "integers": lambda rng, shape: rng.integers(-3, 9, size=shape),
    "float32": lambda rng, shape: _walk(rng, shape).astype(np.float32),
    "booleans": lambda rng, shape: rng.random(shape) < 0.5,
}
ODD = {
    "constant": lambda rng, shape: np.full(shape, 0.1),
    "zeros": lambda rng, shape: np.zeros(shape, int),
    "constant column": _with_a_constant_column,
    "line": lambda rng, shape: np.arange(np.prod(shape)).reshape(shape),
    "repeated": lambda rng, shape: _walk(rng, shape).repeat(3, axis=0)[: shape[0]],
    "huge": lambda rng, shape: 1e30 * _walk(rng, shape),
    "tiny": lambda rng, shape: 1e-30 * _walk(rng, shape),
    "larger than float32": lambda rng, shape: 1e60 * _walk(rng, shape),
    "largest": lambda rng, shape: 1e300 * _walk(rng, shape),
    "smallest": lambda rng, shape: 5e-324 * rng.integers(9, size=shape),
    "far off": lambda rng, shape: 1e12 + _walk(rng, shape),
    "an outlier": _with(1e30, 0),
    "a subnormal outlier": _with(5e-324, 0.5),
    "unsigned": lambda rng, shape: rng.integers(250, size=shape, dtype=np.uint8),
    "longest integers": lambda rng, shape: rng.integers(-(2**62), 2**62, size=shape),
    "float16": lambda rng, shape: _walk(rng, shape).astype(np.float16),
    "half missing": _with(np.nan, 0.5),
    "some missing": _with(np.nan, 0.1),
    "all missing": lambda rng, shape: np.full(shape, np.nan),
    "infinite": _with(np.inf, 0),
    "negatively infinite": _with(-np.inf, 0.1),
    "objects": lambda rng, shape: _walk(rng, shape).astype(object),
}
KINDS = st.sampled_from([*PLAIN]) | st.sampled_from([*PLAIN, *ODD])
SEEDS = st.integers(0, 9)


@st.composite
def numbers(draw, shape, kinds=KINDS):
    """Draw an array of a shape, of any kind of numbers."""
    make = (PLAIN | ODD)[draw(kinds)]
    return make(np.random.default_rng(draw(SEEDS)), shape)


def _with_a_hole(n):
    return pd.date_range("2024-01-01", periods=n + 1).delete(n // 2)


INDEXES = {
    "rows": pd.RangeIndex,
    "later rows": lambda n: pd.RangeIndex(7, 7 + 2 * n, 2),
    "days": lambda n: pd.date_range("2024-01-01", periods=n),
    "hours": lambda n: pd.date_range("2024-03-30", periods=n, freq="h", tz="CET"),
    "months": lambda n: pd.date_range("2024-01-31", periods=n, freq="ME"),
    "business days": lambda n: pd.bdate_range("2024-01-01", periods=n),
    "periods": lambda n: pd.period_range("2024", periods=n, freq="Q"),
    "hours passed": lambda n: pd.timedelta_range("1h", periods=n, freq="h"),
}
ODD_INDEXES = {
    "a hole": _with_a_hole,
    "backwards": lambda n: pd.date_range("2024-01-01", periods=n)[::-1],
    "one label": lambda n: pd.Index([3] * n),
    "floats": lambda n: pd.Index(np.arange(n) / 2),
    "words": lambda n: pd.Index([f"row {i}" for i in range(n)]),
    "not a time": lambda n: pd.DatetimeIndex([pd.NaT] * n),
    "negative rows": lambda n: pd.RangeIndex(-n, 0),
    "nullable": lambda n: pd.Index(range(n), dtype="Int64"),
}


@st.composite
def indexes(draw, n_rows, odd=True):
    """Draw an index of some rows; one of four is odd."""
    makers = INDEXES | (ODD_INDEXES if odd and draw(st.integers(0, 3)) == 3 else {})
    return makers[draw(st.sampled_from([*makers]))](n_rows)


NAMES = st.sampled_from([list("abc"), list("cab"), ["😀", "", "z"], [0, 1, 2]])


@st.composite
def tables(draw, n_rows, n_columns, kinds=KINDS):
    """Draw an array (n_rows, n_columns), or a table of one with names and an index."""
    values = draw(numbers((n_rows, n_columns), kinds))
    if draw(st.booleans()):
        return values
    names = draw(NAMES)[:n_columns]
    return pd.DataFrame(values, index=draw(indexes(n_rows)), columns=names)


CHARACTERS = st.sampled_from("abcdeABC \n\t\0é€😀\ud800\udfff\u200d\u0301İß")
TEXT = st.text(CHARACTERS, max_size=12) | st.text("ab ", max_size=30)
TEXTS = st.lists(TEXT, min_size=1, max_size=6)
