"""Reading and checking texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sklearn_gru.estimators._private import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

BYTES = bytes, bytearray, memoryview


class TextInputMixin:
    """A transformer of texts."""

    def fit_transform(self, X: Iterable[str], y: object = None) -> Any:
        """Fit to texts, and transform them.

        Parameters
        ----------
        X : iterable of str
            Texts, as in `fit`.
        y : None
            Ignored.

        Returns
        -------
        list or ndarray
            As from `transform`.
        """
        # An iterator can be read only once, and both fit and transform read X.
        X = list(X) if isinstance(X, Iterator) else X
        return super().fit_transform(X, y)  # type: ignore[misc]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def as_texts(X: Iterable[str]) -> list[str]:
    """List the strings of an iterable; raise if it holds anything else."""
    if isinstance(X, BYTES):
        check_text(X, "X")
    if isinstance(X, str) or not hasattr(X, "__iter__"):
        raise ValueError(
            f"X is of type {type(X).__name__}; expected a list, an array or a Series "
            "of strings. Put a single text into a list: [text]."
        )
    shape = getattr(X, "shape", (0,))
    if len(shape) != 1:
        raise ValueError(
            f"X has shape {shape}; expected one dimension. Select the column of "
            'texts, for example X["text"].'
        )
    texts = list(X)
    if not texts:
        raise ValueError("X has 0 texts; at least 1 is required.")
    for i, text in enumerate(texts):
        check_text(text, f"Text {i} of X", 'Fill missing texts with "".')
    return texts


def check_text(text: object, name: str, advice: str = "Pass a single text.") -> None:
    """Raise, with some advice, unless a text is a str."""
    if isinstance(text, BYTES):
        advice = 'Decode bytes first, for example with .decode("utf-8").'
    if not isinstance(text, str):
        raise InvalidParameterError(
            f"{name} is of type {type(text).__name__}; expected a str. {advice}"
        )
