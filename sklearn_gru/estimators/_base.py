"""The base of all recurrent estimators. Think twice before adding anything here."""

from __future__ import annotations

import copy
import os
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._html import ShowsItsTraining
from sklearn_gru.estimators._private import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)
from sklearn_gru.estimators._saving import SavesItself
from sklearn_gru.estimators._settings import architecture_of, training_settings_of
from sklearn_gru.estimators._sklearn_callbacks import TellsCallbacks, task_of
from sklearn_gru.nets import CELLS
from sklearn_gru.training import (
    Checkpoint,
    Net,
    Scored,
    build_net,
    check_architecture,
    is_callback,
    kept_seed,
    loss_curve,
    ready_to_train,
    resolve_device,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Self

    from sklearn_gru._types import Array, Auto, CheckpointPlace, RandomState
    from sklearn_gru.training import SequenceDataset, TextDataset

Estimator = TypeVar("Estimator", bound="BaseRecurrent")
Numbers = TypeVar("Numbers", bound="float | Array")

ENOUGH_TO_HOLD_OUT = 500


class BaseRecurrent(
    TellsCallbacks,
    SavesItself,
    ShowsItsTraining,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Parameters, training and fitted attributes of a recurrent estimator.

    A subclass gives `_make_net` a module and `_train` a dataset, which make the fitted
    attributes. If a fit fails, `_fitting` leaves the estimator as it was.
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
        "checkpoint": [str, os.PathLike, Checkpoint, None],
        "device": [str, torch.device],
        "dtype": [StrOptions({"float32", "float64"})],
        "kernel": [StrOptions({"auto", "fused", "torch"})],
        "random_state": ["random_state"],
        "verbose": [Options(Integral, {0, 1, 2}), "boolean"],
    }

    _net_class: type[Net] = Net

    # Fitted attributes.
    net_: Net
    n_features_in_: int
    feature_names_in_: Array

    def _validate_params(self) -> None:
        super()._validate_params()
        layers = self.units if isinstance(self.units, (tuple, list)) else (self.units,)
        whole = all(isinstance(n, Integral) and not n < 1 for n in layers)
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
    def loss_curve_(self) -> list[float]:
        """Training loss of every epoch."""
        check_is_fitted(self)
        return loss_curve(self.net_)

    @property
    def n_iter_(self) -> int:
        """Number of epochs trained."""
        return len(self.loss_curve_)

    def _starts_anew(self, continuing: bool) -> bool:
        """Tell whether a fit forgets what was learned before."""
        return not (self.__sklearn_is_fitted__() and (continuing or self.warm_start))

    def __sklearn_is_fitted__(self) -> bool:
        return "net_" in vars(self)

    @contextmanager
    def _fitting(
        self, X: object, y: object = None, sample_weight: object = None
    ) -> Iterator[None]:
        """Run a fit and tell callbacks of it; if it fails, restore all attributes."""
        with self._telling(X, y, sample_weight), self._all_or_nothing():
            yield
            if self._fit_task is not None:
                self._fit_task.end()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Run a fit; if it fails, restore all attributes."""
        before = dict(vars(self))
        try:
            with ready_to_train():
                yield
        except BaseException:
            for name in set(vars(self)) - set(before):
                delattr(self, name)
            self.__dict__.update(before)
            raise

    def _make_net(
        self,
        module: Callable[..., torch.nn.Module],
        criterion: Callable[..., torch.nn.Module],
        seed: int,
        reset: bool,
        **module_arguments: Any,
    ) -> Net:
        """Build a net or, unless `reset`, copy the fitted one."""
        architecture = architecture_of(self, **module_arguments)
        if not reset:
            check_architecture(self.net_, architecture)
            return copy.deepcopy(self.net_)
        return build_net(
            module,
            criterion,
            architecture,
            training_settings_of(self),
            device=self._device,
            seed=seed,
            net_class=self._net_class,
        )

    def _train(
        self,
        net: Net,
        dataset: SequenceDataset | TextDataset,
        epochs: int,
        rows_of: Callable[[Array], tuple[Any, Any]] | None = None,
    ) -> None:
        """Train a net and keep it; `rows_of` lets callbacks score, see `Scored`."""
        classes = getattr(self, "classes_", None)
        scored = rows_of and Scored(
            self._with_net, rows_of, type(self).__name__, classes
        )
        task = task_of(self, lambda net: {"net_": net})
        train(net, dataset, training_settings_of(self), epochs, scored, task)
        self.net_ = net

    def _with_net(self, net: Net) -> Self:
        """Return an estimator like this one that predicts with another net."""
        twin = copy.copy(self)
        twin.net_ = net
        return twin

    @property
    def _n_features_out(self) -> int:
        return int(self.net_.module_.recurrent.output_size)

    @property
    def _torch_dtype(self) -> torch.dtype:
        dtype: torch.dtype = getattr(torch, self.dtype)
        return dtype

    def _draw_seed(self, continuing: bool) -> int:
        return draw_seed(self.random_state, None if continuing else self.checkpoint)

    def _choose_device(self, reset: bool) -> None:
        """Note the device to train on: unless `reset`, that of the fitted net."""
        device = resolve_device(self.device) if reset else self.net_.device
        self._device_name = str(device)

    @property
    def _device(self) -> torch.device:
        return torch.device(self._device_name)


def validated(estimator: Estimator) -> Estimator:
    """Return an estimator, or raise if a parameter of its is out of its range."""
    estimator._validate_params()
    return estimator


def holds_out(
    early_stopping: bool | Auto, n_samples: int, enough: int = ENOUGH_TO_HOLD_OUT
) -> bool:
    """Tell whether a fit on this many samples watches a held-out part of them."""
    if early_stopping == "auto":
        return n_samples >= enough
    return early_stopping


def draw_seed(random_state: RandomState, checkpoint: CheckpointPlace = None) -> int:
    """Draw a seed from `random_state`; if None, from the operating system.

    What the operating system has given is kept in the folder of a checkpoint, if there
    is one, so that a fit that was killed gets the same seed again.
    """
    if random_state is not None:
        return int(check_random_state(random_state).randint(2**31 - 1))
    if checkpoint is not None:
        return kept_seed(checkpoint, new_seed)
    return new_seed()


def new_seed() -> int:
    """Draw a seed from the operating system."""
    return int(np.random.SeedSequence().generate_state(1)[0] >> 1)


def require_finite(values: Numbers, name: str) -> Numbers:
    """Return `values`; raise if they hold NaN or infinity."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} is not finite: X holds NaN, infinity or values far outside the "
            "range of the training data. Check X, or raise dtype to 'float64'."
        )
    return values
