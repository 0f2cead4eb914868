"""What README.md claims is what the pages of results say."""

import re
from pathlib import Path

import numpy as np
import pytest

from sklearn_gru.estimators.forecasting import comparison

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BENCHMARKS = (ROOT / "docs" / "benchmarks.rst").read_text()
ACCURACY = (ROOT / "docs" / "accuracy.rst").read_text()
# The beginning of a row in README and of one in the docs; how many times faster it is
# than whom.
SPEED = [
    (
        "an epoch of a classic tutorial",
        "An epoch of a classic tutorial",
        {
            r"(\d+) times faster than a plain": "torch.nn.GRU",
            r"(\d+) to \d+ than skorch": "skorch",
            r"\d+ to (\d+) than skorch": "neuralforecast",
        },
    ),
    (
        "a pass forward and back, 32 units",
        "A pass forward and back: 32 units",
        {r"([\d.]+) times faster": "torch.nn.GRU"},
    ),
    (
        "the next row's forecast",
        "The next row's forecast",
        {r"(\d+) times faster than darts": "darts"},
    ),
]


def readme_row(start):
    (row,) = re.findall(rf"^\| {re.escape(start)}.*$", README, re.M)
    return [cell.strip() for cell in row.strip("|").split("|")]


def docs_row(start):
    """Return the cells of a list-table's row, each as one line."""
    rows = re.split(r"^   \* - ", BENCHMARKS, flags=re.M)
    (row,) = [row for row in rows if row.startswith(start)]
    cells = re.split(r"^     - ", row.split("\n\n")[0], flags=re.M)
    return [" ".join(cell.split()) for cell in cells]


def span(number):
    """Return between what limits a rounded number lies."""
    decimals = len(number.partition(".")[2])
    return float(number) - 0.5 * 10**-decimals, float(number) + 0.5 * 10**-decimals


@pytest.mark.parametrize(("start", "case", "claims"), SPEED, ids=[s[0] for s in SPEED])
def test_speed(start, case, claims):
    (_, here, beside), (_, seconds, others) = readme_row(start), docs_row(case)
    unit = seconds.split()[1]
    low, high = span(seconds.split()[0])
    claimed = span(here.split()[0])
    assert here.split()[1] == unit
    assert claimed[0] <= high
    assert claimed[1] >= low
    for pattern, name in claims.items():
        fewest, most = span(re.search(pattern, beside)[1])
        theirs = re.search(rf"{re.escape(name)}`?[^\d]*([\d.]+) {unit}", others)[1]
        least, largest = (time for time in span(theirs))
        assert fewest <= largest / low
        assert most >= least / high


@pytest.mark.parametrize(
    ("start", "figures"),
    [
        ("real series, defaults", ["0.62", "0.66", "0.71", "0.96", "1.10"]),
        ("M4 hourly and weekly", ["0.426", "0.720"]),
        ("the same without training", ["0.474", "0.761"]),
        ("ETTh1, 336 hours", ["0.428", "0.425"]),
    ],
)
def test_accuracy(start, figures):
    row = " ".join(readme_row(start)[1:])
    for figure in figures:
        assert re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", ACCURACY)
        assert figure in row or f"{float(figure):.2f}" in row


@pytest.mark.parametrize("page", [ACCURACY, BENCHMARKS], ids=["accuracy", "benchmarks"])
def test_first_paragraph_of_results(page):
    """Its figures are those of the tables."""
    _label, _title, first, *rest = page.split("\n\n")
    figures = re.findall(r"\d+\.\d+", first)
    assert figures
    for figure in figures:
        assert re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", "\n\n".join(rest))


def test_the_zero_shot_guide():
    """Its limits are those of the code, its figures those of the page of results."""
    guide = (ROOT / "docs" / "user_guide" / "zero_shot.rst").read_text()
    text = " ".join(guide.split())
    fewest = comparison.ENOUGH_ROWS * comparison.LARGEST_PART
    assert f"more than {comparison.MOST_VALUES:,} values" in text
    assert f"Shares below {comparison.SMALLEST_SHARE} are left out" in text
    assert f"of fewer than {fewest} rows both have the same share" in text
    assert f"a^{comparison.POWER} /" in text
    assert comparison.TIMES_BETTER == 3 / 2
    assert "less than two thirds of the mixture's" in text
    for figure in ("0.761", "0.772", "0.720", "0.474", "0.420", "0.426"):
        assert figure in guide
        assert figure in ACCURACY


def test_sequences():
    table = ACCURACY[ACCURACY.index("GRUClassifier\n     - last state only") :]
    rows = re.split(r"^   \* - ", table.split("\n\n")[0], flags=re.M)[1:]
    cells = [re.split(r"^     -", row, flags=re.M)[1:5] for row in rows]
    figures = [[each.split() for each in row] for row in cells]  # value, ±, spread
    takes_all, equal = figures, [row for row in figures if row[3]]
    assert (len(takes_all), len(equal)) == (10, 7)
    _, here, beside = readme_row("ten sets of sequences")
    claimed = [here, *re.findall(r"\d\.\d\d", beside)]
    means = [
        *(np.mean([float(row[i][0]) for row in takes_all]) for i in (0, 2, 1)),
        *(np.mean([float(row[i][0]) for row in equal]) for i in (3, 0)),
    ]
    assert claimed == [f"{mean:.2f}" for mean in means]
