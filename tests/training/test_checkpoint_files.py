"""What goes wrong with the files of checkpoints is said, and nothing is half done."""

import copy
import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from deaths import (
    MODEL,
    Died,
    X,
    Y,
    assert_same_bits,
    dying,
    only_file,
    with_checkpoint,
)
from sklearn.base import clone
from skorch.callbacks import Callback

from sklearn_gru import Checkpoint
from sklearn_gru.exceptions import CheckpointError, ModelFileError
from sklearn_gru.training.checkpoint import RunFile

# Other fits


WAITING = """
import sys
from deaths import MODEL, X, Y, with_checkpoint
from sklearn_gru.training.checkpoint import RunFile

end_epoch = RunFile.end_epoch

def end_epoch_and_wait(file, net):
    end_epoch(file, net)
    if file.n_done == 1:
        print("one epoch", flush=True)
        sys.stdin.readline()

RunFile.end_epoch = end_epoch_and_wait
with_checkpoint(MODEL, sys.argv[1]).fit(X, Y)
"""


def test_two_processes_with_the_same_fit(tmp_path, whole_fit):
    tests = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, (tests, tests / "training", tests.parent)))
    other = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )
    with other:
        assert other.stdout.readline() == "one epoch\n"
        model = with_checkpoint(MODEL, tmp_path)
        with pytest.raises(CheckpointError, match="Another fit with the same"):
            model.fit(X, Y)
        assert not hasattr(model, "net_")
        assert_same_bits(
            model.set_params(verbose=0, checkpoint=None).fit(X, Y), whole_fit
        )
        with_checkpoint(MODEL, tmp_path).set_params(lr=0.5).fit(X, Y)
        other.communicate("\n")
    assert other.returncode == 0
    assert os.listdir(tmp_path) == []
    assert_same_bits(with_checkpoint(MODEL, tmp_path).fit(X, Y), whole_fit)


def test_two_threads_with_the_same_fit(tmp_path, monkeypatch, whole_fit):
    end_epoch, begun, go_on = RunFile.end_epoch, threading.Event(), threading.Event()

    def end_epoch_and_wait(file, net):
        end_epoch(file, net)
        begun.set()
        assert go_on.wait(60)

    monkeypatch.setattr(RunFile, "end_epoch", end_epoch_and_wait)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(with_checkpoint(MODEL, tmp_path).fit, X, Y)
        assert begun.wait(60)
        with pytest.raises(CheckpointError, match="Another fit with the same"):
            with_checkpoint(MODEL, tmp_path).fit(X, Y)
        go_on.set()
        assert_same_bits(first.result(), whole_fit)
    assert os.listdir(tmp_path) == []


# Disks and folders


def failing(monkeypatch, name, n, number):
    """Let a function of `os` fail from its n-th call on; return the calls."""
    calls, function = [], getattr(os, name)

    def fail(*args, **kwargs):
        calls.append(args)
        if len(calls) >= n:
            raise OSError(number, os.strerror(number))
        return function(*args, **kwargs)

    monkeypatch.setattr(os, name, fail)
    return calls


@pytest.mark.parametrize("name", ["write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_ends_the_fit_at_any_time(
    name, number, tmp_path, monkeypatch, whole_fit
):
    n, whole = 1, False
    while not whole:
        folder = tmp_path / str(n)
        model = with_checkpoint(MODEL, folder)
        with monkeypatch.context() as patch:
            calls = failing(patch, name, n, number)
            try:
                model.fit(X, Y)
            except OSError as error:
                check_failure(error, model, folder, number)
            whole = len(calls) < n
        assert_same_bits(model.fit(X, Y), whole_fit)
        assert os.listdir(folder) == []
        n += 1
    assert n > 3


def check_failure(error, model, folder, number):
    assert error.errno == number
    message = str(error)
    assert os.strerror(number) in message
    assert not hasattr(model, "net_")
    left = [path.name for path in folder.iterdir()]
    if "The checkpoint of epoch" in message:
        assert "call fit again" in message
        assert len(left) == 1
    else:
        assert "No checkpoint was written before" in message


def test_a_failed_fit_leaves_a_fitted_model_as_it_was(tmp_path, monkeypatch, whole_fit):
    model = copy.deepcopy(whole_fit)
    model.set_params(checkpoint=Checkpoint(tmp_path, 0), lr=0.1)
    with monkeypatch.context() as patch:
        failing(patch, "write", 2, errno.ENOSPC)
        with pytest.raises(OSError, match="Training ended after epoch 2: No space"):
            model.fit(X, Y)
    assert_same_bits(model, whole_fit)


class NeverTrains(Callback):
    def on_epoch_begin(self, net, **kwargs):
        raise AssertionError("training has begun")

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def test_a_file_in_the_place_of_the_folder_is_found_at_once(tmp_path):
    file = tmp_path / "taken"
    file.write_text("mine")
    for folder in (file, file / "below"):
        model = with_checkpoint(MODEL, folder).set_params(callbacks=[NeverTrains])
        with pytest.raises(OSError, match="can't hold checkpoints"):
            model.fit(X, Y)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_may_not_be_written_is_found_at_once(
    number, tmp_path, monkeypatch
):
    opened = os.open

    def refuse(path, flags, *args, **kwargs):
        if str(path).startswith(str(tmp_path)) and flags & os.O_CREAT:
            raise OSError(number, os.strerror(number))
        return opened(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    model = with_checkpoint(MODEL, tmp_path).set_params(callbacks=[NeverTrains])
    with pytest.raises(OSError, match="can't hold checkpoints") as caught:
        model.fit(X, Y)
    assert caught.value.errno == number


# Files


def damaged(data):
    yield b""
    yield data[:-1]
    yield data[: len(data) // 2]
    yield data + b"0"
    yield b"not such a file at all"
    for place in np.linspace(0, len(data) - 1, 20).astype(int):
        yield data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_damaged_file_is_not_read(died, tmp_path, whole_fit):
    path = only_file(tmp_path)
    for data in damaged(path.read_bytes()):
        path.write_bytes(data)
        with pytest.raises(ModelFileError, match="remove it to begin anew"):
            died.fit(X, Y)
        assert not hasattr(died, "net_")
        assert path.read_bytes() == data
    path.unlink()
    assert_same_bits(died.fit(X, Y), whole_fit)


def test_the_file_of_another_fit_is_not_read(died, tmp_path, monkeypatch):
    path = only_file(tmp_path)
    other = clone(died).set_params(lr=0.5)
    with pytest.raises(Died), dying(monkeypatch, after=2):
        other.fit(X, Y)
    (second,) = set(tmp_path.iterdir()) - {path}
    second.replace(path)
    with pytest.raises(ModelFileError, match="belongs to another fit"):
        died.fit(X, Y)


def test_what_a_killed_fit_has_left_is_removed(died, tmp_path, whole_fit):
    path = only_file(tmp_path)
    foreign = tmp_path / ".another.safetensors.0123.tmp"
    for name in (f".{path.name}.0123.tmp", path.with_suffix(".lock"), foreign):
        (tmp_path / name).write_bytes(b"left")
    assert_same_bits(died.fit(X, Y), whole_fit)
    assert list(tmp_path.iterdir()) == [foreign]


def test_another_version_begins_anew(died, tmp_path, monkeypatch, whole_fit):
    left = only_file(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("sklearn_gru.training.fingerprint.version", lambda name: "0")
        assert_same_bits(died.fit(X, Y), whole_fit)
    assert only_file(tmp_path) == left
