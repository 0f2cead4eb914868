"""Training a net: its callbacks, its kind of step, and the run itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from skorch.callbacks import EpochScoring, LoadInitState, LRScheduler, PrintLog
from skorch.utils import noop

from sklearn_gru.nets.buffers import free_buffers
from sklearn_gru.training.accelerated import AcceleratedStep, current_accelerator
from sklearn_gru.training.building import is_own
from sklearn_gru.training.callbacks import check_callbacks, read_callbacks
from sklearn_gru.training.checkpoint import run_file
from sklearn_gru.training.device import ready_to_train
from sklearn_gru.training.graph import RecordedStep
from sklearn_gru.training.interruption import FitInterrupted
from sklearn_gru.training.net import Run, handles
from sklearn_gru.training.progress import (
    DivergenceGuard,
    ProgressBar,
    StopWhenHeldOutLossRises,
    watched_loss,
)
from sklearn_gru.training.records import EveryBatch, WholeEpoch
from sklearn_gru.training.scoring import Scoring
from sklearn_gru.training.steps import ClosureStep, EagerStep

if TYPE_CHECKING:
    from sklearn_gru.training.batches import SequenceDataset
    from sklearn_gru.training.net import Net
    from sklearn_gru.training.scoring import Scored
    from sklearn_gru.training.settings import TrainingSettings
    from sklearn_gru.training.text import TextDataset


def train(
    net: Net,
    dataset: SequenceDataset | TextDataset,
    settings: TrainingSettings,
    epochs: int,
    scored: Scored | None = None,
    task: object = None,
) -> None:
    """Train `net` for `epochs` more epochs.

    With a checkpoint, a run of more than one epoch that was broken off is continued.
    Callbacks and learning rate are those that `settings` has now, even if earlier
    epochs had others; a schedule starts anew.

    Parameters
    ----------
    net : Net
    dataset : SequenceDataset or TextDataset
    settings : TrainingSettings
    epochs : int
    scored : Scored, default=None
        How callbacks can score; without it, callbacks that score are refused.
    task : FitTask, default=None
        What is told of the epochs, and may end training.
    """
    net.max_epochs = epochs
    net.lr = settings.lr
    net.batch_size = settings.batch_size
    net.verbose = int(settings.verbose > 1)
    net.module_.recurrent.use_kernel(settings.kernel)
    entries, callbacks = read_callbacks(settings.callbacks)
    net.callbacks = _own_callbacks(net, dataset, settings, epochs) + entries
    net.initialize_callbacks()
    scoring = _scoring(callbacks, scored, dataset)
    check_callbacks(callbacks, settings, dataset.validation is not None, scoring)
    _start_anew(net, callbacks)
    try:
        with (
            ready_to_train(),
            run_file(net, dataset, settings, epochs, callbacks, scoring) as file,
        ):
            step = choose_step(net, settings, callbacks)
            net.run = Run(step, _records(callbacks), scoring, file, task)
            net.partial_fit(dataset)
            step.finish()
    except FitInterrupted:
        raise KeyboardInterrupt from None
    finally:
        net.run = None
        free_buffers()


def held_out_loss(net: Net, dataset: SequenceDataset) -> float | None:
    """Measure the loss of a net on what is held out of a dataset; None if nothing is.

    Parameters
    ----------
    net : Net
    dataset : SequenceDataset
    """
    if dataset.validation is None:
        return None
    step, total, count = EagerStep(net, None), 0.0, 0.0
    with ready_to_train():
        for batch in net.get_iterator(dataset.validation):
            size = float(net.size_of(batch))
            total += size * float(step.held_out(batch)["loss"])
            count += size
    return total / count


def choose_step(net, settings, callbacks):
    """Make the step of a training.

    Parameters
    ----------
    net : Net
    settings : TrainingSettings
    callbacks : list of Callback
        The user's.
    """
    accelerator = current_accelerator()
    if accelerator is not None:
        return AcceleratedStep(net, settings.gradient_clip, accelerator)
    if not is_own(net.optimizer_):
        return ClosureStep(net, settings.gradient_clip)
    events = ("on_batch_begin", "on_grad_computed", "on_batch_end")
    steps_are_watched = any(_any_handles(callbacks, event) for event in events)
    if steps_are_watched or not _can_be_recorded(net):
        return EagerStep(net, settings.gradient_clip)
    report = print if settings.verbose else noop
    return RecordedStep(net, settings.gradient_clip, report)


def _can_be_recorded(net):
    """Tell whether every step does the same, and so as a CUDA graph can."""
    return (
        all(group.get("capturable") for group in net.optimizer_.param_groups)
        and net.module__dropout == 0
        and not net.carries_state
        and all(getattr(part, "repeats", True) for part in net.module_.modules())
    )


def _records(callbacks):
    return EveryBatch if _any_handles(callbacks, "on_batch_end") else WholeEpoch


def _any_handles(callbacks, event):
    return any(handles(callback, event) for callback in callbacks)


def _scoring(callbacks, scored, dataset):
    scores = any(isinstance(callback, EpochScoring) for callback in callbacks)
    return Scoring(scored, dataset) if scores and scored is not None else None


def _start_anew(net, callbacks):
    """Set the learning rate, and let none but an untrained net load a state."""
    for callback in callbacks:
        if isinstance(callback, LoadInitState):
            callback.did_load_ = bool(net.history)
    for group in net.optimizer_.param_groups:
        group["lr"] = group["initial_lr"] = net.lr
        if group.get("capturable"):
            # A recorded step reads the rate from this tensor.
            group["lr"] = torch.tensor(net.lr, device=net.device)


def _own_callbacks(net, dataset, settings, epochs):
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
        log = PrintLog(keys_ignored=["train_size", "valid_size"])  # never change
        callbacks.append(("print_log", log))
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
