"""What `checkpoint` says: where, how often, with which seed and which callbacks."""

import copy
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from deaths import (
    MODEL,
    QUICK,
    SERIES,
    Died,
    X,
    Y,
    assert_same_bits,
    dying,
    only_file,
    with_checkpoint,
)
from sklearn.base import clone
from skorch.callbacks import Callback, EarlyStopping

from sklearn_gru import Checkpoint, GRUForecaster, GRURegressor, load
from sklearn_gru.exceptions import ModelFileError
from sklearn_gru.training import accelerated
from sklearn_gru.training.checkpoint import RunFile


def test_a_checkpoint_is_a_value():
    checkpoint = Checkpoint(Path("a"), seconds=5)
    assert checkpoint == Checkpoint("a", 5) != Checkpoint("a")
    assert repr(checkpoint) == "Checkpoint(folder='a', seconds=5)"
    assert clone(checkpoint, safe=False) == checkpoint
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint
    assert {checkpoint: 1}[copy.copy(checkpoint)] == 1


@pytest.mark.parametrize("seconds", [-1, "5", None, float("inf"), float("nan")])
def test_seconds_must_be_a_number(seconds):
    with pytest.raises(ValueError, match="seconds must be 0 or more, got"):
        Checkpoint("a", seconds)


def test_a_folder_must_be_a_path():
    with pytest.raises(TypeError, match="folder must be a str or a path, got 3"):
        Checkpoint(3)
    with pytest.raises(ValueError, match="'checkpoint' parameter of GRURegressor"):
        GRURegressor(checkpoint=3).fit(X, Y)


@pytest.mark.parametrize("kind", [str, Path, Checkpoint])
def test_a_folder_is_made_and_left_empty(kind, tmp_path, whole_fit):
    folder = tmp_path / "a" / "b"
    model = clone(MODEL).set_params(checkpoint=kind(folder)).fit(X, Y)
    assert_same_bits(model, whole_fit)
    assert os.listdir(folder) == []


def test_files_are_written_no_more_often_than_asked(tmp_path, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    written = []

    def write(file, state):
        written.append(state["epoch"])

    monkeypatch.setattr(RunFile, "_write", write)
    checkpoint = Checkpoint(tmp_path, seconds=25)
    clone(MODEL).set_params(checkpoint=checkpoint, max_epochs=12).fit(X, Y)
    # The clock ticks when a run begins, at each end of an epoch, and after a writing.
    assert written == [3, 6, 9]


def test_one_epoch_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(RunFile, "__init__", None)
    folder = tmp_path / "absent"
    model = with_checkpoint(MODEL, folder).set_params(random_state=None)
    model.partial_fit(X, Y).partial_fit(X, Y)
    GRUForecaster(**QUICK, checkpoint=folder).partial_fit(SERIES)
    assert not folder.exists()


def test_other_data_and_parameters_begin_anew(died, tmp_path, whole_fit):
    left = only_file(tmp_path).read_bytes()
    others = [
        (clone(died), (np.where(X[3, 3, 0] == X, 0, X), Y)),
        (clone(died), (X[:-1], Y[:-1])),
        (clone(died).set_params(lr=0.1), (X, Y)),
        (clone(died).set_params(max_epochs=5), (X, Y)),
        (clone(died).set_params(random_state=4), (X, Y)),
    ]
    for model, data in others:
        anew = clone(model).set_params(checkpoint=None).fit(*data)
        assert_same_bits(model.fit(*data), anew)
        assert only_file(tmp_path).read_bytes() == left
    assert_same_bits(died.fit(X, Y), whole_fit)


def test_a_continued_fit_says_so(died, capsys):
    died.set_params(verbose=1).fit(X, Y)
    shown = capsys.readouterr()
    assert shown.out.startswith("Continuing after epoch 2 of 4: ")
    assert "| 2/4 epochs" in shown.err
    assert "| 4/4 epochs" in shown.err


def test_a_log_goes_on_where_it_was(died, capsys):
    died.set_params(verbose=2).fit(X, Y)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("Continuing after epoch 2 of 4: ")
    assert [line.split()[0] for line in lines[2:]] == ["3", "4"]


def test_a_file_of_a_model_does_not_name_a_folder(tmp_path):
    model = with_checkpoint(MODEL, tmp_path / "folder").fit(X, Y)
    model.save(tmp_path / "model")
    kept = load(tmp_path / "model")
    assert kept.checkpoint is None
    assert_same_bits(kept, model)


def test_ctrl_c_while_a_net_is_restored_ends_the_fit(died, tmp_path, monkeypatch):
    def interrupt(file, net):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFile, "restore", interrupt)
        with pytest.raises(KeyboardInterrupt):
            died.fit(X, Y)
    assert not hasattr(died, "net_")
    assert only_file(tmp_path).suffix == ".safetensors"


# Seeds


def test_a_seed_from_the_system_is_kept(tmp_path, monkeypatch):
    model = with_checkpoint(MODEL, tmp_path).set_params(random_state=None)
    with pytest.raises(Died), dying(monkeypatch, after=2):
        clone(model).fit(X, Y)
    assert len(list(tmp_path.iterdir())) == 2
    continued = clone(model).fit(X, Y)
    assert only_file(tmp_path).name == "seed"
    assert_same_bits(clone(model).fit(X, Y), continued)
    elsewhere = with_checkpoint(model, tmp_path / "other").fit(X, Y)
    assert elsewhere.loss_curve_ != continued.loss_curve_


def test_threads_that_need_a_seed_at_once_get_the_same(tmp_path):
    model = with_checkpoint(MODEL, tmp_path).set_params(random_state=None)
    models = [clone(model).set_params(max_epochs=1) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(lambda model: model.fit(X, Y), models)
    for other in others:
        assert_same_bits(other, first)
    assert only_file(tmp_path).name == "seed"


@pytest.mark.parametrize("text", ["", "x", "-1", "99999999999"])
def test_a_seed_that_is_none_is_not_read(text, tmp_path):
    (tmp_path / "seed").write_text(text)
    model = with_checkpoint(MODEL, tmp_path).set_params(random_state=None)
    with pytest.raises(ModelFileError, match="remove it to begin anew, or name"):
        model.fit(X, Y)


# Callbacks


class Forgetful(Callback):
    pass


class Unwritable(Callback):
    def state_dict(self):
        return {"sink": print}

    def load_state_dict(self, state):
        pass


class Subclass(EarlyStopping):
    pass


@pytest.mark.parametrize("callback", [Forgetful, Subclass("train_loss")])
def test_a_callback_without_a_state_is_refused_at_once(callback, tmp_path):
    model = with_checkpoint(MODEL, tmp_path).set_params(callbacks=[callback])
    with pytest.raises(ValueError, match=r"can't keep .* Give it the methods"):
        model.fit(X, Y)
    assert os.listdir(tmp_path) == []


def test_a_state_that_can_not_be_written_is_said(tmp_path):
    model = with_checkpoint(MODEL, tmp_path).set_params(callbacks=[Unwritable])
    with pytest.raises(TypeError, match=r"A checkpoint holds numbers.*callbacks\.\d"):
        model.fit(X, Y)


def test_accelerate_can_not_be_continued(tmp_path):
    with accelerated(object()), pytest.raises(ValueError, match="inside accelerated"):
        with_checkpoint(MODEL, tmp_path).set_params(device="cpu").fit(X, Y)
