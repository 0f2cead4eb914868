"""What is asked of a fitted estimator, and what it has promised to answer."""

import re
import traceback
import warnings
from collections.abc import Callable
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
)
from sklearn_gru.sktime import GRUForecaster as Face

# Who may refuse input: this package, and those that check input for it.
CHECKERS = re.compile(r"/(sklearn_gru|sklearn|sktime|skbase)/")
DOCUMENTED = re.compile(
    "which does not follow the training series"
    "|X begins inside the training series"
    "|calibration errors are too few"
    "|calibration rows are too few"
    "|rows are known behind the calibration rows"
    "|rows are too few"
    "|season_length=.* is not used"
    "|Rows are missing between"
    "|no window that is trained on spans them"
    "|least populated class in y"
    "|feature names, but"
)


class Refusal(NamedTuple):
    """An error, as the user sees it."""

    kind: type
    message: str


class Question(NamedTuple):
    """Something to ask of a model.

    Parameters
    ----------
    ask : callable
        Takes the model.
    check : callable
        Takes the answer, and raises unless it is what was promised.
    """

    ask: Callable[[Any], Any]
    check: Callable[[Any], None]


def outcome(call):
    """Return what a call returns, or the `Refusal` if it is refused with reason.

    Raises
    ------
    AssertionError
        If an error or a warning is none that the package means.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("error", RuntimeWarning)  # its traceback says where
        try:
            result = call()
        except (ValueError, TypeError, RuntimeWarning) as error:
            _require_meant(error)
            result = Refusal(type(error), str(error))
    for warning in caught:
        documented = issubclass(warning.category, ConvergenceWarning)
        documented |= issubclass(warning.category, DataConversionWarning)
        documented |= warning.category is UserWarning and bool(
            DOCUMENTED.search(str(warning.message))
        )
        assert documented, f"{warning.category.__name__}: {warning.message}"
    return result


def _require_meant(error):
    """Raise again, unless one of the checkers has raised the error on purpose."""
    places = traceback.extract_tb(error.__traceback__)
    if isinstance(error, RuntimeWarning) and "_assert_all_finite" in str(places):
        return  # scikit-learn sums what it looks at: of both infinities, too
    place = places[-1]
    meant = CHECKERS.search(place.filename) and place.line.startswith("raise")
    ours = "/sklearn_gru/" in place.filename
    if not meant or (ours and not isinstance(error, ValueError)):
        raise error


def _finite(*shape):
    def check(values):
        values = np.asarray(values)
        assert values.dtype == np.float64
        assert values.shape == shape, (values.shape, shape)
        assert np.isfinite(values).all()

    return check


def _ordered(*shape):
    """Promise bounds, the lower ones first."""

    def check(values):
        _finite(*shape)(values)
        assert (np.diff(values, axis=-1) >= 0).all()

    return check


@singledispatch
def questions(model, case):
    """List what to ask of a fitted model, as a dict of `Question`."""
    raise TypeError(f"Nothing is known of {model!r}")


def _lengths(model, X):
    """Return the time steps of each sequence."""
    if isinstance(X, list):
        return [len(x) for x in X]
    axis = model.time_axis if np.ndim(X) == 3 else 1
    return [np.shape(X)[axis]] * len(X)


def _of_sequences(model, X):
    def check_gates(gates):
        for values in gates.values():
            for sequence in values:
                assert ((sequence >= 0) & (sequence <= 1)).all()

    n_features = len(model.get_feature_names_out())
    return {
        "transform": Question(
            lambda model: model.transform(X), _finite(len(X), n_features)
        ),
        "gates": Question(lambda model: model.gates(X), check_gates),
    }


@questions.register
def _(model: GRURegressor, case):
    X, width = case.new, np.shape(case.data[1])[1:]

    def check_steps(predicted):
        assert len(predicted) == len(X)
        for sequence, length in zip(predicted, _lengths(model, X), strict=True):
            _finite(length)(sequence)

    check = check_steps if model.return_sequences else _finite(len(X), *width)
    predict = Question(lambda model: model.predict(X), check)
    return _of_sequences(model, X) | {"predict": predict}


@questions.register
def _(model: GRUClassifier, case):
    X = case.new

    def check_classes(predicted):
        assert np.shape(predicted) == (len(X),)
        assert np.isin(predicted, np.unique(case.data[1])).all()

    def check_probabilities(probabilities):
        _finite(len(X), len(model.classes_))(probabilities)
        assert (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)

    return _of_sequences(model, X) | {
        "predict": Question(lambda model: model.predict(X), check_classes),
        "predict_proba": Question(
            lambda model: model.predict_proba(X), check_probabilities
        ),
    }


def _with_future(model, X, steps):
    """Put rows behind X that are missing but for the known columns."""
    places = model.engine_.relation.form.known_columns
    if not places:
        return X
    table = pd.DataFrame(X)
    future = table.iloc[[-1] * steps].astype(float)
    others = [place for place in range(table.shape[1]) if place not in places]
    future.iloc[:, others] = np.nan
    return np.concatenate([table, future])


@questions.register
def _(model: GRUForecaster, case):
    (X, y), new, asked = case.data, case.new, case.asked
    steps, n, context = asked["steps"], len(new), asked["context"]
    coverage, alpha = asked["coverage"], asked["alpha"]
    known = model.engine_.relation.form.known_columns
    width = (np.shape(X)[1] - len(known),) if y is None else np.shape(y)[1:]
    n_targets, n_levels = int(np.prod(width, dtype=int)), len(alpha)
    ahead = _with_future(model, new, steps)
    n_rolled = n if len(ahead) > n or not known else n - steps
    forms = {
        "predict": (lambda m: m.predict(new), _finite(n, *width)),
        "context": (lambda m: m.predict(new, context=context), _finite(n, *width)),
        "steps": (lambda m: m.predict(ahead, steps), _finite(steps, *width)),
        "forecast": (lambda m: m.forecast(steps), _finite(steps, *width)),
        "rolling": (
            lambda m: m.rolling_forecast(ahead, steps),
            _finite(n_rolled, steps, n_targets),
        ),
        "transform": (
            lambda m: m.transform(new),
            _finite(n, len(model.get_feature_names_out())),
        ),
        "interval": (
            lambda m: m.predict_interval(new, coverage=coverage),
            _ordered(n, *width, 2),
        ),
        "interval ahead": (
            lambda m: m.predict_interval(None, steps, coverage=coverage),
            _ordered(steps, *width, 2),
        ),
        "quantiles": (
            lambda m: m.predict_quantiles(new, alpha=alpha),
            _finite(n, *width, n_levels),
        ),
    }
    return {name: Question(*form) for name, form in forms.items()}


@questions.register
def _(model: CharGRUGenerator, case):
    texts, prompt, n = case.new, case.asked["prompt"], case.asked["n"]

    def check_probabilities(probabilities):
        _finite(len(texts), len(model.classes_))(probabilities)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)

    def check_written(written):
        written = [written] if n == 1 else written
        assert len(written) == n
        for text in written:
            assert text.startswith(prompt)
            assert len(text) <= len(prompt) + case.asked["length"]
            assert set(text[len(prompt) :]) <= set(model.classes_)

    def check_score(score):
        _finite()(score)
        assert score <= 0

    width = model.units if isinstance(model.units, int) else model.units[-1]
    streamed = {name: value for name, value in case.asked.items() if name != "n"}
    forms = {
        "predict_proba": (lambda m: m.predict_proba(texts), check_probabilities),
        "transform": (lambda m: m.transform(texts), _finite(len(texts), width)),
        "score": (lambda m: m.score(texts), check_score),
        "generate": (lambda m: m.generate(**case.asked), check_written),
        "stream": (lambda m: "".join(m.stream(**streamed)), lambda text: None),
    }
    return {name: Question(*form) for name, form in forms.items()}


@questions.register
def _(model: CharSequenceTransformer, case):
    def check(sequences):
        assert len(sequences) == len(case.new)
        for sequence, text in zip(sequences, case.new, strict=True):
            text = text.lower() if model.lowercase else text
            length = len(text[: model.max_length])
            size = model.max_length if model.pad else max(length, 1)
            assert sequence.shape == ((size,) if model.pad else (size, 1))
            assert sequence.dtype == np.int32
            assert ((sequence >= 0) & (sequence < len(model.vocabulary_))).all()

    return {"transform": Question(lambda model: model.transform(case.new), check)}


@questions.register
def _(model: SlidingWindowTransformer, case):
    n, n_columns = np.shape(case.new)

    def check(windows):
        windows = np.asarray(windows)
        shape = (n, model.window_length, n_columns)
        shape = (n, shape[1] * n_columns) if model.flatten else shape
        assert windows.shape == shape
        if model.flatten:
            assert len(model.get_feature_names_out()) == shape[1]
        if model.lag == 0:
            last = windows.reshape(n, -1)[:, -n_columns:]
            np.testing.assert_array_equal(last, np.asarray(case.new))

    return {"transform": Question(lambda model: model.transform(case.new), check)}


@questions.register
def _(model: Face, case):
    (y, X), n, fh = case.data, case.asked["n"], model.fh.to_numpy()
    coverage = np.atleast_1d(case.asked["coverage"])
    X = None if X is None else X.iloc[n:]
    columns = y.columns if isinstance(y, pd.DataFrame) else [y.name]

    def check(predicted):
        assert type(predicted) is type(y)
        if isinstance(y, pd.Series):
            assert predicted.name == y.name
        else:
            assert list(predicted.columns) == list(columns)
        _finite(len(fh), *np.shape(y)[1:])(predicted)
        ahead = (fh > 0) & (fh <= len(y) - n)
        labels = y.index[n - 1 + fh[ahead]]
        if getattr(y.index, "freq", 1) is not None:  # a hole may be among later dates
            assert list(predicted.index[ahead]) == list(labels)

    def check_bounds(bounds):
        _finite(len(fh), 2 * len(columns) * len(coverage))(bounds)
        values = bounds.to_numpy().reshape(len(fh), -1, 2)
        assert (values[:, :, 0] <= values[:, :, 1]).all()

    return {
        "predict": Question(lambda model: model.predict(X=X), check),
        "interval": Question(
            lambda model: model.predict_interval(X=X, coverage=coverage.tolist()),
            check_bounds,
        ),
    }
