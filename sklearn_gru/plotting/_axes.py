"""What displays draw with: axes, styles and times. Data are read in `_inputs.py`."""

import numpy as np

# Every line has a dash or a marker of its own, to be read without colours.
OBSERVED = {"color": "0.25", "lw": 1.2, "label": "observed"}
NAIVE = {"color": "C1", "ls": ":", "lw": 1.5, "label": "naive forecast"}
FORECAST = {"color": "C0", "lw": 1.5, "label": "forecast"}


def pyplot():
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


def new_axes(ax):
    """Return `ax`, or the axes of a new figure if it is None."""
    plt = pyplot()
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 4), layout="constrained")
    return ax


def axes_for(ax, mosaic, figsize, **options):
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
        return plt.subplot_mosaic(mosaic, **options)[1]
    names = list(dict.fromkeys(name for row in mosaic for name in row))
    given = np.ravel(np.asarray(ax, dtype=object))
    if len(given) != len(names):
        raise ValueError(
            f"This display needs {len(names)} axes, for {', '.join(names)}, and ax "
            f"has {len(given)}. Leave ax out for a new figure, or pass a list of "
            f"{len(names)}."
        )
    return dict(zip(names, given, strict=True))


def styled(default, changes):
    """Return a changed style of a line; changes may be abbreviated as in `lw`."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(default, Line2D) | normalize_kwargs(changes or {}, Line2D)


def finish(*axes):
    """Take away the frames of axes but for two sides, and label dates briefly."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        locator = ax.xaxis.get_major_locator()
        if isinstance(locator, AutoDateLocator):
            ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def count_on(axis):
    """Let the ticks of an axis be integers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def captions(ax):
    """Return handles and labels for a legend: lines, then bands, each label once."""
    from matplotlib.collections import PolyCollection

    first = {}
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        first.setdefault(label, handle)
    labels = sorted(first, key=lambda label: isinstance(first[label], PolyCollection))
    return [first[label] for label in labels], labels


def label_time(ax, time):
    """Say what a horizontal axis without dates counts."""
    if not np.issubdtype(np.asarray(time).dtype, np.datetime64):
        ax.set_xlabel("step")
        count_on(ax.xaxis)


def below(label, name):
    """Write the name of a series, with its unit, on a line below a label."""
    return f"{label}\n{name}" if name else label


def draw_bands(ax, x, bands, changes=None):
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
    drawn, n_bands = [], len(bands)
    for k, coverage in enumerate(sorted(bands, reverse=True)):
        style = {
            "color": "C0",
            "lw": 0,
            "alpha": 0.15 + 0.25 * k / n_bands,
            "label": f"{percent(coverage)} interval",
        }
        style.update(changes or {})
        drawn.append(ax.fill_between(x, *np.asarray(bands[coverage]).T, **style))
    return drawn


def percent(share):
    """Write a share in per cent.

    Examples
    --------
    >>> percent(0.9), percent(0.975)
    ('90 %', '97.5 %')
    """
    return f"{100 * share:.4g} %"
