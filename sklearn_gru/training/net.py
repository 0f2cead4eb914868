"""Building the skorch net and training it."""

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    EpochScoring,
    LoadInitState,
    LRScheduler,
    PrintLog,
)
from skorch.dataset import get_len
from skorch.utils import TeeGenerator, noop

from sklearn_gru.nets.buffers import free_buffers
from sklearn_gru.nets.pooling import mean
from sklearn_gru.training.accelerated import accelerator_device, with_accelerator
from sklearn_gru.training.batches import BatchIterator
from sklearn_gru.training.callbacks import check_callbacks, read_callbacks
from sklearn_gru.training.device import one_thread, ready_to_train
from sklearn_gru.training.graph import StepGraph
from sklearn_gru.training.interruption import SearchInterrupted, is_in_a_search
from sklearn_gru.training.progress import (
    DivergenceGuard,
    ProgressBar,
    StopWhenHeldOutLossRises,
    watched_loss,
)
from sklearn_gru.training.scoring import Scoring

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}
# Optimizers that can update all parameters in one compiled loop.
FUSED = {"adam", "adamw", "sgd"}
# Optimizers whose steps can be recorded as CUDA graphs.
CAPTURABLE = {"adam", "adamw", "rmsprop"}


class StoppedByCallback(KeyboardInterrupt):
    """Replaces a KeyboardInterrupt with which a callback ends training."""


class Net(NeuralNet):
    """A skorch net with sample weights that warns when training is interrupted.

    A subclass may set another `iterator` for its data, `schedule_every` to "batch", so
    that the learning rate changes after every batch, and `carries_state`, if a state
    goes from batch to batch.
    """

    iterator = BatchIterator
    schedule_every = "epoch"
    gradient_clip = None
    users_callbacks = ()
    scoring = None
    step_graph = None
    carries_state = False

    @property
    def _default_callbacks(self):
        # `_callbacks` adds the log if `verbose` asks for it.
        return [
            entry for entry in super()._default_callbacks if entry[0] != "print_log"
        ]

    @property
    def plain_module(self):
        """The module, without what several processes wrap around it."""
        return self.module_

    def notify(self, method_name, **cb_kwargs):
        getattr(self, method_name)(self, **cb_kwargs)
        try:
            self._call_callbacks(method_name, **cb_kwargs)
        except KeyboardInterrupt as interrupt:
            # skorch's early stopping raises what Ctrl-C raises; here they must differ.
            if method_name == "on_epoch_end":
                raise StoppedByCallback from interrupt
            raise
        finally:
            if method_name == "on_epoch_end":
                # Records of all batches would outgrow the data. Those of the epochs
                # stay, and that of the last batch, which skorch reads to name
                # checkpoints.
                del self.history[-1]["batches"][:-1]

    def _call_callbacks(self, event, **details):
        """Call the callbacks that handle an event.

        At the end of an epoch all of them are called, even if one ends training.
        """
        stop = None
        for _, callback in self.callbacks_:
            if not handles(callback, event):
                continue
            try:
                if event == "on_epoch_end" and isinstance(callback, EpochScoring):
                    self.scoring.end_epoch(callback, self)
                else:
                    getattr(callback, event)(self, **details)
            except KeyboardInterrupt as interrupt:
                if event != "on_epoch_end":
                    raise
                stop = interrupt
        if stop is not None:
            raise stop

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Do what skorch does, but record the epoch as one batch, with its mean loss.

        Reading a loss after every batch takes time, and makes a GPU wait. If a user's
        callback handles batches, skorch's own loop runs.
        """
        if iterator is None:
            return
        if any(handles(callback, "on_batch_end") for callback in self.users_callbacks):
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            return
        losses, sizes = [], []
        for batch in iterator:
            self._call_callbacks("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            losses.append(step["loss"])
            sizes.append(self.size_of(batch))
            self._call_callbacks("on_batch_end", batch=batch, training=training, **step)
        sizes = torch.as_tensor(sizes).tolist()
        losses = torch.stack(losses).double().cpu().numpy()
        self.history.new_batch()
        self.history.record_batch(f"{prefix}_loss", np.average(losses, weights=sizes))
        self.history.record_batch(f"{prefix}_batch_size", sum(sizes))
        self.history.record(f"{prefix}_batch_count", len(sizes))

    def size_of(self, batch):
        """Count the terms whose mean is the loss of a batch: an int, or a tensor."""
        return get_len(batch[0])

    def train_step(self, batch, **fit_params):
        loss = self.step_graph(batch) if self.step_graph else None
        if loss is not None:
            return {"loss": loss, "y_pred": None}
        if type(self.optimizer_) not in OPTIMIZERS.values():
            # A user's optimizer may have to evaluate the loss several times in a step.
            return super().train_step(batch, **fit_params)
        self.optimizer_.zero_grad()
        step = self.train_step_single(batch, **fit_params)
        parameters = TeeGenerator(self.get_all_learnable_params())
        self._call_callbacks(
            "on_grad_computed", named_parameters=parameters, batch=batch, training=True
        )
        self.optimizer_.step()
        return step

    def train_step_single(self, batch, **fit_params):
        if not self.module_.training:
            self._set_training(True)
        inputs, targets = batch
        y_pred = self.infer(inputs, **fit_params)
        loss = self.get_loss(y_pred, targets, X=inputs, training=True)
        loss.backward()
        if self.gradient_clip is not None:
            groups = self.optimizer_.param_groups
            parameters = [weight for group in groups for weight in group["params"]]
            _clip(parameters, self.gradient_clip)
        return {"loss": loss.detach(), "y_pred": y_pred.detach()}

    def infer(self, x, **fit_params):
        if isinstance(x, dict):
            x = {name: value for name, value in x.items() if name != "weight"}
        return super().infer(x, **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        extras = X if isinstance(X, dict) else {}
        losses = self._losses(y_pred, y_true, extras)
        stepwise = getattr(self.plain_module, "return_sequences", False)
        if stepwise and "lengths" in extras:
            losses = mean(losses, extras["lengths"])
        if "weight" in extras:
            losses = losses.flatten(1).mean(1) if losses.ndim > 1 else losses  # (B,)
            losses = losses * extras["weight"]
        return losses.mean()

    def _losses(self, y_pred, y_true, extras):
        """Compute the losses of all elements: (B, ...)."""
        if hasattr(self.plain_module, "in_spreads"):
            inputs = {k: v for k, v in extras.items() if k != "weight"}
            y_pred, y_true = self.plain_module.in_spreads(y_pred, y_true, **inputs)
        return self.criterion_(y_pred, y_true)

    def load_params(self, *args, **kwargs):
        """Load what skorch loads, but keep the learning rate of the schedule."""
        rates = [_rates(group) for group in self.optimizer_.param_groups]
        super().load_params(*args, **kwargs)
        for group, rate in zip(self.optimizer_.param_groups, rates, strict=True):
            group.update(rate)

    def __getstate__(self):
        state = super().__getstate__()
        # These two exist only during training, when a checkpoint may pickle the net.
        return {k: v for k, v in state.items() if k not in ("scoring", "step_graph")}

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        try:
            return super().fit_loop(X, y, epochs=epochs, **fit_params)
        except StoppedByCallback:
            return self
        except KeyboardInterrupt:
            if is_in_a_search():
                raise SearchInterrupted from None
            if self.history and "train_loss" not in self.history[-1]:
                self.history.pop()
            warnings.warn(
                f"Training interrupted by user after {len(self.history)} whole epochs; "
                "what was learned so far is kept.",
                ConvergenceWarning,
                stacklevel=2,
            )
            return self


def build_net(
    module, criterion, settings, *, device, seed, net_class=Net, **module_arguments
):
    """Build and initialise the skorch net of an estimator.

    Parameters
    ----------
    module : callable
        Makes a module of `sklearn_gru.nets`.
    criterion : callable
        Makes a loss of `sklearn_gru.nets`.
    settings : estimator
        The estimator, with its training parameters.
    device : torch.device
    seed : int
    net_class : type, default=Net
    **module_arguments
        Arguments of the module.

    Returns
    -------
    Net
    """
    optimizer = settings.optimizer
    options = {"fused": True} if optimizer in FUSED else {}
    if device.type == "cuda" and optimizer in CAPTURABLE:
        options["capturable"] = True
    if settings.weight_decay or optimizer in OPTIMIZERS:
        # The defaults of PyTorch's optimizers differ; a user's class may lack it.
        options["weight_decay"] = settings.weight_decay
    arguments = {**_architecture(settings, module_arguments), "seed": seed}
    net = net_class(
        module=module,
        criterion=criterion,
        optimizer=OPTIMIZERS.get(optimizer, optimizer),
        lr=settings.lr,
        batch_size=settings.batch_size,
        iterator_train=net_class.iterator,
        iterator_train__rng=np.random.default_rng(seed),
        iterator_valid=net_class.iterator,
        train_split=_training_and_held_out,
        verbose=0,
        device=str(device),
        **{f"module__{name}": value for name, value in arguments.items()},
        **{f"optimizer__{name}": value for name, value in options.items()},
    )
    with one_thread():
        return net.initialize()


def check_architecture(net, settings, module_arguments):
    """Raise unless `net` is the one that these settings would build."""
    for name, value in _architecture(settings, module_arguments).items():
        fitted = getattr(net, f"module__{name}")
        if fitted != value:
            raise ValueError(
                f"Training can't go on with {name}={value!r}: the fitted network has "
                f"{name}={fitted!r}. Set it back, or fit anew with warm_start=False."
            )


def _architecture(settings, module_arguments):
    return {
        "units": as_units(settings.units),
        "cell": settings.cell,
        "activation": settings.activation,
        "reset_after": settings.reset_after,
        "dropout": settings.dropout,
        "dtype": getattr(torch, settings.dtype),
        **module_arguments,
    }


def train(net, dataset, settings, epochs, scored=None):
    """Train `net` on `dataset` for `epochs` more epochs.

    Callbacks and learning rate are those that `settings` has now, even if earlier
    epochs had others; a schedule starts anew. `scored` says how callbacks can score;
    without it, callbacks that score are refused.
    """
    net.max_epochs = epochs
    net.lr = settings.lr
    net.batch_size = settings.batch_size
    net.verbose = int(settings.verbose > 1)
    net.module_.recurrent.use_kernel(settings.kernel)
    net.gradient_clip = settings.gradient_clip
    _set_callbacks(net, dataset, settings, epochs, scored)
    for group in net.optimizer_.param_groups:
        group["lr"] = group["initial_lr"] = net.lr
        if group.get("capturable"):
            # A recorded step reads the rate from this tensor.
            group["lr"] = torch.tensor(net.lr, device=net.device)
    net.step_graph = _step_graph(net, settings)
    try:
        with ready_to_train(), with_accelerator(net):
            net.partial_fit(dataset)
    except SearchInterrupted:
        raise KeyboardInterrupt from None
    finally:
        net.scoring = net.step_graph = None
        free_buffers()


def _set_callbacks(net, dataset, settings, epochs, scored):
    entries, net.users_callbacks = read_callbacks(settings.callbacks)
    net.callbacks = _callbacks(net, dataset, settings, epochs) + entries
    net.initialize_callbacks()
    for callback in net.users_callbacks:
        if isinstance(callback, LoadInitState):
            # Only a fit that starts anew loads a state.
            callback.did_load_ = bool(net.history)
    scores = any(isinstance(callback, EpochScoring) for callback in net.users_callbacks)
    if scores and scored is not None:
        net.scoring = Scoring(settings, scored, dataset)
    held_out = dataset.validation is not None
    check_callbacks(net.users_callbacks, settings, held_out, net.scoring)


def _step_graph(net, settings):
    capturable = all(g.get("capturable") for g in net.optimizer_.param_groups)
    steps_are_watched = any(
        handles(callback, event)
        for callback in net.users_callbacks
        for event in ("on_batch_begin", "on_grad_computed", "on_batch_end")
    )
    plain = settings.dropout == 0 and accelerator_device() is None
    repeats = not net.carries_state and all(
        getattr(part, "repeats", True) for part in net.module_.modules()
    )
    if not capturable or not plain or not repeats or steps_are_watched:
        return None
    return StepGraph(net, report=print if settings.verbose else noop)


def handles(callback, event):
    """Tell whether a callback does anything at an event."""
    function = getattr(type(callback), event)
    # At a batch, skorch's scoring only caches outputs, which are not used here.
    return function not in (getattr(Callback, event), EpochScoring.on_batch_end)


def loss_curve(net):
    """List the training loss of every epoch."""
    return [epoch["train_loss"] for epoch in net.history]


def as_units(units):
    """Read `units` as a tuple with one entry per layer."""
    return tuple(int(width) for width in np.atleast_1d(units))


def _callbacks(net, dataset, settings, epochs):
    callbacks = [("divergence", DivergenceGuard())]
    if settings.lr_schedule == "cosine":
        callbacks.append(("lr_schedule", _cosine(net, dataset, epochs)))
    elif settings.lr_schedule == "plateau":
        schedule = LRScheduler("ReduceLROnPlateau", monitor=watched_loss)
        callbacks.append(("lr_schedule", schedule))
    if settings.early_stopping:
        stopping = StopWhenHeldOutLossRises(
            patience=settings.n_iter_no_change,
            threshold=settings.tol,
            load_best=True,
            sink=print if settings.verbose > 1 else noop,
        )
        callbacks.append(("early_stopping", stopping))
    if settings.verbose == 1:
        callbacks.append(("progress", ProgressBar()))
    elif settings.verbose > 1:
        callbacks.append(("print_log", PrintLog()))
    return callbacks


def _cosine(net, dataset, epochs):
    every = net.schedule_every
    on_gpu = torch.device(net.device).type == "cuda"  # where a rate is a tensor
    steps = 1 if every == "epoch" else len(net.get_iterator(dataset, training=True))
    return LRScheduler(
        "CosineAnnealingLR",
        T_max=epochs * steps,
        last_epoch=-1,
        step_every=every,
        event_name="event_lr" if every == "epoch" and not on_gpu else None,
    )


def _training_and_held_out(dataset, y=None):
    return dataset, dataset.validation


def _rates(group):
    return {name: group[name] for name in ("lr", "initial_lr") if name in group}


def _clip(parameters, limit):
    """Do what `clip_grad_norm_` does, without a multiplication by 1 on a CPU."""
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    # Reading the norm would make a GPU wait.
    if norm.is_cuda or not norm <= limit:
        torch.nn.utils.clip_grads_with_norm_(parameters, limit, norm)
