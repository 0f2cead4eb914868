"""Errors that only this package raises."""

__all__ = ["CheckpointError", "ModelFileError"]


class ModelFileError(ValueError):
    """A file can't be read as what it should be: it is damaged, foreign or too new.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import sklearn_gru
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     n_bytes = path.write_text("this is no model")
    ...     try:
    ...         sklearn_gru.load(path)
    ...     except sklearn_gru.ModelFileError:
    ...         print("ask for the file again")
    ask for the file again
    """


class CheckpointError(RuntimeError):
    """A checkpoint can't be used now, since another fit uses it.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn_gru import GRURegressor
    >>> from sklearn_gru.exceptions import CheckpointError
    >>> X = np.random.default_rng(0).normal(size=(30, 8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = GRURegressor(units=4, max_epochs=2, checkpoint=folder)
    ...     try:
    ...         n_epochs = model.fit(X, X[:, -1]).n_iter_
    ...     except CheckpointError:
    ...         print("another process is fitting the same model to the same data")
    >>> n_epochs
    2
    """
