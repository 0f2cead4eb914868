"""Cutting a series into windows for training, and splitting them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data import memory_map_of
from sklearn_gru.estimators._base import holds_out
from sklearn_gru.estimators.forecasting.history import end_to_end
from sklearn_gru.estimators.forecasting.missing import (
    for_training,
    with_known_targets,
)
from sklearn_gru.training import SequenceDataset, dense

if TYPE_CHECKING:
    import torch

    from sklearn_gru.estimators.forecaster import GRUForecaster
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine
    from sklearn_gru.estimators.forecasting.history import Rows
    from sklearn_gru.estimators.forecasting.relation import Relation


def require_rows(
    n_rows: int,
    window_length: int,
    horizon: int,
    name: str = "The series",
    note: str = "",
) -> None:
    """Raise unless a window and its targets fit into `n_rows` rows."""
    needed = window_length + horizon
    if n_rows < needed:
        raise ValueError(
            f"{name} has {n_rows} rows{note}, but window_length={window_length} and "
            f"horizon={horizon} need at least {needed}: give a longer series, or a "
            f"shorter {'horizon' if horizon > window_length else 'window'}."
        )


def with_windows(rows: Rows, start: int, engine: ForecastEngine) -> Rows:
    """Put those rows in front that the windows of rows reach back to.

    Blocks of targets may begin before the rows, but not among calibration rows.

    Parameters
    ----------
    rows : Rows
    start : int
        Their place in the engine's series.
    engine : ForecastEngine

    Returns
    -------
    Rows
    """
    before, window = engine.history.before(start), engine.window_length_
    enough = len(rows) >= window + engine.horizon
    if before is None or (enough and memory_map_of(rows.values) is not None):
        return rows  # to join rows to a file would copy it
    n_before, calibration = window + engine.horizon - 1, engine.calibration
    if calibration is not None and start >= calibration.end:
        n_before = min(n_before, window + start - calibration.end)
    return end_to_end([before.part(-n_before), rows])


def reaches_behind_calibration(rows: Rows, engine: ForecastEngine) -> bool:
    """Tell whether a block of targets fits behind the calibration rows, or warn."""
    if engine.calibration is None:
        return True
    n_behind = engine.history.n_rows - engine.calibration.end + len(rows)
    if n_behind < engine.horizon:
        warnings.warn(
            f"{n_behind} rows are known behind the calibration rows, and training "
            f"takes horizon={engine.horizon}: they become history now, and are learned "
            "together with the rows to come.",
            stacklevel=6,
        )
    return n_behind >= engine.horizon


def split_windows(n_windows, stride=1, horizon=1, validation_fraction=None):
    """Split the windows of a series into training and held-out ones, the latest.

    A training window's targets end before the first held-out target.

    Parameters
    ----------
    n_windows : int
    stride : int, default=1
        Rows from one window to the next.
    horizon : int, default=1
        Rows that are the targets of a window.
    validation_fraction : float, default=None
        Share of the windows that is held out; None holds nothing out.

    Returns
    -------
    training, held_out : range
        Rows at which windows begin.

    Examples
    --------
    >>> split_windows(10, validation_fraction=0.2)
    (range(0, 8), range(8, 10))
    >>> split_windows(10, horizon=3, validation_fraction=0.2)
    (range(0, 6), range(8, 10))
    """
    starts = range(0, n_windows, stride)
    if validation_fraction is None:
        return starts, range(0)
    first = n_windows - max(1, round(n_windows * validation_fraction))
    training = range(0, first - horizon + 1, stride)
    return training, starts[-(-first // stride) :]


def series_dataset(
    rows: Rows,
    relation: Relation,
    window_length: int,
    settings: GRUForecaster,
    place: tuple[torch.dtype, torch.device],
    hold_out: bool,
) -> SequenceDataset:
    """Make the dataset of a series' windows, the held-out ones beside it.

    Windows whose targets are all missing are left out.

    Parameters
    ----------
    rows : Rows
    relation : Relation
        Standardises them.
    window_length : int
    settings : GRUForecaster
        Whose parameters apply.
    place : (torch.dtype, torch.device)
    hold_out : bool
        Whether `early_stopping` may hold windows out.

    Returns
    -------
    SequenceDataset
    """
    horizon, stride = settings.horizon, settings.stride
    n_windows = len(rows) - window_length - horizon + 1
    share = held_out_share(settings, -(-n_windows // stride)) if hold_out else None
    training, held_out = split_windows(n_windows, stride, horizon, share)
    if relation.masked:
        rows = for_training(rows, relation, window_length)
        training, held_out = (
            with_known_targets(part, rows.targets, window_length, horizon)
            for part in (training, held_out)
        )
    sources = _sources(rows, relation, window_length, horizon, place)
    if share is None:
        return SequenceDataset(*sources, training)
    if not len(training) or not len(held_out):
        raise ValueError(
            f"Early stopping leaves {len(training)} windows for training and "
            f"{len(held_out)} for validation of {n_windows}; give a longer series, "
            "or set early_stopping=False."
        )
    validation = SequenceDataset(*sources, held_out)
    return SequenceDataset(*sources, training, validation=validation)


def from_all_over(n_series):
    """Order series so that any stretch of them comes from all over a panel.

    Panels are often sorted, by kind or by level.

    Parameters
    ----------
    n_series : int

    Returns
    -------
    ndarray of int, shape (n_series,)

    Examples
    --------
    >>> from_all_over(10)
    array([0, 5, 2, 7, 4, 9, 1, 6, 3, 8])
    """
    golden = (np.sqrt(5) - 1) / 2
    return np.argsort(np.arange(n_series) * golden % 1)


def panel_dataset(
    panel: list[Rows],
    relations: list[Relation],
    window_length: int,
    settings: GRUForecaster,
    place: tuple[torch.dtype, torch.device],
    hold_out: bool,
) -> SequenceDataset:
    """Make the dataset of the windows of several series; none spans two.

    The last windows, on which the centre and the penalty of the linear path are chosen,
    are those of series from all over the panel.

    Parameters
    ----------
    panel : list of Rows
    relations : list of Relation
        One for each series, which is standardised by it.
    window_length, settings, place, hold_out
        As in `series_dataset`.

    Returns
    -------
    SequenceDataset
    """
    horizon, stride = settings.horizon, settings.stride
    order = from_all_over(len(panel))
    panel, relations = [panel[i] for i in order], [relations[i] for i in order]
    n_windows = [len(rows) - window_length - horizon + 1 for rows in panel]
    share = held_out_share(settings, sum(n_windows) // stride) if hold_out else None
    starts = np.cumsum([0, *map(len, panel)])[:-1]
    training, held_out = [], []
    for start, n in zip(starts, n_windows, strict=True):
        parts = split_windows(n, stride, horizon, share)
        if not parts[0]:  # too short to be split
            parts = split_windows(n, stride, horizon)
        training.append(start + np.asarray(parts[0], dtype=int))
        held_out.append(start + np.asarray(parts[1], dtype=int))
    training, held_out = np.concatenate(training), np.concatenate(held_out)
    rows = _end_to_end(panel, relations, window_length)
    if relations[0].masked:
        training, held_out = (
            with_known_targets(part, rows.targets, window_length, horizon)
            for part in (training, held_out)
        )
    sources = _sources(rows, relations[0].unscaled(), window_length, horizon, place)
    validation = SequenceDataset(*sources, held_out) if len(held_out) else None
    return SequenceDataset(*sources, training, validation=validation)


def _end_to_end(panel, relations, window_length):
    """Standardise each series by itself, and join them."""
    parts = []
    for rows, relation in zip(panel, relations, strict=True):
        if relation.masked:
            rows = for_training(rows, relation, window_length)
        parts.append(relation.standardized(rows))
    return end_to_end(parts)


def held_out_share(settings, n_samples):
    """Return the share of the samples that `early_stopping` holds out, or None."""
    if holds_out(settings.early_stopping, n_samples):
        return settings.validation_fraction
    return None


def _sources(rows, relation, window_length, horizon, place):
    """Sources of all windows, and of the rows that follow each."""
    series = dense(rows.values, relation.x_scaler, *place)
    windows = series.windows(window_length)
    if rows.targets is not None:
        series = dense(rows.targets, relation.output_scaler, *place)
    blocks = series.windows(horizon, start=window_length)
    if rows.exogenous is None:
        return {"window": windows}, blocks
    known = dense(rows.exogenous, relation.exogenous_scaler, *place)
    known = known.windows(window_length - 1 + horizon, start=1)
    return {"window": windows, "exogenous": known}, blocks
