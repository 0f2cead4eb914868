"""The skorch net: the loop over epochs and batches, and the history."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochScoring

from sklearn_gru.nets.initialization import unfilled
from sklearn_gru.nets.pooling import mean
from sklearn_gru.training.batches import BatchIterator
from sklearn_gru.training.checkpoint import RunFile
from sklearn_gru.training.device import one_thread, ready_to_train
from sklearn_gru.training.interruption import FitInterrupted, is_in_a_search
from sklearn_gru.training.keeping import (
    VERSION,
    arguments_of,
    building_of,
    fill,
    learned_by,
    read_building,
    skorch_arguments,
    warn_of_another_version,
)
from sklearn_gru.training.scoring import Scoring
from sklearn_gru.training.steps import EagerStep


class StoppedByCallback(KeyboardInterrupt):
    """Replaces a KeyboardInterrupt with which a callback ends training."""


@dataclass(frozen=True)
class Run:
    """What a net has while it is being trained.

    Parameters
    ----------
    step : EagerStep
        What is done with a batch.
    records : {EveryBatch, WholeEpoch}
        What the history keeps of the batches.
    scoring : Scoring or None
        What calls the callbacks that score.
    file : RunFile or None
        What keeps the state after an epoch.
    task : FitTask or None
        What is told of the epochs, and may end training.
    """

    step: EagerStep
    records: type
    scoring: Scoring | None = None
    file: RunFile | None = None
    task: object | None = None


class Net(NeuralNet):
    """A skorch net that says what the loss of a batch is, and warns of interruptions.

    A subclass may set another `iterator` for its data, `schedule_every` to "batch", so
    that the learning rate changes after every batch, and `carries_state`, if a state
    goes from batch to batch. It may replace `predictions`, `mean_loss` and `size_of`.
    """

    iterator = BatchIterator
    schedule_every = "epoch"
    carries_state = False
    # What runs the recurrent layers: "auto", "fused" or "torch".
    kernel = "auto"
    # A `Run`, in training.
    run = None

    @property
    def _default_callbacks(self):
        # `train` adds the log if `verbose` asks for it.
        return [
            entry for entry in super()._default_callbacks if entry[0] != "print_log"
        ]

    def loss_of(self, batch, module):
        """Compute the loss of a batch, and the predictions it is made of."""
        y_pred = self.predictions(batch, module)
        return self.mean_loss(y_pred, batch), y_pred

    def predictions(self, batch, module):
        """Apply `module_`, or what Accelerate has wrapped around it, to a batch."""
        return module(**batch.arguments)

    def mean_loss(self, y_pred, batch):
        """Average the weighted losses of samples, each a mean over its own steps."""
        losses = self._losses(y_pred, batch.targets, batch)
        if batch.lengths is not None and self.module_.return_sequences:
            losses = mean(losses, batch.lengths)
        if batch.weight is not None:
            losses = losses.flatten(1).mean(1) if losses.ndim > 1 else losses  # (B,)
            losses = losses * batch.weight
        return losses.mean()

    def _losses(self, y_pred, y_true, batch):
        """Compute the losses of all elements: (B, ...)."""
        if hasattr(self.module_, "in_spreads"):
            y_pred, y_true = self.module_.in_spreads(y_pred, y_true, **batch.inputs)
        return self.criterion_(y_pred, y_true)

    def size_of(self, batch):
        """Count the terms whose mean is the loss of a batch: an int, or a tensor."""
        return len(batch.targets)

    def get_iterator(self, dataset, training=False):
        batches = super().get_iterator(dataset, training=training)
        return self.run.step.share_of(batches) if self.run and training else batches

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Go through the batches of an epoch, or of what is held out.

        The step is that of the run, in the place of skorch's `step_fn`.
        """
        if iterator is None:
            return
        take = self.run.step if training else self.run.step.held_out
        records = self.run.records(self.history, prefix)
        for batch in iterator:
            records.begin_batch()
            self.tell("on_batch_begin", batch, training)
            step = take(batch)
            records.end_batch(step["loss"], self.size_of(batch))
            self.tell("on_batch_end", batch, training, **step)
        records.end()

    def tell(self, event, batch, training, **details):
        """Tell of an event those callbacks that do anything at it."""
        for _, callback in self.callbacks_:
            if handles(callback, event):
                pair = batch.as_pair()
                getattr(callback, event)(self, batch=pair, training=training, **details)

    def notify(self, method_name, **cb_kwargs):
        if method_name == "on_epoch_begin" and self.run.task is not None:
            self.run.task.begin_epoch(self)
        if method_name != "on_epoch_end":
            super().notify(method_name, **cb_kwargs)
            return
        try:
            self._end_epoch(**cb_kwargs)
        finally:
            # Records of all batches would outgrow the data. Those of the epochs stay,
            # and that of the last batch, which skorch reads to name checkpoints.
            del self.history[-1]["batches"][:-1]
        if self.run.file is not None:
            self.run.file.end_epoch(self)

    def _end_epoch(self, **datasets):
        """Call all callbacks, and tell of the epoch, even if one ends training."""
        stop, task = None, self.run.task
        for _, callback in self.callbacks_:
            try:
                if isinstance(callback, EpochScoring):
                    self.run.scoring.end_epoch(callback, self)
                else:
                    callback.on_epoch_end(self, **datasets)
            except KeyboardInterrupt as interrupt:
                stop = interrupt
        is_stopped_by_task = task is not None and task.end_epoch(self)
        if stop is not None or is_stopped_by_task:
            # skorch's early stopping raises what Ctrl-C raises; here they must differ.
            raise StoppedByCallback from stop

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        file, task = self.run.file, self.run.task
        epochs = self.max_epochs - self._resumed(file)
        try:
            if task is not None:
                task.begin(epochs)
            super().fit_loop(X, y, epochs=epochs, **fit_params)
        except StoppedByCallback:
            pass
        except KeyboardInterrupt:
            if is_in_a_search():
                raise FitInterrupted from None
            if self.history and "train_loss" not in self.history[-1]:
                self.history.pop()
            warnings.warn(
                f"Training interrupted by user after {len(self.history)} whole epochs; "
                "what was learned so far is kept.",
                ConvergenceWarning,
                stacklevel=2,
            )
            return self
        if file is not None:
            file.is_finished = True
        return self

    def _resumed(self, file):
        """Go back to where a file has this run; return the epochs that are done."""
        try:
            return 0 if file is None else file.restore(self)
        except KeyboardInterrupt:
            # A net that was half restored must not be kept.
            raise FitInterrupted from None

    def load_params(self, *args, **kwargs):
        """Load what skorch loads, but keep the learning rate of the schedule."""
        rates = [_rates(group) for group in self.optimizer_.param_groups]
        super().load_params(*args, **kwargs)
        for group, rate in zip(self.optimizer_.param_groups, rates, strict=True):
            group.update(rate)

    def built(self):
        """Initialise module, loss and optimizer; return the net itself."""
        with one_thread():
            return self.initialize()

    @property
    def arguments(self):
        """The arguments of its network."""
        return arguments_of(self, "module")

    def __getstate__(self):
        # Callbacks are not part of it: every training begins with those it is given.
        return {
            "building": building_of(self),
            "learned": learned_by(self),
            "version": VERSION,
        }

    def __setstate__(self, state):
        warn_of_another_version(state["version"])
        with ready_to_train(), unfilled():
            building = read_building(state["building"])
            self.__init__(**skorch_arguments(type(self), **building))
            fill(self.built(), state["learned"])


def handles(callback, event):
    """Tell whether a callback does anything at an event."""
    function = getattr(type(callback), event)
    # At a batch, skorch's scoring only caches outputs, which are not used here.
    return function not in (getattr(Callback, event), EpochScoring.on_batch_end)


def loss_curve(net: Net) -> list[float]:
    """List the training loss of every epoch."""
    return [epoch["train_loss"] for epoch in net.history]


def _rates(group):
    return {name: group[name] for name in ("lr", "initial_lr") if name in group}
