"""Forecasting from origins: gathering windows, and feeding forecasts back.

An *origin* is the number of rows that a forecast has seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from sklearn_gru.estimators.forecasting.history import Rows
from sklearn_gru.estimators.forecasting.missing import with_last_known
from sklearn_gru.training import evaluate_in_blocks, for_inference, gather

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Floats
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine
    from sklearn_gru.nets import ForecastNet


@dataclass(frozen=True)
class Origins:
    """Places in a series, each to be forecast from the rows before it.

    Scorers hand it to `predict` in the place of X.
    """

    rows: Rows
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.places)


def evaluate_at(
    engine: ForecastEngine,
    origins: Array,
    take: Callable[[Array], list[Array]],
    function: Callable[..., torch.Tensor],
) -> Array:
    """Apply the network to the windows before origins.

    Parameters
    ----------
    engine : ForecastEngine
    origins : ndarray of int, shape (n_origins,)
    take : callable
        Maps origins to the network's inputs, arrays whose first axis is theirs.
    function : callable
        Maps the module and its inputs, as tensors, to a tensor.

    Returns
    -------
    ndarray of shape (n_origins, ...)
    """
    module, device, dtype = for_inference(engine.net_.module_)

    def tensors(indices: Array) -> list[torch.Tensor]:
        return [
            torch.from_numpy(values).to(device, dtype)
            for values in take(origins[indices])
        ]

    def apply(*inputs: torch.Tensor) -> torch.Tensor:
        return function(module, *inputs)

    blocks = evaluate_in_blocks(apply, len(origins), tensors, _n_steps(engine, origins))
    return np.concatenate(blocks)


def _n_steps(engine, origins):
    """Count the steps that a network takes for each origin, if they are many."""
    if not engine.is_ready:
        return None
    n_steps = engine.window_length_ * len(engine.relation.x_scaler.mean)
    return np.full(len(origins), n_steps)


def windows_before(
    origins: Array, values: ArrayLike, before: Array | None, engine: ForecastEngine
) -> Floats:
    """Gather the standardised windows before each origin.

    Rows before the first one known repeat it; for a network that came trained they are
    NaN. Missing values are NaN, but the last known value ends a window without any.

    Parameters
    ----------
    origins : ndarray of int, shape (n_origins,)
    values : array-like of shape (n_rows, n_columns)
    before : ndarray of shape (n_before, n_columns) or None
        The rows right before `values`.
    engine : ForecastEngine

    Returns
    -------
    ndarray of shape (n_origins, window_length, n_columns)
    """
    rows = origins[:, None] + np.arange(-engine.window_length_, 0)
    windows = gather(np.asarray(values), np.maximum(rows, 0)).astype(np.float64)
    early = rows < 0
    if before is not None and early.any():
        windows[early] = before[np.maximum(rows[early], -len(before))]
        early = rows < -len(before)
    if engine.is_ready:
        windows[early] = np.nan  # its network reads windows of any length
    if engine.relation.masked:
        windows = with_last_known(windows, origins, values, before)
    z = engine.relation.x_scaler.transform(windows)
    if before is None:
        z[origins == 0] = 0.0  # nothing is known but the training mean
    return z


def inputs_before(
    origins: Array,
    values: ArrayLike,
    before: Rows | None,
    exogenous: Array | None,
    steps: int,
    engine: ForecastEngine,
) -> list[Array]:
    """Gather the network's inputs for forecasts from origins, as a list of arrays.

    Parameters
    ----------
    origins, values, engine
        As in `windows_before`.
    before : Rows or None
        The rows right before `values`.
    exogenous : ndarray of shape (n_known, n_exogenous) or None
        As in `known_beside`.
    steps : int
    """
    rows_before = None if before is None else before.values
    inputs = [windows_before(origins, values, rows_before, engine)]
    if exogenous is not None:
        known_before = None if before is None else before.exogenous
        inputs.append(known_beside(origins, exogenous, known_before, steps, engine))
    return inputs


def known_beside(
    origins: Array,
    known: Array,
    before: Array | None,
    steps: int,
    engine: ForecastEngine,
) -> Floats:
    """Gather what is known beside the windows and of the rows after them.

    Rows before the first one repeat it, and rows behind the last one repeat that.

    Parameters
    ----------
    origins : ndarray of int, shape (n_origins,)
    known : ndarray of shape (n_rows, n_exogenous)
    before : ndarray of shape (n_before, n_exogenous) or None
        The rows right before `known`.
    steps : int
    engine : ForecastEngine

    Returns
    -------
    ndarray of shape (n_origins, window_length - 1 + n_ahead, n_exogenous)
        Standardised. `n_ahead` is the length of whole blocks for that many steps.
    """
    n_ahead = -(-steps // engine.horizon) * engine.horizon
    rows = origins[:, None] + np.arange(1 - engine.window_length_, n_ahead)
    beside = gather(np.asarray(known), np.clip(rows, 0, len(known) - 1))
    beside = beside.astype(np.float64)
    early = rows < 0
    if before is not None and early.any():
        beside[early] = before[np.maximum(rows[early], -len(before))]
    return engine.relation.exogenous_scaler.transform(beside)


def feed_back(
    module: ForecastNet,
    windows: torch.Tensor,
    known: torch.Tensor | None,
    steps: int,
    quantiles: bool = False,
) -> torch.Tensor:
    """Forecast block by block, each from a window that ends with the last block.

    With `quantiles`, those of each block are returned, (B, steps, k, n_quantiles); what
    is fed back are medians.
    """
    length, horizon = windows.shape[1], module.horizon
    blocks = []
    for done in range(0, steps, horizon):
        if done:
            last = module.point(blocks[-1])
            windows = torch.cat([windows, last], dim=1)[:, -length:]
        if known is None:
            blocks.append(module(windows))  # (B, horizon, k), perhaps of quantiles
        else:
            ahead = known[:, done : done + length - 1 + horizon]
            blocks.append(module(windows, ahead))
    forecast = torch.cat(blocks, dim=1)[:, :steps]
    return forecast if quantiles else module.point(forecast)
