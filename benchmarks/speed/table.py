"""Tables of results: a line per contender, or a line per shape."""

import statistics
from contextlib import suppress
from importlib import metadata

import numpy as np
import pandas as pd
import pyperf

MACHINE = ["cpu_model_name", "cpu_count", "load_avg_1min", "python_version"]
PACKAGES = ["numpy", "torch", "llvmlite", "skorch", "keras", "darts", "neuralforecast"]


def show_machine():
    known = pyperf.Run([1.0]).get_metadata()
    for name in MACHINE:
        print(f"{name}: {known.get(name, 'unknown')}")
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            print(f"{name}: {metadata.version(name)}")


def show(label, results):
    """Print a table of one shape: a line per contender."""
    ran = [result for result in results if result.runs]
    if ran:
        lines = [_cells(result, _base(result, results)) for result in ran]
        frame = pd.DataFrame(lines, index=[str(r.contender) for r in ran])
        _print(frame.loc[:, (frame != "").any()].rename_axis(label))
    _show_errors(results)


def show_compact(shapes):
    """Print a line per shape: a column per contender, and the ratio of the fastest."""
    lines = {}
    for label, results in shapes.items():
        first = _of_first(results)
        others = [r for r in results if r.runs and r not in first]
        lines[label] = {_heading(r): _median(r) for r in results if r.runs}
        lines[label]["ratio of the best"] = np.nan
        if first and others:
            ratios = _ratios(_fastest(others), _fastest(first))
            lines[label]["ratio of the best"] = round(statistics.median(ratios), 2)
    frame = pd.DataFrame(lines).T
    _print(frame)
    for results in shapes.values():
        _show_errors(results)
    print(f"  lowest of {len(frame)} shapes: {frame['ratio of the best'].min()}")


def _cells(result, base):
    values = (min(result.values), max(result.values))
    best, worst = result.benchmark().format_values(values)
    return {
        "threads": result.contender.threads or "default",
        "median": _median(result),
        "best .. worst": f"{best} .. {worst}",
        "ratio": "" if base in (result, None) else _spread(_ratios(result, base)),
        "first run": f"{result.first:.2f} s",
        "loss": "" if result.loss is None else f"{result.loss:.5f}",
    }


def _base(result, results):
    """Find what a result is divided by.

    Another checkout's is divided by this one's; the others by the first contender, run
    on the number of threads with which it is fastest.
    """
    if not result.contender.checkout:
        return _fastest(_of_first(results))
    names = (result.contender.label, result.contender.threads)
    ours = [r for r in results if r.runs and not r.contender.checkout]
    same = [r for r in ours if (r.contender.label, r.contender.threads) == names]
    return _fastest(same)


def _of_first(results):
    """Find the first contender's results, on any number of threads."""
    name = str(results[0].contender)
    return [r for r in results if r.runs and str(r.contender) == name]


def _fastest(results):
    return min(results, key=lambda r: statistics.median(r.values), default=None)


def _ratios(result, base):
    """Divide the rounds of one by the rounds of the other."""
    pairs = zip(result.values, base.values, strict=False)
    return [one / other for one, other in pairs]


def _spread(ratios):
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} .. {max(ratios):.2f})"


def _median(result):
    benchmark = result.benchmark()
    return benchmark.format_value(benchmark.median())


def _heading(result):
    return f"{result.contender}, {result.contender.threads}"


def _print(frame):
    print("  " + frame.to_string().replace("\n", "\n  "), flush=True)


def _show_errors(results):
    for result in results:
        if result.error:
            print(f"  {result.name}: {result.error}")
