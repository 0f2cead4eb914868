"""Building the skorch net of a module, a loss and an optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.training.keeping import OPTIMIZERS, skorch_arguments
from sklearn_gru.training.net import Net

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from sklearn_gru.training.settings import Architecture, TrainingSettings

# Optimizers that can update all parameters in one compiled loop.
FUSED = {"adam", "adamw", "sgd"}
# Optimizers whose steps can be recorded as CUDA graphs.
CAPTURABLE = {"adam", "adamw", "rmsprop"}


def build_net(
    module: Callable[..., torch.nn.Module],
    criterion: Callable[..., torch.nn.Module],
    architecture: Architecture,
    settings: TrainingSettings,
    *,
    device: torch.device,
    seed: int,
    net_class: type[Net] = Net,
) -> Net:
    """Build and initialise a skorch net.

    Parameters
    ----------
    module : callable
        Makes a module of `sklearn_gru.nets`.
    criterion : callable
        Makes a loss of `sklearn_gru.nets`.
    architecture : Architecture
        The module's arguments.
    settings : TrainingSettings
    device : torch.device
    seed : int
    net_class : type, default=Net

    Returns
    -------
    Net
    """
    arguments = skorch_arguments(
        net_class,
        module=module,
        module_arguments={**architecture.arguments, "seed": seed},
        criterion=criterion,
        optimizer=OPTIMIZERS.get(settings.optimizer, settings.optimizer),
        optimizer_arguments=_options(settings, device),
        lr=settings.lr,
        batch_size=settings.batch_size,
        device=str(device),
        rng=np.random.default_rng(seed),
    )
    return net_class(**arguments).built()


def check_architecture(net: Net, architecture: Architecture) -> None:
    """Raise unless `net` is made of what would be built now."""
    for name, value in architecture.arguments.items():
        fitted = getattr(net, f"module__{name}")
        if fitted != value:
            raise ValueError(
                f"Training can't go on with {name}={value!r}: the fitted network has "
                f"{name}={fitted!r}. Set it back, or fit anew with warm_start=False."
            )


def is_own(optimizer):
    """Tell whether an optimizer is one of `OPTIMIZERS`, and no user's class."""
    return type(optimizer) in OPTIMIZERS.values()


def _options(settings, device):
    """Arguments of the optimizer."""
    optimizer = settings.optimizer
    options = {"fused": True} if optimizer in FUSED else {}
    if device.type == "cuda" and optimizer in CAPTURABLE:
        options["capturable"] = True
    if settings.weight_decay or optimizer in OPTIMIZERS:
        # The defaults of PyTorch's optimizers differ; a user's class may lack it.
        options["weight_decay"] = settings.weight_decay
    return options
