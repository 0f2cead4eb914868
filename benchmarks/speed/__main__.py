"""Speed of this package and of its alternatives, interleaved in one run.

Every contender has a process of its own and is run in turn with the others. A figure is
the median over the rounds. A ratio divides a contender's rounds by those of the first
one: the median, and the lowest and highest. The first run, in which code is compiled
and loaded, is not a round; its whole time stands in the column "first run".

The exit status is 1 if a contender failed or did other work than the first one, and 2
for wrong options.
"""

import argparse
from pathlib import Path

import pyperf

from benchmarks.speed import cases, table
from benchmarks.speed.driver import measure
from benchmarks.speed.plan import Skipped


def main():
    options = read_options()
    table.show_machine()
    results = []
    for case in options.cases:
        results += run(case, options)
        if options.json:
            write(results, options.json)
    return int(any(result.failed for result in results))


def read_options():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(case.name for case in cases.CASES)
    parser.add_argument(
        "--cases", nargs="+", metavar="NAME", help=f"names or their beginnings: {names}"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, no meaning")
    parser.add_argument("--skip-losses", action="store_true")
    parser.add_argument(
        "--against",
        metavar="FOLDER",
        type=Path,
        help="compare this package only with another checkout of it",
    )
    parser.add_argument(
        "--json", type=Path, metavar="PATH", help="write a pyperf suite there"
    )
    return checked(parser, parser.parse_args())


def checked(parser, options):
    """Refuse wrong options, and put the chosen cases in place of their names."""
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}; give 1 or more")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"--json: there is no folder {options.json.parent}; make it first")
    chosen = cases.CASES if options.cases is None else []
    for name in options.cases or []:
        found = [c for c in cases.CASES if f"{c.name}-".startswith(f"{name}-")]
        if not found:
            parser.error(f"--cases: there is no case {name!r}; --help lists them")
        chosen += [case for case in found if case not in chosen]
    if options.against:
        if not (options.against / "sklearn_gru").is_dir():
            parser.error(f"--against: there is no sklearn_gru in {options.against}")
        folder = str(options.against.resolve())
        chosen = [case.against(folder) for case in chosen]
    options.cases = [cases.quick(c) for c in chosen] if options.quick else chosen
    return options


def run(case, options):
    """Measure a case and print it; return its results."""
    print(f"\n{case.name}: {case.title}", flush=True)
    shapes = {}
    try:
        for label, results in measure(case, options):
            shapes[label] = results
            if not case.compact:
                table.show(label, results)
    except Skipped as reason:
        print(f"  {reason}")
    if case.compact and shapes:
        table.show_compact(shapes)
    if case.note:
        print(f"  {case.note}")
    return [result for results in shapes.values() for result in results]


def write(results, path):
    """Write the rounds of all results; `python -m pyperf` reads them."""
    benchmarks = [result.benchmark() for result in results if result.runs]
    if benchmarks:
        pyperf.BenchmarkSuite(benchmarks).dump(str(path), replace=True)


if __name__ == "__main__":
    raise SystemExit(main())
