"""What a fitted forecaster can be asked for; nothing here changes it."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._adaptive import (
    INTERVAL_METHODS,
    adaptive_offsets,
    adaptive_offsets_over,
)
from sklearn_gru.estimators._conformal import quantile_offsets, quantiles_between
from sklearn_gru.estimators._known_columns import (
    count_future_rows,
    names_at,
    require_future_rows,
)
from sklearn_gru.estimators._recognition import recognise
from sklearn_gru.estimators._series_input import read_more, read_series
from sklearn_gru.estimators.forecasting import Origins, Rows
from sklearn_gru.nets import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, ContextRule, Floats, IntervalMethod
    from sklearn_gru.estimators.forecasting import ForecastEngine


class Context(NamedTuple):
    """Where the rows of X stand.

    Parameters
    ----------
    rows : Rows
    before : Rows or None
        The rows before them; None is padding.
    n_known : int
        How many of `rows` are not future ones.
    n_silent : int
        How many of them say nothing of the errors to come: rows of the training series,
        or forecast from padding.
    """

    rows: Rows
    before: Rows | None
    n_known: int
    n_silent: int


class Forecasts(TransformerMixin):
    """Forecasts of an estimator that has an engine in `engine_`."""

    # Of the estimator.
    engine_: ForecastEngine
    interval_method: IntervalMethod

    def predict(
        self,
        X: ArrayLike | Origins,
        steps: int | None = None,
        context: ContextRule | None = None,
    ) -> Floats:
        """Forecast each row of `X` from the rows before it, or the rows after `X`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            By default a continuation of the training series, or that series itself.
            With `known_columns`, `steps` future rows follow it, which are NaN in all
            other columns; it may be these rows alone.
        steps : int, default=None
            Forecast this many rows after the last row of `X`, or after the last one
            that is no future row.
        context : {"extend", "apply"}, default=None
            Overrides the parameter of that name.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_targets), float64
            Row t is the forecast of row t of `y`, made without seeing row t of `X`,
            but for its `known_columns`. With `steps`, of shape (steps,) or (steps,
            n_targets). 1-D if `y` was.

        Raises
        ------
        ValueError
            If `X` has other columns than in `fit`, if `steps` is more than `horizon`
            and the targets are no affine images of columns of `X`, or if `X` has fewer
            than `steps` future rows, or NaN elsewhere (see `missing`).
        """
        if isinstance(X, Origins):
            return self._in_shape(self.engine_.forecast_at(X))
        rows, before, n_known, _ = self._read_context(X, context, steps)
        if steps is None:
            forecast = self._forecast_from(np.arange(n_known), rows, 1, before)[:, 0]
        else:
            self._require_future_rows(len(rows) - n_known, steps)
            forecast = self._forecast_from([n_known], rows, steps, before)[0]
        return self._in_shape(forecast)

    def forecast(self, steps: int, X: ArrayLike | None = None) -> Floats:
        """Forecast the rows after the training series, or after `X`.

        Parameters
        ----------
        steps : int
            Number of rows.
        X : array-like of shape (n_rows, n_features), default=None
            As in `predict`; the training series if None. With `known_columns` it is
            needed, and may be the future rows alone.

        Returns
        -------
        ndarray of shape (steps,) or (steps, n_targets), float64
        """
        if X is not None:
            return self.predict(X, steps=steps)
        check_is_fitted(self)
        if places := self.engine_.relation.form.known_columns:
            raise ValueError(
                f"This forecaster was fitted with known columns: pass X with {steps} "
                f"rows, in which {names_at(self, places)} have their future values and "
                "all other columns are NaN."
            )
        return self._in_shape(self.engine_.forecast(steps))

    def rolling_forecast(
        self,
        X: ArrayLike,
        steps: int,
        context: ContextRule | None = None,
    ) -> Floats:
        """Forecast the rows after every row of `X`, each from what was known then.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            As in `predict`.
        steps : int
            Rows to forecast from each row.
        context : {"extend", "apply"}, default=None
            Overrides the parameter of that name.

        Returns
        -------
        ndarray of shape (n_rows, steps, n_targets), float64
            Entry [i, j] is the forecast of row i + 1 + j, made with the rows up to and
            including i. With `known_columns` there is none from the last `steps` rows,
            unless future rows follow them: what is known of later rows is not made up.

        Raises
        ------
        ValueError
            As in `predict`, or if, with `known_columns`, no row has `steps` rows behind
            it.
        """
        rows, before, n_known, _ = self._read_context(X, context, steps)
        self.engine_.require_steps(steps)
        if rows.exogenous is not None:
            n_known = min(n_known, len(rows) - steps)
            if n_known < 1:
                raise ValueError(
                    f"No row of X has steps={steps} rows behind it, and forecasts need "
                    f"their known columns: X has {len(rows)} rows."
                )
        return self._forecast_from(np.arange(1, n_known + 1), rows, steps, before)

    def transform(self, X: ArrayLike) -> Floats:
        """Compute the hidden state behind each row's forecast.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, units), float64
            ``units`` of the last layer, for each column of `X` in turn if `channels`
            is "independent".
        """
        rows, before, n_known, _ = self._read_context(X)
        return self.engine_.states(
            np.arange(n_known), rows.values, before, rows.exogenous
        )

    def score(
        self,
        X: ArrayLike | Origins,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Compute R² of the one-step-ahead forecasts, over rows whose target is known.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            As in `predict`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            As in `fit`.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows.

        Returns
        -------
        float
        """
        predicted = self.predict(X)
        if not isinstance(X, Origins):
            relation = self.engine_.relation
            rows = read_more(self, X, y, relation.form)
            relation.require_width(rows)
            y = relation.in_shape(relation.targets_of(rows))
        return _r2_score(y, predicted, sample_weight)

    def predict_interval(
        self,
        X: ArrayLike | None = None,
        steps: int | None = None,
        *,
        coverage: float = 0.9,
    ) -> Floats:
        """Forecast with intervals that hold their coverage: conformal prediction.

        The errors of forecasts over the rows that `calibration_fraction` kept out of
        training say how wide the intervals are. With ``interval_method="adaptive"`` so
        do those of later rows of `X`, as far as they are known when a row is forecast:
        each row has an interval of its own, which the errors of the rows before it have
        widened or narrowed. That needs targets that are affine images of columns of
        `X`; with others, and without `X`, only the calibration rows count. Rows of the
        training series don't count again. With ``weights="synthetic"`` the network's
        own quantiles are the bounds, unless rows are kept for calibration.

        Parameters
        ----------
        X, steps
            As in `predict`; without `X`, the rows after the training series, if there
            are no `known_columns`.
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

    def predict_quantiles(
        self,
        X: ArrayLike | None = None,
        steps: int | None = None,
        *,
        alpha: float | Sequence[float] | Floats = (0.1, 0.5, 0.9),
    ) -> Floats:
        """Forecast quantiles, as `predict_interval` does intervals.

        Parameters
        ----------
        X, steps
            As in `predict_interval`.
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
        levels = _levels(alpha)
        if self.engine_.is_ready and self.engine_.calibration is None:
            return self._network_quantiles(X, steps, None, levels)
        errors = self._calibration_errors(steps or 1)  # (n, steps, n_targets, ...)
        if self.engine_.forecasts_quantiles:
            return self._network_quantiles(X, steps, errors, levels)
        if self.interval_method == "split" or X is None or isinstance(X, Origins):
            ahead = cast("int", steps)  # if there is no X
            center = self.forecast(ahead) if X is None else self.predict(X, steps)
            offsets = INTERVAL_METHODS[self.interval_method](errors, levels)
        elif steps is None:
            center, offsets = self._row_by_row(X, errors[:, 0], levels)
        else:
            center, offsets = self._behind(X, steps, errors, levels)
        if center.ndim == 1:
            offsets = offsets[:, 0]
        return center[..., None] + offsets  # (steps or n_rows, ..., levels)

    def _network_quantiles(
        self,
        X: ArrayLike | None,
        steps: int | None,
        errors: Floats | None,
        levels: Floats,
    ) -> Floats:
        """Forecast quantiles by a network for them, conformalised by known errors."""
        engine = self.engine_
        rows, before = engine.history.last, None
        n_known = len(rows)
        if X is not None:
            rows, before, n_known, _ = self._read_context(X, steps=steps)
        origins = np.arange(n_known) if steps is None else np.array([n_known])
        self._require_future_rows(len(rows) - n_known, steps or 0)
        quantiles = engine.quantiles_from(
            origins, rows.values, steps or 1, before, rows.exogenous
        )
        if errors is not None:
            quantiles = quantiles + quantile_offsets(errors, QUANTILES, levels)
        quantiles = quantiles_between(quantiles, QUANTILES, levels)
        quantiles = quantiles[:, 0] if steps is None else quantiles[0]
        return quantiles[:, 0] if engine.relation.form.flat else quantiles

    def _row_by_row(
        self, X: ArrayLike, errors: Floats, levels: Floats
    ) -> tuple[Floats, Floats]:
        """Forecast each row of X, and measure its offsets by the rows before it."""
        rows, before, n_rows, n_silent = self._read_context(X)
        engine = self.engine_
        forecast = self._forecast_from(np.arange(n_rows), rows, 1, before)[:, 0]
        if engine.relation.affine is None:
            n_silent = n_rows
            later = errors[:0]
        else:
            truth = engine.relation.targets_of(rows)
            later = (truth - forecast)[n_silent : n_rows - 1]
        errors, first = np.concatenate([errors, later]), len(errors)
        offsets = adaptive_offsets_over(errors, levels, first)
        known = np.maximum(np.arange(n_rows) - n_silent, 0)
        return self._in_shape(forecast), offsets[known]

    def _behind(
        self, X: ArrayLike, steps: int, errors: Floats, levels: Floats
    ) -> tuple[Floats, Floats]:
        """Forecast the rows behind X, and measure their offsets by all rows of X."""
        rows, before, n_known, n_silent = self._read_context(X, steps=steps)
        engine = self.engine_
        self._require_future_rows(len(rows) - n_known, steps)
        forecast = self._forecast_from(np.array([n_known]), rows, steps, before)[0]
        if engine.relation.affine is not None:
            known = rows.part(0, n_known)
            later = engine.errors(known, n_silent, steps, before=before)
            errors = np.concatenate([errors, later])
        return self._in_shape(forecast), adaptive_offsets(errors, levels)

    def _calibration_errors(self, steps: int) -> Floats:
        calibration = self.engine_.calibration
        if calibration is None:
            raise ValueError(
                "Intervals need rows that training has not seen: fit with "
                "calibration_fraction=0.2, for example."
            )
        return calibration.errors(self.engine_, steps)

    def _forecast_from(
        self, origins: ArrayLike, rows: Rows, steps: int, before: Rows | None
    ) -> Floats:
        return self.engine_.forecast_from(
            origins, rows.values, steps, before, rows.exogenous
        )

    def _require_future_rows(self, n_future: int, steps: int) -> None:
        """Raise if `steps` rows are to be forecast, and not so many are known of."""
        places = self.engine_.relation.form.known_columns
        if places:
            self.engine_.require_steps(steps)
            require_future_rows(n_future, steps, self, places)

    def _read_context(
        self,
        X: ArrayLike,
        context: ContextRule | None = None,
        steps: int | None = None,
    ) -> Context:
        """Validate `X`, which may end in future rows if `steps` are given.

        Returns
        -------
        Context
        """
        check_is_fitted(self)
        context = self.context if context is None else context
        if context not in ("extend", "apply"):
            raise ValueError(f'context must be "extend" or "apply", got {context!r}.')
        form = self.engine_.relation.form
        ahead = steps is not None
        rows, _ = read_series(self, X, known=form, may_end_in_future=ahead)
        n_future = 0
        if form.known_columns and ahead:
            n_future = count_future_rows(rows.values)
        n_known = len(rows) - n_future
        before, n_silent = None, self.window_length_
        if context == "extend":
            before, n_silent = self._rows_before(rows, n_future)
        if not n_known and before is None:
            raise ValueError(
                f"X has {n_future} future rows, and none before them. Put the rows in "
                "front that are known."
            )
        return Context(rows, before, n_known, min(n_silent, n_known))

    def _rows_before(self, rows: Rows, n_future: int) -> tuple[Rows | None, int]:
        """Find the rows before those of X in the training series, and what X repeats.

        Returns
        -------
        before : Rows or None
        n_repeated : int
            How many first rows of X are rows of the training series.
        """
        history = self.engine_.history
        n_enough = self.engine_.rows_to_recognise
        place = recognise(rows, history, n_enough, n_future)
        if place.behind_gap:
            warnings.warn(
                f"X begins at {rows.index[0]}, which does not follow the training "
                f"series, whose last row is {history.last.index[-1]}; its first rows "
                'are forecast from that series all the same. Use context="apply" to '
                "read X by itself.",
                stacklevel=4,
            )
        before = history.before(place.start or 0)
        n_before = 0 if before is None else len(before)
        reach = self.engine_.reach
        if n_before < min(reach, place.start or 0):
            warnings.warn(
                f"X begins inside the training series, at row {place.start}, and only "
                f"{n_before} of the rows before it are remembered: its first "
                f"{reach} rows are forecast from too few. Let X begin "
                "earlier to forecast them.",
                stacklevel=4,
            )
        return before, history.n_rows - (place.start or 0)

    def _in_shape(self, y: Floats) -> Floats:
        return self.engine_.relation.in_shape(y)


def _r2_score(y: Any, predicted: Floats, weight: ArrayLike | None) -> float:
    """Compute R², the mean over targets, each on the rows where it is known."""
    known = ~np.isnan(y)
    if known.all():
        score: float = r2_score(y, predicted, sample_weight=weight)
        return score
    scores, targets = [], map(_columns, (y, predicted, known))
    for target, forecast, rows in zip(*targets, strict=True):
        of_rows = None if weight is None else np.asarray(weight)[rows]
        scores.append(r2_score(target[rows], forecast[rows], sample_weight=of_rows))
    return float(np.mean(scores))


def _columns(values: Array) -> Array:
    return values.reshape(len(values), -1).T


def _levels(alpha: float | Sequence[float] | Floats) -> Floats:
    """Read probabilities as an array (n_levels,)."""
    levels = np.atleast_1d(np.asarray(alpha, dtype=float))
    if levels.ndim != 1:
        raise ValueError(f"alpha must be a number or a list of numbers, got {alpha!r}.")
    return levels
