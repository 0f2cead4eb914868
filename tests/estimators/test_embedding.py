"""`embedding_dim`: sequences of symbols instead of quantities."""

import pickle

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from benchmarks.plain_network import PLAIN
from sklearn_gru import (
    CharSequenceTransformer,
    GRUClassifier,
    GRURegressor,
    make_windows,
)

QUICK = {"units": 6, "embedding_dim": 3, "max_epochs": 3, "random_state": 0}
BOTH = [GRURegressor(**QUICK), GRUClassifier(**QUICK)]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, size=(80, 7))
    return X, (X[:, -1] > 4).astype(int)


@pytest.fixture
def model(request):
    return clone(request.param)


def ragged(X):
    return [x[: 1 + i % len(x), None] for i, x in enumerate(X)]


def outputs(model, X):
    if isinstance(model, GRUClassifier):
        return model.predict_proba(X)
    return model.predict(X)


def embedded(model, X):
    """Look the vectors of X (n, t) up, zeros for symbols that were not seen."""
    table = model.net_.module_.embedding.weight.detach().double().numpy()
    rows = dict(zip(model.symbols_.tolist(), table, strict=False))
    return np.array([[rows.get(s, np.zeros(3)) for s in x] for x in X.tolist()])


def nested(text):
    depth = 0
    for character in text:
        depth += 1 if character == "(" else -1
        if depth < 0:
            return False
    return depth == 0


def test_learns_what_only_order_tells():
    rng = np.random.default_rng(0)
    texts = [
        "".join(rng.permutation(list("()" * rng.integers(1, 6)))) for _ in "x" * 1200
    ]
    y = np.array([nested(text) for text in texts])
    pipe = make_pipeline(
        CharSequenceTransformer(),
        GRUClassifier(16, embedding_dim=4, lr=0.01, max_epochs=30, random_state=0),
    )
    pipe.fit(texts[:900], y[:900])
    assert pipe.score(texts[900:], y[900:]) > 0.97
    assert pipe[-1].symbols_.tolist() == [2, 3]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_network_of_the_same_weights_reads_the_vectors(data, bidirectional):
    X, y = data
    symbolic = GRURegressor(**QUICK, bidirectional=bidirectional, dtype="float64")
    symbolic.fit(X, y)
    vectors = embedded(symbolic, X)
    without = {**PLAIN, "bidirectional": bidirectional, "pooling": "auto"}
    plain = clone(symbolic).set_params(embedding_dim=None, standardize=False, **without)
    plain.fit(vectors, y)
    weights = symbolic.net_.module_.state_dict()
    del weights["embedding.weight"]
    plain.net_.module_.load_state_dict(weights)
    np.testing.assert_allclose(symbolic.transform(X), plain.transform(vectors), 1e-12)
    gates = plain.gates(vectors)
    for name, gate in symbolic.gates(X).items():
        np.testing.assert_allclose(gate, gates[name], rtol=1e-12)


@pytest.mark.parametrize("model", BOTH, indirect=True)
def test_forms_of_the_same_symbols_are_read_alike(data, model):
    X, y = data
    expected = outputs(model.fit(X, y), X)
    for form in (
        X.astype(float),
        X.astype(np.uint8),
        X.tolist(),
        X[:, :, None],
        list(X),
        [x[:, None].astype(np.int32) for x in X],
    ):
        np.testing.assert_array_equal(outputs(model, form), expected)
        np.testing.assert_array_equal(outputs(clone(model).fit(form, y), X), expected)


@pytest.mark.parametrize("model", BOTH, indirect=True)
def test_symbols_are_names_and_not_quantities(data, model):
    X, y = data
    expected = outputs(model.fit(X, y), X)
    renamed = 10**7 * X + 3
    np.testing.assert_array_equal(outputs(model.fit(renamed, y), renamed), expected)
    assert model.symbols_.tolist() == (10**7 * np.arange(9) + 3).tolist()
    assert len(model.net_.module_.embedding.weight) == 10


@pytest.mark.parametrize("model", BOTH, indirect=True)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_ragged_sample_is_read_as_if_alone(data, model, bidirectional):
    X, y = ragged(data[0]), data[1]
    model.set_params(bidirectional=bidirectional, dtype="float64").fit(X, y)
    alone = np.concatenate([outputs(model, [x]) for x in X])
    np.testing.assert_allclose(outputs(model, X), alone, rtol=1e-12)
    assert model.n_features_in_ == 1


def test_ragged_targets_per_time_step(data):
    X = ragged(data[0])
    y = [x[:, 0] % 3 for x in X]
    model = GRURegressor(
        16,
        embedding_dim=4,
        return_sequences=True,
        lr=0.01,
        max_epochs=100,
        random_state=0,
    ).fit(X, y)
    assert model.score(X, y) > 0.95


@pytest.mark.parametrize("model", BOTH, indirect=True)
def test_symbols_that_training_has_not_seen_say_nothing(data, model):
    X, y = data
    model.fit(X, y)
    unseen = X.copy()
    unseen[:, 3] = 9
    expected = outputs(model, unseen)
    unseen[:, 3] = 10**6
    np.testing.assert_array_equal(outputs(model, unseen), expected)
    last = model.net_.module_.embedding.weight[-1]
    assert not last.any()
    assert np.abs(outputs(model, X) - expected).max() > 1e-3


@pytest.mark.parametrize("model", BOTH, indirect=True)
def test_partial_fit_goes_on_with_the_symbols_of_the_first_call(data, model):
    X, y = data
    model.partial_fit(X[:40] % 5, y[:40])
    model.partial_fit(X[40:], y[40:])
    assert model.n_iter_ == 2
    assert model.symbols_.tolist() == [0, 1, 2, 3, 4]
    assert model.net_.module_.embedding.weight[-1].any()  # now there were others


def test_other_dimensions_need_a_new_fit(data):
    model = GRUClassifier(**QUICK, warm_start=True).fit(*data)
    expected = model.predict_proba(data[0])
    for changed in (5, None):
        model.set_params(embedding_dim=changed)
        with pytest.raises(ValueError, match=f"embedding_dim={changed}.*has embed.*=3"):
            model.fit(*data)
        np.testing.assert_array_equal(model.predict_proba(data[0]), expected)
    plain = GRUClassifier(units=4, max_epochs=1, warm_start=True).fit(*data)
    assert not hasattr(plain, "symbols_")
    with pytest.raises(ValueError, match=r"embedding_dim=3.*has embedding_dim=None"):
        plain.set_params(embedding_dim=3).fit(*data)


@pytest.mark.parametrize("model", BOTH, indirect=True)
def test_weights_count_like_repetitions(data, model):
    X, y = data[0][:10].copy(), data[1][:10]
    X[0] = 77  # of weight zero: its symbol is not there either
    weight = np.array([0, 1, 2, 3, 0, 1, 1, 2, 1, 4])
    # Dropout draws for every row of a batch.
    weighted = model.set_params(dtype="float64", max_epochs=20, dropout=0)
    weighted.fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(X.repeat(weight, 0), y.repeat(weight))
    assert 77 not in weighted.symbols_
    np.testing.assert_allclose(outputs(weighted, X), outputs(repeated, X), rtol=1e-9)


def test_class_weights_are_sample_weights(data):
    X, y = data
    by_class = GRUClassifier(**QUICK, class_weight={0: 1, 1: 5}).fit(X, y)
    by_sample = GRUClassifier(**QUICK).fit(X, y, sample_weight=np.where(y, 5, 1))
    np.testing.assert_allclose(
        by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-5
    )


def test_one_class_is_enough(data):
    X, y = data
    model = GRUClassifier(4, embedding_dim=3, lr=0.05, max_epochs=20, random_state=0)
    model.fit(X, y, sample_weight=(y == 1).astype(float))
    assert (model.predict(X) == 1).all()


def test_symbols_stay_as_small_as_they_are(data):
    X, y = data
    model = GRUClassifier(**QUICK).fit(X, y)
    source = model._dataset(X[:, :, None], y, None, 0, hold_out=False).inputs["x"]
    assert source.values.shape == (80, 7, 1)
    assert source.values.dtype == torch.int32


def test_windows_and_mapped_files_are_read_where_they_are(tmp_path):
    text = np.random.default_rng(0).integers(0, 5, size=300)
    windows, following = make_windows(text, 8)
    expected = GRURegressor(**QUICK).fit(windows.copy(), following).predict(windows)
    viewed = GRURegressor(**QUICK).fit(windows, following)
    np.testing.assert_array_equal(viewed.predict(windows), expected)
    np.ascontiguousarray(windows).tofile(tmp_path / "windows")
    mapped = np.memmap(tmp_path / "windows", windows.dtype, "r", shape=windows.shape)
    model = GRURegressor(**QUICK).fit(mapped, following)
    np.testing.assert_array_equal(model.predict(mapped), expected)


@pytest.mark.parametrize("model", BOTH, indirect=True)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda X: X - 1,
            "Negative values in data: X holds -1, but with embedding_dim",
        ),
        (lambda X: X / 2, r"X holds \d\.5, but.*embedding_dim=None"),
        (lambda X: np.where(X == 3, np.nan, X), "contains NaN"),
        (
            lambda X: X[:, :6].reshape(80, 3, 2),
            "X has 2 features, but .*=3 reads 1 sym",
        ),
        (lambda X: ["text"] * 80, "X holds strings. Put a CharSequenceTransformer"),
    ],
)
def test_what_is_no_symbol_is_an_error(data, model, change, message):
    X, y = data
    X = np.where(X == 8, 1, X)
    with pytest.raises(ValueError, match=message):
        model.fit(change(X), y)
    assert not hasattr(model, "net_")
    model.fit(X, y)
    expected = outputs(model, X)
    if "2 features" in message:
        message = "X has 2 features, but GRU.* is expecting 1"
    with pytest.raises(ValueError, match=message):
        model.predict(change(X))
    np.testing.assert_array_equal(outputs(model, X), expected)


@pytest.mark.parametrize("model", BOTH, indirect=True)
def test_copies_predict_the_same(data, model):
    X, y = data
    expected = outputs(model.fit(X, y), X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(outputs(copy, X), expected)
    np.testing.assert_array_equal(outputs(clone(model).fit(X, y), X), expected)


def test_a_grid_search_chooses_the_dimension():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abc"), size=n)) for n in rng.integers(1, 9, 60)]
    y = [text[-1] for text in texts]
    pipe = make_pipeline(
        CharSequenceTransformer(), GRUClassifier(4, max_epochs=3, random_state=0)
    )
    grid = {"gruclassifier__embedding_dim": [1, 4]}
    search = GridSearchCV(pipe, grid, cv=2)
    alone = search.fit(texts, y).cv_results_["mean_test_score"]
    with parallel_config(backend="threading", n_jobs=2):
        search.fit(texts, y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone)
    assert search.predict(["ab", "c"]).shape == (2,)


def test_early_stopping_watches_a_held_out_part(data):
    model = GRUClassifier(**QUICK, early_stopping=True).fit(ragged(data[0]), data[1])
    assert "valid_loss" in model.net_.history[0]
