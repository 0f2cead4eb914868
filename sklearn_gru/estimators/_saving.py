"""The method with which an estimator writes itself to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn_gru._types import FilePath


class SavesItself:
    """An estimator that can be written to a file."""

    def save(self, path: FilePath) -> None:
        """Write the estimator to a safetensors file, for :func:`sklearn_gru.load`.

        Parameters
        ----------
        path : str or path-like
            By custom it ends in ``.safetensors``.

        Raises
        ------
        TypeError
            If the estimator holds an object of yours, such as a callback or an
            optimizer's class.
        OSError
            If the file can't be written. What was there before is still there.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import sklearn_gru
        >>> chars = sklearn_gru.CharSequenceTransformer().fit(["abba", "cab"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "chars.safetensors"
        ...     chars.save(path)
        ...     kept = sklearn_gru.load(path)
        >>> kept.vocabulary_.characters
        'abc'
        """
        # The package knows all its estimators; this module knows none.
        import sklearn_gru

        sklearn_gru.save(self, path)
