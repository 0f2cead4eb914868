"""Networks that are ready before any training: with the weights of the package."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING

from sklearn_gru.estimators._settings import training_settings_of
from sklearn_gru.estimators.forecasting.calibration import (
    Calibration,
    n_calibration_rows,
)
from sklearn_gru.estimators.forecasting.choices import Choices, chosen_season
from sklearn_gru.estimators.forecasting.history import History, kept_rows
from sklearn_gru.estimators.forecasting.network import place_of
from sklearn_gru.estimators.forecasting.relation import Relation
from sklearn_gru.estimators.forecasting.tuning import trains_on
from sklearn_gru.nets import FORECAST_LOSSES, ZeroShotNet
from sklearn_gru.nets.initialization import unfilled
from sklearn_gru.training import Architecture, Net, NetOfKnown, build_net
from sklearn_gru.weights import architecture_of_weights, fill_with

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru.estimators.forecaster import GRUForecaster
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine
    from sklearn_gru.estimators.forecasting.history import Rows
    from sklearn_gru.estimators.forecasting.relation import Form

# A series of so many seasons can use one; one of so many shows whether it has it.
SEASONS_TO_USE, SEASONS_TO_TELL = 2, 3
# What the weights decide; other values than the defaults would have no effect.
DECIDED = (
    "units",
    "center",
    "scale",
    "target_transform",
    "linear_path",
    "n_estimators",
    "segment_length",
    "channels",
    "loss",
    "cell",
    "activation",
    "reset_after",
    "dropout",
    "standardize",
)
# What counts in training only.
OF_TRAINING = (
    "stride",
    "batch_size",
    "lr",
    "lr_schedule",
    "optimizer",
    "weight_decay",
    "gradient_clip",
    "early_stopping",
    "validation_fraction",
    "n_iter_no_change",
    "tol",
    "callbacks",
    "checkpoint",
)


def comes_trained(weights: str | None) -> bool:
    """Tell whether a network with these `weights` is trained before any `fit`."""
    return weights not in (None, "auto")


def ready_parts(
    panel: list[Rows],
    settings: GRUForecaster,
    seed: int,
    form: Form | None,
    usual_season: int | None,
    remember_all: bool,
) -> dict[str, Any]:
    """Return what an engine is made of, by name; parameters as in its `ready`."""
    require_defaults(settings)
    rows = panel[-1]
    fraction = settings.calibration_fraction
    n_seen = len(rows) - n_calibration_rows(len(rows), fraction)
    relation = Relation.learn(rows, n_seen, form=form, missing=settings.missing)
    require_own_columns(relation, settings)
    choices = ready_choices(settings, panel, usual_season)
    rows = relation.as_kept(rows)
    kept = None if remember_all else kept_rows(rows, choices.window_length)
    return {
        "net_": ready_net(relation, choices, settings, seed),
        "choices": choices,
        "relation": relation,
        "history": History.of(rows, kept),
        "calibration": Calibration.behind(rows, n_seen, choices.window_length),
    }


def with_own_seasons(
    shared: ForecastEngine,
    panel: list[Rows],
    settings: GRUForecaster,
    seed: int,
    usual_season: int | None,
) -> list[ForecastEngine]:
    """Give each series of a panel the engine that knows its season.

    Parameters
    ----------
    shared : ForecastEngine
        Its network came trained, and knows the season that most series have. Series
        that are long enough to use a season, and too short to show theirs, keep it.
    panel : list of Rows
    settings : GRUForecaster
    seed : int
    usual_season : int or None

    Returns
    -------
    list of ForecastEngine
        One for each season, as often as series have it.
    """
    common = shared.choices.season_length
    engines, of_series = {common: shared}, []
    for rows in panel:
        n_seasons = len(rows) / common
        season = common
        if not SEASONS_TO_USE <= n_seasons < SEASONS_TO_TELL:
            season = chosen_season(settings, [rows], usual_season)
        if season not in engines:
            choices = replace(shared.choices, season_length=season)
            net = ready_net(shared.relation, choices, settings, seed)
            engines[season] = replace(shared, net_=net, choices=choices)
        of_series.append(engines[season])
    return of_series


def require_defaults(settings: GRUForecaster) -> None:
    """Raise if a parameter is set that the weights decide."""
    parameters = signature(type(settings)).parameters
    names = DECIDED if trains_on(settings) else DECIDED + OF_TRAINING
    for name in names:
        value, default = getattr(settings, name), parameters[name].default
        if value != default:
            on = ", train on with max_epochs" if name in OF_TRAINING else ""
            raise ValueError(
                f"{name}={value!r} has no effect with weights={settings.weights!r}, "
                f"which come trained: leave it out{on}, or train a network from "
                "scratch with weights=None."
            )


def require_own_columns(relation: Relation, settings: GRUForecaster) -> None:
    """Raise unless the targets are columns of X, and nothing is known of the future."""
    given = f"weights={settings.weights!r}"
    if relation.affine is None:
        raise ValueError(
            f"{given} forecast the columns of X, but y has columns that are no affine "
            "images of columns of X. Use weights=None, or give X the columns of y."
        )
    if relation.n_exogenous:
        raise ValueError(
            f"{given} read no columns that are known of the future. Use weights=None, "
            "or leave them out."
        )


def ready_choices(
    settings: GRUForecaster, panel: list[Rows], usual_season: int | None
) -> Choices:
    """Choose the season, and the longest windows that the weights read.

    Parameters are those of `Choices.of`.
    """
    longest = architecture_of_weights(settings.weights)["window_length"]
    window = settings.window_length
    if window != "auto" and window > longest:
        raise ValueError(
            f"window_length={window} is more than weights={settings.weights!r} read: "
            f"at most {longest} rows."
        )
    return Choices(
        window_length=longest if window == "auto" else int(window),
        segment_length=1,
        season_length=chosen_season(settings, panel, usual_season),
        scale="window",
        transform=None,
        linear_path=False,
    )


def ready_net(
    relation: Relation, choices: Choices, settings: GRUForecaster, seed: int
) -> Net:
    """Build a net with the weights of the package."""
    dtype, device = place_of(settings)
    of_weights = architecture_of_weights(settings.weights)
    n_columns = len(relation.x_scaler.mean)
    of_series = {
        "n_series": n_columns,
        "n_targets": n_columns,
        "window_length": choices.window_length,
        "horizon": max(settings.horizon, of_weights["horizon"]),
        "season_length": choices.season_length,
        "segment_length": choices.segment_length,
        "n_exogenous": 0,
        "masked": relation.masked,
    }
    with unfilled():
        net = build_net(
            ZeroShotNet,
            FORECAST_LOSSES["quantile"],
            Architecture.of(**{**of_weights, **of_series}, dropout=0.0, dtype=dtype),
            training_settings_of(settings),
            device=device,
            seed=seed,
            net_class=NetOfKnown if relation.masked else Net,
        )
    fill_with(net.module_, settings.weights)
    net.module_.eval()
    return net
