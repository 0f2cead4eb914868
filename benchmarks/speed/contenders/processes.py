"""Cases that need a fresh process."""

import subprocess
import sys

IMPORT = """
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""

# A callback that handled the end of a batch would change the training loop; the
# beginning of the second batch is the end of the first.
START = """
import time
import numpy as np
from skorch.callbacks import Callback
from sklearn_gru import GRUForecaster

class Watch(Callback):
    begun = []

    def on_batch_begin(self, net, **kwargs):
        self.begun.append(time.perf_counter())

series = np.random.default_rng(0).normal(size=({rows}, 1))
model = GRUForecaster(window_length={window}, units={units}, max_epochs=1,
                      device="cpu", random_state=0, callbacks=[Watch()])
start = time.perf_counter()
model.fit(series)
print(Watch.begun[{batches_done}] - start)
"""


class _Fresh:
    """Runs a script that prints a figure."""

    def __init__(self, shape):
        self.script = self.template.format(**shape)

    def run(self):
        command = [sys.executable, "-c", self.script]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return {"value": float(done.stdout.split()[-1])}


class Import(_Fresh):
    template = IMPORT


class Start(_Fresh):
    template = START


class Memory:
    """The resident memory that a fit adds, in MiB, in its own process."""

    def __init__(self, shape):
        self.rows = shape["rows"]

    def run(self):
        from benchmarks.memory import measure

        _, added = measure(self.rows)
        return {"value": added}
