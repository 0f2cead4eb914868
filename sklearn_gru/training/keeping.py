"""A net as plain data: what it is built of, and what it has learned.

Plain data are numbers, strings, NumPy arrays and containers of these, so that any
format can keep them. What a user has supplied, such as an optimizer's class, stays what
it is.
"""

import warnings
from functools import partial
from importlib.metadata import version

import numpy as np
import torch
from sklearn.exceptions import InconsistentVersionWarning
from torch.optim import SGD, Adam, AdamW, RMSprop

from sklearn_gru.nets import (
    FORECAST_LOSSES,
    LOSSES,
    CrossEntropy,
    ForecastNet,
    LanguageNet,
    NextSymbol,
    SequenceNet,
    ZeroShotNet,
    sequence_net,
)
from sklearn_gru.training.device import resolve_device

VERSION = version("sklearn-gru")
OPTIMIZERS = {"adam": Adam, "adamw": AdamW, "sgd": SGD, "rmsprop": RMSprop}
MODULES = ForecastNet, LanguageNet, SequenceNet, ZeroShotNet, sequence_net
CRITERIA = CrossEntropy, NextSymbol, *LOSSES.values(), *FORECAST_LOSSES.values()
NAMED = {part.__name__: part for part in (*MODULES, *CRITERIA)} | OPTIMIZERS
NAMES = {part: name for name, part in NAMED.items()}
# What training changes in a module besides its parameters and buffers.
CHANGING = "calls", "center", "training"


class OtherVersionWarning(InconsistentVersionWarning):
    """A model was pickled by another version of this package."""

    def __str__(self):
        return (
            f"{self.estimator_name} was kept by sklearn-gru "
            f"{self.original_sklearn_version}, and this is "
            f"{self.current_sklearn_version}: results may differ. Read it with the "
            "version that kept it, or fit it anew. Files that its method save has "
            "written are read by all later versions."
        )


def warn_of_another_version(original):
    """Warn if a net was pickled by another version of this package than this one."""
    if original != VERSION:
        warning = OtherVersionWarning(
            estimator_name="The network of this model",
            original_sklearn_version=original,
            current_sklearn_version=VERSION,
        )
        warnings.warn(warning, stacklevel=4)


def skorch_arguments(
    net_class, *, module_arguments, optimizer_arguments, rng, **others
):
    """Return the arguments of skorch's net.

    Parameters
    ----------
    net_class : type
    module_arguments, optimizer_arguments : dict
    rng : numpy.random.Generator
        Shuffles the training set.
    **others
        `module`, `criterion`, `optimizer`, `lr`, `batch_size` and `device`, as skorch
        calls them.

    Returns
    -------
    dict
    """
    return {
        **others,
        **{f"module__{name}": value for name, value in module_arguments.items()},
        **{f"optimizer__{name}": value for name, value in optimizer_arguments.items()},
        "iterator_train": net_class.iterator,
        "iterator_train__rng": rng,
        "iterator_valid": net_class.iterator,
        "train_split": _training_and_held_out,
        "verbose": 0,
    }


def _training_and_held_out(dataset, y=None):
    return dataset, dataset.validation


def building_of(net):
    """Describe plainly what a net is built of: a dict for `read_building`."""
    criterion, keywords = net.criterion, {}
    if isinstance(criterion, partial):
        criterion, keywords = criterion.func, criterion.keywords
    arguments = arguments_of(net, "module")
    dtype = str(arguments["dtype"]).removeprefix("torch.")
    return {
        "module": _name(net.module),
        "module_arguments": arguments | {"dtype": dtype},
        "criterion": _name(criterion),
        "criterion_arguments": keywords,
        "optimizer": _name(net.optimizer),
        "optimizer_arguments": arguments_of(net, "optimizer"),
        "lr": net.lr,
        "batch_size": net.batch_size,
        "device": str(net.device),
        "rng": net.iterator_train__rng,
    }


def read_building(building):
    """Return the arguments of `skorch_arguments`, for a device that this machine has.

    Parameters
    ----------
    building : dict
        From `building_of`.
    """
    building = dict(building)
    options = dict(building["optimizer_arguments"])
    if not _is_present(building["device"]):
        building["device"] = "cpu"
        options.pop("capturable", None)
    arguments = dict(building["module_arguments"])
    arguments["dtype"] = getattr(torch, arguments["dtype"])
    criterion = _part(building["criterion"])
    keywords = building.pop("criterion_arguments")
    return building | {
        "module": _part(building["module"]),
        "module_arguments": arguments,
        "criterion": partial(criterion, **keywords) if keywords else criterion,
        "optimizer": _part(building["optimizer"]),
        "optimizer_arguments": options,
    }


def _is_present(device):
    try:
        resolve_device(device)
    except ValueError:
        return False
    return True


def learned_by(net):
    """Describe what a net has learned, and where its random numbers stand."""
    return {
        "weights": as_arrays(net.module_.state_dict()),
        "attributes": {
            name: _changing(part) for name, part in net.module_.named_modules()
        },
        "optimizer": _learned_by_optimizer(net.optimizer_),
        "history": list(net.history),
        "kernel": net.module_.recurrent.kernel,
    }


def fill(net, learned):
    """Give a net that was just built what another one has learned."""
    fill_module(net.module_, learned)
    net.history.extend(learned["history"])
    _fill_optimizer(net.optimizer_, as_tensors(learned["optimizer"]))
    # What predicts is the same for "fused" and "auto", which any machine can run.
    kernel = "torch" if learned["kernel"] == "torch" else "auto"
    net.module_.recurrent.use_kernel(kernel)


def fill_module(module, learned):
    """Give a module the weights, and what else training changes, of `learned_by`."""
    module.load_state_dict(as_tensors(learned["weights"]))
    for name, part in module.named_modules():
        vars(part).update(learned["attributes"][name])


def _learned_by_optimizer(optimizer):
    state = as_arrays(optimizer.state_dict())
    if type(optimizer) not in OPTIMIZERS.values():
        return state
    # All else follows from how it is built, on whatever device.
    groups = state["param_groups"]
    return {"state": state["state"], "rates": [_rates(group) for group in groups]}


def _rates(group):
    names = [name for name in ("lr", "initial_lr") if name in group]
    return {name: float(group[name]) for name in names}


def _fill_optimizer(optimizer, learned):
    if "rates" not in learned:
        optimizer.load_state_dict(learned)
        return
    built = optimizer.state_dict()
    optimizer.load_state_dict({**built, "state": learned["state"]})
    for group, rates in zip(optimizer.param_groups, learned["rates"], strict=True):
        group.update(rates)


def as_arrays(value):
    """Replace tensors in containers by NumPy arrays, which may share their memory."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    return _each(as_arrays, value)


def as_tensors(value):
    """Replace NumPy arrays in containers by tensors, which are copies."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value))
    return _each(as_tensors, value)


def _each(function, value):
    if isinstance(value, dict):
        return {name: function(part) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(function(part) for part in value)
    return value


def arguments_of(net, prefix):
    """Return the arguments that a net has under a prefix, by their own names."""
    prefix = f"{prefix}__"
    return {
        name.removeprefix(prefix): value
        for name, value in vars(net).items()
        if name.startswith(prefix)
    }


def _changing(part):
    return {name: vars(part)[name] for name in CHANGING if name in vars(part)}


def _name(part):
    return NAMES.get(part, part)


def _part(name):
    return NAMED[name] if isinstance(name, str) else name
