import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from sklearn_gru import CharSequenceTransformer, GRUClassifier

TEXTS = ["abba", "cab", "", "Über 😀 a"]
FORMS = [
    list,
    tuple,
    iter,
    np.array,
    lambda texts: np.array(texts, dtype=object),
    pd.Series,
    lambda texts: pd.Series(texts, index=list("wxyz")),
    lambda texts: pd.Series(texts, dtype="string"),
]


def slow_symbols(texts, known):
    return [
        [[2 + known.index(c) if c in known else 1] for c in text] or [[0]]
        for text in texts
    ]


def as_lists(sequences):
    return [sequence.tolist() for sequence in sequences]


def test_symbols_are_those_of_a_loop():
    chars = CharSequenceTransformer().fit(TEXTS)
    known = sorted(set("".join(TEXTS)))
    assert chars.vocabulary_.characters == "".join(known)
    assert as_lists(chars.transform(TEXTS)) == slow_symbols(TEXTS, known)
    new = ["ab!", "\ud800", "", "zz top"]
    assert as_lists(chars.transform(new)) == slow_symbols(new, known)
    for sequence in chars.transform(new):
        assert sequence.dtype == np.int32


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_texts_is_read_alike(form):
    expected = slow_symbols(TEXTS, sorted(set("".join(TEXTS))))
    assert as_lists(CharSequenceTransformer().fit_transform(form(TEXTS))) == expected
    chars = CharSequenceTransformer().fit(form(TEXTS))
    assert as_lists(chars.transform(form(TEXTS))) == expected


def test_long_texts_are_cut_at_their_end():
    cut = CharSequenceTransformer(max_length=2).fit(["abc", "d"])
    assert cut.vocabulary_.characters == "abd"
    assert as_lists(cut.transform(["bad", "a"])) == [[[3], [2]], [[2]]]


def test_lowercase_comes_before_the_cut():
    chars = CharSequenceTransformer(max_length=2, lowercase=True).fit(["ABC", "İx"])
    assert chars.vocabulary_.characters == "abi\u0307"  # a dotted I becomes two
    assert as_lists(chars.transform(["bA", "Ba"])) == [[[3], [2]]] * 2


def test_rare_characters_are_unknown_ones():
    chars = CharSequenceTransformer(min_count=2).fit(["abba", "ac"])
    assert chars.vocabulary_.characters == "ab"
    assert as_lists(chars.transform(["cab"])) == [[[1], [2], [3]]]
    nothing = CharSequenceTransformer(min_count=9).fit(["abba"])
    assert as_lists(nothing.transform(["ab", ""])) == [[[1], [1]], [[0]]]


def test_padding_fills_up_with_the_boundary():
    ragged = CharSequenceTransformer(max_length=6).fit(TEXTS)
    padded = CharSequenceTransformer(max_length=6, pad=True).fit(TEXTS)
    rows = padded.transform(TEXTS)
    assert rows.shape == (4, 6)
    assert rows.dtype == np.int32
    for row, text, sequence in zip(rows, TEXTS, ragged.transform(TEXTS), strict=True):
        n = min(len(text), 6)
        np.testing.assert_array_equal(row[:n], sequence[:n, 0])
        assert not row[n:].any()
    with pytest.raises(ValueError, match="pad=True needs a max_length"):
        CharSequenceTransformer(pad=True).fit(TEXTS)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", r"X is of type str; expected a list.*\[text\]"),
        (b"one text", "X is of type bytes"),
        (None, "X is of type NoneType"),
        (7, "X is of type int"),
        ([], "X has 0 texts"),
        (["a", None], "Text 1 of X is of type NoneType; expected a str. Fill"),
        (pd.Series(["a", "b", np.nan], dtype=object), "Text 2 of X is of type float"),
        (["a", 3, "b"], "Text 1 of X is of type int"),
        ([b"a"], "Text 0 of X is of type bytes.*decode"),
        (pd.DataFrame({"text": ["a"]}), r"X has shape \(1, 1\).*Select the column"),
        (np.array([["a", "b"]]), r"X has shape \(1, 2\)"),
    ],
)
def test_what_is_no_list_of_texts_is_named(texts, message):
    chars = CharSequenceTransformer()
    for method in (chars.fit, chars.fit_transform):
        with pytest.raises(ValueError, match=message):
            method(texts)
    assert not hasattr(chars, "vocabulary_")
    with pytest.raises(ValueError, match=message):
        chars.fit(["a"]).transform(texts)


@pytest.mark.parametrize(
    "check",
    [
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_estimator_checks_that_need_no_numbers(check):
    getattr(estimator_checks, check)("CharSequence", CharSequenceTransformer())


def test_copies_are_the_same():
    chars = CharSequenceTransformer(max_length=5, min_count=2).fit(TEXTS)
    expected = as_lists(chars.transform(TEXTS))
    assert as_lists(pickle.loads(pickle.dumps(chars)).transform(TEXTS)) == expected
    assert as_lists(clone(chars).fit(TEXTS).transform(TEXTS)) == expected


def test_a_pipeline_classifies_any_text():
    texts = ["aab", "ba", "abab", "b"] * 10
    pipe = make_pipeline(
        CharSequenceTransformer(), GRUClassifier(4, embedding_dim=2, max_epochs=2)
    ).fit(texts, [len(text) for text in texts])
    for new in (["ab", "ba"], ["", "?", "ab" * 30], ["a"]):
        assert pipe.predict(new).shape == (len(new),)
