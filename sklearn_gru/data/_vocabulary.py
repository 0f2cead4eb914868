"""Text as integers: one symbol per character."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data._symbols import positions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

BOUNDARY = 0
UNKNOWN = 1
N_SPECIAL = 2


@dataclass(frozen=True)
class Vocabulary:
    """The characters of a text, and the integers that stand for them.

    Symbol 0 stands for the boundary of a text, symbol 1 for every character that is not
    among `characters`, and the others for the characters in order.

    Parameters
    ----------
    characters : str
        Sorted by code point, without repetitions.

    Examples
    --------
    >>> vocabulary = Vocabulary.of(["abba", "cab"])
    >>> vocabulary.characters
    'abc'
    >>> vocabulary.encode("bad")
    array([3, 2, 1], dtype=int32)
    """

    characters: str

    @classmethod
    def of(cls, texts: Iterable[str], min_count: int = 1) -> Vocabulary:
        """Collect the characters that the texts together hold `min_count` times."""
        counts = Counter()
        for text in texts:
            counts.update(text)
        return cls("".join(sorted(c for c, n in counts.items() if n >= min_count)))

    # JSON, and so skops, reads two surrogates side by side as one character.
    def __getstate__(self):
        return {"codes": self._codes}

    def __setstate__(self, state):
        characters = state["codes"].tobytes().decode("utf-32-le", "surrogatepass")
        vars(self)["characters"] = characters

    def __len__(self) -> int:
        return N_SPECIAL + len(self.characters)

    @cached_property
    def _codes(self):
        return code_points(self.characters)

    def encode(self, text: str) -> NDArray[np.int32]:
        """Map a string to its symbols, int32 of shape (len(text),)."""
        places = positions(code_points(text), self._codes, UNKNOWN - N_SPECIAL)
        return places + N_SPECIAL


def code_points(text):
    """Return the code points of a string, uint32; lone surrogates are kept."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
