"""Runs have the same fingerprint if, and only if, the same comes of them."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler
from torch.optim import Adagrad

from sklearn_gru.data import Corpus, Ragged, Scaler, Vocabulary, window_view
from sklearn_gru.training import SequenceDataset, TextDataset, dense, ragged
from sklearn_gru.training.fingerprint import Digests, _array_parts, fingerprint
from sklearn_gru.training.keeping import building_of, learned_by

CPU = torch.device("cpu")
RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(500, 2))


def digest(value):
    return Digests()(value)


@pytest.fixture
def name_of(make_model, make_dataset):
    """The fingerprint of a run with some settings, a dataset and so on."""

    def name(dataset=None, epochs=4, callbacks=(), truth=(), **given):
        model = make_model(**given)
        dataset = make_dataset() if dataset is None else dataset
        parts = model.net, dataset, model.settings, epochs, list(callbacks), truth
        return fingerprint(*parts)

    return name


def test_the_same_run_has_the_same_name(name_of):
    first, *others = [name_of(units=(3, 2), dropout=0.1) for _ in range(3)]
    assert others == [first, first]
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


CHANGES = [
    {"epochs": 5},
    {"seed": 1},
    {"units": 5},
    {"cell": "lstm"},
    {"dropout": 0.5},
    {"dtype": torch.float32},
    {"kernel": "torch"},
    {"batch_size": 5},
    {"lr": 0.06},
    {"lr_schedule": "cosine"},
    {"optimizer": "sgd"},
    {"optimizer": Adagrad},
    {"weight_decay": 0.1},
    {"gradient_clip": 1.0},
    {"early_stopping": True},
    {"n_iter_no_change": 4},
    {"tol": 1e-3},
    {"return_sequences": True},
    {"callbacks": [EarlyStopping("train_loss")]},
    {"callbacks": [EarlyStopping("train_loss", patience=7)]},
    {"callbacks": [EpochScoring("r2")]},
    {"callbacks": [EpochScoring(make_scorer(r2_score))]},
    {"callbacks": [EpochScoring(make_scorer(mean_absolute_error))]},
    {"callbacks": [EpochScoring(make_scorer(r2_score, greater_is_better=False))]},
    {"callbacks": [LRScheduler("StepLR", step_size=3)]},
    {"callbacks": [LRScheduler("StepLR", step_size=4)]},
    {"callbacks": [EpochScoring("r2"), EarlyStopping("train_loss")]},
    {"callbacks": [EarlyStopping("train_loss"), EpochScoring("r2")]},
    {"truth": [np.arange(3.0)]},
    {"truth": [np.array(["a", "b"])]},
    {"truth": [[np.arange(3.0), np.arange(2.0)]]},
]


def test_every_change_is_another_name(name_of):
    names = [name_of(), *(name_of(**copy.deepcopy(change)) for change in CHANGES)]
    assert len(set(names)) == len(names)


def test_what_does_not_matter_does_not_count(name_of, tmp_path):
    assert name_of(verbose=2) == name_of(checkpoint=str(tmp_path)) == name_of()
    used = EarlyStopping("train_loss")
    used.misses_, used.best_epoch_ = 3, 4
    fresh = EarlyStopping("train_loss")
    assert name_of(callbacks=[used]) == name_of(callbacks=[fresh])


def test_an_unknown_parameter_of_a_callback_is_known_by_its_type(name_of):
    sinks = [EarlyStopping("train_loss", sink=sink) for sink in (object(), object())]
    other = EarlyStopping("train_loss", sink=Vocabulary("a"))
    names = [name_of(callbacks=[callback]) for callback in (*sinks, other)]
    assert names[0] == names[1] != names[2]


def test_a_trained_net_counts_but_not_how_long_it_took(make_model, make_dataset):
    models = [make_model().train(make_dataset(), 2) for _ in range(2)]
    names = [
        fingerprint(model.net, make_dataset(), model.settings, 4, [])
        for model in (*models, make_model())
    ]
    assert names[0] == names[1] != names[2]
    models[0].net.module_.training ^= True
    again = fingerprint(models[0].net, make_dataset(), models[0].settings, 4, [])
    assert again != names[0]


def test_nothing_is_changed(make_model, make_dataset):
    model, dataset = make_model(dropout=0.2), make_dataset()
    net = model.net
    before = copy.deepcopy([building_of(net), learned_by(net)])
    state = copy.deepcopy(net.iterator_train__rng.bit_generator.state)
    global_state = torch.get_rng_state()
    fingerprint(net, dataset, model.settings, 4, [])
    assert digest(before) == digest([building_of(net), learned_by(net)])
    assert net.iterator_train__rng.bit_generator.state == state
    assert torch.equal(torch.get_rng_state(), global_state)


# Data


def source(values, stream=False):
    scaler = Scaler.identity(values.shape[-1])
    return dense(values, scaler, torch.float64, CPU, stream=stream)


def windows(series, stream=False):
    inputs = {"window": source(series, stream).windows(10)}
    blocks = source(series, stream).windows(1, start=10)
    return SequenceDataset(inputs, blocks, range(490))


def text(symbols="abba"):
    vocabulary = Vocabulary("ab")
    corpus = Corpus.of([symbols, "ab"], vocabulary)
    options = {"boundary": 0, "unknown": 1, "anywhere": False}
    return TextDataset(corpus, np.arange(4), 2, CPU, **options)


def sequences(rows=SERIES, lengths=(100, 150, 250)):
    made = Ragged(rows, np.array(lengths))
    padded = ragged(made, Scaler.identity(2), torch.float64, CPU)
    indices = np.arange(3)
    return SequenceDataset({"x": padded}, source(SERIES), indices, made.lengths)


def with_other_row(row):
    series = SERIES.copy()
    series[row] += 1e-12
    return series


DATASETS = {
    "windows": (windows, SERIES, [with_other_row(0), with_other_row(499)]),
    "streamed": (partial(windows, stream=True), SERIES, [with_other_row(123)]),
    "sequences": (sequences, SERIES, [with_other_row(250)]),
    "text": (text, "abba", ["abab", "abb"]),
}


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_is_known_by_its_values(name):
    make, values, others = DATASETS[name]
    first, same = make(values), make(copy.copy(values))
    assert digest(first) == digest(same)
    digests = {digest(first), *(digest(make(other)) for other in others)}
    assert len(digests) == 1 + len(others)


def test_every_part_of_a_dataset_counts():
    base = windows(SERIES)
    weight = np.ones(500)
    others = [
        SequenceDataset(base.inputs, base.targets, range(489)),
        SequenceDataset(base.inputs, base.targets, np.arange(490)),
        SequenceDataset(base.inputs, base.targets, range(490), weight=weight),
        SequenceDataset(base.inputs, base.targets, range(490), validation=base),
        SequenceDataset(base.inputs, base.inputs["window"], range(490)),
        SequenceDataset({"x": base.inputs["window"]}, base.targets, range(490)),
    ]
    assert len({digest(one) for one in (base, *others)}) == 7


def n_bytes(array):
    return sum(len(part) for part in _array_parts(array))


def test_windows_are_read_as_their_series():
    assert n_bytes(window_view(SERIES, 100)) < SERIES.nbytes + 200
    backward = window_view(SERIES[::-1], 100)
    assert n_bytes(backward) < SERIES.nbytes + 200
    assert digest(backward) != digest(window_view(SERIES, 100))
    assert digest(backward) == digest(window_view(SERIES.copy()[::-1], 100))
    fields = np.zeros(500, dtype=[("a", "f4"), ("b", "f8")])
    fields["b"] = SERIES[:, 0]
    of_field = digest(window_view(fields["b"], 7))
    fields["a"] = 1
    assert digest(window_view(fields["b"], 7)) == of_field


def test_views_of_the_same_values_are_the_same():
    wide = RNG.normal(size=(40, 6))
    for view in (wide[:, ::2], wide.T, wide[::-1], wide[5], wide[:0]):
        assert digest(view) == digest(np.array(view, order="C"))


def test_a_mapped_file_is_the_same_as_its_values(tmp_path, monkeypatch):
    SERIES.tofile(tmp_path / "series")
    mapped = np.memmap(tmp_path / "series", dtype=float, mode="r", shape=SERIES.shape)
    released = []
    here = "sklearn_gru.training.fingerprint"
    monkeypatch.setattr(f"{here}.release", released.append)
    monkeypatch.setattr(f"{here}.BLOCK_BYTES", 1000)
    blocks = list(_array_parts(np.asarray(mapped)))
    assert b"".join(blocks[1:]) == SERIES.tobytes()
    assert len(blocks) > 8
    assert sum(one is mapped for one in released) == len(blocks) - 1
    in_memory = digest(window_view(SERIES, 20))
    assert digest(window_view(mapped, 20)) == in_memory


def test_tensors_are_known_by_their_values(monkeypatch):
    tensor = torch.from_numpy(SERIES)
    whole = digest(tensor)
    monkeypatch.setattr("sklearn_gru.training.fingerprint.BLOCK_BYTES", 64)
    assert digest(tensor.clone()) == whole
    assert digest(tensor.unfold(0, 9, 1)) == digest(tensor.clone().unfold(0, 9, 1))
    others = [tensor.float(), tensor.T, tensor[1:], tensor[:0], tensor > 0]
    others += [torch.from_numpy(with_other_row(7)), tensor.unfold(0, 9, 1)]
    assert len({whole, *map(digest, others)}) == 8


def test_plain_values_are_known_by_type_and_value():
    values = [0, 1, True, 1.0, "1", b"1", None, [], (), {}, [[]], [1], (1,), {1: 1}]
    values += [{"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": {"b": 1}}, [1, 2], [[1], 2]]
    values += [range(2), torch.float32, np.dtype("f4"), CPU, float("nan"), -0.0, 0.0]
    values += [print, abs, int, partial(int, base=2), partial(int, base=3)]
    values += [np.array(1), np.array([1]), np.array([1.0]), np.array([[1]])]
    values += [np.array(["a"]), np.array(["b"]), np.array(["a", 1], dtype=object)]
    assert len(set(map(digest, values))) == len(values)
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(np.float64(0.1)) == digest(0.1)


def test_generators_are_known_by_their_state():
    first, second = np.random.default_rng(1), np.random.default_rng(1)
    assert digest(first) == digest(second)
    second.random()
    assert digest(first) != digest(second)


def test_an_unknown_object_is_an_error():
    base = windows(SERIES)
    dataset = SequenceDataset(base.inputs, base.targets, range(490), weight=object())
    with pytest.raises(TypeError, match=r"by .*'weight'\], of <class 'object'>"):
        digest({"dataset": dataset})
