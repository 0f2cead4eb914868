"""The versions that are allowed, pinned and documented agree."""

import csv
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import sklearn_gru

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# The extra `docs` builds pages, and runs no tests.
TESTED = set(EXTRAS) - {"docs"}


def requirements(*extras):
    """List what the package requires with some extras, but for the package itself."""
    groups = [PROJECT["dependencies"], *(EXTRAS[name] for name in extras)]
    found = [Requirement(line) for group in groups for line in group]
    return [each for each in found if each.name != PROJECT["name"]]


def floor(requirement):
    (lowest,) = [part for part in requirement.specifier if part.operator == ">="]
    return Version(lowest.version)


def pins(name):
    lines = (ROOT / name).read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {package: Version(version) for package, version in pairs}


def test_oldest_are_the_lowest_that_are_allowed():
    floors = {(each.name, floor(each)) for each in requirements(*TESTED)}
    assert floors <= set(pins("constraints-oldest.txt").items())


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-oldest.txt"])
def test_pins_are_allowed(name):
    pinned = pins(name)
    for each in requirements(*TESTED):
        assert each.specifier.contains(pinned[each.name]), each


def test_table_of_versions():
    page = (ROOT / "docs" / "install.rst").read_text()
    table = page[page.index(".. csv-table::") :].split("\n\n")[1]
    rows = list(csv.reader(table.splitlines(), skipinitialspace=True))
    documented = {row[0].strip(): (Version(row[2]), Version(row[3])) for row in rows}
    run_by_ci = pins("constraints.txt")
    required = requirements("sktime", "fast", "plot", "onnx", "progress")
    expected = {each.name: (floor(each), run_by_ci[each.name]) for each in required}
    assert documented == expected


def test_the_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {sklearn_gru.__version__}\n" in citation
