"""The forecaster behind sktime's interface."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from sklearn_gru.estimators._adaptive import INTERVAL_METHODS
from sklearn_gru.estimators._base import draw_seed
from sklearn_gru.estimators._conformal import quantile_offsets, quantiles_between
from sklearn_gru.estimators._html import PAGE
from sklearn_gru.estimators._named_panels import read_panel
from sklearn_gru.estimators._named_tables import (
    check_counts,
    check_exogenous,
    check_steps_of_one,
    columns_of,
    form_of,
    in_known_order,
    known_values_of,
    places_of,
    read_tables,
)
from sklearn_gru.estimators._parameters import document_parameters
from sklearn_gru.estimators._time_index import N_LABELS, check_time_index, follows
from sklearn_gru.estimators.forecaster import checked_settings
from sklearn_gru.estimators.forecasting import (
    ForecastEngine,
    HeldOutErrors,
    comes_trained,
    usual_season,
    with_own_seasons,
)
from sklearn_gru.nets import QUANTILES
from sklearn_gru.sktime._private import column_names, set_cutoff
from sklearn_gru.sktime.horizons import places_ahead, require_known, steps_of
from sklearn_gru.sktime.panels import PanelForecaster

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Self

    from sktime.forecasting.base import ForecastingHorizon

    from sklearn_gru._types import (
        Activation,
        Array,
        Auto,
        Callbacks,
        Cell,
        Center,
        Channels,
        CheckpointPlace,
        Device,
        FilePath,
        Floats,
        ForecastLoss,
        IntervalMethod,
        Kernel,
        LearningRateSchedule,
        Missing,
        Optimizer,
        Precision,
        RandomState,
        Scale,
        Table,
        TargetTransform,
        Units,
        Verbosity,
        Weights,
    )
    from sklearn_gru.estimators.forecaster import GRUForecaster as Settings
    from sklearn_gru.estimators.forecasting import Rows

# Of a short series, a head that is sized by fh takes at most this part.
LARGEST_SHARE = 1 / 3


@document_parameters
class GRUForecaster(PanelForecaster):
    """Gated recurrent network behind sktime's forecaster interface.

    The engine is that of :class:`sklearn_gru.GRUForecaster`. By default one model is
    trained per series, as in sktime; `pretrain` trains one on all series of a panel,
    and `fit` then only takes the new series in.

    Parameters
    ----------
    window_length : int or "auto", default="auto"
        Rows of history behind each forecast of the network that is trained. "auto" is
        24, or 52 for series of 1,000 rows and more; with a season two to seven whole
        seasons, the more the longer the series is. It is never more than half the
        series.
    units : int or tuple of int, default=32
        Width of the recurrent layer, or of each of the stacked layers.
    horizon : int or None, default=None
        Rows that the network forecasts at once; longer forecasts feed blocks of this
        many rows back. None takes the largest step of the `fh` that `fit` is given
        (less if the series is short), or 1.
    calibration_fraction : float, default=0.2
        Share of the rows, the latest ones, whose forecast errors make the prediction
        intervals.
    interval_method : {"adaptive", "split"}, default="split"
        How intervals follow from errors. "adaptive": they widen when values fall
        outside, narrow while none do, and scale with the recent size of errors, so the
        coverage holds along a series that changes, too (Angelopoulos et al. 2023,
        arXiv:2307.16895). "split": split-conformal, all errors count alike (Lei et al.
        2018, arXiv:1604.04173).
    {forecasting_parameters}
    max_epochs : int or "auto", default="auto"
        Passes over the training windows. "auto" is 20, and fewer for more than 10,000
        windows: the network only corrects a naive forecast and a linear path. It is 200
        where there is more to learn: no linear path, targets that are no columns of
        `X`, or columns whose future is known. It is none with ``weights="synthetic"``.
    lr : float, default=0.001
        Learning rate; with a schedule, its first value.
    {training_parameters}

    Attributes
    ----------
    forecaster_ : ForecastEngine
        The engine, which is never changed but replaced; `forecaster_.net_` is the
        skorch net.
    pretrained_ : ForecastEngine
        The engine as `pretrain` left it.

    Notes
    -----
    Exogenous `X` is taken as known for the future: a row of it is used for the
    forecast of the row of `y` with the same index. Rows that `fh` skips may be missing
    in the future `X`; the row before them stands in, or the one after the first ones.

    Prediction intervals are made from errors on rows that training has not seen: when
    they are first asked for, a second model with the same settings is trained without
    the latest rows, for as many steps, and its errors there are taken. Those of rows
    that come by ``update(update_params=False)`` are added. After `pretrain` no second
    model is needed. Levels too close to 0 or 1 for the number of errors are
    extrapolated along a normal distribution, with a warning; with ``loss="quantile"``
    the network's own quantiles stand in.

    See Also
    --------
    sklearn_gru.GRUForecaster : The same with scikit-learn's interface.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from sklearn_gru.sktime import GRUForecaster
    >>> y = load_airline()
    >>> forecaster = GRUForecaster(window_length=24, max_epochs=5, random_state=0)
    >>> forecaster.fit(y, fh=[1, 2, 3]).predict().index[0]
    Period('1961-01', 'M')
    """

    _tags = {
        "authors": "sklearn-gru developers",
        "python_dependencies": ["torch", "skorch"],
        "y_inner_mtype": ["pd.DataFrame", "pd.Series"],
        "X_inner_mtype": "pd.DataFrame",
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:insample": True,
        "capability:pred_int": True,
        "capability:pred_int:insample": True,
        "capability:missing_values": False,
        "capability:update": True,
        "capability:pretrain": True,
        "capability:categorical_in_X": False,
        "capability:random_state": True,
        "property:randomness": "derandomized",
        "requires-fh-in-fit": False,
        "X-y-must-have-same-index": True,
    }
    # The rows that are needed again are kept here, without pandas' cost of joining.
    _config = {"remember_data": False}
    _y = _X = None
    _doc_link_module = "sklearn_gru"

    def __init__(
        self,
        window_length: int | Auto = "auto",
        units: Units = 32,
        *,
        horizon: int | None = None,
        weights: Weights | None = "auto",
        center: Center = "auto",
        scale: Scale = "auto",
        season_length: int | Auto | None = "auto",
        target_transform: TargetTransform = "auto",
        missing: Missing = "error",
        linear_path: bool = True,
        n_estimators: int = 1,
        segment_length: int | Auto = "auto",
        channels: Channels = "joint",
        stride: int = 1,
        calibration_fraction: float = 0.2,
        interval_method: IntervalMethod = "split",
        loss: ForecastLoss = "squared_error",
        cell: Cell = "gru",
        activation: Activation = "tanh",
        reset_after: bool = True,
        dropout: float = 0.0,
        max_epochs: int | Auto = "auto",
        batch_size: int = 32,
        lr: float = 0.001,
        lr_schedule: LearningRateSchedule = "cosine",
        optimizer: Optimizer = "adam",
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        early_stopping: bool | Auto = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-2,
        standardize: bool = True,
        callbacks: Callbacks = None,
        checkpoint: CheckpointPlace = None,
        device: Device = "auto",
        dtype: Precision = "float32",
        kernel: Kernel = "auto",
        random_state: RandomState = None,
        verbose: Verbosity = 0,
    ) -> None:
        self.window_length = window_length
        self.units = units
        self.horizon = horizon
        self.weights = weights
        self.center = center
        self.scale = scale
        self.season_length = season_length
        self.target_transform = target_transform
        self.missing = missing
        self.linear_path = linear_path
        self.n_estimators = n_estimators
        self.segment_length = segment_length
        self.channels = channels
        self.stride = stride
        self.calibration_fraction = calibration_fraction
        self.interval_method = interval_method
        self.loss = loss
        self.cell = cell
        self.activation = activation
        self.reset_after = reset_after
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.standardize = standardize
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.device = device
        self.dtype = dtype
        self.kernel = kernel
        self.random_state = random_state
        self.verbose = verbose
        super().__init__()
        if missing == "mask":
            self.set_tags(**{"capability:missing_values": True})
        if comes_trained(weights):
            self.set_tags(**{"capability:exogenous": False})

    @classmethod
    def _generate_doc_link(cls) -> str:
        return PAGE.format(page=f"sklearn_gru.sktime.{cls.__name__}")

    def _check_X_y(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._check_X_y(*args, **kwargs)
        except ValueError as error:
            if "y passed contained missing data" not in str(error):
                raise
            raise ValueError(
                f'{error} Fill it, or use missing="mask", which reads NaN as missing.'
            ) from error

    # Training

    def _fit(
        self, y: Table, X: pd.DataFrame | None, fh: ForecastingHorizon | None
    ) -> Self:
        check_steps_of_one(y)
        if hasattr(self, "pretrained_"):
            relation = self.pretrained_.relation
            check_counts(y, X, relation)
            self._columns = in_known_order(y, relation.form.names or ())
            rows = read_tables(y, X, self._columns, relation)
            self.forecaster_ = self.pretrained_.adopt(rows)
        else:
            self._columns = columns_of(y)
            rows = read_tables(y, X, self._columns)
            settings = self._settings(self._direct_horizon(fh, len(rows)))
            seed, form = self._draw_seed(), form_of(y, X)
            self.forecaster_ = ForecastEngine.fit(
                rows,
                settings,
                seed,
                form=form,
                remember_all=True,
                usual_season=usual_season(y.index),
            )
        self._template = y.iloc[:0]
        self._note_end(self.cutoff, y.index[-N_LABELS:])
        self._held_out_errors = self._new_errors()
        return self

    def _update(
        self, y: Table, X: pd.DataFrame | None = None, update_params: bool = True
    ) -> Self:
        try:
            self._take_in(y, X, update_params)
        finally:
            # sktime moves it to the end of y, whatever comes of y.
            set_cutoff(self, self._known_cutoff)
        return self

    def _take_in(self, y: Table, X: pd.DataFrame | None, update_params: bool) -> None:
        """Extend the engine by the rows of `y` that are new."""
        engine, last = self.forecaster_, self._last_labels[-1]
        start = y.index.searchsorted(last, side="right")
        check_time_index(y.iloc[max(start - 1, 0) :], "y")
        y_new = y.iloc[start:]
        rows = read_tables(y_new, X, self._columns, engine.relation)
        if isinstance(y, pd.DataFrame):
            self._template = y.iloc[:0]  # sktime labels intervals as the last y was
        if not len(rows):
            return
        behind_gap = start == 0 and not follows(y_new.index, self._last_labels)
        settings, errors = None, self._held_out_errors
        if update_params and not engine.is_ready:
            n_rows = len(rows) + (0 if behind_gap else engine.history.n_rows)
            gap = y_new.index[0] if behind_gap else None
            settings = self._training_settings(n_rows, gap)
        if behind_gap:
            self.forecaster_ = engine.restart(rows, settings)
            before, window = engine.history.last, engine.window_length_
            self._held_out_errors = errors.broken_off(before, window)
        else:
            self.forecaster_ = engine.extend(rows, settings)
            stay = errors.has_gaps or hasattr(self, "pretrained_")
            if settings is not None and not stay:
                self._held_out_errors = self._new_errors()
        self._note_end(self.cutoff, y.index[-N_LABELS:])

    def _note_end(self, cutoff: pd.Index, last_labels: pd.Index) -> None:
        """Remember up to where rows are known."""
        self._known_cutoff = cutoff
        set_cutoff(self, cutoff)
        self._last_labels = last_labels

    def _training_settings(self, n_rows: int, gap: object) -> Settings | None:
        """Return settings for training on `n_rows`, or None if they are too few.

        `gap` is None, or the label of the first row behind one. What is done is said
        if it may not be what the user expects.
        """
        engine = self.forecaster_
        needed = engine.window_length_ + engine.horizon
        message = "no window that is trained on spans them"
        if n_rows < needed:
            message = (
                f"{n_rows} rows are too few to train on (window_length="
                f"{engine.window_length_} and horizon={engine.horizon} need {needed}), "
                "and become history only"
            )
        if gap is not None:
            last = self._last_labels[-1]
            message = f"Rows are missing between {last} and {gap}: {message}"
        if gap is not None or n_rows < needed:
            warnings.warn(f"{message}.", stacklevel=5)
        return self._settings(engine.horizon) if n_rows >= needed else None

    def save(
        self,
        path: FilePath | None = None,
        serialization_format: Literal["safetensors", "pickle", "cloudpickle"]
        | None = None,
    ) -> Any:
        """Write the forecaster to a file.

        Parameters
        ----------
        path : str or path-like, default=None
            A path that ends in ``.safetensors`` becomes such a file, which
            :func:`sklearn_gru.load` reads. Any other path, and None, is for sktime's
            own way, a pickle, which runs what is in it when it is read.
        serialization_format : {"safetensors", "pickle", "cloudpickle"}, default=None
            None goes by the path.

        Returns
        -------
        None, or what sktime's `save` returns

        Raises
        ------
        TypeError
            If the forecaster holds an object of yours, such as a callback.
        OSError
            If the file can't be written. What was there before is still there.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from sktime.datasets import load_airline
        >>> import sklearn_gru
        >>> from sklearn_gru.sktime import GRUForecaster
        >>> forecaster = GRUForecaster(max_epochs=2).fit(load_airline(), fh=[1, 2])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "airline.safetensors"
        ...     forecaster.save(path)
        ...     kept = sklearn_gru.load(path)
        >>> kept.predict().equals(forecaster.predict())
        True
        """
        if serialization_format is None:
            ours = str(path).endswith(".safetensors")
            serialization_format = "safetensors" if ours else "pickle"
        if serialization_format != "safetensors":
            return super().save(path, serialization_format)
        # The package knows all its estimators; this module knows its own.
        import sklearn_gru

        return sklearn_gru.save(self, cast("FilePath", path))

    def pretrain(self, y: Any, X: Any = None, fh: Any = None) -> Self:
        """Train one network on all series of a panel or hierarchy.

        Parameters
        ----------
        y : panel or hierarchy
            In any of sktime's formats. Series may differ in length; each is
            standardised by itself.
        X : panel or hierarchy, default=None
            Exogenous columns, with a row for each of `y`.
        fh : ForecastingHorizon or int or list of int, default=None
            Sizes the network's head if `horizon` is None.

        Returns
        -------
        self : GRUForecaster
            `fit` then takes a series in without training.

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> from sklearn_gru.sktime import GRUForecaster
        >>> index = pd.MultiIndex.from_product([["oslo", "rome"], range(60)])
        >>> panel = pd.DataFrame({"rain": np.sin(np.arange(120) / 4)}, index)
        >>> forecaster = GRUForecaster(max_epochs=2, random_state=0).pretrain(panel)
        >>> new = pd.Series(np.cos(np.arange(60) / 4), name="rain")
        >>> forecaster.fit(new, fh=[1, 2, 3]).predict().index.tolist()
        [60, 61, 62]
        """
        # sktime widens the formats that it lets through for y here, but not for X.
        self.set_tags(X_inner_mtype=["pd-multiindex", "pd_multiindex_hier"])
        try:
            pretrained: Self = super().pretrain(y, X, fh)
            return pretrained
        finally:
            self.set_tags(X_inner_mtype="pd.DataFrame")

    def _pretrain(
        self,
        y: Table,
        X: pd.DataFrame | None = None,
        fh: ForecastingHorizon | None = None,
    ) -> Self:
        panel = read_panel(y, X, columns_of(y))
        panel.check_times(check_time_index)
        settings = self._settings(self._direct_horizon(fh, min(map(len, panel.rows))))
        seed, form = self._draw_seed(), form_of(y, X)
        season = usual_season(panel.times[0])
        self.pretrained_ = ForecastEngine.fit_panel(
            panel.rows, settings, seed, form=form, usual_season=season
        )
        return self

    def _ready(self, y: Table, X: pd.DataFrame | None) -> ForecastEngine:
        """Make the engine with ready weights that all series of a panel share."""
        panel = read_panel(y, X, columns_of(y))
        season = usual_season(panel.times[0])
        settings, form = self._settings(1), form_of(y, X)
        return ForecastEngine.ready(
            panel.rows, settings, self._draw_seed(), form, season
        )

    def _with_own_seasons(
        self, shared: ForecastEngine, panel: Any
    ) -> list[ForecastEngine]:
        """Return, for each series of a panel, the engine that knows its season."""
        season = usual_season(panel.times[0])
        settings, seed = self._settings(1), self._draw_seed()
        return with_own_seasons(shared, panel.rows, settings, seed, season)

    def _pretrain_update(
        self,
        y: Table,
        X: pd.DataFrame | None = None,
        fh: ForecastingHorizon | None = None,
    ) -> Self:
        if not hasattr(self, "pretrained_"):
            return self._pretrain(y, X, fh)
        engine = self.pretrained_
        check_counts(y, X, engine.relation)
        columns = in_known_order(y, engine.relation.form.names or ())
        panel = read_panel(y, X, columns, engine.relation)
        panel.check_times(check_time_index)
        settings = self._settings(engine.horizon)
        self.pretrained_ = engine.train_panel(panel.rows, settings)
        return self

    def _draw_seed(self) -> int:
        return draw_seed(self.random_state, self.checkpoint)

    def _settings(self, horizon: int, **changes: Any) -> Settings:
        parameters = {**self.get_params(), **changes}
        if self.horizon is None:
            parameters["horizon"] = horizon
        # The engine keeps no rows from training: a second model measures the errors.
        settings = checked_settings(parameters)
        settings.set_params(calibration_fraction=0.0)
        return settings

    def _direct_horizon(self, fh: ForecastingHorizon | None, n_rows: int) -> int:
        if fh is None:
            return 1
        if not fh.is_relative and self.cutoff is None:
            return 1  # in pretraining there is no cutoff to count from
        furthest = int(max(steps_of(fh, self.cutoff)))
        most = int(n_rows * LARGEST_SHARE)
        if self.window_length != "auto":
            most = min(most, (n_rows - self.window_length) // 2)
        return max(1, min(furthest, most))

    # Forecasting

    def _predict(self, fh: ForecastingHorizon, X: pd.DataFrame | None) -> Table:
        values = self._values_at(fh, X)
        values = values[:, places_of(self._template, self._columns)]
        index = fh.to_absolute_index(self.cutoff)
        if isinstance(self._template, pd.Series):
            return pd.Series(values[:, 0], index=index, name=self._template.name)
        return pd.DataFrame(values, index=index, columns=self._template.columns)

    def _values_at(
        self,
        fh: ForecastingHorizon,
        X: pd.DataFrame | None,
        forecast: Callable[..., Floats] | None = None,
    ) -> Floats:
        """Forecast the rows of `fh`, behind the cutoff or before it.

        `forecast` is a method of the engine, by default that for points.

        Returns
        -------
        ndarray of shape (n, n_columns, ...)
        """
        steps, rows = steps_of(fh, self.cutoff), self.forecaster_.history.last
        forecast = forecast or self.forecaster_.forecast_from
        ahead, parts = steps > 0, []
        if not ahead.all():
            require_known(steps, len(rows))
            origins = len(rows) - 1 + steps[~ahead]
            parts.append(forecast(origins, rows.values, exogenous=rows.exogenous)[:, 0])
        if ahead.any():
            n_steps, known = int(steps.max()), rows.exogenous
            future = self._known_ahead(X, n_steps, steps[ahead])
            if future is not None:
                known = np.concatenate([known, future])
            values = forecast([len(rows)], rows.values, n_steps, None, known)[0]
            parts.append(values[steps[ahead] - 1])
        values = np.concatenate(parts)  # known rows come first
        return values[np.argsort(np.argsort(ahead, kind="stable"), kind="stable")]

    def _known_ahead(
        self, X: pd.DataFrame | None, n_steps: int, steps: Array
    ) -> Floats | None:
        """Exogenous rows of the `n_steps` after the cutoff: (n_steps, n_exogenous)."""
        relation = self.forecaster_.relation
        check_exogenous(X, relation)
        if X is None:
            return None
        places = places_ahead(X.index, self.cutoff, n_steps, steps)
        names = list(relation.form.exogenous_names or ())
        return known_values_of(X[names].iloc[places])

    # Intervals

    def _predict_quantiles(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, alpha: list[float]
    ) -> pd.DataFrame:
        levels = np.asarray(alpha, float)
        steps = np.maximum(steps_of(fh, self.cutoff), 1)
        if self.forecaster_.is_ready:
            values = self._values_at(fh, X, self.forecaster_.quantiles_from)
            quantiles = quantiles_between(values, QUANTILES, levels)
            return self._labelled(quantiles, fh, alpha)
        errors = self._held_out_errors.errors(
            self.forecaster_.history.last, int(steps.max()), self._second_model
        )
        if self.forecaster_.forecasts_quantiles:
            values = self._values_at(fh, X, self.forecaster_.quantiles_from)
            offsets = quantile_offsets(errors, QUANTILES, levels, extrapolate=True)
            quantiles = quantiles_between(
                values + offsets[steps - 1], QUANTILES, levels
            )
        else:
            method = INTERVAL_METHODS[self.interval_method]
            offsets = method(errors, levels, extrapolate=True)
            quantiles = self._values_at(fh, X)[:, :, None] + offsets[steps - 1]
        return self._labelled(quantiles, fh, alpha)

    def _labelled(
        self, quantiles: Floats, fh: ForecastingHorizon, alpha: list[float]
    ) -> pd.DataFrame:
        """Make sktime's table of quantiles (n, columns, levels)."""
        quantiles = quantiles[:, places_of(self._template, self._columns)]
        names = column_names(self)
        if isinstance(self._template, pd.DataFrame):
            names = self._template.columns
        return pd.DataFrame(
            quantiles.reshape(len(quantiles), -1),
            index=fh.to_absolute_index(self.cutoff),
            columns=pd.MultiIndex.from_product([names, alpha]),
        )

    def _new_errors(self) -> HeldOutErrors:
        """Errors from which intervals are made, none of them measured yet."""
        engine, window = self.forecaster_, self.forecaster_.window_length_
        n_rows, seed = engine.history.n_rows, self._draw_seed()
        start = n_rows - max(1, int(n_rows * self.calibration_fraction))
        if hasattr(self, "pretrained_"):
            # Its network has never seen the series.
            return HeldOutErrors(min(window, start), engine, seed, model=engine)
        if start < window + engine.horizon:
            start = min(window, start)
        return HeldOutErrors(start, engine, seed)

    def _second_model(self, rows: Rows, n_rows: int, seed: int) -> ForecastEngine:
        """Train a model on the first of `n_rows` rows, for as many steps as on all."""
        engine = self.forecaster_
        if len(rows) < engine.window_length_ + engine.horizon:
            warnings.warn(
                f"{n_rows} rows are too few to keep some from training: the intervals "
                "are made from errors on training rows, and may be too narrow.",
                stacklevel=2,
            )
            return engine
        if self.verbose:
            print(
                f"Intervals: training a second model on the first {len(rows)} of "
                f"{n_rows} rows, to measure its errors on the others."
            )
        max_epochs = self.max_epochs
        if max_epochs != "auto":
            max_epochs = round(max_epochs * n_rows / len(rows))
        settings = self._settings(
            engine.horizon,
            callbacks=None,
            window_length=engine.window_length_,
            season_length=engine.choices.season_length,
            max_epochs=max_epochs,
        )
        return ForecastEngine.fit(rows, settings, seed)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Give small settings for sktime's tests.

        Parameters
        ----------
        parameter_set : str, default="default"
            Ignored: there is one list of sets.

        Returns
        -------
        list of dict
        """
        quick = {"units": 4, "max_epochs": 2, "random_state": 0}
        alone = {**quick, "weights": None}
        return [
            {**quick, "window_length": 3},
            {**alone, "horizon": 2, "center": "last", "channels": "independent"},
            {**alone, "cell": "lstm", "window_length": 4, "segment_length": 2},
            {**alone, "units": (4, 3), "dtype": "float64", "center": None},
            {"weights": "synthetic"},
        ]
