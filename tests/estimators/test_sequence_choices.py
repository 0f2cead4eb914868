"""What "auto" stands for in the parameters of GRURegressor and GRUClassifier."""

import numpy as np
import pytest

from benchmarks.plain_network import PLAIN
from sklearn_gru import GRUClassifier, GRURegressor
from sklearn_gru.data import Ragged
from sklearn_gru.estimators._sequence_choices import (
    scales_differ,
    sequence_architecture,
    sequence_epochs,
)

QUICK = {"units": 4, "max_epochs": 1, "random_state": 0}
RNG = np.random.default_rng(0)
both = pytest.mark.parametrize("cls", [GRURegressor, GRUClassifier])


def data(n=12, n_steps=6):
    return RNG.normal(size=(n, n_steps, 2)), np.arange(n) % 2


def chosen(settings, n_steps=6, different_scales=True):
    return sequence_architecture(settings, n_steps, different_scales)


def read_ragged(sequences):
    return Ragged(np.concatenate(sequences), np.array(list(map(len, sequences))))


# What "auto" is


@both
@pytest.mark.parametrize("as_given", [np.asarray, list])
def test_booleans_are_read_as_zeros_and_ones(cls, as_given):
    X, y = data()
    flags = X > 0
    model = cls(**QUICK).fit(as_given(flags), y)
    expected = cls(**QUICK).fit(as_given(flags.astype(float)), y)
    np.testing.assert_array_equal(
        model.predict(as_given(flags)), expected.predict(flags.astype(float))
    )


@both
def test_quantities_are_read_in_every_way(cls):
    assert chosen(cls()) == {
        "n_estimators": 1,
        "embedding_dim": None,
        "return_sequences": False,
        "bidirectional": True,
        "pooling": ("last", "mean", "max"),
        "segment_length": 1,
        "normalized": True,
        "differences": True,
        "conv_filters": (32, 32),
        "conv_kernel_size": 7,
        "conv_stride": 1,
        "time_warp": 0.05,
    }


@both
def test_sequences_of_one_scale_are_not_normalised(cls):
    assert chosen(cls(), different_scales=False)["normalized"] is False
    assert chosen(cls(normalized=True), different_scales=False)["normalized"] is True


@pytest.mark.parametrize("as_read", [np.stack, read_ragged])
def test_scales_differ_if_some_sequences_are_ten_times_as_large(as_read):
    sequences = [RNG.uniform(size=(50, 2)) for _ in range(40)]
    assert not scales_differ(as_read(sequences))
    grown = [s * (1, 12 if i % 4 == 0 else 1) for i, s in enumerate(sequences)]
    assert scales_differ(as_read(grown))
    assert not scales_differ(as_read(grown), np.arange(40) % 4)  # weight zero
    assert not scales_differ(as_read([np.ones((5, 2))] * 3))


@both
def test_symbols_are_neither_subtracted_nor_convolved_nor_warped(cls):
    quantities = chosen(cls())
    without = {
        "normalized": False,
        "differences": False,
        "conv_filters": (),
        "time_warp": 0.0,
    }
    assert chosen(cls(embedding_dim=3)) == {
        **quantities,
        **without,
        "embedding_dim": 3,
    }


@pytest.mark.parametrize("n_steps", [6, 1000])
def test_an_output_for_every_step_knows_no_later_steps(n_steps):
    choices = chosen(GRURegressor(return_sequences=True), n_steps)
    assert choices["return_sequences"] is True
    assert choices["bidirectional"] is False
    assert choices["pooling"] == ("last",)
    assert choices["segment_length"] == choices["conv_stride"] == 1
    assert choices["differences"] is False
    assert choices["conv_filters"] == ()
    assert choices["time_warp"] == 0


@both
@pytest.mark.parametrize(
    ("n_steps", "segment_length", "stride"),
    [
        (1, 1, 1),
        (64, 1, 1),
        (65, 2, 1),
        (128, 2, 1),
        (129, 3, 1),
        (1000, 16, 2),
        (2000, 32, 4),
        (100_000, 1563, 195),
    ],
)
def test_long_sequences_have_at_most_64_segments(cls, n_steps, segment_length, stride):
    choices = chosen(cls(), n_steps)
    assert choices["segment_length"] == segment_length
    assert -(-n_steps // segment_length) <= 64
    assert choices["conv_stride"] == stride
    unconvolved = chosen(cls(conv_filters=None), n_steps)
    assert unconvolved["segment_length"] == segment_length
    assert unconvolved["conv_stride"] == 1


@both
def test_what_is_given_is_taken(cls):
    given = {
        "bidirectional": False,
        "segment_length": 24,
        "normalized": False,
        "differences": False,
        "time_warp": 0.2,
        "n_estimators": 3,
    }
    choices = chosen(cls(**given, pooling=["max", "last"], conv_filters=[5, 6, 7]))
    assert choices.items() >= given.items()
    assert choices["pooling"] == ("max", "last")
    assert choices["conv_filters"] == (5, 6, 7)
    assert choices["conv_stride"] == 3


@both
@pytest.mark.parametrize(
    ("conv_filters", "expected"),
    [(None, ()), (8, (8,)), (np.int64(8), (8,)), ([8, np.int32(4)], (8, 4))],
)
def test_filters_are_one_int_per_convolution(cls, conv_filters, expected):
    filters = chosen(cls(conv_filters=conv_filters))["conv_filters"]
    assert filters == expected
    assert all(type(n) is int for n in filters)


@pytest.mark.parametrize("ragged", [False, True])
def test_a_fit_goes_by_its_longest_sequence(ragged):
    X, y = data(n_steps=130)
    if ragged:
        X = [x[: 20 + 10 * i] for i, x in enumerate(X)]
    model = GRURegressor(**QUICK).fit(X, y)
    assert model.net_.module_.segment_length == 3


def test_a_fit_does_not_go_by_sequences_of_weight_zero():
    X, y = data(n_steps=130)
    X = [x[: 20 + i] for i, x in enumerate(X[:-1])] + [X[-1]]
    weight = np.arange(12) < 11
    model = GRURegressor(**QUICK).fit(X, y, sample_weight=weight)
    without = GRURegressor(**QUICK).fit(X[:-1], y[:-1])
    assert model.net_.module_.segment_length == 1
    np.testing.assert_allclose(model.predict(X), without.predict(X), atol=1e-6)


# Epochs


@pytest.mark.parametrize(
    ("n_samples", "batch_size", "epochs"),
    [
        (1, 32, 1000),
        (32, 32, 1000),
        (33, 32, 500),
        (64, 32, 500),
        (90, 32, 334),
        (90, 90, 1000),
        (32 * 33, 32, 31),
        (32 * 34, 32, 30),
        (10**6, 32, 30),
    ],
)
def test_few_samples_get_enough_steps_and_many_enough_epochs(
    n_samples, batch_size, epochs
):
    settings = GRURegressor(batch_size=batch_size)
    assert sequence_epochs(settings, n_samples) == epochs
    settings.set_params(max_epochs=np.str_("auto"))
    assert sequence_epochs(settings, n_samples) == epochs
    assert sequence_epochs(settings.set_params(max_epochs=7), n_samples) == 7


def test_held_out_samples_are_no_training_samples():
    X, y = data(40)
    model = GRURegressor(
        **{**QUICK, **PLAIN, "max_epochs": "auto"},
        batch_size=1,
        early_stopping=True,
        validation_fraction=0.25,
        n_iter_no_change=10**6,
    ).fit(X, y)
    assert model.n_iter_ == 34  # 30 samples: 34 epochs are 1,020 steps


def test_automatic_epochs_are_those_of_a_fit_and_partial_fit_takes_one():
    X, y = data(30)
    model = GRURegressor(**{**QUICK, **PLAIN, "max_epochs": "auto"}, batch_size=1)
    assert model.fit(X, y).n_iter_ == 34
    assert model.partial_fit(X, y).n_iter_ == 35
    assert model.set_params(warm_start=True).fit(X, y).n_iter_ == 69


# What is refused


@both
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bidirectional", "both"),
        ("bidirectional", None),
        ("pooling", "median"),
        ("pooling", ()),
        ("pooling", ("mean", "auto")),
        ("pooling", None),
        ("segment_length", 0),
        ("segment_length", 2.0),
        ("segment_length", None),
        ("differences", "yes"),
        ("conv_filters", 0),
        ("conv_filters", ()),
        ("conv_filters", (8, 0)),
        ("conv_filters", (8, 4.0)),
        ("conv_filters", "none"),
        ("time_warp", -0.1),
        ("time_warp", 1.0),
        ("time_warp", None),
        ("n_estimators", 0),
        ("n_estimators", "auto"),
        ("max_epochs", 0),
        ("max_epochs", "many"),
    ],
)
def test_values_out_of_range_are_named(cls, name, value):
    model = cls(**{**QUICK, name: value})
    message = rf"The '{name}' parameter of {cls.__name__} must be "
    with pytest.raises(ValueError, match=message):
        model.fit(*data())
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("value", [-0.1, 1.0, None, "auto"])
def test_label_smoothing_is_a_share(value):
    with pytest.raises(ValueError, match="The 'label_smoothing' parameter of GRUClas"):
        GRUClassifier(**QUICK, label_smoothing=value).fit(*data())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pooling", "mean"),
        ("pooling", ("last", "max")),
        ("segment_length", 2),
        ("time_warp", 0.1),
    ],
)
def test_an_output_for_every_step_contradicts_what_joins_steps(name, value):
    X, _ = data()
    model = GRURegressor(**{**QUICK, name: value}, return_sequences=True)
    with pytest.raises(ValueError, match=rf"can't use {name}=.*Leave {name} at 'auto'"):
        model.fit(X, X[:, :, 0])
    assert not hasattr(model, "net_")
    neutral = {"pooling": "auto", "segment_length": 1, "time_warp": 0}
    model.set_params(**neutral).fit(X, X[:, :, 0])


@both
@pytest.mark.parametrize("value", [True, np.True_])
def test_symbols_have_no_differences(cls, value):
    X, y = RNG.integers(4, size=(12, 6)), np.arange(12) % 2
    model = cls(**QUICK, embedding_dim=3, differences=value)
    with pytest.raises(ValueError, match=r"can't use differences=True with embedding_"):
        model.fit(X, y)
    for allowed in (False, np.False_, "auto"):
        model.set_params(differences=allowed).fit(X, y)
