"""What "auto" is in the parameters of the estimators of sequences, from their shape."""

import numpy as np
from sklearn.utils._param_validation import InvalidParameterError

# Longer sequences are read in segments, so that the recurrent layers have about as
# many steps.
MOST_SEGMENTS = 64
# The recurrent layers have this many times fewer inputs than the convolutions, at most.
CONVOLVED_ROWS = 8
FILTERS, KERNEL_SIZE = (32, 32), 7
POOLING = ("last", "mean", "max")
TIME_WARP = 0.05
# Fits on few samples take this many steps, and fits on many this many epochs.
STEPS, EPOCHS = 1000, 30


def sequence_architecture(settings, n_steps):
    """Choose the architecture of a network for sequences.

    Parameters
    ----------
    settings : BaseSequenceEstimator
    n_steps : int
        Time steps of the longest training sequence.

    Returns
    -------
    dict
        Arguments of `sequence_net`.

    Raises
    ------
    InvalidParameterError
        If two parameters contradict each other.
    """
    _check(settings)
    stepwise = settings._returns_sequences()
    symbols = settings.embedding_dim is not None

    def choose(name, chosen):
        value = getattr(settings, name)
        return chosen if isinstance(value, str) and value == "auto" else value

    segments = 1 if stepwise else -(-n_steps // MOST_SEGMENTS)
    # torch refuses NumPy's ints.
    segment_length = int(choose("segment_length", segments))
    filters = choose("conv_filters", None if stepwise or symbols else FILTERS)
    filters = () if filters is None else tuple(int(n) for n in np.atleast_1d(filters))
    return {
        # A warm start names the first of these that has changed.
        "n_estimators": settings.n_estimators,
        "embedding_dim": int(settings.embedding_dim) if symbols else None,
        "return_sequences": stepwise,
        "bidirectional": choose("bidirectional", not stepwise),
        "pooling": ("last",) if stepwise else _pooling(choose("pooling", POOLING)),
        "segment_length": segment_length,
        "normalized": choose("normalized", not stepwise and not symbols),
        "differences": choose("differences", not stepwise and not symbols),
        "conv_filters": filters,
        "conv_kernel_size": KERNEL_SIZE,
        "conv_stride": max(segment_length // CONVOLVED_ROWS, 1) if filters else 1,
        "time_warp": choose("time_warp", 0.0 if stepwise or symbols else TIME_WARP),
    }


def sequence_epochs(settings, n_samples):
    """Choose the number of epochs: enough steps on few samples, enough epochs on many.

    Parameters
    ----------
    settings : BaseSequenceEstimator
    n_samples : int
        Training samples.

    Returns
    -------
    int
    """
    if settings.max_epochs != "auto":
        return settings.max_epochs
    steps_per_epoch = -(-n_samples // settings.batch_size)
    return max(-(-STEPS // steps_per_epoch), EPOCHS)


def _pooling(pooling):
    return (pooling,) if isinstance(pooling, str) else tuple(pooling)


def _check(settings):
    name = type(settings).__name__
    if settings._returns_sequences():
        for parameter, neutral in (
            ("pooling", "auto"),
            ("segment_length", 1),
            ("time_warp", 0),
        ):
            value = getattr(settings, parameter)
            if value not in ("auto", neutral):
                raise InvalidParameterError(
                    f"{name} can't use {parameter}={value!r} with "
                    "return_sequences=True, which has one output for every time step. "
                    f"Leave {parameter} at 'auto'."
                )
    if settings.embedding_dim is None:
        return
    for parameter in ("normalized", "differences"):
        if getattr(settings, parameter) not in ("auto", False):
            raise InvalidParameterError(
                f"{name} can't use {parameter}=True with embedding_dim="
                f"{settings.embedding_dim!r}: symbols are no quantities. Leave "
                f"{parameter} at 'auto'."
            )
