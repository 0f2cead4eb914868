"""Errors of forecasts of which some are unknown, because their truth is missing."""

from functools import wraps

import numpy as np


def target_by_target(offsets):
    """Let a function of errors see each target alone, if they miss different rows.

    Parameters
    ----------
    offsets : callable
        Maps errors (n, steps, n_targets, ...), NaN where the truth of all targets is
        unknown, to an array (steps, n_targets, ...).

    Returns
    -------
    callable
        The same for errors of which any may be NaN.

    Examples
    --------
    >>> import numpy as np
    >>> @target_by_target
    ... def largest(errors):
    ...     known = np.isfinite(errors[:, 0, 0])
    ...     return errors[known].max(axis=0)
    >>> largest(np.array([[[1.0, 9.0]], [[np.nan, 7.0]]]))
    array([[1., 9.]])
    """

    @wraps(offsets)
    def of_each(errors, *args, **kwargs):
        known = np.isfinite(errors)
        if (known == known[:, :, :1]).all():
            return offsets(errors, *args, **kwargs)
        targets = np.split(errors, errors.shape[2], axis=2)
        return np.concatenate([offsets(x, *args, **kwargs) for x in targets], axis=1)

    return of_each
