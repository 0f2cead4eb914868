"""Prints results: a table per shape, or a line per shape."""

WIDTH = 36
SCALES = {"s": 1, "ms": 1000, "MiB": 1}
RATIOS = ["1 thread", "2 threads", "best"]


def show(case, shape, results):
    """Print a table of one shape: a line per contender."""
    losses = any(result.loss is not None for result in results)
    columns = ["threads", "median", "best", "worst", "/ ours", "asked", "first run"]
    title = shape.label if len(case.shapes) > 1 else ""
    print(_line(title, columns + ["loss"] * losses))
    ours = _best(results, lambda result: result.ours)
    asked = {_best(results, _named(name)): least for name, least in shape.asked.items()}
    for result in results:
        if result.median is None:
            print(f"  {result.contender:{WIDTH}}{result.error}")
            continue
        cells = [result.threads or "default"]
        values = result.median, min(result.values), max(result.values)
        cells += [figure(value, case.unit) for value in values]
        cells.append(f"{result.median / ours.median:.2f}" if ours else "-")
        cells.append(f">= {asked[result]:g}" if result in asked else "")
        cells.append(f"{result.first_seconds:.2f} s")
        cells.append("" if result.loss is None else f"{result.loss:.5f}")
        print(_line(result.contender, cells))
        if result.error:
            print(f"  {'':{WIDTH}}{result.error}")
    _show_scores(results)


def show_line(case, shape, results, is_first):
    """Print one line: a column per contender, and the ratio of the best ones."""
    if is_first:
        names = [f"{result.contender} {result.threads}" for result in results]
        print(_line("batch x steps x features, layers", [*names, *RATIOS]))
    cells = [figure(result.median, case.unit) for result in results]
    cells += ["-" if r is None else f"{r:.2f}" for r in ratios(results)]
    print(_line(shape.label, cells))
    for result in results:
        if result.error:
            print(f"  {result.contender} {result.threads}: {result.error}")


def ratios(results):
    """Divide nn.GRU's time by ours: on one thread, on two, and the best of both."""
    divided = []
    for threads in ([1], [2], [1, 2]):
        allowed = [result for result in results if result.threads in threads]
        ours = _best(allowed, lambda result: result.ours)
        peer = _best(allowed, lambda result: not result.ours)
        divided.append(peer.median / ours.median if ours and peer else None)
    return divided


def show_lowest(all_results):
    """Print the worst shape of a grid."""
    known = [(ratios(results)[-1], results[0].shape) for results in all_results]
    known = [(ratio, shape) for ratio, shape in known if ratio is not None]
    if known:
        ratio, shape = min(known)
        print(f"  lowest of {len(known)} shapes: {ratio:.2f}, at {shape} (asked: >= 1)")


def figure(value, unit):
    """Format a figure, which is in seconds or in MiB."""
    if value is None:
        return "-"
    if unit == "characters/s":
        return f"{1 / value:,.0f}"
    value *= SCALES[unit]
    return f"{value:.4f}" if value < 1 else f"{value:.4g}"


def _named(name):
    return lambda result: result.contender == name


def _best(results, chosen):
    known = [result for result in results if chosen(result) and result.values]
    return min(known, key=lambda result: result.median, default=None)


def _show_scores(results):
    known = [result for result in results if result.scores is not None]
    if known:
        other = [r.contender for r in known if r.scores != known[0].scores]
        verdict = "the same in all" if not other else f"others in {', '.join(other)}"
        print(f"  scores: {verdict}")


def _line(label, cells):
    return f"  {label:{WIDTH}}" + "".join(f"{cell:>11}" for cell in cells)
