"""The base of GRURegressor and GRUClassifier: sets of sequences as input."""

from __future__ import annotations

from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from sklearn_gru.data import (
    Ragged,
    Scaler,
    Symbols,
    as_sequences,
    fit_scaler,
    fit_symbols,
    memory_map_of,
)
from sklearn_gru.estimators._base import BaseRecurrent, holds_out, require_finite
from sklearn_gru.estimators._onnx import ExportsSequences
from sklearn_gru.estimators._panels import read_pandas_panel
from sklearn_gru.estimators._private import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    check_sample_weight,
)
from sklearn_gru.estimators._sequence_choices import (
    scales_differ,
    sequence_architecture,
    sequence_epochs,
)
from sklearn_gru.estimators._sequence_errors import saying_what_to_do_with_gaps
from sklearn_gru.nets import POOLINGS, sequence_net
from sklearn_gru.training import (
    Picked,
    SequenceDataset,
    dense,
    evaluate_in_blocks,
    for_inference,
    ragged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike
    from typing_extensions import TypeIs

    from sklearn_gru._types import Array, Encoder, Floats, Sequences, Targets
    from sklearn_gru.training.sources import Source

AUTO = StrOptions({"auto"})
# With fewer, a tenth of them teaches more than it tells.
ENOUGH_SEQUENCES = 2000


class BaseSequenceEstimator(ExportsSequences, BaseRecurrent):
    """A recurrent estimator whose samples are sequences.

    Hooks: `_read_y`, `_as_given`, `_target_source`, `_criterion`, `_output_size`,
    `_stratify`, `_save_onnx`.
    """

    _parameter_constraints = {
        **BaseRecurrent._parameter_constraints,
        "bidirectional": ["boolean", AUTO],
        "pooling": [StrOptions({"auto", *POOLINGS}), tuple, list],
        "segment_length": [Interval(Integral, 1, None, closed="left"), AUTO],
        "normalized": ["boolean", AUTO],
        "differences": ["boolean", AUTO],
        "conv_filters": [
            Interval(Integral, 1, None, closed="left"),
            tuple,
            list,
            AUTO,
            None,
        ],
        "time_warp": [Interval(Real, 0, 1, closed="left"), AUTO],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), AUTO],
        "embedding_dim": [Interval(Integral, 1, None, closed="left"), None],
        "time_axis": [Options(int, {1, 2})],
    }

    def _validate_params(self) -> None:
        super()._validate_params()
        if not isinstance(self.pooling, str):
            _check_entries(self, "pooling", lambda entry: entry in POOLINGS)
        if isinstance(self.conv_filters, (tuple, list)):
            _check_entries(self, "conv_filters", _is_positive_int)

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        continuing: bool = False,
        **target_options: Any,
    ) -> Self:
        reset = self._starts_anew(continuing)
        with self._fitting(X, y, sample_weight):
            X = self._read_X(X, reset)
            y = self._read_y(y, X, reset, **target_options)
            weight = self._read_weight(sample_weight, y)
            self._choose_device(reset)
            if reset:
                self._x_encoder = self._fit_x_encoder(X, weight)
                self._fit_y_scaler(y, weight)
                self._n_steps = _longest(X, weight)
                self._different_scales = scales_differ(X, weight)
            seed = self._draw_seed(continuing)
            dataset = self._dataset(X, y, weight, seed, hold_out=not continuing)
            net = self._make_net(
                sequence_net,
                self._criterion(),
                seed,
                reset,
                input_size=self._input_size(),
                output_size=self._output_size(),
                **sequence_architecture(self, self._n_steps, self._different_scales),
            )
            epochs = 1 if continuing else sequence_epochs(self, len(dataset))
            self._train(net, dataset, epochs, partial(self._rows_of, X, y))
        return self

    @property
    def _n_features_out(self) -> int:
        return int(self.net_.module_.n_features)

    def _input_size(self) -> int:
        if isinstance(self._x_encoder, Symbols):
            return len(self._x_encoder)
        return self._n_channels

    def _returns_sequences(self) -> bool:
        return False

    def _fit_y_scaler(self, y: Targets, weight: Floats | None) -> None:
        """Hook: standardise the targets, if they are numbers."""

    def _dataset(
        self,
        X: Sequences,
        y: Targets,
        weight: Floats | None,
        seed: int,
        hold_out: bool,
    ) -> SequenceDataset:
        """Make the training set, and split off the part that early stopping watches."""
        x_source = _source(X, self._x_encoder, self._torch_dtype, self._device)
        lengths = X.lengths if _is_ragged(X) else None
        make = partial(
            SequenceDataset, {"x": x_source}, self._target_source(y), lengths=lengths
        )
        used = np.arange(len(X))
        if weight is not None:
            # A sample of weight zero is left out.
            used = np.flatnonzero(weight)
            weight = (weight / weight[used].mean()).astype(self.dtype)
            make = partial(make, weight=weight)
        if not hold_out or not holds_out(
            self.early_stopping, len(used), ENOUGH_SEQUENCES
        ):
            return make(used)
        training, held_out = train_test_split(
            used,
            test_size=self.validation_fraction,
            random_state=seed,
            stratify=self._stratify(y, used),
        )
        return make(np.sort(training), validation=make(np.sort(held_out)))

    def _rows_of(
        self, X: Sequences, y: Targets, indices: Array
    ) -> tuple[Ragged | Picked, Array | list[Array]]:
        """Return some samples, for `predict`, and the targets to compare it with."""
        picked = X.pick(indices) if isinstance(X, Ragged) else Picked(X, indices)
        targets = y.pick(indices) if isinstance(y, Ragged) else y[indices]
        return picked, self._as_given(targets)

    def _stratify(self, y: Targets, used: Array) -> Array | None:
        """Hook: return the groups that must be split evenly, or None."""
        return None

    def _read_X(self, X: ArrayLike | Sequences, reset: bool) -> Sequences:
        """Validate `X` into an array (n, t, f) or a Ragged; `reset` learns its form."""
        if isinstance(X, (Picked, Ragged)):  # it was validated before
            return cast("Sequences", X)  # what is picked stands for an array
        with saying_what_to_do_with_gaps(self):
            return self._read_form(X, reset)

    def _read_form(self, X: ArrayLike, reset: bool) -> Sequences:
        """Tell the forms of `X` apart, and validate it."""
        panel = read_pandas_panel(X)
        X = as_sequences(panel, self.time_axis if panel is X else 1)
        if isinstance(X, Ragged):
            rows = check_array(X.rows, estimator=self, input_name="X")
            self._learn_or_check_channels(rows.shape[1], reset)
            return Ragged(rows, X.lengths)
        if len(X.shape) > 3:
            raise ValueError(
                f"X has {len(X.shape)} dimensions, shape {X.shape}; expected "
                "(n_samples, n_timesteps, n_features), (n_samples, n_timesteps), or a "
                "list of arrays of shape (t_i, n_features)."
            )
        finite = memory_map_of(X) is None  # scaling checks each block of a mapped file
        if len(X.shape) == 3:
            array: Array = check_array(
                X,
                allow_nd=True,
                ensure_all_finite=finite,
                estimator=self,
                input_name="X",
            )
            if array.shape[1] == 0 or array.shape[2] == 0:
                raise ValueError(
                    f"X has shape {array.shape}; at least 1 time step and 1 feature "
                    "are required."
                )
            self._learn_or_check_channels(array.shape[2], reset)
            return array
        return self._read_2d(X, reset, finite)

    def _read_2d(self, X: Array, reset: bool, finite: bool) -> Array:
        """Validate a table; its columns are the time steps of one feature."""
        if len(X.shape) == 1 and len(X) and isinstance(np.asarray(X)[0], str):
            raise ValueError(
                "X holds strings. Put a CharSequenceTransformer in front, in a "
                "Pipeline, and set embedding_dim."
            )
        if not reset and self._n_columns is None:
            X = check_array(X, ensure_all_finite=finite, estimator=self, input_name="X")
            self._learn_or_check_channels(1, reset)
        else:
            X = validate_data(self, X, reset=reset, ensure_all_finite=finite)
        if reset:
            self._n_channels = 1
            self._n_columns = X.shape[1]
        sequences: Array = X[:, :, None]
        return sequences

    def _learn_or_check_channels(self, n_channels: int, reset: bool) -> None:
        if reset and self.embedding_dim is not None and n_channels != 1:
            raise ValueError(
                f"X has {n_channels} features, but embedding_dim={self.embedding_dim} "
                "reads 1 symbol per time step: expected (n_samples, n_timesteps), "
                "(n_samples, n_timesteps, 1), or a list of arrays of shape (t_i, 1)."
            )
        if reset:
            self.n_features_in_ = self._n_channels = n_channels
            self._n_columns = None
            self.__dict__.pop("feature_names_in_", None)
        elif n_channels != self._n_channels:
            raise ValueError(
                f"X has {n_channels} features, but {type(self).__name__} is expecting "
                f"{self._n_channels} features as input. A table is read as sequences "
                "of one feature; a single sequence of several is X[np.newaxis]."
            )

    def _read_weight(
        self, sample_weight: ArrayLike | None, y: Targets
    ) -> Floats | None:
        if sample_weight is None:
            return None
        weight: Floats = check_sample_weight(
            sample_weight, y, dtype=np.float64, ensure_non_negative=True
        )
        if not weight.any():
            raise ValueError("All sample weights are zero; at least one must not be.")
        return weight

    def _fit_x_encoder(self, X: Sequences, weight: Floats | None) -> Scaler | Symbols:
        """Learn how to standardise quantities, or which symbols occur."""
        if isinstance(X, Ragged):
            weight = None if weight is None else np.repeat(weight, X.lengths)
            X = X.rows
        if self.embedding_dim is not None:
            return fit_symbols(X, weight)
        if not self.standardize:
            return Scaler.identity(self._n_channels)
        return fit_scaler(X, weight)

    def _evaluate(
        self, X: Sequences, method: Literal["forward", "features", "gates"]
    ) -> list[Any]:
        """Apply a method of the network to validated `X`, block by block."""
        module, device, dtype = for_inference(
            self.net_.module_, compiled=method != "gates"
        )
        source = _source(X, self._x_encoder, dtype, device, stream=True)

        def take(indices: Array) -> tuple[torch.Tensor, ...]:
            x = source.take(indices)
            if not _is_ragged(X):
                return (x,)
            return x, torch.as_tensor(X.lengths[indices], device=device)

        n_steps = X.lengths if _is_ragged(X) else np.full(len(X), X.shape[1])
        return evaluate_in_blocks(getattr(module, method), len(X), take, n_steps)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        reads_symbols = self.embedding_dim is not None
        tags.input_tags.categorical = tags.input_tags.positive_only = reads_symbols
        return tags

    @property
    def symbols_(self) -> Array:
        """The symbols that training has seen; only with `embedding_dim`."""
        check_is_fitted(self)
        if not isinstance(self._x_encoder, Symbols):
            raise AttributeError("symbols_ exists after a fit with embedding_dim only.")
        return self._x_encoder.known

    def transform(self, X: ArrayLike) -> Floats:
        """Map each sequence to what the network's last, linear layer reads.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps), or list of arrays
            Sequences, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), float64
            The pooled hidden states: for each part of `pooling` as many columns as the
            last layer has ``units``, twice as many if `bidirectional`. Then the means
            of the last convolution's outputs, if there are convolutions.
        """
        check_is_fitted(self)
        hidden = np.concatenate(
            self._evaluate(self._read_X(X, reset=False), "features")
        )
        return require_finite(hidden.astype(np.float64), "The hidden state")

    def gates(self, X: ArrayLike) -> dict[str, Floats | Any]:
        """Compute the last layer's gates at every time step.

        The reset gate tells how much of the old state the candidate sees, the update
        gate how much of it is kept (1 keeps everything: PyTorch's convention).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps), or list of arrays
            Sequences, as in `fit`.

        Returns
        -------
        dict
            "reset" and "update" of a GRU; "input", "forget" and "output" of an LSTM.
            Each an ndarray of shape (n_samples, n_timesteps, units) with values between
            0 and 1, or a list of arrays (t_i, units) if X is ragged; twice as many
            ``units`` if `bidirectional`. With segments there is one row for each of
            them, ``ceil(t_i / segment_length)``, where `segment_length` is rounded up
            to whole strides of the convolutions.

        Raises
        ------
        ValueError
            If the cell is "rnn", which has no gates.
        """
        check_is_fitted(self)
        X = self._read_X(X, reset=False)
        if self.cell == "rnn":
            raise ValueError('A plain RNN has no gates; use cell="gru" or "lstm".')
        blocks = self._evaluate(X, "gates")
        lengths = self.net_.module_.n_segments(X.lengths) if _is_ragged(X) else None
        return {
            gate: unpad([block[gate] for block in blocks], lengths)
            for gate in blocks[0]
        }


def unpad(
    blocks: Sequence[Array], lengths: Array | None = None
) -> Floats | list[Floats]:
    """Join blocks (b, T, size) of samples; cut them to their lengths, if any."""
    if lengths is None:
        return np.concatenate(blocks).astype(np.float64)
    samples = [sample for block in blocks for sample in block]
    return [
        sample[:length].astype(np.float64)
        for sample, length in zip(samples, lengths, strict=True)
    ]


def _is_ragged(X: Sequences) -> TypeIs[Ragged]:
    return isinstance(X, Ragged)


def _longest(X: Sequences, weight: Floats | None) -> int:
    """Return the time steps of the longest sequence whose weight is not zero."""
    if not _is_ragged(X):
        return int(X.shape[1])
    return int((X.lengths if weight is None else X.lengths[weight > 0]).max())


def _is_positive_int(entry: object) -> bool:
    return isinstance(entry, Integral) and not entry < 1


def _check_entries(
    estimator: BaseSequenceEstimator, name: str, is_right: Callable[[Any], bool]
) -> None:
    """Raise unless a tuple or list has entries, and all are right."""
    entries = getattr(estimator, name)
    if entries and all(map(is_right, entries)):
        return
    expected = {
        "pooling": f"a tuple of {', '.join(map(repr, POOLINGS))}",
        "conv_filters": "a tuple with one int of at least 1 per convolution, or None",
    }
    raise InvalidParameterError(
        f"The {name!r} parameter of {type(estimator).__name__} must be "
        f"{expected[name]}. Got {entries!r} instead."
    )


def check_lengths(X: Sequences, y: Targets) -> None:
    """Raise unless `X` and `y` have the same number of samples."""
    check_consistent_length(np.empty(len(X)), y)


def _source(
    X: Sequences,
    encoder: Encoder,
    dtype: torch.dtype,
    device: torch.device,
    stream: bool = False,
) -> Source:
    dtype = torch.int32 if isinstance(encoder, Symbols) else dtype
    if isinstance(X, Ragged):
        return ragged(X, encoder, dtype, device, stream=stream)
    return dense(X, encoder, dtype, device, stream=stream)
