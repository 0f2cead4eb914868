"""Where compiled code is kept, and that old code never runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("llvmlite")

import sklearn_gru
from sklearn_gru import warm_up
from sklearn_gru.nets.fused import _compile

# Prints a hidden state, which depends on all parts of the room.
PROGRAMME = """
import torch
from sklearn_gru.nets.recurrent import Recurrent

recurrent = Recurrent(1, (4,))
with torch.no_grad():
    for parameter in recurrent.parameters():
        parameter.fill_(0.3)
    assert recurrent.is_fused
    print(recurrent(torch.ones(1, 3, 1))[0, -1, 0].item())
"""


def run(
    folder,
    programme=PROGRAMME,
    errors_too=False,
    options=("-W", "error"),
    **environment,
):
    """Run a programme with the copy of the package in a folder; return its output."""
    result = subprocess.run(
        [sys.executable, *options, "-c", programme],
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors_too else None,
        text=True,
        check=True,
    )
    return result.stdout


def copy_package(folder):
    ignored = shutil.ignore_patterns("__pycache__")
    package = Path(sklearn_gru.__file__).parent
    shutil.copytree(package, folder / "sklearn_gru", ignore=ignored)
    return folder


@pytest.fixture
def copy_of_package(tmp_path):
    return copy_package(tmp_path)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """A folder with a package that has run once, and what it printed."""
    folder = copy_package(tmp_path_factory.mktemp("first"))
    return folder, run(folder)


def compiled_files(folder):
    return {path.name for path in folder.rglob("*.o")}


def test_code_is_compiled_once_and_kept_beside_the_package(first_run):
    folder, printed = first_run
    files = compiled_files(folder)
    assert len(files) == 1
    assert run(folder) == printed
    assert compiled_files(folder) == files


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (
            "_activations",
            "return x * polynomial(P, square) / polynomial(Q, square)",
            "return x",
        ),
        ("_products", "new = factor.times_plus(factors[v], old)", "new = old"),
    ],
)
def test_a_change_anywhere_changes_what_runs(module, old, new, first_run, tmp_path):
    before, printed = first_run
    folder = tmp_path / "changed"
    shutil.copytree(before, folder)
    path = folder / "sklearn_gru" / "nets" / "fused" / f"{module}.py"
    source = path.read_text()
    assert source.count(old) == 1
    path.write_text(source.replace(old, new))
    assert run(folder) != printed


@pytest.mark.parametrize("broken", [b"", b"short", None])
def test_a_broken_file_is_compiled_again(broken, tmp_path):
    code = bytes(range(256)) * 9
    path = tmp_path / "code.o"
    _compile._write(path, code)
    assert _compile._read(path) == code
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if broken is None else broken)
    assert _compile._read(path) is None
    assert _compile._read(tmp_path / "absent.o") is None


FIT = """
import numpy as np
from sklearn_gru import GRUForecaster

series = np.sin(np.arange(200.0))[:, None]
GRUForecaster(units=4, max_epochs=2, verbose=1).fit(series)
"""


def test_the_bar_says_once_that_layers_are_compiled(copy_of_package):
    shown = [run(copy_of_package, FIT, errors_too=True) for _ in range(2)]
    assert ["Compiling, once" in text for text in shown] == [True, False]
    assert all("2/2 epochs" in text for text in shown)


def test_a_full_disk_is_told_and_leaves_nothing(monkeypatch, tmp_path):
    def full(self, target):
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        _compile._write(tmp_path / "code.o", b"code")
    assert not list(tmp_path.iterdir())


def test_a_folder_can_be_chosen(monkeypatch, tmp_path):
    folder = tmp_path / "chosen" / "folder"
    monkeypatch.setenv("SKLEARN_GRU_CACHE_DIR", str(folder))
    assert _compile.cache_folder() == folder
    assert folder.is_dir()


def test_the_users_folder_is_next(monkeypatch, tmp_path):
    tried = []

    def can_be_written(folder):
        tried.append(folder)
        return folder.is_relative_to(tmp_path)

    monkeypatch.delenv("SKLEARN_GRU_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_compile, "_can_be_written", can_be_written)
    assert _compile.cache_folder() == tmp_path / "sklearn_gru"
    assert tried[0] == Path(_compile.__file__).parent / "__pycache__"


def test_a_file_in_the_way_is_no_folder(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKLEARN_GRU_CACHE_DIR", str(tmp_path / "file"))
    assert _compile.cache_folder() is None


def test_without_any_folder_a_process_compiles_for_itself(first_run, tmp_path):
    # A folder that can't be written, even by root, is one below a file.
    folder, printed = first_run
    (tmp_path / "file").touch()
    blocked = str(tmp_path / "file" / "folder")
    settings = {"HOME": "/nonexistent", "SKLEARN_GRU_CACHE_DIR": blocked}
    lines = run(folder, PROGRAMME, errors_too=True, options=[], **settings).splitlines()
    assert lines[-1] == printed.strip()
    assert "SKLEARN_GRU_CACHE_DIR can name a folder" in " ".join(lines)


def test_a_home_that_is_unknown_is_no_folder(monkeypatch):
    def no_home(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("SKLEARN_GRU_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(_compile, "_can_be_written", lambda folder: False)
    monkeypatch.setattr(Path, "expanduser", no_home)
    assert _compile.cache_folder() is None


@pytest.mark.slow
def test_warm_up_compiles_every_kind(monkeypatch, tmp_path):
    monkeypatch.setenv("SKLEARN_GRU_CACHE_DIR", str(tmp_path))
    programme = "import sklearn_gru; print(sklearn_gru.warm_up())"
    folder = Path(sklearn_gru.__file__).parents[1]
    assert run(folder, programme).strip() == str(tmp_path)
    # Four kinds of GRU, two of LSTM and of RNN, and the products.
    assert len(compiled_files(tmp_path)) == 9


def test_warm_up_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("sklearn_gru.nets.execution.has_compiler", lambda: False)
    with pytest.raises(ImportError, match=r"sklearn-gru\[fast\]"):
        warm_up()
