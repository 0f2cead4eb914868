"""Split-conformal prediction: from past errors to future bounds."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from sklearn_gru.estimators._known_errors import target_by_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from sklearn_gru._types import Floats

NORMAL = "A normal distribution stands in."


def conformal_offsets(errors, alpha, extrapolate=False):
    """Compute the offsets that turn a forecast into its alpha-quantiles.

    Among the sizes of n past errors, the k-th smallest with k = ceil((n + 1) c) bounds
    the size of the next error with probability at least c, if the order of the errors
    carries no information (Lei et al. 2018, Distribution-Free Predictive Inference for
    Regression, section 2.2). So the quantiles alpha = (1 - c) / 2 and (1 + c) / 2 lie
    this far below and above the forecast. The interval is symmetric: errors of one
    sign, due to a drift of the series, widen it instead of moving it.

    Parameters
    ----------
    errors : ndarray of shape (n, ...)
        Truth minus forecast.
    alpha : ndarray of shape (n_levels,)
        Probabilities between 0 and 1.
    extrapolate : bool, default=False
        Whether levels for which n errors are too few follow a normal distribution, with
        a warning. Otherwise such levels are an error.

    Returns
    -------
    ndarray of shape (..., n_levels)

    Raises
    ------
    ValueError
        If an alpha is not between 0 and 1, or if n errors are too few for it.

    Examples
    --------
    >>> import numpy as np
    >>> conformal_offsets(np.arange(-4.0, 5.0), np.array([0.05, 0.5, 0.95]))
    array([-4.,  0.,  4.])
    """
    _check_n_errors(len(errors), alpha, extrapolate, NORMAL)
    return _offsets(errors, alpha)


def _offsets(errors, alpha):
    radius = conformal_radius(np.abs(errors), np.abs(2 * alpha - 1))
    return np.moveaxis(radius, 0, -1) * np.sign(alpha - 0.5)


def conformal_radius(sizes, coverage):
    """Compute the radius of the intervals around the next forecast.

    Parameters
    ----------
    sizes : ndarray of shape (n, ...)
        Of errors.
    coverage : ndarray of shape (n_levels,)
        A normal distribution stands in where n errors are too few for it.

    Returns
    -------
    ndarray of shape (n_levels, ...)
    """
    n = len(sizes)
    rank = _rank(n, coverage)
    in_order = np.sort(sizes, axis=0)
    in_order = np.concatenate([np.zeros_like(in_order[:1]), in_order])
    radius = in_order[np.minimum(rank, n)]
    spread = np.sqrt((sizes**2).mean(axis=0))
    for level in np.flatnonzero(rank > n):
        normal = norm.ppf((1 + coverage[level]) / 2) * spread
        radius[level] = np.maximum(radius[level], normal)
    return radius


def _rank(n, coverage):
    """Return the rank of the error that bounds the next; above n if n is too small."""
    # The slack is for products such as (n + 1) * 0.95 that are rounded to just above a
    # whole number.
    return np.ceil((n + 1) * coverage - 1e-9 * n).astype(int)


def _check_n_errors(n, alpha, extrapolate, instead):
    if not ((alpha > 0) & (alpha < 1)).all():
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha.tolist()}.")
    coverage = np.abs(2 * alpha - 1)
    if (_rank(n, coverage) <= n).all():
        return
    widest = float(coverage.max())
    message = (
        f"{n} calibration errors are too few for a coverage of {widest:.3g}: at "
        f"least {int(np.ceil(widest / (1 - widest) - 1e-9))} are needed. Raise "
        "calibration_fraction, give a longer series, or ask for less coverage."
    )
    if not extrapolate or n == 0:
        raise ValueError(message)
    warnings.warn(f"{message} {instead}", stacklevel=4)


def _known_by_step(errors, alpha, extrapolate, instead, later):
    """Find the known errors (n, steps), and count the steps that have some.

    One error or warning for all steps says if they are too few. `instead` and `later`
    say what is done then for far levels, and for steps without errors.
    """
    known = np.isfinite(errors[:, :, 0])
    n_steps = int(known.any(axis=0).sum()) if extrapolate else errors.shape[1]
    fewest = int(known[:, n_steps - 1].sum())
    _check_n_errors(fewest, alpha, extrapolate, instead)
    if n_steps < errors.shape[1]:
        warnings.warn(
            f"The calibration rows are too few for more than {n_steps} steps: {later}. "
            "Raise calibration_fraction or give a longer series.",
            stacklevel=3,
        )
    return known, n_steps


@target_by_target
def offsets_by_step(errors: Floats, alpha: Floats, extrapolate: bool = False) -> Floats:
    """Compute the offsets of each step ahead from the known errors of that step.

    Parameters
    ----------
    errors : ndarray of shape (n, steps, n_targets)
        Truth minus forecast; NaN where the truth is not known.
    alpha : ndarray of shape (n_levels,)
    extrapolate : bool, default=False
        As in `conformal_offsets`. For steps without known errors, the offsets of the
        furthest step that has errors then grow as those of a random walk.

    Returns
    -------
    ndarray of shape (steps, n_targets, n_levels)
    """
    later = "the bounds of later ones grow like those of a random walk"
    known, n_steps = _known_by_step(errors, alpha, extrapolate, NORMAL, later)
    offsets = [_offsets(errors[known[:, step], step], alpha) for step in range(n_steps)]
    for step in range(n_steps, errors.shape[1]):
        offsets.append(offsets[n_steps - 1] * ((step + 1) / n_steps) ** 0.5)
    return np.stack(offsets)


@target_by_target
def quantile_offsets(
    errors: Floats, levels: Sequence[float], alpha: Floats, extrapolate: bool = False
) -> Floats:
    """Compute by how much forecast quantiles have to rise to hold on known errors.

    The quantile of level a > 1/2 rises by the k-th smallest of its n known errors,
    k = ceil((n + 1) a), so that the next value lies below it with probability at least
    a, if the order of the errors carries no information; those below 1/2 likewise
    (Romano, Patterson & Candès 2019, Conformalized Quantile Regression,
    arXiv:1905.03222, section 6). The median stays. So do quantiles for whose level n
    errors are too few, unless an error lies beyond: then they move out to it.

    Parameters
    ----------
    errors : ndarray of shape (n, steps, n_targets, n_levels)
        Truth minus quantile, by step; NaN where the truth is not known.
    levels : sequence of float
        Of the quantiles; 1/2 stands in the middle.
    alpha : ndarray of shape (n_alpha,)
        Probabilities between 0 and 1 that will be asked for.
    extrapolate : bool, default=False
        As in `offsets_by_step`; steps without known errors rise as the furthest step
        that has some.

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
    >>> errors = np.linspace(-1, 1, 99)[:, None, None, None] * np.ones(3)
    >>> quantile_offsets(errors, (0.1, 0.5, 0.9), np.array([0.1])).round(2)
    array([[[-0.82,  0.  ,  0.82]]])
    """
    instead = "The network's own quantiles stand in, unless an error lies beyond."
    later = "the quantiles of later ones are corrected like those of the last of them"
    known, _ = _known_by_step(errors[..., 0], alpha, extrapolate, instead, later)
    offsets = np.zeros(errors.shape[1:])
    for step in range(errors.shape[1]):
        rows = errors[known[:, step], step]
        offsets[step] = _raised(rows, levels) if len(rows) else offsets[step - 1]
    return offsets


def _raised(errors, levels):
    """By how much each quantile has to rise: (n_targets, n_levels)."""
    n, in_order = len(errors), np.sort(errors, axis=0)
    offsets = np.zeros(errors.shape[1:])
    for place, level in enumerate(levels):
        if level == 0.5:
            continue
        of_level = in_order[:, :, place]
        if level > 0.5:
            rank = int(np.ceil((n + 1) * level - 1e-9 * n))
            beyond = np.maximum(of_level[-1], 0.0)
        else:
            rank = int(np.floor((n + 1) * level + 1e-9 * n))
            beyond = np.minimum(of_level[0], 0.0)
        offsets[:, place] = of_level[rank - 1] if 1 <= rank <= n else beyond
    return offsets


def quantiles_between(
    quantiles: Floats, levels: Sequence[float], alpha: ArrayLike
) -> Floats:
    """Interpolate quantiles, linearly between their normal scores.

    Parameters
    ----------
    quantiles : ndarray of shape (..., n_levels)
        Put in order if they are not.
    levels : sequence of float
    alpha : ndarray of shape (n_alpha,)
        Beyond the levels, the line through the outermost two is continued.

    Returns
    -------
    ndarray of shape (..., n_alpha)

    Examples
    --------
    >>> import numpy as np
    >>> quantiles_between(norm.ppf([0.1, 0.5, 0.9]), (0.1, 0.5, 0.9), 0.8).round(3)
    np.float64(0.842)
    """
    quantiles, scores, asked = np.sort(quantiles), norm.ppf(levels), norm.ppf(alpha)
    right = np.clip(np.searchsorted(scores, asked), 1, len(scores) - 1)
    left = right - 1
    share = (asked - scores[left]) / (scores[right] - scores[left])
    low, high = quantiles[..., left], quantiles[..., right]
    return low + share * (high - low)
