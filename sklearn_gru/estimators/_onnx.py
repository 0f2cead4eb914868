"""`to_onnx` of the estimators, and what it refuses."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, cast

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.data import Scaler, Symbols
from sklearn_gru.nets import SequenceNet

if TYPE_CHECKING:
    from types import ModuleType

    from sklearn_gru._types import Array, Encoder, FilePath, Floats, TimeAxis
    from sklearn_gru.estimators.forecasting import ForecastEngine, Relation
    from sklearn_gru.exporting import SequenceInput
    from sklearn_gru.training import Net


class ExportsSequences:
    """Gives an estimator of sequences `to_onnx`.

    Hook: `_save_onnx`.
    """

    # Of the estimator.
    net_: Net
    embedding_dim: int | None
    time_axis: TimeAxis
    _x_encoder: Encoder
    _n_columns: int | None
    _n_steps: int

    def to_onnx(self, path: FilePath, n_timesteps: int | None = None) -> None:
        """Write the fitted network to an ONNX file, standardisation included.

        The file's input ``X`` is float32, in the form of `fit`: (n_samples,
        n_timesteps) if that was a table, else 3-D. Results are those of `predict` and
        `predict_proba`, up to float32 rounding. A regressor's output is
        ``prediction``, in the units of `y`; a classifier's are ``label`` and
        ``probabilities``, in the order of `classes_`. `predict` refuses NaN and
        infinity; the file gives NaN for such a sequence, and any label.

        Parameters
        ----------
        path : str or os.PathLike
        n_timesteps : int, default=None
            Time steps of the sequences that the file takes, all of one length; None is
            the length of the longest one in `fit`.

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        ValueError
            If the file can't hold the model: with `embedding_dim`, with several
            networks (`n_estimators`), with labels that are neither strings, numbers
            nor booleans, or with a cell that is not one of this package. If
            `n_timesteps` is no positive integer, or not the number of columns of the
            table in `fit`.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> import numpy as np
        >>> import onnxruntime
        >>> from sklearn_gru import GRURegressor
        >>> X = np.random.default_rng(0).normal(size=(40, 12, 2))
        >>> model = GRURegressor(units=4, max_epochs=1, random_state=0)
        >>> model = model.fit(X, X.sum(axis=(1, 2)))
        >>> path = Path(mkdtemp(), "model.onnx")
        >>> model.to_onnx(path)
        >>> session = onnxruntime.InferenceSession(path)
        >>> (prediction,) = session.run(["prediction"], {"X": X.astype(np.float32)})
        >>> np.allclose(prediction, model.predict(X), atol=1e-4)
        True
        """
        check_is_fitted(self)
        exporting = _exporting()
        self._require_exportable()
        sequences = exporting.SequenceInput(
            self._x_encoder,
            self._exported_steps(n_timesteps),
            self._n_columns is not None,
            self.time_axis,
        )
        self._save_onnx(exporting, path, self.net_.module_, sequences)

    def _save_onnx(
        self,
        exporting: ModuleType,
        path: FilePath,
        net: SequenceNet,
        sequences: SequenceInput,
    ) -> None:
        """Hook: write the file."""
        raise NotImplementedError

    def _require_exportable(self) -> None:
        if isinstance(self._x_encoder, Symbols):
            raise ValueError(
                "to_onnx can't write a model of symbols (embedding_dim="
                f"{self.embedding_dim}), only of measured values. Fit with "
                "embedding_dim=None."
            )
        net = self.net_.module_
        _require_one(1 if isinstance(net, SequenceNet) else len(net.members))

    def _exported_steps(self, n_timesteps: int | None) -> int:
        if n_timesteps is None:
            return self._n_steps
        if not isinstance(n_timesteps, Integral) or n_timesteps < 1:
            raise ValueError(
                "n_timesteps must be an integer of at least 1, or None, got "
                f"{n_timesteps!r}."
            )
        if self._n_columns not in (None, n_timesteps):
            raise ValueError(
                f"n_timesteps={n_timesteps}, but this model was fitted on a table with "
                f"{self._n_columns} columns and reads no others: leave n_timesteps at "
                "None, or fit on X of shape (n_samples, n_timesteps, 1)."
            )
        return int(n_timesteps)


class ExportsForecasts:
    """Gives a forecaster `to_onnx`."""

    # Of the estimator.
    engine_: ForecastEngine
    net_: Net

    def to_onnx(self, path: FilePath) -> None:
        """Write the fitted network to an ONNX file, standardisation included.

        The file's input ``window`` is float32, of shape (n_windows, `window_length_`,
        n_features): the last rows of each series, oldest first, in the units of `X`.
        The output ``forecast`` has the next `horizon` rows of each, (n_windows,
        horizon) if `y` was 1-D, else (n_windows, horizon, n_targets), in the units of
        `y`. These are the numbers of ``predict(rows, steps=horizon)``, up to float32
        rounding. The file remembers no training series and feeds nothing back, and does
        not hold the other steps of a `Pipeline`. `predict` refuses NaN and infinity;
        the file gives NaN for such a window.

        Parameters
        ----------
        path : str or os.PathLike

        Raises
        ------
        ImportError
            If the package onnx is not installed.
        ValueError
            If the file can't hold the model: if the weights in the package have a part
            in its forecasts (`weights`), with ``target_transform="log"``,
            ``missing="mask"``, `known_columns`, several networks (`n_estimators`), or a
            cell that is not one of this package.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import mkdtemp
        >>> import numpy as np
        >>> import onnxruntime
        >>> from sklearn_gru import GRUForecaster
        >>> series = np.sin(np.arange(200) / 6)[:, None]
        >>> model = GRUForecaster(12, horizon=3, weights=None, max_epochs=1)
        >>> path = Path(mkdtemp(), "model.onnx")
        >>> model.fit(series).to_onnx(path)
        >>> session = onnxruntime.InferenceSession(path)
        >>> window = series[-12:].astype(np.float32)
        >>> (forecast,) = session.run(["forecast"], {"window": window[None]})
        >>> np.allclose(forecast[0], model.predict(series, steps=3), atol=1e-4)
        True
        """
        check_is_fitted(self)
        exporting = _exporting()
        net, relation = self.net_.module_, self.engine_.relation
        _require_exportable_relation(relation)
        if self.engine_.is_ready or self.engine_.mixture is not None:
            raise ValueError(
                "to_onnx can't write forecasts by the weights in the package, and no "
                "mixture with them. Fit with weights=None."
            )
        _require_one(len(net.head.members))
        exporting.save_forecaster(
            path,
            net,
            self.engine_.window_length_,
            relation.x_scaler,
            _units(relation),
            relation.form.flat,
        )


def _exporting() -> ModuleType:
    try:
        from sklearn_gru import exporting
    except ImportError as error:
        raise ImportError(
            "to_onnx needs the package onnx, which is not installed or does not load; "
            "it comes with pip install 'sklearn-gru[onnx]'."
        ) from error
    return exporting


def _require_one(n_networks: int) -> None:
    if n_networks > 1:
        raise ValueError(
            f"to_onnx can't write a model of {n_networks} networks, only of one. Fit "
            "with n_estimators=1."
        )


def _require_exportable_relation(relation: Relation) -> None:
    if relation.transform is not None:
        raise ValueError(
            "to_onnx can't write a forecaster with target_transform="
            f'"{relation.transform}", since its file could not refuse values that are '
            "not positive. Fit with target_transform=None, or take logarithms of the "
            "series before."
        )
    if relation.masked:
        raise ValueError(
            'to_onnx can\'t write a forecaster with missing="mask", only one of series '
            'without NaN. Fill the series, and fit with missing="error".'
        )
    if relation.n_exogenous:
        raise ValueError(
            f"to_onnx can't write a forecaster with {relation.n_exogenous} known "
            "columns, only one that reads nothing of the future. Fit with "
            "known_columns=None."
        )


def _units(relation: Relation) -> tuple[Array, Floats, Floats]:
    """Return columns, slope and intercept that map outputs to targets."""
    if relation.affine is None:
        scaler = cast("Scaler", relation.y_scaler)  # logarithms were refused
        return np.arange(len(scaler.mean)), scaler.scale, scaler.mean
    affine, scaler = relation.affine, cast("Scaler", relation.x_scaler)
    columns = np.asarray(affine.columns)
    slope = affine.slope * scaler.scale[columns]
    return columns, slope, affine.slope * scaler.mean[columns] + affine.intercept
