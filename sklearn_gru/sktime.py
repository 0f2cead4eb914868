"""The forecaster behind sktime's interface; the only module that imports sktime."""

import copy
import warnings

import numpy as np
import pandas as pd
from sktime.forecasting.base import BaseForecaster, ForecastingHorizon

from sklearn_gru import estimators
from sklearn_gru.estimators._base import document_parameters
from sklearn_gru.estimators._conformal import offsets_by_step

# Of a short series, a head that is sized by fh takes at most this part.
LARGEST_SHARE = 1 / 3


@document_parameters
class GRUForecaster(BaseForecaster):
    """Gated recurrent network behind sktime's forecaster interface.

    The engine is that of :class:`sklearn_gru.GRUForecaster`. By default one model is
    trained per series, as in sktime; `pretrain` trains one on all series of a panel,
    and `fit` then only takes the new series in.

    Parameters
    ----------
    window_length : int or "auto", default="auto"
        Rows of history behind each forecast. "auto" is 24, or half the series if that
        is less.
    units : int or tuple of int, default=32
        Width of the recurrent layer, or of each of the stacked layers.
    horizon : int or None, default=None
        Rows that the network forecasts at once; longer forecasts feed blocks of this
        many rows back. None takes the largest step of the `fh` that `fit` is given
        (less if the series is short), or 1.
    center : {"auto", "last", "mean"} or None, default="auto"
        What is subtracted from each window and added to its forecast: the last row,
        the mean, or nothing. "auto" takes the one that would
        have been the best forecast of the later half of the training windows.
    segment_length : int, default=1
        Rows that form one input of the network.
    channels : {"joint", "independent"}, default="joint"
        Whether one network reads all columns together, or each column by itself.
    stride : int, default=1
        Rows from one training window to the next.
    calibration_fraction : float, default=0.2
        Share of the rows, the latest ones, whose forecast errors make the prediction
        intervals.
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        Training loss, on standardised targets.
    {training_parameters}

    Attributes
    ----------
    forecaster_ : sklearn_gru.GRUForecaster
        The fitted engine; `forecaster_.net_` is the skorch net.
    pretrained_ : sklearn_gru.GRUForecaster
        The engine as `pretrain` left it.

    Notes
    -----
    Exogenous `X` is taken as known for the future: a row of it is used for the
    forecast of the row of `y` with the same index. Rows that `fh` skips may be missing
    in the future `X`; the row before them stands in.

    Prediction intervals are split-conformal (Lei et al. 2018, Distribution-Free
    Predictive Inference for Regression): when they are first asked for, a second model
    with the same settings is trained without the latest rows, for as many steps, and
    its errors there are added to the forecasts of the first. After `pretrain` no second
    model is needed. Levels too close to 0 or 1 for the number of errors are
    extrapolated along a normal distribution, with a warning.

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
        "y_inner_mtype": ["pd.Series", "pd.DataFrame"],
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

    def __init__(
        self,
        window_length="auto",
        units=32,
        *,
        horizon=None,
        center="auto",
        segment_length=1,
        channels="joint",
        stride=1,
        calibration_fraction=0.2,
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
        self.callbacks = callbacks
        self.device = device
        self.dtype = dtype
        self.kernel = kernel
        self.random_state = random_state
        self.verbose = verbose
        super().__init__()

    # Training

    def _fit(self, y, X, fh):
        rows, exogenous = _values(y), _values(X)
        if hasattr(self, "pretrained_"):
            self.forecaster_ = copy.deepcopy(self.pretrained_)
            self._check_columns(rows, exogenous)
            self.forecaster_._adopt(rows, exogenous)
        else:
            self.forecaster_ = self._engine(fh, len(rows))
            self.forecaster_._fit(rows, exogenous=exogenous)
        self._template = y.iloc[:0]
        self._X_columns = None if X is None else X.columns
        self._rows, self._exogenous = rows, exogenous
        self._last_label = y.index[-1]
        self._calibrated = {}
        return self

    def _update(self, y, X=None, update_params=True):
        start = y.index.searchsorted(self._last_label, side="right")
        if start == len(y):
            return self
        y_new = y.iloc[start:]
        X_new = None if X is None else X.loc[y_new.index]
        self._check_known(X_new)
        rows, exogenous = _values(y_new), _values(X_new)
        if start == 0 and not self._follows(y_new.index[0]):
            # There is a gap: what came before it is no history of the new rows.
            self._rows, self._exogenous = rows[:0], _head(exogenous, 0)
            self.forecaster_._remember_end(rows, exogenous, None, extends=False)
            self._calibrated = {}
        elif update_params:
            self.forecaster_._fit(rows, exogenous=exogenous, continuing=True)
            self._calibrated = {}
        else:
            self.forecaster_._remember_end(rows, exogenous, None, extends=True)
        self._rows = np.concatenate([self._rows, rows])
        if exogenous is not None:
            self._exogenous = np.concatenate([self._exogenous, exogenous])
        self._last_label = y.index[-1]
        return self

    def pretrain(self, y, X=None, fh=None):
        """Train one network on all series of a panel or hierarchy.

        Parameters
        ----------
        y : panel or hierarchy
            In any of sktime's formats. Series may differ in length; each is
            standardised by itself.
        X : panel or hierarchy, default=None
            Exogenous columns, with the index of `y`.
        fh : ForecastingHorizon or int or list of int, default=None
            Sizes the network's head if `horizon` is None.

        Returns
        -------
        self : GRUForecaster
            `fit` then takes a series in without training.
        """
        # sktime widens the formats that it lets through for y here, but not for X.
        self.set_tags(X_inner_mtype=["pd-multiindex", "pd_multiindex_hier"])
        try:
            return super().pretrain(y, X, fh)
        finally:
            self.set_tags(X_inner_mtype="pd.DataFrame")

    def _pretrain(self, y, X=None, fh=None):
        panel, exogenous = _split_panel(y), _split_panel(X)
        shortest = min(map(len, panel))
        engine = self._engine(fh, shortest)
        self.pretrained_ = engine._fit_panel(panel, exogenous)
        return self

    def _pretrain_update(self, y, X=None, fh=None):
        if not hasattr(self, "pretrained_"):
            return self._pretrain(y, X, fh)
        engine = copy.deepcopy(self.pretrained_)
        engine._fit_panel(_split_panel(y), _split_panel(X), continuing=True)
        self.pretrained_ = engine
        return self

    def _engine(self, fh, n_rows):
        parameters = self.get_params()
        parameters["calibration_fraction"] = 0.0
        if parameters["horizon"] is None:
            parameters["horizon"] = self._direct_horizon(fh, n_rows)
        engine = estimators.GRUForecaster(**parameters)
        engine._validate_params()
        return engine

    def _direct_horizon(self, fh, n_rows):
        if fh is None:
            return 1
        if not fh.is_relative and self._cutoff is None:
            return 1  # in pretraining there is no cutoff to count from
        furthest = int(max(_steps(fh, self._cutoff)))
        most = int(n_rows * LARGEST_SHARE)
        if self.window_length != "auto":
            most = min(most, (n_rows - self.window_length) // 2)
        return max(1, min(furthest, most))

    # Forecasting

    def _predict(self, fh, X):
        return self._frame(fh, self._values_at(fh, X))

    def _values_at(self, fh, X):
        """Forecast the rows of `fh`, behind the cutoff or before it: (n, columns)."""
        steps = _steps(fh, self._cutoff)
        ahead = steps > 0
        values = np.empty((len(steps), self._rows.shape[1]))
        if ahead.any():
            n_steps = int(steps.max())
            known = self._known_ahead(X, n_steps, steps[ahead])
            history = self.forecaster_._history
            origin = [len(history)]
            forecast = self.forecaster_._forecast(history, None, origin, n_steps, known)
            values[ahead] = forecast[0, steps[ahead] - 1]
        if not ahead.all():
            origins = len(self._rows) - 1 + steps[~ahead]
            if origins.min() < 0:
                raise ValueError(
                    f"fh reaches {-int(steps.min())} rows behind the cutoff, but only "
                    f"{len(self._rows)} rows are known."
                )
            forecast = self.forecaster_._forecast(
                self._rows, None, origins, 1, self._exogenous
            )
            values[~ahead] = forecast[:, 0]
        return values

    def _known_ahead(self, X, n_steps, steps):
        """Exogenous rows of the window and of the `n_steps` after it."""
        self._check_known(X)
        if X is None:
            return None
        horizon = ForecastingHorizon(range(1, n_steps + 1))
        index = horizon.to_absolute_index(self._cutoff)
        missing = index[steps - 1].difference(X.index)
        if len(missing):
            raise ValueError(
                f"X must hold the future rows that are forecast, but misses "
                f"{len(missing)} of {len(steps)}, first {missing[0]}."
            )
        ahead = X[self._X_columns].reindex(index).ffill().bfill()
        return np.concatenate([self.forecaster_._history_exogenous, _values(ahead)])

    def _check_known(self, X):
        if (X is None) != (self._X_columns is None):
            was, now = ("with", "without") if X is None else ("without", "with")
            raise ValueError(
                f"This forecaster was fitted {was} exogenous X, but is used {now} it: "
                "pass X, with the rows to forecast, to both or to neither."
            )
        if X is not None and list(X.columns) != list(self._X_columns):
            raise ValueError(
                f"X has the columns {list(X.columns)}, but the forecaster was fitted "
                f"with {list(self._X_columns)}."
            )

    def _check_columns(self, rows, exogenous):
        engine = self.forecaster_
        n_known = 0 if exogenous is None else exogenous.shape[1]
        expected = engine.n_features_in_, engine._n_exogenous
        if (rows.shape[1], n_known) != expected:
            raise ValueError(
                f"y has {rows.shape[1]} columns and X {n_known}, but this forecaster "
                f"was pretrained with {expected[0]} and {expected[1]}."
            )

    def _follows(self, label):
        """Tell whether a row is the one right after the last one known."""
        last = pd.Index([self._last_label])
        if hasattr(self._template.index, "freq"):
            last = type(self._template.index)(last, freq=self._template.index.freq)
        fh = ForecastingHorizon(pd.Index([label]), is_relative=False)
        return _steps(fh, last)[0] == 1

    def _frame(self, fh, values):
        index = fh.to_absolute_index(self._cutoff)
        if isinstance(self._template, pd.Series):
            return pd.Series(values[:, 0], index=index, name=self._template.name)
        return pd.DataFrame(values, index=index, columns=self._template.columns)

    # Intervals

    def _predict_quantiles(self, fh, X, alpha):
        values = self._values_at(fh, X)
        steps = np.maximum(_steps(fh, self._cutoff), 1)
        errors = self._calibration_errors(int(steps.max()))
        offsets = offsets_by_step(errors, np.asarray(alpha, float), extrapolate=True)
        quantiles = values[:, :, None] + offsets[steps - 1]  # (n, columns, levels)
        columns = pd.MultiIndex.from_product([self._get_varnames(), alpha])
        return pd.DataFrame(
            quantiles.reshape(len(values), -1),
            index=fh.to_absolute_index(self._cutoff),
            columns=columns,
        )

    def _calibration_errors(self, steps):
        """Errors of forecasts that training did not see, by step ahead.

        Those of rows that came since the last call join the earlier ones.
        """
        model, start = self._calibrate()
        n_complete = max(start, len(self._rows) - steps + 1)
        known, start = self._calibrated.get(steps, (None, start))
        errors = model._errors(self._rows, self._rows, start, steps, self._exogenous)
        errors = errors if known is None else np.concatenate([known, errors])
        # The last rows' errors are not complete before more rows are known.
        n_kept = len(errors) - (len(self._rows) - n_complete)
        self._calibrated[steps] = errors[:n_kept], n_complete
        return errors

    def _calibrate(self):
        """Return a model and the first row that it has not seen.

        They are kept in a dict because predicting must not set attributes.
        """
        if not self._calibrated:
            n_rows, engine = len(self._rows), self.forecaster_
            start = n_rows - max(1, int(n_rows * self.calibration_fraction))
            needed = engine.window_length_ + engine.horizon
            if hasattr(self, "pretrained_"):
                model, start = engine, min(engine.window_length_, start)
            elif start < needed:
                warnings.warn(
                    f"{n_rows} rows are too few to keep some from training: the "
                    "intervals are made from errors on training rows, and may be too "
                    "narrow.",
                    stacklevel=2,
                )
                model, start = engine, min(engine.window_length_, start)
            else:
                model = self._twin(start)
            self._calibrated |= {"model": model, "start": start}
        return self._calibrated["model"], self._calibrated["start"]

    def _twin(self, n_rows):
        """Train a second model on the first rows only, for as many steps."""
        parameters = self.forecaster_.get_params()
        parameters["callbacks"] = None
        parameters["window_length"] = self.forecaster_.window_length_
        parameters["max_epochs"] = round(self.max_epochs * len(self._rows) / n_rows)
        twin = estimators.GRUForecaster(**parameters)
        return twin._fit(self._rows[:n_rows], exogenous=_head(self._exogenous, n_rows))

    @classmethod
    def get_test_params(cls, parameter_set="default"):
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
        return [
            {**quick, "window_length": 3},
            {**quick, "horizon": 2, "center": "last", "channels": "independent"},
            {**quick, "cell": "lstm", "window_length": 4, "segment_length": 2},
            {**quick, "units": (4, 3), "dtype": "float64", "center": None},
        ]


def _steps(fh, cutoff):
    """Read a horizon as steps from the cutoff, shape (n,)."""
    return np.asarray(fh.to_relative(cutoff).to_numpy(), dtype=int)


def _values(table):
    """Read a Series or DataFrame as float rows (n, columns); None stays None."""
    if table is None:
        return None
    values = table.to_numpy(dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values


def _head(rows, n):
    return None if rows is None else rows[:n]


def _split_panel(table):
    """List the rows of each series of a panel or hierarchy."""
    if table is None:
        return None
    levels = list(range(table.index.nlevels - 1))
    return [_values(series) for _, series in table.groupby(level=levels, sort=True)]
