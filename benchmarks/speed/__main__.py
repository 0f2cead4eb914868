"""Speed of this package and of its alternatives, interleaved in one run.

    make bench [BENCH="--cases tutorial steps --rounds 5"]
    python -m benchmarks.speed [--quick] [--cases NAME ...] [--json PATH]

Every contender has a process of its own and is run in turn with the others. A figure is
the median over the rounds; "/ ours" is the contender's time divided by ours. The first
run, in which code is compiled and loaded, is not a round; its whole time stands in the
column "first run".
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.speed import machine, table
from benchmarks.speed.cases import CASES
from benchmarks.speed.driver import measure


def main():
    options = read_options()
    cases = chosen(options.cases)
    here = machine.describe()
    machine.show(here)
    everything = []
    for case in cases:
        everything += run(case, options)
        if options.json:
            content = {"machine": here, "quick": options.quick}
            content["results"] = [result.as_json() for result in everything]
            Path(options.json).write_text(json.dumps(content, indent=1) + "\n")


def read_options():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__.splitlines()[0]
    )
    names = ", ".join(case.name for case in CASES)
    parser.add_argument("--cases", nargs="+", metavar="NAME", help=f"of {names}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, no meaning")
    parser.add_argument("--skip-losses", action="store_true")
    parser.add_argument("--text", metavar="PATH", help="read by text and writing")
    parser.add_argument("--json", metavar="PATH", help="write all figures there")
    return parser.parse_args()


def chosen(names):
    """Find cases by name or by its beginning; "latency" finds "latency-window", too."""
    if names is None:
        return CASES
    found = []
    for name in names:
        named = [c for c in CASES if c.name == name or c.name.startswith(name + "-")]
        if not named:
            raise SystemExit(f"There is no case {name!r}.")
        found += named
    return found


def run(case, options):
    """Measure a case and print it; return its results."""
    sizes = " (quick sizes, not these)" * options.quick
    print(f"\n{case.name} · {case.title}{sizes}", flush=True)
    if case.needs_gpu and not machine.has_gpu():
        print("  skipped: torch sees no CUDA device")
        return []
    all_results = []
    for shape, results in measure(case, options, say):
        if case.compact:
            table.show_line(case, shape, results, is_first=not all_results)
        else:
            table.show(case, shape, results)
        all_results.append(results)
        sys.stdout.flush()
    if case.compact:
        table.show_lowest(all_results)
    if case.note:
        print(f"  {case.note}")
    return [result for results in all_results for result in results]


def say(progress):
    """Show the progress, if this is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{progress}", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
