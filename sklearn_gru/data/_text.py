"""Texts laid end to end, and where a text stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data._vocabulary import BOUNDARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn_gru.data._vocabulary import Vocabulary

BLOCK_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Corpus:
    """Texts as symbols, laid end to end, a boundary after each.

    Parameters
    ----------
    symbols : ndarray of shape (n_symbols,), int32
    starts : ndarray of shape (n_texts + 1,)
        Where the texts begin in `symbols`, and the end of the last one.

    Examples
    --------
    >>> from sklearn_gru.data import Vocabulary
    >>> corpus = Corpus.of(["abba", "cab"], Vocabulary("abc"))
    >>> corpus.symbols
    array([2, 3, 3, 2, 0, 4, 2, 3, 0], dtype=int32)
    >>> corpus.starts
    array([0, 5, 9])
    """

    symbols: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], vocabulary: Vocabulary) -> Corpus:
        """Encode texts, block by block."""
        starts = np.cumsum([0] + [len(text) + 1 for text in texts])
        symbols = np.full(starts[-1], BOUNDARY, dtype=np.int32)
        for text, start in zip(texts, starts[:-1], strict=True):
            for first in range(0, len(text), BLOCK_CHARACTERS):
                block = vocabulary.encode(text[first : first + BLOCK_CHARACTERS])
                symbols[start + first : start + first + len(block)] = block
        return cls(symbols, starts)

    def __len__(self):
        return len(self.symbols)

    @property
    def n_texts(self):
        return len(self.starts) - 1

    def reader(self, order):
        """Make a function that reads the texts in another order, on a circle.

        Parameters
        ----------
        order : ndarray of shape (n_texts,)

        Returns
        -------
        callable
            Maps positions, integers of any shape, to the symbols at these positions.
            No text is copied.
        """
        if self.n_texts == 1:
            return lambda places: self.symbols[places % len(self)]
        lengths = np.diff(self.starts)[order]
        ends = lengths.cumsum()
        shift = self.starts[order] - (ends - lengths)

        def read(places):
            places = places % len(self)
            return self.symbols[places + shift[ends.searchsorted(places, "right")]]

        return read


class StopStrings:
    """Passes a text on, piece by piece, up to the first of some strings.

    Characters that may begin such a string are held back until later pieces decide, so
    the lengths of the pieces make no difference.

    Parameters
    ----------
    strings : list of str

    Examples
    --------
    >>> stops = StopStrings(["stop"])
    >>> stops.pass_on("a st"), stops.pass_on("ep, no st"), stops.pass_on("opping")
    ('a ', 'step, no ', '')
    >>> stops.found
    True
    """

    def __init__(self, strings: list[str]) -> None:
        self.strings = strings
        self.held = ""
        self.found = False

    def pass_on(self, piece: str, last: bool = False) -> str:
        """Take one more piece, maybe the last, and return what can be passed on."""
        text = self.held + piece
        cuts = [
            (at + len(string), at)
            for string in self.strings
            if (at := text.find(string)) >= 0
        ]
        if cuts:
            self.found = True
            _, end = min(cuts)  # the string that is complete first; if two, the longer
        else:
            end = len(text) if last else len(text) - self._n_held(text)
        self.held = text[end:]
        return text[:end]

    def _n_held(self, text):
        """Count the characters at the end with which a string may begin."""
        return max(
            (
                length
                for string in self.strings
                for length in range(1, len(string))
                if text.endswith(string[:length])
            ),
            default=0,
        )
