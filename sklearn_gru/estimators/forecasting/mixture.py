"""Zero-shot and naive forecasts, mixed into those of an engine's network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from sklearn_gru.estimators.forecasting.origins import evaluate_at, windows_before
from sklearn_gru.nets import LEVELS, QUANTILES, ZeroShotNet, filled
from sklearn_gru.nets.initialization import unfilled
from sklearn_gru.training import Architecture
from sklearn_gru.weights import architecture_of_weights, fill_with

if TYPE_CHECKING:
    from sklearn_gru._types import Array, Floats
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine
    from sklearn_gru.estimators.forecasting.history import Rows

NAIVE = "last", "season"


@dataclass(frozen=True)
class Mixture:
    """What a forecast consists of beside that of the engine's network, step by step.

    Entries of the last step hold for all further ones.

    Parameters
    ----------
    weights : str or None
        Whose zero-shot forecasts are mixed in.
    season_length : int
        Rows of the season that these and the naive forecasts know of.
    share : ndarray of shape (n_steps, n_targets), float64
        Of the zero-shot forecast.
    naive : ndarray of shape (n_steps, n_targets), int
        1 or 2 where a naive forecast stands in for all others: the last row, or the
        last season; else 0.
    """

    weights: str | None
    season_length: int
    share: Floats
    naive: Array

    def mixed(
        self,
        own: Floats,
        engine: ForecastEngine,
        origins: Array,
        values: Array,
        before: Rows | None,
        quantiles: bool,
    ) -> Floats:
        """Mix forecasts into those of an engine's network.

        Parameters
        ----------
        own : ndarray of shape (n_origins, steps, n_targets[, n_quantiles]), float64
        engine : ForecastEngine
        origins, values, before
            As in `ForecastEngine.forecast_from`.
        quantiles : bool
            Whether `own` are quantiles. A naive forecast moves them.

        Returns
        -------
        ndarray
            Like `own`.
        """
        steps, reader = own.shape[1], self.reader(engine)
        share, naive = (_of_steps(x, steps) for x in (self.share, self.naive))
        known = origins, values, steps, before
        forecast = own
        if share.any():
            share = share[..., None] if quantiles else share
            zero_shot = reader.raw_forecasts(*known, quantiles=quantiles)
            forecast = (1 - share) * own + share * zero_shot
        if not naive.any():
            return forecast
        last, season = naive_forecasts(reader, self.season_length, *known)
        simple = np.where(naive == 1, last, season)
        if not quantiles:
            return np.where(naive > 0, simple, forecast)
        moved = simple - forecast[..., len(QUANTILES) // 2]
        return forecast + np.where(naive > 0, moved, 0.0)[..., None]

    def reader(self, engine: ForecastEngine) -> ForecastEngine:
        """Return an engine that reads the same history by the network of `weights`."""
        if self.weights is None:
            return engine
        module, season = engine.net_.module_, self.season_length
        weight = next(module.parameters())
        architecture = architecture_of_weights(self.weights)
        network = _network(
            self.weights,
            season,
            max(engine.horizon, architecture["horizon"]),
            weight.dtype,
            weight.device,
            module.recurrent.kernel,
        )
        window = architecture["window_length"]
        choices = replace(engine.choices, window_length=window, season_length=season)
        return replace(engine, net_=network, choices=choices, mixture=None)


def naive_forecasts(
    engine: ForecastEngine,
    season_length: int,
    origins: Array,
    values: Array,
    steps: int,
    before: Rows | None = None,
) -> Floats:
    """Repeat the last row, and the last season: (2, n_origins, steps, n_targets).

    Parameters
    ----------
    engine : ForecastEngine
        Whose windows are read.
    season_length : int
        No more than a window counts.
    origins, values, steps, before
        As in `ForecastEngine.forecast_from`.
    """
    season = min(season_length, engine.window_length_)
    rows_before = None if before is None else before.values

    def take(places: Array) -> list[Array]:
        return [windows_before(places, values, rows_before, engine)]

    def forecast(module: ZeroShotNet, windows: torch.Tensor) -> torch.Tensor:
        windows = filled(windows)
        blocks = [LEVELS[name](windows, steps, season)[1] for name in NAIVE]
        return torch.stack(blocks, dim=1)  # (B, 2, steps, k)

    outputs = evaluate_at(engine, np.asarray(origins), take, forecast)
    return engine.relation.to_units(np.moveaxis(outputs, 1, 0))


@dataclass(frozen=True)
class _Network:
    """What an engine needs of a net."""

    module_: ZeroShotNet


@lru_cache(maxsize=32)
def _network(name, season_length, horizon, dtype, device, kernel):
    """Load the network of some weights; many forecasters share it."""
    architecture = Architecture.of(
        **{**architecture_of_weights(name), "horizon": horizon},
        n_series=1,
        n_targets=1,
        season_length=season_length,
        dropout=0.0,
        dtype=dtype,
    )
    with unfilled():
        module = ZeroShotNet(**architecture.arguments, seed=0)
    fill_with(module, name)
    module.recurrent.use_kernel(kernel)
    return _Network(module.to(device).eval())


def _of_steps(values, steps):
    """Return the entries of so many steps; the last one holds for all further ones."""
    return values[np.minimum(np.arange(steps), len(values) - 1)]
