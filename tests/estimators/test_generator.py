import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import Callback

from sklearn_gru import CharGRUGenerator
from sklearn_gru.data import N_SPECIAL

TEXT = "How much wood would a woodchuck chuck, if it could chuck wood? " * 8
NAMES = ["anna", "hannah", "ann", "nan", "hanna", "anan", "nah"] * 12
QUICK = {"units": 12, "window_length": 8, "batch_size": 4, "random_state": 0}
FORMS = [
    {},
    {"kernel": "torch"},
    {"units": (8, 6), "dtype": "float64"},
    {"cell": "lstm"},
    {"cell": "rnn", "activation": "relu"},
]


@pytest.fixture(scope="module")
def endless():
    settings = {**QUICK, "units": 48, "lr": 0.01}
    return CharGRUGenerator(**settings, max_epochs=40).fit(TEXT)


@pytest.fixture(scope="module")
def names():
    settings = {**QUICK, "units": 24, "batch_size": 2}
    return CharGRUGenerator(**settings, max_epochs=30).fit(NAMES)


@pytest.fixture(params=["endless", "names"])
def model(request):
    return request.getfixturevalue(request.param)


# What is learned


def decode(vocabulary, symbols):
    return "".join(vocabulary.characters[symbol - N_SPECIAL] for symbol in symbols)


def test_classes_are_the_characters_in_order(endless, names):
    assert list(endless.classes_) == sorted(set(TEXT))
    assert list(names.classes_) == ["", "a", "h", "n"]


def test_probabilities_are_over_classes_and_decide(model):
    prompts = ["", "wood", "ha", "Ω"]
    probability = model.predict_proba(prompts)
    assert probability.shape == (4, len(model.classes_))
    assert probability.dtype == np.float64
    assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    predicted = model.predict(prompts)
    assert_array_equal(predicted, model.classes_[probability.argmax(axis=1)])
    assert predicted.dtype == model.classes_.dtype


def test_learns_a_text_by_heart(endless):
    start = TEXT.index("would")
    prompts = [TEXT[:i] for i in range(start, start + 100)]
    hits = endless.predict(prompts) == list(TEXT[start : start + 100])
    assert hits.mean() > 0.9


def test_learns_what_texts_begin_with_and_where_they_end(names):
    counts = pd.Series([name[0] for name in NAMES]).value_counts(normalize=True)
    first = pd.Series(names.predict_proba([""])[0], names.classes_)
    assert_allclose(first[counts.index], counts, atol=0.12)
    assert first[""] < 0.02
    ends = pd.Series(names.predict_proba(["hannah", "ha"])[:, 0])
    assert ends[0] > 0.5
    assert ends[1] < 0.1


@pytest.mark.parametrize("settings", FORMS, ids=str)
@pytest.mark.parametrize("X", [TEXT[:200], NAMES[:20]], ids=["str", "list"])
def test_score_is_the_mean_log_probability_character_by_character(settings, X):
    model = CharGRUGenerator(**{**QUICK, **settings}, max_epochs=2).fit(X)
    texts = [X + "Ω" + X[:5]] if isinstance(X, str) else [*X, "", "anΩ", "Ωn"]
    known = {c: i for i, c in enumerate(model.classes_)}
    plain = [
        np.log(model.predict_proba([text[:i]])[0, known[text[i]]])
        for text in texts
        for i in range(len(text))
        if text[i] in known
    ]
    score = model.score(texts[0] if isinstance(X, str) else texts)
    assert score == pytest.approx(np.mean(plain), abs=1e-5)
    assert model.bits_per_char(texts) == pytest.approx(-score / np.log(2), rel=1e-12)


def test_a_text_by_itself_and_in_a_list_score_alike(model):
    assert model.score("woodchuck nan") == model.score(["woodchuck nan"])


@pytest.mark.parametrize("settings", FORMS, ids=str)
def test_texts_do_not_sway_their_neighbours(settings):
    model = CharGRUGenerator(**{**QUICK, **settings}, max_epochs=2).fit(TEXT)
    X = [TEXT[i : i + 7 * i % 60] for i in range(100)]
    for method in (model.predict_proba, model.transform):
        together = method(X)
        alone = np.concatenate([method([text]) for text in X])
        assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
        order = np.random.default_rng(0).permutation(100)
        shuffled = method([X[i] for i in order])
        assert_allclose(shuffled, together[order], rtol=1e-5, atol=1e-6)


def test_the_state_goes_into_other_estimators(endless):
    hidden = endless.transform(["wood", ""])
    assert hidden.shape == (2, 48)
    assert hidden.dtype == np.float64
    assert endless.get_feature_names_out()[0] == "chargrugenerator0"
    labels = ["h" in name for name in NAMES]
    pipe = Pipeline(
        [("gru", CharGRUGenerator(**QUICK)), ("lr", LogisticRegression(max_iter=1000))]
    )
    assert pipe.fit(NAMES, labels).score(NAMES, labels) == 1


# Writing


def test_writes_what_it_finds_likeliest_at_zero_temperature(model):
    prompt = "wo"
    text = model.generate(prompt, 30, temperature=0)
    for i in range(len(prompt), len(text)):
        assert text[i] == model.predict([text[:i]])[0]
    if len(text) < len(prompt) + 30:
        assert model.predict([text])[0] == ""


def test_learned_text_is_written(endless):
    assert endless.generate("How much", 60, temperature=0) == TEXT[:68]


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(
    "settings", [{}, {"temperature": 3.0, "top_k": 9, "top_p": 0.9}]
)
def test_equal_seeds_write_alike(model, n, settings):
    one, same, other = (
        model.generate("", 40, n=n, random_state=seed, **settings)
        for seed in (1, np.random.RandomState(1), 3)
    )
    assert one == same != other


def test_without_a_seed_every_text_is_a_new_one(endless):
    one, other = (endless.generate("H", 60, temperature=3.0) for _ in range(2))
    assert one != other


@pytest.mark.parametrize(
    "settings", [{}, {"temperature": 0.6}, {"top_k": 3}, {"top_p": 0.7}], ids=str
)
def test_characters_come_as_often_as_they_are_likely(endless, settings):
    texts = endless.generate("wood", 1, n=5000, random_state=1, **settings)
    written = pd.Series([text[-1] for text in texts]).value_counts()
    p = endless.predict_proba(["wood"])[0] ** (1 / settings.get("temperature", 1))
    order = np.argsort(-p)
    n_kept = settings.get("top_k", len(p))
    if "top_p" in settings:
        n_kept = 1 + np.searchsorted(p[order].cumsum(), settings["top_p"])
    p[order[n_kept:]] = 0
    p = pd.Series(p / p.sum(), endless.classes_)
    assert set(written.index) <= set(p[p > 0].index)
    often = p * 5000 > 5
    if often.sum() > 1:
        observed = written.reindex(p.index[often], fill_value=0)
        expected = p[often] / p[often].sum() * observed.sum()
        assert chisquare(observed, expected).pvalue > 1e-3


def test_texts_end_where_training_texts_would(names):
    texts = names.generate("", 100, n=200, random_state=0)
    assert max(map(len, texts)) < 50
    assert np.mean([text in NAMES for text in texts]) > 0.4


@pytest.mark.parametrize("stop", [None, "wood", ["?", "uck", "ck,"], ("zzz",)], ids=str)
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 150])
def test_stream_yields_what_generate_writes(model, stop, length):
    for seed in range(3):
        settings = {"length": length, "stop": stop, "random_state": seed}
        pieces = list(model.stream("How ", **settings))
        assert all(len(piece) == 1 for piece in pieces)
        assert "How " + "".join(pieces) == model.generate("How ", **settings)


@pytest.mark.parametrize("stop", ["wood", ["?", "chuck c"], ["d c", "woul"]], ids=str)
def test_stops_before_the_first_stop_string(endless, stop):
    whole = endless.generate("How", 150, random_state=0)
    cut = endless.generate("How", 150, stop=stop, random_state=0)
    stops = [stop] if isinstance(stop, str) else stop
    ends = [whole.find(string, 3) for string in stops if string in whole[3:]]
    assert cut == whole[: min(ends)]
    assert not any(string in cut for string in stops)


def test_a_stop_string_in_the_prompt_stops_nothing(endless):
    text = endless.generate("How much wood wo", 20, temperature=0, stop="How much")
    assert text == TEXT[:36]


def test_writing_is_lazy_in_a_stream(endless):
    endless_stream = endless.stream("a", length=10**12, random_state=0)
    assert len(list(itertools.islice(endless_stream, 50))) == 50


def test_nothing_to_write_is_the_prompt(model):
    assert model.generate("wood", 0) == "wood"
    assert model.generate("", 0, n=2) == ["", ""]
    assert list(model.stream("wood", 0)) == []


# Characters of all kinds


def test_any_unicode_is_learned_and_written():
    text = "\0a\n😀\ud800é\U0010ffff\u0301" * 30
    model = CharGRUGenerator(**QUICK, max_epochs=40, lr=0.02).fit(text)
    assert list(model.classes_) == sorted(set(text))
    assert model.generate(text[:8], 24, temperature=0) == text[:32]
    assert list(model.predict([text[:8]])) == ["\0"]
    assert model.score(text) > -0.5


def test_unknown_characters_are_read_and_never_written(model):
    assert np.isfinite(model.predict_proba(["日本", "wo日d"])).all()
    assert np.isfinite(model.transform(["日本"])).all()
    written = model.generate("日本", 300, temperature=5.0, random_state=0)[2:]
    assert set(written) <= set(model.classes_)


def test_an_unknown_character_does_little_harm(endless):
    start = TEXT.index("could", 100)
    prompt = TEXT[:start]
    hidden = prompt[:-25] + "日" + prompt[-24:]
    coming = TEXT[start : start + 20]
    assert endless.generate(hidden, 20, temperature=0) == hidden + coming


def test_unknown_characters_do_not_count_in_the_score(endless):
    before, after = TEXT[:100], TEXT[100:150]
    whole = endless.score(before + "日" + after) * 150
    first = endless.score(before) * 100
    rest = [
        np.log(endless.predict_proba([before + "日" + after[:i]])[0])[
            list(endless.classes_).index(after[i])
        ]
        for i in range(50)
    ]
    assert whole == pytest.approx(first + sum(rest), abs=1e-3)
    with pytest.raises(ValueError, match="0 known characters"):
        endless.score("日本")
    with pytest.raises(ValueError, match="0 known characters"):
        endless.score("")


@pytest.mark.parametrize("X", ["a", "aaaa", ["a"], ["", "a"]], ids=repr)
def test_a_single_character_can_be_learned(X):
    model = CharGRUGenerator(**QUICK, max_epochs=3).fit(X)
    assert np.isfinite(model.loss_curve_).all()
    assert set(model.generate("", 10, random_state=0)) <= {"a"}
    if isinstance(X, str):
        assert model.generate("", 5) == "aaaaa"
        assert model.score("aa") == 0


def test_prompts_may_be_longer_than_the_training_text(endless):
    prompt = TEXT * 3
    assert endless.generate(prompt, 20, temperature=0) == prompt + TEXT[:20]


FORMS_OF_TEXTS = [
    list,
    tuple,
    iter,
    np.array,
    lambda names: np.array(names, dtype=object),
    lambda names: pd.Series(names, index=range(5, 5 + len(names))),
    lambda names: pd.Series(names, dtype="string"),
]


@pytest.mark.parametrize("form", FORMS_OF_TEXTS)
def test_texts_in_any_iterable(form):
    model = CharGRUGenerator(**QUICK, max_epochs=2).fit(form(NAMES))
    expected = CharGRUGenerator(**QUICK, max_epochs=2).fit(NAMES)
    assert model.loss_curve_ == expected.loss_curve_
    assert_array_equal(model.predict_proba(form(NAMES)), model.predict_proba(NAMES))
    assert model.score(form(NAMES)) == model.score(NAMES)
    twin = CharGRUGenerator(**QUICK, max_epochs=2)
    assert_array_equal(twin.fit_transform(form(NAMES)), model.transform(NAMES))


BAD_TEXTS = [
    ("", "0 characters"),
    ([], "0 texts"),
    (["", ""], "0 characters"),
    (b"bytes", "X is of type bytes; expected a str. Decode bytes first"),
    (bytearray(b"bytes"), "X is of type bytearray.*Decode bytes first"),
    ([b"bytes"], "Text 0 of X is of type bytes.*Decode bytes first"),
    (iter(["a", b"b"]), "Text 1 of X is of type bytes.*Decode bytes first"),
    (np.array([b"bytes"]), "Text 0 of X is of type bytes_.*Decode bytes first"),
    (["a", None], "Text 1 of X is of type NoneType"),
    (["a", 3], "Text 1 of X is of type int"),
    (pd.Series(["a", np.nan]), "Text 1 of X is of type float"),
    (None, "of type NoneType"),
    (7, "of type int"),
    (pd.DataFrame({"text": ["a"]}), r"shape \(1, 1\).*one dimension"),
    (np.array([["a"]]), r"shape \(1, 1\)"),
]


@pytest.mark.parametrize(("X", "message"), BAD_TEXTS)
def test_what_is_no_text_gets_a_clear_error(X, message):
    with pytest.raises(ValueError, match=message):
        CharGRUGenerator(**QUICK).fit(X)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_a_single_prompt_must_be_in_a_list(endless, method):
    with pytest.raises(ValueError, match=r"Put a single text into a list: \[text\]"):
        getattr(endless, method)("wood")


@pytest.mark.parametrize("X", [b"wood", [b"wood"]])
@pytest.mark.parametrize(
    "method",
    ["predict", "predict_proba", "transform", "score", "bits_per_char", "partial_fit"],
)
def test_bytes_must_be_decoded(endless, method, X):
    with pytest.raises(ValueError, match=r'Decode bytes first.*\.decode\("utf-8"\)'):
        getattr(endless, method)(X)


def test_characters_that_are_yet_to_come_must_be_decoded():
    with pytest.raises(ValueError, match="'characters' parameter is of type bytes"):
        CharGRUGenerator(**QUICK).partial_fit("abc", characters=b"def")


@pytest.mark.parametrize("method", ["generate", "stream"])
def test_a_prompt_must_be_decoded(endless, method):
    with pytest.raises(ValueError, match=r"'prompt' parameter.*Decode bytes"):
        getattr(endless, method)(prompt=b"wood")


BAD_WRITING = [
    ({"prompt": None}, "'prompt' parameter"),
    ({"prompt": b"a"}, "'prompt' parameter"),
    ({"prompt": ["a"]}, "'prompt' parameter"),
    ({"length": -1}, "'length' parameter.*Got -1"),
    ({"length": 2.5}, "'length' parameter"),
    ({"temperature": -0.1}, "'temperature' parameter.*Got -0.1"),
    ({"temperature": np.inf}, "'temperature' parameter.*Got inf"),
    ({"temperature": np.nan}, "'temperature' parameter.*Got nan"),
    ({"top_k": 0}, "'top_k' parameter.*Got 0"),
    ({"top_p": 0.0}, "'top_p' parameter.*Got 0.0"),
    ({"top_p": 1.1}, "'top_p' parameter.*Got 1.1"),
    ({"stop": 3}, "'stop' parameter"),
    ({"stop": ""}, "stop holds ''"),
    ({"stop": ["a", ""]}, "stop holds ''"),
    ({"stop": ["a", 3]}, "stop holds 3"),
    ({"random_state": "a"}, "'random_state' parameter"),
]


@pytest.mark.parametrize(("settings", "message"), BAD_WRITING)
def test_what_makes_no_sense_in_writing_gets_a_clear_error(endless, settings, message):
    with pytest.raises(ValueError, match=message):
        endless.generate(**settings)
    with pytest.raises(ValueError, match=message):
        endless.stream(**settings)


@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_the_number_of_texts_is_at_least_one(endless, n):
    with pytest.raises(InvalidParameterError, match="'n' parameter"):
        endless.generate("a", n=n)


# A good citizen


def test_equal_seeds_learn_alike():
    one, same, other = (
        CharGRUGenerator(**{**QUICK, "random_state": seed}, dropout=0.2, max_epochs=2)
        .fit(NAMES)
        .loss_curve_
        for seed in (0, 0, 1)
    )
    assert one == same != other


@pytest.mark.parametrize("X", [TEXT, NAMES], ids=["str", "list"])
def test_partial_fit_goes_on_with_the_same_alphabet(X):
    model = CharGRUGenerator(**QUICK).partial_fit(X)
    classes = list(model.classes_)
    for more in (X, "日本" * 50, ["日本 wood", "nan"]):
        model.partial_fit(more)
        assert list(model.classes_) == classes
    assert model.n_iter_ == 4
    assert "日" not in model.generate("日", 200, temperature=3.0)[1:]


def test_partial_fit_can_be_told_of_characters_to_come():
    model = CharGRUGenerator(**QUICK).partial_fit("abab" * 20, characters="cd")
    assert list(model.classes_) == ["a", "b", "c", "d"]
    for _ in range(60):
        model.partial_fit("cd" * 50)
    assert model.generate("c", 5, temperature=0) == "cdcdcd"


def test_fit_forgets_unless_it_starts_warm():
    model = CharGRUGenerator(**QUICK, max_epochs=2).fit(TEXT)
    first = model.loss_curve_
    assert model.fit(TEXT).loss_curve_ == first
    model.set_params(warm_start=True).fit(TEXT)
    assert model.loss_curve_[:2] == first
    assert model.n_iter_ == 4
    model.set_params(units=13)
    with pytest.raises(ValueError, match=r"units=\(13,\).*has units=\(12,\)"):
        model.fit(TEXT)


def test_a_failed_fit_changes_nothing():
    model = CharGRUGenerator(**QUICK, max_epochs=2).fit(TEXT)
    before = model.generate("wood", 50, random_state=0)
    with pytest.raises(ValueError, match="0 characters"):
        model.fit("")
    with pytest.raises(ValueError, match="Training diverged"):
        model.set_params(lr=1e12, optimizer="sgd", gradient_clip=None).fit(TEXT)
    assert model.generate("wood", 50, random_state=0) == before


@pytest.mark.parametrize("copy", [lambda m: pickle.loads(pickle.dumps(m)), "joblib"])
def test_a_copy_is_the_same_model(model, copy, tmp_path):
    if copy == "joblib":
        joblib.dump(model, tmp_path / "model")
        twin = joblib.load(tmp_path / "model")
    else:
        twin = copy(model)
    assert_array_equal(twin.predict_proba(["wo", ""]), model.predict_proba(["wo", ""]))
    assert twin.generate("w", 30, random_state=0) == model.generate(
        "w", 30, random_state=0
    )
    assert clone(model).get_params() == model.get_params()


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_grid_search_over_documents(n_jobs):
    grid = {"units": [4, 8], "window_length": [4, 8]}
    model = CharGRUGenerator(random_state=0, max_epochs=2, batch_size=2)
    search = GridSearchCV(model, grid, cv=2, n_jobs=n_jobs).fit(NAMES)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    expected = [
        np.mean(
            [
                clone(model).set_params(**p).fit(NAMES[a:b]).score(NAMES[c:d])
                for a, b, c, d in [(42, 84, 0, 42), (0, 42, 42, 84)]
            ]
        )
        for p in search.cv_results_["params"]
    ]
    assert_allclose(scores, expected, rtol=0, atol=0)


class PressCtrlC(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("X", [TEXT, NAMES], ids=["str", "list"])
def test_ctrl_c_keeps_what_was_learned(X):
    model = CharGRUGenerator(**QUICK, max_epochs=50, callbacks=[PressCtrlC()])
    with pytest.warns(ConvergenceWarning, match="after 2 whole epochs"):
        model.fit(X)
    assert model.n_iter_ == 2
    assert model.generate("wo", 20, random_state=0).startswith("wo")
    assert model.set_params(callbacks=None).partial_fit(X).n_iter_ == 3


def test_the_bar_shows_both_losses_in_nats(capsys):
    model = CharGRUGenerator(**QUICK, max_epochs=3, early_stopping=True, verbose=1)
    last = model.fit(TEXT).net_.history[-1]
    line = capsys.readouterr().err.strip().rsplit("\r", 1)[-1]
    assert "3/3 epochs" in line
    assert f"loss={last['train_loss']:.4g}, valid_loss={last['valid_loss']:.4g}" in line


def test_threads_share_a_model(endless):
    def write(seed):
        return endless.generate("How", 80, random_state=seed)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(8))) == [write(seed) for seed in range(8)]


# Early stopping


def test_the_end_of_a_str_is_held_out():
    model = CharGRUGenerator(**QUICK, early_stopping=True, validation_fraction=0.25)
    dataset = model.fit(TEXT)._dataset([TEXT], True, 0, hold_out=True)
    held_out = dataset.validation.corpus.symbols[:-1]
    assert decode(model.vocabulary_, held_out) == TEXT[-len(TEXT) // 4 :]
    training = dataset.corpus.symbols[:-1]
    assert decode(model.vocabulary_, training) == TEXT[: -len(TEXT) // 4]
    assert len(model.net_.history[:, "valid_loss"]) == model.n_iter_


def test_whole_texts_of_several_are_held_out():
    texts = [chr(97 + i) * (i + 1) for i in range(20)]
    model = CharGRUGenerator(**QUICK, early_stopping=True, validation_fraction=0.25)
    dataset = model.fit(texts)._dataset(texts, False, 0, hold_out=True)
    parts = [
        [
            decode(model.vocabulary_, text[:-1])
            for text in np.split(part.corpus.symbols, part.corpus.starts[1:-1])
        ]
        for part in (dataset, dataset.validation)
    ]
    assert [len(part) for part in parts] == [15, 5]
    assert sorted(parts[0] + parts[1]) == texts


def test_long_texts_have_a_part_held_out_of_their_own_accord():
    model = CharGRUGenerator()
    for X, endless, expected in [
        (["a" * 99_999], True, False),
        (["a" * 100_000], True, True),
        (["a" * 100_000], False, False),
        (["a" * 50_000] * 2, False, True),
    ]:
        assert model._holds_out(X, endless) == expected


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a", "1 characters, which leaves 0 for training and 1"),
        (["abc"], "1 text, of which none can be held out"),
        (["abc", ""], "have 0 characters"),
    ],
)
def test_too_little_text_to_hold_some_out(X, message):
    with pytest.raises(ValueError, match=message):
        CharGRUGenerator(**QUICK, early_stopping=True).fit(X)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("choice", [{}, {"top_k": 2}, {"top_p": 0.5}])
def test_nothing_is_written_from_numbers_that_are_not_finite(wrong, choice):
    model = CharGRUGenerator(units=3, max_epochs=1, random_state=0).fit("to be or " * 9)
    model.net_.module_.head.bias.data.fill_(wrong)
    for write in (
        model.generate,
        lambda *given, **how: list(model.stream(*given, **how)),
    ):
        with pytest.raises(ValueError, match=r"not finite.*smaller lr"):
            write("to", 3, random_state=0, **choice)
