"""Where compiled code is kept, and that old code never runs."""

import os
import shutil
import stat
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


def run(folder, programme=PROGRAMME, **environment):
    """Run a programme with the copy of the package in a folder; return its output."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", programme],
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


@pytest.fixture
def copy_of_package(tmp_path):
    package = Path(sklearn_gru.__file__).parent
    target = tmp_path / "sklearn_gru"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, target, ignore=ignored)
    return tmp_path


def compiled_files(folder):
    return {path.name for path in folder.rglob("*.o")}


def test_code_is_compiled_once_and_kept_beside_the_package(copy_of_package):
    first = run(copy_of_package)
    files = compiled_files(copy_of_package)
    assert len(files) == 1
    assert run(copy_of_package) == first
    assert compiled_files(copy_of_package) == files


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (
            "_activations",
            "return x * polynomial(P, square) / polynomial(Q, square)",
            "return x",
        ),
        ("_gru", "after[0] = z.times_plus(before[0] - n, n)", "after[0] = n"),
        ("_products", "new = factor.times_plus(factors[v], old)", "new = old"),
        ("_forward", "length = run.units * layout", "length = 0 * run.units * layout"),
    ],
)
def test_a_change_anywhere_changes_what_runs(module, old, new, copy_of_package):
    before = run(copy_of_package)
    path = copy_of_package / "sklearn_gru" / "nets" / "fused" / f"{module}.py"
    source = path.read_text()
    assert source.count(old) == 1
    path.write_text(source.replace(old, new))
    assert run(copy_of_package) != before
    path.write_text(source)
    assert run(copy_of_package) == before


@pytest.mark.parametrize("content", [b"", b"short", None])
def test_a_broken_file_is_compiled_again(content, copy_of_package):
    before = run(copy_of_package)
    (path,) = copy_of_package.rglob("*.o")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if content is None else content)
    assert run(copy_of_package) == before
    assert path.read_bytes()[:32] == whole[:32]


def test_another_folder_can_be_chosen(copy_of_package, tmp_path):
    folder = tmp_path / "chosen" / "folder"
    run(copy_of_package, SKLEARN_GRU_CACHE_DIR=str(folder))
    assert len(compiled_files(folder)) == 1
    assert not compiled_files(copy_of_package / "sklearn_gru")


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


@pytest.mark.parametrize("home", ["/nonexistent", ""])
def test_without_any_folder_a_process_compiles_for_itself(home, copy_of_package):
    # A folder that can't be written, even by root, is one below a file.
    before = run(copy_of_package)
    blocked = copy_of_package / "file"
    blocked.touch(mode=stat.S_IRUSR)
    folder = str(blocked / "folder")
    assert run(copy_of_package, HOME=home, SKLEARN_GRU_CACHE_DIR=folder) == before


def test_warm_up_compiles_every_kind(monkeypatch, tmp_path):
    monkeypatch.setenv("SKLEARN_GRU_CACHE_DIR", str(tmp_path))
    kinds = (
        "from sklearn_gru.nets import fused; import torch;"
        "fused.kernel_for(fused.lstm('relu'), torch.float64)"
    )
    programme = "import sklearn_gru; print(sklearn_gru.warm_up())"
    folder = Path(sklearn_gru.__file__).parents[1]
    assert run(folder, programme).strip() == str(tmp_path)
    files = compiled_files(tmp_path)
    assert len(files) == 2 * (4 + 2 + 2) + 2
    run(folder, kinds)
    assert compiled_files(tmp_path) == files


def test_warm_up_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("sklearn_gru.nets.execution.has_compiler", lambda: False)
    with pytest.raises(ImportError, match=r"sklearn-gru\[fast\]"):
        warm_up()
