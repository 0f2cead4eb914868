"""Errors and warnings of this package's own."""

from sklearn.exceptions import InconsistentVersionWarning


class ModelFileError(ValueError):
    """A file can't be read as what it should be: it is damaged, foreign or too new."""


class OtherVersionWarning(InconsistentVersionWarning):
    """A model was pickled by another version of this package."""

    def __str__(self):
        return (
            f"{self.estimator_name} was kept by sklearn-gru "
            f"{self.original_sklearn_version}, and this is "
            f"{self.current_sklearn_version}: results may differ. Read it with the "
            "version that kept it, or fit it anew. Files that its method save has "
            "written are read by all later versions."
        )


class CheckpointError(RuntimeError):
    """A checkpoint can't be used now, since another fit uses it."""
