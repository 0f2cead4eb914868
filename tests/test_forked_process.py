"""A process that is forked after torch has used several threads can train."""

import multiprocessing
import subprocess
import sys

import pytest

PROGRAM = """
import multiprocessing
import numpy as np, torch
from sklearn_gru import CharGRUGenerator, GRUForecaster, GRURegressor

def work():
    X = np.random.default_rng(0).normal(size=(300, 60, 8))
    model = GRURegressor((32, 32), max_epochs=1, kernel=KERNEL).fit(X, X[:, 0, 0])
    model.predict(X)
    GRUForecaster(24, max_epochs=1, kernel=KERNEL).fit(X.reshape(-1, 8)).predict(X[0])
    CharGRUGenerator(max_epochs=1, kernel=KERNEL).fit("abc" * 999).score("abc" * 9999)

torch.set_num_threads(2)
ones = torch.ones(3000, 3000)
(ones @ ones + ones).sum()
work()
child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join(60)
hangs = child.is_alive()
child.kill()
raise SystemExit("it hangs" if hangs else child.exitcode)
"""


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="nothing forks here"
)
@pytest.mark.parametrize(
    "kernel", ["auto", pytest.param("torch", marks=pytest.mark.slow)]
)
def test_a_forked_process_trains(kernel):
    program = PROGRAM.replace("KERNEL", repr(kernel))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
