"""What reads a sequence in GRURegressor and GRUClassifier, from fit to prediction."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from benchmarks.plain_network import PLAIN
from sklearn_gru import GRUClassifier, GRURegressor
from sklearn_gru.nets import SequenceNet
from sklearn_gru.nets.threads import allow_threads

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 12, 2)).cumsum(axis=1)
RAGGED = [x[: 1 + i % 12] for i, x in enumerate(X)]
TARGETS = {GRURegressor: 10 * X.mean(axis=(1, 2)), GRUClassifier: np.arange(40) % 3}
QUICK = {"units": 5, "max_epochs": 2, "random_state": 0}
both = pytest.mark.parametrize("cls", TARGETS)
KINDS = {
    "auto": {},
    "segments": {"segment_length": 5, "pooling": "mean"},
    "strides": {"segment_length": 16, "conv_filters": (4, 3)},
    "plain": PLAIN,
    "several": {"n_estimators": 2, "conv_filters": 4},
    "lstm": {"cell": "lstm", "time_warp": 0.2},
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def outputs(model, given):
    if isinstance(model, GRUClassifier):
        return model.predict_proba(given)
    return model.predict(given)


@both
@kinds
def test_a_ragged_sample_is_read_as_if_alone(cls, kind):
    model = cls(**{**QUICK, **kind, "dtype": "float64"}).fit(RAGGED, TARGETS[cls])
    alone = [outputs(model, [x]) for x in RAGGED]
    assert_allclose(outputs(model, RAGGED), np.concatenate(alone), rtol=1e-11)
    features = np.concatenate([model.transform([x]) for x in RAGGED])
    assert_allclose(model.transform(RAGGED), features, rtol=1e-9, atol=1e-12)
    assert len(model.get_feature_names_out()) == features.shape[1]


@both
@kinds
def test_results_do_not_depend_on_threads(cls, kind):
    expected = cls(**QUICK, **kind).fit(X, TARGETS[cls])
    n_threads = torch.get_num_threads()
    for number in (1, 2):
        torch.set_num_threads(number)
        before = allow_threads(number)
        try:
            model = clone(expected).fit(X, TARGETS[cls])
            assert model.loss_curve_ == expected.loss_curve_
            assert_array_equal(outputs(model, X), outputs(expected, X))
            assert_array_equal(model.transform(RAGGED), expected.transform(RAGGED))
        finally:
            allow_threads(before)
            torch.set_num_threads(n_threads)


@both
@kinds
def test_training_goes_on_with_longer_and_with_shorter_sequences(cls, kind):
    y = TARGETS[cls]
    model = cls(**QUICK, **kind).fit(X[:, :7], y)
    longer = np.concatenate([X] * 20, axis=1)  # 240 steps; 64 segments had been enough
    model.partial_fit(longer, y)
    model.partial_fit(RAGGED, y)
    model.partial_fit(X[:1, :1], y[:1])
    assert model.n_iter_ == 5
    for given in (longer, RAGGED, X[:, :1], X[:1, :1]):
        assert np.isfinite(outputs(model, given)).all()
        assert np.isfinite(model.transform(given)).all()


@both
@kinds
def test_a_first_partial_fit_may_have_one_sample_of_one_step(cls, kind):
    y = TARGETS[cls]
    model = cls(**QUICK, **kind)
    classes = {"classes": np.unique(y)} if cls is GRUClassifier else {}
    model.partial_fit(X[:1, :1], y[:1], **classes)
    assert np.isfinite(outputs(model, X)).all()
    model.partial_fit(X, y)
    assert np.isfinite(outputs(model, X)).all()


@both
def test_sequences_of_one_step_are_predicted_after_training_on_long_ones(cls):
    longer = np.concatenate([X] * 20, axis=1)
    model = cls(**QUICK, dtype="float64").fit(longer, TARGETS[cls])
    assert model.net_.module_.segment_length == 4
    together = outputs(model, longer[:, :1])
    alone = np.concatenate([outputs(model, x[None, :1]) for x in longer])
    assert_allclose(together, alone, rtol=1e-11)
    for gate in model.gates(longer[:, :1]).values():
        assert gate.shape == (40, 1, 10)


def test_changes_of_a_column_that_never_changed_matter_little():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8, 2))
    X[:, :, 1] = X[:, :1, 1]  # one value for all steps
    model = GRURegressor(8, max_epochs=30, random_state=0).fit(X, X[:, :, 0].mean(1))
    expected = model.predict(X)
    X[:, 4:, 1] += 0.01
    assert_allclose(model.predict(X), expected, atol=0.05)


def test_rounding_of_a_column_that_never_varied_is_not_read():
    """The mean of 37 times 5.3 is not 5.3, and no course is made of the difference."""
    rng = np.random.default_rng(0)
    X = np.stack([rng.normal(size=(60, 37)), np.full((60, 37), 5.3)], axis=2)
    y = X[:, :, 0].mean(1)
    model = GRURegressor(8, standardize=False, max_epochs=10, random_state=0).fit(X, y)
    expected = model.predict(X)
    X[:, ::2, 1] += 0.1
    assert_allclose(model.predict(X), expected, atol=0.1)


@pytest.mark.parametrize("ragged", [False, True])
def test_long_sequences_are_predicted_a_few_at_a_time(ragged, monkeypatch):
    X = np.random.default_rng(0).normal(size=(300, 5, 1))
    model = GRURegressor(2, max_epochs=1, random_state=0).fit(X, X[:, 0, 0])
    longer = np.repeat(X, 200, axis=1)
    longer = [x[: len(x) - i % 2] for i, x in enumerate(longer)] if ragged else longer
    shapes, features = [], SequenceNet.features

    def recorded(self, x, lengths=None):
        shapes.append(x.shape)
        return features(self, x, lengths)

    monkeypatch.setattr(SequenceNet, "features", recorded)
    assert len(model.predict(longer)) == 300
    assert len(shapes) > 1
    assert max(n * n_steps for n, n_steps, _ in shapes) <= 1 << 16


@both
def test_huge_rows_of_one_sequence_do_not_reach_another(cls):
    model = cls(**QUICK).fit(RAGGED, TARGETS[cls])
    expected = outputs(model, RAGGED[:3])
    given = [*RAGGED[:3], np.full((12, 2), 1e200)]
    module_outputs = np.concatenate(
        model._evaluate(model._read_X(given, reset=False), "forward")
    )
    assert np.isfinite(module_outputs[:3]).all()
    assert_array_equal(outputs(model, RAGGED[:3]), expected)


@both
@pytest.mark.parametrize(
    "grid",
    [
        {"pooling": ["auto", "mean", ("last", "max")]},
        {"segment_length": np.array([1, 3])},
        {"segment_length": ["auto", 2]},
        {"bidirectional": ["auto", True, False]},
        {"differences": np.array([True, False])},
        {"conv_filters": np.array([4, 8])},
        {"conv_filters": [None, "auto", 4, (4, 4)]},
        {"time_warp": np.linspace(0, 0.2, 2)},
        {"n_estimators": np.arange(1, 3)},
        {"max_epochs": np.array([1, 2])},
        {"units": np.array([3, 4])},
    ],
    ids=str,
)
def test_a_grid_search_tries_every_parameter(cls, grid):
    search = GridSearchCV(cls(**QUICK), grid, cv=2, error_score="raise")
    search.fit(X, TARGETS[cls])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.isfinite(outputs(search.best_estimator_, X)).all()
    pickle.loads(pickle.dumps(search))


@both
def test_a_grid_search_tries_numpys_ints_for_symbols(cls):
    symbols = np.random.default_rng(1).integers(5, size=(40, 6))
    grid = {"embedding_dim": np.array([2, 3]), "segment_length": np.array([1, 4])}
    search = GridSearchCV(cls(**QUICK), grid, cv=2, error_score="raise")
    search.fit(symbols, TARGETS[cls])


def test_a_grid_search_tries_label_smoothing():
    grid = {"label_smoothing": np.array([0, 0.1])}
    search = GridSearchCV(GRUClassifier(**QUICK), grid, cv=2, error_score="raise")
    search.fit(X, TARGETS[GRUClassifier])


@both
@pytest.mark.parametrize(
    ("name", "before", "after", "shown"),
    [
        ("units", 5, 6, r"\(6,\)"),
        ("bidirectional", "auto", False, "False"),
        ("pooling", "auto", "mean", r"\('mean',\)"),
        ("segment_length", "auto", 3, "3"),
        ("differences", "auto", False, "False"),
        ("conv_filters", "auto", None, r"\(\)"),
        ("conv_filters", 8, (8, 8), r"\(8, 8\)"),
        ("time_warp", "auto", 0.5, "0.5"),
    ],
)
def test_another_architecture_needs_a_new_fit(cls, name, before, after, shown):
    settings = {**QUICK, name: before, "warm_start": True}
    model = cls(**settings).fit(X, TARGETS[cls])
    expected = outputs(model, X)
    model.set_params(**{name: after})
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"go on with {name}={shown}: the fitted"):
            train(X, TARGETS[cls])
    assert_array_equal(outputs(model, X), expected)
    model.set_params(**{name: before})
    assert model.fit(X, TARGETS[cls]).n_iter_ == 4


@both
def test_what_auto_was_may_be_spelled_out(cls):
    model = cls(**QUICK, warm_start=True).fit(X, TARGETS[cls])
    model.set_params(
        bidirectional=np.True_,
        pooling=["last", "mean", "max"],
        segment_length=np.int64(1),
        differences=True,
        conv_filters=[32, 32],
        time_warp=0.05,
        n_estimators=np.int64(1),
    )
    assert model.fit(X, TARGETS[cls]).n_iter_ == 4


@both
@kinds
def test_a_mapped_file_gives_the_results_of_an_array(cls, kind, tmp_path):
    X.tofile(tmp_path / "X")
    mapped = np.memmap(tmp_path / "X", np.float64, "r", shape=X.shape)
    y = TARGETS[cls]
    expected = cls(**QUICK, **kind).fit(X, y)
    model = cls(**QUICK, **kind).fit(mapped, y)
    assert_allclose(outputs(model, mapped), outputs(expected, X), rtol=1e-4)
    assert_array_equal(outputs(expected, mapped), outputs(expected, X))


@both
def test_early_stopping_restores_the_statistics_of_the_best_epoch(cls):
    noise = np.random.default_rng(1).permutation(TARGETS[cls])
    model = cls(
        8, lr=0.05, max_epochs=200, early_stopping=True, n_iter_no_change=5
    ).set_params(random_state=0)
    model.fit(X, noise)
    held_out = model.net_.history[:, "valid_loss"]
    best = int(np.argmin(held_out)) + 1
    assert model.n_iter_ < 200
    norm = model.net_.module_.convolutions.norms[0]
    assert norm.n_batches == 2 * best  # 36 samples are two batches


def test_smoothed_labels_keep_probabilities_from_zero_and_one():
    y = (X[:, :, 0].mean(axis=1) > 0).astype(int)
    settings = {"units": 8, "max_epochs": 150, "lr": 0.01, "random_state": 0}
    surest = [
        GRUClassifier(**settings, label_smoothing=share, dropout=0)
        .fit(X, y)
        .predict_proba(X)
        .max()
        for share in (0.3, 0.1, 0.0)
    ]
    assert surest == sorted(surest)
    assert surest[0] < 0.95
    assert surest[2] > 0.99
