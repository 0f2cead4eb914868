"""Runs the contenders of a case in turn, each in a process of its own."""

import importlib.util
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field

# Seconds in which threads that spin, waiting for work, fall asleep.
PAUSE = 0.3
PATIENCE = 3600
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
QUIET = {
    "KERAS_BACKEND": "tensorflow",
    "PYTHONWARNINGS": "ignore",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(eq=False)
class Result:
    """The figures of one contender for one shape."""

    case: str
    shape: str
    contender: str
    threads: int | None
    ours: bool
    values: list = field(default_factory=list)
    first_seconds: float | None = None
    loss: float | None = None
    scores: list | None = None
    error: str | None = None

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    def as_json(self):
        return asdict(self) | {"median": self.median}


class Worker:
    """A contender's process, and the pipes to it."""

    def __init__(self, contender, on_gpu):
        self.contender = contender
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115, closed in `close`
        command = [sys.executable, "-m", "benchmarks.speed.worker"]
        self.process = subprocess.Popen(
            [*command, contender.module, contender.task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=_environment(contender.threads, on_gpu),
        )

    def ask(self, order, *arguments):
        """Send an order and wait for the answer."""
        try:
            self.process.stdin.write(json.dumps([order, *arguments]) + "\n")
            self.process.stdin.flush()
            waiting, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            line = self.process.stdout.readline() if waiting else ""
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.process.kill()
        return {"error": f"its process ended or hung at `{order}`"}

    def last_words(self):
        self.log.seek(0)
        return self.log.read()[-3000:]

    def close(self):
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


def measure(case, options, say):
    """Yield the results of every shape of a case."""
    with ExitStack() as stack:
        workers = {}
        for contender in case.contenders:
            if not missing(contender):
                worker = Worker(contender, case.needs_gpu)
                workers[contender] = worker
                stack.callback(worker.close)
        for shape in case.shapes:
            yield shape, _measure(case, shape, workers, options, say)


def missing(contender):
    """List the packages that a contender lacks."""
    return [name for name in contender.needs if not importlib.util.find_spec(name)]


def _measure(case, shape, workers, options, say):
    results = [_blank(case, shape, contender) for contender in case.contenders]
    pairs = [
        (workers[contender], result)
        for contender, result in zip(case.contenders, results, strict=True)
        if contender in workers
    ]
    where = f"{case.name}, {shape.label}"
    for worker, result in pairs:
        say(f"{where}: first run of {result.contender}")
        _ask(worker, result, "build", _told(shape, worker.contender, options))
    rounds = min(options.rounds, case.most_rounds)
    for i in range(rounds):
        say(f"{where}: round {i + 1} of {rounds}")
        for worker, result in _rotated(pairs, i):
            _ask(worker, result, "run")
    if not options.skip_losses:
        for worker, result in pairs:
            say(f"{where}: loss of {result.contender}")
            _ask(worker, result, "loss")
    return results


def _blank(case, shape, contender):
    lacking = missing(contender)
    return Result(
        case.name,
        shape.label,
        contender.label,
        contender.threads,
        contender.ours,
        error=f"not installed: {', '.join(lacking)}" if lacking else None,
    )


def _rotated(items, n):
    """Rotate the contenders, so that each comes first, and after another, in turn."""
    n = n % max(len(items), 1)
    return items[n:] + items[:n]


def _ask(worker, result, order, *arguments):
    """Send an order to a worker that has not failed, and record the answer."""
    if result.error:
        return
    time.sleep(PAUSE)
    answer = worker.ask(order, *arguments)
    if "error" in answer:
        result.error = "failed: " + answer["error"]
        print(worker.last_words(), file=sys.stderr)
        return
    if order == "build":
        result.first_seconds = answer["seconds"]
    elif order == "run":
        result.values.append(answer["value"])
    if order != "run":
        result.loss = answer.get("loss", result.loss)
    result.scores = answer.get("scores", result.scores)


def _told(shape, contender, options):
    told = shape.told | (shape.quick if options.quick else {})
    told = told | contender.told | {"threads": contender.threads}
    if options.text and "text" in told:
        told["text"] = options.text
    return told


def _environment(threads, on_gpu):
    """Copy this process' environment, with other settings of threads."""
    environment = {
        name: value for name, value in os.environ.items() if name not in THREADS
    }
    environment |= QUIET
    if threads:
        environment |= {name: str(threads) for name in THREADS[:-1]}
    if not on_gpu:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    return environment
