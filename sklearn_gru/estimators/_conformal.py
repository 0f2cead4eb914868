"""Split-conformal prediction: from past errors to future bounds."""

import numpy as np


def conformal_offsets(errors, alpha):
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
    if (rank < 1).any() or (rank > n).any():
        tail = float(np.minimum(alpha, 1 - alpha).min())
        raise ValueError(
            f"{n} calibration errors are too few for a probability of {tail:.3g}: at "
            f"least {int(np.ceil(1 / tail)) - 1} are needed. Raise "
            "calibration_fraction, give a longer series, or ask for less coverage."
        )
    ordered = np.sort(errors, axis=0)
    return np.moveaxis(ordered[rank.astype(int) - 1], 0, -1)
