"""What errors say of sequences that scikit-learn refuses."""

from contextlib import contextmanager


@contextmanager
def saying_what_to_do_with_gaps(estimator):
    """Say what to do if reading X fails because of NaN."""
    try:
        yield
    except ValueError as error:
        if "contains NaN" not in str(error):
            raise
        raise ValueError(
            f"Input X contains NaN. {type(estimator).__name__} reads no missing "
            "values: fill them, with the last known value of each sequence for "
            "example, or leave these time steps out; sequences may differ in length."
        ) from error


@contextmanager
def saying_what_to_do_with_text():
    """Say what to do if reading y fails because of text."""
    try:
        yield
    except ValueError as error:
        if "could not convert" not in str(error):
            raise
        text = str(error).split(": ")[-1]
        raise ValueError(
            f"y holds text ({text}), and must be numbers. GRUClassifier learns classes."
        ) from error
