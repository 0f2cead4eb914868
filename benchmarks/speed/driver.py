"""Runs the contenders of a case in turn, each in a process of its own."""

import math
import multiprocessing
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pyperf

from benchmarks.speed import worker
from benchmarks.speed.plan import Contender, Skipped

HERE = str(Path(__file__).parents[2])
# Seconds in which threads that spin, waiting for work, fall asleep.
PAUSE = 0.3


@dataclass(eq=False)
class Result:
    """What is known of one contender at one shape."""

    contender: Contender
    name: str
    runs: list = field(default_factory=list)
    first: float | None = None
    outcome: list | None = None
    loss: float | None = None
    error: str | None = None
    failed: bool = False

    @property
    def values(self):
        return [value for run in self.runs for value in run.values]

    def benchmark(self):
        """Return the rounds as a pyperf.Benchmark."""
        benchmark = pyperf.Benchmark(self.runs)
        if self.loss is not None:
            benchmark.update_metadata({"loss": self.loss})
        return benchmark


def measure(case, options):
    """Yield the label and the results of every shape of a case."""
    with ExitStack() as stack:
        processes = {
            contender: stack.enter_context(_process(contender))
            for contender in case.contenders
            if find_spec(contender.needs)
        }
        for label, shape in case.shapes.items():
            results = [_blank(case, label, c) for c in case.contenders]
            present = [(processes[r.contender], r) for r in results if not r.error]
            _measure(present, shape, options.rounds)
            if "loss_epochs" in shape and not options.skip_losses:
                for process, result in present:
                    result.loss = _ask(process, result, worker.optional, "loss")
            yield label, results


@contextmanager
def _process(contender):
    """Make an executor of one process, which starts with the first order."""
    with ProcessPoolExecutor(
        1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=worker.prepare,
        initargs=(contender.threads, contender.checkout or HERE),
    ) as process:
        try:
            yield process
        finally:
            with suppress(BrokenProcessPool):
                process.submit(worker.optional, "close")


def _blank(case, label, contender):
    threads = f", threads: {contender.threads}" if contender.threads else ""
    result = Result(contender, name=f"{case.name}: {label}: {contender}{threads}")
    if not find_spec(contender.needs):
        result.error = f"skipped: {contender.needs} is not installed"
    return result


def _measure(present, shape, rounds):
    """Run every contender once, then in turns; stop if the first one is skipped."""
    for process, result in present:
        _say(f"{result.name}: first run")
        told = shape | result.contender.told
        answer = _ask(process, result, worker.build, result.contender.task, told)
        result.first, result.outcome = answer or (None, None)
        first = present[0][1]
        if first.error and not first.failed:
            raise Skipped(first.error)
        if not (first.error or result.error):
            _check(result, first)
    for i in range(rounds):
        # Each comes first, and after another, in turn.
        n = i % (len(present) or 1)
        for process, result in present[n:] + present[:n]:
            _say(f"{result.name}: round {i + 1} of {rounds}")
            metadata = {"name": result.name, "first_run": result.first}
            run = _ask(process, result, worker.run, metadata)
            result.runs += [run] if run else []


def _check(result, first):
    """Compare the outcomes, which are lists of numbers, or None."""
    outcomes = (result.outcome or [], first.outcome or [])
    close = map(partial(math.isclose, rel_tol=1e-3), *outcomes)
    if len(outcomes[0]) != len(outcomes[1]) or not all(close):
        result.error = f"does other work: {outcomes[0]} instead of {outcomes[1]}"
        result.failed = True


def _ask(process, result, order, *arguments):
    """Give an order to a contender that has not failed; return its answer, or None."""
    if result.error:
        return None
    time.sleep(PAUSE)
    try:
        return process.submit(order, *arguments).result()
    except Skipped as reason:
        result.error = f"skipped: {reason}"
    except Exception as error:
        traceback.print_exception(error)
        result.error = f"failed: {type(error).__name__}: {error}".splitlines()[0]
        result.failed = True
    return None


def _say(progress):
    """Show the progress, if this is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{progress}", end="\r", file=sys.stderr, flush=True)
