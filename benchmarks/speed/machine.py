"""The machine and the versions with which the figures were measured."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = [
    "sklearn-gru",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "torch",
    "numba",
    "skorch",
    "joblib",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "darts",
    "neuralforecast",
    "pytorch-lightning",
    "dask",
    "ray",
]


def describe():
    """Return a dict: processor, cores, memory, load, versions."""
    return {
        "cpu": _cpu_name(),
        "cores": _n_cores(),
        "memory_gib": _memory_gib(),
        "load": os.getloadavg()[0],
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def show(machine):
    versions = {n: v for n, v in machine["versions"].items() if v}
    print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"load {machine['load']:.2f} before; {machine['system']}, "
        f"Python {machine['python']}"
    )
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    print(
        "threads: as given, or default: what each library chooses when nothing is set; "
        "a process per contender, runs interleaved"
    )


def has_gpu():
    script = "import torch; raise SystemExit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", script]).returncode == 0


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _n_cores():
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()


def _memory_gib():
    try:
        import psutil
    except ImportError:
        return "?"
    return round(psutil.virtual_memory().total / 2**30)
