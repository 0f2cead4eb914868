"""Resident memory that a fit adds, with a series in memory and with a mapped file.

    python benchmarks/memory.py [--rows 1000000] [--mapped-rows 20000000]

Each fit runs in a process of its own; the peak is the operating system's figure.
"""

import argparse
import multiprocessing
import resource
import tempfile
from pathlib import Path

import numpy as np

WINDOW = 100


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fit_adds(queue, rows, path=None):
    """Put the series' MiB and the MiB that fitting it adds into the queue."""
    from sklearn_gru import GRUForecaster

    settings = {"window_length": WINDOW, "units": 8, "max_epochs": 1, "batch_size": 256}
    settings |= {"weights": None}
    small = np.random.default_rng(0).normal(size=(500, 1)).astype(np.float32)
    GRUForecaster(**settings).fit(small)  # libraries load code on first use
    if path is None:
        series = np.random.default_rng(0).normal(size=(rows, 1)).astype(np.float32)
    else:
        series = np.memmap(path, dtype=np.float32, mode="r", shape=(rows, 1))
    stride = max(1, rows // 50_000)
    before = peak_mib()
    GRUForecaster(**settings, stride=stride).fit(series)
    queue.put((series.nbytes / 2**20, peak_mib() - before))


def measure(*arguments):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=fit_adds, args=(queue, *arguments))
    process.start()
    result = queue.get()
    process.join()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--mapped-rows", type=int, default=100_000_000)
    options = parser.parse_args()
    size, added = measure(options.rows)
    bound = 3 * size + 200
    print(f"in memory: series {size:.1f} MiB, fit adds {added:.1f} (bound {bound:.0f})")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.f32"
        generator = np.random.default_rng(0)
        with path.open("wb") as file:
            for _ in range(0, options.mapped_rows, 1_000_000):
                file.write(generator.normal(size=1_000_000).astype(np.float32).data)
        size, added = measure(options.mapped_rows, path)
    print(f"mapped:    file {size:.1f} MiB, fit adds {added:.1f} MiB")


if __name__ == "__main__":
    main()
