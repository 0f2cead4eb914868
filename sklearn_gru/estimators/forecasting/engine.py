"""The forecasting engine, which both forecasters own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.estimators._base import require_finite
from sklearn_gru.estimators.forecasting.calibration import (
    Calibration,
    n_calibration_rows,
)
from sklearn_gru.estimators.forecasting.choices import (
    SHORT_WINDOW,
    Choices,
    chosen_season,
)
from sklearn_gru.estimators.forecasting.comparison import (
    compared,
    is_mixed,
    rows_read,
)
from sklearn_gru.estimators.forecasting.history import History, kept_rows
from sklearn_gru.estimators.forecasting.network import (
    copied_net,
    new_net,
    place_of,
    train_engine,
)
from sklearn_gru.estimators.forecasting.origins import (
    evaluate_at,
    feed_back,
    inputs_before,
)
from sklearn_gru.estimators.forecasting.ready import comes_trained, ready_parts
from sklearn_gru.estimators.forecasting.relation import Relation
from sklearn_gru.estimators.forecasting.tuning import trains_on, tuned_net
from sklearn_gru.estimators.forecasting.windows import (
    panel_dataset,
    reaches_behind_calibration,
    require_rows,
    series_dataset,
    with_windows,
)
from sklearn_gru.nets import QUANTILES, ZeroShotNet
from sklearn_gru.training import loss_curve

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Floats
    from sklearn_gru.estimators.forecaster import GRUForecaster
    from sklearn_gru.estimators.forecasting.history import Rows
    from sklearn_gru.estimators.forecasting.mixture import Mixture
    from sklearn_gru.estimators.forecasting.origins import Origins
    from sklearn_gru.estimators.forecasting.relation import Form
    from sklearn_gru.nets import ForecastNet
    from sklearn_gru.training import Net, SequenceDataset


@dataclass(frozen=True)
class ForecastEngine:
    """A network that forecasts a series, and all that is known of that series.

    The caller says what rows are: a new series (`fit`, `refit`), what follows the
    present one (`extend`), rows of the present one (`train`), or a series that takes
    its place (`restart`, `adopt`). An engine never changes: each of these returns
    another. `settings` is a forecaster whose parameters apply; it is not kept.

    Parameters
    ----------
    net_ : skorch.NeuralNet
    choices : Choices
        What "auto" came to mean.
    relation : Relation
        What the targets are to the columns.
    history : History
        The rows before the next forecast.
    calibration : Calibration or None
        Rows kept out of training, for intervals.
    mixture : Mixture or None
        What forecasts consist of beside that of the network.
    """

    net_: Net
    choices: Choices
    relation: Relation
    history: History
    calibration: Calibration | None = None
    mixture: Mixture | None = None

    @property
    def window_length_(self) -> int:
        """Rows of history behind each forecast."""
        return self.choices.window_length

    @property
    def reach(self) -> int:
        """Rows of history that any part of a forecast reads."""
        return max(self.window_length_, rows_read() if self.mixture else 0)

    @property
    def rows_to_recognise(self) -> int:
        """First rows of a series by which it is known again."""
        window = self.window_length_
        # Networks that came trained have long windows for series of any length.
        return min(window, SHORT_WINDOW) if self.is_ready else window

    @property
    def horizon(self) -> int:
        """Rows that the network forecasts at once."""
        return self.net_.module_.horizon

    @property
    def forecasts_quantiles(self) -> bool:
        """Whether the network forecasts quantiles."""
        return self.net_.module_.n_quantiles > 1

    @property
    def is_ready(self) -> bool:
        """Whether the network came trained."""
        return isinstance(self.net_.module_, ZeroShotNet)

    @property
    def zero_shot_share(self) -> Floats:
        """Share of zero-shot forecasts in each step: (n_steps, n_targets)."""
        if self.mixture is None:
            return np.zeros((1, self.relation.n_targets))
        return self.mixture.share

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss of every epoch."""
        return loss_curve(self.net_)

    @property
    def n_iter_(self) -> int:
        """Number of epochs trained."""
        return len(self.loss_curve_)

    # Learning

    @classmethod
    def fit(
        cls,
        rows: Rows,
        settings: GRUForecaster,
        seed: int,
        *,
        form: Form | None = None,
        remember_all: bool = False,
        whole: bool = True,
        usual_season: int | None = None,
    ) -> ForecastEngine:
        """Train a new network on a series.

        Parameters
        ----------
        rows : Rows
        settings : GRUForecaster
        seed : int
            Of the initial weights, the shuffling and dropout.
        form : Form, default=None
        remember_all : bool, default=False
            Whether the history keeps every row, or only those of both ends that later
            calls may need.
        whole : bool, default=True
            Whether to train `max_epochs`, with early stopping, or a single epoch.
        usual_season : int, default=None
            Rows of the season that the index suggests, see `season`.

        Returns
        -------
        ForecastEngine

        Raises
        ------
        ValueError
            If the series is too short or does not fit the settings.
        """
        if comes_trained(settings.weights):
            engine = cls.ready([rows], settings, seed, form, usual_season, remember_all)
            seen = engine.relation.as_kept(_seen(rows, settings))
            season = engine.choices.season_length
            mixture = compared(engine, seen, settings, seed, season)
            engine = replace(engine, mixture=mixture)
            return _tuned(engine, [seen], settings) if whole else engine
        seen = _seen(rows, settings)
        choices = Choices.of(settings, [seen], usual_season)
        window, horizon = choices.window_length, settings.horizon
        _require_seen(len(seen), settings.calibration_fraction, window, horizon)
        relation = _relate(rows, len(seen), settings, form, choices)
        rows, place = relation.as_kept(rows), place_of(settings)
        learned = relation.as_kept(seen)
        dataset = series_dataset(
            learned, relation, window, settings, place, hold_out=whole
        )
        _require_targets(dataset)
        net = new_net(dataset, relation, choices, settings, seed, device=place[1])
        mixed = is_mixed(settings, len(seen), relation, choices)
        reach = max(window, rows_read() if mixed else 0)
        calibration = Calibration.behind(rows, len(seen), reach)
        needed = max(window + horizon - 1, reach)
        kept = None if remember_all else kept_rows(rows, needed)
        engine = cls(net, choices, relation, History.of(rows, kept), calibration)
        if mixed:
            season = chosen_season(settings, [seen], usual_season)
            mixture = compared(engine, learned, settings, seed, season)
            engine = replace(engine, mixture=mixture)
        return train_engine(engine, dataset, settings, rows, whole=whole)

    @classmethod
    def ready(
        cls,
        panel: list[Rows],
        settings: GRUForecaster,
        seed: int,
        form: Form | None = None,
        usual_season: int | None = None,
        remember_all: bool = True,
    ) -> ForecastEngine:
        """Take series in by a network that comes trained.

        Parameters
        ----------
        panel : list of Rows
            All tell the season. The last of them is the history.
        settings, seed, form, usual_season, remember_all
            As in `fit`.

        Returns
        -------
        ForecastEngine
        """
        return cls(
            **ready_parts(panel, settings, seed, form, usual_season, remember_all)
        )

    @classmethod
    def fit_panel(
        cls,
        panel: list[Rows],
        settings: GRUForecaster,
        seed: int,
        *,
        form: Form | None = None,
        usual_season: int | None = None,
    ) -> ForecastEngine:
        """Train a new network on many series, each standardised by itself.

        Parameters
        ----------
        panel : list of Rows
            The last of them is the history, until another series is adopted.
        settings, seed, form, usual_season
            As in `fit`.

        Returns
        -------
        ForecastEngine
        """
        if comes_trained(settings.weights):
            engine = cls.ready(panel, settings, seed, form, usual_season)
            return _tuned(engine, [*map(engine.relation.as_kept, panel)], settings)
        choices = Choices.of(settings, panel, usual_season)
        relations = _relate_panel(panel, choices, settings, form)
        place = place_of(settings)
        dataset = panel_dataset(
            panel, relations, choices.window_length, settings, place, hold_out=True
        )
        _require_targets(dataset)
        net = new_net(
            dataset,
            relations[0],
            choices,
            settings,
            seed,
            device=place[1],
            one_series=False,
        )
        engine = cls(net, choices, relations[-1], History.of(panel[-1]))
        return train_engine(engine, dataset, settings, whole=True)

    def refit(
        self, rows: Rows, settings: GRUForecaster, *, whole: bool = True
    ) -> ForecastEngine:
        """Train the network further on a series that replaces the present one.

        The relation of targets to columns, and the scalers, stay those of the first
        fit. Parameters are those of `fit`.
        """
        rows = self.relation.verified(rows)
        fraction = settings.calibration_fraction if whole else 0.0
        n_seen = len(rows) - n_calibration_rows(len(rows), fraction)
        if not self.is_ready:
            _require_seen(n_seen, fraction, self.window_length_, settings.horizon)
        return replace(
            self,
            net_=self._trained(rows.part(0, n_seen), settings, whole),
            history=History.of(rows, self.history.kept),
            calibration=Calibration.behind(rows, n_seen, self.reach),
        )

    def train(self, rows: Rows, start: int, settings: GRUForecaster) -> ForecastEngine:
        """Train an epoch on the windows whose targets are rows of the history.

        Parameters
        ----------
        rows : Rows
        start : int
            Their place in the series. Calibration rows among them are left out; of
            rows on both sides of those, the later ones count.
        settings : GRUForecaster
        """
        rows = self.relation.verified(rows)
        if self.calibration is not None:
            rows, start = self.calibration.leave_out(rows, start)
        rows = with_windows(rows, start, self)
        return replace(self, net_=self._trained(rows, settings, whole=False))

    def train_panel(self, panel: list[Rows], settings: GRUForecaster) -> ForecastEngine:
        """Train an epoch on many series, each standardised by itself."""
        if self.is_ready:
            return self.adopt(panel[-1])
        relations = _relate_panel(panel, self.choices, settings, self.relation.form)
        place = place_of(settings, self.net_)
        dataset = panel_dataset(
            panel, relations, self.window_length_, settings, place, hold_out=False
        )
        net = copied_net(self, settings)
        engine = replace(self.adopt(panel[-1]), net_=net)
        if not len(dataset):
            return engine
        return train_engine(engine, dataset, settings, whole=False)

    def _trained(self, rows: Rows, settings: GRUForecaster, whole: bool) -> Net:
        """Train a copy of the network on the windows of `rows`.

        If all targets are missing, there is nothing to learn.
        """
        if self.is_ready:
            return _tuned(self, [rows], settings).net_ if whole else self.net_
        require_rows(len(rows), self.window_length_, self.horizon)
        place = place_of(settings, self.net_)
        dataset = series_dataset(
            rows, self.relation, self.window_length_, settings, place, hold_out=whole
        )
        net = copied_net(self, settings, rows)
        if whole:
            _require_targets(dataset)
        if not len(dataset):
            return net
        engine = replace(self, net_=net)
        return train_engine(engine, dataset, settings, rows, whole=whole).net_

    # Taking rows in

    def extend(
        self, rows: Rows, settings: GRUForecaster | None = None
    ) -> ForecastEngine:
        """Take in the rows that follow the history.

        Parameters
        ----------
        rows : Rows
        settings : GRUForecaster, default=None
            With it, the network trains an epoch on the windows whose targets they are.
        """
        rows = self.relation.verified(self.history.dated(rows))
        net = self.net_
        if settings is not None and reaches_behind_calibration(rows, self):
            windows = with_windows(rows, self.history.n_rows, self)
            net = self._trained(windows, settings, whole=False)
        return replace(self, net_=net, history=self.history.extended(rows))

    def restart(
        self, rows: Rows, settings: GRUForecaster | None = None
    ) -> ForecastEngine:
        """Take in rows that begin anew behind a gap.

        Parameters
        ----------
        rows : Rows
        settings : GRUForecaster, default=None
            With it, the network trains an epoch on them.
        """
        rows = self.relation.verified(rows)
        net = self.net_
        if settings is not None:
            net = self._trained(rows, settings, whole=False)
        history = History.of(rows, self.history.kept)
        calibration = self.calibration
        if calibration is not None:
            calibration = replace(calibration, end=0)  # before all rows of now
        return replace(self, net_=net, history=history, calibration=calibration)

    def adopt(self, rows: Rows) -> ForecastEngine:
        """Take another series in, standardised by itself, without training."""
        return replace(
            self,
            relation=self.relation.rescaled(rows),
            history=History.of(rows),
            mixture=None,
        )

    # Forecasting

    def forecast(self, steps: int, exogenous: Floats | None = None) -> Floats:
        """Forecast the rows after the history.

        Parameters
        ----------
        steps : int
        exogenous : ndarray of shape (steps, n_exogenous), default=None
            What is known of these rows.

        Returns
        -------
        ndarray of shape (steps, n_targets), float64
        """
        rows = self.history.last
        if exogenous is not None:
            exogenous = np.concatenate([rows.exogenous, exogenous])
        return self.forecast_from([len(rows)], rows.values, steps, None, exogenous)[0]

    def forecast_from(
        self,
        origins: ArrayLike,
        values: ArrayLike,
        steps: int = 1,
        before: Rows | None = None,
        exogenous: Floats | None = None,
    ) -> Floats:
        """Forecast from any of a series' rows.

        Parameters
        ----------
        origins : array-like of int, shape (n_origins,)
            How many of `values` each forecast has seen.
        values : array-like of shape (n_rows, n_columns)
        steps : int, default=1
        before : Rows, default=None
            The rows right before `values`; None pads with the first of `values`.
        exogenous : ndarray of shape (n_known, n_exogenous), default=None
            One row for each of `values`, and for those after them.

        Returns
        -------
        ndarray of shape (n_origins, steps, n_targets), float64
        """
        return self._forecasts(origins, values, steps, before, exogenous, False)

    def quantiles_from(
        self,
        origins: ArrayLike,
        values: ArrayLike,
        steps: int = 1,
        before: Rows | None = None,
        exogenous: Floats | None = None,
    ) -> Floats:
        """Forecast `QUANTILES` from any of a series' rows, with a network for them.

        Parameters are those of `forecast_from`.

        Returns
        -------
        ndarray of shape (n_origins, steps, n_targets, n_quantiles), float64
            In order; not yet conformalised.
        """
        return self._forecasts(origins, values, steps, before, exogenous, True)

    def _forecasts(
        self,
        origins: ArrayLike,
        values: ArrayLike,
        steps: int,
        before: Rows | None,
        exogenous: Floats | None,
        quantiles: bool,
    ) -> Floats:
        known = origins, values, steps, before
        forecast = self.raw_forecasts(*known, exogenous, quantiles)
        if self.mixture is not None:
            forecast = self.mixture.mixed(
                forecast, self, origins, values, before, quantiles
            )
        return require_finite(forecast, "The forecast")

    def raw_forecasts(
        self,
        origins: ArrayLike,
        values: ArrayLike,
        steps: int,
        before: Rows | None = None,
        exogenous: Floats | None = None,
        quantiles: bool = False,
    ) -> Floats:
        """Forecast by the network alone, whatever numbers that gives.

        Parameters are those of `forecast_from`; `quantiles` are a further, last axis.
        """
        self.require_steps(steps)

        def forecast(
            module: ForecastNet,
            windows: torch.Tensor,
            known: torch.Tensor | None = None,
        ) -> torch.Tensor:
            return feed_back(module, windows, known, steps, quantiles)

        take = self._inputs(values, before, exogenous, steps)
        outputs = evaluate_at(self, np.asarray(origins), take, forecast)
        if not quantiles:
            return self.relation.to_units(outputs)
        units = self.relation.to_units(np.moveaxis(outputs, -1, 0))
        # A relation that turns a series upside down turns its quantiles round.
        return np.sort(np.moveaxis(units, 0, -1), axis=-1)

    def forecast_at(self, origins: Origins) -> Floats:
        """Forecast rows from those before them: (n_origins, n_targets), float64.

        Parameters
        ----------
        origins : Origins
        """
        rows = origins.rows
        forecast = self.forecast_from(
            origins.places, rows.values, exogenous=rows.exogenous
        )
        return forecast[:, 0]

    def states(
        self,
        origins: ArrayLike,
        values: ArrayLike,
        before: Rows | None = None,
        exogenous: Floats | None = None,
    ) -> Floats:
        """Compute the hidden states behind forecasts: (n_origins, units), float64.

        Parameters are those of `forecast_from`.
        """
        states = evaluate_at(
            self,
            np.asarray(origins),
            self._inputs(values, before, exogenous, 1),
            lambda module, *inputs: module.features(*inputs),
        )
        return require_finite(states.astype(np.float64), "The hidden state")

    def _inputs(
        self,
        values: ArrayLike,
        before: Rows | None,
        exogenous: Floats | None,
        steps: int,
    ) -> Callable[[Array], list[Array]]:
        """Return a function that gathers the network's inputs at origins."""

        def take(origins: Array) -> list[Array]:
            return inputs_before(origins, values, before, exogenous, steps, self)

        return take

    def errors(
        self,
        rows: Rows,
        start: int,
        steps: int,
        stop: int | None = None,
        before: Rows | None = None,
    ) -> Floats:
        """Errors of all forecasts from row `start` on, by step.

        Parameters
        ----------
        rows : Rows
        start, steps : int
        stop : int, default=None
            Forecast from rows before this one only.
        before : Rows, default=None
            As in `forecast_from`.

        Returns
        -------
        ndarray of shape (n, steps, n_targets), float64
            Truth minus forecast; NaN where the truth is not known yet. Of a network
            that forecasts quantiles, they are another, last axis.
        """
        truth = self.relation.targets_of(rows)
        origins = np.arange(start, len(rows) if stop is None else stop)
        of_quantiles = (len(QUANTILES),) if self.forecasts_quantiles else ()
        if not len(origins):
            return np.empty((0, steps, truth.shape[1], *of_quantiles))
        unknown = np.full((steps - 1, truth.shape[1]), np.nan)
        truth = np.concatenate([truth, unknown])[origins[:, None] + np.arange(steps)]
        known = rows.values, steps, before, rows.exogenous
        if of_quantiles:
            return truth[..., None] - self.quantiles_from(origins, *known)
        return truth - self.forecast_from(origins, *known)

    def require_steps(self, steps: int) -> None:
        """Raise unless that many rows can be forecast."""
        if not isinstance(steps, (int, np.integer)) or steps < 1:
            given = repr(steps) if np.isscalar(steps) else f"a {type(steps).__name__}"
            raise ValueError(f"steps must be an integer of at least 1, got {given}.")
        if steps > self.horizon and self.relation.affine is None:
            raise ValueError(
                f"steps={steps} is more than horizon={self.horizon}, and the targets "
                "are no affine images of columns of X, so forecasts can't be fed back. "
                f"Fit with horizon={steps}, or transform X and y alike."
            )


def _seen(rows: Rows, settings: GRUForecaster) -> Rows:
    """Leave out the rows that are kept for calibration."""
    n_kept = n_calibration_rows(len(rows), settings.calibration_fraction)
    return rows.part(0, len(rows) - n_kept)


def _tuned(
    engine: ForecastEngine, panel: list[Rows], settings: GRUForecaster
) -> ForecastEngine:
    """Train the network of an engine that came trained on, if that is asked for."""
    if not trains_on(settings):
        return engine
    return replace(engine, net_=tuned_net(engine, panel, settings))


def _require_seen(
    n_seen: int, fraction: float, window_length: int, horizon: int
) -> None:
    """Require that the rows that training sees are enough."""
    note = " (without the calibration rows)" if fraction else ""
    require_rows(n_seen, window_length, horizon, note=note)


def _require_targets(dataset: SequenceDataset) -> None:
    if not len(dataset):
        raise ValueError(
            "Every row that could be learned is NaN: behind the first window there is "
            "no known value. Give a longer series, or a shorter window."
        )


def _relate(
    rows: Rows,
    n_seen: int,
    settings: GRUForecaster,
    form: Form | None,
    choices: Choices,
) -> Relation:
    return Relation.learn(
        rows, n_seen, settings.standardize, form, choices.transform, settings.missing
    )


def _relate_panel(
    panel: list[Rows], choices: Choices, settings: GRUForecaster, form: Form | None
) -> list[Relation]:
    for i, rows in enumerate(panel):
        name = f"Series {i} of the panel"
        require_rows(len(rows), choices.window_length, settings.horizon, name)
    return [_relate(rows, len(rows), settings, form, choices) for rows in panel]
