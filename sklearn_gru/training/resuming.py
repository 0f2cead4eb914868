"""The state of a net between two epochs of a run, and a net brought to such a state."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

import numpy as np
import torch
from skorch.callbacks import (
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
)
from skorch.callbacks import ProgressBar as SkorchProgressBar

from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.training.keeping import (
    as_arrays,
    as_tensors,
    fill_module,
    learned_by,
)
from sklearn_gru.training.progress import (
    DivergenceGuard,
    ProgressBar,
    StopWhenHeldOutLossRises,
)

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru.training.net import Net

OF_STOPPING = "misses_", "dynamic_threshold_", "best_epoch_", "best_model_weights_"
# What callbacks remember from epoch to epoch. A subclass may remember more.
REMEMBERED = {
    DivergenceGuard: ("first_loss_",),
    EarlyStopping: OF_STOPPING,
    EpochScoring: ("best_score_",),
    EpochTimer: (),
    PassthroughScoring: ("best_score_",),
    StopWhenHeldOutLossRises: OF_STOPPING,
}
# What only shows how a run goes on. A continued run may show more of it, or less.
SHOWING = PrintLog, ProgressBar, SkorchProgressBar
MAPPINGS = {kind.__name__: kind for kind in (Counter, OrderedDict)}


def state_of(net: Net) -> dict[str, Any]:
    """Return all that the epochs to come depend on: a dict for `restore`."""
    learned = learned_by(net)
    return {
        "weights": learned["weights"],
        "attributes": learned["attributes"],
        "optimizer": as_arrays(net.optimizer_.state_dict()),
        "history": learned["history"],
        "rng": net.iterator_train__rng.bit_generator.state,
        "callbacks": [_remembered(callback) for callback in _remembering(net)],
    }


def restore(net: Net, state: dict[str, Any]) -> None:
    """Bring a net whose training has just begun to a state that it had later.

    Tensors of the network stay the same ones, so that a recorded step finds them.

    Parameters
    ----------
    net : Net
    state : dict
        From `state_of`, and the number of epochs, "epoch".
    """
    fill_module(net.module_, state)
    _restore_optimizer(net.optimizer_, as_tensors(state["optimizer"]))
    net.iterator_train__rng.bit_generator.state = state["rng"]
    net.history[:] = state["history"]
    for callback, remembered in zip(_remembering(net), state["callbacks"], strict=True):
        _remind(callback, remembered)
    for _, callback in net.callbacks_:
        if isinstance(callback, ProgressBar):
            callback.go_on_from(state["epoch"])


def _restore_optimizer(optimizer, state):
    rates = [group["lr"] for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        if isinstance(rate, torch.Tensor):
            group["lr"] = rate.copy_(group["lr"])


def _remembering(net):
    return [one for _, one in net.callbacks_ if type(one) not in SHOWING]


def check_callbacks_can_be_kept(net: Net) -> None:
    """Raise if it is unknown what a callback remembers from epoch to epoch."""
    for callback in _remembering(net):
        if type(callback) is LRScheduler or type(callback) in REMEMBERED:
            continue
        if not all(hasattr(callback, f"{verb}state_dict") for verb in ("", "load_")):
            raise ValueError(
                f"A checkpoint can't keep {callback!r}, of {type(callback)}. Give it "
                "the methods state_dict(), which returns what it remembers from epoch "
                "to epoch, numbers or arrays for instance, as a dict, and "
                "load_state_dict(state), which takes that back; or fit with "
                "checkpoint=None."
            )


def _remembered(callback):
    if type(callback) is LRScheduler:
        schedule = callback.lr_scheduler_.state_dict()
        return {"batch_idx_": callback.batch_idx_, "schedule": schedule}
    if type(callback) in REMEMBERED:
        names = REMEMBERED[type(callback)]
        return {name: getattr(callback, name) for name in names}
    return callback.state_dict()


def _remind(callback, state):
    if type(callback) is LRScheduler:
        callback.batch_idx_ = state["batch_idx_"]
        callback.lr_scheduler_.load_state_dict(state["schedule"])
    elif type(callback) in REMEMBERED:
        vars(callback).update(state)
    else:
        callback.load_state_dict(state)


def plain_parts(value: Any, place: str) -> tuple[str, dict[str, Any]]:
    """Describe what files do not hold by themselves: a name and a dict."""
    if isinstance(value, torch.Tensor):
        return "tensor", {"values": value.detach().cpu().numpy()}
    if type(value) in MAPPINGS.values():
        return type(value).__name__, {"items": dict(value)}
    raise TypeError(f"{place} is {value!r}, of {type(value)}.")


def part_of(name: str, state: dict[str, Any]) -> Any:
    """Make what `plain_parts` has described."""
    if name == "tensor":
        return torch.from_numpy(np.array(state["values"]))
    if name in MAPPINGS:
        return MAPPINGS[name](state["items"])
    raise ModelFileError(f"its text holds the unknown object {name!r}")
