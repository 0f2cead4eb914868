"""CharSequenceTransformer: texts as sequences of integers, one per character."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, cast

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_gru.data import BOUNDARY, Vocabulary
from sklearn_gru.estimators._html import LinksToItsPage
from sklearn_gru.estimators._private import Interval, fit_context
from sklearn_gru.estimators._saving import SavesItself
from sklearn_gru.estimators._texts import TextInputMixin, as_texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self

    from numpy.typing import NDArray


class CharSequenceTransformer(
    SavesItself, LinksToItsPage, TextInputMixin, TransformerMixin, BaseEstimator
):
    """Turn texts into sequences of integers, one for each character.

    Each sequence is as long as its text. :class:`GRUClassifier` and
    :class:`GRURegressor` read such sequences if they have an `embedding_dim`. Symbol 0
    stands for padding and for an empty text, symbol 1 for characters that `fit` has not
    seen, and the others for the characters of the training texts, in order.

    Parameters
    ----------
    max_length : int or None, default=None
        Longer texts are cut at their end. A recurrent network's time grows with the
        longest text of a batch.
    min_count : int, default=1
        Characters that occur less often in the training texts become symbol 1.
    lowercase : bool, default=False
        Whether to make all characters lowercase.
    pad : bool, default=False
        Whether to return one array, filled up with symbol 0 to `max_length`, for
        other estimators: a recurrent network would read the padding as text.

    Attributes
    ----------
    vocabulary_ : Vocabulary
        The known characters, as the string `vocabulary_.characters`;
        ``len(vocabulary_)`` is the number of symbols.

    See Also
    --------
    GRUClassifier : A sequence in, a class out.
    sklearn.feature_extraction.text.TfidfVectorizer : Counts of words, or of short
        runs of characters.

    Examples
    --------
    >>> from sklearn_gru import CharSequenceTransformer
    >>> chars = CharSequenceTransformer().fit(["abba", "cab"])
    >>> chars.vocabulary_.characters
    'abc'
    >>> [sequence[:, 0].tolist() for sequence in chars.transform(["bad", "", "b"])]
    [[3, 2, 1], [0], [3]]
    >>> len(chars.fit_transform(["abba", "cab"])[0])
    4
    >>> chars.set_params(max_length=3, pad=True).transform(["bad", "", "b"])
    array([[3, 2, 1],
           [0, 0, 0],
           [3, 0, 0]], dtype=int32)
    """

    _parameter_constraints = {
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "lowercase": ["boolean"],
        "pad": ["boolean"],
    }

    # Fitted attributes.
    vocabulary_: Vocabulary

    def __init__(
        self,
        max_length: int | None = None,
        *,
        min_count: int = 1,
        lowercase: bool = False,
        pad: bool = False,
    ) -> None:
        self.max_length = max_length
        self.min_count = min_count
        self.lowercase = lowercase
        self.pad = pad

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Collect the characters.

        Parameters
        ----------
        X : iterable of str
            Texts: a list, an array or a Series of strings.
        y : None
            Ignored.

        Returns
        -------
        self : CharSequenceTransformer

        Raises
        ------
        ValueError
            If `X` is a single string, a table, empty, or holds anything but strings.
        """
        self._require_length()
        self.vocabulary_ = Vocabulary.of(self._read(X), self.min_count)
        return self

    def transform(self, X: Iterable[str]) -> list[NDArray[np.int32]] | Any:
        """Turn texts into sequences.

        Parameters
        ----------
        X : iterable of str
            Texts, as in `fit`.

        Returns
        -------
        list of ndarray of shape (t_i, 1), or ndarray of shape (n_samples, max_length)
            Symbols, int32. A list of sequences, each as long as its text and at least
            of length 1; with `pad` one array.
        """
        check_is_fitted(self)
        self._require_length()
        sequences = [self.vocabulary_.encode(text) for text in self._read(X)]
        if self.pad:
            return _padded(sequences, cast("int", self.max_length))
        empty = np.array([BOUNDARY], dtype=np.int32)
        return [s[:, None] if len(s) else empty[:, None] for s in sequences]

    def _read(self, X: Iterable[str]) -> list[str]:
        texts = as_texts(X)
        if self.lowercase:
            texts = [text.lower() for text in texts]
        return [text[: self.max_length] for text in texts]

    def _require_length(self) -> None:
        if self.pad and self.max_length is None:
            raise ValueError(
                "pad=True needs a max_length, the length of every row; got None."
            )


def _padded(sequences: list[NDArray[np.int32]], length: int) -> NDArray[np.int32]:
    rows = np.full((len(sequences), length), BOUNDARY, dtype=np.int32)
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence
    return rows
