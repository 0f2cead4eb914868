"""A contender's own process: obeys the driver's orders, and says how long they took.

    python -m benchmarks.speed.worker MODULE CLASS

Orders come as lines of JSON on standard input, answers go to standard output. The
libraries' own output goes to standard error instead.
"""

import gc
import importlib
import json
import os
import sys
import time
import traceback

CONTENDERS = "benchmarks.speed.contenders"


class Worker:
    def __init__(self, kind):
        self.kind = kind
        self.contender = None

    def build(self, shape):
        """Make the contender and run it once, which compiles its code."""
        self.contender = None
        gc.collect()
        self.contender = self.kind(shape)
        return self.run()

    def run(self):
        gc.collect()
        start = time.perf_counter()
        answer = dict(self.contender.run() or {})
        taken = time.perf_counter() - start
        answer.setdefault("value", taken / answer.pop("count", 1))
        return answer | {"seconds": taken}

    def loss(self):
        if not hasattr(self.contender, "loss"):
            return {}
        return {"loss": self.contender.loss()}


def main():
    orders = os.fdopen(os.dup(0))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    worker = None
    for line in orders:
        order, *arguments = json.loads(line)
        try:
            worker = worker or Worker(_kind(*sys.argv[1:]))
            answer = getattr(worker, order)(*arguments)
        except Exception as error:
            traceback.print_exc()
            reason = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {reason[0]}"}
        answers.write(json.dumps(answer) + "\n")


def _kind(module, name):
    return getattr(importlib.import_module(f"{CONTENDERS}.{module}"), name)


if __name__ == "__main__":
    main()
