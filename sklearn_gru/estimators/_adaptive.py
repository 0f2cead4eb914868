"""Adaptive prediction intervals: bounds that follow the errors of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy.signal import lfilter

from sklearn_gru.estimators._conformal import (
    conformal_offsets,
    conformal_radius,
    offsets_by_step,
)
from sklearn_gru.estimators._known_errors import target_by_target

if TYPE_CHECKING:
    from sklearn_gru._types import Floats

# Until this many errors are known, intervals are split-conformal.
FEWEST = 20
# One step ahead, a value outside widens its interval by up to 8 %, and the mean size of
# the errors has a memory of 20. Both are slower for more steps.
RATE, WEIGHT = 0.08, 0.05
# Errors are divided by this power of their mean size: half-way (in logarithms) between
# trusting it and not, since the mean of some 20 errors is itself uncertain.
POWER = 0.5
# The quantile of all errors is taken anew when there are that many times more of them.
GROWTH = 1.25
TINY = 1e-300


@target_by_target
def adaptive_offsets(
    errors: Floats, alpha: Floats, extrapolate: bool = False
) -> Floats:
    """Compute the offsets of each step ahead, behind all known errors.

    The radius of an interval of coverage c, made when k errors of its step are known,
    is ``r_k = s_k * b_k * exp(g_k)``. The scale ``s_k`` is the root of an
    exponentially weighted mean of their sizes, ``b_k`` the split-conformal radius of
    all errors so far, each divided by the scale of its time, and ``g_k`` tracks the
    quantile (Angelopoulos et al. 2023, Conformal PID Control for Time Series
    Prediction, arXiv:2307.16895, section 2.2; Gibbs & Candès 2021, Adaptive Conformal
    Inference Under Distribution Shift, arXiv:2106.00170)::

        g_k = g_(k-1) + rate * ([the k-th value lay outside] - (1 - c))

    So the share of values outside differs from 1 - c by no more than
    ``|g_n| / (n * rate)``, whatever the series does. For h steps ahead, the k-th value
    lies outside if its error is larger than ``r_(k-h)``, the radius that was known when
    it was forecast, and the rate and the weight are divided by ``sqrt(h)``, since
    neighbouring errors share most of their causes. Radii of several coverages are
    sorted, so that quantiles that are asked for together never cross.

    Parameters
    ----------
    errors : ndarray of shape (n, steps, n_targets)
        Truth minus forecast, one row for each origin in the order of time; NaN where
        the truth is not known.
    alpha : ndarray of shape (n_levels,)
        Probabilities between 0 and 1.
    extrapolate : bool, default=False
        As in `offsets_by_step`, which has the steps with fewer than 20 known errors.

    Returns
    -------
    ndarray of shape (steps, n_targets, n_levels)

    Raises
    ------
    ValueError
        If an alpha is not between 0 and 1, or if the errors are too few for it.

    Examples
    --------
    >>> import numpy as np
    >>> errors = np.random.default_rng(0).normal(size=(400, 1, 1))
    >>> errors[200:] *= 3
    >>> adaptive_offsets(errors, np.array([0.1, 0.5, 0.9])).round(1)
    array([[[-3.2,  0. ,  3.2]]])
    """
    offsets = offsets_by_step(errors, alpha, extrapolate)
    known = np.isfinite(errors[:, :, 0])
    n_known = known.sum(axis=0)  # no step has more than the one before
    n_known = n_known[n_known >= FEWEST]
    if not len(n_known):
        return offsets
    sizes = np.zeros((n_known[0], len(n_known), errors.shape[2]))
    for step, n in enumerate(n_known):
        sizes[:n, step] = np.abs(errors[known[:, step], step])
    offsets[: len(n_known)] = _offsets(sizes, n_known, alpha, len(sizes))[0]
    return offsets


def adaptive_offsets_over(errors: Floats, alpha: Floats, first: int) -> Floats:
    """Compute the offsets one step ahead at each of the last origins.

    Parameters
    ----------
    errors : ndarray of shape (n, n_targets)
        Truth minus forecast one step ahead, in the order of time; NaN where the truth
        is not known.
    alpha : ndarray of shape (n_levels,)
    first : int
        How many errors were known at the first of these origins.

    Returns
    -------
    ndarray of shape (n - first + 1, n_targets, n_levels)
        Each entry depends on the errors before it only: on `first` of them, then on
        one more each.

    Raises
    ------
    ValueError
        As in `adaptive_offsets`, for the first `first` errors.
    """
    known = np.isfinite(errors)
    if known.all():
        return _offsets_over(errors, alpha, first)
    parts = []
    for target, here in zip(errors.T, known.T, strict=True):
        offsets = _offsets_over(target[here][:, None], alpha, here[:first].sum())
        n_new = np.concatenate([[0], np.cumsum(here[first:])])
        parts.append(offsets[n_new])
    return np.concatenate(parts, axis=1)


def _offsets_over(errors, alpha, first):
    conformal_offsets(errors[:first], alpha)  # says so if they are too few
    n, start = len(errors), max(first, FEWEST)
    offsets = [
        conformal_offsets(errors[:k], alpha) for k in range(first, min(start, n + 1))
    ]
    if start <= n:
        sizes = np.abs(errors)[:, None]
        offsets.extend(_offsets(sizes, np.array([n]), alpha, start)[:, 0])
    return np.stack(offsets)


def _offsets(sizes, n_known, alpha, first):
    """Replay the recursion over the sizes of the errors of 1, 2, ... steps ahead.

    Parameters
    ----------
    sizes : ndarray of shape (n, steps, n_targets)
        Behind the known ones of a step, zeros.
    n_known : ndarray of shape (steps,)
    alpha : ndarray of shape (n_levels,)
    first : int
        Offsets are wanted from the time on when this many errors are known.

    Returns
    -------
    ndarray of shape (n - first + 1, steps, n_targets, n_levels)
    """
    coverage, levels = np.unique(np.abs(2 * alpha - 1).round(12), return_inverse=True)
    steps = np.arange(len(n_known))
    ahead = steps + 1
    rate = (RATE / np.sqrt(ahead))[:, None, None]
    scale = _scale(sizes)
    origins = np.arange(1, len(sizes) + 1)[:, None] - ahead  # errors known at each
    scores = np.log(sizes / scale[np.maximum(origins, 0), steps] + TINY)
    base, stage = _base(scores, coverage)

    def expected(counts):
        n_judged = np.maximum(counts - ahead - FEWEST + 1, 0)
        return n_judged[..., None, None] * (1 - coverage)

    excess = scores[..., None] - base[stage[np.maximum(origins, 0)], steps]
    needed = excess / rate + expected(origins)
    unjudged = (origins < FEWEST) | (origins + ahead > n_known)
    needed[unjudged] = -np.inf
    now = np.minimum(np.arange(first, len(sizes) + 1)[:, None], n_known)
    tracked = rate * (_n_outside(needed)[first:] - expected(now))
    radius = np.exp(base[stage[now], steps] + tracked) * scale[now, steps][..., None]
    return np.sort(radius, axis=-1)[..., levels] * np.sign(alpha - 0.5)


def _scale(sizes):
    """Return the scale when k errors are known: (n + 1, steps, n_targets).

    Before the first 20 errors are known, it is that of them.
    """
    scale = np.empty((len(sizes) + 1, *sizes.shape[1:]))
    for step in range(sizes.shape[1]):
        decay = [1, WEIGHT / np.sqrt(step + 1) - 1]
        weights = lfilter([1], decay, np.ones(len(sizes)))
        mean = lfilter([1], decay, sizes[:, step], axis=0) / weights[:, None]
        scale[1:, step] = mean**POWER
    scale[:FEWEST] = scale[FEWEST]
    return np.where(scale > 0, scale, 1.0)


def _base(scores, coverage):
    """Compute the logarithm of the split-conformal radius of all scores so far.

    Returns
    -------
    base : ndarray of shape (n_stages, steps, n_targets, n_levels)
    stage : ndarray of int, shape (n + 1,)
        The one that applies when k errors are known.
    """
    ends = [FEWEST]
    while GROWTH * ends[-1] <= len(scores):
        ends.append(int(GROWTH * ends[-1]))
    sizes = np.exp(scores)
    base = [np.log(conformal_radius(sizes[:end], coverage) + TINY) for end in ends]
    stage = np.searchsorted(ends, np.arange(len(scores) + 1), side="right") - 1
    return np.moveaxis(np.stack(base), 1, -1), np.maximum(stage, 0)


def _n_outside(needed):
    """Count the values outside of their intervals, when k errors are known.

    Parameters
    ----------
    needed : ndarray of shape (n, steps, n_targets, n_levels)
        A value lay outside if fewer than this many had done so when it was forecast.
        The steps are 1, 2, ... ahead.

    Returns
    -------
    ndarray of shape (n + 1, steps, n_targets, n_levels)
    """
    n, n_steps = needed.shape[:2]
    by_origin = np.zeros((n + n_steps + 1, *needed.shape[1:]))
    # The count when k errors are known lies h rows further down, where the row of the
    # origin that knows as many errors of all steps is.
    row, step, *rest = by_origin.strides
    count = as_strided(
        by_origin[1:], (n + 1, *needed.shape[1:]), (row, row + step, *rest)
    )
    outside = np.empty(needed.shape[1:], dtype=bool)
    rows = zip(needed, by_origin[1:], count[:-1], count[1:], strict=False)
    for fewest, then, before, after in rows:
        np.greater(fewest, then, out=outside)
        np.add(before, outside, out=after)
    return count


INTERVAL_METHODS = {"adaptive": adaptive_offsets, "split": offsets_by_step}
