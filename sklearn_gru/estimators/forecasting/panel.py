"""Forecasting many series that share a network, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.estimators._base import require_finite
from sklearn_gru.estimators.forecasting.origins import (
    evaluate_at,
    feed_back,
    inputs_before,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn_gru._types import Array, Floats
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine


def share_networks(engines: list[ForecastEngine]) -> bool:
    """Tell whether forecasts of engines together save work: few nets forecast alone.

    Parameters
    ----------
    engines : list of ForecastEngine

    Returns
    -------
    bool
    """
    n_nets = len({id(engine.net_) for engine in engines})
    alone = all(engine.mixture is None for engine in engines)
    return alone and (n_nets == 1 or 2 * n_nets <= len(engines))


def forecast_panel(
    engines: list[ForecastEngine],
    origins: Sequence[Array | list[int]],
    steps: int = 1,
    exogenous: list[Array] | None = None,
) -> Floats:
    """Forecast many series from rows of their histories.

    The same as `forecast_from` of each, up to rounding: each series is standardised by
    itself, and the network reads the windows of all.

    Parameters
    ----------
    engines : list of ForecastEngine
        Those that share a network are forecast together. Nothing is mixed in.
    origins : list of array-like of int, each of shape (n_i,)
        How many rows of its history each forecast of a series has seen.
    steps : int, default=1
    exogenous : list of ndarray of shape (n_known_i, n_exogenous), default=None
        What is known of the rows after each history.

    Returns
    -------
    ndarray of shape (sum of n_i, steps, n_targets), float64
        Series after series.

    Raises
    ------
    ValueError
        As in `forecast_from`.
    """
    groups: dict[int, list[int]] = {}
    for i, engine in enumerate(engines):
        groups.setdefault(id(engine.net_), []).append(i)
    parts: list[Floats | None] = [None] * len(engines)
    for members in groups.values():
        forecasts = _forecast_group(
            [engines[i] for i in members],
            [origins[i] for i in members],
            steps,
            exogenous and [exogenous[i] for i in members],
        )
        for i, forecast in zip(members, forecasts, strict=True):
            parts[i] = forecast
    return require_finite(np.concatenate(parts), "The forecast")


def _forecast_group(engines, origins, steps, exogenous):
    """Forecast series that share a network: for each (n_i, steps, n_targets)."""
    engines[0].require_steps(steps)
    owners = np.repeat(np.arange(len(engines)), [len(places) for places in origins])
    counted, origins = origins, np.concatenate(origins).astype(int)

    def take(samples):
        parts = []
        for owner, own in _by_owner(owners[samples], samples):
            engine, ahead = engines[owner], exogenous and exogenous[owner]
            values, known = engine.history.last.values, _known(engine, ahead)
            parts.append(
                inputs_before(origins[own], values, None, known, steps, engine)
            )
        return [np.concatenate(inputs) for inputs in zip(*parts, strict=True)]

    def forecast(module, windows, known=None):
        return feed_back(module, windows, known, steps)

    outputs = evaluate_at(engines[0], np.arange(len(owners)), take, forecast)
    ends = np.cumsum([len(places) for places in counted])[:-1]
    return [
        engine.relation.to_units(part)
        for engine, part in zip(engines, np.split(outputs, ends), strict=True)
    ]


def _by_owner(owners, values):
    """Cut values into those of each owner, who are in order."""
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    parts = np.split(values, starts[1:])
    return zip(owners[starts].tolist(), parts, strict=True)


def _known(engine, ahead):
    """Exogenous rows of the history and after it."""
    exogenous = engine.history.last.exogenous
    if exogenous is None:
        return None
    if ahead is not None:
        exogenous = np.concatenate([exogenous, ahead])
    return exogenous
