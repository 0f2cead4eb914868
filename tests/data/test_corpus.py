import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_gru.data import BOUNDARY, Corpus, StopStrings, Vocabulary, _text

TEXTS = ["one", "", "fourteen", "2"]
VOCABULARY = Vocabulary.of(TEXTS)


@pytest.mark.parametrize("block", [1, 3, 1 << 20])
def test_texts_lie_end_to_end(monkeypatch, block):
    monkeypatch.setattr(_text, "BLOCK_CHARACTERS", block)
    corpus = Corpus.of(TEXTS, VOCABULARY)
    plain = [np.r_[VOCABULARY.encode(text), BOUNDARY] for text in TEXTS]
    assert_array_equal(corpus.symbols, np.concatenate(plain))
    assert corpus.symbols.dtype == np.int32
    assert corpus.n_texts == 4
    for text, start in zip(plain, corpus.starts[:-1], strict=True):
        assert_array_equal(corpus.symbols[start : start + len(text)], text)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 3, 1], [1, 3, 2, 0]])
def test_texts_in_another_order_on_a_circle(order):
    corpus = Corpus.of(TEXTS, VOCABULARY)
    plain = Corpus.of([TEXTS[i] for i in order], VOCABULARY).symbols
    places = np.arange(-20, 50).reshape(7, 10)
    assert_array_equal(
        corpus.reader(np.array(order))(places), plain[places % len(plain)]
    )


def test_one_text_on_a_circle():
    corpus = Corpus.of(["abc"], Vocabulary("abc"))
    read = corpus.reader(np.array([0]))
    assert read(np.arange(-1, 5)).tolist() == [0, 2, 3, 4, 0, 2]


STOPS = [[], ["ab"], ["aab"], ["b", "abc"], ["ca", "bca"], ["abab", "ba"], ["z"]]


def plain_cut(text, strings):
    """Try every end: the first that a string has; of several strings the longest."""
    for end in range(len(text) + 1):
        fitting = [s for s in strings if text[:end].endswith(s)]
        if fitting:
            return text[: end - max(map(len, fitting))]
    return text


@pytest.mark.parametrize("strings", STOPS, ids=str)
def test_stops_before_the_first_string_however_the_text_is_cut(strings):
    rng = np.random.default_rng(0)
    for _ in range(300):
        text = "".join(rng.choice(list("abc"), rng.integers(12)))
        pieces = np.split(list(text), np.sort(rng.integers(len(text) + 1, size=3)))
        stops, passed = StopStrings(strings), ""
        for i, piece in enumerate(pieces):
            passed += stops.pass_on("".join(piece), last=i == 3)
            if stops.found:
                break
        assert passed == plain_cut(text, strings)
        assert stops.found == (passed != text)


def test_nothing_is_held_back_that_can_be_shown():
    stops = StopStrings(["\n\n"])
    assert stops.pass_on("a") == "a"
    assert stops.pass_on("\n") == ""
    assert stops.pass_on("b\n") == "\nb"
    assert stops.pass_on("", last=True) == "\n"
