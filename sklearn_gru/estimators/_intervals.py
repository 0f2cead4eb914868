"""Intervals and quantiles of the scikit-learn forecaster."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._conformal import offsets_by_step


class ConformalIntervals:
    """Forecasts with bounds, from the errors over an engine's calibration rows."""

    def predict_interval(self, X=None, steps=None, *, coverage=0.9):
        """Forecast with intervals that hold their coverage: split-conformal.

        The errors of forecasts over the rows that `calibration_fraction` kept out of
        training are added to the forecast (Lei et al. 2018, Distribution-Free
        Predictive Inference for Regression, section 2.2). The coverage holds on
        average, for data like those rows.

        Parameters
        ----------
        X, steps
            As in `predict`; without `X`, the rows after the training series.
        coverage : float, default=0.9
            Share of the values that the intervals are to contain.

        Returns
        -------
        ndarray of shape (n_rows, 2) or (n_rows, n_targets, 2), float64
            Lower and upper bounds; `steps` rows if it is given.

        Raises
        ------
        ValueError
            If `fit` kept no calibration rows, or too few for this coverage.
        """
        if not isinstance(coverage, Real) or not 0 < coverage < 1:
            raise ValueError(
                f"coverage must be a number between 0 and 1, got {coverage!r}. For "
                "several intervals at once ask predict_quantiles for their bounds."
            )
        tails = [(1 - coverage) / 2, (1 + coverage) / 2]
        return self.predict_quantiles(X, steps, alpha=tails)

    def predict_quantiles(self, X=None, steps=None, *, alpha=(0.1, 0.5, 0.9)):
        """Forecast quantiles, as `predict_interval` does intervals.

        Parameters
        ----------
        X, steps
            As in `predict`; without `X`, the rows after the training series.
        alpha : float or sequence of float, default=(0.1, 0.5, 0.9)
            Probabilities that the values lie below.

        Returns
        -------
        ndarray of shape (n_rows, len(alpha)) or (n_rows, n_targets, len(alpha)), \
                float64
            Quantiles; `steps` rows if it is given.
        """
        check_is_fitted(self)
        if X is None and steps is None:
            raise ValueError("Give X, or the number of steps to forecast, or both.")
        center = self.predict(X, steps) if X is not None else self.forecast(steps)
        errors = self._calibration_errors(steps or 1)  # (n, steps, n_targets)
        offsets = offsets_by_step(errors, np.atleast_1d(np.asarray(alpha, float)))
        if center.ndim == 1:
            offsets = offsets[:, 0]
        return center[..., None] + offsets  # (steps or n_rows, ..., levels)

    def _calibration_errors(self, steps):
        calibration = self.engine_.calibration
        if calibration is None:
            raise ValueError(
                "Intervals need rows that training has not seen: fit with "
                "calibration_fraction=0.2, for example."
            )
        return calibration.errors(self.engine_, steps)
