"""Small series and texts for examples and tests: nothing is downloaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["load_help_topics", "load_temperature", "make_sine"]

# The chapters of Python's documentation, and those of their topics that `help` knows.
HELP_CHAPTERS = {
    "built-in types": """bltin-code-objects bltin-ellipsis-object bltin-null-object
        bltin-type-objects specialattrs string-methods truth typesfunctions
        typesmapping typesmethods typesmodules typesseq typesseq-mutable""",
    "data model": """attribute-access callable-types context-managers customization
        numeric-types objects sequence-types specialnames types""",
    "debugger": "debugger",
    "expressions": """atom-identifiers atom-literals attribute-references await binary
        bitwise booleans calls comparisons conversions dict exprlists in lambda lists
        operator-summary power shifting slicings subscriptions unary""",
    "statements": """assert assignment async augassign break class compound continue
        del else for function global if import nonlocal pass raise return try while
        with yield""",
}


def load_temperature() -> pd.DataFrame:
    """Make the 8,000 daily temperatures of a well-known GRU tutorial.

    They are white noise, ``25 + 5 * RandomState(42).randn(8000)``: no model can
    forecast them better than by their mean, whose squared error is the noise's
    variance (0.0175 in MinMax units).

    Returns
    -------
    pandas.DataFrame of shape (8000, 1)
        Column "temperature" in °C, with a daily DatetimeIndex from 2000-01-01.

    Examples
    --------
    >>> load_temperature()["temperature"].head(3).round(6).tolist()
    [27.483571, 24.308678, 28.238443]
    """
    noise = np.random.RandomState(42).randn(8000)
    days = pd.date_range("2000-01-01", periods=len(noise), freq="D", name="date")
    return pd.DataFrame({"temperature": 25 + 5 * noise}, index=days)


def make_sine(
    n_rows: int = 1000,
    period: float = 50.0,
    noise: float = 0.0,
    random_state: int | None = None,
) -> NDArray[np.float64]:
    """Make a sine wave.

    Parameters
    ----------
    n_rows : int, default=1000
    period : float, default=50.0
        Rows in a full turn.
    noise : float, default=0.0
        Standard deviation of normal noise added to the wave.
    random_state : int or None, default=None
        Seeds the noise.

    Returns
    -------
    ndarray of shape (n_rows, 1), float64

    Examples
    --------
    >>> make_sine(4, period=4).round(6).ravel()
    array([ 0.,  1.,  0., -1.])
    """
    wave = np.sin(2 * np.pi * np.arange(n_rows) / period)
    noise = noise * np.random.default_rng(random_state).normal(size=n_rows)
    series: NDArray[np.float64] = (wave + noise)[:, None]
    return series


def load_help_topics() -> pd.DataFrame:
    """Load passages of Python's own help texts, with their chapters and topics.

    A passage is a paragraph of prose of a topic that ``help`` knows, such as
    ``help("while")``. Passages of one topic share their words. To classify them
    by anything else, keep the topics of the test set out of the training set
    (:class:`~sklearn.model_selection.StratifiedGroupKFold`). There are about a
    thousand passages; their number depends on the version of Python.

    Returns
    -------
    pandas.DataFrame of shape (n_passages, 3)
        Columns "text", "chapter" (one of "built-in types", "data model", "debugger",
        "expressions" and "statements") and "topic". No text occurs twice.

    Examples
    --------
    >>> passages = load_help_topics()
    >>> passages[passages["topic"] == "pass"].iloc[0].tolist()  # doctest: +ELLIPSIS
    ['"pass" is a null operation — when it is executed, ...', 'statements', 'pass']
    """
    from pydoc_data.topics import topics  # half a megabyte

    chapters = {
        topic: chapter
        for chapter, names in HELP_CHAPTERS.items()
        for topic in names.split()
    }
    # Chapters contain their sections: a passage belongs to the shortest topic it is in.
    topic_of: dict[str, str] = {}
    for topic in sorted(topics, key=lambda name: len(topics[name])):
        for passage in _paragraphs(topics[topic]):
            topic_of.setdefault(passage, topic)
    rows = [
        (passage, chapters[topic], topic)
        for passage, topic in topic_of.items()
        if topic in chapters
    ]
    table = pd.DataFrame(rows, columns=["text", "chapter", "topic"])
    return table.sort_values("topic", kind="stable", ignore_index=True)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs of prose as one line each; no headings, code or tables."""
    for block in re.split(r"\n\s*\n", text):
        paragraph = " ".join(block.split())
        prose = not re.search(r"::=|>>>|\+--", paragraph)
        if prose and len(paragraph) >= 60 and paragraph.endswith((".", ":")):
            yield paragraph
