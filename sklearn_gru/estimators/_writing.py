"""Writing texts: from classes to characters, up to an end or a stop string."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data import StopStrings
from sklearn_gru.estimators._base import draw_seed
from sklearn_gru.estimators._private import Interval
from sklearn_gru.nets import Sampler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sklearn_gru._types import Array, RandomState

WRITING_CONSTRAINTS = {
    "prompt": "no_validation",
    "length": [Interval(Integral, 0, None, closed="left")],
    "temperature": [Interval(Real, 0, None, closed="left")],
    "top_k": [Interval(Integral, 1, None, closed="left"), None],
    "top_p": [Interval(Real, 0, 1, closed="right"), None],
    "stop": [str, list, tuple, None],
    "random_state": ["random_state"],
}


class Continuation:
    """One text that is being written: classes come in, characters go out.

    Parameters
    ----------
    characters : ndarray of shape (n_classes,), of str
        The character of each class; "" is the end of a text.
    stop : list of str
        Strings before which the text stops.
    """

    def __init__(self, characters: Array, stop: list[str]) -> None:
        self.characters = characters
        self.stops = StopStrings(stop)
        self.has_ended = False

    def add(self, classes: Array, last: bool) -> str:
        """Take the next classes, maybe the last, and return what can be passed on."""
        if self.has_ended:
            return ""
        written = self.characters[classes]
        ends = np.flatnonzero(written == "")
        end = ends[0] if len(ends) else len(written)
        piece = self.stops.pass_on("".join(written[:end]), last or len(ends) > 0)
        self.has_ended = self.stops.found or len(ends) > 0
        return piece


def write(
    texts: list[Continuation], blocks: Iterator[Array], length: int
) -> Iterator[list[str]]:
    """Yield what each block adds to each text, until all texts have ended.

    Parameters
    ----------
    texts : list of Continuation
    blocks : iterator of ndarray of shape (n_texts, size)
        The next classes of each text.
    length : int
        How many classes the blocks have in all.
    """
    for block in blocks:
        length -= block.shape[1]
        pairs = zip(texts, block, strict=True)
        yield [text.add(classes, last=length == 0) for text, classes in pairs]
        if all(text.has_ended for text in texts):
            return


def make_sampler(
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    random_state: RandomState,
) -> Sampler:
    """Make what chooses among the likely characters."""
    rng = np.random.default_rng(draw_seed(random_state))
    return Sampler(rng, temperature, top_k, top_p)


def as_strings(stop: str | Iterable[str] | None) -> list[str]:
    """Read `stop` as a list of strings that are not empty."""
    strings = [stop] if isinstance(stop, str) else list(stop or [])
    for string in strings:
        if not isinstance(string, str) or not string:
            raise ValueError(
                f"stop holds {string!r}; expected strings of at least 1 character."
            )
    return strings
