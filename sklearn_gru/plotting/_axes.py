"""What displays draw with: axes, styles and times. Data are read in `_inputs.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from sklearn_gru._types import ManyAxes, Style

# Every line has a dash or a marker of its own, to be read without colours.
OBSERVED: Style = {"color": "0.25", "lw": 1.2, "label": "observed"}
NAIVE: Style = {"color": "C1", "ls": ":", "lw": 1.5, "label": "naive forecast"}
FORECAST: Style = {"color": "C0", "lw": 1.5, "label": "forecast"}


def pyplot() -> ModuleType:
    """Import matplotlib's pyplot.

    Raises
    ------
    ImportError
        If matplotlib is not installed: it says how to install it.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays need matplotlib, which is not installed: run "
            '`pip install "sklearn-gru[plot]"`.'
        ) from error
    return plt


def new_axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure if it is None."""
    plt = pyplot()
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 4), layout="constrained")
    return ax


def axes_for(
    ax: ManyAxes | None,
    mosaic: list[list[str]],
    figsize: tuple[float, float],
    **options: Any,
) -> dict[str, Axes]:
    """Return one axes for each name of a mosaic, in a new figure if `ax` is None.

    Parameters
    ----------
    ax : array-like of matplotlib.axes.Axes, or None
        As many as the mosaic has names.
    mosaic : list of list of str
        The layout of a new figure.
    figsize : tuple of float
        The size of a new figure, in inches.
    **options
        As in ``pyplot.subplot_mosaic``.

    Returns
    -------
    dict of str to matplotlib.axes.Axes
    """
    plt = pyplot()
    if ax is None:
        options = {"layout": "constrained", "figsize": figsize, **options}
        axes: dict[str, Axes] = plt.subplot_mosaic(mosaic, **options)[1]
        return axes
    names = list(dict.fromkeys(name for row in mosaic for name in row))
    given = np.ravel(np.asarray(ax, dtype=object))
    if len(given) != len(names):
        raise ValueError(
            f"This display needs {len(names)} axes, for {', '.join(names)}, and ax "
            f"has {len(given)}. Leave ax out for a new figure, or pass a list of "
            f"{len(names)}."
        )
    return dict(zip(names, given, strict=True))


def figure_of(ax: Axes) -> Figure:
    """Return the figure of axes; a subfigure draws as one."""
    return cast("Figure", ax.figure)


def styled(default: Style, changes: Style | None) -> Style:
    """Return a changed style of a line; changes may be abbreviated as in `lw`."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(default, Line2D) | normalize_kwargs(changes or {}, Line2D)


def finish(*axes: Axes) -> None:
    """Take away the frames of axes but for two sides, and label dates briefly."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        locator = ax.xaxis.get_major_locator()
        if isinstance(locator, AutoDateLocator):
            ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def count_on(axis: Axis) -> None:
    """Let the ticks of an axis be integers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def captions(ax: Axes) -> tuple[list[Artist], list[str]]:
    """Return handles and labels for a legend: lines, then bands, each label once."""
    from matplotlib.collections import PolyCollection

    first: dict[str, Artist] = {}
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        first.setdefault(label, handle)
    labels = sorted(first, key=lambda label: isinstance(first[label], PolyCollection))
    return [first[label] for label in labels], labels


def label_time(ax: Axes, time: ArrayLike) -> None:
    """Say what a horizontal axis without dates counts."""
    if not np.issubdtype(np.asarray(time).dtype, np.datetime64):
        ax.set_xlabel("step")
        count_on(ax.xaxis)


def below(label: str, name: str) -> str:
    """Write the name of a series, with its unit, on a line below a label."""
    return f"{label}\n{name}" if name else label


def draw_bands(
    ax: Axes,
    x: ArrayLike,
    bands: Mapping[float, ArrayLike],
    changes: Style | None = None,
) -> list[PolyCollection]:
    """Fill bands, the widest first and palest.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x : array-like of shape (n,)
    bands : dict of float to ndarray of shape (n, 2)
        Lower and upper bounds by coverage.
    changes : dict, default=None
        Of the style.

    Returns
    -------
    list of matplotlib.collections.PolyCollection
    """
    drawn: list[PolyCollection] = []
    n_bands = len(bands)
    for k, coverage in enumerate(sorted(bands, reverse=True)):
        style: Style = {
            "color": "C0",
            "lw": 0,
            "alpha": 0.15 + 0.25 * k / n_bands,
            "label": f"{percent(coverage)} interval",
        }
        style.update(changes or {})
        drawn.append(ax.fill_between(x, *np.asarray(bands[coverage]).T, **style))
    return drawn


def percent(share: float) -> str:
    """Write a share in per cent.

    Examples
    --------
    >>> percent(0.9), percent(0.975)
    ('90 %', '97.5 %')
    """
    return f"{100 * share:.4g} %"
