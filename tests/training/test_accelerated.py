"""Two processes on this machine's CPU train one network."""

import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_gru import CharGRUGenerator, GRUForecaster, datasets
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
from sklearn_gru import GRUForecaster, datasets
from sklearn_gru.training import accelerated

settings, n_rows, path = pickle.loads(bytes.fromhex(sys.argv[1]))
accelerator = Accelerator(cpu=True)
assert accelerator.num_processes == 2
series = datasets.make_sine(n_rows, noise=0.1, random_state=0)
with accelerated(accelerator):
    model = GRUForecaster(**settings).fit(series)
    model = pickle.loads(pickle.dumps(model)).partial_fit(series)
result = model.predict(series), model.loss_curve_
with open(f"{path}{accelerator.process_index}", "wb") as file:
    pickle.dump(result, file)
accelerator.end_training()
"""


def in_two_processes(path, n_rows, **settings):
    program = path / "train.py"
    program.write_text(PROGRAM)
    given = pickle.dumps(({**SETTINGS, **settings}, n_rows, str(path / "rank"))).hex()
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run([sys.executable, *launch, program, given], check=True, timeout=300)
    return [pickle.loads((path / f"rank{i}").read_bytes()) for i in (0, 1)]


@pytest.mark.slow
# 192 windows fill the batches of both processes; of 201, nine wait.
@pytest.mark.parametrize("n_windows", [192, 201])
def test_two_processes_take_steps_of_two_batches(tmp_path, n_windows):
    pytest.importorskip("accelerate")
    first, second = in_two_processes(tmp_path, 12 + n_windows, batch_size=16)
    assert_array_equal(first[0], second[0])
    assert len(first[1]) == 4
    if n_windows == 192:
        series = datasets.make_sine(12 + n_windows, noise=0.1, random_state=0)
        alone = GRUForecaster(batch_size=32, **SETTINGS).fit(series).partial_fit(series)
        assert_allclose(first[0], alone.predict(series), rtol=1e-9)


def test_text_is_trained_in_one_process():
    processes = SimpleNamespace(num_processes=2, device=torch.device("cpu"))
    message = "2 processes can't share its windows"
    with accelerated(processes), pytest.raises(ValueError, match=message):
        CharGRUGenerator(units=4, max_epochs=1).fit("to be or not to be")


def test_one_process_may_compute_in_bfloat16():
    accelerate = pytest.importorskip("accelerate")
    series = datasets.make_sine(300, noise=0.1, random_state=0)
    plain = GRUForecaster(**SETTINGS).fit(series)
    with accelerated(accelerate.Accelerator(cpu=True, mixed_precision="bf16")):
        mixed = GRUForecaster(**{**SETTINGS, "dtype": "float32"}).fit(series)
    assert mixed.loss_curve_ != plain.loss_curve_
    assert_allclose(mixed.loss_curve_, plain.loss_curve_, rtol=0.1)
