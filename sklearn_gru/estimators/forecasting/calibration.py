"""Errors on rows that training has not seen, from which intervals are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.estimators.forecasting.history import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn_gru._types import Floats
    from sklearn_gru.estimators.forecasting.engine import ForecastEngine


@dataclass(frozen=True)
class Calibration:
    """The rows that were kept out of training.

    Parameters
    ----------
    rows : Rows
        They, and before them those that their windows reach back to.
    n_before : int
        How many of `rows` come before them.
    end : int
        How many rows the series had up to their last.
    """

    rows: Rows
    n_before: int
    end: int

    @classmethod
    def behind(cls, rows: Rows, n_seen: int, window_length: int) -> Calibration | None:
        """Keep the rows behind the first `n_seen`; None if there are none."""
        if n_seen == len(rows):
            return None
        first = max(0, n_seen - window_length)
        return cls(rows.part(first).copied(), n_seen - first, len(rows))

    @property
    def start(self) -> int:
        """How many rows the series had before the first of them."""
        return self.end - len(self)

    def __len__(self) -> int:
        return len(self.rows) - self.n_before

    def leave_out(self, rows: Rows, start: int) -> tuple[Rows, int]:
        """Leave these rows out of others; return what remains and its place.

        Parameters
        ----------
        rows : Rows
        start : int
            Their place in the series.

        Returns
        -------
        rows : Rows
            Of rows on both sides of the calibration rows, the later ones.
        start : int

        Raises
        ------
        ValueError
            If nothing remains.
        """
        later = rows.part(max(self.end - start, 0))
        if len(later):
            return later, max(start, self.end)
        if start >= self.start:
            raise ValueError(
                f"These {len(rows)} rows are kept out of training, so that errors can "
                "be measured on them: give others, or fit with calibration_fraction=0."
            )
        return rows.part(0, self.start - start), start

    def errors(self, engine: ForecastEngine, steps: int) -> Floats:
        """Errors of the engine's forecasts, by step: (n, steps, n_targets)."""
        if len(self) < steps:
            raise ValueError(
                f"{len(self)} calibration rows are too few for steps={steps}; raise "
                "calibration_fraction or give a longer series."
            )
        return engine.errors(self.rows, self.n_before, steps)


def n_calibration_rows(n_rows: int, fraction: float) -> int:
    """Count the rows of a series that are kept out of training, its latest.

    Examples
    --------
    >>> n_calibration_rows(100, 0.2)
    20
    """
    return int(n_rows * fraction)


class HeldOutErrors:
    """Errors of models on rows that they have not seen, measured when asked for.

    It is a cache: asking fills it, and the answers do not depend on what was asked
    before. The series is one stretch of rows, or several with gaps between them. The
    rows that it has at first are forecast by a model that has not seen the last of
    them, and those that come later by the engine itself.

    Parameters
    ----------
    start : int
        The first row of the series that the model has not seen.
    engine : ForecastEngine
        It has seen the rows of its history, and no later ones.
    seed : int
        Of the model that is trained. It is drawn beforehand, so that several threads
        that ask at once train the same.
    model : ForecastEngine, default=None
        None has one trained on the rows before `start` when errors are first asked
        for.
    stretches : list of Stretch, default=None
        None begins with one, of all rows.
    """

    def __init__(
        self,
        start: int,
        engine: ForecastEngine,
        seed: int,
        model: ForecastEngine | None = None,
        stretches: list[Stretch] | None = None,
    ) -> None:
        self.start = start
        self.engine = engine
        self.seed = seed
        self.model = model
        self.stretches = stretches or [Stretch(start, engine.history.n_rows)]

    @property
    def has_gaps(self) -> bool:
        """Whether errors from before a gap are kept."""
        return len(self.stretches) > 1

    def broken_off(self, rows: Rows, start: int) -> HeldOutErrors:
        """Return the errors of these rows, and of those that come behind a gap.

        Parameters
        ----------
        rows : Rows
            Of the stretch that ends here.
        start : int
            The first row of the next stretch that is forecast.
        """
        *earlier, last = self.stretches
        stretches = [*earlier, last.closed(rows), Stretch(start, 0)]
        return HeldOutErrors(self.start, self.engine, self.seed, self.model, stretches)

    def errors(
        self,
        rows: Rows,
        steps: int,
        train_model: Callable[[Rows, int, int], ForecastEngine],
    ) -> Floats:
        """Measure the errors over all stretches, by step: (n, steps, n_targets).

        Parameters
        ----------
        rows : Rows
            Of the last stretch.
        steps : int
        train_model : callable
            Makes the model, if there is none yet, from the rows that it may see, the
            number of rows that there were at first, and the seed.
        """
        first = self.stretches[0]
        if self.model is None:
            seen = rows if first.rows is None else first.rows
            n_rows = self.engine.history.n_rows
            self.model = train_model(seen.part(0, first.start), n_rows, self.seed)
        models = self.model, self.engine
        parts = [
            stretch.errors(
                models, rows if stretch.rows is None else stretch.rows, steps
            )
            for stretch in self.stretches
        ]
        return np.concatenate(parts)


class Stretch:
    """Errors over rows without a gap, by number of steps.

    The first model forecasts the rows up to `n_first`, the second those behind them.
    `rows` is None while more may follow.
    """

    def __init__(self, start, n_first, rows=None, complete=None):
        self.start = start
        self.n_first = n_first
        self.rows = rows
        self.complete = complete or {}

    def closed(self, rows):
        """Return the same errors, of rows that no more will follow."""
        return Stretch(self.start, self.n_first, rows, dict(self.complete))

    def errors(self, models, rows, steps):
        """Measure the errors of rows that came since the last call; join the others."""
        known, start = self.complete.get(steps, (None, self.start))
        errors = self._measured(models, rows, start, steps)
        if known is not None:
            errors = np.concatenate([known, errors])
        # The last rows' errors are not complete before more rows are known.
        n_complete = max(start, len(rows) - steps + 1)
        n_open = max(len(rows) - n_complete, 0)
        self.complete[steps] = errors[: len(errors) - n_open], n_complete
        return errors

    def _measured(self, models, rows, start, steps):
        """Let each model forecast its rows from `start` on."""
        first, second = models
        border = min(max(start, self.n_first), len(rows))
        early = first.errors(rows, start, steps, border)
        return np.concatenate([early, second.errors(rows, border, steps)])
