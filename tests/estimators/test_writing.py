"""Texts from classes: blocks of any size make the same texts."""

import numpy as np
import pytest

from sklearn_gru.estimators._writing import Continuation, as_strings, write

CHARACTERS = np.array(["", "a", "b", "c"], dtype=object)
WRITTEN = np.array([[1, 2, 3, 1, 2, 0, 3, 3], [3, 3, 1, 2, 3, 1, 1, 2]])


def pieces(stop, at_once):
    blocks = (WRITTEN[:, i : i + at_once] for i in range(0, 8, at_once))
    texts = [Continuation(CHARACTERS, stop) for _ in WRITTEN]
    return list(write(texts, blocks, length=8))


@pytest.mark.parametrize("at_once", [1, 3, 8])
@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ([], ["abcab", "ccabcaab"]),
        (["cab"], ["ab", "c"]),
        (["bca", "x"], ["a", "cca"]),
        (["aabb"], ["abcab", "ccabcaab"]),  # held back, and passed on at the end
    ],
)
def test_texts_end_at_an_end_a_stop_string_or_the_last_class(stop, expected, at_once):
    texts = ["".join(of_one) for of_one in zip(*pieces(stop, at_once), strict=True)]
    assert texts == expected


def test_nothing_is_chosen_after_all_texts_have_ended():
    assert len(pieces(["ab"], at_once=1)) == 4  # the second text reads "ccab"


def test_one_stop_string_or_several():
    assert as_strings(None) == []
    assert as_strings("ab") == ["ab"]
    assert as_strings(("a", "b")) == ["a", "b"]
