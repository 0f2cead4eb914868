"""Writing texts: from classes to characters, up to an end or a stop string."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from sklearn_gru.data import StopStrings

CHARACTERS_AT_ONCE = 64
WRITING_CONSTRAINTS = {
    "prompt": "no_validation",
    "length": [Interval(Integral, 0, None, closed="left")],
    "temperature": [Interval(Real, 0, None, closed="left")],
    "top_k": [Interval(Integral, 1, None, closed="left"), None],
    "top_p": [Interval(Real, 0, 1, closed="right"), None],
    "stop": [str, list, tuple, None],
    "random_state": ["random_state"],
}


class TextWriter:
    """Writes the characters of one or several texts.

    Parameters
    ----------
    writer : Writer
        Chooses the classes.
    classes : ndarray of shape (n_classes,), of str
        The character of each class; "" is the end of a text.
    stop : str, list of str or None
        Strings before which a text stops.
    """

    def __init__(self, writer, classes, stop):
        self.writer = writer
        self.classes = classes
        self.stop_strings = _as_strings(stop)

    def write(self, length):
        """Write up to `length` characters of every text, and return the texts."""
        n = self.writer.n_texts
        stops = [StopStrings(self.stop_strings) for _ in range(n)]
        texts = [[] for _ in range(n)]
        unfinished = list(range(n))
        while unfinished and length:
            block = self.writer.write(min(length, CHARACTERS_AT_ONCE))
            length -= block.shape[1]
            for i in unfinished:
                characters, ended = self._decode(block[i])
                last = ended or not length
                texts[i].append(stops[i].pass_on(characters, last))
                stops[i].found |= ended
            unfinished = [i for i in unfinished if not stops[i].found]
        return ["".join(pieces) for pieces in texts]

    def stream(self, length):
        """Yield up to `length` characters of the first text, one by one."""
        stops = StopStrings(self.stop_strings)
        for n_left in reversed(range(length)):
            characters, ended = self._decode(self.writer.write(1)[0])
            yield from stops.pass_on(characters, last=ended or n_left == 0)
            if ended or stops.found:
                return

    def _decode(self, classes):
        """Join characters up to the end of the text; tell whether it has ended."""
        characters = self.classes[classes]
        ends = np.flatnonzero(characters == "")
        end = ends[0] if len(ends) else len(characters)
        return "".join(characters[:end]), len(ends) > 0


def _as_strings(stop):
    strings = [stop] if isinstance(stop, str) else list(stop or [])
    for string in strings:
        if not isinstance(string, str) or not string:
            raise ValueError(
                f"stop holds {string!r}; expected strings of at least 1 character."
            )
    return strings
