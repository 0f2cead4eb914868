"""GRUForecaster: rows of a series in, the next rows out."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING

from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._adaptive import INTERVAL_METHODS
from sklearn_gru.estimators._base import BaseRecurrent, validated
from sklearn_gru.estimators._forecasts import Forecasts
from sklearn_gru.estimators._known_columns import places_of_known
from sklearn_gru.estimators._onnx import ExportsForecasts
from sklearn_gru.estimators._parameters import document_parameters
from sklearn_gru.estimators._private import Interval, StrOptions, fit_context
from sklearn_gru.estimators._recognition import recognise
from sklearn_gru.estimators._series_input import read_more, read_series
from sklearn_gru.estimators.forecasting import ForecastEngine, usual_season
from sklearn_gru.nets import FORECAST_LOSSES
from sklearn_gru.weights import WEIGHTS

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike

    from sklearn_gru._types import (
        Activation,
        Auto,
        Callbacks,
        Cell,
        Center,
        Channels,
        CheckpointPlace,
        ContextRule,
        Device,
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
        TargetTransform,
        Units,
        Verbosity,
        Weights,
    )
    from sklearn_gru.estimators.forecasting import Rows
    from sklearn_gru.training import Net


@document_parameters
class GRUForecaster(Forecasts, ExportsForecasts, RegressorMixin, BaseRecurrent):
    """Gated recurrent network that forecasts the next rows of a series.

    Rows are equally spaced time steps, oldest first. ``fit(X, y)`` learns to forecast
    the columns of `y`, in their own units, from windows of `X`. If every column of
    `y` is an affine image of a column of `X` (behind MinMaxScaler, StandardScaler,
    RobustScaler or MaxAbsScaler it is), forecasts are fed back, so any number of
    steps can be forecast. Otherwise `horizon` steps can.

    Parameters
    ----------
    window_length : int or "auto", default="auto"
        Rows of history behind each forecast of the network that is trained. "auto" is
        24, or 52 for series of 1,000 rows and more; with a season two to seven whole
        seasons, the more the longer the series is. It is never more than half the
        series.
    units : int or tuple of int, default=32
        Width of the recurrent layer, or of each of the stacked layers.
    horizon : int, default=1
        Rows that the network forecasts at once. Longer forecasts feed blocks of this
        many rows back.
    context : {"extend", "apply"}, default="extend"
        What precedes the first row of `X` in `predict`. "extend": the end of the
        training series, unless `X` is found to be that series or to overlap with it
        (see :ref:`context`). "apply": nothing; the start is padded with the first
        row.
    known_columns : array-like of str, int or bool, default=None
        The columns of `X` that are known of the future, such as holidays, prices or the
        hour of the day: by name, by position, or as a mask. They help to forecast the
        row that they stand in, and are not forecast themselves. Behind a scaler that
        returns arrays columns have no names. See :ref:`known-columns`.
    calibration_fraction : float, default=0.0
        Share of the rows, the latest ones, that is kept out of training to measure
        errors for `predict_interval` and `predict_quantiles`.
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
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the PyTorch module.
    window_length_ : int
        Rows of history behind each forecast of the network.
    season_length_ : int
        Rows of the season that was found or given; 1 if there is none.
    zero_shot_share_ : ndarray of shape (n_steps, n_targets)
        With ``weights="auto"``, the share of the zero-shot forecast in that of each
        step; that of the last one holds for all further steps. Zero if there is none.
    engine_ : ForecastEngine
        All that was learned, and the rows before the next forecast. Training replaces
        it; nothing changes it.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Columns of `X`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, if `X` was a DataFrame with names.

    Notes
    -----
    With `early_stopping`, the latest rows are held out.

    See Also
    --------
    SlidingWindowTransformer : Windows for any other regressor.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from sklearn_gru import GRUForecaster
    >>> series = 20 + 5 * np.sin(np.arange(300) / 6)[:, None]
    >>> forecaster = GRUForecaster(window_length=12, units=8, random_state=0)
    >>> model = make_pipeline(MinMaxScaler(), forecaster)
    >>> model = model.fit(series[:250], series[:250])
    >>> model.score(series[250:], series[250:]) > 0.99
    True
    >>> model.predict(series[250:], steps=3).shape
    (3, 1)

    Forecasts of the rows after the training series, with an interval around each, and
    with quantiles:

    >>> forecaster = GRUForecaster(calibration_fraction=0.2, max_epochs=2)
    >>> forecaster = forecaster.fit(series[:250])
    >>> forecaster.forecast(3).shape
    (3, 1)
    >>> forecaster.predict_interval(steps=3, coverage=0.8).shape
    (3, 1, 2)
    >>> forecaster.predict_quantiles(steps=3, alpha=[0.1, 0.5, 0.9]).shape
    (3, 1, 3)

    Forecasts from every row, and the state of the network behind each:

    >>> forecaster.rolling_forecast(series[250:], steps=3).shape
    (50, 3, 1)
    >>> forecaster.transform(series[250:]).shape
    (50, 32)

    One more epoch, on new rows:

    >>> forecaster = forecaster.partial_fit(series[250:])
    >>> forecaster.n_iter_, len(forecaster.loss_curve_)
    (3, 3)

    What "auto" found: no season, and so short windows.

    >>> forecaster.season_length_, forecaster.window_length_
    (1, 24)
    >>> forecaster.zero_shot_share_  # the network does without
    array([[0.]])
    >>> len(forecaster.net_.history)
    3

    The series must be longer than the window:

    >>> GRUForecaster(window_length=24).fit(series[:20])
    Traceback (most recent call last):
        ...
    ValueError: The series has 20 rows, but window_length=24 and horizon=1 need at \
least 25: give a longer series, or a shorter window.
    """

    _parameter_constraints = {
        **BaseRecurrent._parameter_constraints,
        "window_length": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "weights": [StrOptions({"auto", *WEIGHTS}), None],
        "center": [StrOptions({"auto", "last", "mean", "season"}), None],
        "scale": [StrOptions({"auto", "series", "window"})],
        "season_length": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "target_transform": [StrOptions({"auto", "log"}), None],
        "max_epochs": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "missing": [StrOptions({"error", "mask"})],
        "linear_path": ["boolean"],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "segment_length": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "channels": [StrOptions({"joint", "independent"})],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "context": [StrOptions({"extend", "apply"})],
        "known_columns": ["array-like", None],
        "calibration_fraction": [Interval(Real, 0, 1, closed="left")],
        "interval_method": [StrOptions(set(INTERVAL_METHODS))],
        "loss": [StrOptions(set(FORECAST_LOSSES))],
    }
    # Pipelines forward these with metadata routing on, as they do with it off.
    __metadata_request__predict = {"steps": True, "context": True}

    _counted = "rows"

    def __init__(
        self,
        window_length: int | Auto = "auto",
        units: Units = 32,
        *,
        horizon: int = 1,
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
        context: ContextRule = "extend",
        known_columns: ArrayLike | None = None,
        calibration_fraction: float = 0.0,
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
        warm_start: bool = False,
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
        self.context = context
        self.known_columns = known_columns
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
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.device = device
        self.dtype = dtype
        self.kernel = kernel
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Train on a series.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The series that windows are cut from. A :class:`numpy.memmap` is read a
            batch at a time, unless there are `known_columns` or values may be missing.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            What to forecast, row by row beside `X`; the columns of `X` if None, but for
            its `known_columns`.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        InvalidParameterError
            If a parameter is out of its range.
        ValueError
            If `X` or `y` has a wrong shape, length or content, if their time index
            has a hole, goes back or differs, or if training diverges. With
            `warm_start`, also if y is related to X in another way than in the first
            fit. If `known_columns` are not columns of `X`, or are among `y`.
        """
        if self._starts_anew(continuing=False):
            return self._fit_anew(X, y)
        with self._fitting(X, y):
            rows = self._read_more(X, y)
            self.engine_ = self.engine_.refit(rows, self)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Train for one more epoch, on new rows.

        Parameters
        ----------
        X, y
            As in `fit`: the rows that follow those of the last call, a continuation of
            the training series as `predict` knows it. What the first call found about
            them stays: how y is related to X, and how both are standardised. Rows
            kept for calibration stay, too.

        Returns
        -------
        self : GRUForecaster

        Raises
        ------
        ValueError
            As in `fit`, or if a row of y contradicts the relation to X that the first
            call found.
        """
        if self._starts_anew(continuing=True):
            return self._fit_anew(X, y, whole=False)
        with self._fitting(X, y):
            rows = self._read_more(X, y)
            self.engine_ = self._continued(rows)
        return self

    def _n_counted(self) -> int:
        return self.engine_.history.n_rows

    def _read_more(self, X: ArrayLike, y: ArrayLike | None) -> Rows:
        """Read rows to go on training with."""
        form, missing = self.engine_.relation.form, self.engine_.relation.missing
        if self.missing != missing:
            raise ValueError(
                f"Training can't go on with missing={self.missing!r}: the fitted "
                f"forecaster has missing={missing!r}. Set it back, or fit anew with "
                "warm_start=False."
            )
        if places_of_known(self) != form.known_columns:
            raise ValueError(
                f"Training can't go on with known_columns={self.known_columns!r}: the "
                f"fitted forecaster has known_columns={list(form.known_columns)}. Set "
                "it back, or fit anew with warm_start=False."
            )
        return read_more(self, X, y, form)

    def _fit_anew(self, X: ArrayLike, y: ArrayLike | None, whole: bool = True) -> Self:
        with self._fitting(X, y):
            rows, form = read_series(self, X, y)
            seed = self._draw_seed(continuing=not whole)
            self.engine_ = ForecastEngine.fit(
                rows,
                self,
                seed,
                form=form,
                whole=whole,
                usual_season=usual_season(rows.index),
            )
        return self

    def _continued(self, rows: Rows) -> ForecastEngine:
        """Train the engine an epoch on rows, wherever they belong."""
        engine, n_known = self.engine_, self.engine_.history.n_rows
        place = recognise(rows, engine.history, engine.rows_to_recognise)
        if place.start is None or place.behind_gap:
            return self._restarted(rows)
        new = rows.part(n_known - place.start)
        if place.start == 0 and len(rows) >= n_known and engine.calibration is None:
            return engine.refit(rows, self, whole=False)
        if len(new):
            return engine.extend(new, self)
        return engine.train(rows, place.start, self)

    def _restarted(self, rows: Rows) -> ForecastEngine:
        """Learn rows that do not follow the known ones, and say so."""
        engine = self.engine_
        enough = len(rows) >= engine.window_length_ + engine.horizon
        consequence = (
            "it is learned as a series that begins anew"
            if enough
            else f"its {len(rows)} rows are too few to train on, and become history"
        )
        warnings.warn(
            f"X begins at {rows.index[0]}, which does not follow the training series, "
            f"whose last row is {engine.history.last.index[-1]}; {consequence}.",
            stacklevel=5,
        )
        return engine.restart(rows, self if enough else None)

    @property
    def net_(self) -> Net:
        """The trained skorch net."""
        check_is_fitted(self)
        return self.engine_.net_

    @net_.setter
    def net_(self, net: Net) -> None:
        self.engine_ = replace(self.engine_, net_=net)

    @property
    def window_length_(self) -> int:
        """Rows of history behind each forecast."""
        check_is_fitted(self)
        return self.engine_.window_length_

    @property
    def season_length_(self) -> int:
        """Rows of the season that was found or given; 1 if there is none."""
        check_is_fitted(self)
        return self.engine_.choices.season_length

    @property
    def zero_shot_share_(self) -> Floats:
        """Share of zero-shot forecasts, step by step."""
        check_is_fitted(self)
        return self.engine_.zero_shot_share

    def __sklearn_is_fitted__(self) -> bool:
        return "engine_" in vars(self)

    @property
    def _n_features_out(self) -> int:
        module = self.net_.module_
        width: int = module.recurrent.output_size
        return width * self.n_features_in_ if module.independent else width

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "mask"
        tags.target_tags.required = False
        tags.target_tags.multi_output = True
        # Rows are forecast from earlier rows, which scikit-learn's samples do not do.
        tags.regressor_tags.poor_score = True
        return tags


def checked_settings(parameters: dict[str, Any]) -> GRUForecaster:
    """Make the settings of an engine from a forecaster's parameters.

    Raises
    ------
    InvalidParameterError
        If one is out of its range.
    """
    return validated(GRUForecaster(**parameters))
