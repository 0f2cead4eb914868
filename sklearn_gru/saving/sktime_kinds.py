"""Kinds of the sktime face, and of what sktime keeps in its forecasters."""

from functools import partial

import pandas as pd
from sktime.datatypes import VectorizedDF
from sktime.forecasting.base import ForecastingHorizon

from sklearn_gru.estimators.forecaster import checked_settings
from sklearn_gru.estimators.forecasting import ForecastEngine, HeldOutErrors
from sklearn_gru.saving import forms
from sklearn_gru.saving.estimator_kinds import (
    known_only,
    read_parameters,
    state_of,
)
from sklearn_gru.saving.forms import FLAG, NOTHING, TEXT, check_fields, of
from sklearn_gru.saving.kinds import Kind
from sklearn_gru.saving.pandas_kinds import INDEX
from sklearn_gru.sktime import GRUForecaster
from sklearn_gru.sktime._private import DtypeKind

TAGS = {
    "X_inner_mtype": forms.PLAIN,
    "capability:missing_values": FLAG,
    "sktime_version": TEXT,
}
TABLE = of(pd.Series, pd.DataFrame)
FITTED = {
    "_fh": of(ForecastingHorizon) | NOTHING,
    "_cutoff": INDEX | NOTHING,
    "_known_cutoff": INDEX | NOTHING,
    "_last_labels": INDEX,
    "_state": forms.word("new", "pretrained", "fitted"),
    "_tags_dynamic": of(dict),
    "_config_dynamic": of(dict),
    "_converter_store_y": of(dict),
    "_y_metadata": of(dict),
    "_X_metadata": of(dict),
    "_y_mtype_last_seen": TEXT | NOTHING,
    "_X_mtype_last_seen": TEXT | NOTHING,
    "_is_vectorized": FLAG,
    "_pretrained_attrs": forms.each(TEXT, list),
    "_columns": forms.each(forms.LABEL | forms.each(forms.LABEL), list),
    "_template": TABLE,
    "_y": TABLE | NOTHING,
    "_X": TABLE | NOTHING,
    "_yvec": of(VectorizedDF),
    "forecaster_": of(ForecastEngine),
    "pretrained_": of(ForecastEngine),
    "forecasters_": of(pd.DataFrame),
    "_held_out_errors": of(HeldOutErrors),
}


def _is_wrong(state):
    fitted = state["fitted"]
    check_fields("fitted", fitted, {k: f for k, f in FITTED.items() if k in fitted})
    tags = fitted.get("_tags_dynamic", {})
    check_fields("tags", tags, {k: f for k, f in TAGS.items() if k in tags})
    if not forms.PLAIN.holds(fitted.get("_config_dynamic")):
        return "its configuration is not plain"
    needed = ["forecaster_", "_held_out_errors", "_template", "_last_labels"]
    if fitted.get("_is_vectorized"):
        needed = ["forecasters_", "_yvec"]
    missing = set(needed) - set(fitted) if fitted.get("_state") == "fitted" else ()
    return f"it lacks {sorted(missing)}" if missing else None


def _made(parameters, fitted):
    known = GRUForecaster.get_param_names()
    parameters = read_parameters("GRUForecaster", parameters, known)
    forecaster = GRUForecaster(**parameters)
    settings = {k: v for k, v in parameters.items() if v is not None or k != "horizon"}
    checked_settings(settings)
    for name, value in fitted.items():
        setattr(forecaster, name, value)
    return forecaster


def _horizon_state(fh):
    return {
        "values": fh.to_pandas(),
        "is_relative": fh.is_relative,
        "freq": fh.freq,
    }


def _panel_state(panel):
    names = "is_scitype", "iterate_as", "iterate_cols", "remember_data"
    return {
        "table": panel.X_multiindex,
        **{name: getattr(panel, name) for name in names},
    }


def _made_panel(table, **how):
    return VectorizedDF(table, **how)


SCITYPES = forms.word("Series", "Panel", "Hierarchical")
SKTIME_KINDS = (
    Kind(
        "sktime.GRUForecaster",
        GRUForecaster,
        {"parameters": of(dict), "fitted": of(dict)},
        partial(state_of, partial(known_only, FITTED)),
        _made,
        _is_wrong,
    ),
    Kind(
        "ForecastingHorizon",
        ForecastingHorizon,
        {"values": INDEX, "is_relative": FLAG, "freq": TEXT | NOTHING},
        _horizon_state,
    ),
    Kind(
        "VectorizedDF",
        VectorizedDF,
        {
            "table": of(pd.DataFrame),
            "is_scitype": SCITYPES,
            "iterate_as": SCITYPES,
            "iterate_cols": FLAG,
            "remember_data": FLAG,
        },
        _panel_state,
        _made_panel,
    ),
    Kind(
        "DtypeKind",
        DtypeKind,
        {"value": forms.whole(0, 100)},
    ),
)
