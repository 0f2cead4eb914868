"""What all tests and doctests share."""

import os
import sys

import pytest

os.environ["MPLBACKEND"] = "Agg"  # no windows


@pytest.fixture(autouse=True)
def _closed_figures():
    """Close the figures of each test: matplotlib warns of many open ones."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
