"""GRURegressor: a sequence in, numbers out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_array, check_is_fitted

from sklearn_gru.data import Ragged, Scaler, as_sequences, fit_scaler
from sklearn_gru.estimators._base import require_finite
from sklearn_gru.estimators._parameters import document_parameters
from sklearn_gru.estimators._private import StrOptions, fit_context
from sklearn_gru.estimators._sequence import BaseSequenceEstimator, check_lengths, unpad
from sklearn_gru.estimators._sequence_errors import saying_what_to_do_with_text
from sklearn_gru.nets import LOSSES
from sklearn_gru.training import dense, ragged

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Literal, Self

    import torch
    from numpy.typing import ArrayLike

    from sklearn_gru._types import (
        Activation,
        Array,
        Auto,
        Callbacks,
        Cell,
        CheckpointPlace,
        Device,
        FilePath,
        Floats,
        Kernel,
        LearningRateSchedule,
        Optimizer,
        Pooling,
        Precision,
        RandomState,
        Sequences,
        TimeAxis,
        Units,
        Verbosity,
    )
    from sklearn_gru.exporting import SequenceInput
    from sklearn_gru.nets import SequenceNet
    from sklearn_gru.training.sources import Source


@document_parameters
class GRURegressor(RegressorMixin, BaseSequenceEstimator):
    """Gated recurrent network that maps a sequence to one or more numbers.

    Parameters
    ----------
    units : int or tuple of int, default=64
        Width of the recurrent layer, or of each of the stacked layers.
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        Training loss, on standardised targets.
    {sequence_parameters}
    embedding_dim : int or None, default=None
        If an int, `X` holds symbols, one per time step: integers from 0 on that name
        something, for example the characters of :class:`CharSequenceTransformer`. Each
        symbol stands for a learned vector of `embedding_dim` features; symbols that
        training has not seen stand for a vector of zeros. None reads `X` as quantities.
    return_sequences : bool, default=False
        Whether there is one target per time step instead of one per sequence.
    time_axis : {1, 2}, default=1
        The axis of time in 3-D input; 2 reads (instances, channels, time), the layout
        of sktime and aeon.
    {training_parameters}

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the PyTorch module.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Features of a time step; for 2-D input, the number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, if `X` was a DataFrame with names.
    symbols_ : ndarray of shape (n_symbols,)
        The symbols seen in `fit`, sorted; only with `embedding_dim`.

    See Also
    --------
    GRUClassifier : A sequence in, a class out.
    GRUForecaster : Rows of a series in, the next rows out.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru import GRURegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 10, 2))
    >>> y = X[:, :, 0].mean(axis=1) - X[:, -1, 1]
    >>> model = GRURegressor(units=16, random_state=0).fit(X[:200], y[:200])
    >>> model.score(X[200:], y[200:]) > 0.9
    True
    >>> model.predict(X[:3]).shape
    (3,)

    What the network makes of a sequence, and what its gates do meanwhile:

    >>> model.transform(X).shape
    (300, 128)
    >>> sorted(model.gates(X))
    ['reset', 'update']

    One more epoch, on new sequences:

    >>> n_epochs = model.n_iter_
    >>> model = model.partial_fit(X[200:], y[200:])
    >>> len(model.loss_curve_) - n_epochs
    1

    Symbols instead of quantities:

    >>> symbols = [[3, 1, 3], [1, 2, 2]]
    >>> reader = GRURegressor(embedding_dim=2, units=4, max_epochs=2)
    >>> reader.fit(symbols, [0.5, 1.5]).symbols_
    array([1, 2, 3])
    """

    _parameter_constraints = {
        **BaseSequenceEstimator._parameter_constraints,
        "loss": [StrOptions(set(LOSSES))],
        "return_sequences": ["boolean"],
    }

    # What `y` was in the first fit.
    _y_is_flat: bool
    _n_outputs: int

    def __init__(
        self,
        units: Units = 64,
        *,
        loss: Literal["squared_error", "absolute_error", "huber"] = "squared_error",
        bidirectional: bool | Auto = "auto",
        pooling: Pooling = "auto",
        segment_length: int | Auto = "auto",
        normalized: bool | Auto = "auto",
        differences: bool | Auto = "auto",
        conv_filters: Units | Auto | None = "auto",
        time_warp: float | Auto = "auto",
        n_estimators: int = 1,
        embedding_dim: int | None = None,
        return_sequences: bool = False,
        time_axis: TimeAxis = 1,
        cell: Cell = "gru",
        activation: Activation = "tanh",
        reset_after: bool = True,
        dropout: float = 0.0,
        max_epochs: int | Auto = "auto",
        batch_size: int = 32,
        lr: float = 0.003,
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
        self.units = units
        self.loss = loss
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.segment_length = segment_length
        self.normalized = normalized
        self.differences = differences
        self.conv_filters = conv_filters
        self.time_warp = time_warp
        self.n_estimators = n_estimators
        self.embedding_dim = embedding_dim
        self.return_sequences = return_sequences
        self.time_axis = time_axis
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
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train on sequences and their targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps), or list of arrays of shape \
                (t_i, n_features) or (t_i,)
            Sequences. 2-D input has one feature.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. With `return_sequences`, of shape (n_samples, n_timesteps) or
            (n_samples, n_timesteps, n_outputs), or a list of arrays as long as the
            sequences of `X`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : GRURegressor

        Raises
        ------
        InvalidParameterError
            If a parameter is out of its range.
        ValueError
            If `X` or `y` has a wrong shape, length or content, or if training
            diverges.
        """
        return self._fit(X, y, sample_weight)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one more epoch, on these data.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`. Standardisation and symbols stay those of the first call.

        Returns
        -------
        self : GRURegressor
        """
        return self._fit(X, y, sample_weight, continuing=True)

    def predict(self, X: ArrayLike) -> Floats | Any:
        """Predict the targets of sequences.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps), or list of arrays
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), float64
            With `return_sequences` of shape (n_samples, n_timesteps) or (n_samples,
            n_timesteps, n_outputs), or a list of arrays if `X` is ragged.
        """
        check_is_fitted(self)
        X = self._read_X(X, reset=False)
        blocks = self._evaluate(X, "forward")
        if self.return_sequences:
            lengths = X.lengths if isinstance(X, Ragged) else None
            return self._predictions(unpad(blocks, lengths))
        return self._predictions(np.concatenate(blocks))

    def _predictions(self, outputs: Array | list[Array]) -> Floats | list[Any]:
        if isinstance(outputs, list):
            return [self._predictions(sequence) for sequence in outputs]
        y = self._y_scaler.inverse_transform(outputs)
        return self._as_given(require_finite(y, "The prediction"))

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Compute R² of the predictions, over all time steps with `return_sequences`.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        float
        """
        if not self.return_sequences:
            of_samples: float = super().score(X, y, sample_weight)
            return of_samples
        predicted, y = self.predict(X), as_sequences(y)
        steps = [len(sequence) for sequence in predicted]
        if isinstance(y, Ragged):
            y, predicted = y.rows, np.concatenate(predicted)
        if sample_weight is not None:
            sample_weight = np.repeat(sample_weight, steps)
        n_steps = sum(steps)
        of_steps: float = r2_score(
            np.reshape(y, (n_steps, -1)),
            np.reshape(predicted, (n_steps, -1)),
            sample_weight=sample_weight,
        )
        return of_steps

    def _read_y(self, y: ArrayLike, X: Sequences, reset: bool) -> Sequences:
        """Validate `y` into an array (n, o) or (n, t, o), or a Ragged."""
        if y is None:
            raise ValueError(
                "This GRURegressor estimator requires y to be passed, but the target y "
                "is None."
            )
        if self.return_sequences:
            y, flat = self._read_y_of_steps(y, X)
        else:
            y, flat = _read_y_of_samples(y)
        check_lengths(X, y)
        n_outputs = y.rows.shape[-1] if isinstance(y, Ragged) else y.shape[-1]
        if reset:
            self._y_is_flat, self._n_outputs = flat, n_outputs
        elif n_outputs != self._n_outputs:
            raise ValueError(
                f"y has {n_outputs} outputs, but this model was fitted with "
                f"{self._n_outputs}."
            )
        return y

    def _read_y_of_steps(self, y: ArrayLike, X: Any) -> tuple[Sequences, bool]:
        """Validate targets into (n, t, o) or a Ragged; tell whether o was absent."""
        y = as_sequences(y)
        if not isinstance(y, Ragged) and y.ndim < 2:
            raise ValueError(
                "With return_sequences=True y must have shape (n_samples, n_timesteps) "
                f"or (n_samples, n_timesteps, n_outputs), got {y.shape}."
            )
        if isinstance(X, Ragged) != isinstance(y, Ragged):
            raise ValueError(
                "With return_sequences=True X and y must both be arrays or both be "
                "lists of sequences of different lengths."
            )
        if isinstance(y, Ragged):
            if len(y) == len(X) and (y.lengths != X.lengths).any():
                i = int(np.flatnonzero(y.lengths != X.lengths)[0])
                raise ValueError(
                    f"Sequence {i} of X has {X.lengths[i]} time steps, but sequence "
                    f"{i} of y has {y.lengths[i]}."
                )
            rows = check_array(y.rows, dtype=np.float64, input_name="y")
            return Ragged(rows, y.lengths), rows.shape[1] == 1
        y = check_array(y, allow_nd=True, dtype=np.float64, input_name="y")
        flat = y.ndim == 2
        y = y[:, :, None] if flat else y
        if y.ndim != 3 or (len(y) == len(X) and y.shape[1] != X.shape[1]):
            raise ValueError(
                f"With return_sequences=True y must have one target per time step: "
                f"X has {X.shape[1]} time steps, y has shape {y.shape}."
            )
        return y, flat

    def _as_given(self, y: Sequences) -> Array | list[Any]:
        if isinstance(y, Ragged):
            return [self._as_given(sequence) for sequence in y.split()]
        return y[..., 0] if self._y_is_flat else y

    def _fit_y_scaler(self, y: Sequences, weight: Floats | None) -> None:
        rows = y.rows if isinstance(y, Ragged) else y
        if not self.standardize:
            self._y_scaler = Scaler.identity(rows.shape[-1])
            return
        if isinstance(y, Ragged) and weight is not None:
            weight = np.repeat(weight, y.lengths)
        self._y_scaler = fit_scaler(rows, weight)

    def _target_source(self, y: Sequences) -> Source:
        place = self._torch_dtype, self._device
        if isinstance(y, Ragged):
            return ragged(y, self._y_scaler, *place)
        return dense(y, self._y_scaler, *place)

    def _criterion(self) -> Callable[..., torch.nn.Module]:
        return LOSSES[self.loss]

    def _output_size(self) -> int:
        return self._n_outputs

    def _returns_sequences(self) -> bool:
        return self.return_sequences

    def _save_onnx(
        self,
        exporting: ModuleType,
        path: FilePath,
        net: SequenceNet,
        sequences: SequenceInput,
    ) -> None:
        exporting.save_regressor(path, net, sequences, self._y_scaler, self._y_is_flat)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _read_y_of_samples(y: ArrayLike) -> tuple[Array, bool]:
    """Validate targets into (n, o); tell whether o was absent."""
    with saying_what_to_do_with_text():
        y = check_array(
            y, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="y"
        )
    if y.ndim > 2 or y.ndim == 0:
        raise ValueError(
            "y must have shape (n_samples,) or (n_samples, n_outputs), got "
            f"{y.shape}; use return_sequences=True for one target per time step."
        )
    return (y[:, None], True) if y.ndim == 1 else (y, False)
