"""Model files: what they hold, what is refused, and that none is half written."""

import json
import os
import pickle
import warnings
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors.numpy import load as load_tensors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EarlyStopping

from sklearn_gru import (
    CharGRUGenerator,
    CharSequenceTransformer,
    GRUClassifier,
    GRUForecaster,
    GRURegressor,
    ModelFileError,
    SlidingWindowTransformer,
    load,
    save,
)
from sklearn_gru.files import FORMAT_VERSION, pack, unpack
from sklearn_gru.saving.models import KINDS
from tests.forgeries import Forger

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6, 2))
Y = X.sum(axis=(1, 2))
SERIES = RNG.normal(size=(80, 2)).cumsum(axis=0)
QUICK = {"units": 3, "max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def regressor():
    return GRURegressor(**QUICK, n_estimators=2).fit(X, Y)


@pytest.fixture(scope="module")
def forecaster():
    return GRUForecaster(**QUICK, calibration_fraction=0.3).fit(SERIES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def changed(path, change):
    """Change the tree of a file, and make its checksum right again."""
    text, arrays = unpack(path.read_bytes(), "model")
    tree = json.loads(text)
    change(tree, arrays)
    path.write_bytes(pack(json.dumps(tree), arrays, "model"))


def entry(tree, *keys):
    """Follow keys through the dicts of a tree; return the last one's pair."""
    for key in keys:
        pairs = tree["state"] if "object" in tree else dict(tree["dict"])
        tree, holder = pairs[key], tree
    pairs = holder.get("state") or holder["dict"]
    if isinstance(pairs, dict):
        return pairs, key
    return next(pair for pair in pairs if pair[0] == key), 1


def put(value, *keys):
    def change(tree, arrays):
        holder, place = entry(tree, *keys)
        holder[place] = value

    return change


# What a file holds


def test_weights_are_tensors_under_their_names(regressor, path):
    save(regressor, path)
    tensors = load_tensors(path.read_bytes())
    prefix = "fitted.net_.learned.weights."
    for name, weight in regressor.net_.module_.state_dict().items():
        assert_array_equal(tensors[prefix + name], weight.numpy())


def test_the_metadata_say_what_wrote_the_file(regressor, path):
    save(regressor, path)
    header = path.read_bytes()
    header = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])
    metadata = header["__metadata__"]
    assert metadata["format"] == "sklearn-gru"
    assert metadata["format_version"] == str(FORMAT_VERSION)
    assert json.loads(metadata["versions"])["torch"] == version("torch")


@pytest.mark.parametrize(
    "estimator",
    [
        GRURegressor(units=(3, 4), random_state=np.random.RandomState(3)),
        GRUClassifier(class_weight={"a": 1.0, 2: 0.5}, pooling=("last", "max")),
        GRUForecaster(known_columns=np.array([True, False]), device="cpu"),
        CharGRUGenerator(gradient_clip=None, verbose=np.int64(1)),
        CharSequenceTransformer(max_length=5),
        SlidingWindowTransformer(3, lag=2),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_parameters_are_kept(estimator, path):
    estimator.save(path)
    kept = load(path)
    assert type(kept) is type(estimator)
    for name, value in estimator.get_params().items():
        if isinstance(value, np.random.RandomState):
            assert kept.random_state.randint(1 << 30) == value.randint(1 << 30)
        else:
            assert_array_equal(getattr(kept, name), value)


def test_labels_of_every_kind_are_kept(path):
    kinds = [
        np.array(["no", "yes", "né\x00"]),
        np.array(["no", "yes"], dtype=object),
        np.array([2, -5]),
        np.array([True, False]),
        np.array([7.0, 3.0]),
    ]
    for labels in kinds:
        y = labels[np.arange(30) % len(labels)]
        classifier = GRUClassifier(**QUICK).fit(X, y)
        classifier.save(path)
        kept = load(path)
        assert kept.classes_.dtype == classifier.classes_.dtype
        assert_array_equal(kept.classes_, classifier.classes_)
        assert_array_equal(kept.predict(X), classifier.predict(X))


def test_the_device_can_be_chosen(regressor, path):
    save(regressor, path)
    assert load(path, device="cpu").net_.device == "cpu"
    assert load(path, device=torch.device("cpu")).net_.device == "cpu"
    with pytest.raises(ValueError, match="device='nonsense' can't be used"):
        load(path, device="nonsense")


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU is not missing")
def test_a_model_from_a_missing_gpu_is_loaded_on_the_cpu(regressor, path):
    save(regressor, path)
    changed(path, put("cuda:1", "fitted", "net_", "building", "device"))
    kept = load(path)
    assert kept.net_.device == "cpu"
    assert_array_equal(kept.predict(X), regressor.predict(X))


def test_nothing_is_unpickled(regressor, path, monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("unpickled")

    save(regressor, path)
    for module, name in ((pickle, "load"), (pickle, "loads"), (torch, "load")):
        monkeypatch.setattr(module, name, forbidden)
    load(path)


# What can't be saved


def test_objects_of_the_users_are_refused_when_saving(path):
    callback = GRURegressor(**QUICK, callbacks=[EarlyStopping("train_loss")]).fit(X, Y)
    with pytest.raises(TypeError, match=r"set_params\(callbacks=None\)"):
        callback.save(path)
    callback.set_params(callbacks=None).save(path)
    optimizer = GRURegressor(**QUICK, optimizer=torch.optim.Adagrad).fit(X, Y)
    with pytest.raises(TypeError, match="optimizer"):
        optimizer.save(path)
    assert load(path).callbacks is None


def test_foreign_estimators_are_refused_when_saving(regressor, path):
    class Own(GRURegressor):
        pass

    pipeline = make_pipeline(StandardScaler(), GRUForecaster(**QUICK)).fit(SERIES)
    for estimator in (pipeline, Own(), StandardScaler()):
        with pytest.raises(TypeError, match="can't be saved"):
            save(estimator, path)
    noted = GRURegressor()
    noted.note = "mine"
    with pytest.raises(TypeError, match=r"\['note'\] are not this package's"):
        noted.save(path)
    assert not path.exists()


def test_what_could_not_be_read_again_is_not_written(path):
    model = GRURegressor(**QUICK).fit(X, Y)
    model.save(path)
    with torch.no_grad():
        model.net_.module_.head.weight[0] = torch.nan
    with pytest.raises(ModelFileError, match=r"can't be saved.*not finite"):
        model.save(path)
    assert np.isfinite(load(path).predict(X)).all()


def test_no_field_of_a_dataclass_is_forgotten():
    kinds = [kind for kind in KINDS if is_dataclass(kind.cls)]
    assert len(kinds) > 8
    for kind in kinds:
        assert {field.name for field in fields(kind.cls)} == set(kind.fields)


# What is refused when loading


def test_what_is_no_model_file_is_refused(tmp_path, path):
    with pytest.raises(FileNotFoundError):
        load(path)
    with pytest.raises(ModelFileError, match="not a regular file"):
        load(tmp_path)
    foreign = [b"", b"abc", pickle.dumps({"a": 1}), os.urandom(999), bytes(999)]
    for data in foreign:
        path.write_bytes(data)
        with pytest.raises(ModelFileError, match="not a safetensors file"):
            load(path)


def test_a_newer_format_is_refused(regressor, path, monkeypatch):
    monkeypatch.setattr("sklearn_gru.files.container.FORMAT_VERSION", 7)
    save(regressor, path)
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match=r"its format is 7.*Update sklearn-gru"):
        load(path)


def test_damage_is_noticed(regressor, path):
    save(regressor, path)
    data = path.read_bytes()
    for place in range(3, len(data), len(data) // 50):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(ModelFileError):
            load(path)
        path.write_bytes(data[:place])
        with pytest.raises(ModelFileError):
            load(path)


NET = "fitted", "net_"
ARGUMENTS = *NET, "building", "module_arguments"
FORGED = {
    "unknown parameter": put({"dict": [["oops", 1]]}, "parameters"),
    "parameter out of range": put(-1, "parameters", "units"),
    "unknown class": lambda tree, _: tree.update(object="os.system"),
    "unknown attribute": lambda tree, _: tree["state"]["fitted"]["dict"].append(
        ["predict", 1]
    ),
    "unknown module": put("eval", *NET, "building", "module"),
    "unknown cell": put("eval", *ARGUMENTS, "cell"),
    "wider than its weights": put({"tuple": [4]}, *ARGUMENTS, "units"),
    "enormous": put({"tuple": [2**31]}, *ARGUMENTS, "units"),
    "endless layers": put({"tuple": [1] * 10**5}, *ARGUMENTS, "units"),
    "endless networks": put(10**9, *ARGUMENTS, "n_estimators"),
    "negative": put(-5, *ARGUMENTS, "input_size"),
    "other inputs": put(3, "fitted", "_n_channels"),
    "other outputs": put(2, "fitted", "_n_outputs"),
    "a loss of another name": put("Evil", *NET, "building", "criterion"),
    "no epochs": put([{"dict": []}], *NET, "learned", "history"),
    "calls without number": put("x", *NET, "learned", "kernel"),
    "a path as device": put("/dev/zero", *NET, "building", "device"),
    "nothing": lambda tree, _: tree.clear(),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_forgeries_with_a_right_checksum_are_refused(change, regressor, path):
    save(regressor, path)
    changed(path, change)
    with pytest.raises(ModelFileError, match=r"model\.safetensors"):
        load(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value, regressor, path):
    def spoil(tree, arrays):
        (name,) = (n for n in arrays if n.endswith("weights.members.0.head.weight"))
        arrays[name].flat[0] = value

    save(regressor, path)
    changed(path, spoil)
    with pytest.raises(ModelFileError, match="not finite"):
        load(path)


def test_one_of_many_forgeries_never_escapes(regressor, forecaster, path):
    written = []
    for model in (regressor, forecaster):
        model.save(path)
        written.append(path.read_bytes())
    for data, model, given in zip(
        written, (regressor, forecaster), (X, SERIES), strict=True
    ):
        forger = Forger(data, written, seed=4)
        for _ in range(150):
            path.write_bytes(forger()[1])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loaded_or_refused(path, model, given)


def loaded_or_refused(path, model, given):
    try:
        kept = load(path)
    except ModelFileError:
        return
    if type(kept) is not type(model):
        return
    with suppress(ValueError):
        assert np.isfinite(kept.predict(given)).all()


# Writing


class Fault:
    """Raises at the n-th call, and counts calls."""

    def __init__(self, function, fails_at):
        self.function = function
        self.fails_at = fails_at
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        if self.calls == self.fails_at:
            raise OSError(28, "No space left on device")
        return self.function(*args, **kwargs)


@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close"])
def test_a_fault_leaves_the_old_file_or_the_new_one(name, regressor, path, monkeypatch):
    GRURegressor().save(path)
    old = path.read_bytes()
    monkeypatch.setattr("sklearn_gru.files.writing.CHUNK", 8192)
    fails_at = 0
    while True:
        fails_at += 1
        fault = Fault(getattr(os, name), fails_at)
        with monkeypatch.context() as patched:
            patched.setattr(f"sklearn_gru.files.writing.os.{name}", fault)
            with suppress(OSError):
                regressor.save(path)
                break
        load(path)
        assert os.listdir(path.parent) == [path.name]
        path.write_bytes(old)
    assert fault.calls == fails_at - 1 > 0
    assert_array_equal(load(path).predict(X), regressor.predict(X))


def test_writing_where_one_can_not_says_so(regressor, tmp_path):
    with pytest.raises(FileNotFoundError, match="the folder exists"):
        regressor.save(tmp_path / "no" / "model.safetensors")
    with pytest.raises(IsADirectoryError):
        regressor.save(tmp_path)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("compress", [0, 3, "gzip"])
def test_a_file_of_joblib_is_told(regressor, path, compress):
    joblib.dump(regressor, path, compress=compress)
    with pytest.raises(ModelFileError, match="a file of pickle or joblib: read it"):
        load(path)


def test_the_same_model_makes_the_same_file(regressor, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        regressor.save(path)
    assert first.read_bytes() == second.read_bytes()


def test_a_link_stays_a_link(regressor, tmp_path, path):
    link = tmp_path / "latest.safetensors"
    link.symlink_to(path)
    regressor.save(link)
    assert link.is_symlink()
    assert_array_equal(load(path).predict(X), regressor.predict(X))


def test_a_file_is_as_readable_as_others(regressor, path):
    regressor.save(path)
    other = Path(path.parent / "other")
    other.write_bytes(b"")
    assert path.stat().st_mode == other.stat().st_mode
