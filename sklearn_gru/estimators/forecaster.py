"""GRUForecaster: rows of a series in, the next rows out."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._base import document_parameters, require_finite
from sklearn_gru.estimators._conformal import offsets_by_step
from sklearn_gru.estimators._forecasting import BaseForecaster, Origins
from sklearn_gru.estimators._time_index import calendar_of, check_time_index
from sklearn_gru.nets import LOSSES


@document_parameters
class GRUForecaster(RegressorMixin, BaseForecaster):
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
        **BaseForecaster._parameter_constraints,
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
            has a hole or goes back, or if training diverges.
        """
        return self._fit(X, y)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Train for one more epoch, on new rows.

        Parameters
        ----------
        X, y
            As in `fit`: the rows that follow those of the last call. Standardisation
            stays that of the first call.

        Returns
        -------
        self : GRUForecaster
        """
        return self._fit(X, y, continuing=True)

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
            y = self._forecast(X.rows, None, X.places, 1, X.exogenous)
            return self._flat(y[:, 0])
        X, history = self._read_context(X, context)
        if steps is None:
            return self._flat(self._forecast(X, history, np.arange(len(X)), 1)[:, 0])
        return self._flat(self._forecast(X, history, [len(X)], steps)[0])

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
        history = self._history
        return self._flat(self._forecast(history, None, [len(history)], steps)[0])

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
        X, history = self._read_context(X, context)
        return self._forecast(X, history, np.arange(1, len(X) + 1), steps)

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
        X, history = self._read_context(X)
        blocks = self._evaluate(X, history, np.arange(len(X)), "features")
        return require_finite(
            np.concatenate(blocks).astype(np.float64), "The hidden state"
        )

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
        if y is None:
            y = self._targets_of(self._read_rows(X, reset=False))
        return r2_score(y, predicted, sample_weight=sample_weight)

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
            If there are no calibration rows, or too few for this coverage.
        """
        if not 0 < coverage < 1:
            raise ValueError(f"coverage must lie between 0 and 1, got {coverage!r}.")
        tails = [(1 - coverage) / 2, (1 + coverage) / 2]
        return self.predict_quantiles(X, steps, alpha=tails)

    def predict_quantiles(self, X=None, steps=None, *, alpha=(0.1, 0.5, 0.9)):
        """Forecast quantiles, as `predict_interval` does intervals.

        Parameters
        ----------
        X, steps
            As in `predict`; without `X`, the rows after the training series.
        alpha : sequence of float, default=(0.1, 0.5, 0.9)
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
        offsets = offsets_by_step(errors, np.asarray(alpha, float))
        offsets = offsets[:, 0] if self._y_is_flat else offsets  # (steps, ..., levels)
        return center[..., None] + offsets

    def _calibration_errors(self, steps):
        """Errors of all forecasts over the calibration rows, by step ahead."""
        if not self.calibration_fraction:
            raise ValueError(
                "Intervals need rows that training has not seen: fit with "
                "calibration_fraction=0.2, for example."
            )
        rows, truth = self._calibration
        start = len(rows) - len(truth)
        if len(truth) < steps:
            raise ValueError(
                f"{len(truth)} calibration rows are too few for steps={steps}; raise "
                "calibration_fraction or give a longer series."
            )
        padded = np.concatenate([np.full((start, truth.shape[1]), np.nan), truth])
        return self._errors(rows, padded, start, steps)

    def _read_context(self, X, context=None):
        """Validate `X`; return it and the rows before it (None: padding)."""
        check_is_fitted(self)
        check_time_index(X, "X")
        stamps = calendar_of(X)
        X = self._read_rows(X, reset=False)
        context = self.context if context is None else context
        if context not in ("extend", "apply"):
            raise ValueError(f'context must be "extend" or "apply", got {context!r}.')
        if context == "apply" or self._begins_like_training(X, stamps):
            return X, None
        self._warn_of_a_gap(stamps)
        return X, self._history

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.target_tags.multi_output = True
        # Rows are forecast from earlier rows, which scikit-learn's samples do not do.
        tags.regressor_tags.poor_score = True
        return tags
