"""Split-conformal prediction: from past errors to future bounds."""

import warnings

import numpy as np
from scipy.stats import norm


def conformal_offsets(errors, alpha, extrapolate=False):
    """Compute what to add to a forecast so that it becomes its alpha-quantile.

    Of n past errors, the k-th smallest with k = ceil((n + 1) alpha) bounds the next
    one with probability at least alpha (below one half: k = floor((n + 1) alpha),
    with probability at most alpha), if the order of the errors carries no information.
    Lei et al. (2018), Distribution-Free Predictive Inference for Regression.

    Parameters
    ----------
    errors : ndarray of shape (n, ...)
        Truth minus forecast.
    alpha : ndarray of shape (n_levels,)
        Probabilities between 0 and 1.
    extrapolate : bool, default=False
        Whether levels that n errors say nothing about follow a normal distribution,
        with a warning, instead of being an error.

    Returns
    -------
    ndarray of shape (..., n_levels)

    Raises
    ------
    ValueError
        If an alpha is not between 0 and 1, or so close to them that n errors say
        nothing about it.

    Examples
    --------
    >>> import numpy as np
    >>> conformal_offsets(np.arange(-9.0, 10.0), np.array([0.05, 0.5, 0.95]))
    array([-9.,  0.,  9.])
    """
    if ((alpha <= 0) | (alpha >= 1)).any():
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha.tolist()}.")
    n = len(errors)
    rank = (n + 1) * alpha
    slack = 1e-9 * n  # (n + 1) * 0.95 may come out just above a whole number
    rank = np.where(alpha < 0.5, np.floor(rank + slack), np.ceil(rank - slack))
    beyond = (rank < 1) | (rank > n)
    if beyond.any():
        tail = float(np.minimum(alpha, 1 - alpha).min())
        message = (
            f"{n} calibration errors are too few for a probability of {tail:.3g}: at "
            f"least {int(np.ceil(1 / tail)) - 1} are needed. Raise "
            "calibration_fraction, give a longer series, or ask for less coverage."
        )
        if not extrapolate or n == 0:
            raise ValueError(message)
        warnings.warn(message + " A normal distribution stands in.", stacklevel=2)
    ordered = np.sort(errors, axis=0)
    offsets = ordered[np.clip(rank, 1, n).astype(int) - 1]  # (levels, ...)
    for level in np.flatnonzero(beyond):
        normal = errors.mean(axis=0) + norm.ppf(alpha[level]) * errors.std(axis=0)
        outward = np.minimum if alpha[level] < 0.5 else np.maximum
        offsets[level] = outward(offsets[level], normal)
    return np.moveaxis(offsets, 0, -1)
