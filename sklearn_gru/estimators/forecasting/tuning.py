"""Training on from the weights in the package, on series of one's own."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.estimators.forecasting.comparison import n_compared
from sklearn_gru.estimators.forecasting.network import place_of, train_engine
from sklearn_gru.estimators.forecasting.windows import panel_dataset, series_dataset
from sklearn_gru.training import held_out_loss

if TYPE_CHECKING:
    from sklearn_gru.estimators.forecaster import GRUForecaster
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine
    from sklearn_gru.estimators.forecasting.history import Rows
    from sklearn_gru.training import Net

# A window that is trained on has so many rows, or two seasons, or half the series.
FEWEST_ROWS = 24


def trains_on(settings: GRUForecaster) -> bool:
    """Tell whether settings ask for more training of weights that come trained."""
    return settings.max_epochs != "auto"


def tuned_net(
    engine: ForecastEngine, panel: list[Rows], settings: GRUForecaster
) -> Net:
    """Train a copy of an engine's network on.

    Its weights are those of the best epoch on windows that are held out, the latest, or
    stay as they are if no epoch makes forecasts of these better.

    Parameters
    ----------
    engine : ForecastEngine
        Its network came trained.
    panel : list of Rows
        Those that training may see.
    settings : GRUForecaster

    Returns
    -------
    skorch.NeuralNet
    """
    net = copy.deepcopy(engine.net_)
    season = engine.choices.season_length
    shortest = min(map(len, panel))
    settings = copy.copy(settings)
    settings.horizon, _ = n_compared(shortest, settings.horizon, season)
    if settings.early_stopping == "auto":
        settings.early_stopping = True
    relations = [engine.relation.rescaled(rows) for rows in panel]
    panel = [_padded(rows, engine, settings.horizon) for rows in panel]
    dataset = _dataset(panel, relations, engine, settings)
    horizon = net.module_.horizon
    net.module_.horizon = settings.horizon
    usual = held_out_loss(net, dataset)
    weights = copy.deepcopy(net.module_.state_dict())
    rows = panel[0] if len(panel) == 1 else None
    train_engine(replace(engine, net_=net), dataset, settings, rows, whole=True)
    if usual is not None and not held_out_loss(net, dataset) < usual:
        net.module_.load_state_dict(weights)
    net.module_.horizon = horizon
    net.module_.eval()
    return net


def _padded(rows, engine, n_ahead):
    """Put rows that do not exist in front, so that early windows are as long as all."""
    season = engine.choices.season_length
    fewest = min(max(FEWEST_ROWS, 2 * season), max(1, (len(rows) - n_ahead) // 2))
    n_missing = max(engine.window_length_ - fewest, 0)
    missing = np.full((n_missing, rows.values.shape[1]), np.nan)
    values = np.concatenate([missing, rows.values])
    targets = rows.targets
    if targets is not None:
        nothing = np.full((n_missing, targets.shape[1]), np.nan)
        targets = np.concatenate([nothing, targets])
    return replace(rows, values=values, targets=targets, index=None)


def _dataset(panel, relations, engine, settings):
    window, place = engine.window_length_, place_of(settings, engine.net_)
    how = {"settings": settings, "place": place, "hold_out": True}
    if len(panel) == 1:
        return series_dataset(panel[0], engine.relation, window, **how)
    return panel_dataset(panel, relations, window, **how)
