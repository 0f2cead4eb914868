"""What "auto" is in the parameters of the estimators of sequences, from their shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data import Ragged
from sklearn_gru.estimators._private import InvalidParameterError

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru._types import Floats, Sequences
    from sklearn_gru.estimators._sequence import BaseSequenceEstimator

# Longer sequences are read in segments, so that the recurrent layers have about as
# many steps.
MOST_SEGMENTS = 64
# The recurrent layers have this many times fewer inputs than the convolutions, at most.
CONVOLVED_ROWS = 8
FILTERS, KERNEL_SIZE = (32, 32), 7
POOLING = ("last", "mean", "max")
TIME_WARP = 0.05
# If the ranges of sequences differ by this factor, each is read in its own scale, too.
DIFFERENT_SCALES, SEQUENCES_COMPARED = 10, 1000
# Fits on few samples take this many steps, and fits on many this many epochs.
STEPS, EPOCHS = 1000, 30


def scales_differ(X: Sequences, weight: Floats | None = None) -> bool:
    """Tell whether some sequences are small beside others.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features) or Ragged
    weight : ndarray of shape (n_samples,), default=None
        A sequence of weight zero does not count, and neither does a single step.

    Returns
    -------
    bool
        Whether the 5th and the 95th percentile of the ranges of the sequences, in some
        column, differ by more than `DIFFERENT_SCALES`.
    """
    used = np.arange(len(X)) if weight is None else np.flatnonzero(weight)
    used = used[:: -(-len(used) // SEQUENCES_COMPARED)]
    sequences = X.pick(used).split() if isinstance(X, Ragged) else X[used]
    ranges = [
        np.ptp(sequence.astype(np.float64), axis=0)
        for sequence in sequences
        if len(sequence) > 1
    ]
    if not ranges:
        return False
    small, large = np.percentile(ranges, [5, 95], axis=0)  # (n_features,)
    return bool((large / DIFFERENT_SCALES > small).any())


def sequence_architecture(
    settings: BaseSequenceEstimator, n_steps: int, different_scales: bool
) -> dict[str, Any]:
    """Choose the architecture of a network for sequences.

    Parameters
    ----------
    settings : BaseSequenceEstimator
    n_steps : int
        Time steps of the longest training sequence.
    different_scales : bool
        Whether some training sequences are small beside others.

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
    quantities = not stepwise and not symbols  # that are known as a whole

    def choose(name, chosen):
        value = getattr(settings, name)
        return chosen if isinstance(value, str) and value == "auto" else value

    segments = 1 if stepwise else -(-n_steps // MOST_SEGMENTS)
    # torch refuses NumPy's ints.
    segment_length = int(choose("segment_length", segments))
    filters = choose("conv_filters", FILTERS if quantities else None)
    filters = () if filters is None else tuple(int(n) for n in np.atleast_1d(filters))
    return {
        # A warm start names the first of these that has changed.
        "n_estimators": settings.n_estimators,
        "embedding_dim": int(settings.embedding_dim) if symbols else None,
        "return_sequences": stepwise,
        "bidirectional": choose("bidirectional", not stepwise),
        "pooling": ("last",) if stepwise else _pooling(choose("pooling", POOLING)),
        "segment_length": segment_length,
        "normalized": choose("normalized", quantities and different_scales),
        "differences": choose("differences", quantities),
        "conv_filters": filters,
        "conv_kernel_size": KERNEL_SIZE,
        "conv_stride": max(segment_length // CONVOLVED_ROWS, 1) if filters else 1,
        "time_warp": choose("time_warp", TIME_WARP if quantities else 0.0),
    }


def sequence_epochs(settings: BaseSequenceEstimator, n_samples: int) -> int:
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
