"""Errors of forecasts of which some are unknown, because their truth is missing."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn_gru._types import Floats

Others = ParamSpec("Others")


def target_by_target(
    offsets: Callable[Concatenate[Floats, Others], Floats],
) -> Callable[Concatenate[Floats, Others], Floats]:
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
    def of_each(errors: Floats, *args: Others.args, **kwargs: Others.kwargs) -> Floats:
        known = np.isfinite(errors)
        if (known == known[:, :, :1]).all():
            return offsets(errors, *args, **kwargs)
        targets = np.split(errors, errors.shape[2], axis=2)
        return np.concatenate([offsets(x, *args, **kwargs) for x in targets], axis=1)

    return of_each
