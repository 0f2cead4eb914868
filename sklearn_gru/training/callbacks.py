"""A user's callbacks, and the checks of them before training begins."""

from __future__ import annotations

from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    InputShapeSetter,
    LRScheduler,
    PassthroughScoring,
)

from sklearn_gru.training.accelerated import accelerator_device

ALWAYS_RECORDED = ("epoch", "dur", "train_loss", "train_loss_best", "train_batch_count")
RECORDED_OF_HELD_OUT = ("valid_loss", "valid_loss_best", "valid_batch_count")
HOLD_OUT = (
    "nothing is held out: set early_stopping=True, which holds a part of the data out "
    "in fit (partial_fit never does)"
)


def is_callback(entry: object) -> bool:
    """Tell whether skorch takes an entry as a callback, or as a name and a callback."""
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str):
        entry = entry[1]
    kind = entry if isinstance(entry, type) else type(entry)
    return issubclass(kind, Callback)


def read_callbacks(entries):
    """Make an instance of every callback that is a class, and take names off.

    Parameters
    ----------
    entries : list or None
        `is_callback` is true for each entry.

    Returns
    -------
    entries : list
        The same entries, with instances in the place of classes.
    callbacks : list of Callback
        The callbacks alone, without names.
    """
    entries = [_instantiated(entry) for entry in entries or []]
    return entries, [e[1] if isinstance(e, tuple) else e for e in entries]


def _instantiated(entry):
    if isinstance(entry, tuple):
        return entry[0], _instantiated(entry[1])
    return entry() if isinstance(entry, type) else entry


def check_callbacks(callbacks, settings, held_out, scoring):
    """Raise if a callback would fail later, do nothing, or record what it should not.

    Parameters
    ----------
    callbacks : list of Callback
        The user's callbacks, initialised.
    settings : TrainingSettings
    held_out : bool
        Whether a part of the data is held out.
    scoring : Scoring or None
        What scorers get; None if nothing can be scored.
    """
    for callback in callbacks:
        _check_kind(callback, settings)
        if isinstance(callback, EpochScoring):
            _check_scoring(callback, held_out, scoring)
        name = _watched(callback)
        if name in RECORDED_OF_HELD_OUT and not held_out:
            instead = name.replace("valid", "train")
            raise ValueError(
                f"{type(callback).__name__} watches {name!r}, but {HOLD_OUT}, or let "
                f"it watch {instead!r}."
            )
    _check_names(callbacks, held_out)


def _check_kind(callback, settings):
    kind = type(callback).__name__
    if isinstance(callback, BatchScoring):
        raise ValueError(
            f"{kind} scores the network's own output, batch by batch, which is not in "
            "the units of y. Use EpochScoring; with on_train=True it scores the rows "
            "that are trained on."
        )
    if isinstance(callback, InputShapeSetter):
        raise ValueError(
            f"{kind} is not needed: the network has the shape of X already. Leave it "
            "out."
        )
    if isinstance(callback, LRScheduler) and settings.lr_schedule != "constant":
        raise ValueError(
            f"{kind} would change the learning rate, and so does lr_schedule="
            f'{settings.lr_schedule!r}: set lr_schedule="constant" to leave it to the '
            "callback."
        )


def _check_scoring(callback, held_out, scoring):
    shown = f"{type(callback).__name__}({callback.scoring!r})"
    if accelerator_device() is not None:
        raise ValueError(f"{shown} can't score a fit inside accelerated().")
    if scoring is None:
        raise ValueError(
            f"{shown} compares predictions with targets row by row, and neither texts "
            "nor panels of series have such rows. net_.history records train_loss "
            "and, with early_stopping=True, valid_loss."
        )
    if not (held_out or callback.on_train):
        raise ValueError(
            f"{shown} scores what is held out, but {HOLD_OUT}, or on_train=True to "
            "score the rows that are trained on."
        )
    scoring.try_out(callback)


def _watched(callback):
    """Return the name in the history that a callback looks up after each epoch."""
    if isinstance(callback, PassthroughScoring):
        return callback.name
    if isinstance(callback, LRScheduler) and not _is_plateau(callback):
        return None
    watches = isinstance(callback, (Checkpoint, EarlyStopping, LRScheduler))
    return callback.monitor if watches else None


def _is_plateau(schedule):
    return schedule.policy_.__name__ == "ReduceLROnPlateau"


def _check_names(callbacks, held_out):
    """Raise if a callback watches an unrecorded name, or records a taken one."""
    recorded = {*ALWAYS_RECORDED, *(RECORDED_OF_HELD_OUT if held_out else ())}
    # A callback that is not skorch's may record anything.
    complete = all(type(c).__module__.startswith("skorch.") for c in callbacks)
    for callback in callbacks:
        kind, name = type(callback).__name__, _watched(callback)
        if complete and isinstance(name, str) and name not in recorded:
            raise ValueError(
                f"{kind} watches {name!r}, which no callback before it records: put an "
                f"EpochScoring there, or let it watch one of {sorted(recorded)}."
            )
        new_names = _recorded(callback)
        if isinstance(callback, EpochScoring) and recorded & new_names:
            raise ValueError(
                f"{kind}({callback.scoring!r}) records {callback.name_!r}, which is "
                'taken. Give it a name of its own, such as name="my_'
                f'{callback.name_}".'
            )
        recorded |= new_names


def _recorded(callback):
    """Return the names in the history that a callback records, as far as known."""
    if isinstance(callback, EpochScoring):
        return {callback.name_, f"{callback.name_}_best"}
    event = getattr(callback, "event_name", None)
    return {event} if event else set()
