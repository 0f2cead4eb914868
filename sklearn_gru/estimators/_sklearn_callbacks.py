"""scikit-learn's callbacks, those of `set_callbacks`: told of a fit and its epochs."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from sklearn_gru.training import Net

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9, estimators have no set_callbacks
    CallbackSupportMixin = object

# What an estimator has only while it is being fitted.
OF_A_FIT = {"_callback_fit_ctx", "_fit_task", "_skl_callbacks_to_teardown"}


class TellsCallbacks(CallbackSupportMixin):
    """An estimator that tells scikit-learn's callbacks of its fits."""

    # A `FitTask`, in a fit with callbacks.
    _fit_task = None

    @contextmanager
    def _telling(
        self, X: object, y: object = None, sample_weight: object = None
    ) -> Iterator[None]:
        """Run a fit; scikit-learn ends the context that callbacks get, whatever comes.

        If a block that restores attributes is inside of this one, it spares the
        context.
        """
        if not hasattr(self, "_skl_callbacks"):
            yield
            return
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._fit_task = FitTask(self, X, y, metadata)
        try:
            yield
        finally:
            del self._fit_task

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in OF_A_FIT}


class FitTask:
    """Tells scikit-learn's callbacks of a fit and of its epochs.

    Parameters
    ----------
    estimator : estimator
        With callbacks.
    X, y
        What it is fitted to.
    metadata : dict or None
        What else its fit was given.
    """

    def __init__(
        self, estimator: Any, X: object, y: object, metadata: dict[str, object] | None
    ) -> None:
        self.given = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.context = estimator._init_callback_context(max_subtasks=None)
        self.attributes_of = None
        self.has_begun = False
        self.epoch = None

    def of_net(self, attributes_of: Callable[[Net], dict[str, Any]]) -> FitTask:
        """Say what a net in training makes of the estimator; return the task itself.

        Parameters
        ----------
        attributes_of : callable
            Maps the net to the fitted attributes of an estimator that predicts with it.
        """
        self.attributes_of = attributes_of
        return self

    def begin(self, n_epochs: int) -> None:
        """Tell of the fit, and of how many epochs it has at most."""
        self.context.max_subtasks = n_epochs
        self.has_begun = True
        self.context.call_on_fit_task_begin(**self.given)

    def begin_epoch(self, net: Net) -> None:
        """Tell of an epoch that begins."""
        self.epoch = self.context.subcontext("epoch")
        self.epoch.call_on_fit_task_begin(
            **self.given, reconstruction_attributes=partial(self._fitted, net)
        )

    def end_epoch(self, net: Net) -> bool:
        """Tell of the end of an epoch; return whether a callback ends training."""
        epoch, self.epoch = self.epoch, None
        return epoch.call_on_fit_task_end(
            **self.given, reconstruction_attributes=partial(self._fitted, net)
        )

    def end(self) -> None:
        """Tell of the end of the fit, when the estimator has its fitted attributes."""
        if not self.has_begun:  # there was nothing to train on
            self.begin(0)
        if self.epoch is not None:  # it was interrupted
            self.epoch.call_on_fit_task_end(**self.given)
        self.context.call_on_fit_task_end(**self.given, reconstruction_attributes={})

    def _fitted(self, net: Net) -> dict[str, Any]:
        # A copy, as callbacks may keep it while training goes on.
        net = copy.deepcopy(net)
        net.module_.eval()
        return self.attributes_of(net)


def task_of(
    estimator: Any, attributes_of: Callable[[Net], dict[str, Any]]
) -> FitTask | None:
    """Return what a net tells of its epochs, or None if no callback wants to know.

    Parameters
    ----------
    estimator : estimator
        In a fit.
    attributes_of : callable
        As in `FitTask.of_net`.
    """
    task = estimator._fit_task
    return None if task is None else task.of_net(attributes_of)
