"""What all recurrent estimators share. Think twice before adding anything here."""

import copy
import re
from contextlib import contextmanager
from inspect import signature
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.nets import CELLS
from sklearn_gru.training import (
    Net,
    build_net,
    check_architecture,
    is_callback,
    loss_curve,
    ready_to_train,
    resolve_device,
    train,
)

ENOUGH_TO_HOLD_OUT = 500


class BaseRecurrent(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Parameters, training and fitted attributes of a recurrent estimator.

    A subclass gives `_train` a module and a dataset; what is here turns them into
    the fitted attributes, or leaves the estimator as it was if that fails.
    """

    _parameter_constraints = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "cell": [StrOptions(set(CELLS))],
        "activation": [StrOptions({"tanh", "relu"})],
        "reset_after": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_schedule": [StrOptions({"constant", "cosine", "plateau"})],
        "optimizer": [StrOptions({"adam", "adamw", "sgd", "rmsprop"}), callable],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "gradient_clip": [Interval(Real, 0, None, closed="neither"), None],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "standardize": ["boolean"],
        "warm_start": ["boolean"],
        "callbacks": [list, None],
        "device": [str, torch.device],
        "dtype": [StrOptions({"float32", "float64"})],
        "kernel": [StrOptions({"auto", "fused", "torch"})],
        "random_state": ["random_state"],
        "verbose": [Options(Integral, {0, 1, 2}), "boolean"],
    }

    _net_class = Net

    def _validate_params(self):
        super()._validate_params()
        layers = self.units if isinstance(self.units, (tuple, list)) else (self.units,)
        whole = all(isinstance(n, Integral) and n >= 1 for n in layers)
        if not layers or not whole:
            raise InvalidParameterError(
                f"The 'units' parameter of {type(self).__name__} must be an int of at "
                "least 1, or a tuple with one such int per layer. "
                f"Got {self.units!r} instead."
            )
        for i, entry in enumerate(self.callbacks or []):
            if not is_callback(entry):
                raise InvalidParameterError(
                    f"The 'callbacks' parameter of {type(self).__name__} must be a "
                    "list of skorch callbacks (instances or classes), or of tuples "
                    f"(name, callback). Entry {i} is {entry!r} instead."
                )

    @property
    def loss_curve_(self):
        """Training loss of every epoch."""
        check_is_fitted(self)
        return loss_curve(self.net_)

    @property
    def n_iter_(self):
        """Number of epochs trained."""
        return len(self.loss_curve_)

    def _starts_anew(self, continuing):
        """Tell whether a fit forgets what was learned before."""
        return not (self.__sklearn_is_fitted__() and (continuing or self.warm_start))

    def __sklearn_is_fitted__(self):
        return "net_" in vars(self)

    @contextmanager
    def _all_or_nothing(self):
        """Run a fit; undo what it did to the fitted attributes, if it fails."""
        before = dict(vars(self))
        try:
            with ready_to_train():
                yield
        except BaseException:
            for name in set(vars(self)) - set(before):
                delattr(self, name)
            vars(self).update(before)
            raise

    def _train(
        self, module, criterion, dataset, epochs, reset, seed, **module_arguments
    ):
        """Train a new net, or a copy of the one that is there."""
        if reset:
            net = build_net(
                module,
                criterion,
                self,
                device=self._device,
                seed=seed,
                net_class=self._net_class,
                **module_arguments,
            )
            self._prepare(net.module_, dataset)
        else:
            check_architecture(self.net_, self, module_arguments)
            net = copy.deepcopy(self.net_)
        train(net, dataset, self, epochs)
        self.net_ = net

    def _holds_out(self, n_samples):
        """Tell whether a fit on this many samples watches a held-out part of them."""
        if self.early_stopping == "auto":
            return n_samples >= ENOUGH_TO_HOLD_OUT
        return self.early_stopping

    def _prepare(self, module, dataset):
        """Hook: measure on the data what the module needs to know of them."""

    @property
    def _n_features_out(self):
        return self.net_.module_.recurrent.output_size

    @property
    def _torch_dtype(self):
        return getattr(torch, self.dtype)

    def _draw_seed(self):
        return draw_seed(self.random_state)

    def _resolve_device(self):
        self._device = resolve_device(self.device)


def draw_seed(random_state):
    """Draw a seed: without a random_state from the system, never NumPy's."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(2**31 - 1))


def require_finite(values, name):
    """Return `values`, or raise rather than let NaN or infinity out of the house."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} is not finite: X holds NaN, infinity or values far outside the "
            "range of the training data. Check X, or raise dtype to 'float64'."
        )
    return values


def document_parameters(cls):
    """Put the shared parameters' documentation where a docstring asks for it.

    A class that lacks some of them, or documents them itself, gets the others.
    """
    missing = [
        entry
        for entry in re.split(r"(?m)^(?=    \w)", TRAINING_PARAMETERS)[1:]
        if (name := entry.split()[0]) in signature(cls).parameters
        and f"\n    {name} : " not in cls.__doc__
    ]
    cls.__doc__ = cls.__doc__.replace("    {training_parameters}\n", "".join(missing))
    return cls


TRAINING_PARAMETERS = """\
    cell : {"gru", "lstm", "rnn"}, default="gru"
        The recurrent cell.
    activation : {"tanh", "relu"}, default="tanh"
        Activation of the candidate state.
    reset_after : bool, default=True
        Whether GRU's reset gate is applied after the recurrent product, as PyTorch
        and cuDNN do, or before it, as in Cho et al. (2014).
    dropout : float, default=0.0
        Probability of dropping an element of a layer's output during training.
    max_epochs : int, default=100
        Passes over the training data.
    batch_size : int, default=32
        Samples per training step.
    lr : float, default=0.002
        Learning rate, at the start if it changes.
    lr_schedule : {"constant", "cosine", "plateau"}, default="cosine"
        How the learning rate changes from epoch to epoch: not at all, along a half
        cosine down to zero, or divided by ten when the loss stops falling.
    optimizer : {"adam", "adamw", "sgd", "rmsprop"} or class, default="adam"
        The optimizer; a class is called as those in :mod:`torch.optim` are.
    weight_decay : float, default=0.0
        The optimizer's weight decay.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient of a step.
    early_stopping : bool or "auto", default="auto"
        Whether to hold out a part of the training data, stop when its loss no longer
        falls, and keep the weights that were best on it. "auto" does so with 500
        training samples or more. `partial_fit` never holds anything out.
    validation_fraction : float, default=0.1
        The part that `early_stopping` holds out.
    n_iter_no_change : int, default=10
        Epochs without improvement that `early_stopping` waits for.
    tol : float, default=1e-2
        Smallest fall of the held-out loss, as a fraction of it, that counts as an
        improvement.
    standardize : bool, default=True
        Whether to give inputs and outputs zero mean and unit variance inside; results
        come back in the units of the data.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the previous one.
    callbacks : list of skorch callbacks or None, default=None
        Added to the ones that this estimator needs; `net_.callbacks_` holds them all.
    device : str or torch.device, default="auto"
        Where to compute; "auto" takes CUDA if there is any, else the CPU.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the arithmetic.
    kernel : {"auto", "fused", "torch"}, default="auto"
        What runs a GRU on a CPU: loops compiled by numba (the extra `fast`), several
        times faster than PyTorch's, or PyTorch's. "auto" takes the former if numba is
        installed; everything else is PyTorch's. The results agree to rounding.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the shuffling and dropout. The same integer gives
        the same result to the last bit on the same device. None draws a new seed from
        the system. No global random state is read or changed.
    verbose : {0, 1, 2}, default=0
        1 shows a progress bar, 2 a line per epoch.
"""
