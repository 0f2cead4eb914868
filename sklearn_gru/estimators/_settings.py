"""What `training` is told of an estimator, whose parameters apply."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import torch

from sklearn_gru.training import Architecture, TrainingSettings, as_units

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru.estimators._base import BaseRecurrent


def architecture_of(estimator: BaseRecurrent, **others: Any) -> Architecture:
    """Return the arguments of an estimator's network.

    Parameters
    ----------
    estimator : estimator
    **others
        Arguments that only this kind of network has.

    Returns
    -------
    Architecture
    """
    return Architecture(
        units=as_units(estimator.units),
        cell=estimator.cell,
        activation=estimator.activation,
        reset_after=estimator.reset_after,
        dropout=estimator.dropout,
        dtype=getattr(torch, estimator.dtype),
        others=others,
    )


def training_settings_of(estimator: BaseRecurrent) -> TrainingSettings:
    """Return how an estimator's network is trained: a `TrainingSettings`."""
    names = [field.name for field in fields(TrainingSettings)]
    return TrainingSettings(**{name: getattr(estimator, name) for name in names})
