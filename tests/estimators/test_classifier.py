import numpy as np
import pytest

from sklearn_gru import GRUClassifier

QUICK = {"units": 6, "max_epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 10)).cumsum(axis=1)
    return X, np.array(["down", "flat", "up"])[np.digitize(X.mean(axis=1), [-1, 1])]


def test_learns_what_it_is_shown(data):
    X, y = data
    model = GRUClassifier(16, max_epochs=60, random_state=0).fit(X[:100], y[:100])
    assert list(model.classes_) == ["down", "flat", "up"]
    assert model.score(X[100:], y[100:]) > 0.85


def test_probabilities_sum_to_one_and_decide(data):
    X, y = data
    model = GRUClassifier(**QUICK).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (150, 3)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(
        model.predict(X), model.classes_[probabilities.argmax(axis=1)]
    )


@pytest.mark.parametrize("labels", [[False, True], [7, -3], ["b", "a"], [1.0, 0.0]])
def test_labels_of_any_type_come_back(data, labels):
    X = data[0]
    y = np.array(labels)[(X.mean(axis=1) > 0).astype(int)]
    model = GRUClassifier(**QUICK).fit(X, y)
    assert set(model.predict(X)) <= set(labels)
    assert model.classes_.dtype == np.array(labels).dtype


@pytest.mark.parametrize("class_weight", ["balanced", {"up": 5.0, "down": 0.5}])
def test_class_weights_are_sample_weights(data, class_weight):
    X, y = data
    counts = {label: (y == label).sum() for label in np.unique(y)}
    of_class = (
        {label: len(y) / (3 * n) for label, n in counts.items()}
        if class_weight == "balanced"
        else {"flat": 1.0, **class_weight}
    )
    sample_weight = np.array([of_class[label] for label in y])
    by_class = GRUClassifier(**QUICK, class_weight=class_weight).fit(X, y)
    by_sample = GRUClassifier(**QUICK).fit(X, y, sample_weight=sample_weight)
    np.testing.assert_allclose(
        by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("of_down", "sample_weight"), [(0.0, None), (-1.0, None), (2.0, np.zeros(150))]
)
def test_class_weights_leave_a_sample_and_are_not_negative(
    data, of_down, sample_weight
):
    X, y = data
    if sample_weight is not None:
        sample_weight[y == "flat"] = 1
    weights = {"up": 0.0, "flat": 0.0, "down": of_down}
    model = GRUClassifier(**QUICK, class_weight=weights)
    with pytest.raises(ValueError, match=r"class_weight=\{'up'.*negative.*zeros"):
        model.fit(X, y, sample_weight)


def test_partial_fit_knows_classes_to_come(data):
    X, y = data
    first = y != "up"
    model = GRUClassifier(**QUICK).partial_fit(X[first], y[first], classes=np.unique(y))
    model.partial_fit(X, y)
    assert model.predict_proba(X).shape == (150, 3)
    assert model.n_iter_ == 2
    late = GRUClassifier(**QUICK).partial_fit(X[first], y[first])
    with pytest.raises(ValueError, match=r"classes \['up'\].*'down', 'flat'"):
        late.partial_fit(X, y)


def test_early_stopping_holds_out_every_class(data):
    X, y = data
    model = GRUClassifier(**QUICK, early_stopping=True, validation_fraction=0.2)
    model.fit(X, y)
    encoded = np.searchsorted(model.classes_, y)
    held_out = model._dataset(X[:, :, None], encoded, None, 0, hold_out=True).validation
    shares = np.bincount(encoded[held_out.indices]) / 30
    np.testing.assert_allclose(shares, np.bincount(encoded) / 150, atol=0.04)


@pytest.mark.parametrize(
    "y",
    [np.arange(2000) == 7, np.arange(2000) % 300],
    ids=["one of a class", "more classes than are held out"],
)
def test_automatic_early_stopping_takes_any_classes(y):
    X = np.random.default_rng(0).normal(size=(2000, 2))
    settings = {"units": 1, "conv_filters": None, "batch_size": 500}
    model = GRUClassifier(**settings, max_epochs=1, random_state=0).fit(X, y)
    assert "valid_loss" in model.net_.history[-1]
    assert len(model.classes_) == len(np.unique(y))


def test_sequences_of_different_lengths(data):
    X = [x[: 3 + i % 8] for i, x in enumerate(data[0])]
    model = GRUClassifier(**QUICK, bidirectional=True).fit(X, data[1])
    alone = np.concatenate([model.predict_proba(x[None, :, None]) for x in X])
    np.testing.assert_allclose(model.predict_proba(X), alone, atol=1e-6)
