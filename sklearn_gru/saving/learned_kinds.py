"""Kinds of what estimators have learned: scalers, alphabets, series, intervals."""

import numpy as np

from sklearn_gru.data import AffineMap, LogScaler, Scaler, Symbols, Vocabulary
from sklearn_gru.estimators.forecasting import ForecastEngine, Form, HeldOutErrors, Rows
from sklearn_gru.estimators.forecasting.calibration import Calibration, Stretch
from sklearn_gru.estimators.forecasting.choices import Choices
from sklearn_gru.estimators.forecasting.history import History
from sklearn_gru.estimators.forecasting.mixture import NAIVE, Mixture
from sklearn_gru.estimators.forecasting.relation import Relation
from sklearn_gru.saving import forms
from sklearn_gru.saving.forms import (
    COUNT,
    FLAG,
    FLAGS,
    LABEL,
    NOTHING,
    SIZE,
    TEXT,
    VECTOR,
    of,
)
from sklearn_gru.saving.kinds import Kind
from sklearn_gru.saving.pandas_kinds import INDEX
from sklearn_gru.training import Net, NetOfKnown
from sklearn_gru.weights import WEIGHTS

TABLE = forms.array(2, "fiu", finite=False)
NAMES = forms.each(LABEL | forms.each(LABEL)) | NOTHING


def _lengths_differ(*names):
    def check(state):
        lengths = {len(state[name]) for name in names if np.ndim(state[name])}
        return "its arrays differ in length" if len(lengths) > 1 else None

    return check


def _check_scaler(state):
    if (state["scale"] == 0).any():
        return "a scale is 0"
    return _lengths_differ("mean", "scale", "constant")(state)


def _check_log_scaler(state):
    if len(state["scaler"].mean) != len(state["slope"]) or (state["slope"] == 0).any():
        return "its slopes do not fit its scaler"
    return _lengths_differ("slope", "intercept", "logged")(state)


def _check_symbols(state):
    known = state["known"]
    return "symbols are out of order" if (known[:-1] >= known[1:]).any() else None


def _check_vocabulary(state):
    characters = state["characters"]
    in_order = "".join(sorted(set(characters))) == characters
    return None if in_order else "characters are out of order"


def _check_rows(state):
    lengths = {len(part) for part in state.values() if part is not None}
    return "its columns differ in length" if len(lengths) > 1 else None


def _check_history(state):
    first, last, n_rows = (state[name] for name in ("first", "last", "n_rows"))
    if max(len(first), len(last)) > n_rows:
        return "it keeps more rows than there were"
    return None if _columns(first) == _columns(last) else "its rows differ in columns"


def _columns(rows):
    parts = rows.values, rows.targets, rows.exogenous
    return [part if part is None else part.shape[1] for part in parts]


def _check_calibration(state):
    n_rows = len(state["rows"])
    right = state["n_before"] <= n_rows and n_rows - state["n_before"] <= state["end"]
    return None if right else "it counts more rows than there are"


def _check_relation(state):
    affine, scaler, own = (state[k] for k in ("affine", "x_scaler", "y_scaler"))
    if (affine is None) != (own is not None):
        return "targets are neither columns nor series of their own"
    if affine is None:
        return None if len(own.mean) == state["n_targets"] else "targets are miscounted"
    if len(affine.columns) != state["n_targets"]:
        return "targets are miscounted"
    inside = (affine.columns >= 0) & (affine.columns < len(scaler.mean))
    return None if inside.all() else "targets are images of columns that do not exist"


def _check_engine(state):
    choices, relation, history = (
        state[name] for name in ("choices", "relation", "history")
    )
    arguments = state["net_"].arguments
    told = {
        "window_length": choices.window_length,
        "segment_length": choices.segment_length,
        "season_length": choices.season_length,
        "n_series": len(relation.x_scaler.mean),
        "n_targets": relation.n_outputs,
        "n_exogenous": relation.n_exogenous,
        "masked": relation.masked,
    }
    for name, value in told.items():
        if arguments.get(name) != value:
            return f"its network has {name}={arguments.get(name)!r}, not {value!r}"
    n_known = relation.n_exogenous or None
    parts = [history.last]
    if state["calibration"] is not None:
        parts.append(state["calibration"].rows)
    for rows in parts:
        values, _, exogenous = _columns(rows)
        if (values, exogenous) != (len(relation.x_scaler.mean), n_known):
            return "its rows do not have the columns of its network"
        if not relation.masked and not np.isfinite(rows.values).all():
            return "its rows hold NaN or infinity"
    mixture = state["mixture"]
    if mixture is not None and mixture.share.shape[1] != relation.n_targets:
        return "its mixture is not one of its targets"
    return None


def _check_mixture(state):
    share, naive = state["share"], state["naive"]
    if share.shape != naive.shape or not len(share):
        return "its arrays differ in shape, or are empty"
    if ((share < 0) | (share > 1)).any() or (share.any() and state["weights"] is None):
        return "its shares are none"
    outside = (naive < 0) | (naive > len(NAIVE))
    return "it names no naive forecast" if outside.any() else None


def _check_errors(state):
    stretches = state["stretches"]
    return None if stretches else "it has no rows"


def _is_complete(complete):
    """Check measured errors: {steps: (errors (n, steps, ..., columns), int)}."""
    errors = forms.array(3, finite=False) | forms.array(4, finite=False)
    return type(complete) is dict and all(
        type(steps) is int
        and type(entry) is tuple
        and len(entry) == 2
        and errors.holds(entry[0])
        and COUNT.holds(entry[1])
        for steps, entry in complete.items()
    )


SCALER = of(Scaler, LogScaler)

LEARNED_KINDS = (
    Kind(
        "Scaler",
        Scaler,
        {"mean": VECTOR, "scale": VECTOR, "constant": FLAGS | NOTHING},
        check=_check_scaler,
    ),
    Kind(
        "LogScaler",
        LogScaler,
        {"slope": VECTOR, "intercept": VECTOR, "logged": FLAGS, "scaler": of(Scaler)},
        check=_check_log_scaler,
    ),
    Kind(
        "AffineMap",
        AffineMap,
        {
            "columns": forms.array(1, "i"),
            "slope": VECTOR,
            "intercept": VECTOR,
            "tolerance": VECTOR | forms.NUMBER,
            "ends": forms.array(2) | NOTHING,
        },
        check=_lengths_differ("columns", "slope", "intercept", "tolerance", "ends"),
    ),
    Kind("Symbols", Symbols, {"known": forms.array(1, "i")}, check=_check_symbols),
    Kind("Vocabulary", Vocabulary, {"characters": TEXT}, check=_check_vocabulary),
    Kind(
        "Rows",
        Rows,
        {
            "values": TABLE,
            "targets": TABLE | NOTHING,
            "exogenous": TABLE | NOTHING,
            "index": INDEX | NOTHING,
        },
        check=_check_rows,
    ),
    Kind(
        "History",
        History,
        {
            "first": of(Rows),
            "last": of(Rows),
            "n_rows": COUNT,
            "kept": forms.each(COUNT) | NOTHING,
        },
        check=_check_history,
    ),
    Kind(
        "Form",
        Form,
        {
            "flat": FLAG,
            "names": NAMES,
            "exogenous_names": NAMES,
            "known_columns": forms.each(COUNT),
        },
    ),
    Kind(
        "Relation",
        Relation,
        {
            "affine": of(AffineMap) | NOTHING,
            "n_targets": SIZE,
            "form": of(Form),
            "standardize": FLAG,
            "transform": forms.word("log") | NOTHING,
            "missing": forms.word("error", "mask"),
            "x_scaler": SCALER,
            "y_scaler": SCALER | NOTHING,
            "exogenous_scaler": of(Scaler) | NOTHING,
        },
        check=_check_relation,
    ),
    Kind(
        "Choices",
        Choices,
        {
            "window_length": SIZE,
            "segment_length": SIZE,
            "season_length": SIZE,
            "scale": forms.word("series", "window"),
            "transform": forms.word("log") | NOTHING,
            "linear_path": FLAG,
        },
    ),
    Kind(
        "Calibration",
        Calibration,
        {"rows": of(Rows), "n_before": COUNT, "end": COUNT},
        check=_check_calibration,
    ),
    Kind(
        "Mixture",
        Mixture,
        {
            "weights": forms.word(*WEIGHTS) | NOTHING,
            "season_length": SIZE,
            "share": forms.array(2),
            "naive": forms.array(2, "i"),
        },
        check=_check_mixture,
    ),
    Kind(
        "ForecastEngine",
        ForecastEngine,
        {
            "net_": of(Net, NetOfKnown),
            "choices": of(Choices),
            "relation": of(Relation),
            "history": of(History),
            "calibration": of(Calibration) | NOTHING,
            "mixture": of(Mixture) | NOTHING,
        },
        check=_check_engine,
        added={"mixture": None},
    ),
    Kind(
        "Stretch",
        Stretch,
        {
            "start": COUNT,
            "n_first": COUNT,
            "rows": of(Rows) | NOTHING,
            "complete": forms.Form("measured errors", _is_complete),
        },
    ),
    Kind(
        "HeldOutErrors",
        HeldOutErrors,
        {
            "start": COUNT,
            "engine": of(ForecastEngine),
            "seed": COUNT,
            "model": of(ForecastEngine) | NOTHING,
            "stretches": forms.each(of(Stretch), list),
        },
        check=_check_errors,
    ),
)
