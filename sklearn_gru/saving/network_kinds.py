"""Kinds of nets, and of generators of random numbers."""

import re

import numpy as np

from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.nets import CELLS, LEVELS, POOLINGS
from sklearn_gru.nets.initialization import at_most
from sklearn_gru.saving import forms
from sklearn_gru.saving.forms import (
    COUNT,
    FLAG,
    NOTHING,
    NUMBER,
    PLAIN,
    SHARE,
    check_fields,
)
from sklearn_gru.saving.kinds import Kind
from sklearn_gru.training import Net, NetOfKnown, TextNet
from sklearn_gru.training.keeping import (
    CHANGING,
    OPTIMIZERS,
    VERSION,
    building_of,
    learned_by,
)

SIZE = forms.whole(1, 2**31)
SIZES = forms.each(SIZE)
RECURRENT = {
    "units": SIZES,
    "cell": forms.word(*CELLS),
    "activation": forms.word("tanh", "relu"),
    "reset_after": FLAG,
    "dropout": SHARE,
    "dtype": forms.word("float32", "float64"),
    "seed": COUNT,
}
MODULES = {
    "sequence_net": RECURRENT
    | {
        "input_size": SIZE,
        "output_size": SIZE,
        "n_estimators": SIZE,
        "embedding_dim": SIZE | NOTHING,
        "return_sequences": FLAG,
        "bidirectional": FLAG,
        "pooling": forms.each(forms.word(*POOLINGS), most=len(POOLINGS)),
        "segment_length": SIZE,
        "normalized": FLAG,
        "differences": FLAG,
        "conv_filters": SIZES,
        "conv_kernel_size": SIZE,
        "conv_stride": SIZE,
        "time_warp": SHARE,
    },
    "ForecastNet": RECURRENT
    | {
        "n_series": SIZE,
        "n_targets": SIZE,
        "window_length": SIZE,
        "horizon": SIZE,
        "center": forms.word("auto", *LEVELS) | NOTHING,
        "scale": forms.word("series", "window"),
        "season_length": SIZE,
        "linear_path": FLAG,
        "n_estimators": SIZE,
        "segment_length": SIZE,
        "independent": FLAG,
        "n_exogenous": COUNT,
        "quantiles": FLAG,
        "masked": FLAG,
    },
    "ZeroShotNet": RECURRENT
    | {
        "n_series": SIZE,
        "n_targets": SIZE,
        "window_length": SIZE,
        "horizon": SIZE,
        "season_length": SIZE,
        "segment_length": forms.whole(1, 1),
        "n_exogenous": forms.whole(0, 0),
        "masked": FLAG,
    },
    "LanguageNet": RECURRENT
    | {
        "n_symbols": SIZE,
        "n_classes": SIZE,
        "boundary": COUNT,
        "unknown": COUNT,
    },
}
CRITERIA = (
    "AbsoluteError",
    "CrossEntropy",
    "Huber",
    "NextSymbol",
    "Pinball",
    "SquaredError",
)
DEVICE = re.compile(r"(cpu|cuda|mps|xpu)(:\d{1,3})?")
BUILDING = {
    "module": forms.word(*MODULES),
    "module_arguments": forms.of(dict),
    "criterion": forms.word(*CRITERIA),
    "criterion_arguments": forms.of(dict),
    "optimizer": forms.word(*OPTIMIZERS),
    "optimizer_arguments": forms.of(dict),
    "lr": NUMBER,
    "batch_size": SIZE,
    "device": forms.Form(
        "a device", lambda name: type(name) is str and bool(DEVICE.fullmatch(name))
    ),
    "rng": forms.of(np.random.Generator),
}
LEARNED = {
    "weights": forms.of(dict),
    "attributes": forms.of(dict),
    "optimizer": forms.of(dict),
    "history": forms.each(forms.of(dict), list),
    "kernel": forms.word("auto", "fused", "torch"),
}
CHANGED = {
    "calls": forms.whole(0, 2**40),
    "center": forms.word(*LEVELS) | NOTHING,
    "training": FLAG,
}
OPTIMIZER = {"state": forms.of(dict), "rates": forms.each(forms.of(dict), list)}
OPTIONS = {
    "label_smoothing": SHARE,
    "fused": FLAG,
    "capturable": FLAG,
    "weight_decay": NUMBER,
}


def _state(net):
    return {"building": building_of(net), "learned": learned_by(net)}


def _builder(net_class):
    def build(building, learned):
        net = net_class.__new__(net_class)
        with at_most(sum(weight.size for weight in learned["weights"].values())):
            net.__setstate__(
                {"building": building, "learned": learned, "version": VERSION}
            )
        _check_as_built(net, learned)
        return net

    return build


def _check_state(state):
    building, learned = state["building"], state["learned"]
    check_fields("building", building, BUILDING)
    arguments = building["module_arguments"]
    check_fields("module_arguments", arguments, MODULES[building["module"]])
    for name in ("criterion_arguments", "optimizer_arguments"):
        given = building[name]
        check_fields(name, given, {key: OPTIONS.get(key, NOTHING) for key in given})
    check_fields("learned", learned, LEARNED)
    _check_weights(learned["weights"], arguments)
    _check_history(learned["history"])
    _check_optimizer(learned["optimizer"])
    for name, changed in learned["attributes"].items():
        known = {key: form for key, form in CHANGED.items() if key in changed}
        check_fields(str(name), changed, known)


def _check_weights(weights, arguments):
    dtype = np.dtype(arguments["dtype"])
    for name, weight in weights.items():
        right = isinstance(weight, np.ndarray) and weight.dtype == dtype
        if type(name) is not str or not right or not np.isfinite(weight).all():
            raise ModelFileError(f"the weight {name!r} is not finite, or no {dtype}")
    # How often constructors go round, and what they make beside parameters.
    n_numbers = sum(weight.size for weight in weights.values())
    rounds = [
        len(arguments["units"]),
        len(arguments.get("conv_filters", ())),
        arguments.get("n_estimators", 1),
    ]
    sizes = [arguments.get(name, 1) for name in ("n_series", "n_targets", "n_symbols")]
    if max(rounds) > len(weights) or max(sizes) > n_numbers or not min(rounds[0], 1):
        raise ModelFileError("its network is not that of its weights")


def _check_history(history):
    for epoch in history:
        if not PLAIN.holds(epoch) or type(epoch.get("train_loss")) is not float:
            raise ModelFileError("its history has epochs without a loss")


def _check_optimizer(optimizer):
    check_fields("optimizer", optimizer, OPTIMIZER)
    for rates in optimizer["rates"]:
        known = {name: NUMBER for name in ("lr", "initial_lr") if name in rates}
        check_fields("rates", rates, known)


def _check_as_built(net, learned):
    """Raise if what was filled in does not fit what was built."""
    attributes = {
        name: {key for key in CHANGING if key in vars(part)}
        for name, part in net.module_.named_modules()
    }
    if attributes != {name: set(own) for name, own in learned["attributes"].items()}:
        raise ModelFileError("its network is not that of its attributes")
    for weight, state in net.optimizer_.state.items():
        for name, value in state.items():
            if value is not None and value.shape not in ((), weight.shape):
                raise ModelFileError(f"its optimizer's {name} does not fit its weight")


def _generator_state(rng):
    return {"state": rng.bit_generator.state}


def _built_generator(state):
    # The class that `default_rng` makes, whatever the file says.
    bits = np.random.PCG64(0)
    bits.state = state
    return np.random.Generator(bits)


def _random_state(rng):
    return {"state": rng.get_state(legacy=False)}


def _built_random_state(state):
    rng = np.random.RandomState(0)
    rng.set_state(state)
    return rng


NET = {"building": forms.of(dict), "learned": forms.of(dict)}
NETWORK_KINDS = (
    *(
        Kind(cls.__name__, cls, NET, _state, _builder(cls), _check_state)
        for cls in (Net, NetOfKnown, TextNet)
    ),
    Kind(
        "Generator",
        np.random.Generator,
        {"state": forms.of(dict)},
        _generator_state,
        _built_generator,
    ),
    Kind(
        "RandomState",
        np.random.RandomState,
        {"state": forms.of(dict)},
        _random_state,
        _built_random_state,
    ),
)
