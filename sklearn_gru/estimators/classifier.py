"""GRUClassifier: a sequence in, a class out."""

from __future__ import annotations

from functools import partial
from math import ceil
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.estimators._base import require_finite
from sklearn_gru.estimators._parameters import document_parameters
from sklearn_gru.estimators._private import Interval, StrOptions, fit_context
from sklearn_gru.estimators._sequence import BaseSequenceEstimator, check_lengths
from sklearn_gru.nets import CrossEntropy
from sklearn_gru.training import labels

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Literal, Self

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
class GRUClassifier(ClassifierMixin, BaseSequenceEstimator):
    """Gated recurrent network that maps a sequence to a class.

    Parameters
    ----------
    units : int or tuple of int, default=64
        Width of the recurrent layer, or of each of the stacked layers.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with the samples' weights.
    label_smoothing : float, default=0.05
        Share of each training label that counts for all classes alike (Szegedy et al.
        2016, arXiv:1512.00567). It keeps few samples from making probabilities of 0 and
        1. ``loss_curve_`` is then not below the entropy of such labels.
    {sequence_parameters}
    embedding_dim : int or None, default=None
        If an int, `X` holds symbols, one per time step: integers from 0 on that name
        something, for example the characters of :class:`CharSequenceTransformer`. Each
        symbol stands for a learned vector of `embedding_dim` features; symbols that
        training has not seen stand for a vector of zeros. None reads `X` as quantities.
    time_axis : {1, 2}, default=1
        The axis of time in 3-D input; 2 reads (instances, channels, time), the layout
        of sktime and aeon.
    {training_parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    net_ : skorch.NeuralNet
        The trained net; `net_.module_` is the PyTorch module.
    loss_curve_ : list of float
        Mean training loss (cross-entropy, in nats) of each epoch.
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
    GRURegressor : A sequence in, numbers out.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru import GRUClassifier
    >>> X = np.random.default_rng(0).normal(size=(300, 12)).cumsum(axis=1)
    >>> y = np.where(X.mean(axis=1) > 0, "above", "below")
    >>> model = GRUClassifier(units=8, random_state=0).fit(X[:200], y[:200])
    >>> model.score(X[200:], y[200:]) > 0.9
    True
    >>> model.predict_proba(X[:1]).round(2).sum()
    np.float64(1.0)
    >>> set(model.predict(X)) == set(model.classes_)
    True

    What the network makes of a sequence, and what its gates do meanwhile:

    >>> model.transform(X).shape
    (300, 80)
    >>> sorted(model.gates(X))
    ['reset', 'update']

    One more epoch, on new sequences:

    >>> n_epochs = model.n_iter_
    >>> model = model.partial_fit(X[200:], y[200:])
    >>> len(model.loss_curve_) - n_epochs
    1

    Symbols instead of quantities:

    >>> symbols = [[3, 1, 3], [1, 2, 2]]
    >>> reader = GRUClassifier(embedding_dim=2, units=4, max_epochs=2)
    >>> reader.fit(symbols, ["a", "b"]).symbols_
    array([1, 2, 3])
    """

    _parameter_constraints = {
        **BaseSequenceEstimator._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    # Fitted attributes.
    classes_: Array

    def __init__(
        self,
        units: Units = 64,
        *,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        label_smoothing: float = 0.05,
        bidirectional: bool | Auto = "auto",
        pooling: Pooling = "auto",
        segment_length: int | Auto = "auto",
        normalized: bool | Auto = "auto",
        differences: bool | Auto = "auto",
        conv_filters: Units | Auto | None = "auto",
        time_warp: float | Auto = "auto",
        n_estimators: int = 1,
        embedding_dim: int | None = None,
        time_axis: TimeAxis = 1,
        cell: Cell = "gru",
        activation: Activation = "tanh",
        reset_after: bool = True,
        dropout: float = 0.3,
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
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.segment_length = segment_length
        self.normalized = normalized
        self.differences = differences
        self.conv_filters = conv_filters
        self.time_warp = time_warp
        self.n_estimators = n_estimators
        self.embedding_dim = embedding_dim
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
        """Train on sequences and their classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps), or list of arrays of shape \
                (t_i, n_features) or (t_i,)
            Sequences. 2-D input has one feature.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : GRUClassifier

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
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, on these data.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`. Standardisation and symbols stay those of the first call.
        classes : array-like of shape (n_classes,), default=None
            In the first call, the labels of this and all later calls; if None, those
            of `y`.

        Returns
        -------
        self : GRUClassifier
        """
        return self._fit(X, y, sample_weight, continuing=True, classes=classes)

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Compute the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps), or list of arrays
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        logits = np.concatenate(self._evaluate(self._read_X(X, reset=False), "forward"))
        probabilities = softmax(logits.astype(np.float64), axis=1)
        return require_finite(probabilities, "The probability")

    def predict(self, X: ArrayLike) -> Array:
        """Predict the class of each sequence.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps), or list of arrays
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self._as_given(best)

    def _read_y(
        self, y: ArrayLike, X: Sequences, reset: bool, classes: ArrayLike | None = None
    ) -> Array:
        """Validate `y` into class indices (n,)."""
        if y is None:
            raise ValueError(
                "This GRUClassifier estimator requires y to be passed, but the target "
                "y is None."
            )
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        check_lengths(X, y)
        if reset:
            self.classes_ = np.unique(y if classes is None else classes)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y holds the classes {unknown.tolist()}, which are not among the "
                f"known {self.classes_.tolist()}; name all classes in the first call "
                "of partial_fit, or fit anew with warm_start=False."
            )
        indices: Array = np.searchsorted(self.classes_, y)
        return indices

    def _as_given(self, y: Array) -> Array:
        given: Array = self.classes_[y]
        return given

    def _read_weight(self, sample_weight: ArrayLike | None, y: Array) -> Floats | None:
        weight = super()._read_weight(sample_weight, y)
        if self.class_weight is None:
            return weight
        present, position = np.unique(y, return_inverse=True)
        of_class: Floats = compute_class_weight(
            self.class_weight,
            classes=self.classes_[present],
            y=self.classes_[y],
            sample_weight=weight,
        )
        weight = of_class[position] * (1.0 if weight is None else weight)
        if (weight < 0).any() or not weight.any():
            raise ValueError(
                f"class_weight={self.class_weight!r}, multiplied with the samples' "
                "weights, gives negative weights or nothing but zeros; no weight may "
                "be negative, and at least one must not be zero."
            )
        return weight

    def _stratify(self, y: Array, used: Array) -> Array | None:
        of_class = np.unique(y[used], return_counts=True)[1]
        held_out = ceil(self.validation_fraction * len(used))
        room = min(held_out, len(used) - held_out)
        # Both parts must have room for every class, or else chance splits them.
        return y[used] if of_class.min() > 1 and len(of_class) <= room else None

    def _target_source(self, y: Array) -> Source:
        return labels(y, self._device)

    def _criterion(self) -> Callable[..., CrossEntropy]:
        return partial(CrossEntropy, label_smoothing=self.label_smoothing)

    def _output_size(self) -> int:
        return len(self.classes_)

    def _save_onnx(
        self,
        exporting: ModuleType,
        path: FilePath,
        net: SequenceNet,
        sequences: SequenceInput,
    ) -> None:
        exporting.save_classifier(path, net, sequences, self.classes_)
