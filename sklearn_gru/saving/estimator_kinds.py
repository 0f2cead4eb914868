"""Kinds of the estimators of scikit-learn's interface."""

from functools import partial

import numpy as np

from sklearn_gru.data import Scaler, Symbols, Vocabulary
from sklearn_gru.estimators import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    SlidingWindowTransformer,
)
from sklearn_gru.estimators.forecasting import ForecastEngine
from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.saving import forms
from sklearn_gru.saving.forms import (
    COUNT,
    FLAG,
    NOTHING,
    SIZE,
    Form,
    check_fields,
    of,
)
from sklearn_gru.saving.kinds import Kind
from sklearn_gru.training import Net, NetOfKnown, TextNet

NAMES = Form(
    "an array of names",
    lambda value: (
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and value.dtype == object
        and all(type(name) is str for name in value)
    ),
)
CLASSES = Form(
    "an array of labels",
    lambda value: (
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and len(value) > 0
        and all(forms.LABEL.holds(label) for label in value.tolist())
    ),
)
# A folder of the machine that writes is none of the machine that reads.
LEFT_OUT = {"checkpoint"}
# Parameters that earlier versions did not have, and what they did.
BEFORE = {"weights": None}
# Attributes that scikit-learn sets: callbacks, and the search that a fit is part of.
SCIKIT_LEARNS = {"_skl_callbacks", "_parent_callback_ctx"}
OPTIONAL = {"n_features_in_": SIZE, "feature_names_in_": NAMES}
SEQUENCE = {
    "_device_name": forms.TEXT,
    "_n_channels": SIZE,
    "_n_columns": SIZE | NOTHING,
    "_n_steps": COUNT,
    "_different_scales": FLAG,
    "_x_encoder": of(Scaler, Symbols),
    "net_": of(Net, NetOfKnown),
}


def _sequence_is_wrong(fitted, n_outputs):
    arguments, encoder = fitted["net_"].arguments, fitted["_x_encoder"]
    if "n_features_in_" not in fitted:
        return "it lacks n_features_in_"
    symbols = isinstance(encoder, Symbols)
    n_inputs = len(encoder) if symbols else fitted["_n_channels"]
    if symbols == (arguments.get("embedding_dim") is None):
        return "symbols are not what its network reads"
    if not symbols and len(encoder.mean) != n_inputs:
        return "its scaler has not the features of X"
    told = {"input_size": n_inputs, "output_size": n_outputs}
    return _differs(arguments, told)


def _differs(arguments, told):
    for name, value in told.items():
        if arguments.get(name) != value:
            return f"its network has {name}={arguments.get(name)!r}, not {value!r}"
    return None


def _regressor_is_wrong(fitted):
    n_outputs = fitted["_n_outputs"]
    if len(fitted["_y_scaler"].mean) != n_outputs:
        return "its scaler has not the columns of y"
    return _sequence_is_wrong(fitted, n_outputs)


def _classifier_is_wrong(fitted):
    return _sequence_is_wrong(fitted, len(fitted["classes_"]))


def _forecaster_is_wrong(fitted):
    form = fitted["engine_"].relation.form
    n_series = len(fitted["engine_"].relation.x_scaler.mean)
    if fitted.get("n_features_in_") != n_series + len(form.known_columns):
        return "it has not the columns of X"
    return None


def _generator_is_wrong(fitted):
    n_symbols, endless = len(fitted["vocabulary_"]), fitted["_endless"]
    told = {"n_symbols": n_symbols, "n_classes": n_symbols - (2 if endless else 1)}
    return _differs(fitted["net_"].arguments, told)


def _nothing_is_wrong(fitted):
    return None


def _names_are_wrong(fitted):
    names = fitted.get("feature_names_in_")
    if names is not None and len(names) != fitted.get("n_features_in_"):
        return "its names are not as many as its features"
    return None


def state_of(known, estimator):
    """Describe an estimator; `known` picks what is written of its attributes."""
    parameters = estimator.get_params(deep=False)
    apart = parameters.keys() | SCIKIT_LEARNS
    fitted = {k: v for k, v in vars(estimator).items() if k not in apart}
    return {
        "parameters": {k: v for k, v in parameters.items() if k not in LEFT_OUT},
        "fitted": {k: fitted[k] for k in known(fitted)},
    }


def known_only(fields, fitted):
    """Return the names of what is written; raise if there is anything else."""
    foreign = fitted.keys() - fields.keys()
    if foreign:
        raise TypeError(
            f"The attributes {sorted(foreign)} are not this package's, so they can't "
            "be saved. Remove them, or keep the model with pickle."
        )
    return fitted.keys()


def _alphabet_only(fields, fitted):
    # All else follows from these.
    return [name for name in fitted if name in fields]


def _is_right(fields, is_wrong, state):
    fitted = state["fitted"]
    expected = {
        name: form
        for name, form in fields.items()
        if name in fitted or name not in OPTIONAL
    }
    if not fitted:
        return None
    check_fields("fitted", fitted, expected)
    return _names_are_wrong(fitted) or is_wrong(fitted)


def read_parameters(owner, parameters, known):
    """Return the parameters of a file; raise unless a file may set them."""
    unknown = parameters.keys() - (set(known) - LEFT_OUT)
    if unknown:
        raise ModelFileError(f"{owner} has no parameters {sorted(unknown)}")
    return {k: v for k, v in BEFORE.items() if k in known} | parameters


def made(cls, parameters, fitted):
    """Make an estimator of its parameters and its fitted attributes."""
    known = cls._get_param_names()
    estimator = cls(**read_parameters(cls.__name__, parameters, known))
    estimator._validate_params()
    vars(estimator).update(fitted)
    return estimator


def _made_generator(cls, parameters, fitted):
    estimator = made(cls, parameters, fitted)
    if fitted:
        estimator._set_alphabet(fitted["vocabulary_"], fitted["_endless"])
    return estimator


def _kind(cls, fields, is_wrong, *, make=made, known=known_only):
    fields = fields | OPTIONAL
    return Kind(
        cls.__name__,
        cls,
        {"parameters": forms.of(dict), "fitted": forms.of(dict)},
        partial(state_of, partial(known, fields)),
        partial(make, cls),
        partial(_is_right, fields, is_wrong),
    )


ESTIMATOR_KINDS = (
    _kind(
        GRURegressor,
        SEQUENCE | {"_y_is_flat": FLAG, "_n_outputs": SIZE, "_y_scaler": of(Scaler)},
        _regressor_is_wrong,
    ),
    _kind(GRUClassifier, SEQUENCE | {"classes_": CLASSES}, _classifier_is_wrong),
    _kind(GRUForecaster, {"engine_": of(ForecastEngine)}, _forecaster_is_wrong),
    _kind(
        CharGRUGenerator,
        {
            "vocabulary_": of(Vocabulary),
            "_endless": FLAG,
            "_device_name": forms.TEXT,
            "net_": of(TextNet),
        },
        _generator_is_wrong,
        make=_made_generator,
        known=_alphabet_only,
    ),
    _kind(CharSequenceTransformer, {"vocabulary_": of(Vocabulary)}, _nothing_is_wrong),
    _kind(SlidingWindowTransformer, {}, _nothing_is_wrong),
)
