"""Estimators with drawn parameters, and drawn data for them."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from drawn_values import (
    CHARACTERS,
    PLAIN,
    SEEDS,
    TEXT,
    TEXTS,
    indexes,
    numbers,
    tables,
)
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
)
from sklearn_gru.sktime import GRUForecaster as Face


@dataclass
class Case:
    """An estimator, what it is fitted on, and what it is asked afterwards.

    Parameters
    ----------
    estimator : estimator
        Not fitted.
    data : tuple
        The arguments of `fit`, and of `partial_fit`.
    new : object
        The `X` of `predict` or `transform`.
    asked : dict
        Further arguments, by name.
    """

    estimator: BaseEstimator
    data: tuple
    new: object = None
    asked: dict = field(default_factory=dict)


def one_of(*values):
    return st.sampled_from(values)


FLAGS = st.booleans()
LAYERS = st.integers(1, 4) | st.tuples(*[st.integers(1, 3)] * 2)
TRAINED = {
    "units": LAYERS,
    "max_epochs": st.integers(1, 2),
    "random_state": SEEDS,
}
TRAINING = {
    "cell": one_of("gru", "lstm", "rnn"),
    "activation": one_of("tanh", "relu"),
    "reset_after": FLAGS,
    "dropout": one_of(0.3, 0.99),
    "batch_size": one_of(1, 3, 100),
    "lr": one_of(1e-9, 0.1, 1e3),
    "lr_schedule": one_of("constant", "cosine", "plateau"),
    "optimizer": one_of("adam", "adamw", "sgd", "rmsprop"),
    "weight_decay": one_of(0.01, 10.0),
    "gradient_clip": one_of(None, 1e-9, 1e9),
    "early_stopping": FLAGS,
    "validation_fraction": one_of(0.01, 0.4, 0.99),
    "n_iter_no_change": one_of(1, 5),
    "tol": one_of(0.0, 10.0),
    "dtype": one_of("float32", "float64"),
    "kernel": one_of("auto", "torch", "fused"),
}
SEQUENCE = {
    "bidirectional": FLAGS,
    "pooling": one_of("last", "mean", "max", ("max", "last"), ["mean"]),
    "segment_length": one_of(1, 2, 50),
    "normalized": FLAGS,
    "differences": FLAGS,
    "conv_filters": one_of(None, 1, (2, 3), [2]),
    "time_warp": one_of(0.0, 0.5, 0.99),
    "n_estimators": one_of(1, 2),
    "embedding_dim": one_of(None, None, 1, 3),
    "time_axis": one_of(1, 1, 2),
    "standardize": FLAGS,
}
FORECASTING = {
    "window_length": one_of(1, 2, 5, 12, "auto"),
    "horizon": one_of(1, 2, 5),
    "center": one_of("auto", "last", "mean", "season", None),
    "scale": one_of("auto", "series", "window"),
    "season_length": one_of("auto", None, 1, 2, 6),
    "target_transform": one_of("auto", "log", None),
    "missing": one_of("mask", "error"),
    "linear_path": FLAGS,
    "n_estimators": one_of(1, 2),
    "segment_length": one_of("auto", 1, 2, 7),
    "channels": one_of("joint", "independent"),
    "stride": one_of(1, 3),
    "calibration_fraction": one_of(0.1, 0.3, 0.9),
    "interval_method": one_of("adaptive", "split"),
    "loss": one_of("squared_error", "absolute_error", "huber", "quantile"),
    "standardize": FLAGS,
}
# Out of range, or of a wrong type; one of sixteen estimators has one of these.
WRONG = [
    ("units", 0),
    ("units", ()),
    ("max_epochs", 2.5),
    ("dropout", 1.0),
    ("lr", np.nan),
    ("window_length", -1),
    ("conv_filters", ()),
    ("time_axis", 0),
    ("known_columns", ["nowhere"]),
    ("class_weight", {"nobody": 2.0}),
    ("max_length", 0),
    ("pad", "nowhere"),
]


@st.composite
def estimators(draw, cls, needed, options):
    """Draw an estimator with some of its options set."""
    fewest = draw(st.integers(0, min(8, len(options))))
    names = draw(
        st.lists(st.sampled_from([*options]), min_size=fewest, max_size=9, unique=True)
    )
    options = needed | options
    drawn = {name: draw(options[name]) for name in {**needed, **dict.fromkeys(names)}}
    wrong = [(name, value) for name, value in WRONG if hasattr(cls(), name)]
    if wrong and draw(st.integers(0, 15)) == 15:
        drawn |= [draw(st.sampled_from(wrong))]
    return cls(**drawn)


@st.composite
def sequences(draw, n_samples, n_columns, symbols, lengths=None):
    """Draw sequences: an array, a table (n, t), or a list of arrays."""
    kinds = one_of("integers", "unsigned", "zeros") if symbols else one_of(*PLAIN)
    if draw(st.integers(0, 2)) == 2:
        kinds = None  # any
    some = {} if kinds is None else {"kinds": kinds}
    if lengths is None:
        lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    if len(lengths) > 1:
        shapes = [(lengths[i % len(lengths)], n_columns) for i in range(n_samples)]
        return [draw(numbers(shape, **some)) for shape in shapes]
    if n_columns == 1 and draw(st.booleans()):
        return draw(
            tables(n_samples, lengths[0], **some)
            if lengths[0] < 4
            else numbers((n_samples, lengths[0]), **some)
        )
    values = draw(numbers((n_samples, lengths[0], n_columns), **some))
    return abs(values) if symbols and values.dtype != bool else values


@st.composite
def regressors(draw):
    options = TRAINING | SEQUENCE | {"return_sequences": FLAGS}
    losses = {"loss": one_of("squared_error", "absolute_error", "huber")}
    model = draw(estimators(GRURegressor, TRAINED, options | losses))
    symbols = model.embedding_dim is not None
    n, n_columns = draw(one_of(1, 2, 5, 12)), 1 if symbols else draw(one_of(1, 1, 2))
    X = draw(sequences(n, n_columns, symbols))
    if model.return_sequences and isinstance(X, list):
        y = [draw(numbers(np.shape(x)[:1])) for x in X]
    elif model.return_sequences:
        y = draw(numbers(np.shape(X)[:2]))
    else:
        y = draw(numbers(draw(one_of((n,), (n, 1), (n, 2)))))
    new = draw(sequences(draw(st.integers(1, 3)), n_columns, symbols))
    return Case(model, (X, y), draw(one_of(X, new)))


@st.composite
def labels(draw, n):
    """Draw labels of some samples."""
    alphabets = ["up", "down"], [0, 1, 2], [True, False], [-1.0, 5.0], ["", "😀", "é"]
    alphabet = draw(st.sampled_from(alphabets))
    values = draw(st.lists(st.sampled_from(alphabet), min_size=n, max_size=n))
    return draw(one_of(values, np.array(values), pd.Series(values)))


@st.composite
def classifiers(draw):
    options = TRAINING | SEQUENCE
    options |= {
        "class_weight": one_of("balanced", None),
        "label_smoothing": one_of(0.0, 0.9),
    }
    model = draw(estimators(GRUClassifier, TRAINED, options))
    symbols = model.embedding_dim is not None
    n, n_columns = draw(one_of(1, 2, 5, 12)), 1 if symbols else draw(one_of(1, 1, 2))
    X = draw(sequences(n, n_columns, symbols))
    new = draw(sequences(draw(st.integers(1, 3)), n_columns, symbols))
    return Case(model, (X, draw(labels(n))), draw(one_of(X, new)))


ROWS = one_of(1, 2, 3, 6, 20, 20, 40, 40, 70)
STEPS = {
    "steps": one_of(1, 2, 9),
    "coverage": one_of(0.01, 0.5, 0.9),
    "alpha": one_of([0.5], [0.1, 0.9], [0.9, 0.1, 0.5]),
    "context": one_of("extend", "apply"),
}


@st.composite
def forecasters(draw):
    known = {"known_columns": one_of([0], [-1], ["a"], [True, False])}
    options = TRAINING | FORECASTING | known
    needed = TRAINED | {"calibration_fraction": one_of(0.0, 0.3, 0.5)}
    model = draw(estimators(GRUForecaster, needed, options))
    n, n_columns = draw(ROWS), draw(one_of(1, 1, 2, 3))
    X = draw(tables(n, n_columns))
    y = draw(st.none() | st.just(X) | tables(n, 1) | numbers((n,)))
    new = draw(tables(draw(st.integers(1, 30)), n_columns))
    if isinstance(X, pd.DataFrame) and draw(st.booleans()):
        new = pd.DataFrame(np.asarray(new), columns=X.columns)
    asked = {name: draw(strategy) for name, strategy in STEPS.items()}
    return Case(model, (X, y), draw(one_of(X, new)), asked)


@st.composite
def generators(draw):
    options = TRAINING | {"window_length": one_of(1, 3, 64)}
    model = draw(estimators(CharGRUGenerator, TRAINED, options))
    asked = {
        "prompt": draw(TEXT),
        "length": draw(one_of(0, 1, 70)),
        "temperature": draw(one_of(0, 1e-9, 1.0, 1e9)),
        "top_k": draw(one_of(None, 1, 100)),
        "top_p": draw(one_of(None, 1e-9, 0.5, 1.0)),
        "stop": draw(st.none() | CHARACTERS | st.lists(TEXT, max_size=2)),
        "n": draw(st.integers(1, 3)),
        "random_state": draw(SEEDS),
    }
    return Case(model, (draw(TEXT | TEXTS | TEXTS),), draw(TEXTS), asked)


@st.composite
def readers_of_texts(draw):
    options = {
        "max_length": one_of(None, 1, 5),
        "min_count": st.integers(1, 3),
        "lowercase": FLAGS,
        "pad": FLAGS,
    }
    model = draw(estimators(CharSequenceTransformer, {}, options))
    return Case(model, (draw(TEXTS),), draw(TEXTS))


@st.composite
def sliding_windows(draw):
    options = {
        "window_length": one_of(1, 2, 50),
        "lag": one_of(0, 1, 50),
        "pad": one_of("edge", "zero"),
        "flatten": FLAGS,
    }
    model = draw(estimators(SlidingWindowTransformer, {}, options))
    X = draw(tables(draw(ROWS), draw(st.integers(1, 3))))
    return Case(model, (X,), X)


@st.composite
def faces(draw):
    options = TRAINING | FORECASTING
    model = draw(estimators(Face, TRAINED, options))
    n, n_later = draw(ROWS), draw(st.integers(1, 12))
    index = draw(indexes(n + n_later))
    # sktime can't count on with timedeltas, nor with one or two dates without a freq.
    bare = isinstance(index, pd.DatetimeIndex) and index.freq is None and n < 3
    if bare or isinstance(index, pd.TimedeltaIndex):
        index = pd.RangeIndex(n + n_later)
    values = draw(numbers((n + n_later, draw(one_of(1, 1, 2)))))
    y = pd.DataFrame(values, index, columns=list("ab")[: values.shape[1]])
    if values.shape[1] == 1 and draw(st.booleans()):
        y = y["a"].rename(draw(one_of(None, "a")))
    X = draw(st.none() | numbers((n + n_later, 2)))
    X = None if X is None else pd.DataFrame(X, index, columns=["u", "v"])
    fh = draw(one_of([1], [1, 2, 3], [2, 5], [0, 1], [-1, 3], 2))
    asked = {"n": n, "fh": fh, "coverage": draw(one_of(0.5, 0.9, [0.5, 0.9]))}
    return Case(model, (y, X), None, asked)


CASES = {
    "regressor": regressors(),
    "classifier": classifiers(),
    "forecaster": forecasters(),
    "generator": generators(),
    "texts": readers_of_texts(),
    "windows": sliding_windows(),
    "sktime": faces(),
}
