"""Two processes on this machine's CPU train one network."""

import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_gru import CharGRUGenerator, GRUForecaster, GRURegressor, datasets
from sklearn_gru.training import accelerated

SETTINGS = {
    "units": 5,
    "max_epochs": 3,
    "window_length": 12,
    "early_stopping": False,
    "dtype": "float64",
    "random_state": 0,
}
PROGRAM = """
import pickle, sys
from accelerate import Accelerator
from sklearn_gru.training import accelerated

model, data, path = pickle.loads(bytes.fromhex(sys.argv[1]))
accelerator = Accelerator(cpu=True)
assert accelerator.num_processes == 2
with accelerated(accelerator):
    model = pickle.loads(pickle.dumps(model.fit(*data))).partial_fit(*data)
result = model.predict(data[0]), model.loss_curve_
with open(f"{path}{accelerator.process_index}", "wb") as file:
    pickle.dump(result, file)
accelerator.end_training()
"""


def in_two_processes(path, model, *data):
    program = path / "train.py"
    program.write_text(PROGRAM)
    given = pickle.dumps((model, data, str(path / "rank"))).hex()
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run([sys.executable, *launch, program, given], check=True, timeout=300)
    return [pickle.loads((path / f"rank{i}").read_bytes()) for i in (0, 1)]


@pytest.mark.slow
# 192 windows fill the batches of both processes; of 201, nine wait.
@pytest.mark.parametrize("n_windows", [192, 201])
def test_two_processes_take_steps_of_two_batches(tmp_path, n_windows):
    pytest.importorskip("accelerate")
    series = datasets.make_sine(12 + n_windows, noise=0.1, random_state=0)
    model = GRUForecaster(batch_size=16, **SETTINGS)
    first, second = in_two_processes(tmp_path, model, series)
    assert_array_equal(first[0], second[0])
    assert len(first[1]) == 4
    if n_windows == 192:
        alone = GRUForecaster(batch_size=32, **SETTINGS).fit(series).partial_fit(series)
        assert_allclose(first[0], alone.predict(series), rtol=1e-9)


@pytest.mark.slow
def test_two_processes_learn_from_the_steps_of_ragged_sequences(tmp_path):
    pytest.importorskip("accelerate")
    X = [np.random.default_rng(i).normal(size=(2 + i % 5, 2)) for i in range(32)]
    y = [x.sum(axis=1).cumsum() for x in X]
    model = GRURegressor(
        5, return_sequences=True, max_epochs=3, dtype="float64", random_state=0
    )
    first, second = in_two_processes(
        tmp_path, clone(model).set_params(batch_size=8), X, y
    )
    model.set_params(batch_size=16).fit(X, y).partial_fit(X, y)
    for one, other, alone in zip(first[0], second[0], model.predict(X), strict=True):
        assert_array_equal(one, other)
        assert_allclose(one, alone, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("early_stopping", [False, True])
def test_two_processes_end_with_the_same_batch_statistics(tmp_path, early_stopping):
    pytest.importorskip("accelerate")
    X = np.random.default_rng(0).normal(size=(40, 9, 2))
    model = GRURegressor(
        5, max_epochs=3, batch_size=8, early_stopping=early_stopping, random_state=0
    )
    first, second = in_two_processes(tmp_path, model, X, X.mean(axis=(1, 2)))
    assert_array_equal(first[0], second[0])


def test_text_is_trained_in_one_process():
    processes = SimpleNamespace(num_processes=2, device=torch.device("cpu"))
    message = "2 processes can't share its windows"
    with accelerated(processes), pytest.raises(ValueError, match=message):
        CharGRUGenerator(units=4, max_epochs=1).fit("to be or not to be")


def test_one_process_may_compute_in_bfloat16():
    accelerate = pytest.importorskip("accelerate")
    # A process has one precision for all, which another test may have chosen.
    accelerate.state.AcceleratorState._reset_state(reset_partial_state=True)
    series = datasets.make_sine(300, noise=0.1, random_state=0)
    plain = GRUForecaster(**SETTINGS).fit(series)
    with accelerated(accelerate.Accelerator(cpu=True, mixed_precision="bf16")):
        mixed = GRUForecaster(**{**SETTINGS, "dtype": "float32"}).fit(series)
    assert mixed.loss_curve_ != plain.loss_curve_
    assert_allclose(mixed.loss_curve_, plain.loss_curve_, rtol=0.1)
