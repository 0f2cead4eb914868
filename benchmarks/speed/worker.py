"""What happens in a contender's own process."""

import gc
import os
import pkgutil
import statistics
import sys
import time
import warnings

import pyperf

COUNTED = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA")
THREADS = [f"{name}_NUM_THREADS" for name in COUNTED]
THREADS += ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "LOKY_MAX_CPU_COUNT"]
QUIET = {
    "KERAS_BACKEND": "tensorflow",
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

current = {}


def prepare(threads, checkout):
    """Set threads and the package's folder; no library has been imported yet.

    The processes that a contender starts take both from the environment.
    """
    for name in THREADS:
        os.environ.pop(name, None)
    if threads:
        os.environ.update(dict.fromkeys(THREADS, str(threads)))
    os.environ.update(QUIET, PYTHONPATH=checkout)
    sys.path.insert(0, checkout)
    warnings.simplefilter("ignore")
    os.dup2(2, 1)  # what libraries print is not a part of the tables


def build(task, shape):
    """Make the contender and run it once, which compiles its code.

    Returns the seconds of that run, and its outcome, if it has one.
    """
    current.clear()
    gc.collect()
    name, method = task.rsplit(".", 1)
    contender = pkgutil.resolve_name(f"benchmarks.speed.contenders.{name}")(shape)
    current.update(contender=contender, run=getattr(contender, method), shape=shape)
    start = time.perf_counter()
    current["run"]()
    seconds = time.perf_counter() - start
    return seconds, optional("outcome")


def run(metadata):
    """Time the contender, once or until the seconds of its shape are over."""
    gc.collect()
    taken = []
    while not taken or sum(taken) < current["shape"].get("seconds", 0):
        start = time.perf_counter()
        current["run"]()
        taken.append(time.perf_counter() - start)
    value = statistics.median(taken) / current["shape"].get("count", 1)
    return pyperf.Run([value], metadata=metadata)


def optional(name):
    """Call a method of the contender, if it has this one."""
    method = getattr(current.get("contender"), name, None)
    return method and method()
