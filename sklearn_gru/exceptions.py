"""Errors that only this package raises."""


class ModelFileError(ValueError):
    """A file can't be read as what it should be: it is damaged, foreign or too new."""


class CheckpointError(RuntimeError):
    """A checkpoint can't be used now, since another fit uses it."""
