"""What a fit is told: of what the network is made, and how it is trained."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import torch

from sklearn_gru.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru._types import Units


@dataclass(frozen=True)
class Architecture:
    """The arguments of a network, all but its seed.

    Parameters
    ----------
    units : tuple of int
    cell, activation : str
    reset_after : bool
    dropout : float
    dtype : torch.dtype
    others : dict
        Arguments that only this kind of network has.
    """

    units: tuple[int, ...]
    cell: str
    activation: str
    reset_after: bool
    dropout: float
    dtype: torch.dtype
    others: dict[str, Any]

    @classmethod
    def of(cls, **arguments: Any) -> Architecture:
        """Make one of all arguments, by name."""
        names = [field.name for field in fields(cls) if field.name != "others"]
        shared = {name: arguments.pop(name) for name in names}
        return cls(**shared, others=arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments by name."""
        shared = dict(vars(self))
        return shared | shared.pop("others")


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; the names are those of the estimators' parameters.

    Parameters
    ----------
    lr : float
    batch_size : int
    optimizer : str or callable
    weight_decay : float
    lr_schedule : {"constant", "cosine", "plateau"}
    gradient_clip : float or None
    early_stopping : bool or "auto"
        Whether to watch what the dataset holds out, if it holds anything out.
    n_iter_no_change : int
    tol : float
    callbacks : list or None
        The user's callbacks.
    kernel : {"auto", "fused", "torch"}
    verbose : int or bool
    checkpoint : Checkpoint, str, path-like or None
        Where the state of a run is kept.
    """

    lr: float
    batch_size: int
    optimizer: str | Callable
    weight_decay: float
    lr_schedule: str
    gradient_clip: float | None
    early_stopping: bool | str
    n_iter_no_change: int
    tol: float
    callbacks: list | None
    kernel: str
    verbose: int | bool
    checkpoint: Checkpoint | str | os.PathLike | None = None


def as_units(units: Units) -> tuple[int, ...]:
    """Read `units` as a tuple with one entry per layer."""
    return tuple(int(width) for width in np.atleast_1d(units))
