"""The network of an engine: building it, measuring scales, training it on."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from sklearn_gru.data import varies
from sklearn_gru.estimators._settings import architecture_of, training_settings_of
from sklearn_gru.estimators._sklearn_callbacks import task_of
from sklearn_gru.estimators.forecasting.origins import Origins
from sklearn_gru.nets import FORECAST_LOSSES, ForecastNet
from sklearn_gru.training import (
    Net,
    NetOfKnown,
    Scored,
    build_net,
    check_architecture,
    one_thread,
    resolve_device,
    train,
)

if TYPE_CHECKING:
    from sklearn_gru.estimators.forecaster import GRUForecaster
    from sklearn_gru.estimators.forecasting.choices import Choices
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine
    from sklearn_gru.estimators.forecasting.history import Rows
    from sklearn_gru.estimators.forecasting.relation import Relation
    from sklearn_gru.training import SequenceDataset

# On so many windows, of so many numbers in all, are scales measured and the linear path
# solved.
SAMPLED_WINDOWS, SAMPLED_NUMBERS, FEWEST_WINDOWS = 8192, 1 << 24, 256
# A network that corrects a naive forecast needs few epochs, and with many windows not
# even these; one that learns targets of their own, or what other columns do, more.
EPOCHS_TO_CORRECT, STEPS_TO_CORRECT, EPOCHS_TO_LEARN = 20, 6000, 200


def place_of(
    settings: GRUForecaster, net: Net | None = None
) -> tuple[torch.dtype, torch.device]:
    """Return the precision that settings ask for, and the device: theirs or a net's."""
    device = (
        resolve_device(settings.device) if net is None else torch.device(net.device)
    )
    return getattr(torch, settings.dtype), device


def new_net(
    dataset: SequenceDataset,
    relation: Relation,
    choices: Choices,
    settings: GRUForecaster,
    seed: int,
    *,
    device: torch.device,
    one_series: bool = True,
) -> Net:
    """Build an untrained net for a dataset's windows.

    Parameters
    ----------
    dataset : SequenceDataset
        The net's centre, scales and linear path are measured on it.
    relation : Relation
    choices : Choices
    settings : GRUForecaster
    seed : int
    device : torch.device
    one_series : bool, default=True
        Whether all windows are of one series, in the order of time.

    Returns
    -------
    skorch.NeuralNet
    """
    net = build_net(
        ForecastNet,
        FORECAST_LOSSES[settings.loss],
        _architecture(relation, choices, settings),
        training_settings_of(settings),
        device=device,
        seed=seed,
        net_class=NetOfKnown if relation.masked else Net,
    )
    windows, blocks, overlap = _sampled(dataset, settings)
    with one_thread():
        net.module_.fit_scales(windows, blocks, one_series, overlap)
    # Without a centre and a mean there is no level to be held at.
    has_level = relation.standardize or net.module_.center is not None
    if one_series and has_level:
        net.module_.hold_still(torch.from_numpy(relation.constant))
    return net


def _sampled(dataset, settings):
    """Take windows out of a dataset, evenly; tell how many of them overlap."""
    first = dataset.batch(np.zeros(1, dtype=int))
    numbers = first.inputs["window"].numel() + first.targets.numel()
    most = max(FEWEST_WINDOWS, min(SAMPLED_WINDOWS, SAMPLED_NUMBERS // numbers))
    n_samples = min(len(dataset), most)
    positions = np.linspace(0, len(dataset) - 1, n_samples).astype(int)
    sample = dataset.batch(positions)
    rows_apart = settings.stride * len(dataset) / n_samples
    overlap = int(np.ceil((settings.horizon - 1) / rows_apart))
    return sample.inputs["window"], sample.targets, overlap


def copied_net(
    engine: ForecastEngine, settings: GRUForecaster, rows: Rows | None = None
) -> Net:
    """Copy an engine's net for further training.

    Parameters
    ----------
    engine : ForecastEngine
    settings : GRUForecaster
    rows : Rows, default=None
        What it will be trained on; columns that vary there are learned from now on.

    Returns
    -------
    skorch.NeuralNet

    Raises
    ------
    ValueError
        If settings have changed that training can't follow.
    """
    choices = engine.choices
    _require_the_same(choices, engine.relation, settings)
    architecture = _architecture(engine.relation, choices, settings)
    check_architecture(engine.net_, architecture)
    net = copy.deepcopy(engine.net_)
    if rows is not None and net.module_.holds_still:
        varying = varies(engine.relation.learned(rows))
        net.module_.release(torch.from_numpy(np.asarray(varying)))
    return net


def _require_the_same(choices, relation, settings):
    """Raise if settings ask for other things than were chosen, or learned."""
    asked = {**choices.asked_for(settings), "standardize": settings.standardize}
    fitted = {**vars(choices), "standardize": relation.standardize}
    for name, value in asked.items():
        if value not in ("auto", fitted[name]):
            name_given = "target_transform" if name == "transform" else name
            raise ValueError(
                f"Training can't go on with {name_given}={value!r}: the fitted "
                f"forecaster has {name_given}={fitted[name]!r}. Set it back, or fit "
                "anew with warm_start=False."
            )


def train_engine(
    engine: ForecastEngine,
    dataset: SequenceDataset,
    settings: GRUForecaster,
    rows: Rows | None = None,
    *,
    whole: bool,
) -> ForecastEngine:
    """Train the net of an engine that no one has seen yet.

    Parameters
    ----------
    engine : ForecastEngine
    dataset : SequenceDataset
    settings : GRUForecaster
    rows : Rows, default=None
        The rows of the dataset's windows, which callbacks may score.
    whole : bool
        Whether to train `max_epochs` or a single epoch.

    Returns
    -------
    engine : ForecastEngine
    """

    def candidate(net):
        estimator = copy.copy(settings)
        estimator.engine_ = replace(engine, net_=net)
        return estimator

    def rows_of(indices):
        places = np.asarray(indices) + engine.window_length_
        truth = engine.relation.targets_of(rows.at(places))
        if engine.relation.masked:  # which scorers do not take
            known = ~np.isnan(truth).any(axis=1)
            places, truth = places[known], truth[known]
        return Origins(rows, places), engine.relation.in_shape(truth)

    name = type(settings).__name__
    scored = None if rows is None else Scored(candidate, rows_of, name)
    epochs = _n_epochs(engine, dataset, settings) if whole else 1
    task = task_of(settings, lambda net: {"engine_": replace(engine, net_=net)})
    train(engine.net_, dataset, training_settings_of(settings), epochs, scored, task)
    return engine


def _n_epochs(engine, dataset, settings):
    if settings.max_epochs != "auto":
        return settings.max_epochs
    if engine.net_.module_.linear_path is None or engine.relation.n_exogenous:
        return EPOCHS_TO_LEARN
    n_steps = -(-len(dataset) // settings.batch_size)
    return int(np.clip(STEPS_TO_CORRECT // n_steps, 1, EPOCHS_TO_CORRECT))


def _architecture(relation, choices, settings):
    own_columns = relation.affine is not None
    if not own_columns and settings.channels == "independent":
        raise ValueError(
            'channels="independent" forecasts the columns of X, but y has columns '
            'that are no affine images of columns of X. Use channels="joint".'
        )
    return architecture_of(
        settings,
        n_series=len(relation.x_scaler.mean),
        n_targets=relation.n_outputs,
        window_length=choices.window_length,
        horizon=settings.horizon,
        center=settings.center if own_columns else None,
        scale=choices.scale,
        season_length=choices.season_length,
        linear_path=choices.linear_path and own_columns,
        n_estimators=settings.n_estimators,
        segment_length=choices.segment_length,
        independent=settings.channels == "independent",
        n_exogenous=relation.n_exogenous,
        quantiles=settings.loss == "quantile",
        masked=relation.masked,
    )
