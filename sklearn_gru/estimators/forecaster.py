"""GRUForecaster: rows of a series in, the next rows out."""

import warnings
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._base import BaseRecurrent, document_parameters, draw_seed
from sklearn_gru.estimators._intervals import ConformalIntervals
from sklearn_gru.estimators._recognition import recognise
from sklearn_gru.estimators._series_input import in_form, read_series
from sklearn_gru.estimators.forecasting import ForecastEngine, Origins
from sklearn_gru.nets import LOSSES


@document_parameters
class GRUForecaster(ConformalIntervals, RegressorMixin, BaseRecurrent):
    """Gated recurrent network that forecasts the next rows of a series.

    Rows are equally spaced time steps, oldest first. ``fit(X, y)`` learns to forecast
    the columns of `y`, in their own units, from windows of `X`. If every column of
    `y` is an affine image of a column of `X` (behind MinMaxScaler, StandardScaler,
    RobustScaler or MaxAbsScaler it is), forecasts are fed back, so any number of
    steps can be forecast. Otherwise `horizon` steps can.

    Parameters
    ----------
    window_length : int or "auto", default="auto"
        Rows of history behind each forecast. "auto" is 24, or half the series if that
        is less.
    units : int or tuple of int, default=32
        Width of the recurrent layer, or of each of the stacked layers.
    horizon : int, default=1
        Rows that the network forecasts at once. Longer forecasts feed blocks of this
        many rows back.
    center : {"auto", "last", "mean"} or None, default="auto"
        What is subtracted from each window and added to its forecast: the last row,
        the mean, or nothing. "auto" takes the one that would
        have been the best forecast of the later half of the training windows. Targets
        that are not columns of `X` are never shifted.
    segment_length : int, default=1
        Rows that form one input of the network, so that 720 rows are 15 steps of 48.
    channels : {"joint", "independent"}, default="joint"
        Whether one network reads all columns together, or each column by itself.
    stride : int, default=1
        Rows from one training window to the next.
    context : {"extend", "apply"}, default="extend"
        What precedes the first row of `X` in `predict`. "extend": the end of the
        training series, unless `X` begins with that series' own first rows.
        "apply": nothing; the start is padded with the first row.
    calibration_fraction : float, default=0.0
        Share of the rows, the latest ones, that is kept out of training to measure
        errors for `predict_interval` and `predict_quantiles`.
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        Training loss, on standardised targets.
    {training_parameters}

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the PyTorch module.
    window_length_ : int
        Rows of history behind each forecast.
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

    The series must be longer than the window:

    >>> GRUForecaster(window_length=24).fit(series[:20])
    Traceback (most recent call last):
        ...
    ValueError: The series has 20 rows, but window_length=24 and horizon=1 need at \
least 25: give a longer series or a shorter window.
    """

    _parameter_constraints = {
        **BaseRecurrent._parameter_constraints,
        "window_length": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "center": [StrOptions({"auto", "last", "mean"}), None],
        "segment_length": [Interval(Integral, 1, None, closed="left")],
        "channels": [StrOptions({"joint", "independent"})],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "context": [StrOptions({"extend", "apply"})],
        "calibration_fraction": [Interval(Real, 0, 1, closed="left")],
        "loss": [StrOptions(set(LOSSES))],
    }
    # Pipelines forward these with metadata routing on, as they do with it off.
    __metadata_request__predict = {"steps": True, "context": True}

    def __init__(
        self,
        window_length="auto",
        units=32,
        *,
        horizon=1,
        center="auto",
        segment_length=1,
        channels="joint",
        stride=1,
        context="extend",
        calibration_fraction=0.0,
        loss="squared_error",
        cell="gru",
        activation="tanh",
        reset_after=True,
        dropout=0.0,
        max_epochs=100,
        batch_size=32,
        lr=0.002,
        lr_schedule="cosine",
        optimizer="adam",
        weight_decay=0.0,
        gradient_clip=1.0,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-2,
        standardize=True,
        warm_start=False,
        callbacks=None,
        device="auto",
        dtype="float32",
        kernel="auto",
        random_state=None,
        verbose=0,
    ):
        self.window_length = window_length
        self.units = units
        self.horizon = horizon
        self.center = center
        self.segment_length = segment_length
        self.channels = channels
        self.stride = stride
        self.context = context
        self.calibration_fraction = calibration_fraction
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
        self.device = device
        self.dtype = dtype
        self.kernel = kernel
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Train on a series.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The series that windows are cut from. A :class:`numpy.memmap` is read a
            batch at a time.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            What to forecast, row by row beside `X`; the columns of `X` if None.

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
            fit.
        """
        if self._starts_anew(continuing=False):
            return self._fit_anew(X, y)
        with self._all_or_nothing():
            self.engine_ = self.engine_.refit(self._read_known(X, y), self)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
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
        with self._all_or_nothing():
            self.engine_ = self._continued(self._read_known(X, y))
        return self

    def _fit_anew(self, X, y, whole=True):
        with self._all_or_nothing():
            rows, form = read_series(self, X, y, reset=True)
            seed = draw_seed(self.random_state)
            self.engine_ = ForecastEngine.fit(rows, self, seed, form=form, whole=whole)
        return self

    def _continued(self, rows):
        """Train the engine an epoch on rows, wherever they belong."""
        engine, n_known = self.engine_, self.engine_.history.n_rows
        place = recognise(rows, engine.history, engine.window_length_)
        if place.start is None or place.behind_gap:
            warnings.warn(
                f"X begins at {rows.index[0]}, which does not follow the training "
                f"series, whose last row is {engine.history.last.index[-1]}; it is "
                "learned as a series that begins anew.",
                stacklevel=4,
            )
            return engine.restart(rows, self)
        if place.start == 0 and len(rows) >= n_known:
            return engine.refit(rows, self, whole=False)
        new = rows.part(n_known - place.start)
        return (
            engine.extend(new, self)
            if len(new)
            else engine.train(rows, place.start, self)
        )

    def predict(self, X, steps=None, context=None):
        """Forecast each row of `X` from the rows before it, or the rows after `X`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            By default a continuation of the training series, or that series itself.
        steps : int, default=None
            Forecast this many rows after the last row of `X`.
        context : {"extend", "apply"}, default=None
            Overrides the parameter of that name.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_targets), float64
            Row t is the forecast of row t of `y`, made without seeing row t of `X`.
            With `steps`, of shape (steps,) or (steps, n_targets). 1-D if `y` was.

        Raises
        ------
        ValueError
            If `X` has other columns than in `fit`, or if `steps` is more than
            `horizon` and the targets are no affine images of columns of `X`.
        """
        if isinstance(X, Origins):
            return self._in_shape(self.engine_.forecast_at(X))
        values, before = self._read_context(X, context)
        if steps is None:
            origins = np.arange(len(values))
            forecast = self.engine_.forecast_from(origins, values, 1, before)[:, 0]
        else:
            forecast = self.engine_.forecast_from([len(values)], values, steps, before)[
                0
            ]
        return self._in_shape(forecast)

    def forecast(self, steps, X=None):
        """Forecast the rows after the training series, or after `X`.

        Parameters
        ----------
        steps : int
            Number of rows.
        X : array-like of shape (n_rows, n_features), default=None
            As in `predict`; the training series if None.

        Returns
        -------
        ndarray of shape (steps,) or (steps, n_targets), float64
        """
        if X is not None:
            return self.predict(X, steps=steps)
        check_is_fitted(self)
        return self._in_shape(self.engine_.forecast(steps))

    def rolling_forecast(self, X, steps, context=None):
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
            including i.
        """
        values, before = self._read_context(X, context)
        origins = np.arange(1, len(values) + 1)
        return self.engine_.forecast_from(origins, values, steps, before)

    def transform(self, X):
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
        values, before = self._read_context(X)
        return self.engine_.states(np.arange(len(values)), values, before)

    def score(self, X, y=None, sample_weight=None):
        """Compute R² of the one-step-ahead forecasts.

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
            y = relation.in_shape(relation.targets_of(self._read_known(X, y)))
        return r2_score(y, predicted, sample_weight=sample_weight)

    @property
    def net_(self):
        """The trained skorch net."""
        return self.engine_.net_

    @net_.setter
    def net_(self, net):
        self.engine_ = replace(self.engine_, net_=net)

    @property
    def window_length_(self):
        """Rows of history behind each forecast."""
        return self.engine_.window_length_

    def __sklearn_is_fitted__(self):
        return "engine_" in vars(self)

    def _read_known(self, X, y):
        """Read what is to be learned beside what is known already."""
        rows, form = read_series(self, X, y)
        return in_form(rows, form, self.engine_.relation.form)

    def _read_context(self, X, context=None):
        """Validate `X`; return its values and the rows before it (None: padding)."""
        check_is_fitted(self)
        rows, _ = read_series(self, X)
        context = self.context if context is None else context
        if context not in ("extend", "apply"):
            raise ValueError(f'context must be "extend" or "apply", got {context!r}.')
        if context == "apply":
            return rows.values, None
        history = self.engine_.history
        place = recognise(rows, history, self.window_length_)
        if place.behind_gap:
            warnings.warn(
                f"X begins at {rows.index[0]}, which does not follow the training "
                f"series, whose last row is {history.last.index[-1]}; its first rows "
                'are forecast from that series all the same. Use context="apply" to '
                "read X by itself.",
                stacklevel=3,
            )
        return rows.values, history.before(place.start or 0)

    def _in_shape(self, y):
        return self.engine_.relation.in_shape(y)

    @property
    def _n_features_out(self):
        module = self.net_.module_
        width = module.recurrent.output_size
        return width * self.n_features_in_ if module.independent else width

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.target_tags.multi_output = True
        # Rows are forecast from earlier rows, which scikit-learn's samples do not do.
        tags.regressor_tags.poor_score = True
        return tags


def checked_settings(parameters):
    """Make the settings of an engine from a forecaster's parameters.

    Raises
    ------
    InvalidParameterError
        If one is out of its range.
    """
    settings = GRUForecaster(**parameters)
    settings._validate_params()
    return settings
